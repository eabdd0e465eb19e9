"""A landscape as a standalone PyTorch script: it trains the networks, lays the plane and prints the run's own numbers."""

from __future__ import annotations

import inspect

from app.labs.optimizer.landscape import curvature, directions
from app.labs.optimizer.landscape.world import MARGIN, around
from app.labs.optimizer.params.landscape import LandscapeParams
from app.labs.optimizer.race import labels
from app.labs.optimizer.script_rules import RATES, class_code, classes, constructor, schedule_code
from app.labs.optimizer.training.script import STEP, cycles, data_code, head, losses_code, net_code, network_code, those

_TRAIN = '''\
STEPS, BATCH, SEED = {steps}, {batch}, {seed}
KEPT = {kept}  # the steps whose weights are kept
FULL = {full}  # racers whose batch is all examples
LAYERS = {layers}  # racers whose rule steps layer by layer
CYCLES = {cycles}


def net():
    return {network}


def losses(out, y):
    return {losses}


def train(r):
    """The weights at the steps of KEPT, (K + 1, P)."""
    _, make, schedule = racers[r]
    torch.manual_seed(SEED)
    model = net()
    theta, gradient = flatten(model)
    optimizer = make(model.parameters() if r in LAYERS else [theta])
    order, rows, diverged, found = Generator().manual_seed(SEED), [], False, []
    for t in range(STEPS):
        if t in KEPT:
            found.append(theta.clone())
        if diverged:
            continue
{step}    return torch.stack([*found, theta.clone()])


model = net()
shapes = {{name: p.shape for name, p in model.named_parameters()}}


def loss(weights):
    """The mean loss over the training examples of the network with these weights (P,)."""
    shares = torch.split(weights, [shape.numel() for shape in shapes.values()])
    parameters = {{name: share.view(shape) for (name, shape), share in zip(shapes.items(), shares)}}
    return losses(functional_call(model, parameters, (x,)), y).double().mean()
'''
_PCA = """\
# The two principal components of the way from every point of the paths to the origin.
moves = (theta - centre).flatten(0, 1).double()
values, vectors = torch.linalg.eigh(moves @ moves.T)
plane = vectors[:, [-1, -2]].T @ moves / values[[-1, -2]].sqrt()[:, None]
plane = (plane * plane.gather(1, plane.abs().argmax(1, keepdim=True)).sign()).float()
"""
_RANDOM = """\
# Two random directions, each filter of them as long as the origin's own.
shares = torch.split(centre, [shape.numel() for shape in shapes.values()])
weights = [share.view(shape) for share, shape in zip(shares, shapes.values())]
generator = Generator().manual_seed(SEED)
plane = torch.stack([filter_normalised(weights, generator) for _ in range(2)])
"""
_PRINT = '''\
gram = plane.double() @ plane.double().T


def place(weights):
    """Of weights (P,): the coordinates (2,) of the plane's nearest point, and the distance from it."""
    move = weights.double() - centre.double()
    products = plane.double() @ move
    at = torch.linalg.solve(gram, products)
    return at, (move @ move - at @ products).clamp(min=0).sqrt().item()


places = torch.stack([place(weights)[0] for weights in theta.flatten(0, 1)])
low_high = {ranges}
a_axis, b_axis = (torch.linspace(low, high, {side}) for low, high in low_high)
with torch.no_grad():
    for row, b in enumerate(b_axis):
        for column, a in enumerate(a_axis):
            print("map", row, column, a.item(), b.item(), loss(centre + a * plane[0] + b * plane[1]).item(), sep="\\t")
for k, t in enumerate(KEPT):
    for r, (name, *_) in enumerate(racers):
        (a, b), distance = place(theta[r, k])
        with torch.no_grad():
            on_plane = loss(centre + a.float() * plane[0] + b.float() * plane[1]).item()
            own = loss(theta[r, k]).item()
        print("path", t, name, a.item(), b.item(), own, on_plane, distance{edge}, sep="\\t")
'''
_EDGE = '''\
def edge(weights):
    """2 over the largest eigenvalue of the Hessian: above it steps along its vector grow."""
    work = largest(Curvature(loss, weights).product, torch.randn(len(weights), generator=Generator().manual_seed(SEED)))
    while True:
        try:
            next(work)
        except StopIteration as end:
            return 2 / end.value.value if end.value.value > 0 else float("inf")
'''


def script(params: LandscapeParams) -> str:
    """Prints ``map``, row, column, a, b, loss of every point of the plane; then ``path``, step, racer, a, b, its loss, the plane's
    loss, the distance off the plane and, where the curvature is looked at, 2 / lambda of every point of the paths."""
    codes = [schedule_code(params, r, racer) for r, racer in enumerate(params.racers)]
    title = f"{params.data}: the loss on a plane through a network's weights, and the paths that trained it, tab-separated."
    pieces = [
        head(title, params, [code for code in codes if code]),
        "from collections.abc import Generator as Steps, Iterable\nfrom torch.func import functional_call",
        data_code(params),
        network_code(params),
        class_code(classes(params)),
        RATES.strip("\n") if any(codes) else "",
        _racers(params, codes),
        _train(params),
        _plane(params),
        _curvature() if params.curvature else "",
        f"MARGIN = {MARGIN}  # of the paths' extent, free at each side\n\n\n{inspect.getsource(around)}",
        _print(params),
    ]
    return "\n\n\n".join(piece.strip("\n") for piece in pieces if piece.strip()) + "\n"


def _racers(params: LandscapeParams, codes: list[str | None]) -> str:
    made = [constructor(params, r).replace("[p]", "p") for r in range(len(params.racers))]
    lines = [f"    ({name!r}, lambda p: {one}, {code})," for name, one, code in zip(labels(params), made, codes, strict=True)]
    return "\n".join(["racers = [", *lines, "]"])


def _train(params: LandscapeParams) -> str:
    return _TRAIN.format(
        steps=params.steps,
        batch=params.batch_size,
        seed=params.seed,
        kept=params.at_steps(),
        full=those(params, full=True),
        layers=those(params, full=False),
        cycles=cycles(params),
        network=net_code(params),
        losses=losses_code(params),
        step=STEP,
    )


def _plane(params: LandscapeParams) -> str:
    of = f"theta = torch.stack([train(r) for r in range(len(racers))])\ncentre = theta[{params.centre}, -1].clone()\n"
    if params.plane == "pca":
        return of + _PCA
    return f"EPS = {directions.EPS}\n\n\n{inspect.getsource(directions.filter_normalised)}\n\n{of}{_RANDOM}"


def _curvature() -> str:
    """As it is worked out here; ``Generator`` is torch's in the script, so the other has another name."""
    sources = [inspect.getsource(one) for one in (curvature.Curvature, curvature.Largest, curvature.largest)]
    code = "\n\n".join(sources).replace("Generator[", "Steps[")
    return f"PRODUCTS, NEAR = {curvature.PRODUCTS}, {curvature.NEAR}\n\n\n{code}\n\n{_EDGE}"


def _print(params: LandscapeParams) -> str:
    least = 1.0 if params.plane == "random" else 0.0
    sides = [getattr(params, f"{name}_range") or f"around(places[:, {axis}], {least})" for axis, name in enumerate("xy")]
    edge = ", edge(theta[r, k])" if params.curvature else ""
    return _PRINT.format(ranges=f"({', '.join(map(str, sides))})", side=params.side, edge=edge)
