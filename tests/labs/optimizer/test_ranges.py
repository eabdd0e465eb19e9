"""The picture's sides: a typed f that is finite only there can be raced on."""

from __future__ import annotations

import numpy as np
import pytest

from app import labs
from app.labs import ParamsError
from app.labs.contract import UserError


def test_log_is_refused_over_the_usual_picture_and_races_where_it_is_finite():
    text = "log(x)^2 + y^2"
    with pytest.raises(UserError):
        labs.scene("optimizer/race", expression=text)
    sides = {"expression": text, "x_range": [0.1, 4], "y_range": [-2, 2]}
    scene = labs.scene("optimizer/race", **sides)
    assert scene.note["view"] == [0.1, 4, -2, 2]
    assert (scene.tensors["x"][0], scene.tensors["x"][-1]) == (np.float32(0.1), 4)
    (minimum,) = scene.note["minima"]
    np.testing.assert_allclose(minimum, [1, 0, 0], atol=1e-6)
    last = list(labs.run("optimizer/race", racers=[{"rule": "adam", "lr": 0.1}], steps=300, **sides))[-1]
    np.testing.assert_allclose(last.tensors["position"], [[1, 0]], atol=1e-2)


def test_a_surface_is_shown_over_the_sides_given():
    assert labs.scene("optimizer/race", x_range=[2, 4]).note["view"][:2] == [2, 4]


@pytest.mark.parametrize("side", [[1, 1], [2, -2]])
def test_a_range_goes_from_low_to_high(side):
    with pytest.raises(ParamsError) as refused:
        labs.params_from("optimizer/race", {"y_range": side})
    path, message = refused.value.errors[0]
    assert (tuple(path), message.id) == (("y_range",), "error.range")
