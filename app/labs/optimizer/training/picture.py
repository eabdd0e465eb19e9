"""What a network of two numbers or one says all over the plane or along the line: its decision boundary, or the line it fits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from app.labs.optimizer.params.task import PICTURES
from app.labs.optimizer.params.training import TrainingParams
from app.labs.optimizer.training.data import data_of
from app.labs.optimizer.training.trainee import Trainee
from app.nn.tasks.supervised import DataSet

GRID = 64
"""Pixels of a side."""
MARGIN = 0.15
"""Of the points' own width, on either side."""


def ground(params: TrainingParams) -> dict[str, np.ndarray]:
    """``points`` (N, 1 or 2) and ``y`` (N,), what is trained on; ``axis/x`` and, of a plane, ``axis/y`` (GRID,). {} of pictures."""
    if params.data in PICTURES:
        return {}
    train = data_of(params).train
    axes = {f"axis/{'xy'[d]}": _axis(train.x[:, d]).numpy() for d in range(train.x.shape[1])}
    return {"points": train.x.numpy(), "y": train.y.to(torch.float32).numpy(), **axes}


def _axis(x: torch.Tensor) -> torch.Tensor:
    low, high = float(x.min()), float(x.max())
    margin = MARGIN * (high - low)
    return torch.linspace(low - margin, high + margin, GRID)


class Picture:
    """Of the first seed's networks: ``picture`` (R, GRID, GRID) uint8, rows along y, 255 times the probability of class 1; or
    (R, GRID) float32, the numbers along the line. ``theta`` (R, P) their weights."""

    def __init__(self, params: TrainingParams, data: DataSet) -> None:
        self.line = params.data == "line"
        self.points: torch.Tensor | None = None
        if params.data not in PICTURES:
            axes = [_axis(data.train.x[:, d]) for d in range(data.train.x.shape[1])]
            self.points = torch.stack([each.flatten() for each in torch.meshgrid(*axes, indexing="xy")], 1).to(data.train.x.device)

    @torch.no_grad()
    def of(self, trainees: Sequence[Trainee]) -> dict[str, np.ndarray]:
        """{} of pictures."""
        if self.points is None:
            return {}
        outs = torch.stack([one.net(self.points) for one in trainees])  # (R, pixels, outputs)
        theta = torch.stack([one.theta for one in trainees]).cpu().numpy()
        if self.line:
            return {"picture": outs[:, :, 0].cpu().numpy(), "theta": theta}
        p = (255 * outs.softmax(2)[:, :, 1]).round().to(torch.uint8)
        return {"picture": p.view(len(outs), GRID, GRID).cpu().numpy(), "theta": theta}
