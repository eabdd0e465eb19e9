"""optimizer/race in a real browser on a real server: what a user clicks, drags and types, and what must come of it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from app import labs
from browser.shell import counter, numbers, open_lab, play_to_end
from browser.watching import until
from serving import Server

SGDM, ADAM = 1, 4
RANGE = {"rule": "sgd", "lr": 1e-5, "schedule": {"kind": "range-test", "end_lr": 1e-2}}

# A machine that runs other tests beside these answers late.
expect.set_options(timeout=45_000)


def race(page: Page, server: Server, **params: Any) -> None:
    """Opens the race with these params and plays it to the end."""
    open_lab(page, f"{server.url}/optimizer#p={quote(json.dumps(params))}")
    play_to_end(page)


def picture(page: Page) -> str:
    """The pixels of the paths, as text."""
    return str(page.locator("canvas.race-paths").evaluate("(canvas) => canvas.toDataURL()"))


def painted(page: Page) -> int:
    """How many pixels of the path layer are not empty."""
    return int(
        page.locator("canvas.race-paths").evaluate(
            """(canvas) => {
              const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
              let count = 0;
              for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count += 1;
              return count;
            }"""
        )
    )


def pixel(page: Page, x: float, y: float, view: tuple[float, float, float, float] = (-5, 5, -5, 5)) -> tuple[float, float]:
    """Where a point of the surface stands in the window."""
    box = page.locator("canvas.race-paths").bounding_box()
    assert box is not None
    x0, x1, y0, y1 = view
    x, y = float(x), float(y)
    return box["x"] + (x - x0) / (x1 - x0) * box["width"], box["y"] + (y1 - y) / (y1 - y0) * box["height"]


def positions(**params: Any) -> np.ndarray:
    """(steps + 1, racers, 2): the run computed in this process."""
    return np.stack([frame.tensors["position"] for frame in labs.run("optimizer/race", **params)])


def field(page: Page, name: str) -> Locator:
    return page.locator(f'#form .field[data-field="{name}"]')


def test_the_layers_lie_on_the_plot_area(page: Page, server: Server) -> None:
    race(page, server, steps=20)
    area = page.locator(".race-plot .nsewdrag").first.bounding_box()
    assert area is not None
    assert area["width"] > 300
    assert area["height"] > 250
    for layer in ("race-ground", "race-paths", "race-heads"):
        box = page.locator(f"canvas.{layer}").bounding_box()
        assert box is not None
        assert all(abs(box[side] - area[side]) <= 1 for side in ("x", "y", "width", "height")), layer
    # Plotly's own SVG layers: without the CSP's style hashes they stand under one another.
    svgs = [svg.bounding_box() for svg in page.locator(".race-plot .main-svg").all()]
    assert len(svgs) >= 2
    assert len({(svg["x"], svg["y"]) for svg in svgs if svg}) == 1


def test_the_main_picture_and_the_tops_of_the_small_ones_are_seen_at_once(page: Page, server: Server) -> None:
    race(page, server, steps=20)
    main, small, bar = (page.locator(name).bounding_box() for name in ("#main", ".race-loss", ".timebar"))
    assert main
    assert small
    assert bar
    assert main["y"] + main["height"] < small["y"] < bar["y"] - 100


def test_dragging_the_start_bends_the_paths(page: Page, server: Server) -> None:
    race(page, server)
    before = picture(page)
    box = page.locator(".start-marker").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert np.hypot(*np.subtract((x, y), pixel(page, -0.3, -0.7))) < 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(*pixel(page, 1.0, -2.5), steps=12)
    until(lambda: picture(page) != before, what="another picture while the start is dragged")
    page.mouse.up()
    expect(field(page, "start").locator("input").first).not_to_have_value("")
    start = [float(field(page, "start").locator("input").nth(i).input_value()) for i in (0, 1)]
    assert start == pytest.approx([1.0, -2.5], abs=0.05)
    play_to_end(page)
    final = positions(start=start)[-1, ADAM]
    page.mouse.move(*pixel(page, *final))
    expect(page.locator(".race-tip")).to_contain_text("step 160")


def test_the_arrow_keys_move_the_start(page: Page, server: Server) -> None:
    race(page, server, steps=30)
    marker = page.locator(".start-marker")
    marker.focus()
    before = page.locator(".start-marker").get_attribute("aria-label")
    marker.press("ArrowRight")
    marker.press("Shift+ArrowUp")
    until(lambda: marker.get_attribute("aria-label") != before, what="another start")
    start = [float(field(page, "start").locator("input").nth(i).input_value()) for i in (0, 1)]
    assert start[0] > -0.3
    assert start[1] > -0.5
    assert counter(page)[1] == 30


def test_clicking_the_surface_puts_the_start_there(page: Page, server: Server) -> None:
    race(page, server, steps=30)
    page.mouse.click(*pixel(page, -4, 1))
    until(lambda: field(page, "start").locator("input").first.input_value().startswith("-4"), what="the start at -4")


def test_a_typed_expression_runs_and_is_typeset(page: Page, server: Server) -> None:
    race(page, server, steps=40)
    before = picture(page)
    typed = field(page, "expression").locator("input")
    typed.fill("x^2 + 3y^2 + sin(4x)")
    typed.press("Tab")
    expect(page.locator(".field-formula .katex")).to_contain_text("sin", timeout=15_000)
    until(lambda: picture(page) != before, what="the new surface's paths")
    assert "error" not in page.locator("#banner").inner_text().lower()


def test_a_wrong_expression_says_so_and_keeps_the_picture(page: Page, server: Server) -> None:
    race(page, server, steps=40)
    before = numbers(page)
    formula = page.locator(".field-formula").inner_text()
    typed = field(page, "expression").locator("input")
    typed.fill("x^2 + foo(y)")
    typed.press("Tab")
    sentence = field(page, "expression").locator(".field-error")
    expect(sentence).to_contain_text("foo")
    expect(typed).to_have_value("x^2 + foo(y)")
    assert numbers(page) == before
    assert page.locator(".field-formula").inner_text() == formula
    assert counter(page) == (40, 40)
    assert painted(page) > 500
    typed.fill("")
    typed.press("Tab")
    expect(sentence).to_be_hidden()


@pytest.mark.parametrize(
    ("expression", "under", "says", "in_chinese"),
    [
        ("log(x) + y^2", "expression", "“log(x)” at position 1 is NaN", "log(x)"),
        ("1 / ((x - 0.123)^2 + y^2)", "start", "not finite at the start (0.123, 0)", "在起点 (0.123, 0) 处"),
    ],
)
def test_what_only_computing_finds_is_told_under_its_field(
    page: Page, server: Server, expression: str, under: str, says: str, in_chinese: str
) -> None:
    """The run begins and fails: its sentence stands where a refused start's would, the last picture stays."""
    race(page, server, steps=40, start=[0.123, 0])
    before, paths = numbers(page), picture(page)
    typed = field(page, "expression").locator("input")
    typed.fill(expression)
    typed.press("Tab")
    sentence = field(page, under).locator(".field-error")
    expect(sentence).to_contain_text(says)
    expect(page.locator("#banner p")).to_have_text("Mend the marked fields; the last picture stays meanwhile.")
    expect(field(page, under).locator("input").first).to_have_attribute("aria-invalid", "true")
    expect(typed).to_have_value(expression)
    assert numbers(page) == before
    assert picture(page) == paths
    page.locator("#language").click()
    expect(sentence).to_contain_text(in_chinese)
    expect(page.locator("#banner p")).to_have_text("请修改标出的字段；在此之前保留上一幅图。")
    page.locator("#banner button").first.click()
    expect(field(page, under).locator("input").first).to_be_focused()
    typed.fill("x^2 + y^2")
    typed.press("Tab")
    expect(page.locator("#banner")).to_be_hidden()
    expect(sentence).to_be_hidden()
    until(lambda: picture(page) != paths, what="the paths on the new surface")


