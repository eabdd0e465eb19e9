# ruff: noqa: E501  (a formula or a citation stands on one line)
r"""Every rule of the race as data: its settings with torch's names and defaults, its forms, formulas and state. No torch here.

``form`` says whose formula runs. "torch": PyTorch's own class, or, for a rule that PyTorch lacks, the code that is in use. "paper":
the paper's (or lecture's) formula where it differs. "notes": the formula of the lecture notes to the letter.

Symbols in the formulas are those of the explanations: g_t is the gradient that the step was handed, made at theta_{t-1}.
The default ``lr`` is one that shows the rule at work on Himmelblau's surface; all other defaults are torch's, momentum is 0.9.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["torch", "paper", "notes"]
Value: TypeAlias = "float | int | bool | str | tuple[float, float]"


@dataclass(frozen=True)
class Hyper:
    """One setting of a rule. Its label is the message ``optimizer.hyper.NAME``.

    A "pair" is two numbers. Of the bounds ``above`` and ``below`` are open, ``least`` and ``most`` closed.
    """

    name: str
    default: Value
    kind: Literal["number", "whole", "switch", "pair", "choice"] = "number"
    above: float | None = None
    least: float | None = None
    below: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    folded: bool = False


@dataclass(frozen=True)
class State:
    """What a racer remembers: torch's name, how it is typeset, its shape ((2,) a vector, () a number)."""

    name: str
    latex: str
    shape: tuple[int, ...] = (2,)
    initial: float = 0.0


@dataclass(frozen=True)
class Rule:
    """One rule. ``formula`` and ``state`` are given by form; a form that is not there is not offered."""

    name: str
    title: str
    lr: float
    hyper: tuple[Hyper, ...]
    formula: Mapping[Form, str]
    state: Mapping[Form, tuple[State, ...]] = field(default_factory=dict)
    adaptive: bool = False
    citation: str = ""

    @property
    def forms(self) -> tuple[Form, ...]:
        return tuple(self.formula)


WEIGHT_DECAY = Hyper("weight_decay", 0.0, least=0, most=1, folded=True)
DECOUPLED = Hyper("weight_decay", 0.01, least=0, most=1)
MOMENTUM = Hyper("momentum", 0.9, least=0, below=1)
DAMPENING = Hyper("dampening", 0.0, least=0, most=1, folded=True)
BETAS = Hyper("betas", (0.9, 0.999), "pair", least=0, below=1)
EPS = Hyper("eps", 1e-8, least=0, most=1, folded=True)
SWITCH_NAMES = ("use_momentum", "use_scaling", "bias_correction")
"""The parts of Adam that can be switched off one by one."""
SWITCHES = tuple(Hyper(name, True, "switch", folded=True) for name in SWITCH_NAMES)
"""Momentum, scaling and bias correction of the Adam family, switched off one by one."""

M = State("exp_avg", "m_t")
V = State("exp_avg_sq", "v_t")
V_MAX = State("max_exp_avg_sq", r"\hat{v}_t")
BUFFER = State("momentum_buffer", "b_t")
VELOCITY = State("velocity", "v_t")
SQUARE = State("square_avg", "v_t")
SUM = State("sum", "s_t")
BAND = (State("lower_bound", r"\eta_l(t)", (), math.nan), State("upper_bound", r"\eta_u(t)", (), math.nan))

_MOMENTS = r"m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t \\ v_t = \beta_2 v_{t-1} + (1 - \beta_2) g_t^2"
_ADAM_STEP = r"\theta_t = \theta_{t-1} - \eta \frac{m_t / (1 - \beta_1^t)}{\sqrt{v_t} / \sqrt{1 - \beta_2^t} + \epsilon}"
_BOUNDS = (
    r"\eta_l(t) = \alpha^* \left(1 - \frac{1}{\gamma t + 1}\right) \\ \eta_u(t) = \alpha^* \left(1 + \frac{1}{\gamma t}\right)"
)
_PAPER_BOUNDS = r"\eta_l(t) = \alpha^* - \frac{\alpha^*}{\gamma t + 1} \\ \eta_u(t) = \alpha^* + \frac{\alpha^*}{\gamma t}"
_CLIP = r"\hat{\eta}_t = \operatorname{clip}\left(a_t, \eta_l(t), \eta_u(t)\right)"
_BOUNDED_STEP = r"\theta_t = \theta_{t-1} - \hat{\eta}_t m_t"
_PAPER_STEP = r"\theta_t = \theta_{t-1} - \frac{\hat{\eta}_t}{\sqrt{t}} m_t"


