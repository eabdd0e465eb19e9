"""Every number opens: recomputed from the frame before, it is torch's to rounding; a wrong formula would not be."""

import math

import pytest
import torch
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from app import labs
from app.labs.contract import Message, UserError
from app.labs.optimizer import rare
from app.labs.optimizer.explain import explain, targets
from app.labs.optimizer.rules.table import RULES, states

torch.set_num_threads(1)
FORMS = [(rule.name, form) for rule in RULES.values() for form in rule.forms]
SCHEDULES = [
    None,
    {"kind": "step", "step_size": 4, "gamma": 0.5},
    {"kind": "exponential"},
    {"kind": "cosine", "eta_min": 1e-3},
    {"kind": "cyclical", "step_size_up": 3, "step_size_down": 2, "mode": "triangular2"},
    {"kind": "sgdr", "T_0": 3},
    {"kind": "one-cycle"},
    {"kind": "warmup", "warmup": 4},
    {"kind": "inverse-sqrt", "warmup": 4},
    {"kind": "range-test", "end_lr": 0.2},
]
EPS = {"float32": 1e-4, "float64": 1e-10}
"""Of the largest number in the arithmetic: where terms cancel, float32 keeps fewer digits of the result."""


def every_target(params):
    for r, racer in enumerate(params.racers):
        for kind in ("position", "update", "gradient", "effective_lr"):
            yield from ({"kind": kind, "racer": r, "coordinate": c} for c in (0, 1))
        yield from ({"kind": kind, "racer": r} for kind in ("loss", "lr", "momentum", "angle", "samples"))
        for state in states(racer.settings()):
            yield from ({"kind": "state", "racer": r, "name": state.name, "coordinate": c} for c in (0, 1))


def opened(**params):
    """(target, explanation, step) of every number of every frame of a run."""
    checked = labs.params_from("optimizer/race", params)
    scene, before = labs.scene("optimizer/race", **params), None
    for frame in labs.run("optimizer/race", **params):
        for target in every_target(checked.at(frame.step)):
            yield target, explain(checked, scene, before, frame, target), frame.step
        before = frame


def finite(values):
    return [abs(v) for v in values if math.isfinite(v)]


def assert_is_torchs(explanation, dtype, rule):
    reference = explanation.reference
    if reference is None:  # the step that took a racer out of the race
        assert "explain.remark.left" in [remark.id for remark in explanation.remarks]
        return
    if math.isnan(reference.value) or math.isinf(reference.value):
        assert reference.difference == 0
        return
    numbers = [term.value for e in explanation.equations for term in e.terms.values()] + [e.value for e in explanation.equations]
    size = 1e-3 + max(finite(numbers), default=0)
    allowed = 1e-7 if rule == "nadam" else EPS[dtype]  # torch keeps NAdam's product in float32
    assert reference.difference <= max(allowed, EPS[dtype]) * size, (explanation.title, explanation.result, reference)


def assert_run_opens(**params):
    rules = [racer["rule"] for racer in params["racers"]]
    for target, explanation, _ in opened(**params):
        assert explanation.target == target
        assert_is_torchs(explanation, params["dtype"], rules[target["racer"]])


@pytest.mark.parametrize("some", [FORMS[i : i + 7] for i in range(0, len(FORMS), 7)])
def test_every_number_of_every_rule_is_torchs_with_its_defaults(some):
    # 12 steps: RAdam leaves its first phase at 6, Lookahead meets its slow weights at 5 and 10
    assert_run_opens(racers=[{"rule": rule, "form": form} for rule, form in some], steps=12, dtype="float64")


