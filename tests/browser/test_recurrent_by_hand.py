"""recurrent/by-hand in a real browser on a real server: what a user clicks, types and reads."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from app import labs
from browser.shell import counter, open_lab, play_to_end
from browser.watching import until
from serving import Server

NAME = "recurrent/by-hand"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}
CORNER = {"x": 8, "y": 8}
"""Inside the first cell of a grid."""

expect.set_options(timeout=45_000)


def by_hand(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    """Opens the experiment with these params and goes to its end."""
    open_lab(page, f"{server.url}/recurrent?experiment=by-hand&lang={lang}#p={quote(json.dumps(params))}")
    if lang == "en":
        play_to_end(page)


def cell(page: Page, name: str, step: int, unit: int = 1) -> Locator:
    """A number of the graph: ``h``, ``h→``, ``alone-y``."""
    return page.locator(f'[data-cell="{name}-{step}-{unit}"]')


def row(page: Page, name: str, steps: int = 3) -> list[str]:
    """The first unit's numbers over the steps."""
    return [cell(page, name, step).locator("text").text_content() or "" for step in range(1, steps + 1)]


def title(page: Page) -> Locator:
    return page.locator("#explain h2")


def test_the_lectures_numbers_come_step_by_step(page: Page, server: Server) -> None:
    by_hand(page, server)
    assert counter(page) == (3, 3)
    assert row(page, "y") == ["4", "12", "32"]
    assert row(page, "alone-y") == ["4", "4", "8"]
    page.locator("#back").click()
    until(lambda: row(page, "y") == ["4", "12", "·"], what="the state after two steps")
    expect(page.locator(".byhand-box.now")).to_have_count(1)
    expect(page.locator(".byhand-compare tbody").first.locator("button").nth(1)).to_have_text("12")
    page.locator("body").press("Home")
    expect(page.locator(".byhand-table .caption").first).to_have_text("Nothing is computed yet: the state is all zeros.")
    assert row(page, "h") == ["·", "·", "·"]


def test_a_number_of_the_graph_opens_and_leads_to_the_others(page: Page, server: Server) -> None:
    by_hand(page, server)
    expect(title(page)).to_have_text("y of step 3, unit 1")
    cell(page, "h", 2, 2).click()
    expect(title(page)).to_have_text("h of step 2, unit 2")
    expect(cell(page, "h", 2, 2)).to_have_class("byhand-cell selected")
    expect(page.locator("#explain .parity")).to_have_text("equals nn.RNN to the last bit")
    page.locator("#explain .opens").first.click()
    expect(title(page)).to_have_text("One weight, used at all 3 steps")
    expect(page.locator("#explain .parity")).to_contain_text("autograd")
    page.locator("#explain .back").click()
    expect(title(page)).to_have_text("h of step 2, unit 2")


def test_a_number_that_is_still_to_come_is_gone_to(page: Page, server: Server) -> None:
    by_hand(page, server)
    page.locator("body").press("Home")
    expect(page.locator("#counter")).to_have_text("0 / 3")
    cell(page, "y", 2).click()
    expect(page.locator("#counter")).to_have_text("2 / 3")
    expect(title(page)).to_have_text("y of step 2, unit 1")


def test_a_number_of_the_table_goes_along_with_the_steps(page: Page, server: Server) -> None:
    by_hand(page, server)
    page.locator(".byhand-table").get_by_role("button", name="h 2: 16").click()
    expect(title(page)).to_have_text("h of step 3, unit 2")
    page.locator("#back").click()
    expect(title(page)).to_have_text("h of step 2, unit 2")


def test_a_weight_opens_and_is_changed_where_it_stands(page: Page, server: Server) -> None:
    by_hand(page, server)
    grid = page.get_by_role("group", name="Weights U", exact=True)
    grid.click(position=CORNER)
    expect(title(page)).to_have_text("One weight, used at all 3 steps")
    grid.dblclick(position=CORNER)
    field = page.locator(".cell-field")
    expect(field).to_have_value("1")
    field.fill("0")
    field.press("Enter")
    expect(page.locator('#form .field[data-field="w_hh"] textarea')).to_have_value("0  1\n1  1")
    play_to_end(page)
    expected = [f"{y:g}" for y in list(labs.run(NAME, w_hh=[[[0, 1], [1, 1]]]))[-1].tensors["y"][:, 0]]
    assert expected != ["4", "12", "32"]
    until(lambda: row(page, "y") == expected, what="the outputs with the changed weight")
    page.locator("#undo").click()
    play_to_end(page)
    until(lambda: row(page, "y") == ["4", "12", "32"], what="the first run's outputs")


