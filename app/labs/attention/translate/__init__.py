"""The paper's encoder-decoder, a step a frame: ``attention/translate``.

Frame 0 is the embedded source. Frames 1 to L: the encoder's layers. Then a frame a token that the decoder says: running free, with
the cache, where it is given what it said; teacher forced, all in one masked pass, where it is given what is right; or both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from app.labs.attention.params.translate import TranslateParams
from app.labs.attention.translate.explain import explain
from app.labs.attention.translate.frames import NORMS, Decoded, Encoded, tree_depth
from app.labs.attention.translate.script import script
from app.labs.attention.translate.speaking import Parity, Row, apart, check, search, shipped, speak
from app.labs.contract import Frame, Message, Plain, Progress, Scene, Target
from app.nn import weights
from app.nn.decoding import Beam
from app.nn.tasks.pairs import BOS, EOS, Ids
from app.nn.tasks.translate import Translator

__all__ = ["explain", "run", "scene", "script", "targets"]


def scene(params: TranslateParams, device: str = "cpu") -> Scene:
    """The source as it is read, what should be said and where it comes from, the translator's card and words."""
    translator, _ = shipped(params.task, device)
    shape, card = translator.net.shape, weights.card(params.task)
    right, gold = right_of(params, translator), gold_of(params)
    best = card["best_cross"]
    note: dict[str, Plain] = {
        "task": params.task,
        "tokens": [*params.source, "<eos>"],
        "vocabulary": list(translator.target.words),
        "known": list(params.world.source_words),
        "wanted": None if right is None else list(right),
        "written": None if params.wanted is None else params.world.write(params.wanted),
        "gold": None if gold is None else [[*sorted(places)] for places in gold],
        "rows": list(rows_of(params)),
        "layers": shape.layers,
        "heads": shape.heads,
        "d_model": shape.d_model,
        "d_k": shape.d_model // shape.heads,
        "d_ff": shape.d_ff,
        "norms": list(NORMS),
        "told": {key: card[key] for key in ("parameters", "exact", "held_out", "minutes")}
        | {"layer": best["layer"], "head": shape.heads if best["head"] == "mean" else best["head"], "on_gold": best["on_gold"]},
    }
    return Scene({}, note)


def run(params: TranslateParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """Frames 0 to L + T. S: source tokens with the end, T: a row's tokens, L, H: layers and heads, V: target words.

    Streamed of the encoder's layer: ``encoder/map`` (H, S, S), ``encoder/active`` (S, d_ff) after the activation,
    ``encoder/norms`` (S, 2, 4): lengths of x, of what the sub-layer gives, of their sum and of what goes on. Of each row of the
    decoder, ``free`` and ``forced``: ``self`` (L, H, T), NaN where no key is yet and 0 where the mask hides one, ``cross``
    (L, H, S), ``active`` (L, d_ff), ``norms`` (L, 3, 4), ``p`` (V,), ``loss`` (1,) nats of what is right, ``gold`` (L, H + 1):
    the share of the words until now whose largest weight is on a word they come from, the heads' mean map last; NaN once a row
    has ended. With temperature ``drawn`` (V,). ``apart`` (1,): the largest |difference| of the rows' last states. ``parity``
    (4,): see ``speaking.Parity``, what rounding explains last.

    On demand: every q, k, v, score, weight, output, x and branch of both stacks (``frames``). The note says what each row was given
    and said, what the cache kept and spared, where free running first left what is right, and what of the beam's tree grew.
    """
    translator, theirs = shipped(params.task, device)
    net, parity = translator.net, Parity()
    source = torch.tensor([[*translator.source.ids(params.source), EOS]], device=device)
    with torch.no_grad():
        encoded = Encoded(net, net.source(source))
        yield encoded.start()
        for layer in net.encoder.walk(encoded.embedded):
            parity.attends_to(layer)
            yield encoded.read(layer, parity)
    memory = encoded.states.out
    parity.stacks = apart(theirs.memory(net, source), memory)
    right, tree = right_of(params, translator), None
    stage = Message("attention.translate.stage.speaks")
    if params.decoding == "beam" and "free" in rows_of(params):
        for tree in search(net, memory, params.most, params.width, params.length_penalty):
            yield Progress(tree_depth(tree), params.most, stage)
    rows: dict[str, Row] = {name: Row() for name in rows_of(params)}
    for name, row in rows.items():
        for _ in speak(net, memory, row, params.most, **_how(params, name, right, tree)):  # type: ignore[arg-type]
            yield Progress(len(row.given), params.most, stage)
        check(net, theirs, memory, row, parity)
    decoded = Decoded(params, translator, encoded, rows, right, gold_of(params), tree)
    for t in range(1, decoded.last + 1):
        yield decoded.frame(t, parity)


def _how(params: TranslateParams, row: str, right: Ids | None, tree: Beam | None) -> dict[str, object]:
    """How a row speaks."""
    if row == "forced":
        assert right is not None
        return {"given": [BOS, *right[:-1]]}
    if tree is not None:
        return {"says": tree.text(tree.best[0])}
    if params.decoding == "sample":
        return {"temperature": params.temperature, "generator": torch.Generator().manual_seed(params.seed)}
    return {}


def rows_of(params: TranslateParams) -> tuple[str, ...]:
    """Which decoders speak: none is forced where nobody knows what is right."""
    rows = ("free", "forced") if params.feeding == "both" else (params.feeding,)
    return rows if params.wanted is not None else ("free",)


def right_of(params: TranslateParams, translator: Translator) -> Ids | None:
    """What should be said, its end included."""
    return None if params.wanted is None else [*translator.target.ids(params.wanted), EOS]


def gold_of(params: TranslateParams) -> Sequence[frozenset[int]] | None:
    """Of each word of what should be said the source words it comes from; None where that is not what our grammar says."""
    pair = params.pair
    return pair.gold if pair is not None and params.wanted == pair.target else None


def targets(params: TranslateParams) -> Sequence[Target]:
    """Of both stacks, in whatever frame: a weight, a score, numbers of q, k and v, of the heads' output and of each sub-layer.

    What the decoder alone has (masked and cross maps, logits, probabilities, hypotheses) opens from where it speaks.
    """
    found: list[Target] = [
        {"kind": kind, "map": "encoder", "layer": 0, "head": 1, "query": 0, "key": 1} for kind in ("weight", "score")
    ]
    found.append({"kind": "weight", "map": "encoder", "layer": 0, "head": 4, "query": 0, "key": 1})
    found += [
        {"kind": kind, "map": "encoder", "layer": 0, "head": 1, "token": 1, "column": 2} for kind in ("q", "k", "v", "output")
    ]
    found += [
        {"kind": kind, "map": "encoder", "layer": 0, "sub": sub, "token": 0, "column": 3}
        for kind in ("branch", "sum", "out")
        for sub in (0, 1)
    ]
    found += [{"kind": "norm", "map": "encoder", "layer": 0, "sub": 1, "token": 0, "of": of} for of in NORMS]
    found += [{"kind": "hidden", "map": "encoder", "layer": 0, "token": 0, "unit": 5}]
    return found