@pytest.mark.parametrize(("rule", "form"), FORMS)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_every_number_of_every_rule_is_torchs(rule, form, data):
    known = RULES[rule]
    racer = {"rule": rule, "form": form, "schedule": data.draw(st.sampled_from(SCHEDULES))}
    racer["lr"] = known.lr * data.draw(st.sampled_from([0.1, 1.0]))
    hyper = {h.name for h in known.hyper}
    if "weight_decay" in hyper:
        racer["weight_decay"] = data.draw(st.sampled_from([0.0, 0.05]))
    if "dampening" in hyper and form == "torch":
        racer["dampening"] = data.draw(st.sampled_from([0.0, 0.3]))
    if "centered" in hyper and form == "torch":
        racer |= {"centered": data.draw(st.booleans()), "momentum": data.draw(st.sampled_from([0.0, 0.5]))}
    if "betas" in hyper:
        racer["betas"] = data.draw(st.sampled_from([(0.9, 0.999), (0.0, 0.9), (0.5, 0.7)]))
    if "use_scaling" in hyper and form == "torch":
        racer |= {name: data.draw(st.booleans()) for name in ("use_momentum", "use_scaling", "bias_correction")}
    if rule == "lookahead":
        racer |= {"base": data.draw(st.sampled_from(["sgd", "sgdm", "adam"])), "lr": 0.003, "k": 3}
    if rule == "adagrad" and form == "torch":
        racer["lr_decay"] = data.draw(st.sampled_from([0.0, 0.1]))
    noise, clip = data.draw(st.sampled_from([(0.0, None), (0.5, None), (0.0, 3.0), (0.2, 3.0)]))
    surface = data.draw(st.sampled_from(["himmelblau", "ravine", "rosenbrock", "least-squares"]))
    dtype = data.draw(st.sampled_from(["float64", "float64", "float32"]))
    assert_run_opens(
        racers=[racer], steps=9, noise=noise, clip=clip, surface=surface, dtype=dtype, seed=data.draw(st.integers(0, 99))
    )


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "rare", "case": "reddi"},
        {"kind": "rare", "case": "spike"},
        {"kind": "rare", "case": "ones-then-spike"},
        {"kind": "gradients", "values": [[1, -2], [0, 3], [-1, 0.5]]},
    ],
)
def test_lists_and_rare_batches_open_too(source, monkeypatch):
    monkeypatch.setattr(rare, "ONES", 50)
    racers = [{"rule": rule} for rule in ("gd", "sgd", "sgdm", "adam", "amsgrad", "adabound")]
    assert_run_opens(racers=racers, steps=12, source=source, dtype="float64")


def test_a_branch_is_explained_with_the_settings_of_its_segment():
    changes = [{"at": 4, "set": {"racers.0.lr": 0.05, "noise": 0.2}}, {"at": 7, "set": {"clip": 1.0, "racers.1.momentum": 0.5}}]
    assert_run_opens(racers=[{"rule": "adam"}, {"rule": "sgdm"}], steps=10, changes=changes, dtype="float64")


def test_swats_opens_before_at_and_after_its_hand_over():
    racer = {"rule": "swats", "lr": 0.01, "eps": 1e-2, "schedule": {"kind": "exponential", "gamma": 0.99}}
    phases = set()
    for target, explanation, _ in opened(racers=[racer], steps=60, dtype="float64", surface="himmelblau"):
        assert_is_torchs(explanation, "float64", "swats")
        if target.get("name") == "phase":
            phases.add(explanation.result)
    assert phases == {0.0, 1.0}


def test_cycled_momentum_opens():
    schedule = {"kind": "one-cycle", "cycle_momentum": True}
    racers = [{"rule": rule, "lr": 0.01, "schedule": schedule} for rule in ("sgdm", "adam")]
    assert_run_opens(racers=racers, steps=20, dtype="float64")


@pytest.mark.parametrize("schedule", [None, {"kind": "cosine"}])
def test_rules_of_the_catalogue_open_as_the_way_they_went(schedule):
    rules = ("accsgd", "adabelief", "adashift", "asgd", "adapnm", "schedulefreesgd", "yogi")
    racers = [{"rule": rule, "schedule": schedule} for rule in rules]
    assert_run_opens(racers=racers, steps=12, dtype="float64", clip=2.0)
    for target, explanation, step in opened(racers=racers[1:2], steps=2):
        if target["kind"] == "position" and step:
            assert "explain.remark.inside" in [remark.id for remark in explanation.remarks]


def test_a_racer_that_leaves_says_so_and_stays():
    racers = [{"rule": "gd", "lr": 5.0}, {"rule": "rmsprop", "form": "notes"}]
    remarks = {}
    for target, explanation, _ in opened(racers=racers, steps=12, dtype="float64"):
        if target["kind"] == "position":
            remarks.setdefault(target["racer"], set()).update(m.id for m in explanation.remarks)
    for r in (0, 1):
        assert {"explain.remark.left", "explain.remark.out"} <= remarks[r]


def test_the_first_adam_step_reads_as_in_the_paper():
    params = labs.params_from("optimizer/race", {"racers": [{"rule": "adam"}], "steps": 1, "dtype": "float64"})
    start, frame = labs.run("optimizer/race", racers=[{"rule": "adam"}], steps=1, dtype="float64")
    target = {"kind": "position", "racer": 0, "coordinate": 1}
    explanation = explain(params, labs.scene("optimizer/race", racers=[{"rule": "adam"}]), start, frame, target)
    assert [e.formula for e in explanation.equations] == [
        r"m_t = \beta_1 m_{t-1} + \left(1 - \beta_1\right) g_t",
        r"v_t = \beta_2 v_{t-1} + \left(1 - \beta_2\right) g_t^{2}",
        r"\hat{m}_t = \frac{m_t}{1 - \beta_1^{t}}",
        r"\hat{v}_t = \frac{v_t}{1 - \beta_2^{t}}",
        r"\theta_t = \theta_{t-1} - \frac{\eta_t \hat{m}_t}{\sqrt{\hat{v}_t} + \epsilon}",
    ]
    assert explanation.equations[0].substitution == (
        r"\num{beta_1} \cdot \num{m} + \left(1 - \num{beta_1}\right) \cdot \left(\num{g}\right)"
    )
    assert explanation.result == pytest.approx(-0.7 + 0.09, abs=1e-9)  # Adam's first step is lr long, uphill of g < 0
    assert explanation.equations[0].terms["g"].target == {"kind": "gradient", "racer": 0, "coordinate": 1}