def test_clicking_a_path_opens_that_racer_at_that_step(page: Page, server: Server) -> None:
    race(page, server)
    path = positions()
    # A point of SGDM's path that no other point, its own neighbours included, is near.
    far = [np.sort(np.linalg.norm(path - path[t, SGDM], axis=-1), axis=None)[1] for t in range(60)]
    step = int(np.argmax(far))
    assert far[step] > 0.1
    page.mouse.click(*pixel(page, *path[step, SGDM]))
    expect(page.locator("#counter")).to_contain_text(f"{step} / 160")
    expect(page.locator("#explain h2")).to_contain_text("SGDM")
    told = float(path[step, SGDM, 0])
    until(lambda: told in exacts(page.locator("#explain")), what="the position's arithmetic")


def test_a_number_of_the_table_opens_its_arithmetic(page: Page, server: Server) -> None:
    race(page, server, steps=50)
    row = page.locator(".race-table > table tbody tr").nth(ADAM)
    row.locator("td button").first.click()
    expect(page.locator("#explain")).to_contain_text("Adam")
    loss = float(list(labs.run("optimizer/race", steps=50))[-1].tensors["loss"][ADAM])
    until(lambda: exacts(row)[0] == loss, what="the last step's loss in the table")
    until(lambda: loss in exacts(page.locator("#explain")), what="the loss's arithmetic")


