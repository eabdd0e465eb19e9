"""The copied script, run by a Python that knows nothing of this program, prints the race's own numbers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from app import labs
from app.labs.contract import Frame
from app.labs.optimizer import basins, rare
from app.labs.optimizer.passes import parts
from app.labs.optimizer.race import labels
from app.labs.optimizer.rules.table import RULES
from app.labs.optimizer.script import script

torch.set_num_threads(1)
ALL = [{"rule": rule.name, "form": form} for rule in RULES.values() for form in rule.forms]

CASES = {
    "the default race": {"steps": 40},
    "every rule, first half": {"racers": ALL[:14], "steps": 25},
    "every rule, second half": {"racers": ALL[14:], "steps": 25, "dtype": "float64"},
    "noise and clipping": {
        "racers": [{"rule": "gd"}, {"rule": "sgd"}, {"rule": "adam"}],
        "steps": 30,
        "noise": 2.0,
        "clip": 5.0,
        "seed": 3,
    },
    "least squares": {
        "surface": "least-squares",
        "batch_size": 5,
        "racers": [{"rule": "gd", "lr": 0.3}, {"rule": "sgd", "lr": 0.05}],
        "steps": 40,
    },
    "a typed surface": {"expression": "sqrt(x^2 + y^4) + sin(3x)*exp(-y^2) + |x|".replace("|x|", "abs(x)"), "steps": 20},
    "the ravine": {"surface": "ravine", "condition": 40.0, "steps": 20, "start": [3.0, 1.0]},
    "schedules": {
        "racers": [
            {"rule": "sgd", "schedule": {"kind": kind}}
            for kind in ("step", "exponential", "cosine", "cyclical", "sgdr", "one-cycle", "warmup", "inverse-sqrt", "range-test")
        ]
        + [
            {"rule": "adam", "schedule": {"kind": "range-test", "mode": "linear"}},
            {"rule": "adam", "schedule": {"kind": "one-cycle", "cycle_momentum": True, "total_steps": 12}},
            {"rule": "sgdm", "schedule": {"kind": "cyclical", "cycle_momentum": True, "mode": "triangular2", "step_size_up": 4}},
            {"rule": "adabound", "schedule": {"kind": "cosine", "T_max": 9}},
        ],
        "steps": 30,
    },
    "branches": {
        "racers": [
            {"rule": "adam"},
            {"rule": "sgdm", "schedule": {"kind": "exponential"}},
            {"rule": "lookahead"},
            {"rule": "adamw"},
        ],
        "steps": 30,
        "changes": [
            {"at": 10, "set": {"racers.0.lr": 0.01, "noise": 0.5, "racers.2.lr": 0.02}},
            {"at": 20, "set": {"racers.1.schedule": None, "clip": 2.0, "racers.3.use_momentum": False}},
        ],
    },
    "switches": {
        "racers": [{"rule": "adam", "bias_correction": False}, {"rule": "amsgrad", "use_scaling": False, "lr": 0.002}],
        "steps": 20,
    },
    "swats hands over": {"racers": [{"rule": "swats", "lr": 0.01, "eps": 1e-2}], "steps": 60, "dtype": "float64"},
    "a list of gradients": {
        "source": {"kind": "gradients", "values": [[1, 2], [-1, 0.5]]},
        "racers": [{"rule": "sgdm"}],
        "steps": 5,
    },
    "reddi": {"source": {"kind": "rare", "case": "reddi"}, "racers": [{"rule": "gd"}, {"rule": "adam"}], "steps": 300, "seed": 5},
    "spike": {"source": {"kind": "rare", "case": "spike"}, "racers": [{"rule": "adam"}, {"rule": "gd"}], "steps": 20},
    "racers that leave": {
        "racers": [{"rule": "gd", "lr": 5.0}, {"rule": "rmsprop", "form": "notes"}, {"rule": "sgd"}],
        "steps": 15,
    },
    "rules of the catalogue": {"racers": [{"rule": rule} for rule in ("adabelief", "grokfastadamw", "yogi", "asgd")], "steps": 10},
    "a rule of the catalogue on its way": {
        "racers": [{"rule": "grokfastadamw", "lr": 0.1, "schedule": {"kind": "cosine"}}, {"rule": "grokfastadamw", "lr": 0.1}],
        "steps": 20,
        "changes": [{"at": 10, "set": {"racers.0.lr": 0.3, "racers.1.lr": 0.3}}],
    },
    "where the loss is no number": {
        "expression": "log(x) + x + y^2",
        "x_range": [0.5, 4],
        "start": [1, 1],
        "racers": [{"rule": "sgd", "lr": 1.5}, {"rule": "sgd", "lr": 0.01}],
        "steps": 6,
    },
    "no step": {"steps": 0},
}


ALONE = ("the default race", "branches", "rules of the catalogue")
"""Each of these gets a Python of its own; the others are forked off one that has imported torch already."""

PYTHON = (sys.executable, "-I", "-W", "error::SyntaxWarning")
PRESS = """
import os, runpy, sys, traceback
import torch

