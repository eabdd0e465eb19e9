r"""The rules with an adaptive rate as lines of arithmetic: Adam's family, AdaBound, SWATS and Lookahead. See ``explain_rules``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.labs.optimizer import explain_rules
from app.labs.optimizer.explain_rules import Step, Work, decayed, decoupled

MOMENTS = {"m": "exp_avg", "v": "exp_avg_sq"}
MOMENTS_NOW = {"m_t": "exp_avg", "v_t": "exp_avg_sq"}
LARGEST, LARGEST_NOW = {"v_max": "max_exp_avg_sq"}, {"v_max_t": "max_exp_avg_sq"}


def _moments(g: str) -> str:
    return f"m_t = beta_1 * m + (1 - beta_1) * {g}\nv_t = beta_2 * v + (1 - beta_2) * {g}**2\n"


def adam(step: Step) -> Work:
    """torch.optim.Adam; its momentum, scaling and bias correction can be switched off one by one."""
    line, g = decayed(step)
    return _adam(step, line, g, "theta")


def adamw(step: Step) -> Work:
    """torch.optim.AdamW: Adam after the weights have shrunk by themselves."""
    line, theta = decoupled(step)
    return _adam(step, line, "g", theta)


def amsgrad(step: Step) -> Work:
    """torch.optim.Adam(amsgrad=True) takes the maximum of the raw v, then corrects it; the paper corrects nothing."""
    line, g = decayed(step)
    if step.form == "paper":
        text = f"{line}{_moments(g)}v_max_t = max(v_max, v_t)\ntheta_t = theta - eta / sqrt(v_max_t) * m_t"
        return Work(text, MOMENTS | LARGEST, MOMENTS_NOW | LARGEST_NOW, "eta / sqrt(v_max_t)")
    return _adam(step, line, g, "theta", largest=True)


def _adam(step: Step, line: str, g: str, theta: str, largest: bool = False) -> Work:
    momentum, scaling, correction = (step.h[name] for name in ("use_momentum", "use_scaling", "bias_correction"))
    first, second = "m_t", "v_max_t" if largest else "v_t"
    m_t, v_t = _moments(g).splitlines()
    text = f"{line}{m_t if momentum else f'm_t = {g}'}\n{v_t}\n" + ("v_max_t = max(v_max, v_t)\n" if largest else "")
    if correction and momentum:
        text += "m_hat = m_t / (1 - beta_1**t)\n"
        first = "m_hat"
    if correction and scaling:
        text += f"v_hat = {second} / (1 - beta_2**t)\n"
        second = "v_hat"
    divisor = f" / (sqrt({second}) + epsilon)" if scaling else ""
    text += f"theta_t = {theta} - eta * {first}{divisor}"
    before, after = (MOMENTS | LARGEST, MOMENTS_NOW | LARGEST_NOW) if largest else (MOMENTS, MOMENTS_NOW)
    return Work(text, before, after, f"eta{divisor}")


def adadelta(step: Step) -> Work:
    """torch.optim.Adadelta: the step is measured in past steps, so that its unit is the parameter's."""
    line, g = decayed(step)
    return Work(
        f"{line}v_t = rho * v + (1 - rho) * {g}**2\n"
        f"d = sqrt(u + epsilon) / sqrt(v_t + epsilon) * {g}\n"
        "u_t = rho * u + (1 - rho) * d**2\n"
        "theta_t = theta - eta * d",
        {"v": "square_avg", "u": "acc_delta"},
        {"v_t": "square_avg", "u_t": "acc_delta"},
        "eta * sqrt(u + epsilon) / sqrt(v_t + epsilon)",
    )


def nadam(step: Step) -> Work:
    """torch.optim.NAdam: mu_t follows a schedule of its own."""
    line, g = decayed(step)
    return Work(
        f"{line}mu_t = beta_1 * (1 - 0.5 * 0.96**(t * psi))\nmu_next = beta_1 * (1 - 0.5 * 0.96**((t + 1) * psi))\n"
        f"p_t = p * mu_t\n{_moments(g)}"
        f"m_hat = mu_next * m_t / (1 - p_t * mu_next) + (1 - mu_t) * {g} / (1 - p_t)\n"
        "v_hat = v_t / (1 - beta_2**t)\n"
        "theta_t = theta - eta * m_hat / (sqrt(v_hat) + epsilon)",
        {**MOMENTS, "p": "mu_product"},
        {**MOMENTS_NOW, "p_t": "mu_product"},
        "eta / (sqrt(v_hat) + epsilon)",
    )


def radam(step: Step) -> Work:
    """torch.optim.RAdam: while the second moment rests on too few steps (rho_t <= 5) it is left out."""
    line, g = decayed(step)
    beta_2 = step.h["betas"][1]
    rho_inf = 2 / (1 - beta_2) - 1
    rho_t = rho_inf - 2 * step.t * beta_2**step.t / (1 - beta_2**step.t)
    text = (
        f"{line}{_moments(g)}m_hat = m_t / (1 - beta_1**t)\n"
        "rho_inf = 2 / (1 - beta_2) - 1\nrho_t = rho_inf - 2 * t * beta_2**t / (1 - beta_2**t)\n"
    )
    rectified = rho_t > 5
    if rectified:
        text += (
            "l_t = sqrt(1 - beta_2**t) / (sqrt(v_t) + epsilon)\n"
            "r_t = sqrt((rho_t - 4) * (rho_t - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho_t))\n"
            "theta_t = theta - eta * m_hat * r_t * l_t"
        )
    else:
        text += "theta_t = theta - eta * m_hat"
    return Work(text, MOMENTS, MOMENTS_NOW, "eta * r_t * l_t" if rectified else "eta")


