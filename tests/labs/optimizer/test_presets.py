"""Every preset runs, has its words in both languages, and shows what its caption says: the claims are measured here."""

from functools import cache

import numpy as np
import pytest
import torch
from babel.messages.pofile import read_po

from app import labs
from app.labs.optimizer.presets import PRESETS

torch.set_num_threads(1)
RACES = {preset.id: preset for preset in PRESETS["race"]}


@cache
def run(name):
    """The preset's frames, stacked by tensor."""
    frames = list(labs.run("optimizer/race", **RACES[name].params))
    return {key: np.stack([f.tensors[key] for f in frames]) for key in frames[0].tensors if all(key in f.tensors for f in frames)}


@cache
def minimum(name):
    return labs.scene("optimizer/race", **RACES[name].params).note["minimum"]


def first_below(name, r, tolerance):
    """The first step at which racer r's loss is within the tolerance of the minimum."""
    return int(np.nonzero(run(name)["loss"][:, r] - minimum(name) < tolerance)[0][0])


def x_steps(name):
    """|update| along x in units of lr, (frames, racers)."""
    return np.abs(run(name)["update"][:, :, 0]) / 0.01


@pytest.mark.parametrize("name", RACES)
def test_every_preset_runs_and_is_told_in_both_languages(name):
    preset = RACES[name]
    assert labs.params_from("optimizer/race", preset.params).length() == preset.params["steps"]
    assert len(run(name)["loss"]) == preset.params["steps"] + 1
    for language in ("en", "zh"):
        with open(f"app/locale/{language}/explain.po", "rb") as file:
            words = {message.id: message.string for message in read_po(file)}
        assert words[preset.title.id]
        assert words[preset.caption.id]


def test_ids_are_unique_and_the_registry_finds_them():
    assert len(RACES) == len(PRESETS["race"])
    assert labs.presets("optimizer/race") == PRESETS["race"]


def test_gradient_descent_wins_by_steps_and_sgd_by_samples():
    steps = [first_below("sgd-gd", r, 0.01) for r in (0, 1)]
    assert steps == [7, 66]
    assert [run("sgd-gd")["samples"][step, r] for r, step in enumerate(steps)] == [448, 66]


def test_adagrads_rate_only_falls_and_rmsprops_recovers():
    rate = run("rmsprop-adagrad")["effective_lr"][1:]
    rises = np.diff(rate, axis=0).max(axis=(0, 2))
    assert rises[0] <= 0 < rises[1]
    adagrad, rmsprop = run("rmsprop-adagrad")["loss"][-1]
    assert rmsprop < adagrad / 10


def test_adam_arrives_first_and_sgdm_swings_back():
    assert [first_below("adam-sgdm", r, 1e-3) for r in (0, 1)] == [80, 125]
    assert (np.diff(run("adam-sgdm")["loss"][:, 1]) > 0).any()


def test_adams_parts_are_rmsprop_and_sgdm():
    position, update = run("adam-parts")["position"], run("adam-parts")["update"]
    assert np.abs(position[:, 1] - position[:, 2]).max() < 1e-12
    assert update[1, 3] == pytest.approx(10 * update[1, 4])


def test_swats_hands_over_only_where_the_tolerance_allows_it():
    phases = [np.nonzero(run("swats")[f"state/{r}/phase"])[0] for r in (0, 1)]
    assert phases[0][0] == 101
    assert run("swats")["lr"][102:, 0] == pytest.approx(0.0017, abs=5e-5)
    assert len(phases[1]) == 0


def test_amsgrad_damps_what_follows_the_rare_step_not_the_step():
    steps = x_steps("amsgrad-spike")
    assert steps[1800] == pytest.approx([3.162, 3.162], abs=1e-3)
    assert steps[1800, 0] == pytest.approx(steps[1800, 1])
    adam, amsgrad = run("amsgrad-spike")["effective_lr"][-1, :, 0] / 0.01
    assert adam == pytest.approx(0.77, abs=0.005)
    assert amsgrad < 1e-4


def test_a_hundred_thousand_ones_leave_the_rare_step_31_6_rates_long():
    kept, steps = run("amsgrad-ones"), x_steps("amsgrad-ones")
    assert kept["gradient"][[1, 1799, 1800, 1801], 0, 0].tolist() == [1, 1, 1e5, 1]
    assert kept["state/0/exp_avg_sq"][0, 0] == pytest.approx(1, abs=1e-4)  # 1 - .999^98201, as far as float32 goes
    assert steps[1799] == pytest.approx([1, 1], abs=1e-4)
    assert steps[1800] == pytest.approx([31.62, 31.62], abs=0.01)
    assert kept["effective_lr"][-1, :, 0] / 0.01 == pytest.approx([0.00035, 0.00032], abs=5e-6)
    assert kept["samples"][-1, 0] == 100_201


def test_amsgrad_finds_the_right_side_of_the_counter_example():
    adam, amsgrad = run("amsgrad-reddi")["position"][-6000:, :, 0].mean(axis=0)
    assert adam == pytest.approx(0.4, abs=0.05)
    assert amsgrad == pytest.approx(-0.6, abs=0.05)


