"""Sequence to sequence, a step a frame: ``recurrent/translate``.

Frame 0 is the state before the first character. Frames 1 to S: the encoder has read so many characters. Then a frame a
character that the decoder says: running free, where it is given what it said, teacher forced, where it is given what is right,
or both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from torch import Tensor

from app.labs.contract import Frame, Plain, Progress, Scene, Target
from app.labs.hypotheses import tree_depth, tree_note
from app.labs.recurrent.arithmetic import NAMES
from app.labs.recurrent.params.translate import TranslateParams
from app.labs.recurrent.translate.base import family
from app.labs.recurrent.translate.explain import explain
from app.labs.recurrent.translate.script import script
from app.labs.recurrent.translate.speaking import Heard, Made, Model, listen, search, shipped, speak
from app.nn.decoding import Beam
from app.nn.tasks.pairs import BOS, EOS, Ids

__all__ = ["explain", "run", "scene", "script", "targets"]

STATES = {"lstm": ("h", "c"), "gru": ("h",)}


def scene(params: TranslateParams, device: str = "cpu") -> Scene:
    """The text as it is read, what should be said, the network's card, torch's recurrent modules."""
    model = shipped(params.model)
    shape = model.net.shape
    note: dict[str, Plain] = {
        "model": params.model,
        "told": dict(model.told),
        "kind": shape.kind,
        "attention": shape.attention,
        "names": list(NAMES[shape.kind]),
        "hidden": shape.hidden,
        "torch": type(model.net.encoder).__name__,
        "tokens": list(params.source),
        "vocabulary": list(model.target),
        "wanted": None if (right := _right(params, model)) is None else list(right),
        "rows": list(_rows(params)),
        "shapes": {
            "encoder": "many_to_one",
            "decoder": "one_to_many" if shape.attention == "none" else "many_to_many",
            "together": "many_to_many",
        },
        "family": family(),
    }
    return Scene({}, note)


def run(params: TranslateParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """Frames 0 to S + T. While it reads: ``encoder/NAME`` (H,), every gate and state by the equations' names.

    While it speaks, of each row, ``free`` and ``forced``: the same, ``p`` (V,) of what it says, ``loss`` (1,) nats of what is
    right; with attention ``e`` and ``a`` (S,), ``context`` (H,). NaN once a row has ended. ``apart`` (1,): the largest |difference|
    of the two rows' h. ``parity`` (1,): the largest |difference| of h to torch's modules so far.

    On demand ``memory`` (S, H), every h of the encoder, and of each row ``x`` and ``before/NAME``, the states that a step began
    with. The note says what each row was given and said, where free running first left what is right, and what of the beam's
    tree grew.
    """
    model = shipped(params.model, device)
    heard = listen(model, model.sources(params.source))
    yield _start(model)
    for j, made in enumerate(heard.steps, 1):
        yield _read(j, made)
    tree = None
    if params.decoding == "beam" and params.feeding != "forced":
        tree = search(model, heard, params.most, params.width, params.length_penalty)
    right = _right(params, model)
    rows = _spoken(params, model, heard, tree, right)
    read = len(heard.steps)
    worst, memory = heard.steps[-1].parity, _host(heard.memory[0])
    for t in range(1, max([*map(len, rows.values()), tree_depth(tree)]) + 1):
        here = {row: made[t - 1] if t <= len(made) else None for row, made in rows.items()}
        worst = max([worst, *(made.parity for made in here.values() if made)])
        tensors, hidden = _said(here, rows, right[t - 1] if right and t <= len(right) else None)
        tensors["parity"] = np.array([worst], np.float32)
        hidden["memory"] = memory
        yield Frame(read + t, {**tensors, **hidden}, _note(t, here, rows, right, tree), hidden)


def _rows(params: TranslateParams) -> tuple[str, ...]:
    """Which decoders speak: none is forced where nobody knows what is right."""
    rows = ("free", "forced") if params.feeding == "both" else (params.feeding,)
    return rows if params.wanted is not None else ("free",)


def _right(params: TranslateParams, model: Model) -> Ids | None:
    """What should be said, its end included."""
    return None if params.wanted is None else [*model.targets(params.wanted), EOS]


def _spoken(params: TranslateParams, model: Model, heard: Heard, tree: Beam | None, right: Ids | None) -> dict[str, list[Made]]:
    """Each row's steps. Where a beam searched, the free run says its best text."""
    found: dict[str, list[Made]] = {}
    for row in _rows(params):
        if row == "forced":
            assert right is not None
            found[row] = list(speak(model, heard, len(right), given=[BOS, *right[:-1]]))
        else:
            found[row] = list(speak(model, heard, params.most, says=tree.text(tree.best[0]) if tree else None))
    return found


