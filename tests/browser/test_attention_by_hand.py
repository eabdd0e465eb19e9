"""attention/by-hand in a real browser on a real server: what a user clicks, types, drags and reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from app import labs
from browser.shell import counter, open_lab, play_to_end
from browser.watching import Watch, until
from serving import Server

NAME = "attention/by-hand"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}

expect.set_options(timeout=45_000)


def by_hand(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    """Opens the experiment with these params and goes to its end."""
    open_lab(page, f"{server.url}/attention?experiment=by-hand&lang={lang}#p={quote(json.dumps(params))}")
    if lang == "en":
        play_to_end(page)


def grid(page: Page, name: str) -> Locator:
    return page.locator(f'[data-block="{name}"] .cells')


def point(cells: Locator, row: int, col: int) -> dict[str, float]:
    """The middle of a cell of a grid, whose first cell begins 2 pixels in."""
    size = cells.evaluate("one => parseFloat(getComputedStyle(one.closest('.hand-block')).getPropertyValue('--cell'))")
    return {"x": 2 + (col + 0.5) * size, "y": 2 + (row + 0.5) * size}


def click(page: Page, name: str, row: int, col: int) -> None:
    cells = grid(page, name)
    cells.click(position=point(cells, row, col))  # type: ignore[arg-type]


def told(page: Page, name: str, row: int, col: int) -> str:
    """What a cell says under the pointer: its exact number."""
    cells = grid(page, name)
    cells.hover(position=point(cells, row, col))  # type: ignore[arg-type]
    return (cells.get_attribute("title") or "").rpartition(": ")[2]


def outputs(page: Page) -> list[str]:
    """The output of the word whose row the table shows."""
    return page.locator("#numbers tr.total button").all_text_contents()


def title(page: Page) -> Locator:
    return page.locator("#explain h2")


def test_the_numbers_on_paper_stage_by_stage(page: Page, server: Server) -> None:
    by_hand(page, server, **PRESETS["unscaled"])
    assert counter(page) == (8, 8)
    page.get_by_role("group", name="Whose row").get_by_role("button", name="one").click()
    assert outputs(page) == ["2.462", "3.462"]
    assert page.locator("#numbers tbody tr").nth(0).locator("button").all_text_contents() == ["0", "0", "0", "0.2689"]
    assert [told(page, "weights", 0, col)[:5] for col in (0, 1)] == ["0.268", "0.731"]
    assert [told(page, "output", 1, col)[:5] for col in (0, 1)] == ["1.537", "2.537"]
    expect(page.locator(".hand-parity")).to_contain_text("torch's scaled_dot_product_attention in this run (float64)")
    page.locator("body").press("Home")
    expect(page.locator(".hand-block.now")).to_have_attribute("data-block", "x")
    expect(page.locator(".hand-block.future")).to_have_count(8)
    assert told(page, "weights", 0, 0) == "still to come"
    page.locator("#forward").click()
    expect(page.locator(".hand-block.now")).to_have_attribute("data-block", "q")
    click(page, "weights", 0, 1)
    expect(page.locator("#counter")).to_have_text("7 / 8")
    expect(title(page)).to_have_text("“one” looks at “two”: weight")


def test_a_number_opens_and_leads_to_the_others(page: Page, server: Server) -> None:
    by_hand(page, server)
    expect(title(page)).to_have_text("“chase” looks at “cats”: weight")
    expect(page.locator("#explain .parity")).to_contain_text("torch.nn.functional.scaled_dot_product_attention")
    click(page, "output", 1, 0)
    expect(title(page)).to_have_text("“chase”: output, number 1")
    expect(page.locator("#explain .remark").first).to_contain_text("A weighted average of all values")
    click(page, "scores", 0, 1)
    expect(title(page)).to_have_text("“cats” looks at “chase”: score")
    page.locator("#explain .opens").first.click()
    expect(title(page)).to_have_text("“cats”: query, number 1")
    page.locator("#explain .back").click()
    expect(title(page)).to_have_text("“cats” looks at “chase”: score")


def test_a_number_is_typed_and_everything_follows(page: Page, server: Server) -> None:
    by_hand(page, server)
    before = outputs(page)
    cells = grid(page, "w_v")
    cells.dblclick(position=point(cells, 2, 0))  # type: ignore[arg-type]
    field = page.locator(".cell-field")
    expect(field).to_have_value("1")
    field.fill("3")
    field.press("Enter")
    matrix = [[0, 0], [0, 0], [3, 0], [0, 1]]
    expected = list(labs.run(NAME, w_v=[matrix]))[-1].tensors["output"][0, 1]
    until(lambda: outputs(page) == [f"{number:.4g}" for number in expected], what="the outputs with the changed weight")
    assert counter(page) == (8, 8)
    page.locator("#undo").click()
    play_to_end(page)
    until(lambda: outputs(page) == before, what="the outputs of before")


def test_a_number_is_dragged(page: Page, server: Server) -> None:
    by_hand(page, server)
    cells = grid(page, "x")
    box = cells.bounding_box()
    assert box
    at = point(cells, 0, 2)
    page.mouse.move(box["x"] + at["x"], box["y"] + at["y"])
    page.mouse.down()
    for way in (8, 20, 40):
        page.mouse.move(box["x"] + at["x"] + way, box["y"] + at["y"])
    page.mouse.up()
    until(lambda: told(page, "x", 0, 2) == "5", what="4 and ten steps of 0.1")
    expect(title(page)).to_have_text("“chase” looks at “cats”: weight")
    expected = list(labs.run(NAME, embedding=[[1, 0, 5, 0], [0, 1, 1, 1], [1, 0, 0, 3]]))[-1].tensors["output"][0, 1]
    until(lambda: outputs(page) == [f"{number:.4g}" for number in expected], what="the outputs with the dragged number")
    page.locator("#undo").click()
    play_to_end(page)
    until(lambda: told(page, "x", 0, 2) == "4", what="one step back is the whole drag")


def test_a_click_on_a_masked_score_hides_it_and_shows_it(page: Page, server: Server) -> None:
    by_hand(page, server)
    click(page, "masked", 1, 0)
    expect(page.locator('#form .field[data-field="mask"] select option:checked')).to_have_text("cell by cell")
    until(lambda: told(page, "masked", 1, 0) == "−∞", what="the hidden score")
    assert told(page, "weights", 1, 0) == "0"
    click(page, "masked", 1, 1)
    click(page, "masked", 1, 2)
    expect(page.locator(".hand-blind")).to_have_text("Sees nothing: chase. Weights and output are zeros, not NaN.")
    until(lambda: outputs(page) == ["0", "0"], what="zeros")
    click(page, "masked", 1, 0)
    expect(page.locator(".hand-blind")).to_be_hidden()
    until(lambda: told(page, "weights", 1, 0) == "1", what="all the weight on the only key")


def test_changes_faster_than_their_runs_are_all_kept(page: Page, server: Server) -> None:
    by_hand(page, server)
    press = """(cells, places) => {
      const { left, top } = cells.getBoundingClientRect();
      for (const { x, y } of places) {
        const where = { bubbles: true, button: 0, pointerId: 1, clientX: left + x, clientY: top + y };
        cells.dispatchEvent(new PointerEvent("pointerdown", where));
        cells.dispatchEvent(new PointerEvent("pointerup", where));
        cells.dispatchEvent(new MouseEvent("click", where));
      }
    }"""
    grid(page, "masked").evaluate(press, [point(grid(page, "masked"), 1, col) for col in range(3)])
    expect(page.locator(".hand-blind")).to_have_text("Sees nothing: chase. Weights and output are zeros, not NaN.")
    until(lambda: counter(page) == (8, 8), what="the same stage as before")
    assert outputs(page) == ["0", "0"]


def test_the_scale_removed_and_saturation_opened(page: Page, server: Server) -> None:
    by_hand(page, server, **PRESETS["saturation"])
    row = page.locator(".hand-saturation tbody tr").first
    expect(row.locator("button")).to_have_text(["0.849", "0.589", "0.185", "0.999", "0.00905", "0.00142"])
    expect(row.locator("td.now")).to_have_count(3)
    row.locator("button").last.click()
    expect(title(page)).to_have_text("Gradient of the softmax of “a”, without the scale")
    expect(page.locator("#explain .parity")).to_contain_text("torch.func.jacrev")


def test_words_change_places_with_and_without_positions(page: Page, server: Server) -> None:
    by_hand(page, server)
    order = page.locator(".hand-order")
    expect(order).to_contain_text("The words stand as typed.")
    order.get_by_role("button", name="Move “cats” to the right").click()
    expect(page.locator('#form .field[data-field="permutation"] input')).to_have_value("2 1 3")
    expect(order).to_contain_text("Every word gets the same result wherever it stands")
    page.locator('#form .field[data-field="positions"] select').select_option(label="sinusoidal")
    expect(order).to_contain_text("The results change with the order")
    expect(page.locator('[data-block="place"]')).to_be_visible()
    order.locator("tbody button").first.click()
    expect(title(page)).to_contain_text("“chase” at place 1 instead of 2")


def test_heads_are_turned_and_put_side_by_side(page: Page, server: Server) -> None:
    by_hand(page, server, **PRESETS["heads"])
    assert counter(page) == (9, 9)
    expect(page.locator(".hand-block.now")).to_have_count(2)
    assert told(page, "weights", 0, 0)[:5] == "0.163"
    page.get_by_role("button", name="Head 2").click()
    assert told(page, "weights", 0, 0)[:5] == "0.848"
    expect(title(page)).to_have_text("“chase” looks at “cats”: weight, head 2")
    click(page, "projected", 0, 2)
    expect(title(page)).to_have_text("“cats”: result, number 3")
    page.locator("#explain .opens").first.click()
    expect(title(page)).to_have_text("“cats”: heads side by side, number 1")


def test_the_pointer_links_words_everywhere(page: Page, server: Server) -> None:
    by_hand(page, server)
    told(page, "scores", 0, 1)
    expect(page.locator('[data-block="scores"] .hand-rows .linked')).to_have_text("cats")
    expect(page.locator('[data-block="weights"] .hand-cols .linked')).to_have_text("chase")
    page.locator("h2").first.hover()
    expect(page.locator(".linked")).to_have_count(0)


def test_the_keyboard_goes_from_cell_to_cell(page: Page, server: Server) -> None:
    by_hand(page, server)
    cells = grid(page, "masked")
    cells.focus()
    cells.press("ArrowRight")
    expect(page.locator("#announcer")).to_contain_text("“cats” looks at “chase”")
    cells.press("Enter")
    expect(title(page)).to_have_text("“cats” looks at “chase”: masked score")
    until(lambda: told(page, "weights", 0, 1) == "0", what="the weight that was hidden with the keyboard")
    inputs = grid(page, "w_q")
    inputs.focus()
    inputs.press("7")
    page.locator(".cell-field").press("Enter")
    until(lambda: told(page, "w_q", 0, 0) == "7", what="the typed number")


def test_what_does_not_fit_is_told_under_its_field_and_the_picture_stays(page: Page, server: Server) -> None:
    by_hand(page, server)
    field = page.locator('#form .field[data-field="permutation"]')
    field.locator("input").fill("1 2")
    field.locator("input").blur()
    expect(field.locator(".field-error")).to_have_text(
        "The order must name each of 1 to 3 once (got “1 2”). Empty the field for the order typed."
    )
    assert outputs(page) == ["1.892", "1.446"]


def test_presets_and_the_other_language(page: Page, server: Server) -> None:
    by_hand(page, server, lang="zh")
    page.locator("#presets").click()
    page.get_by_text("纸上算一遍，不缩放", exact=True).click()
    page.locator("body").press("End")
    until(lambda: outputs(page) == ["1.538", "2.538"], what="the second word's output")
    expect(page.locator("#main h2")).to_have_text("注意力，一步一步")
    page.locator("#language").click()
    expect(page.locator("#main h2")).to_have_text("Attention, stage by stage")
    assert outputs(page) == ["1.538", "2.538"]


@pytest.mark.parametrize("preset", ["average", "heads", "saturation"])
def test_a_phone_does_not_scroll_sideways(
    new_context: Callable[..., BrowserContext], server: Server, watch: Watch, preset: str
) -> None:
    page = new_context(viewport={"width": 390, "height": 844}, has_touch=True).new_page()
    by_hand(page, server, **PRESETS[preset])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    main = page.locator("#main .card-body")
    assert main.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    assert watch.unexpected() == []