def _lines(*lines: str) -> str:
    """One below the other; a line is narrow enough for a racer's place in the form, 240 pixels."""
    return r"\begin{gathered}" + r" \\ ".join(lines) + r"\end{gathered}"


def _bounded(name: str, title: str, v: str, states: tuple[State, ...], maximum: str) -> Rule:
    """AdaBound, or AMSBound, which divides by the largest second moment so far."""
    rate = rf"\frac{{\eta \sqrt{{1 - \beta_2^t}} / (1 - \beta_1^t)}}{{\sqrt{{{v}}} + \epsilon}}"
    paper = rf"\frac{{\eta}}{{\sqrt{{{v}}}}}"
    moments = (_MOMENTS, *([maximum] if maximum else []))
    return Rule(
        name,
        title,
        0.05,
        (
            BETAS,
            Hyper("final_lr", 0.1, above=0, most=10),
            Hyper("gamma", 1e-3, above=0, below=1),
            EPS,
            WEIGHT_DECAY,
        ),
        {
            "torch": _lines(*moments, _BOUNDS, rf"a_t = {rate}", _CLIP, _BOUNDED_STEP),
            "paper": _lines(*moments, _PAPER_BOUNDS, rf"a_t = {paper}", _CLIP, _PAPER_STEP),
        },
        {"torch": (*states, *BAND), "paper": (*states, *BAND)},
        adaptive=True,
        citation="L. Luo, Y. Xiong, Y. Liu and X. Sun, Adaptive gradient methods with dynamic bound of learning rate, 2019, arXiv:1902.09843",
    )


def _swats(bound: str) -> str:
    """SWATS switches where the corrected mean of gamma is within ``bound`` of gamma."""
    return _lines(
        _MOMENTS,
        r"p_t = -\eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m_t}{\sqrt{v_t} + \epsilon}",
        r"\theta_t = \theta_{t-1} + p_t",
        r"\gamma_t = \frac{p_t^\top p_t}{-p_t^\top g_t}",
        r"\lambda_t = \beta_2 \lambda_{t-1} + (1 - \beta_2) \gamma_t",
        rf"\left|\frac{{\lambda_t}}{{1 - \beta_2^t}} - \gamma_t\right| < {bound} \;\Rightarrow",
        r"\Lambda = \frac{\lambda_t}{1 - \beta_2^t}, \quad b_t = \beta_1 b_{t-1} + g_t",
        r"\theta_t = \theta_{t-1} - (1 - \beta_1) \Lambda b_t",
    )


_SWATS_STATE = (
    M,
    V,
    State("gamma", r"\gamma_t", (), math.nan),
    State("lambda", r"\lambda_t", ()),
    State("lambda_hat", r"\lambda_t / (1 - \beta_2^t)", ()),
    State("phase", r"\text{phase}", ()),
    BUFFER,
)