def test_adabounds_band_closes_on_sgds_rate_and_its_rate_is_inside():
    kept = run("adabound")
    low, high = kept["state/0/lower_bound"], kept["state/0/upper_bound"]
    assert [low[1], high[1]] == pytest.approx([0.0002, 0.105], abs=5e-5)
    assert [low[-1], high[-1]] == pytest.approx([0.0044, 0.0056], abs=5e-5)
    rate = kept["effective_lr"][1:, 0]
    assert (rate >= low[1:, None] * (1 - 1e-6)).all()
    assert (rate <= high[1:, None] * (1 + 1e-6)).all()
    end = kept["position"][-1]
    assert np.abs(end[0] - end[2]).max() < 0.01 < np.abs(end[1] - end[2]).max()


def test_a_cyclical_rate_is_faster_than_its_lowest_alone():
    assert [first_below("cyclical", r, 1e-3) for r in (0, 1)] == [102, 152]
    rate = run("cyclical")["lr"][1:, 0]
    assert [rate.min(), rate.max()] == pytest.approx([0.0004, 0.004])
    assert rate[:40] == pytest.approx(rate[40:80])


def test_sgdr_restarts_at_21_and_61_and_the_plain_cosine_ends_lower():
    rate = run("sgdr")["lr"][:, 0]
    restarts = [t for t in range(2, len(rate)) if rate[t] > rate[t - 1]]
    assert restarts == [21, 61]
    assert rate[restarts] == pytest.approx(0.004)
    restarted, plain = run("sgdr")["loss"][-1]
    assert plain < restarted


def test_one_cycle_peaks_in_the_first_third_and_beats_its_starting_rate():
    rate = run("one-cycle")["lr"][:, 0]
    assert rate[1] == pytest.approx(0.00024)
    assert rate.max() == pytest.approx(0.006)
    assert rate[1:].argmax() < 40
    assert rate[-1] < 1e-6
    cycle, constant = run("one-cycle")["loss"][-1]
    assert cycle < 0.01 < 30 < constant


def test_the_range_test_falls_fastest_near_a_hundredth_and_blows_up():
    loss, rate = run("range-test")["loss"][:, 0], run("range-test")["lr"][:, 0]
    fastest = rate[np.diff(loss[:130]).argmin() + 1]
    assert 0.005 < fastest < 0.02
    lowest = loss.argmin()
    rising = next(t for t in range(lowest, len(loss)) if loss[t] > 1)
    assert 0.04 < rate[rising] < 0.06
    assert run("range-test")["status"][-1, 0] == 2


def test_gradient_descent_jumps_between_the_walls_and_adaptive_rules_do_not():
    y = run("ravine")["position"][:, :, 1]
    crossings = (np.diff(np.sign(y), axis=0) != 0).sum(axis=0)
    assert crossings[0] == 120
    assert crossings[2] <= 1
    assert crossings[3] <= 1


def test_a_constant_rate_never_settles_under_noise():
    _, constant, falling = run("noise")["loss"][-20:].mean(axis=0)
    assert constant > 1
    assert falling < 0.05


def test_the_notes_momentum_goes_1_9_times_as_far_and_the_recursion_10():
    last = run("notes-momentum")["update"][-1, :, 0]
    assert last / last[0] == pytest.approx([1, 1.9, 10], abs=1e-3)


def test_the_notes_rmsprop_stops_and_the_first_steps_are_a_tenth_and_one():
    assert run("notes-rmsprop")["status"][1].tolist() == [3, 0, 0]
    assert run("notes-rmsprop")["update"][1, 1:, 0] == pytest.approx([0.1, 1.0], abs=1e-5)


def test_the_transformers_rate_peaks_at_4000():
    rate = run("transformer")["lr"][:, 0]
    assert rate[1:].argmax() + 1 == 4000
    assert rate.max() == pytest.approx(512**-0.5 * 4000**-0.5, rel=1e-3)
    assert rate[8000] == pytest.approx(512**-0.5 * 8000**-0.5, rel=1e-3)


def test_berts_rate_warms_up_and_falls_to_zero_over_half_a_unit():
    rate = run("bert")["lr"][1:, 0]
    assert rate.argmax() + 1 in (100, 101)
    assert rate.max() == pytest.approx(1e-4)
    assert rate[-1] < 1e-7
    assert np.abs(run("bert")["update"]).sum(axis=0).max() < 0.55


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("tacotron", {500: 0.001, 501: 0.0005, 1000: 0.0005, 1001: 0.0003, 2000: 0.0003, 2001: 0.0001}),
        ("resnet", {160: 0.1, 161: 0.01, 240: 0.01, 241: 0.001}),
        ("yolo", {1: 0.001, 10: 0.01, 310: 0.01, 311: 0.001, 430: 0.001, 431: 0.0001}),
        ("mask-rcnn", {240: 0.02, 241: 0.002}),
    ],
)
def test_published_rates_are_the_runs(name, rates):
    rate = run(name)["lr"][:, 0]
    for step, expected in rates.items():
        assert rate[step] == pytest.approx(expected)


def test_the_discriminators_step_is_four_times_the_generators():
    first = run("biggan")["update"][1]
    assert first[0] == pytest.approx(4 * first[1], rel=5e-3)  # float32 near 2.7
    assert run("biggan")["momentum"][-1].tolist() == [0, 0]


def test_every_drop_of_resnets_rate_lets_it_settle_lower():
    loss = run("resnet")["loss"][:, 0]
    before, between, after = loss[120:161].mean(), loss[200:241].mean(), loss[280:].mean()
    assert before > between > after