def test_every_number_of_the_chosen_racer_is_listed(page: Page, server: Server) -> None:
    race(page, server, steps=50)
    page.locator(".race-table .racer-name").nth(ADAM).click()
    page.locator(".race-numbers summary").click()
    frame = list(labs.run("optimizer/race", steps=50))[-1].tensors
    last = [float(v) for v in frame["position"][ADAM]]
    until(lambda: last[0] in exacts(page.locator(".race-numbers")), what="the last step's numbers")
    told = exacts(page.locator(".race-numbers"))
    for name in ("gradient", "update", "position", "effective_lr"):
        assert [float(v) for v in frame[name][ADAM]] in [told[i : i + 2] for i in range(len(told))], name
    for name in (f"state/{ADAM}/exp_avg", f"state/{ADAM}/exp_avg_sq"):
        assert [float(v) for v in frame[name]] in [told[i : i + 2] for i in range(len(told))], name


def test_the_curvature_and_its_stable_rate_are_one_switch_away(page: Page, server: Server) -> None:
    race(page, server, steps=30)
    edge = page.locator(".race-edge")
    expect(edge).to_be_hidden()
    switch = page.get_by_role("button", name="Curvature", exact=True)
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(edge).to_be_visible()
    expect(edge).to_contain_text("2/λmax =")
    expect(edge).to_contain_text("Adam here")
    page.get_by_role("button", name="SGD: open the arithmetic of loss").click()
    expect(edge).to_contain_text("SGD here")
    switch.click()
    expect(edge).to_be_hidden()


def test_the_axes_of_the_loss_switch(page: Page, server: Server) -> None:
    race(page, server, surface="least-squares", steps=60, racers=[{"rule": "gd"}, {"rule": "sgd"}])
    chart = page.locator(".race-loss canvas.chart-base")
    seen = {chart.evaluate("(canvas) => canvas.toDataURL()")}
    for name in ("samples", "linear", "steps"):
        page.locator(f'.race-loss button:text-is("{name}")').click()
        expect(page.locator(f'.race-loss button:text-is("{name}")')).to_have_attribute("aria-pressed", "true")
        seen.add(chart.evaluate("(canvas) => canvas.toDataURL()"))
    assert len(seen) == 4


def test_a_range_test_is_told_by_its_rate(page: Page, server: Server) -> None:
    """The loss against a logarithmic axis of rates; pressing it goes to the step that had that rate."""
    race(page, server, steps=90, racers=[RANGE, {"rule": "adam"}])
    expect(page.locator('.race-loss button:text-is("rate")')).to_have_attribute("aria-pressed", "true")
    chart = page.locator(".race-loss .chart-over")
    box = chart.bounding_box()
    assert box is not None
    left, right = box["x"] + 40, box["x"] + box["width"] - 18
    rates = [float(f.tensors["lr"][0]) for f in labs.run("optimizer/race", steps=90, racers=[RANGE])]
    page.mouse.click(left + (right - left) * (4 - 3) / 3, box["y"] + 50)  # 10^-4 of 10^-5 .. 10^-2
    step = counter(page)[0]
    assert abs(np.log10(rates[step]) + 4) < 0.1
    # Another run without a range test has samples again.
    page.goto("about:blank")
    race(page, server, steps=20, racers=[{"rule": "sgd"}])
    expect(page.locator('.race-loss button:text-is("steps")')).to_have_attribute("aria-pressed", "true")
    expect(page.locator('.race-loss button:text-is("samples")')).to_be_visible()


def test_a_loss_without_a_least_value_has_no_logarithm(page: Page, server: Server) -> None:
    race(page, server, surface="saddle", steps=10)
    expect(page.locator('.race-loss button:text-is("log")')).to_be_hidden()
    expect(page.locator('.race-loss button:text-is("steps")')).to_be_visible()


def test_pressing_a_chart_goes_to_that_step(page: Page, server: Server) -> None:
    race(page, server, steps=100)
    box = page.locator(".race-loss .chart-over").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 40 + (box["width"] - 58) / 2, box["y"] + 50)
    assert abs(counter(page)[0] - 50) <= 1