def _start(model: Model) -> Frame:
    """Frame 0: states of 0; the gates are still to come."""
    states = STATES[model.kind]
    size = model.net.shape.hidden
    tensors = {f"encoder/{name}": np.full(size, 0 if name in states else np.nan, np.float32) for name in NAMES[model.kind]}
    return Frame(0, {**tensors, "parity": np.full(1, np.nan, np.float32)}, {"phase": "start"})


def _read(j: int, made: Made) -> Frame:
    """The encoder's step j."""
    tensors = {f"encoder/{name}": _host(value) for name, value in made.at.items()}
    hidden = _hidden("encoder", made)
    parity = np.array([made.parity], np.float32)
    return Frame(j, {**tensors, "parity": parity, **hidden}, {"phase": "read", "at": j, "given": made.given}, hidden)


def _hidden(row: str, made: Made) -> dict[str, np.ndarray]:
    """What is fetched on demand."""
    return {f"{row}/x": _host(made.x)} | {f"{row}/before/{name}": _host(value) for name, value in made.before.items()}


def _said(
    here: Mapping[str, Made | None], rows: Mapping[str, Sequence[Made]], right: int | None
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The rows' tensors at one step, streamed and on demand: NaN of a row that has ended."""
    tensors: dict[str, np.ndarray] = {}
    hidden: dict[str, np.ndarray] = {}
    for row, made in here.items():
        some = made or rows[row][-1]  # for the shapes
        values = {name: _host(value) for name, value in some.at.items()}
        assert some.p is not None
        values["p"] = _host(some.p)
        values["loss"] = np.array([math.nan if right is None else -math.log(max(float(some.p[right]), 1e-38))], np.float32)
        if some.look is not None and some.look.a is not None and some.look.e is not None and some.look.context is not None:
            values |= {"e": _host(some.look.e[0, 0]), "a": _host(some.look.a[0, 0]), "context": _host(some.look.context[0, 0])}
        values = {f"{row}/{name}": value for name, value in values.items()}
        more = _hidden(row, some)
        if made is None:
            values, more = ({name: np.full_like(value, np.nan) for name, value in one.items()} for one in (values, more))
        tensors |= values
        hidden |= more
    if len(here) == 2:
        tensors["apart"] = np.abs(tensors["free/h"] - tensors["forced/h"]).max(keepdims=True)
    return tensors, hidden


def _note(
    t: int, here: Mapping[str, Made | None], rows: Mapping[str, Sequence[Made]], right: Ids | None, tree: Beam | None
) -> dict[str, Plain]:
    """What was given and said at step t, in numbers of the vocabulary.

    ``diverged``: the first step until now whose free character is not the right one; ``tree``: the nodes of this depth; ``best``:
    what the search ended with.
    """
    note: dict[str, Plain] = {"phase": "say", "at": t}
    note |= {row: None if made is None else {"given": made.given, "said": made.said} for row, made in here.items()}
    if right is not None and "free" in rows:
        said = [made.said for made in rows["free"][:t]]
        wrong = [k for k, (one, other) in enumerate(zip(said, right, strict=False), 1) if one != other]
        note["diverged"] = wrong[0] if wrong else None
    note |= tree_note(tree, t)
    return note


def targets(params: TranslateParams) -> Sequence[Target]:
    """Every gate and state, of the encoder while it reads and of the decoder while it speaks.

    What the decoder alone has (a score, a weight, a context, a logit, a probability, a hypothesis) opens from where it speaks.
    """
    return [{"kind": "value", "name": name, "unit": 0} for name in NAMES[shipped(params.model).kind]]


def _host(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().cpu().float().numpy())
