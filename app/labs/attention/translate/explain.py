"""Every number of ``attention/translate`` opened, with torch's own beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.labs.attention.params.translate import TranslateParams
from app.labs.attention.translate.explain_attention import output, projected, score, weight
from app.labs.attention.translate.explain_said import drawn, logit, loss, on_gold, probability, spared
from app.labs.attention.translate.explain_stream import added, branch, hidden, length, normed
from app.labs.attention.translate.opened import Opened, error, opened, row_of
from app.labs.contract import Explanation, Frame, Scene, Target
from app.labs.hypotheses import hypothesis
from app.nn.tasks.shipped import load

_PLACED: Mapping[str, Callable[[Opened, Target], Explanation]] = {
    "weight": weight,
    "score": score,
    "q": projected,
    "k": projected,
    "v": projected,
    "output": output,
    "branch": branch,
    "hidden": hidden,
    "sum": added,
    "out": normed,
    "norm": length,
}
_SAID: Mapping[str, Callable[[Opened, Target], Explanation]] = {
    "logit": logit,
    "probability": probability,
    "loss": loss,
    "spared": spared,
    "gold": on_gold,
}


def explain(params: TranslateParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens a value; all numbers from 0. ``map``: "encoder", of any layer that was computed, or "self" or "cross" of the
    decoder's ``row`` ("free" or "forced") at the frame's step.

    ``{"kind": "weight" | "score", "map", "layer", "head", "query", "key"}``, the query of the encoder alone; the head after the
    last is their mean. ``{"kind": "q" | "k" | "v" | "output", "map", "layer", "head", "token", "column"}``. Of the sub-layer
    ``sub``: ``{"kind": "branch" | "sum" | "out", "map", "layer", "sub", "token", "column"}``, ``{"kind": "norm", ..., "of"}``;
    ``{"kind": "hidden", "map", "layer", "token", "unit"}``. Where the decoder speaks: ``{"kind": "logit" | "probability" |
    "drawn", "token"}``, ``{"kind": "loss" | "spared"}``, ``{"kind": "gold", "layer", "head"}``, ``{"kind": "hypothesis",
    "index"}``.

    Raises UserError for what does not exist at the frame, and in frame 0, where nothing has been computed.
    """
    kind = target.get("kind")
    if not isinstance(kind, str) or kind not in {*_PLACED, *_SAID, "drawn", "hypothesis"}:
        raise error("kind", got=str(kind))
    if frame.note["phase"] == "embed":
        raise error("embedded")
    if kind == "hypothesis":
        return hypothesis(frame, target, load(params.task).target.words, params.width, params.length_penalty)
    if kind in _PLACED:
        return _PLACED[kind](opened(params.task, scene, frame, target), target)
    row_of(frame, target)
    o = opened(params.task, scene, frame, {**target, "map": "self"})
    return drawn(params, o, target) if kind == "drawn" else _SAID[kind](o, target)