_RULES = (
    Rule("gd", "GD", 0.004, (), {"torch": r"\theta_t = \theta_{t-1} - \eta \nabla L(\theta_{t-1})"}, citation="A.-L. Cauchy, 1847"),
    Rule(
        "sgd",
        "SGD",
        0.004,
        (WEIGHT_DECAY,),
        {"torch": r"\theta_t = \theta_{t-1} - \eta g_t", "notes": r"\theta_t = \theta_{t-1} - \eta g_{t-1}"},
        citation="H. Robbins and S. Monro, A stochastic approximation method, 1951, doi:10.1214/aoms/1177729586",
    ),
    Rule(
        "sgdm",
        "SGDM",
        0.002,
        (MOMENTUM, DAMPENING, WEIGHT_DECAY),
        {
            "torch": _lines(r"b_1 = g_1, \quad b_t = \mu b_{t-1} + (1 - \tau) g_t", r"\theta_t = \theta_{t-1} - \eta b_t"),
            "paper": _lines(r"v_t = \mu v_{t-1} - \eta g_t", r"\theta_t = \theta_{t-1} + v_t"),
            "notes": _lines(r"v_t = -\eta g_{t-1}", r"\theta_t = \theta_{t-1} + v_t + m v_{t-1}"),
        },
        {"torch": (BUFFER,), "paper": (VELOCITY,), "notes": (VELOCITY,)},
        citation="B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964, doi:10.1016/0041-5553(64)90137-5",
    ),
    Rule(
        "nesterov",
        "Nesterov",
        0.002,
        (Hyper("momentum", 0.9, above=0, below=1), WEIGHT_DECAY),
        {
            "torch": _lines(r"b_1 = g_1, \quad b_t = \mu b_{t-1} + g_t", r"\theta_t = \theta_{t-1} - \eta (g_t + \mu b_t)"),
            "paper": _lines(r"v_t = \mu v_{t-1} - \eta g_t", r"\theta_t = \theta_{t-1} + \mu v_t - \eta g_t"),
        },
        {"torch": (BUFFER,), "paper": (VELOCITY,)},
        citation="Y. Nesterov, 1983; I. Sutskever et al., On the importance of initialization and momentum in deep learning, 2013, "
        "in the variables of Y. Bengio et al., 2012, arXiv:1212.0901, eq. 7",
    ),
    Rule(
        "sgdw",
        "SGDW",
        0.002,
        (MOMENTUM, DAMPENING, DECOUPLED),
        {
            "torch": _lines(
                r"b_1 = g_1, \quad b_t = \mu b_{t-1} + (1 - \tau) g_t", r"\theta_t = (1 - \eta \lambda) \theta_{t-1} - \eta b_t"
            ),
        },
        {"torch": (BUFFER,)},
        citation="I. Loshchilov and F. Hutter, Decoupled weight decay regularization, 2019, arXiv:1711.05101, algorithm 1",
    ),
    Rule(
        "adagrad",
        "Adagrad",
        0.35,
        (
            Hyper("lr_decay", 0.0, least=0, most=1, folded=True),
            Hyper("initial_accumulator_value", 0.0, least=0, most=1e6, folded=True),
            Hyper("eps", 1e-10, least=0, most=1, folded=True),
            WEIGHT_DECAY,
        ),
        {
            "torch": _lines(r"s_t = s_{t-1} + g_t^2", r"\theta_t = \theta_{t-1} - \frac{\eta}{\sqrt{s_t} + \epsilon} g_t"),
            "notes": r"\theta_t = \theta_{t-1} - \frac{\eta}{\sqrt{\sum_{i=0}^{t-1} g_i^2}} g_{t-1}",
        },
        {"torch": (SUM,), "notes": (SUM,)},
        adaptive=True,
        citation="J. Duchi, E. Hazan and Y. Singer, Adaptive subgradient methods, 2011, JMLR 12",
    ),
    Rule(
        "rmsprop",
        "RMSProp",
        0.03,
        (
            Hyper("alpha", 0.99, least=0, below=1),
            EPS,
            Hyper("momentum", 0.0, least=0, below=1, folded=True),
            Hyper("centered", False, "switch", folded=True),
            WEIGHT_DECAY,
        ),
        {
            "torch": _lines(
                r"v_t = \alpha v_{t-1} + (1 - \alpha) g_t^2", r"\theta_t = \theta_{t-1} - \frac{\eta}{\sqrt{v_t} + \epsilon} g_t"
            ),
            "paper": _lines(
                r"v_1 = g_1^2, \quad v_t = \alpha v_{t-1} + (1 - \alpha) g_t^2",
                r"\theta_t = \theta_{t-1} - \frac{\eta}{\sqrt{v_t}} g_t",
            ),
            "notes": _lines(
                r"v_1 = g_0",
                r"v_t = \alpha v_{t-1} + (1 - \alpha) g_{t-1}^2",
                r"\theta_t = \theta_{t-1} - \frac{\eta}{\sqrt{v_t}} g_{t-1}",
            ),
        },
        {"torch": (SQUARE,), "paper": (SQUARE,), "notes": (SQUARE,)},
        adaptive=True,
        citation="T. Tieleman and G. Hinton, Neural networks for machine learning, lecture 6.5, 2012",
    ),
    Rule(
        "adadelta",
        "Adadelta",
        1.0,
        (Hyper("rho", 0.9, least=0, below=1), Hyper("eps", 1e-6, least=0, most=1), WEIGHT_DECAY),
        {
            "torch": _lines(
                r"v_t = \rho v_{t-1} + (1 - \rho) g_t^2",
                r"\Delta_t = \frac{\sqrt{u_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}} g_t",
                r"u_t = \rho u_{t-1} + (1 - \rho) \Delta_t^2",
                r"\theta_t = \theta_{t-1} - \eta \Delta_t",
            ),
        },
        {"torch": (SQUARE, State("acc_delta", "u_t"))},
        adaptive=True,
        citation="M. D. Zeiler, ADADELTA, 2012, arXiv:1212.5701",
    ),
    Rule(
        "adam",
        "Adam",
        0.09,
        (BETAS, EPS, WEIGHT_DECAY, *SWITCHES),
        {"torch": _lines(_MOMENTS, _ADAM_STEP)},
        {"torch": (M, V)},
        adaptive=True,
        citation="D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, 2015, arXiv:1412.6980",
    ),
    Rule(
        "amsgrad",
        "AMSGrad",
        0.05,
        (BETAS, EPS, WEIGHT_DECAY, *SWITCHES),
        {
            "torch": _lines(_MOMENTS, r"\hat{v}_t = \max(\hat{v}_{t-1}, v_t)", _ADAM_STEP.replace("{v_t}", r"{\hat{v}_t}")),
            "paper": _lines(
                _MOMENTS,
                r"\hat{v}_t = \max(\hat{v}_{t-1}, v_t)",
                r"\theta_t = \theta_{t-1} - \frac{\eta}{\sqrt{\hat{v}_t}} m_t",
            ),
        },
        {"torch": (M, V, V_MAX), "paper": (M, V, V_MAX)},
        adaptive=True,
        citation="S. J. Reddi, S. Kale and S. Kumar, On the convergence of Adam and beyond, 2018, arXiv:1904.09237",
    ),
    Rule(
        "adamw",
        "AdamW",
        0.09,
        (BETAS, EPS, DECOUPLED, *SWITCHES),
        {
            "torch": _lines(
                _MOMENTS,
                r"u_t = \frac{m_t / (1 - \beta_1^t)}{\sqrt{v_t} / \sqrt{1 - \beta_2^t} + \epsilon}",
                r"\theta_t = (1 - \eta \lambda) \theta_{t-1} - \eta u_t",
            )
        },
        {"torch": (M, V)},
        adaptive=True,
        citation="I. Loshchilov and F. Hutter, Decoupled weight decay regularization, 2019, arXiv:1711.05101",
    ),
    Rule(
        "nadam",
        "NAdam",
        0.09,
        (BETAS, EPS, Hyper("momentum_decay", 4e-3, least=0, most=1, folded=True), WEIGHT_DECAY),
        {
            "torch": _lines(
                r"\mu_t = \beta_1 \left(1 - \tfrac{1}{2} 0.96^{t \psi}\right)",
                _MOMENTS,
                r"\hat{m}_t = \frac{\mu_{t+1} m_t}{1 - \prod_{i=1}^{t+1} \mu_i} + \frac{(1 - \mu_t) g_t}{1 - \prod_{i=1}^{t} \mu_i}",
                r"\theta_t = \theta_{t-1} - \eta \frac{\hat{m}_t}{\sqrt{v_t / (1 - \beta_2^t)} + \epsilon}",
            ),
        },
        {"torch": (M, V, State("mu_product", r"\textstyle\prod_{i=1}^{t} \mu_i", (), 1.0))},
        adaptive=True,
        citation="T. Dozat, Incorporating Nesterov momentum into Adam, 2016",
    ),
    Rule(
        "radam",
        "RAdam",
        0.09,
        (BETAS, EPS, WEIGHT_DECAY),
        {
            "torch": _lines(
                _MOMENTS,
                r"\rho_\infty = \frac{2}{1 - \beta_2} - 1",
                r"\rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t}",
                r"r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2)\rho_\infty}{(\rho_\infty - 4)(\rho_\infty - 2)\rho_t}}",
                r"u_t = \begin{cases} \dfrac{r_t \sqrt{1 - \beta_2^t}}{\sqrt{v_t} + \epsilon} & \rho_t > 5 \\ 1 & \rho_t \le 5 \end{cases}",
                r"\theta_t = \theta_{t-1} - \eta \frac{m_t}{1 - \beta_1^t} u_t",
            ),
        },
        {"torch": (M, V)},
        adaptive=True,
        citation="L. Liu et al., On the variance of the adaptive learning rate and beyond, 2020, arXiv:1908.03265",
    ),
    _bounded("adabound", "AdaBound", "v_t", (M, V), ""),
    _bounded("amsbound", "AMSBound", r"\hat{v}_t", (M, V, V_MAX), r"\hat{v}_t = \max(\hat{v}_{t-1}, v_t)"),
    Rule(
        "swats",
        "SWATS",
        0.05,
        (BETAS, Hyper("eps", 1e-6, above=0, most=1), WEIGHT_DECAY),
        {"torch": _swats(r"10^{-8} + \epsilon \gamma_t"), "paper": _swats(r"\epsilon")},
        {"torch": _SWATS_STATE, "paper": _SWATS_STATE},
        adaptive=True,
        citation="N. S. Keskar and R. Socher, Improving generalization performance by switching from Adam to SGD, 2017, arXiv:1712.07628",
    ),
    Rule(
        "lookahead",
        "Lookahead",
        0.09,
        (
            Hyper("base", "adam", "choice", choices=("sgd", "sgdm", "adam")),
            Hyper("k", 5, "whole", least=1, most=1000),
            Hyper("alpha", 0.5, above=0, most=1),
            Hyper("momentum", 0.9, least=0, below=1, folded=True),
            Hyper("betas", (0.9, 0.999), "pair", least=0, below=1, folded=True),
            EPS,
            WEIGHT_DECAY,
        ),
        {
            "torch": _lines(
                r"\theta_t = \theta_{t-1} + A(\theta_{t-1}, g_t)",
                r"t \bmod k = 0 \;\Rightarrow",
                r"\phi_t = \phi_{t-k} + \alpha (\theta_t - \phi_{t-k})",
                r"\theta_t = \phi_t",
            )
        },
        {"torch": (State("slow", r"\phi_t"), M, V)},
        adaptive=True,
        citation="M. R. Zhang, J. Lucas, G. Hinton and J. Ba, Lookahead optimizer: k steps forward, 1 step back, 2019, arXiv:1907.08610",
    ),
    Rule(
        "lion",
        "Lion",
        0.05,
        (Hyper("betas", (0.9, 0.99), "pair", least=0, below=1), WEIGHT_DECAY),
        {
            "torch": _lines(
                r"c_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t",
                r"\theta_t = (1 - \eta \lambda) \theta_{t-1} - \eta \operatorname{sign} c_t",
                r"m_t = \beta_2 m_{t-1} + (1 - \beta_2) g_t",
            )
        },
        {"torch": (M,)},
        citation="X. Chen et al., Symbolic discovery of optimization algorithms, 2023, arXiv:2302.06675",
    ),
)

