"""What a whole text shows of each unit: what it follows, how long it remembers, which passages move it like the marked one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from app.labs.contract import Message, Plain
from app.labs.recurrent.gates.reading import Piece
from app.labs.recurrent.trained import Model, Read, shipped

SAMPLES = Path(__file__).parent / "samples"
"""NAME.txt by language, each with its source in sources.md."""
OPENING, CLOSING = "([{（「『《〈", ")]}）」』》〉"
QUOTES = {'"': '"', "\u201c": "\u201d", "「": "」", "『": "』"}
ON = 0.3
"""A unit is on where |h| is above: LSTMVis lets its user choose a threshold on a hidden state of -1 to 1."""
SHARE = 0.75
"""A passage of the samples matches where so many of the chosen units are on."""
MOST_MATCHES, AROUND = 12, 24
STRIDE = 500


def features(tokens: Sequence[str]) -> dict[str, np.ndarray]:
    """Each (T,): what a reader of the text keeps track of after each token."""
    found: dict[str, list[float]] = {name: [] for name in FEATURES}
    depth = indent = column = word = 0
    closing = ""
    leading = True
    for token in tokens:
        if token == closing:
            closing = ""
        elif not closing and token in QUOTES:
            closing = QUOTES[token]
        depth = max(0, depth + (token in OPENING and token != "") - (token in CLOSING and token != ""))
        if token == "\n":
            column, indent, leading = 0, 0, True
        else:
            column += 1
            if token == " " and leading:
                indent += 1
            else:
                leading = False
        word = word + 1 if token.isalnum() else 0
        found["quotes"].append(float(bool(closing)))
        found["depth"].append(float(depth))
        found["indent"].append(float(indent))
        found["column"].append(float(column))
        found["word"].append(float(word))
        found["newline"].append(float(token == "\n"))
        found["space"].append(float(token == " "))
        found["capital"].append(float(token.isupper()))
        found["vowel"].append(float(token.lower() in set("aeiou")))
        found["stop"].append(float(token in set(".,;:!?。，；：！？、")))
    return {name: np.array(values) for name, values in found.items()}


FEATURES = ("quotes", "depth", "indent", "column", "word", "newline", "space", "capital", "vowel", "stop")


class Watch:
    """Gathers the pieces of a run."""

    def __init__(self, model: Model, read: Read, mark: tuple[int, int] | None) -> None:
        self.model, self.read, self.mark = model, read, mark
        self.h: list[torch.Tensor] = []
        self.keep: list[torch.Tensor] = []

    def add(self, piece: Piece) -> None:
        """In order."""
        self.h.append(piece.at["h"])
        keeping = KEEPS.get(self.model.recurrent.kind)
        if keeping is not None:
            self.keep.append(piece.at[keeping])

    def whole(self) -> Iterator[Message | tuple[Mapping[str, np.ndarray], dict[str, Plain]]]:
        """Messages while it works, then the last frame's tensors and note.

        ``follows`` (F, L D, H): Pearson's correlation of h with each of the note's features, NaN where either never moves;
        ``path`` (T, 2): h of the last layer along its first two principal components, ``explained`` (2,) their share of the
        variance; ``half_life`` (L D, H), steps: ln .5 over the mean of ln f (of a GRU z).
        """
        h = torch.cat(self.h)  # (T, L D, H)
        known = features(self.read.tokens)
        if self.mark is not None:
            first, end = self.mark
            known["mark"] = np.array([float(first <= t < end) for t in range(len(h))])
        tensors = {"follows": correlations(h, known)}
        directions = self.model.recurrent.directions
        tensors["path"], tensors["explained"] = principal(h[:, -directions:].flatten(1))
        if self.keep:
            tensors["half_life"] = half_life(torch.cat(self.keep))
        note: dict[str, Plain] = {"features": list(known)}
        if self.mark is not None and self.mark[0] < len(h):
            yield Message("recurrent.gates.stage.matching")
            units = chosen(h[:, -directions:].flatten(1).numpy(), *self.mark)
            note["units"] = [u for u, _ in units]
            note["matches"] = []
            if units and self.model.name != "own" and self.model.says == "next":
                for _ in _reading(self.model.name):
                    yield Message("recurrent.gates.stage.matching")
                text, states = _read[self.model.name]
                note["matches"] = list(matches(text, states, units, self.mark[1] - self.mark[0]))
        yield tensors, note


KEEPS = {"lstm": "f", "gru": "z"}
"""The gate that multiplies what was there."""


def correlations(h: torch.Tensor, known: Mapping[str, np.ndarray]) -> np.ndarray:
    """h (T, L D, H) with each feature (T,): (F, L D, H) float32."""
    x = h.double() - h.double().mean(0)
    y = torch.from_numpy(np.stack(list(known.values())))
    y = y - y.mean(1, keepdim=True)
    products = torch.einsum("ft,tlh->flh", y, x)
    sizes = y.norm(dim=1)[:, None, None] * x.norm(dim=0)
    # A unit or a feature that does not move leaves rounding noise to divide by.
    found = torch.where(sizes > 1e-9, products / sizes, torch.nan)
    return found.float().numpy()


def principal(h: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """h (T, n) along its first two principal components (T, 2), and their shares of the variance (2,); 0 where there are fewer."""
    x = h.double() - h.double().mean(0)
    u, s, _ = torch.linalg.svd(x, full_matrices=False)
    path, shares = torch.zeros(len(x), 2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    two = min(2, len(s))
    path[:, :two] = u[:, :two] * s[:two]
    total = float((s**2).sum())
    if total > 0:
        shares[:two] = s[:two] ** 2 / total
    # A component's sign is free: the coordinate that lies furthest out is positive.
    furthest = path.gather(0, path.abs().argmax(0, keepdim=True))
    path = path * torch.where(furthest < 0, -1.0, 1.0)
    return path.float().numpy(), shares.float().numpy()


def half_life(gate: torch.Tensor) -> np.ndarray:
    """Steps until half of what was kept is left, at this text's geometric mean of the gate (T, L D, H): ln .5 / mean(ln f)."""
    mean = gate.double().clamp(1e-12, 1).log().mean(0)
    return (math.log(0.5) / mean.clamp_max(-1e-12)).float().numpy()


