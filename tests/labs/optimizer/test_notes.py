"""The register of the lecture notes: both languages hold the same rows, every line has one, every built row is measured.

A row's data is the fenced JSON under its heading; its numbers are strings as the prose prints them: a run must round to them.
"""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from app import labs
from app.nn import weights

torch.set_num_threads(1)
DOCS = {"en": Path("docs/notes.md"), "zh": Path("docs/notes.zh-CN.md")}
VERDICTS = {
    "en": {"holds": "holds", "holds-when": "holds when", "wrong": "wrong as written"},
    "zh": {"holds": "成立", "holds-when": "有条件成立", "wrong": "原文有误"},
}
FIRST, LAST = 4, 153
"""The notes' first and last line with content."""


def sections(language):
    """(heading and prose, data) of every built row."""
    text = DOCS[language].read_text(encoding="utf-8")
    found = re.findall(r"^### (.+?)^```json\n(.+?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(prose, json.loads(data)) for prose, data in found]


def waiting(language):
    """(first line, last line, lab) of the rows that are built with another lab."""
    text = DOCS[language].read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+)–(\d+) \|.*\| `(\w+)` \|$", text, re.MULTILINE)
    return [(int(a), int(b), lab) for a, b, lab in rows]


ROWS = {data["id"]: data for _, data in sections("en")}


@cache
def run(name):
    frames = list(labs.run(ROWS[name]["experiment"], **ROWS[name]["params"]))
    return {key: np.stack([f.tensors[key] for f in frames]) for key in frames[0].tensors}


def scene(name):
    return labs.scene(ROWS[name]["experiment"], **ROWS[name]["params"]).note


def minimum(name):
    return labs.scene("optimizer/race", **ROWS[name]["params"]).note["minimum"]


def arrivals(name, tolerance):
    """Of every racer the first step within the tolerance of the minimum."""
    near = run(name)["loss"] - minimum(name) < tolerance
    return [int(np.nonzero(column)[0][0]) for column in near.T]


def lengths(name):
    """The step's length along x against racer 0's, at the last step."""
    last = run(name)["update"][-1, :, 0]
    return last / last[0]


def first_nan(name, r):
    return int(np.nonzero(run(name)["status"][:, r] == 3)[0][0])


def all_samples():
    steps = arrivals("all-samples", 0.01)
    seen = [run("all-samples")["samples"][step, r] for r, step in enumerate(steps)]
    return {"gd_steps": steps[0], "sgd_steps": steps[1], "gd_samples": seen[0], "sgd_samples": seen[1]}


def sgd():
    kept = run("sgd")
    formula = kept["position"][:-1] - 0.004 * kept["gradient"][1:]
    return {"difference": np.abs(formula - kept["position"][1:]).max()}


def adagrad():
    angles = run("adagrad")["angle"][1:, 1]
    return {"nan_step": first_nan("adagrad", 0), "angle": angles.max()}


def rmsprop():
    return {"nan_step": first_nan("rmsprop", 0), "first": abs(run("rmsprop")["update"][1, 1, 0]) / 0.01}


def rmsprop_over_adagrad():
    steps = np.abs(run("rmsprop-over-adagrad")["update"][1:, :, 0])
    assert steps[-1, 1] == pytest.approx(0.01, rel=1e-3)  # RMSProp's settles at lr
    return {"adagrad": steps[-1, 0] / steps[0, 0]}


def adam():
    position, update = run("adam")["position"], run("adam")["update"]
    difference = np.abs(position[:, 1] - position[:, 2]).max()
    return {"rmsprop": difference, "first": update[1, 3, 0] / update[1, 4, 0], "adam": abs(update[1, 0, 0]) / 0.05}


def adam_against_sgdm():
    """Epochs until the median training loss is where the slowest rule's ends, and the right test answers in per cent."""
    kept = run("adam-against-sgdm")
    train, right = kept["train_loss"][:, :, 1], 100 * kept["test_accuracy"][-1, :, 1]
    adam, slow, fast = (train <= train[-1, 1]).argmax(axis=0)
    return {"adam": adam, "slow": slow, "fast": fast, "adam_right": right[0], "fast_right": right[2]}