def test_the_cells_of_the_form_and_what_torch_has(page: Page, server: Server) -> None:
    by_hand(page, server)
    parity = page.locator(".byhand-table p.caption").last
    expect(parity).to_contain_text("nn.RNN in this run: largest difference 0.")
    choose = page.locator('#form .field[data-field="cell"] select')
    choose.select_option(label="Jordan")
    play_to_end(page)
    until(lambda: row(page, "y") == ["4", "20", "88"], what="the Jordan network's outputs")
    expect(parity).to_contain_text("torch has no Jordan network")
    choose.select_option(label="GRU")
    page.locator('#form .field[data-field="activation"] select').select_option(label="tanh")
    play_to_end(page)
    expect(parity).to_contain_text("nn.GRU resets after the product: what runs here.")
    page.locator('#form .field[data-field="reset"] select').select_option(label="before the product (the paper)")
    expect(parity).to_contain_text("torch resets after the product, not before")


def test_the_output_gate_is_shut_and_the_memory_stays(page: Page, server: Server) -> None:
    by_hand(page, server, **PRESETS["output-shut"])
    expect(page.locator(".byhand-cell.clamped")).to_have_count(1)
    assert row(page, "c", 4)[2:] == ["7.000", "6.999"]
    assert row(page, "y", 4)[2:] == ["0", "6.999"]
    expect(page.locator(".byhand-compare .byhand-kind")).to_have_text(
        ["this network", "without memory", "with nothing put in place"]
    )
    cell(page, "o", 3).click()
    expect(page.locator("#explain .equation .caption").first).to_have_text("put in its place")


def test_the_bidirectional_trap(page: Page, server: Server) -> None:
    by_hand(page, server, **PRESETS["trap"])
    trapped = page.locator(".byhand-trap tr.trapped")
    expect(trapped.locator("button")).to_have_text(["6", "3"])
    expect(page.locator(".byhand-trap tbody tr").last.locator("button")).to_have_text(["6", "6"])
    trapped.locator("button").last.click()
    expect(title(page)).to_have_text("h of step 3, unit 1, reverse")
    expect(page.locator("#explain .remark")).to_contain_text("has read one step here")
    page.locator("#back").click()
    page.locator("#back").click()
    until(lambda: row(page, "h←") == ["·", "·", "3"], what="the reverse direction at its first step")
    assert row(page, "h→") == ["1", "·", "·"]
    assert row(page, "y") == ["·", "·", "·"]


def test_the_keyboard_goes_from_number_to_number(page: Page, server: Server) -> None:
    by_hand(page, server)
    graph = page.get_by_role("group", name="The network unrolled over time")
    graph.focus()
    for key in ("ArrowDown", "ArrowLeft", "ArrowLeft"):
        graph.press(key)
    expect(page.locator(".byhand-cell.cursor")).to_have_attribute("data-cell", "h-2-1")
    expect(page.locator("#announcer")).to_have_text("h of step 2, unit 1: 6")
    graph.press("Enter")
    expect(title(page)).to_have_text("h of step 2, unit 1")


def test_what_does_not_fit_is_told_under_its_field_and_the_picture_stays(page: Page, server: Server) -> None:
    by_hand(page, server)
    field = page.locator('#form .field[data-field="w_ih"]')
    field.locator("textarea").fill("1 2 3\n4 5 6")
    field.locator("textarea").blur()
    expect(field.locator(".field-error")).to_have_text(
        "Block 1 must be 2 rows of 2 numbers (got 2 x 3). Empty the field for weights of 1."
    )
    assert row(page, "y") == ["4", "12", "32"]


def test_presets_and_the_other_language(page: Page, server: Server) -> None:
    by_hand(page, server, lang="zh")
    page.locator("#presets").click()
    page.get_by_text("次序有影响", exact=True).click()
    page.locator("body").press("End")
    until(lambda: row(page, "y") == ["4", "16", "36"], what="the other order's outputs")
    expect(page.locator(".byhand-compare h2")).to_have_text("有记忆与无记忆")
    page.locator("#language").click()
    expect(page.locator(".byhand-compare h2")).to_have_text("With memory and without")
    assert row(page, "y") == ["4", "16", "36"]


@pytest.mark.parametrize("preset", ["memory", "lstm"])
def test_all_of_the_picture_is_seen_without_scrolling(page: Page, server: Server, preset: str) -> None:
    by_hand(page, server, **PRESETS[preset])
    graph = page.locator(".byhand-scroll")
    until(lambda: graph.evaluate("one => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth + 1"))
    assert page.locator("div.small > .card:not([hidden])").first.bounding_box()["y"] < 600  # type: ignore[index]
