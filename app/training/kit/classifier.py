"""Trains a classifier of small pictures: SGD with Nesterov momentum, one cycle of the rate, averaged weights at the end.

Deterministic on one machine: one thread, one seeded generator for the order, the crops and the flips.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from app.training.kit import cifar10
from app.training.kit.card import halved, write
from app.training.kit.cifar10 import CLASSES, Part, normalise


@dataclass(frozen=True)
class Recipe:
    """One cycle of a training; goes into the card as it is."""

    epochs: int
    batch: int = 128
    peak_lr: float = 0.2
    warm_up: float = 0.2
    """Share of the steps in which the rate rises from 0; then it falls to 0, both linearly."""
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    shift: int = 3
    """Pictures are padded by reflection and cropped at random: shifted by so many pixels at most."""
    cutout: int = 0
    """Side of a square that is blanked at a random place of each picture (DeVries and Taylor, arXiv 1708.04552)."""
    small_epochs: int = 0
    """So many first epochs see pictures of 24 x 24 pixels: half the work, and the last epochs mend the difference."""
    averaging: float = 0.99
    """Decay per step of the running average of the weights, which is what ships."""
    seed: int = 0


SMALL = 24


def train(make: Callable[[], nn.Module], recipe: Recipe, data: Part) -> nn.Module:
    """The averaged network in eval mode; nothing of the test set is seen here."""
    torch.manual_seed(recipe.seed)
    order = torch.Generator().manual_seed(recipe.seed)
    net: nn.Module = make().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average: nn.Module = copy.deepcopy(net).eval()
    optimizer = torch.optim.SGD(
        net.parameters(), lr=recipe.peak_lr, momentum=recipe.momentum, nesterov=True, weight_decay=recipe.weight_decay
    )
    per_epoch = len(data) // recipe.batch
    total = recipe.epochs * per_epoch
    up = max(1, round(recipe.warm_up * total))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: min((t + 1) / up, (total - t) / max(1, total - up)))
    bar = tqdm(total=total, unit="step", smoothing=0.05)
    for epoch in range(recipe.epochs):
        net.train()
        side = SMALL if epoch < recipe.small_epochs else data.images.shape[-1]
        shuffled = torch.randperm(len(data), generator=order)
        for i in range(per_epoch):
            chosen = shuffled[i * recipe.batch : (i + 1) * recipe.batch]
            x = augment(data.images[chosen], side, recipe.shift, order)
            x = cut_out(normalise(x), recipe.cutout, order).contiguous(memory_format=torch.channels_last)
            loss = functional.cross_entropy(net(x), data.labels[chosen], label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            step = epoch * per_epoch + i
            follow(average, net, min(recipe.averaging, (1 + step) / (10 + step)))
            bar.update()
            if i % 10 == 0:
                bar.set_postfix(epoch=epoch + 1, loss=f"{loss.item():.3f}")
    bar.close()
    return average


def augment(images: Tensor, side: int, shift: int, generator: torch.Generator) -> Tensor:
    """uint8 (N, 3, S, S) to (N, 3, side, side): each flipped by chance, each cropped where chance says."""
    n, _, side_in, _ = images.shape
    flips = torch.rand(n, generator=generator) < 0.5
    images = torch.where(flips.view(n, 1, 1, 1), images.flip(3), images)
    padded = functional.pad(images.float(), (shift,) * 4, mode="reflect").to(torch.uint8)
    room = side_in + 2 * shift - side
    top, left = (torch.randint(room + 1, (n,), generator=generator) for _ in range(2))
    rows = top.view(n, 1) + torch.arange(side)  # (N, side)
    columns = left.view(n, 1) + torch.arange(side)
    return padded[torch.arange(n).view(n, 1, 1), :, rows.unsqueeze(2), columns.unsqueeze(1)].permute(0, 3, 1, 2)


def cut_out(x: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """x (N, C, H, W) with a square of 0, the mean, around a random pixel of each picture; it may hang over the border."""
    if not side:
        return x
    n, _, height, width = x.shape
    row, column = (torch.randint(length, (n, 1), generator=generator) for length in (height, width))
    rows = (torch.arange(height) - row + side // 2).clamp(-1, side)  # (N, H), 0 to side - 1 inside
    columns = (torch.arange(width) - column + side // 2).clamp(-1, side)
    inside = ((rows >= 0) & (rows < side)).unsqueeze(2) & ((columns >= 0) & (columns < side)).unsqueeze(1)
    return x.masked_fill(inside.unsqueeze(1), 0)


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, decay: float) -> None:
    """average = decay * average + (1 - decay) * net, the normalisations' running statistics included."""
    ours, theirs = average.state_dict(), net.state_dict()
    for name, value in theirs.items():
        if value.dtype.is_floating_point:
            ours[name].lerp_(value, 1 - decay)
        else:
            ours[name].copy_(value)