def chosen(h: np.ndarray, first: int, end: int) -> list[tuple[int, int]]:
    """(unit, sign) of h (T, n) on throughout the passage and not just before and after it; all that are on where none is so."""
    on = np.where(h > ON, 1, np.where(h < -ON, -1, 0))
    passage = on[first:end]
    through = (passage[0] != 0) & (passage == passage[0]).all(0)
    alone = through.copy()
    for t in (first - 1, end):
        if 0 <= t < len(on):
            alone &= on[t] != passage[0]
    some = alone if alone.any() else through
    return [(int(u), int(passage[0, u])) for u in np.flatnonzero(some)]


def matches(text: str, h: np.ndarray, units: Sequence[tuple[int, int]], length: int) -> Iterator[Plain]:
    """Passages of the samples in which the units are on: those where most are first, then those about as long."""
    signs = np.array([sign for _, sign in units])
    share = (h[:, [u for u, _ in units]] * signs > ON).mean(1)  # (T,)
    on = share >= SHARE
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(int), [0]])))
    spans = [(int(a), int(b), float(share[a:b].mean())) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    for a, b, mean in sorted(spans, key=lambda one: (-one[2], abs(one[1] - one[0] - length), one[0]))[:MOST_MATCHES]:
        yield {
            "before": text[max(0, a - AROUND) : a],
            "text": text[a : min(b, a + 80)],
            "after": text[b : b + AROUND],
            "share": mean,
        }


_read: dict[str, tuple[str, np.ndarray]] = {}
"""The sample text as each model has read it, and h of its last layer (n, H)."""


def _reading(name: str) -> Iterator[int]:
    """Reads the samples with a model, once; tells after every stretch how far it is."""
    if name in _read:
        return
    model = shipped(name)
    text = (SAMPLES / f"{model.told['language']}.txt").read_text("utf-8")
    tokens: list[str] = []
    parts: list[np.ndarray] = []
    state: object = None
    for at in range(0, len(text), STRIDE):
        read = model.read(text[at : at + STRIDE])
        part, state = _outputs(model, read.x, state)
        parts.append(part)
        tokens += read.tokens
        yield at
    _read[name] = "".join(tokens), np.concatenate(parts)


@torch.no_grad()
def _outputs(model: Model, x: torch.Tensor, state: object) -> tuple[np.ndarray, object]:
    """h of the last layer, by torch's module; of a Jordan network by its own steps."""
    if model.module is not None:
        out, state = model.module(x[:, None], state)
        return out[:, 0].numpy(), state
    unrolled = model.recurrent.unroll(x[:, None], initial=state)  # type: ignore[arg-type]
    return unrolled.at["h"][:, 0, 0].numpy(), dict(unrolled.final)
