"""The optimizers on a real network, the same seeds for all: ``optimizer/training``. A frame is a measurement.

Every rule trains the network once a seed; what is told of it is the median over the seeds and the band between the quartiles.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import TypeVar

import numpy as np

from app.labs.contract import Frame, Message, Plain, Progress, Scene
from app.labs.optimizer.params.training import TrainingParams
from app.labs.optimizer.race import labels
from app.labs.optimizer.rules.table import RULES
from app.labs.optimizer.training.data import CIFAR_HELD, CLASSES, loading, network
from app.labs.optimizer.training.explain import PARTS, explain, targets
from app.labs.optimizer.training.measure import Tally, band, stack, tallying
from app.labs.optimizer.training.picture import Picture, ground
from app.labs.optimizer.training.said import said
from app.labs.optimizer.training.script import script
from app.labs.optimizer.training.trainee import EARLY, RAISED, TRAINING, Trainee
from app.labs.optimizer.training.tuning import Tuned, trainee, tuning
from app.labs.pace import Pace
from app.nn.tasks.supervised import DIGITS, HELD_OUT, DataSet
from app.training.kit import cifar10

__all__ = ["explain", "run", "scene", "script", "targets"]

T = TypeVar("T")


def scene(params: TrainingParams, device: str = "cpu") -> Scene:
    """What is learnt and by whom. Tensors, of points in the plane or on a line: ``points`` (N, 2) or (N, 1), ``y`` (N,), those that
    are trained on; ``axis/x`` and ``axis/y`` (G,) of the picture. Raises UserError where CIFAR-10 is not there.
    """
    if params.data == "cifar10":
        cifar10.archive(None)
    net = network(params)
    held = {"digits": DIGITS[1:], "cifar10": (CIFAR_HELD, 2 * CIFAR_HELD)}.get(params.data, (HELD_OUT, HELD_OUT))
    names = labels(params)
    note: dict[str, Plain] = {
        "racers": [_racer(params, r, name) for r, name in enumerate(names)],
        "classes": list(CLASSES.get(params.data, ("0", "1"))),
        "examples": [params.count, *held],
        "layers": [name for name, _ in net.named_parameters()],
        "parameters": sum(p.numel() for p in net.parameters()),
        "epoch": params.epoch,
        "steps": params.steps,
        "seeds": [params.seed + s for s in range(params.seeds)],
    }
    return Scene(ground(params), note)


def _racer(params: TrainingParams, r: int, label: str) -> dict[str, Plain]:
    racer = params.racers[r]
    rule = RULES.get(racer.rule)
    return {
        "label": label,
        "rule": racer.rule,
        "form": racer.form,
        "formula": rule.formula[racer.form] if rule else "",
        "citation": rule.citation if rule else "",
        "color": r,
    }


def run(params: TrainingParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """Frames 0 .. length(). R racers, S seeds, L tensors of the network, C classes; a band (R, 3) is quartile, median, quartile.

    Bands: ``train_loss``, ``validation_loss``, ``test_loss`` and the same of ``accuracy`` (NaN where a number is asked for);
    ``gradient``, the norm of the last step's; ``distance``, how far from the start; ``lr``, the last step's rate. The values
    themselves are ``seeds/NAME`` (R, S). ``status`` (R, S), see ``trainee``; ``picture``, see ``picture``; ``tuning/rate`` and
    ``tuning/loss`` (R, trials). On demand ``losses/PART`` and ``right/PART`` (R, S, C) summed by class, ``count/PART`` (C,),
    ``layers/gradient`` and ``layers/distance`` (R, S, L), and of points ``theta`` (R, P), the first seed's weights.

    The note has the ``step``, the ``epoch``, ``chosen`` rates, who ``left`` at this measurement, and what was measured in words.
    """
    data = yield from loading(params, device)
    tuned = yield from _told(tuning(params, data, device), _work(params, params.tuning), "tuning")
    rows = [
        [trainee(params, r, tuned.chosen[r], data, params.seed + s, device) for s in range(params.seeds)]
        for r in range(len(params.racers))
    ]
    race = Race(params, data, rows, tuned)
    yield from race.measured(0)
    segments = list(params.segments())[1:]
    for k in range(1, params.length() + 1):
        if segments and segments[0][0] == k:
            race.patience = _branch(params, segments.pop(0)[1], rows, tuned).patience
        until = min(k * (params.every or params.epoch), params.steps)
        yield from race.steps(until)
        yield from race.measured(k)


def _work(params: TrainingParams, runs: int) -> int:
    """Steps of so many trainings by every racer."""
    return len(params.racers) * runs * params.steps


def _told(steps: Generator[int, None, T], total: int, stage: str) -> Generator[Progress, None, T]:
    """Progress now and then."""
    pace = Pace()
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        if pace.due():
            yield Progress(done, total, Message(f"optimizer.task.stage.{stage}"))


def _branch(params: TrainingParams, now: TrainingParams, rows: list[list[Trainee]], tuned: Tuned) -> TrainingParams:
    """Hands out the settings of a new segment, returned. A rate that was tuned stays, unless the change sets another."""
    for racer, first, row, chosen in zip(now.racers, params.racers, rows, tuned.chosen, strict=True):
        kept = racer.model_copy(update={"lr": chosen}) if racer.lr == first.lr else racer
        for one in row:
            one.set(kept)
    return now


class Race:
    """The trainees together, (R, S): their steps, and what is measured of them."""

    def __init__(self, params: TrainingParams, data: DataSet, rows: list[list[Trainee]], tuned: Tuned) -> None:
        self.params, self.data, self.rows, self.tuned = params, data, rows, tuned
        self.t, self.patience = 0, params.segments()[0][1].patience
        self.names = labels(params)
        self.picture = Picture(params, data)
        self.epochs: list[float] = []
        self.train: list[np.ndarray] = []
        self.least = np.full((len(rows), params.seeds), math.inf)
        self.waited = np.zeros((len(rows), params.seeds), int)
        self.gone: set[tuple[int, int]] = set()
        self._tallies: list[list[dict[str, Tally]]] = [[{} for _ in row] for row in rows]

    def steps(self, until: int) -> Iterator[Progress]:
        """Every network up to step ``until``, one after the other."""
        return (yield from _told(self._steps(until), _work(self.params, self.params.seeds), "training"))

    def _steps(self, until: int) -> Generator[int, None, None]:
        done = self.t * len(self.rows) * self.params.seeds
        for one in (one for row in self.rows for one in row):
            for _ in range(until - self.t):
                one.step()
                done += 1
                yield done
        self.t = until

    def measured(self, k: int) -> Iterator[Frame | Progress]:
        """Frame k."""
        done = self.t * len(self.rows) * self.params.seeds
        yield from _told(self._measure(done), _work(self.params, self.params.seeds), "training")
        left = self._leavers()
        tensors = self._tensors()
        self.epochs.append(round(self.t / self.params.epoch, 2))
        self.train.append(tensors["train_loss"][:, 1])
        note: dict[str, Plain] = {
            "step": self.t,
            "epoch": self.epochs[-1],
            "chosen": list(self.tuned.chosen),
            "left": left,
            "said": [one.as_json() for one in self._said(tensors)] if k else [],
        }
        demand = [name for name in tensors if name.partition("/")[0] in ("losses", "right", "count", "layers", "theta")]
        yield Frame(k, tensors, note, demand)

    def _measure(self, done: int) -> Generator[int, None, None]:
        """Who stands still is measured no more."""
        for row, kept in zip(self.rows, self._tallies, strict=True):
            for one, tallies in zip(row, kept, strict=True):
                if one.status != TRAINING and tallies and one.t < self.t:
                    continue
                for name in PARTS:
                    steps = tallying(one.net, self.data, getattr(self.data, name))
                    while True:
                        try:
                            next(steps)
                        except StopIteration as end:
                            tallies[name] = end.value
                            break
                        yield done

    def _leavers(self) -> list[Plain]:
        """Stop whose validation loss has not fallen for so long; tell who stopped since the last measurement."""
        left: list[Plain] = []
        for r, row in enumerate(self.rows):
            for s, one in enumerate(row):
                loss = self._tallies[r][s]["validation"].loss
                self.waited[r, s] = 0 if loss < self.least[r, s] else self.waited[r, s] + 1
                self.least[r, s] = min(loss, self.least[r, s])
                if one.status == TRAINING and self.patience is not None and self.waited[r, s] >= self.patience:
                    one.status = EARLY
                if one.status != TRAINING and (r, s) not in self.gone:
                    self.gone.add((r, s))
                    why = {EARLY: "early", RAISED: "raised"}.get(one.status, "diverged")
                    values: dict[str, Plain] = {"racer": self.names[r], "seed": one.seed, "step": one.t, "why": one.raised}
                    left.append(Message(f"optimizer.training.left.{why}", values).as_json())
        return left

    def _tensors(self) -> dict[str, np.ndarray]:
        seeds = {
            f"{part}_{what}": np.array([[getattr(one[part], what) for one in row] for row in self._tallies])
            for what in ("loss", "accuracy")
            for part in PARTS
        }
        layers = {
            "gradient": np.array([[one.lengths(one.gradient) for one in row] for row in self.rows]),
            "distance": np.array([[one.lengths(one.theta - one.start) for one in row] for row in self.rows]),
        }
        if not self.t:
            layers["gradient"][:] = math.nan  # nobody has made a step
        seeds |= {name: np.sqrt((of_layers**2).sum(2)) for name, of_layers in layers.items()}
        seeds["lr"] = np.array([[one.lr for one in row] for row in self.rows])
        tensors = {name: band(values) for name, values in seeds.items()}
        tensors |= {f"seeds/{name}": values for name, values in seeds.items()}
        tensors["status"] = np.array([[one.status for one in row] for row in self.rows], np.uint8)
        tensors |= self.picture.of([row[0] for row in self.rows])
        if self.params.tuning:
            tensors |= {"tuning/rate": self.tuned.rates, "tuning/loss": self.tuned.losses}
        for part in PARTS:
            of_part = [[one[part] for one in row] for row in self._tallies]
            tensors |= {f"{name}/{part}": stack(of_part, name) for name in ("losses", "right")}
            tensors[f"count/{part}"] = of_part[0][0].count
        return tensors | {f"layers/{name}": values for name, values in layers.items()}

    def _said(self, tensors: dict[str, np.ndarray]) -> list[Message]:
        accuracy = bool(self.data.classes)
        test = tensors["test_accuracy" if accuracy else "test_loss"]
        rules = [racer.rule for racer in self.params.racers]
        return said(rules, self.names, np.array(self.epochs), np.array(self.train), test, accuracy, self.params.seeds)