@torch.no_grad()
def accuracy(net: nn.Module, data: Part, side: int = 32) -> dict[str, Any]:
    """Share of right answers, over all and per class; pictures enlarged to ``side`` where it is not their own."""
    net.eval()
    right = torch.zeros(len(CLASSES))
    counts = torch.bincount(data.labels, minlength=len(CLASSES)).float()
    for start in tqdm(range(0, len(data), 250), desc=f"{side} px", leave=False):
        x = data.images[start : start + 250]
        if side != x.shape[-1]:
            x = functional.interpolate(x.float(), size=(side, side), mode="bilinear", antialias=True).round().to(torch.uint8)
        labels = data.labels[start : start + 250]
        hits = net(normalise(x)).argmax(1) == labels
        right += torch.bincount(labels[hits], minlength=len(CLASSES))
    shares = right / counts
    return {
        "all": round((right.sum() / counts.sum()).item(), 4),
        "classes": {name: round(share.item(), 4) for name, share in zip(CLASSES, shares, strict=True)},
    }


SIDES = (32, 64, 96)
"""Test pictures are also enlarged: how far an upload may be from what the network was trained on."""


def ship(name: str, cycles: Sequence[tuple[Callable[[], nn.Module], Recipe]], folder: Path | None) -> None:
    """Trains on all training pictures, then keeps what came out. Raises UserError without data.

    Each cycle makes its network and starts it from the average that the cycle before it ended with.
    """
    torch.set_num_threads(1)
    path = cifar10.archive(folder)
    start = time.monotonic()
    data = cifar10.load(path, "train")
    net: nn.Module | None = None
    for make, recipe in cycles:
        net = train(partial(grown, make, net), recipe, data)
    assert net is not None
    keep(name, net, [recipe for _, recipe in cycles], path, time.monotonic() - start)


def grown(make: Callable[[], nn.Module], before: nn.Module | None) -> nn.Module:
    """A network as it is made, with all that the one before it had learnt: what it has more than that stays as it was made.

    Raises ValueError where the one before has what this one lacks.
    """
    net = make()
    if before is not None and (extra := net.load_state_dict(before.state_dict(), strict=False).unexpected_keys):
        raise ValueError(f"no place for {', '.join(extra)}")
    return net


def keep(name: str, net: nn.Module, cycles: Sequence[Recipe], path: Path, seconds: float) -> None:
    """Measures the network, rounded as it is stored, on all test pictures of ``path``; writes weights and card."""
    net = halved(net)
    test = cifar10.load(path, "test")
    at = {side: accuracy(net, test, side) for side in SIDES}
    told = {
        "architecture": (type(net).__doc__ or "").strip(),
        "macs": {str(side): macs(net, side) for side in (32, 224)},
        "classes": list(cifar10.CLASSES),
        "mean": list(cifar10.MEAN),
        "std": list(cifar10.STD),
        "data": cifar10.described(path),
        "optimizer": "SGD, Nesterov momentum",
        "schedule": "one cycle, linear",
        "cycles": [asdict(recipe) for recipe in cycles],
        "minutes": round(seconds / 60, 1),
        "test_accuracy": at[32]["all"],
        "test_accuracy_by_class": at[32]["classes"],
        "test_accuracy_enlarged": {str(side): at[side]["all"] for side in SIDES[1:]},
    }
    write(name, net, told)
    print(f"{name}: {100 * at[32]['all']:.2f} % of the test pictures, {seconds / 60:.1f} minutes")


@torch.no_grad()
def macs(net: nn.Module, side: int) -> int:
    """Multiplications of the convolutions and the linear layer for one picture of ``side`` pixels."""
    with FlopCounterMode(display=False) as counter:  # a multiplication and its addition are two flops
        net(torch.zeros(1, 3, side, side))
    return int(counter.get_total_flops()) // 2
