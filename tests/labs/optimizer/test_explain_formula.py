"""A line of arithmetic says the same three times; a slope written as a formula is autograd's slope."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.labs.optimizer.explain_formula import evaluate, names, parse, substitute, typeset
from app.labs.optimizer.explain_surface import FIT_LOSS, FIT_SLOPE, fit_means, loss_text, slope_text
from app.labs.optimizer.expression import parse as parse_surface
from app.labs.optimizer.least_squares import batch, batch_loss, full_loss
from app.labs.optimizer.surfaces import SURFACES

COORDINATE = st.floats(-3, 3).filter(lambda v: abs(v) > 1e-3)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("m_t - -3 * b", {"m_t": 2.0, "b": 5.0}, 17.0),
        ("a - (b - c)", {"a": 1.0, "b": 2.0, "c": 4.0}, 3.0),
        ("a / b * c", {"a": 1.0, "b": 2.0, "c": 4.0}, 2.0),
        ("-a**2", {"a": 3.0}, -9.0),
        ("clip(a, 0, 1) + max(a, 5) - min(a, 2) + sign(-a)", {"a": 3.0}, 3.0),
    ],
)
def test_a_line_is_worked_out_as_python_would(text, values, expected):
    assert evaluate(parse(text), values) == expected


def test_impossible_arithmetic_gives_nan_or_infinity_as_torch_does():
    assert math.isnan(evaluate(parse("sqrt(a)"), {"a": -1.0}))
    assert math.isnan(evaluate(parse("a / a"), {"a": 0.0}))
    assert evaluate(parse("1 / a"), {"a": 0.0}) == math.inf
    assert evaluate(parse("exp(a)"), {"a": 1e6}) == math.inf


def test_a_line_is_typeset_with_only_the_brackets_it_needs():
    tree = parse("beta * m + (1 - beta) * g**2 / (sqrt(v) + eps)")
    symbols = {"beta": r"\beta", "m": "m_{t-1}", "g": "g_t", "v": "v_t", "eps": r"\epsilon"}
    assert typeset(tree, symbols.__getitem__) == (r"\beta m_{t-1} + \frac{\left(1 - \beta\right) g_t^{2}}{\sqrt{v_t} + \epsilon}")


def test_a_negative_number_is_put_in_with_brackets_where_it_follows_an_operator():
    assert substitute(parse("a + b * c"), {"a": -1.0, "b": -2.0, "c": -3.0}) == (
        r"\num{a} + \left(\num{b} \cdot \left(\num{c}\right)\right)"
    )
    assert substitute(parse("a**2"), {"a": -1.0}) == r"\left(\num{a}\right)^{2}"
    assert substitute(parse("a - b"), {"a": 1.0, "b": 2.0}) == r"\num{a} - \num{b}"


def test_every_name_is_a_term():
    assert list(names(parse("exp(a) + pi * max(b, a) + e"))) == ["a", "b"]


@pytest.mark.parametrize("text", ["__import__('os')", "a.b", "[a]", "a if b else c", "open(a)"])
def test_only_arithmetic_is_read(text):
    with pytest.raises((ValueError, SyntaxError)):
        evaluate(parse(text), {"a": 1.0, "b": 1.0, "c": 1.0})


def loss_and_slopes(expression, x, y):
    position = torch.tensor([x, y], dtype=torch.float64, requires_grad=True)
    loss = expression.compile()(position[0], position[1])
    loss.backward()
    return loss.item(), position.grad.tolist()


@pytest.mark.parametrize("name", [name for name, surface in SURFACES.items() if not surface.data])
@settings(max_examples=25, deadline=None)
@given(x=COORDINATE, y=COORDINATE)
def test_loss_and_slope_of_every_surface_are_torchs(name, x, y):
    expression = parse_surface(SURFACES[name].expression, {"condition": 25.0})
    loss, slopes = loss_and_slopes(expression, x, y)
    values = {"x": x, "y": y, "condition": 25.0}
    size = 1 + abs(loss) + max(map(abs, slopes))
    assert evaluate(parse(loss_text(expression)), values) == pytest.approx(loss, abs=1e-12 * size)
    for coordinate in (0, 1):
        assert evaluate(parse(slope_text(expression, coordinate)), values) == pytest.approx(slopes[coordinate], abs=1e-11 * size)


FUNCTIONS = ["sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "exp", "abs", "sigmoid", "relu"]
typed = st.recursive(
    st.sampled_from(["x", "y", "2", "0.5", "pi"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]}) / (1 + ({t[1]})^2)"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        st.tuples(inner, st.sampled_from("23")).map(lambda t: f"({t[0]})^{t[1]}"),
        st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda t: f"{t[0]}(sin({t[1]}))"),
        inner.map(lambda t: f"sqrt(1 + ({t})^2)"),
        inner.map(lambda t: f"log(2 + sin({t}))"),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(text=typed, x=COORDINATE, y=COORDINATE)
def test_the_slope_of_a_typed_formula_is_autograds(text, x, y):
    try:
        expression = parse_surface(text + " + x*y")
    except ValueError:
        return
    loss, slopes = loss_and_slopes(expression, x, y)
    size = 1 + abs(loss) + max(map(abs, slopes))
    for coordinate in (0, 1):
        value = evaluate(parse(slope_text(expression, coordinate)), {"x": x, "y": y})
        if "max" in text or "abs" in text or "relu" in text:
            # on a crease there is no one slope: ask a little to each side
            sides = [loss_and_slopes(expression, x + d, y + e)[1][coordinate] for d in (-1e-9, 1e-9) for e in (-1e-9, 1e-9)]
            if max(sides) - min(sides) > 1e-6 * size:
                continue
        assert value == pytest.approx(slopes[coordinate], abs=1e-9 * size)


@given(x=COORDINATE, y=COORDINATE, step=st.integers(1, 40))
@settings(max_examples=30, deadline=None)
def test_the_fit_in_means_is_the_mean_over_the_samples(x, y, step):
    samples = batch(7, step, 8)
    for chosen, loss in ((None, full_loss), (samples, lambda a, b: batch_loss(a, b, torch.tensor(samples)))):
        position = torch.tensor([x, y], dtype=torch.float64, requires_grad=True)
        value = loss(position[0], position[1])
        value.backward()
        numbers = {**fit_means(chosen), "x": x, "y": y}
        assert evaluate(parse(FIT_LOSS), numbers) == pytest.approx(value.item(), rel=1e-11, abs=1e-11)
        for coordinate in (0, 1):
            assert evaluate(parse(FIT_SLOPE[coordinate]), numbers) == pytest.approx(position.grad[coordinate].item(), abs=1e-11)