def test_racers_are_added_removed_and_edited(page: Page, server: Server) -> None:
    race(page, server, steps=30)
    expect(page.locator(".racers .racer")).to_have_count(6)
    page.locator(".add-rule").click()
    page.keyboard.type("swats")
    page.keyboard.press("Enter")
    expect(page.locator(".racers .racer")).to_have_count(7)
    expect(page.locator(".race-table > table tbody tr")).to_have_count(7)
    page.locator(".racer-toggle").first.click()
    page.locator(".racer").first.get_by_role("button", name="Remove").click()
    expect(page.locator(".race-table > table tbody tr")).to_have_count(6)
    expect(page.locator(".race-table .racer-name").first).to_contain_text("SGDM")
    page.locator(".racer-toggle").first.click()
    rate = page.locator(".racer").first.locator('[data-field="racers.0.lr"] input[type="text"]')
    rate.fill("0.004")
    rate.press("Tab")
    expect(page.locator(".racer-gist").first).to_contain_text("0.004")
    form = page.locator('[data-field="racers.0.form"] select')
    form.select_option(label="lecture notes")
    expect(page.locator(".racer-gist").first).to_contain_text("lecture notes")
    form.select_option(label="PyTorch")
    play_to_end(page)
    final = list(labs.run("optimizer/race", steps=30, racers=[{"rule": "sgdm", "lr": 0.004}]))[-1].tensors["loss"][0]
    until(lambda: exacts(page.locator(".race-table"))[0] == float(final), what="the loss at the new rate")


def test_a_bad_rate_is_told_under_its_field(page: Page, server: Server) -> None:
    race(page, server, steps=30)
    page.locator(".racer-toggle").first.click()
    rate = page.locator('[data-field="racers.0.lr"] input[type="text"]')
    before = numbers(page)
    rate.fill("-1")
    rate.press("Tab")
    expect(page.locator('[data-field="racers.0.lr"] .field-error')).to_be_visible()
    assert painted(page) > 500
    assert numbers(page) == before


def test_a_branch_goes_on_from_a_step_with_another_rate(page: Page, server: Server) -> None:
    race(page, server, steps=60)
    page.locator("#scrubber").fill("20")
    expect(page.locator("#counter")).to_contain_text("20 / 60")
    page.locator("#branch button").nth(1).click()
    page.locator(".racer-toggle").first.click()
    rate = page.locator('[data-field="racers.0.lr"] input[type="text"]')
    rate.fill("0.02")
    rate.press("Tab")
    play_to_end(page)
    changes = [{"at": 20, "set": {"racers.0.lr": 0.02}}]
    final = list(labs.run("optimizer/race", steps=60, changes=changes))[-1].tensors["loss"][0]
    until(lambda: exacts(page.locator(".race-table"))[0] == float(final), what="the branch's loss")


def test_a_pinned_run_stays_behind_to_compare(page: Page, server: Server) -> None:
    race(page, server, steps=60)
    plain = numbers(page)
    page.locator("#pin").click()
    expect(page.locator(".race-table .ghost").first).to_be_visible()
    page.locator(".racer-toggle").nth(ADAM).click()
    rate = page.locator(f'[data-field="racers.{ADAM}.lr"] input[type="text"]')
    rate.fill("0.5")
    rate.press("Tab")
    play_to_end(page)
    until(lambda: numbers(page) != plain, what="other numbers")
    was = float(list(labs.run("optimizer/race", steps=60))[-1].tensors["loss"][ADAM])
    row = page.locator(".race-table > table tbody tr").nth(ADAM)
    until(lambda: was in exacts(row), what="the pinned run's loss")
    assert exacts(row)[0] != was


def test_the_surface_in_space_opens_and_closes(page: Page, server: Server) -> None:
    race(page, server, steps=30)
    page.get_by_role("button", name="3-D").click()
    expect(page.locator(".race-space canvas").first).to_be_visible(timeout=30_000)
    expect(page.locator(".race-surface")).to_be_hidden()
    page.get_by_role("button", name="2-D").click()
    expect(page.locator(".race-surface")).to_be_visible()
    expect(page.locator(".race-space canvas")).to_have_count(0)


def test_swats_shows_its_switch(page: Page, server: Server) -> None:
    params: dict[str, Any] = {"steps": 200, "racers": [{"rule": "swats", "eps": 1e-2}]}
    phases = [float(f.tensors["state/0/phase"].reshape(-1)[0]) for f in labs.run("optimizer/race", **params)]
    first = next(t for t, phase in enumerate(phases) if phase > 0)
    race(page, server, **params)
    expect(page.locator(".race-state select")).to_have_value("switch")
    expect(page.locator(".race-state")).to_have_attribute("data-switched", str(first))
    expect(page.locator(".race-state")).to_contain_text(f"step {first}")