def catalogue(language):
    with open(f"app/locale/{language}/explain.po", "rb") as file:
        return {message.id: message for message in read_po(file) if message.id}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_word_of_an_explanation_is_in_the_catalogue(language):
    known = catalogue(language)
    racers = [{"rule": rule, "form": form, "schedule": SCHEDULES[i % len(SCHEDULES)]} for i, (rule, form) in enumerate(FORMS)]
    groups = [{"racers": racers[:13], "noise": 0.1, "clip": 2.0}, {"racers": racers[13:], "surface": "least-squares"}]
    groups.append({"racers": [{"rule": "gd"}, {"rule": "adam"}], "source": {"kind": "rare"}})
    for params in groups:
        for _, explanation, _ in opened(**params, steps=3, dtype="float64"):
            messages = [explanation.title, *explanation.remarks]
            messages += [term.meaning for e in explanation.equations for term in e.terms.values() if term.meaning]
            messages += [e.label for e in explanation.equations if e.label]
            for message in messages:
                assert isinstance(message, Message)
                assert message.id in known, message.id
                text = known[message.id].string
                assert text.format(**message.values)


def test_every_number_put_in_is_a_term():
    for _, explanation, _ in opened(racers=[{"rule": rule, "form": form} for rule, form in FORMS[:16]], steps=2):
        for equation in explanation.equations:
            for name in equation.substitution.split(r"\num{")[1:]:
                assert name.split("}")[0] in equation.terms


def test_every_declared_target_opens_at_the_start_and_later():
    params = labs.params_from("optimizer/race", {"steps": 1})
    start, frame = labs.run("optimizer/race", steps=1)
    scene = labs.scene("optimizer/race")
    kinds = {target["kind"] for target in targets(params)}
    assert kinds == {
        "position",
        "update",
        "gradient",
        "effective_lr",
        "loss",
        "curvature",
        "lr",
        "momentum",
        "angle",
        "samples",
        "state",
    }
    for target in targets(params):
        assert explain(params, scene, None, start, target).equations
        assert explain(params, scene, start, frame, target).equations


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"kind": "colour", "racer": 0},
        {"kind": "position", "racer": 0},
        {"kind": "position", "racer": 99, "coordinate": 0},
        {"kind": "position", "racer": True, "coordinate": 0},
        {"kind": "position", "racer": 0, "coordinate": "x"},
        {"kind": "state", "racer": 0, "name": "exp_avg", "coordinate": 0},
        {"kind": "state", "racer": 0, "coordinate": 0},
        {"kind": ["position"], "racer": 0, "coordinate": 0},
    ],
)
def test_a_target_that_does_not_exist_is_refused_with_a_sentence(target):
    params = labs.params_from("optimizer/race", {"steps": 1})
    start, frame = labs.run("optimizer/race", steps=1)
    with pytest.raises(UserError) as error:
        explain(params, labs.scene("optimizer/race"), start, frame, target)
    assert error.value.message.id.startswith("explain.error.")
    for language in ("en", "zh"):
        assert catalogue(language)[error.value.message.id].string.format(**error.value.message.values)


@pytest.mark.parametrize("rule", ["sgdm", "sgdw", "rmsprop"])
@pytest.mark.parametrize("first", [0.9, 0.0])
def test_a_momentum_switched_off_and_on_again_goes_on_from_what_torch_remembers(rule, first):
    """Switched on for the first time, torch's SGD starts the buffer anew: that is told apart."""
    racer = {"rule": rule, "momentum": first, "lr": 0.01}
    switches = [{"at": 8, "set": {"racers.0.momentum": 0.9}}]
    if first:
        switches = [{"at": 4, "set": {"racers.0.momentum": 0.0}}, *switches]
    run = {"racers": [racer], "steps": 12, "dtype": "float64", "surface": "himmelblau", "changes": switches}
    assert_run_opens(**run)
    symbols = {
        step: {symbol for equation in explanation.equations for symbol in equation.terms}
        for target, explanation, step in opened(**run)
        if target["kind"] == "update" and target["coordinate"] == 0
    }
    assert ("b" in symbols[9]) == (bool(first) or rule == "rmsprop")
    assert "b" not in symbols[6]
    assert "b" in symbols[10]
