"""Every number of ``attention/encoder`` opened, with torch's own beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.labs.attention.encoder.explain_drawn import cell, rolled, rollout
from app.labs.attention.encoder.explain_head import change, embedding, score
from app.labs.attention.encoder.explain_weight import logit, projected, weight
from app.labs.attention.encoder.opened import Opened, error
from app.labs.attention.encoder.reading import sentence
from app.labs.attention.params.encoder import EncoderParams
from app.labs.contract import Explanation, Frame, Scene, Target

_KINDS: Mapping[str, Callable[[Opened, Target], Explanation]] = {
    "weight": weight,
    "logit": logit,
    "cell": cell,
    "q": projected,
    "k": projected,
    "v": projected,
    "score": score,
    "rollout": rollout,
    "rolled": rolled,
    "change": change,
    "embedding": embedding,
}


def explain(params: EncoderParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens a value of the frame's layer. ``{"kind": "weight" | "logit", "head", "query", "key"}``: between two tokens.
    ``{"kind": "cell", "head", "row", "column"}``: of a map as drawn. ``{"kind": "q" | "k" | "v", "head", "token", "column"}``.
    ``{"kind": "score", "head", "pattern"}``. ``{"kind": "rollout", "row", "column"}``: as drawn; "rolled": between two tokens.
    Where heads are off ``{"kind": "change", "head"}`` and, in the last layer, ``{"kind": "embedding"}``. All from 0.

    Raises UserError for what does not exist, and in frame 0, which has no layer yet.
    """
    kind = target.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise error("kind", got=str(kind), known=", ".join(_KINDS))
    if "weights" not in frame.tensors:
        raise error("embeddings")
    return _KINDS[kind](Opened(sentence(params), scene, previous, frame), target)
