r"""One network that one rule trains from one seed: what ``optimizer/training`` races, and whose path a loss landscape can draw.

    data = supervised.digits()
    racer = params_of_a_racer                  # one of app.labs.optimizer.racers, as optimizer/race has them
    one = Trainee(racer, lambda: mlp(64, (32,), 10), data, seed=0, batch_size=32, steps=300)
    for t in range(300):
        one.step()
        path.append(one.theta.clone())         # (P,): every weight and bias in torch's order; one.net has them as views

Trainees of one seed begin with the same weights and see the same batches in the same order, whatever their rule.

Rules of our table step ``theta`` as one vector: theirs is elementwise arithmetic, and SWATS, which projects Adam's step on the
gradient, then decides once for the whole network, as in the paper. Rules of the catalogue step layer by layer: some of them are
defined so (LARS, LAMB, Muon).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor, nn

from app.labs.contract import UserError
from app.labs.optimizer.lane import Lane
from app.labs.optimizer.racers import Racer
from app.labs.optimizer.rules.build import is_switched, lookahead, recipe
from app.labs.optimizer.rules.catalogue import make
from app.labs.optimizer.rules.table import RULES
from app.nn.feedforward import attach, flatten
from app.nn.tasks.supervised import DataSet, Part

TRAINING, EARLY, DIVERGED, RAISED = 0, 1, 2, 3
"""``status``: on its way; stopped because its validation loss no longer fell; left the finite numbers; its rule raised an error."""


class Trainee:
    """``theta``, ``gradient`` and ``start`` are (P,) on the device; ``t`` counts its steps; ``loss`` is the last batch's mean."""

    def __init__(
        self,
        racer: Racer,
        make_net: Callable[[], nn.Module],
        data: DataSet,
        seed: int,
        batch_size: int,
        steps: int,
        device: str = "cpu",
        switched: bool | None = None,
    ) -> None:
        """``steps``: how long a schedule is that lasts the whole run; ``switched``: some part of Adam is off at some time.

        Raises UserError for settings that the rule refuses.
        """
        self.racer, self.data, self.seed = racer, data, seed
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            self.net = make_net().to(device)
        self.theta, self.gradient = flatten(self.net)
        self.start = self.theta.clone()
        batch_size = len(data.train) if racer.rule == "gd" else batch_size
        self._batches = batches(data.train, batch_size, seed)
        self._steps = steps
        switched = is_switched(racer.settings()) if switched is None else switched
        optimizer = self._optimizer(racer, switched)
        self.lane = Lane(0, racer, self.theta, optimizer, optimizer.param_groups[0], steps, switched)
        self.t, self.status, self.raised = 0, TRAINING, ""
        self.loss = self.lr = math.nan

    def _optimizer(self, racer: Racer, switched: bool) -> torch.optim.Optimizer:
        settings = racer.settings()
        if racer.rule not in RULES:
            try:
                return make(settings, *self.net.parameters())
            except UserError as error:
                raise UserError(error.message, ("options",)) from error
        if racer.rule == "lookahead":
            return lookahead(settings, self.theta)
        cls, options = recipe(settings, switched)
        whole = {"foreach": False} if cls.__module__.startswith("torch.optim") else {}
        return cls([{"params": [self.theta], **options}], **{"lr": 1e-3, **whole})  # type: ignore[arg-type]

    def set(self, racer: Racer) -> None:
        """Other settings of the same rule from the next step on; weights and memory stay."""
        self.racer = racer
        self.lane.set(racer, self._steps)

    def step(self) -> None:
        """One step on the next batch. One that leaves the finite numbers is undone, see ``status``; later ones do nothing."""
        if self.status != TRAINING:
            return
        x, y = next(self._batches)
        self.gradient.zero_()
        loss = self.data.losses(self.net(x), y).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        self.t, self.loss = self.t + 1, loss.item()
        before = self.theta.clone()
        phase = self.lane.inner.state[self.theta].get("phase", 0.0)
        self.lane.prepare(self.t)
        try:
            with torch.no_grad():
                self.lane.optimizer.step()
        except Exception as error:  # whatever a foreign rule raises ends its own race
            self.status, self.raised = RAISED, str(error)[:200] or type(error).__name__
        if self.lane.guest:
            self._gather()
        self.lr = self.lane.used({"phase": phase})[0]
        if self.status == TRAINING and not (math.isfinite(self.loss) and bool(self.theta.isfinite().all())):
            self.status = DIVERGED
        if self.status != TRAINING:
            self.theta.copy_(before)

    @torch.no_grad()
    def _gather(self) -> None:
        """Some rules of the catalogue put new tensors in place of the parameters or their gradients: make them views again."""
        kept = torch.cat([p.detach().flatten() for p in self.net.parameters()])
        self.theta.copy_(kept)
        attach(self.net, self.theta, self.gradient)

    def lengths(self, vector: Tensor) -> list[float]:
        """The norm of each parameter's share of a vector (P,), in the order of the network's parameters."""
        shares = torch.split(vector, [p.numel() for p in self.net.parameters()])
        return [float(torch.linalg.vector_norm(share.double())) for share in shares]


def batches(part: Part, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """(x, y) without end: every epoch is a new permutation, cut in order; its last batch is what is left."""
    generator = Generator().manual_seed(seed)
    while True:
        for rows in torch.split(torch.randperm(len(part), generator=generator).to(part.x.device), size):
            yield part.x[rows], part.y[rows]