def test_adabound_shows_its_band(page: Page, server: Server) -> None:
    race(page, server, steps=200, racers=[{"rule": "adabound"}])
    expect(page.locator(".race-state select")).to_have_value("band")
    expect(page.locator(".race-state .chart-legend li")).to_have_count(3)
    # The filled band: pixels of the racer's colour, mostly transparent.
    filled = page.locator(".race-state canvas.chart-base").evaluate(
        """(canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 3; i < data.length; i += 4) if (data[i] > 30 && data[i] < 60) count += 1;
          return count / (data.length / 4);
        }"""
    )
    assert filled > 0.02


def test_every_rule_of_the_schema_can_be_added(page: Page, server: Server) -> None:
    race(page, server, steps=5)
    page.locator(".add-rule").click()
    offered = {item.get_attribute("data-rule") for item in page.locator(".rule-options [role=option]").all()}
    plain = {
        "gd",
        "sgd",
        "sgdm",
        "nesterov",
        "sgdw",
        "adagrad",
        "rmsprop",
        "adadelta",
        "adam",
        "amsgrad",
        "adamw",
        "nadam",
        "radam",
    }
    named = {*plain, "adabound", "amsbound", "swats", "lookahead", "lion"}
    assert named <= offered


def test_every_preset_loads(page: Page, server: Server) -> None:
    race(page, server, steps=5)
    page.locator("#presets").click()
    count = page.locator(".preset").count()
    assert count >= 8
    for i in range(count):
        if i:
            page.locator("#presets").click()
        title = page.locator(".preset strong").nth(i).inner_text()
        before = len(page.evaluate("window.seen.blocks"))
        page.locator(".preset").nth(i).click()
        until(lambda before=before: len(page.evaluate("window.seen.blocks")) > before, seconds=30, what=f"frames of {title}")
        expect(page.locator("#notice strong")).to_have_text(title)
        expect(page.locator("#banner")).to_be_hidden()
        assert page.locator(".race-table").evaluate("(table) => table.scrollWidth <= table.clientWidth"), title


def test_a_diverged_racer_is_marked(page: Page, server: Server) -> None:
    race(page, server, steps=40, racers=[{"rule": "sgd", "lr": 0.5}, {"rule": "adam"}])
    expect(page.locator(".race-table > table tbody tr").first).to_contain_text("diverged")
    expect(page.locator(".race-table > table tbody tr").nth(1)).not_to_contain_text("diverged")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_message_is_missing(page: Page, server: Server, lang: str) -> None:
    params: dict[str, Any] = {"steps": 20, "racers": [{"rule": "swats"}, {"rule": "adabound"}, {"rule": "lookahead"}]}
    open_lab(page, f"{server.url}/optimizer?lang={lang}#p={quote(json.dumps(params))}")
    for i in range(3):
        page.locator(".racer-toggle").nth(i).click()
    for formula in page.locator(".racer-formula").all():
        expect(formula.locator(".katex").first).to_be_visible()
        assert formula.evaluate("(box) => box.scrollWidth <= box.clientWidth"), formula.inner_text()
    page.locator(".race-numbers summary").click()
    page.locator(".add-rule").click()
    text = page.locator("body").inner_text()
    assert "optimizer." not in text
    assert "shell." not in text


def exacts(place: Locator) -> list[float]:
    """The numbers that stand in a place, every digit."""
    # In one go: while a run goes on the panel is drawn anew between two questions.
    texts: list[str] = place.locator("[data-exact]").evaluate_all("(items) => items.map((item) => item.dataset.exact ?? '')")
    return [float(text.replace("−", "-")) for text in texts if text not in ("·", "")]


def test_a_formula_that_gives_no_number_stops_with_a_sentence(page: Page, server: Server) -> None:
    """The notes' RMSProp starts from v_1 = g_0: the root of a negative number. The other racer goes on."""
    race(page, server, steps=5, racers=[{"rule": "rmsprop", "form": "notes", "lr": 0.05}, {"rule": "rmsprop", "lr": 0.05}])
    expect(page.locator(".leavers p")).to_have_count(1)
    expect(page.locator(".leavers")).to_contain_text("RMSProp (notes) stopped at step 1")
    page.keyboard.press("Home")
    expect(page.locator(".leavers")).to_be_hidden()
