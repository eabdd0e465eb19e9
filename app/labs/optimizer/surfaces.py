# ruff: noqa: E501  (a formula or a citation stands on one line)
"""The surfaces of the optimizer lab: a table of frozen records, no torch.

A formula is text in the language of ``app.labs.optimizer.expression``, so a surface of the table and a typed f(x, y) take
one road. ``minima`` are all the global minima inside ``domain``, to double precision (refined from the digits that
the source gives); the tests check that the gradient is zero there and that the value rounds to ``cited``. A saddle
is unbounded below and has none. The display name is the message ``optimizer.surface.NAME``, a sentence about it
``optimizer.surface.NAME.about``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.labs.optimizer import least_squares

Point: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]
"""x from, x to, y from, y to."""


@dataclass(frozen=True)
class Surface:
    """One loss f(x, y).

    ``levels`` is a hint for colours and contours: "log" where the values span many powers of ten above the minimum.
    ``domain`` is where ``minima`` are the lowest points (None: everywhere). ``constants`` names the settings that the formula
    uses; each is a field of the race's params. ``kinks`` are the minima at which f has a corner and no gradient.
    ``data`` marks a loss that is a mean over samples (``least_squares``): its ``expression`` is empty, no text of x and y.
    """

    name: str
    expression: str
    view: Box
    start: Point
    minima: tuple[Point, ...]
    minimum: float | None
    cited: str
    citation: str
    levels: Literal["linear", "log"] = "linear"
    domain: Box | None = None
    saddles: tuple[Point, ...] = ()
    kinks: tuple[Point, ...] = ()
    constants: tuple[str, ...] = ()
    data: bool = False


_SURVEY = (
    "M. Jamil and X.-S. Yang, A literature survey of benchmark functions for global optimisation problems, 2013, arXiv:1308.4008"
)
_LIBRARY = (
    "S. Surjanovic and D. Bingham, Virtual Library of Simulation Experiments: Test Functions and Datasets, 2013, sfu.ca/~ssurjano"
)

_TABLE = (
    Surface(
        name="sphere",
        expression="x^2 + y^2",
        view=(-3, 3, -3, 3),
        start=(-2.4, 1.8),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation=_SURVEY,
    ),
    Surface(
        name="ravine",
        expression="(x^2 + condition*y^2) / 2",
        view=(-10, 10, -3, 3),
        start=(-9.0, 1.2),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation="B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964, doi:10.1016/0041-5553(64)90137-5",
        constants=("condition",),
    ),
    Surface(
        name="rosenbrock",
        expression="(1 - x)^2 + 100(y - x^2)^2",
        view=(-2, 2, -1, 3),
        start=(-1.2, 1.0),
        minima=((1.0, 1.0),),
        minimum=0.0,
        cited="0",
        citation="H. H. Rosenbrock, An automatic method for finding the greatest or least value of a function, 1960, doi:10.1093/comjnl/3.3.175",
        levels="log",
    ),
    Surface(
        name="beale",
        expression="(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2",
        view=(-4.5, 4.5, -4.5, 4.5),
        start=(1.0, 1.5),
        minima=((3.0, 0.5),),
        minimum=0.0,
        cited="0",
        citation="E. M. L. Beale, On an iterative method for finding a local minimum of a function of more than one variable, 1958; "
        + _SURVEY,
        levels="log",
        saddles=((0.0, 1.0),),
    ),
    Surface(
        name="himmelblau",
        expression="(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        view=(-5, 5, -5, 5),
        start=(-0.3, -0.7),
        minima=(
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170),
            (3.584428340330492, -1.848126526964404),
        ),
        minimum=0.0,
        cited="0",
        citation="D. M. Himmelblau, Applied Nonlinear Programming, McGraw-Hill, 1972",
        levels="log",
    ),
    Surface(
        name="booth",
        expression="(x + 2y - 7)^2 + (2x + y - 5)^2",
        view=(-10, 10, -10, 10),
        start=(-8.0, -4.0),
        minima=((1.0, 3.0),),
        minimum=0.0,
        cited="0",
        citation=_SURVEY,
        levels="log",
    ),
    Surface(
        name="matyas",
        expression="0.26(x^2 + y^2) - 0.48x*y",
        view=(-10, 10, -10, 10),
        start=(-9.0, -3.0),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation=_SURVEY,
        levels="log",
    ),
    Surface(
        name="goldstein-price",
        expression="(1 + (x + y + 1)^2 * (19 - 14x + 3x^2 - 14y + 6x*y + 3y^2)) * (30 + (2x - 3y)^2 * (18 - 32x + 12x^2 + 48y - 36x*y + 27y^2))",
        view=(-2, 2, -3, 1),
        start=(-1.5, -0.5),
        minima=((0.0, -1.0),),
        minimum=3.0,
        cited="3",
        citation="A. A. Goldstein and J. F. Price, On descent from local minima, 1971, doi:10.1090/S0025-5718-1971-0312365-X",
        levels="log",
    ),
    Surface(
        name="freudenstein-roth",
        expression="(x - 13 + ((5 - y)*y - 2)*y)^2 + (x - 29 + ((y + 1)*y - 14)*y)^2",
        view=(-5, 20, -4, 6),
        start=(0.5, -2.0),
        minima=((5.0, 4.0),),
        minimum=0.0,
        cited="0",
        citation="J. J. Moré, B. S. Garbow and K. E. Hillstrom, Testing unconstrained optimization software, 1981, doi:10.1145/355934.355936",
        levels="log",
    ),
    Surface(
        name="styblinski-tang",
        expression="(x^4 - 16x^2 + 5x + y^4 - 16y^2 + 5y) / 2",
        view=(-5, 5, -5, 5),
        start=(0.4, 4.2),
        minima=((-2.903534027771177, -2.903534027771177),),
        minimum=-78.33233140754284,
        cited="-78.332",
        citation="M. A. Styblinski and T.-S. Tang, Experiments in nonconvex optimization, 1990, doi:10.1016/0893-6080(90)90029-K; "
        + _SURVEY,
    ),
    Surface(
        name="rastrigin",
        expression="20 + x^2 - 10cos(2pi*x) + y^2 - 10cos(2pi*y)",
        view=(-5.12, 5.12, -5.12, 5.12),
        start=(-3.4, 2.7),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation="L. A. Rastrigin, Systems of Extremal Control, Nauka, 1974; " + _LIBRARY,
    ),
    Surface(
        name="ackley",
        expression="20 + e - 20exp(-0.2sqrt((x^2 + y^2) / 2)) - exp((cos(2pi*x) + cos(2pi*y)) / 2)",
        view=(-5, 5, -5, 5),
        start=(-3.7, 2.6),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation="D. H. Ackley, A Connectionist Machine for Genetic Hillclimbing, Kluwer, 1987; " + _LIBRARY,
        kinks=((0.0, 0.0),),
    ),
    Surface(
        name="levy",
        expression="sin(pi*(x + 3)/4)^2 + ((x - 1)/4)^2 * (1 + 10sin(pi*(x + 3)/4 + 1)^2) + ((y - 1)/4)^2 * (1 + sin(pi*(y + 3)/2)^2)",
        view=(-10, 10, -10, 10),
        start=(-7.5, 8.0),
        minima=((1.0, 1.0),),
        minimum=0.0,
        cited="0",
        citation=_LIBRARY,
    ),
    Surface(
        name="griewank",
        expression="1 + (x^2 + y^2)/4000 - cos(x)*cos(y/sqrt(2))",
        view=(-8, 8, -8, 8),
        start=(-2.6, 3.6),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation="A. O. Griewank, Generalized descent for global optimization, 1981, doi:10.1007/BF00933356; " + _LIBRARY,
    ),
    Surface(
        name="drop-wave",
        expression="-(1 + cos(12sqrt(x^2 + y^2))) / (0.5(x^2 + y^2) + 2)",
        view=(-2.5, 2.5, -2.5, 2.5),
        start=(1.2, 0.7),
        minima=((0.0, 0.0),),
        minimum=-1.0,
        cited="-1",
        citation=_LIBRARY,
    ),
    Surface(
        name="easom",
        expression="-cos(x)*cos(y)*exp(-(x - pi)^2 - (y - pi)^2)",
        view=(0, 6.3, 0, 6.3),
        start=(1.9, 2.2),
        minima=((math.pi, math.pi),),
        minimum=-1.0,
        cited="-1",
        citation=_LIBRARY,
    ),
    Surface(
        name="three-hump-camel",
        expression="2x^2 - 1.05x^4 + x^6/6 + x*y + y^2",
        view=(-2.5, 2.5, -2.5, 2.5),
        start=(-2.2, 1.6),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation=_LIBRARY,
        levels="log",
    ),
    Surface(
        name="six-hump-camel",
        expression="(4 - 2.1x^2 + x^4/3)*x^2 + x*y + (-4 + 4y^2)*y^2",
        view=(-2.1, 2.1, -1.2, 1.2),
        start=(1.4, 0.25),
        minima=((0.08984201310031806, -0.7126564030207396), (-0.08984201310031806, 0.7126564030207396)),
        minimum=-1.0316284534898774,
        cited="-1.0316",
        citation="L. C. W. Dixon and G. P. Szegő, The global optimization problem: an introduction, 1978; " + _LIBRARY,
        saddles=((0.0, 0.0),),
    ),
    Surface(
        name="branin",
        expression="(y - 5.1x^2/(4pi^2) + 5x/pi - 6)^2 + 10(1 - 1/(8pi))*cos(x) + 10",
        view=(-5, 10, 0, 15),
        start=(2.0, 12.0),
        minima=((-math.pi, 12.275), (math.pi, 2.275), (3 * math.pi, 2.475)),
        minimum=0.39788735772973816,
        cited="0.397887",
        citation="F. H. Branin, Widely convergent method for finding multiple solutions of simultaneous nonlinear equations, 1972, doi:10.1147/rd.165.0504; "
        + _LIBRARY,
        levels="log",
    ),
    Surface(
        name="mccormick",
        expression="sin(x + y) + (x - y)^2 - 1.5x + 2.5y + 1",
        view=(-1.5, 4, -3, 4),
        start=(3.4, 3.0),
        minima=((0.5 - math.pi / 3, -0.5 - math.pi / 3),),
        minimum=-math.sqrt(3) / 2 - math.pi / 3,
        cited="-1.91322",  # many sources print -1.9133; the exact value rounds down
        citation=_LIBRARY,
        domain=(-1.5, 4, -3, 4),
    ),
    Surface(
        name="bohachevsky",
        expression="x^2 + 2y^2 - 0.3cos(3pi*x) - 0.4cos(4pi*y) + 0.7",
        view=(-2, 2, -2, 2),
        start=(-1.7, 1.4),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation="I. O. Bohachevsky, M. E. Johnson and M. L. Stein, Generalized simulated annealing for function optimization, 1986, doi:10.1080/00401706.1986.10488128",
    ),
    Surface(
        name="schaffer-n2",
        expression="0.5 + (sin(x^2 - y^2)^2 - 0.5) / (1 + 0.001(x^2 + y^2))^2",
        view=(-3, 3, -3, 3),
        start=(-1.9, 1.2),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation=_LIBRARY,
    ),
    Surface(
        name="dixon-price",
        expression="(x - 1)^2 + 2(2y^2 - x)^2",
        view=(-3, 5, -2.5, 2.5),
        start=(-2.5, 0.6),
        minima=((1.0, math.sqrt(0.5)), (1.0, -math.sqrt(0.5))),
        minimum=0.0,
        cited="0",
        citation=_LIBRARY,
        levels="log",
        saddles=((1 / 3, 0.0),),
    ),
    Surface(
        name="zakharov",
        expression="x^2 + y^2 + (0.5x + y)^2 + (0.5x + y)^4",
        view=(-5, 5, -5, 5),
        start=(-3.0, 3.8),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation=_LIBRARY,
        levels="log",
    ),
    Surface(
        name="trid",
        expression="(x - 1)^2 + (y - 1)^2 - x*y",
        view=(-4, 4, -4, 4),
        start=(-3.2, 1.5),
        minima=((2.0, 2.0),),
        minimum=-2.0,
        cited="-2",
        citation=_LIBRARY,
    ),
    Surface(
        name="plateau",
        expression="(x^2 + y^2) / (1 + x^2 + y^2)",
        view=(-8, 8, -8, 8),
        start=(-5.0, 3.5),
        minima=((0.0, 0.0),),
        minimum=0.0,
        cited="0",
        citation="S. Geman and D. E. McClure, Bayesian image analysis: an application to single photon emission tomography, 1985",
    ),
    Surface(
        name="least-squares",
        expression="",
        view=(-1, 5, -4, 2),
        start=(-0.5, 1.5),
        minima=(least_squares.minimum()[:2],),
        minimum=least_squares.minimum()[2],
        cited="",
        citation="C. F. Gauss, Theoria combinationis observationum erroribus minimis obnoxiae, 1823; the samples are this program's own",
        levels="log",
        data=True,
    ),
    Surface(
        name="saddle",
        expression="x^2 - y^2",
        view=(-2, 2, -2, 2),
        start=(-1.6, 0.001),
        minima=(),
        minimum=None,
        cited="",
        citation="Y. N. Dauphin et al., Identifying and attacking the saddle point problem in high-dimensional non-convex optimization, 2014, arXiv:1406.2572",
        saddles=((0.0, 0.0),),
    ),
    Surface(
        name="monkey-saddle",
        expression="x^3 - 3x*y^2",
        view=(-2, 2, -2, 2),
        start=(1.4, 0.02),
        minima=(),
        minimum=None,
        cited="",
        citation="D. Hilbert and S. Cohn-Vossen, Geometry and the Imagination, Chelsea, 1952, section 29",
        saddles=((0.0, 0.0),),
    ),
)
SURFACES: Mapping[str, Surface] = {surface.name: surface for surface in _TABLE}
"""Every surface by its name, in the order in which the page lists them."""