torch.optim.SGD([torch.zeros(1)])  # the first optimizer imports as much again
for line in sys.stdin:
    path = line.rstrip()
    child = os.fork()
    if not child:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{path}.{name}", os.O_CREAT | os.O_WRONLY), number)
        os.chdir(os.path.dirname(path))
        try:
            runpy.run_path(path, run_name="__main__")
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs each script whose path it reads in a child of its own: importing torch takes longer than all a script does."""


@pytest.fixture(scope="module")
def press():
    if not hasattr(os, "fork"):
        yield None
        return
    with subprocess.Popen([*PYTHON, "-c", PRESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


def printed(text, folder, press=None):
    path = folder / "race.py"
    path.write_text(text)
    if press is None:
        done = subprocess.run([*PYTHON, str(path)], cwd=folder, capture_output=True, text=True, timeout=600, check=False)
        code, out, err = done.returncode, done.stdout, done.stderr
    else:
        press.stdin.write(f"{path}\n")
        press.stdin.flush()
        code = int(press.stdout.readline())
        out, err = (Path(f"{path}.{name}").read_text() for name in ("out", "err"))
    assert code == 0, err + text
    return [line.split("\t") for line in out.splitlines()]


@pytest.mark.parametrize("case", CASES)
def test_the_script_prints_the_races_numbers(case, tmp_path, press):
    compare(CASES[case], tmp_path, None if case in ALONE else press)


def compare(settings, folder, press):
    params = labs.params_from("optimizer/race", settings)
    text = script(params)
    assert "import app" not in text
    assert "from app" not in text
    names = labels(params)
    expected = []
    for frame in labs.run("optimizer/race", **settings):
        for r, name in enumerate(names):
            x, y = frame.tensors["position"][r].tolist()
            expected.append([str(frame.step), name, repr(x), repr(y), repr(float(frame.tensors["loss"][r]))])
    assert printed(text, folder, press) == expected


def test_the_script_makes_the_steps_before_the_race_too(tmp_path, press, monkeypatch):
    monkeypatch.setattr(rare, "ONES", 50)
    racers = [{"rule": "adam", "schedule": {"kind": "one-cycle", "cycle_momentum": True}}, {"rule": "sgdm"}, {"rule": "gd"}]
    compare({"source": {"kind": "rare", "case": "ones-then-spike"}, "racers": racers, "steps": 20, "noise": 0.1}, tmp_path, press)


MAPS = {
    "starts": {},
    "swats, clipping and noise": {"racers": [{"rule": "swats", "lr": 0.05, "eps": 0.01}], "clip": 3.0, "noise": 0.5},
    "settings on a schedule": {
        "axes": "settings",
        "racers": [{"rule": "adam", "schedule": {"kind": "cyclical", "step_size_up": 3}}],
        "y_setting": "beta1",
        "x_range": [0.01, 0.5],
        "x_log": True,
    },
    "lookahead's own settings": {
        "axes": "settings",
        "racers": [{"rule": "lookahead", "schedule": {"kind": "range-test"}}],
        "y_setting": "alpha",
        "x_range": [0.01, 0.5],
    },
    "paths one by one": {"racers": [{"rule": "adabelief", "lr": 0.1}]},
    "batches": {"surface": "least-squares", "batch_size": 3, "racers": [{"rule": "sgd", "lr": 0.05}]},
    "paths that diverge": {"surface": "monkey-saddle", "racers": [{"rule": "sgdm", "lr": 0.3}]},
    "a formula without a number": {
        "racers": [{"rule": "rmsprop", "form": "notes", "lr": 0.05, "schedule": {"kind": "one-cycle", "cycle_momentum": False}}],
        "dtype": "float64",
    },
    "a typed surface": {"expression": "abs(x) + y^4 - 1/(x^2 + 0.01)"},
}


@pytest.mark.parametrize("case", MAPS)
def test_the_script_prints_the_maps_numbers(case, tmp_path, press):
    values = {"pixels": 8, "steps": 25, **MAPS[case]}
    params = labs.params_from("optimizer/basins", values)
    found = {(int(row), int(column)): told for row, column, *told in printed(basins.script(params), tmp_path, press)}
    expected = {}
    for frame in basins.run(params):
        if isinstance(frame, Frame):
            part, t = parts(8, params.most())[frame.step], frame.tensors
            for i, row in enumerate(part.rows):
                for j, column in enumerate(part.columns):
                    floats = (*t["where"][:, i, j].tolist(), t["loss"][i, j].item())
                    minimum = t["minimum"][i, j].item()
                    whole = (t["steps"][i, j].item(), -1 if minimum == 255 else minimum, t["status"][i, j].item())
                    expected[row, column] = [*map(repr, floats), *map(str, whole)]
    assert found == expected


def test_the_script_holds_only_what_it_needs():
    text = script(labs.params_from("optimizer/race", {"racers": [{"rule": "adam"}], "steps": 5}))
    assert "torch.optim.Adam([p], lr=0.09)" in text
    for unneeded in ("numpy", "class ", "lr_scheduler", "clip", "noise", "batch"):
        assert unneeded not in text
    assert len(text.splitlines()) < 70
