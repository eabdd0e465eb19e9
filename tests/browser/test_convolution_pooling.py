"""convolution/pooling in a real browser on a real server: what a user clicks, types and reads."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from app import labs
from browser.shell import counter, open_lab, play_to_end
from browser.watching import Watch, until
from serving import Server

NAME = "convolution/pooling"
CORNER = {"x": 8, "y": 8}
"""Inside the first cell of a grid."""

expect.set_options(timeout=45_000)


def pooling(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    """Opens the experiment with these params and goes to its end."""
    open_lab(page, f"{server.url}/convolution?experiment=pooling&lang={lang}#p={quote(json.dumps(params))}")
    if lang == "en":
        play_to_end(page)


def grid(page: Page, label: str) -> Locator:
    """A grid of numbers by the beginning of its name."""
    return page.locator(f'.cells[aria-label^="{label}"]')


def explained(page: Page) -> Locator:
    return page.locator("#explain h2")


def value(page: Page, pool: str, column: int = 0) -> str:
    """What the table says that a pool made of the current window."""
    return page.locator(".pool-table tbody tr", has_text=pool).locator("button.value").nth(column).inner_text()


def test_the_board_shows_every_pool_and_plays_window_by_window(page: Page, server: Server) -> None:
    pooling(page, server, softpool=True)
    assert counter(page) == (9, 9)
    expect(page.locator(".pool-head h3")).to_have_text(["Input", "Max", "Average", "Attention", "SoftPool"])
    expect(page.locator(".cells.pick canvas")).to_have_count(2 * (1 + 2 * 4))
    last = list(labs.run(NAME, softpool=True))[-1].tensors
    assert value(page, "Max") == f"{last['output/max'][0, 2, 2]:g}"
    assert value(page, "Average", 1) == f"{last['output/average'][1, 2, 2]:g}"
    before = page.locator(".pool-board canvas").nth(2).evaluate("(canvas) => canvas.toDataURL()")
    page.locator("#back").click()
    expect(page.locator("#counter")).to_have_text("8 / 9")
    until(
        lambda: page.locator(".pool-board canvas").nth(2).evaluate("(canvas) => canvas.toDataURL()") != before,
        what="one output less",
    )
    expect(page.locator("#numbers h2")).to_have_text("Step 8")


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}])
def test_pools_that_do_not_fit_side_by_side_stand_below(page: Page, server: Server, viewport: Any) -> None:
    page.set_viewport_size(viewport)
    every = dict.fromkeys(("softpool", "mean", "lp", "global_max", "global_average", "adaptive_max", "adaptive_average"), True)
    pooling(page, server, channels=3, **every)
    for part in (".pool-body", ".pool-change .card-body"):
        assert page.locator(part).evaluate("(e) => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight"), part
    heads = page.locator(".pool-head").evaluate_all("(all) => all.map((e) => [e.offsetTop, e.offsetLeft])")
    assert len(heads) == 11
    assert len({tuple(one) for one in heads}) == 11
    assert len({top for top, _ in heads}) > 1


def test_a_click_on_an_output_opens_its_arithmetic_and_a_weight_its_own(page: Page, server: Server) -> None:
    pooling(page, server)
    grid(page, "Output of Average, channel 1").click(position=CORNER)
    expect(explained(page)).to_have_text("Average, channel 1: output (0, 0)")
    expect(page.locator("#explain .parity")).to_have_class("parity good")
    grid(page, "Weights of Attention").first.click(position=CORNER)
    expect(explained(page)).to_have_text("Attention (dot product): weight 0 of output (2, 2)")
    expect(page.locator("#explain .remark").first).to_contain_text("Nobody trained this query")
    page.locator("#explain .katex .opens").first.click()
    expect(explained(page)).not_to_have_text("Attention (dot product): weight 0 of output (2, 2)")


def test_a_clicked_pixel_asks(page: Page, server: Server) -> None:
    pooling(page, server)
    before = value(page, "Attention")
    grid(page, "Input, channel 1").click(position=CORNER)
    cell = labs.scene(NAME).tensors["input"][:, 0, 0]
    expect(page.locator(".pool-query")).to_contain_text(f"cell (0, 0) = [{cell[0]:g}, {cell[1]:g}]")
    play_to_end(page)
    now = list(labs.run(NAME, pixel=[0, 0]))[-1].tensors["output/attention"][0, 2, 2]
    until(
        lambda: (
            value(page, "Attention") == f"{now:.4g}".rstrip("0").rstrip(".")
            or float(value(page, "Attention")) == pytest.approx(now, rel=1e-3)
        )
    )
    assert value(page, "Attention") != before
    page.get_by_role("button", name="Ask with q").click()
    expect(page.locator(".pool-query")).to_contain_text("[1, 1]")


def test_the_keyboard_reaches_every_cell(page: Page, server: Server) -> None:
    pooling(page, server)
    cells = grid(page, "Output of Max, channel 0")
    cells.focus()
    cells.press("ArrowRight")
    cells.press("ArrowDown")
    expect(page.locator("#announcer")).to_contain_text("output (1, 1): 9")
    assert counter(page) == (9, 9), "the arrows moved the cursor, not the time"
    cells.press("Enter")
    expect(explained(page)).to_have_text("Max, channel 0: output (1, 1)")
    cells = grid(page, "Input, channel 0")
    cells.focus()
    cells.press("ArrowDown")
    cells.press("Enter")
    expect(page.locator(".pool-query")).to_contain_text("cell (1, 0)")


def test_the_temperature_chart_sets_the_temperature(page: Page, server: Server) -> None:
    pooling(page, server, channels=1)
    box = page.locator(".pool-temperature svg").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 12, box["y"] + 40)
    field = page.locator('#form .field[data-field="temperature"] input[type="text"]')
    until(lambda: float(field.input_value()) > 500, what="a hot temperature")
    play_to_end(page)
    until(lambda: abs(float(value(page, "Attention")) - float(value(page, "Average"))) < 0.02, what="attention as average")


def test_the_measurements_are_on_the_page(page: Page, server: Server) -> None:
    pooling(page, server)
    rows = page.locator(".pool-change tbody tr")
    expect(rows).to_have_count(3)
    assert [rows.nth(i).locator("td .value").all_inner_texts() for i in (0, 1)] == [["0", "0"], ["0", "0"]]
    assert rows.nth(2).locator("td .value").all_inner_texts() == ["3.53", "0.888"]
    expect(page.locator(".pool-receptive b")).to_have_text(["5 × 5", "8 × 8", "7 × 7", "18 × 18", "24 × 24"])
    before = page.locator(".pool-regression output").inner_text()
    page.locator(".pool-regression input").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".pool-regression output")).not_to_have_text(before)


def test_the_real_divisor_is_told_at_every_window(page: Page, server: Server) -> None:
    ones = {
        "pattern": "ones",
        "channels": 1,
        "size": [4, 4],
        "kernel": [3, 3],
        "stride": [2, 2],
        "padding": [1, 1],
        "ceil_mode": True,
    }
    pooling(page, server, **ones)
    expect(page.locator(".pool-table .caption")).to_have_text("Window (2, 2); average divides by 4")
    assert value(page, "Average") == "0.25"


def test_torchs_reason_stands_under_the_field(page: Page, server: Server, watch: Watch) -> None:
    pooling(page, server)
    field = page.locator('#form .field[data-field="padding"]')
    for at in (0, 1):
        field.locator("input").nth(at).fill("2")
        field.locator("input").nth(at).press("Tab")
    expect(field.locator(".field-error")).to_contain_text("torch says: pad should be at most half of effective kernel size")
    expect(page.locator(".pool-board canvas").first).to_be_visible()


def test_it_speaks_chinese_and_changes_language_in_place(page: Page, server: Server) -> None:
    pooling(page, server, lang="zh", mean=True)
    expect(page.locator(".pool-head h3")).to_have_text(["输入", "最大", "平均", "注意力", "广义平均"])
    assert "convolution.pooling" not in page.locator("body").inner_text()
    page.locator("#language").click()
    expect(page.locator(".pool-head h3")).to_have_text(["Input", "Max", "Average", "Attention", "Gen. mean"])
    assert "convolution.pooling" not in page.locator("body").inner_text()


def test_a_pinned_run_stands_beside_the_next(page: Page, server: Server) -> None:
    pooling(page, server)
    page.locator("#pin").click()
    field = page.locator('#form .field[data-field="temperature"] input[type="text"]')
    field.fill("100")
    field.press("Enter")
    play_to_end(page)
    expect(page.locator(".pool-table tbody tr", has_text="Attention").locator(".ghost").first).to_have_text("pinned 8.990")


def test_channels_are_typed_as_blocks_of_rows(page: Page, server: Server) -> None:
    pooling(page, server, source="matrix")
    field = page.locator('#form .field[data-field="input"] textarea')
    assert field.input_value().split("\n\n")[1].startswith("0  1  4  2")
    field.fill("1 2\n3 9\n\n4 0\n0 0")
    field.press("Tab")
    expect(page.locator("#counter")).to_have_text("1 / 1")
    until(lambda: [value(page, "Max", c) for c in (0, 1)] == ["9", "4"], what="the typed numbers' maxima")
    field.fill("[[[1, 2], [3, 4]], [[5, 6], [7]]]")
    expect(page.locator('#form .field[data-field="input"] .field-error')).to_be_visible()
