"""The part of a copied script that makes losses and gradients: only what the race's source needs, as readable torch."""

from __future__ import annotations

from collections.abc import Sequence

from app.labs.optimizer import least_squares, rare
from app.labs.optimizer.expression import parse
from app.labs.optimizer.params.race import OfList, OfRare, RaceParams
from app.labs.optimizer.surfaces import SURFACES

_FIT = '''\
# The samples of the fit: u is the input, v what was observed.
U = torch.tensor({u}, dtype=DTYPE)
V = torch.tensor({v}, dtype=DTYPE)


def f(x, y, samples=slice(None)):
    """The mean squared residual of the line x u + y over the samples."""
    residual = x[..., None] * U[samples] + y[..., None] - V[samples]
    return (residual**2).mean(dim=-1)


def batch(t):
    """The samples of step t: every epoch is a new permutation, cut in order."""
    epoch, place = divmod(t - 1, -(-len(U) // batch_size))
    order = np.random.default_rng(({stream}, SEED, epoch)).permutation(len(U))
    return torch.tensor(order[place * batch_size : (place + 1) * batch_size])


def gradient(p, t, full):
    return slope(p) if full else slope(p, batch(t))
'''
_SLOPE = '''

def slope(p, *samples):
    """The gradient of the loss by autograd."""
    leaf = p.detach()[None].requires_grad_()
    f(leaf[:, 0], leaf[:, 1], *samples).sum().backward()
    return leaf.grad[0]


def loss(p):
    """The whole loss at p."""
    with torch.no_grad():
        return f(p[None, 0], p[None, 1]).item()
'''
_SURFACE = """

def gradient(p, t, full):
    return slope(p)
"""
_STRAIGHT = '''

def loss(p):
    """The mean of the straight losses g_t . p."""
    with torch.no_grad():
        return (p[None, 0] * MEAN[0] + p[None, 1] * MEAN[1]).item()
'''
_LIST = '''\
GRADIENTS = {values}
MEAN = {mean}


def gradient(p, t, full):
    """The gradient of step t, whatever the position; zero after the list's end."""
    return torch.tensor(GRADIENTS[t - 1] if t <= len(GRADIENTS) else (0.0, 0.0), dtype=DTYPE)
'''
_RARE = '''\
MEAN = {mean}


def gradient(p, t, full):
    """{words}"""
{rare}
    return torch.tensor(MEAN if full else ({strong!r} if rare else {common!r}, 0.0), dtype=DTYPE)
'''
_REDDI = """\
    block, place = divmod(t, 1024)
    rare = np.random.default_rng(({stream}, SEED, block)).random(1024)[place] < {probability!r}"""
_NOISE = '''

def draw(t):
    """The noise of step t, the same for every racer."""
    block, place = divmod(t, 1024)
    draws = np.random.default_rng((2, SEED, block)).standard_normal((1024, 2))
    return torch.tensor(noise * draws, dtype=DTYPE)[place]
'''
_CLIP = '''

def clipped(g, most):
    """g scaled down to the length `most` where it is longer."""
    norm = torch.linalg.vector_norm(g[None], dim=1, keepdim=True)
    return (g[None] * torch.clamp(most / (norm + 1e-6), max=1.0))[0]
'''


def source_code(params: RaceParams, segments: Sequence[RaceParams]) -> str:
    """``gradient(p, t, full)`` and ``loss(p)``, and ``draw`` and ``clipped`` where some segment needs them."""
    code = _losses(params)
    if any(segment.noise for segment in segments):
        code += _NOISE
    if any(segment.clip is not None for segment in segments):
        code += _CLIP
    return code


def needs_numpy(params: RaceParams, segments: Sequence[RaceParams]) -> bool:
    """Whether random numbers are drawn: noise, batches, rare events."""
    fit = isinstance(params.source, OfList | OfRare) is False and params.expression is None and SURFACES[params.surface].data
    reddi = isinstance(params.source, OfRare) and params.source.case == "reddi"
    return fit or reddi or any(segment.noise for segment in segments)


def bounds(params: RaceParams) -> tuple[float, float] | None:
    """The box that positions are kept in."""
    box = rare.rare_batches(params.source.case, params.seed, params.steps).bounds if isinstance(params.source, OfRare) else None
    return (box[0], box[1]) if box else None


def _losses(params: RaceParams) -> str:
    match params.source:
        case OfList(values=values):
            mean = rare.typed_list(values).mean
            return _LIST.format(values=[tuple(v) for v in values], mean=mean) + _STRAIGHT
        case OfRare(case="reddi"):
            mean = rare.rare_batches("reddi", params.seed, params.steps).mean
            draw = _REDDI.format(stream=rare._STREAM, probability=rare.PROBABILITY)
            words = "1010 once in a hundred steps, else -10; full-batch descent sees the mean."
            return _RARE.format(mean=mean, words=words, rare=draw, strong=rare.RARE, common=rare.COMMON) + _STRAIGHT
        case OfRare(case=case):
            mean = rare.rare_batches(case, params.seed, params.steps).mean
            draw = f"    rare = t == {rare.spike_step(params.steps)}"
            return (
                _RARE.format(mean=mean, words="1, and 100,000 at one step.", rare=draw, strong=rare.SPIKE, common=1.0) + _STRAIGHT
            )
    if params.expression is not None:
        return parse(params.expression).source("f") + _SLOPE + _SURFACE
    surface = SURFACES[params.surface]
    if surface.data:
        fit = _FIT.format(u=least_squares.U.tolist(), v=least_squares.V.tolist(), stream=least_squares._STREAM)
        return fit + _SLOPE
    return parse(surface.expression, {name: getattr(params, name) for name in surface.constants}).source("f") + _SLOPE + _SURFACE
