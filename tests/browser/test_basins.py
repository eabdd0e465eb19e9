"""optimizer/basins in a real browser on a real server: the map that sharpens, a pixel's run, boxes to zoom, keys, a phone."""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from app import labs
from app.labs.contract import Frame
from app.labs.optimizer.passes import parts
from browser.shell import counter, open_lab, play_to_end, settled
from browser.watching import until
from serving import Server

NAME = "optimizer/basins"
SMALL: dict[str, Any] = {"pixels": 32, "steps": 60, "dtype": "float64", "racers": [{"rule": "sgdm", "lr": 0.01}]}

expect.set_options(timeout=45_000)


def basins(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    """Opens the experiment with these params and goes to its end."""
    open_lab(page, f"{server.url}/optimizer?experiment=basins&lang={lang}#p={quote(json.dumps({**SMALL, **params}))}")
    page.locator("body").press("End")
    until(lambda: counter(page)[0] == counter(page)[1], what="the whole map")


def pixel(row: int, column: int, **params: Any) -> dict[str, float]:
    """What the map itself has there."""
    values = {**SMALL, **params}
    checked = labs.params_from(NAME, values)
    for frame in labs.run(NAME, **values):
        assert isinstance(frame, Frame)
        place = parts(values["pixels"], checked.most())[frame.step].place(row, column)  # type: ignore[attr-defined]
        if place is not None:
            return {name: float(frame.tensors[name][place]) for name in ("loss", "steps", "minimum", "status")}
    raise AssertionError


def number(page: Page, row: str) -> Locator:
    return page.locator(".basins-numbers tr", has=page.get_by_role("rowheader", name=row, exact=True)).locator("[data-exact]")


def exactly(page: Page, row: str) -> float:
    text = str(number(page, row).get_attribute("data-exact")).replace("\N{MINUS SIGN}", "-")
    return float(text)


def press(page: Page, row: int, column: int, side: int = 32) -> tuple[float, float]:
    """The middle of a pixel on the page."""
    box = page.locator(".basins-pad").bounding_box()
    assert box
    return box["x"] + (column + 0.5) / side * box["width"], box["y"] + (1 - (row + 0.5) / side) * box["height"]


def test_a_clicked_pixel_is_the_race_that_its_link_opens(page: Page, server: Server) -> None:
    basins(page, server)
    expect(page.locator(".basins-numbers .parity")).to_contain_text("to the last bit")
    expect(page.locator(".basins-class")).to_have_count(5)  # four minima, and what diverged
    page.mouse.click(*press(page, 9, 25))
    expect(page.locator("#numbers h2")).to_have_text("Pixel (9, 25)")
    mine = pixel(9, 25)
    assert exactly(page, "loss") == mine["loss"]
    assert exactly(page, "x") == -5 + 10 * 25.5 / 32
    expect(page.locator("#explain h2")).to_have_text("Pixel (9, 25): the loss where it ended")
    number(page, "steps to the tolerance").click()
    expect(page.locator("#explain h2")).to_have_text("Pixel (9, 25): steps to the tolerance")
    until(lambda: page.locator(".basins-run canvas[data-points]").count() == 1, what="the pixel's path")
    page.get_by_role("link", name="Open in the race").click()
    expect(page.locator("#tabs [aria-current=page]")).to_have_text("Race")
    play_to_end(page)
    assert counter(page) == (60, 60)
    shown = page.locator(".race-table tbody .value").first
    until(
        lambda: float(str(shown.get_attribute("data-exact")).replace("\N{MINUS SIGN}", "-")) == mine["loss"], what="the same loss"
    )


def test_boxes_are_computed_anew_and_gone_back_from(page: Page, server: Server) -> None:
    basins(page, server, axes="settings", x_range=[0.001, 0.04], y_range=[0, 1])
    first = page.locator("#form .field[data-field=x_range] input").first
    page.mouse.move(*press(page, 8, 8))
    page.mouse.down()
    page.mouse.move(*press(page, 23, 23), steps=4)
    page.mouse.up()
    play_to_end(page)
    low = 0.001 + 0.039 * 8.5 / 32
    until(lambda: math.isclose(float(first.input_value()), low, rel_tol=0.02), what="the box's own range")
    until(lambda: exactly(page, "lr") > low, what="the new map's numbers")
    expect(page.locator("#undo")).to_be_enabled()
    pad = page.locator(".basins-pad")
    pad.press("Backspace")
    play_to_end(page)
    until(lambda: float(first.input_value()) == 0.001, what="the map before")
    pad.press("ArrowRight")
    pad.press("Shift+ArrowDown")
    expect(page.locator("#numbers h2")).to_have_text("Pixel (0, 17)")
    pad.press("+")
    settled(page)
    until(lambda: float(first.input_value()) > 0.001, what="nearer by a key")
    play_to_end(page)


def test_the_map_sharpens_and_is_coloured_by_what_is_asked(page: Page, server: Server) -> None:
    basins(page, server)
    canvas = page.locator(".basins-plot canvas.layer").first

    def colours() -> int:
        """How many colours differ from their left neighbour along the map's middle."""
        return int(
            canvas.evaluate(
                """(c) => { const row = c.getContext("2d").getImageData(0, c.height >> 1, c.width, 1).data; let n = 0;
                for (let i = 4; i < row.length; i += 4) if (row[i] !== row[i - 4] || row[i + 1] !== row[i - 3]) n += 1;
                return n; }"""
            )
        )

    page.get_by_role("button", name="loss", exact=True).click()
    until(lambda: colours() > 10, what="losses as colours")
    fine = colours()
    page.locator("body").press("Home")
    until(lambda: counter(page)[0] == 0, what="the first part")
    until(lambda: 0 < colours() <= 3, what="blocks of eight pixels")  # 4 blocks a side
    page.locator("body").press("End")
    until(lambda: colours() == fine, what="the whole map again")
    page.get_by_role("button", name="steps", exact=True).click()
    expect(page.locator(".basins-scale")).to_contain_text("steps to the tolerance")


def test_another_rule_takes_the_place_of_the_one(page: Page, server: Server) -> None:
    basins(page, server, pixels=16, steps=10)
    expect(page.locator(".basins-numbers")).to_contain_text("All paths step together")
    page.get_by_role("button", name="Choose another rule").click()
    page.get_by_role("combobox", name="Search rules").fill("adabelief")
    page.keyboard.press("Enter")
    expect(page.locator(".racers .racer")).to_have_count(1)
    play_to_end(page)
    expect(page.locator(".basins-numbers")).to_contain_text("one by one")


def test_on_a_phone_in_chinese_nothing_is_cut_off(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    basins(page, server, lang="zh")
    expect(page.locator("#main h2")).to_have_text("每条路径的终点")
    expect(page.locator(".basins-legend")).to_contain_text("极小值 1（3，2）")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