def swats():
    kept = run("swats")
    assert not kept["state/1/phase"].any()
    return {"switch": int(np.nonzero(kept["state/0/phase"])[0][0]), "rate": kept["lr"][-1, 0]}


def amsgrad():
    kept = run("amsgrad")
    step = np.abs(kept["update"][1800, :, 0]) / 0.01
    assert step[0] == pytest.approx(step[1])
    adam_rate, amsgrad_rate = kept["effective_lr"][-1, :, 0] / 0.01
    return {"step": step[0], "adam": adam_rate, "amsgrad": amsgrad_rate}


def adabound():
    low, high = run("adabound")["state/0/lower_bound"], run("adabound")["state/0/upper_bound"]
    rate = run("adabound")["effective_lr"][1:, 0]
    assert ((rate >= low[1:, None] * (1 - 1e-6)) & (rate <= high[1:, None] * (1 + 1e-6))).all()
    return {"lower_1": low[1], "upper_1": high[1], "lower_n": low[-1], "upper_n": high[-1]}


def better_sgdm():
    rate, loss = run("better-sgdm")["lr"][:, 0], run("better-sgdm")["loss"][-1]
    restarts = [t for t in range(2, len(rate)) if rate[t] > rate[t - 1]]
    return {"first": restarts[0], "second": restarts[1], "sgdr": loss[0], "cosine": loss[1]}


def global_view():
    sizes = {field["name"]: field["size"] for field in scene("pooling-global-view")["receptive"]}
    stacks = ("conv3-conv3", "conv3-pool2-conv3", "conv3-conv3-conv3", "conv3-pool2-conv3-pool2-conv3", "conv3-global")
    assert all(sizes[name][0] == sizes[name][1] for name in stacks)
    return dict(zip(("plain", "pooled", "three", "pooled_twice", "global"), (sizes[name][0] for name in stacks), strict=True))


def within_channels():
    changes = {one["pool"]: one for one in scene("pooling-within-channels")["changes"]}
    others = {name: changes[name]["others"] for name in ("max", "average", "attention")}
    return {**others, "weight": changes["attention"]["weights"]}


def three_poolings():
    outputs = {name: run("three-poolings")[f"output/{name}"][-1].item() for name in ("max", "average", "attention")}
    params = ROWS["three-poolings"]["params"]
    for name, temperature in (("hot", 1e3), ("cold", 1e-3)):
        *_, last = labs.run("convolution/pooling", **params, temperature=temperature)
        outputs[name] = last.tensors["output/attention"].item()
    return outputs


def cnn_success():
    kinds = {
        name: [frame.note["layer"]["kind"] for frame in labs.run("convolution/network", network=name)] for name in ("vgg", "resnet")
    }
    accuracy = {name: 100 * weights.card(name)["test_accuracy"] for name in kinds}
    return accuracy | {f"{name}_poolings": kinds[name].count("pool") for name in kinds}


def simplified_dense():
    tensors = labs.scene("convolution/sliding", **ROWS["simplified-dense"]["params"]).tensors
    # The matrix tells where which weight stands; its numbers are those of the kernel.
    places, kernel = tensors["matrix"], tensors["weight"].flatten()
    matrix = np.where(places >= 0, kernel[places], 0)
    bias = torch.nn.Conv2d(1, 1, 3).bias.numel()
    return {
        "dense": matrix.size,
        "connections": np.count_nonzero(matrix),
        "shared": len(np.unique(matrix[matrix != 0])),
        "bias": bias,
    }


def channels_recognise():
    def correlations(**more):
        tensors = labs.scene("convolution/sliding", **{**ROWS["channels-recognise"]["params"], **more}).tensors
        return np.corrcoef(tensors["output"].reshape(4, -1))

    learned = correlations()
    others = learned[~np.eye(4, dtype=bool)]
    return {"least": others.min(), "most": others.max(), "alike": correlations(kernel="sobel-x").min()}