RULES: Mapping[str, Rule] = {rule.name: rule for rule in _RULES}
"""Every rule by its name."""

LOOKAHEAD_STATE: Mapping[str, tuple[State, ...]] = {"sgd": (), "sgdm": (BUFFER,), "adam": (M, V)}
"""What Lookahead's inner rule remembers."""


def states(racer: Mapping[str, object]) -> tuple[State, ...]:
    """What a racer with these settings remembers, in the order of its frames."""
    if racer["rule"] not in RULES:
        from app.labs.optimizer.rules.catalogue import catalogue  # which knows these rules

        others = catalogue()[str(racer["rule"])]["state"]
        return tuple(State(name, rf"\mathrm{{{name}}}".replace("_", r"\_"), tuple(shape)) for name, shape in others.items())
    rule, form = RULES[str(racer["rule"])], racer["form"]
    if rule.name == "lookahead":
        return (rule.state["torch"][0], *LOOKAHEAD_STATE[str(racer["base"])])
    kept = rule.state.get(form, ())  # type: ignore[call-overload]
    if rule.name == "rmsprop" and form == "torch":
        kept += (State("grad_avg", "a_t"),) if racer["centered"] else ()
        kept += (BUFFER,) if racer["momentum"] else ()
    if rule.name in ("sgdm", "nesterov", "sgdw") and form == "torch" and not racer["momentum"]:
        return ()
    return tuple(kept)
