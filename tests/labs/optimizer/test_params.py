"""The race's params: what is refused, and where."""

from __future__ import annotations

import pytest

from app import labs
from app.labs import ParamsError


@pytest.mark.parametrize("name", ["use_momentum", "use_scaling", "bias_correction"])
def test_a_papers_form_is_whole(name):
    labs.params_from("optimizer/race", {"racers": [{"rule": "amsgrad", name: False}]})
    with pytest.raises(ParamsError) as refused:
        labs.params_from("optimizer/race", {"racers": [{"rule": "adam"}, {"rule": "amsgrad", "form": "paper", name: False}]})
    path, message = refused.value.errors[0]
    assert (tuple(path), message.id) == (("racers", 1, name), "error.switch_form")