def across_channels():
    params = ROWS["across-channels"]["params"]
    _, first, *_ = labs.run("convolution/sliding", **params)
    _, grouped, *_ = labs.run("convolution/sliding", **params, groups=2, out_channels=2)
    sums = first.tensors["sums"]
    return {"first": sums[0], "second": sums[1], "both": first.tensors["value"][0], "grouped": grouped.tensors["value"][0]}


def outputs(name, **more):
    """The outputs y (T, outputs) of a recurrent network by hand."""
    return list(labs.run("recurrent/by-hand", **{**ROWS[name]["params"], **more}))[-1].tensors["y"]


def rnn_remembers():
    first, second, third = outputs("rnn-remembers")[:, 0]
    return {
        "first": first,
        "second": second,
        "third": third,
        "alone": labs.scene("recurrent/by-hand").tensors["alone/y"][2, 0],
        "moved": outputs("rnn-remembers", x=[[1, 1], [2, 2], [1, 1]])[2, 0],
        "mixed": outputs("rnn-remembers", x=[[2, 0], [1, 1], [2, 2]])[2, 0],
    }


def one_to_many():
    answers = {}
    for task in ("recall", "echo"):
        note = labs.scene("recurrent/learning", task=task).note
        symbols = len(note["symbols"])
        answers[task] = symbols if note["every_step"] else 1
    return {
        "read": len(scene("one-to-many")["prompt"]),
        "written": len(run("one-to-many")["u"]) - 1,
        "symbols": symbols,
        "recalled": answers["recall"],
        "echoed": answers["echo"],
    }


def sequence_to_sequence():
    last = list(labs.run("recurrent/translate", **ROWS["sequence-to-sequence"]["params"]))[-1]
    return {
        "dates": 100 * weights.card("seq2seq_dates_dot")["exact"],
        "echo": 100 * weights.card("seq2seq_echo")["exact"],
        "diverged": last.note["diverged"],
        "length": len(scene("sequence-to-sequence")["tokens"]),
    }


def elman_jordan():
    return {
        "elman": outputs("elman-jordan", cell="rnn")[2, 0],
        "jordan": outputs("elman-jordan")[2, 0],
        "leaky": outputs("elman-jordan", leak=0.5)[2, 0],
    }


def lstm_gates():
    tensors = list(labs.run("recurrent/by-hand", **ROWS["lstm-gates"]["params"]))[-1].tensors
    c, y = tensors["c"][:, 0, 0], tensors["y"][:, 0]
    return {"remembered": c[2], "shut": y[2], "read": y[3], "wiped": c[4]}


def gru_gates():
    def unit(reset):
        return list(labs.run("recurrent/by-hand", **{**ROWS["gru-gates"]["params"], "reset": reset}))[-1].tensors["h"][1, 0, 1]

    return {reset: unit(reset) for reset in ("after", "before")}


def bidirectional():
    tensors = labs.scene("recurrent/by-hand", **ROWS["bidirectional"]["params"]).tensors
    forward, reverse = tensors["output"][-1]
    assert tensors["h_n"][0] == tensors["h_n"][1]
    return {"forward": forward, "reverse": reverse, "h_n": tensors["h_n"][0, 0]}


def rnn_base():
    kinds = (torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU)
    with pytest.raises(NotImplementedError):
        torch.nn.RNNBase("GRU", 1, 1)(torch.zeros(1, 1))
    return {"children": sum(torch.nn.RNNBase in kind.__bases__ for kind in kinds), "forward": "forward" in vars(torch.nn.RNNBase)}


def vanishing():
    """How many steps back less than a thousandth of a gradient is left; the least that an LSTM that keeps has at any step."""
    params = ROWS["vanishing"]["params"]

    def lengths(**more):
        return np.array([frame.tensors["h"] for frame in labs.run("recurrent/gradients", **{**params, **more})])

    rnn, lstm, _ = (np.argmax(column < 1e-3) for column in lengths(bias=0).T)
    return {"rnn": rnn, "lstm": lstm, "kept": lengths()[:, 1].min()}


def clipping():
    params = ROWS["clipping"]["params"]
    before, after, norm, _ = labs.scene("recurrent/gradients", **params).tensors["clip"][0]
    value = labs.scene("recurrent/gradients", **params, clip="value", most=0.1).tensors["clip"][0, 2]
    return {"before": before, "after": after, "norm": norm, "value": value}


