"""convolution/sliding in a real browser on a real server: what a user clicks, types and reads."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from app import labs
from browser.shell import counter, open_lab, play_to_end
from browser.watching import until
from serving import Server

NAME = "convolution/sliding"
CORNER = {"x": 8, "y": 8}
"""Inside the first cell of a grid."""
COUNTING: dict[str, Any] = {"pattern": "counting", "channels": 1, "size": [3, 3], "kernel": "counting", "kernel_size": [2, 2]}

expect.set_options(timeout=45_000)


def sliding(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    """Opens the experiment with these params and goes to its end."""
    open_lab(page, f"{server.url}/convolution?experiment=sliding&lang={lang}#p={quote(json.dumps(params))}")
    if lang == "en":
        play_to_end(page)


def grid(page: Page, label: str) -> Locator:
    """A grid of numbers by the beginning of its name."""
    return page.locator(f'.cells[aria-label^="{label}"]')


def explained(page: Page) -> Locator:
    return page.locator("#explain h2")


def output(page: Page) -> str:
    """The step's output, as the table tells it."""
    return page.locator(".slide-table tr.total button.value").inner_text()


def test_the_kernel_slides_value_by_value(page: Page, server: Server) -> None:
    sliding(page, server, **COUNTING)
    assert counter(page) == (4, 4)
    assert output(page) == "43"
    for step, value in ((3, "37"), (2, "25"), (1, "19")):
        page.locator("#back").click()
        expect(page.locator("#counter")).to_have_text(f"{step} / 4")
        until(lambda value=value: output(page) == value, what=f"the output of step {step}")
    page.locator("#back").click()
    expect(page.locator(".slide-table .caption").first).to_have_text("Nothing is computed yet.")


def test_nothing_of_the_board_is_cut_off(page: Page, server: Server) -> None:
    """Of one channel the kernel stands below the input, where cells come out larger; a narrow output's name is whole."""
    sliding(page, server, **{**COUNTING, "size": [7, 7], "kernel_size": [3, 3], "dilation": [2, 2]})
    expect(page.locator(".slide-board")).to_have_class("slide-board below")
    body = page.locator(".slide-body")
    assert body.evaluate("(e) => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight]") == [0, 0]


def test_a_click_on_an_output_goes_to_its_step_and_opens_it(page: Page, server: Server) -> None:
    sliding(page, server, **COUNTING)
    grid(page, "Output channel 0").click(position=CORNER)
    expect(page.locator("#counter")).to_have_text("1 / 4")
    expect(explained(page)).to_have_text("Output channel 0, row 0, column 0")
    expect(page.locator("#explain .parity")).to_have_class("parity good")


def test_a_weight_a_ghost_and_a_row_of_the_matrix_open(page: Page, server: Server) -> None:
    sliding(page, server, **COUNTING, padding=[1, 1], padding_mode="reflect")
    grid(page, "Kernel of input channel 0").click(position=CORNER)
    expect(explained(page)).to_have_text("A shared weight: output channel 0, input channel 0, row 0, column 0")
    expect(page.locator("#explain .remark").first).to_contain_text("all 16 places")
    grid(page, "Padded input, channel 0").click(position=CORNER)
    expect(explained(page)).to_have_text("Padded input, channel 0, row 0, column 0")
    expect(page.locator("#explain .remark").first).to_contain_text("as far inside the border")
    matrix = page.get_by_role("group", name="The layer as a matrix")
    matrix.press("ArrowUp")
    expect(page.locator("#counter")).to_have_text("15 / 16")
    expect(explained(page)).to_contain_text("Row 14 of the matrix")
    expect(page.locator("#explain .parity")).to_have_class("parity good")


def test_a_number_is_changed_where_it_stands_and_undone(page: Page, server: Server) -> None:
    sliding(page, server, **COUNTING)
    grid(page, "Kernel of input channel 0").dblclick(position=CORNER)
    field = page.locator(".cell-field")
    expect(field).to_have_value("0")
    field.fill("10")
    field.press("Enter")
    expect(page.locator('#form .field[data-field="weight"] textarea')).to_have_value("10  1\n2  3")
    play_to_end(page)
    until(lambda: output(page) == "83", what="43 and ten times the cell 4")
    cells = grid(page, "Padded input, channel 0")
    cells.focus()
    cells.press("7")  # a digit opens the cell under the cursor
    page.locator(".cell-field").press("Enter")
    expect(page.locator('#form .field[data-field="input"] textarea')).to_have_value("7  1  2\n3  4  5\n6  7  8")
    page.locator("#undo").click()
    page.locator("#undo").click()
    play_to_end(page)
    until(lambda: output(page) == "43", what="the first run's output")


def test_typed_kernels_of_several_channels(page: Page, server: Server) -> None:
    sliding(page, server, **COUNTING)
    page.locator('#form .field[data-field="kernel"] select').select_option(label="typed numbers")
    area = page.locator('#form .field[data-field="weight"] textarea')
    area.fill("0 1\n2 3\n---\n1 1\n1 1")
    area.blur()
    play_to_end(page)
    expect(grid(page, "Output channel")).to_have_count(2)
    until(lambda: output(page) == str(4 + 5 + 7 + 8), what="the second kernel's sum")


def test_what_cannot_be_is_told_under_its_field_and_the_picture_stays(page: Page, server: Server) -> None:
    sliding(page, server, **COUNTING)
    page.locator('#form .field[data-field="groups"] input').fill("2")
    page.locator('#form .field[data-field="groups"] input').press("Enter")
    error = page.locator('#form .field[data-field="groups"] .field-error')
    expect(error).to_have_text("2 groups do not divide the 1 input channels: choose a number that does")
    assert output(page) == "43"
    expect(page.locator('#form .field[data-field="groups"] input')).to_have_value("2")


def test_presets_and_the_other_language(page: Page, server: Server) -> None:
    sliding(page, server, lang="zh")
    page.locator("#presets").click()
    page.get_by_text("多进多出", exact=True).click()
    page.locator("body").press("End")
    until(lambda: output(page) == "224", what="the last number of the book")
    expect(page.locator(".slide-matrix h2")).to_have_text("看作全连接层")
    page.locator("#language").click()
    expect(page.locator(".slide-matrix h2")).to_have_text("As a fully connected layer")
    assert output(page) == "224"


def test_groups_are_chosen_in_the_table(page: Page, server: Server) -> None:
    sliding(page, server, channels=4, out_channels=4)
    rows = page.locator(".slide-groups tbody tr")
    expect(rows.locator(".value")).to_have_text(["144", "2,304", "72", "1,152", "36", "576"])
    rows.nth(2).get_by_role("button").click()
    play_to_end(page)
    expect(page.locator(".slide-kernel:not(.unused)")).to_have_count(1)
    last = list(labs.run(NAME, channels=4, out_channels=4, groups=4))[-1].tensors["value"][0]
    until(lambda: output(page).replace("−", "-") == f"{last:g}", what="the depthwise output")
