"""What was measured, in sentences that follow from the numbers, whichever way they came out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.labs.contract import Message

SEEDS_TO_TELL = 3
"""With fewer seeds nobody can tell a rule from chance."""


def said(
    rules: Sequence[str],
    names: Sequence[str],
    epochs: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    accuracy: bool,
    seeds: int,
) -> list[Message]:
    """``epochs`` (T,) at which was measured; ``train`` (T, R): median training loss; ``test`` (R, 3): quartiles and median of the
    last measurement, the share of right answers where ``accuracy``, else the loss."""
    told = [_tested(names, float(epochs[-1]), test, accuracy, seeds)]
    if len(names) < 2:
        return told
    level, first = _reached(epochs, train)
    order = np.argsort(first, kind="stable")
    listed = " · ".join(f"{names[r]} {first[r]:g}" for r in order)
    told = [Message("optimizer.training.said.speed", {"level": f"{level:.3g}", "list": listed}), *told]
    a, b = _ranked(test, accuracy)[:2]
    together = seeds < SEEDS_TO_TELL or _overlap(test[a], test[b])
    kind = "few" if seeds < SEEDS_TO_TELL else "overlap" if together else "apart"
    told.append(Message(f"optimizer.training.said.{kind}", {"first": names[a], "second": names[b], "seeds": seeds}))
    if "adam" in rules and "sgdm" in rules:
        told.append(_claim(rules.index("adam"), rules.index("sgdm"), first, test, accuracy, seeds))
    return told


def _reached(epochs: np.ndarray, train: np.ndarray) -> tuple[float, np.ndarray]:
    """The lowest training loss that every racer's median came to, and the epoch at which each first did (R,)."""
    level = float(np.nanmin(train, axis=0).max())
    return level, epochs[(train <= level).argmax(axis=0)]


def _tested(names: Sequence[str], epoch: float, test: np.ndarray, accuracy: bool, seeds: int) -> Message:
    def one(r: int) -> str:
        low, median, high = (f"{100 * value:.1f}" if accuracy else f"{value:.4g}" for value in test[r])
        return f"{names[r]} {median}" + (f" [{low}, {high}]" if seeds > 1 else "") + (" %" if accuracy else "")

    listed = " · ".join(one(r) for r in _ranked(test, accuracy))
    kind = "accuracy" if accuracy else "loss"
    return Message(f"optimizer.training.said.{kind}", {"epochs": f"{epoch:g}", "seeds": seeds, "list": listed})


def _ranked(test: np.ndarray, accuracy: bool) -> list[int]:
    """The racers from the best median on."""
    medians = test[:, 1]
    return [int(r) for r in np.argsort(-medians if accuracy else medians, kind="stable")]


def _overlap(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two bands have a value in common."""
    return bool(a[0] <= b[2] and b[0] <= a[2])


def _claim(adam: int, sgdm: int, first: np.ndarray, test: np.ndarray, accuracy: bool, seeds: int) -> Message:
    """The notes: Adam trains faster, SGDM generalises better."""
    faster = "tie" if first[adam] == first[sgdm] else "yes" if first[adam] < first[sgdm] else "no"
    better = test[sgdm, 1] > test[adam, 1] if accuracy else test[sgdm, 1] < test[adam, 1]
    apart = seeds >= SEEDS_TO_TELL and not _overlap(test[adam], test[sgdm])
    general = "open" if not apart else "yes" if better else "no"
    values = {"faster": Message(f"optimizer.training.faster.{faster}"), "general": Message(f"optimizer.training.general.{general}")}
    return Message("optimizer.training.said.claim", values)