def transformer():
    params = ROWS["transformer"]["params"]
    weights = list(labs.run("attention/by-hand", **params))[-1].tensors["weights"]
    without = labs.scene("attention/by-hand", **{**params, "positions": "none"}).tensors["moved"]
    moved = labs.scene("attention/by-hand", **params).tensors["moved"]
    return {"sum": weights.sum(-1).max(), "without": without.max(), "with": moved.max()}


MEASURES = {
    "least-loss": lambda: {"stuck": run("least-loss")["loss"][-1, 0]},
    "along-gradient": lambda: {"angle": np.nanmax(run("along-gradient")["angle"][:, 1:])},
    "all-samples": all_samples,
    "sgd": sgd,
    "sgdm": lambda: dict(zip(("notes", "torch"), lengths("sgdm")[1:], strict=True)),
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "rmsprop-over-adagrad": rmsprop_over_adagrad,
    "adam": adam,
    "adam-models": lambda: {"peak": run("adam-models")["lr"].max(), "step": run("adam-models")["lr"][1:, 0].argmax() + 1},
    "sgdm-models": lambda: {"first": run("sgdm-models")["lr"][1, 0], "last": run("sgdm-models")["lr"][-1, 0]},
    "adam-against-sgdm": adam_against_sgdm,
    "swats": swats,
    "rare-gradient": lambda: {
        "ratio": abs(run("rare-gradient")["update"][1800, 0, 0] / run("rare-gradient")["update"][1799, 0, 0])
    },
    "amsgrad": amsgrad,
    "adabound": adabound,
    "better-sgdm": better_sgdm,
    "cnn-success": cnn_success,
    "simplified-dense": simplified_dense,
    "channels-recognise": channels_recognise,
    "across-channels": across_channels,
    "pooling-global-view": global_view,
    "pooling-within-channels": within_channels,
    "three-poolings": three_poolings,
    "rnn-remembers": rnn_remembers,
    "one-to-many": one_to_many,
    "sequence-to-sequence": sequence_to_sequence,
    "elman-jordan": elman_jordan,
    "lstm-gates": lstm_gates,
    "gru-gates": gru_gates,
    "bidirectional": bidirectional,
    "rnn-base": rnn_base,
    "vanishing": vanishing,
    "clipping": clipping,
    "transformer": transformer,
}


@pytest.mark.parametrize("name", ROWS)
def test_the_verdicts_numbers_are_measured(name):
    measured = MEASURES[name]()
    assert measured.keys() == ROWS[name]["measured"].keys()
    for key, printed in ROWS[name]["measured"].items():
        digits = len(printed.split(".")[1]) if "." in printed else 0
        assert float(measured[key]) == pytest.approx(float(printed), abs=0.5001 * 10.0**-digits), key


@pytest.mark.parametrize("language", DOCS)
def test_the_prose_prints_the_measured_numbers_and_the_verdict(language):
    for prose, data in sections(language):
        heading = prose.splitlines()[0]
        assert VERDICTS[language][data["verdict"]] in heading
        first, last = data["lines"]
        assert re.search(rf"\b{first}(–{last})?\b", heading)
        for printed in data["measured"].values():
            assert printed in prose, (data["id"], printed)


def test_both_languages_hold_the_same_rows():
    assert [data for _, data in sections("en")] == [data for _, data in sections("zh")]
    assert waiting("en") == waiting("zh")
    assert len(ROWS) == len(sections("en")) == len(MEASURES)


def test_every_line_of_the_notes_has_a_row():
    covered = {n for data in ROWS.values() for n in range(data["lines"][0], data["lines"][1] + 1)}
    covered |= {n for first, last, _ in waiting("en") for n in range(first, last + 1)}
    assert set(range(FIRST, LAST + 1)) <= covered


@pytest.mark.parametrize("name", ROWS)
def test_the_rows_params_make_a_run(name):
    assert labs.params_from(ROWS[name]["experiment"], ROWS[name]["params"])