def lion(step: Step) -> Work:
    """X. Chen et al. 2023, algorithm 2: only the sign of the interpolated gradient counts."""
    line, theta = decoupled(step)
    return Work(
        f"{line}c_t = beta_1 * m + (1 - beta_1) * g\nm_t = beta_2 * m + (1 - beta_2) * g\ntheta_t = {theta} - eta * sign(c_t)",
        {"m": "exp_avg"},
        {"m_t": "exp_avg"},
    )


def adabound(step: Step) -> Work:
    """The authors' code, or (paper) algorithm 2: no bias correction, the rate divided by sqrt(t)."""
    return _bounded(step, largest=False)


def amsbound(step: Step) -> Work:
    """AdaBound with the largest second moment so far in the divisor."""
    return _bounded(step, largest=True)


def _bounded(step: Step, largest: bool) -> Work:
    line, g = decayed(step)
    second = "v_max_t" if largest else "v_t"
    text = line + _moments(g) + ("v_max_t = max(v_max, v_t)\n" if largest else "")
    before, after = (MOMENTS | LARGEST, MOMENTS_NOW | LARGEST_NOW) if largest else (MOMENTS, MOMENTS_NOW)
    after = after | {"low": "lower_bound", "high": "upper_bound"}
    if step.form == "paper":
        text += (
            "low = eta_final - eta_final / (gamma_b * t + 1)\nhigh = eta_final + eta_final / (gamma_b * t)\n"
            f"rate = eta / sqrt({second})\nrate_t = clip(rate, low, high)\ntheta_t = theta - rate_t / sqrt(t) * m_t"
        )
    else:
        text += (
            "eta_star = eta_final * eta / eta_base\n"
            "low = eta_star * (1 - 1 / (gamma_b * t + 1))\nhigh = eta_star * (1 + 1 / (gamma_b * t))\n"
            f"rate = eta * sqrt(1 - beta_2**t) / (1 - beta_1**t) / (sqrt({second}) + epsilon)\n"
            "rate_t = clip(rate, low, high)\ntheta_t = theta - rate_t * m_t"
        )
    return Work(text, before, after, "rate_t")


def swats(step: Step) -> Work:
    """SWATS: an Adam step while its phase is 0; after the switch SGD with momentum at the rate it found."""
    line, g = decayed(step)
    if step.switched:
        text = f"{line}b_t = beta_1 * b + {g}\ntheta_t = theta - (1 - beta_1) * Lambda * b_t"
        return Work(text, {"b": "momentum_buffer"}, {"b_t": "momentum_buffer"}, "Lambda")
    rate = "eta * sqrt(1 - beta_2**t) / (1 - beta_1**t) / (sqrt(v_t) + epsilon)"
    text = f"{line}{_moments(g)}rate = {rate}\nd = -rate * m_t\ntheta_t = theta + d"
    return Work(text, MOMENTS, MOMENTS_NOW, rate)


def lookahead(step: Step) -> Work:
    """Every k steps the slow weights follow the fast ones, and the fast ones go back to them."""
    base = RULES[step.h["base"]](_inner(step))
    text = base.lines.replace("theta_t =", "theta_fast =")
    if step.t % step.h["k"] == 0:
        text += "\nphi_t = phi + slow_alpha * (theta_fast - phi)\ntheta_t = phi_t"
    else:
        text += "\nphi_t = phi\ntheta_t = theta_fast"
    return Work(text, {**base.before, "phi": "slow"}, {**base.after, "phi_t": "slow"}, base.rate)


def _inner(step: Step) -> Step:
    """The step as Lookahead's inner rule sees it: Adam with nothing switched off."""
    whole = {"use_momentum": True, "use_scaling": True, "bias_correction": True}
    return Step({**step.h, **whole}, step.t, "torch", step.fresh)


RULES: Mapping[str, Callable[[Step], Work]] = {
    "gd": explain_rules.sgd,
    "sgd": explain_rules.sgd,
    "sgdm": explain_rules.sgdm,
    "nesterov": explain_rules.nesterov,
    "sgdw": explain_rules.sgdw,
    "adagrad": explain_rules.adagrad,
    "rmsprop": explain_rules.rmsprop,
    "adadelta": adadelta,
    "adam": adam,
    "amsgrad": amsgrad,
    "adamw": adamw,
    "nadam": nadam,
    "radam": radam,
    "lion": lion,
    "adabound": adabound,
    "amsbound": amsbound,
    "swats": swats,
    "lookahead": lookahead,
}
"""The lines of every rule of the table; a rule of the catalogue has none, its inside is not drawn."""
