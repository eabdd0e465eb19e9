"""From the field to frames: what is read off after a step, and what follows from it, for all racers at once."""

from __future__ import annotations

import numpy as np

from app.labs.contract import Frame, Message, Plain
from app.labs.optimizer.field import STOPPED, Field


class Record:
    """Keeps the frame of the last step until its loss is known. ``position`` (R, 2) is the last one recorded.

    When it begins the racers have made ``before`` steps and seen so many samples (R,).
    """

    def __init__(self, field: Field, raw: bool, before: int, samples: np.ndarray) -> None:
        self.field, self.raw, self.before = field, raw, before
        n = len(field.lanes)
        self.dtype = field.where.dtype
        self.position = field.where.copy()
        self.samples = samples
        self.memory = [lane.memory() for lane in field.lanes]
        self._a, self._b, self._c = (np.empty((n, 1), self.dtype) for _ in range(3))
        self._v = np.zeros((n, 2), self.dtype)
        self._step, self._note = 0, {}  # type: tuple[int, dict[str, Plain]]
        nothing = np.full((n, 2), np.nan, self.dtype)
        used = np.array([lane.used(memory) for lane, memory in zip(field.lanes, self.memory, strict=True)], self.dtype)
        self._tensors: dict[str, np.ndarray] = {
            "position": self.position,
            "gradient": nothing,
            "update": np.zeros((n, 2), self.dtype),
            "lr": used[:, 0].copy(),
            "momentum": used[:, 1].copy(),
            "angle": nothing[:, 0].copy(),
            "samples": self.samples,
            "effective_lr": nothing,
            "status": field.status.copy(),
        }
        if raw:
            self._tensors["raw_gradient"] = nothing
        self._remember()

    def frame(self, loss: np.ndarray) -> Frame:
        """The frame of the last step, with the loss (R,) at its position."""
        tensors = {"position": self._tensors.pop("position"), "loss": loss.copy(), **self._tensors}
        return Frame(self._step, tensors, self._note)

    def take(self, t: int, raw_gradient: np.ndarray, samples: np.ndarray) -> None:
        """Read off step t, which has just been made."""
        field = self.field
        before, self.memory = self.memory, [lane.memory() for lane in field.lanes]
        position = field.where.copy()
        gradient = field.gradients.cpu().numpy().copy()
        update = position - self.position
        racing = field.status == 0
        self.samples = self.samples + samples * racing
        used = np.array([lane.used(b) for lane, b in zip(field.lanes, before, strict=True)], self.dtype)
        self._note = self._leavers(t)
        self._step, self.position = t, position
        self._tensors = {
            "position": position,
            "gradient": gradient,
            "update": update,
            "lr": used[:, 0].copy(),
            "momentum": used[:, 1].copy(),
            "angle": angle(update, -gradient).astype(self.dtype),
            "samples": self.samples,
            "effective_lr": self._effective(self.before + t, used[:, 0], before, update, gradient),
            "status": field.status.copy(),
        }
        if self.raw:
            self._tensors["raw_gradient"] = raw_gradient.copy()
        self._remember()

    def _remember(self) -> None:
        for lane, memory in zip(self.field.lanes, self.memory, strict=True):
            for name, key in lane.keys:
                self._tensors[key] = memory[name]

    def _effective(
        self, t: int, lr: np.ndarray, before: list[dict[str, np.ndarray]], update: np.ndarray, gradient: np.ndarray
    ) -> np.ndarray:
        """rate = a / (b sqrt(v) + c) for all racers, see ``rules.rates``; a rule nobody knows: -update / gradient."""
        banded, unknown = [], []
        with np.errstate(all="ignore"):
            for lane, now, past in zip(self.field.lanes, self.memory, before, strict=True):
                r = lane.index
                if lane.rate is None:
                    unknown.append(r)
                    continue
                v, self._a[r], self._b[r], self._c[r] = lane.rate(t, lane.group, float(lr[r]), now, past)
                if v is not None:
                    self._v[r] = v
                if "lower_bound" in now:
                    banded.append((r, now["lower_bound"], now["upper_bound"]))
            rate: np.ndarray = self._a / (self._b * np.sqrt(self._v) + self._c)
            for r, low, high in banded:
                rate[r] = np.clip(rate[r], low, high)
            for r in unknown:
                rate[r] = -update[r] / gradient[r]
        return rate

    def _leavers(self, t: int) -> dict[str, Plain]:
        """Who left the race at this step, and why."""
        old = self._tensors.get("status")
        if old is None or np.array_equal(old, self.field.status):
            return {}
        gone: list[Plain] = []
        for r in np.flatnonzero(old != self.field.status):
            lane = self.field.lanes[r]
            values: dict[str, Plain] = {"rule": lane.racer.rule, "step": t}
            if lane.raised:
                why, values["why"] = "raised", lane.raised
            else:
                why = _why(self.memory[r]) if self.field.status[r] == STOPPED else "diverged"
            gone.append({"racer": int(r), "message": Message(f"race.{why}", values).as_json()})
        return {"stopped": gone}


def _why(memory: dict[str, np.ndarray]) -> str:
    """What made a NaN: the root of a negative number, or nought by nought."""
    v = next((memory[name] for name in ("square_avg", "sum", "max_exp_avg_sq", "exp_avg_sq") if name in memory), None)
    if v is not None and (v < 0).any():
        return "negative_root"
    return "zero_by_zero" if v is not None and (v == 0).any() else "nan"


def angle(u: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Degrees between the rows of u and w (R, 2); NaN where either is zero. Worked out in float64."""
    u, w = u.astype(np.float64), w.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # a gradient may be infinite: then there is no angle
        along = u[:, 0] * w[:, 0] + u[:, 1] * w[:, 1]
        across = np.abs(u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0])
    degrees: np.ndarray = np.degrees(np.arctan2(across, along))
    degrees[(along == 0) & (across == 0)] = np.nan
    return degrees
