"""optimizer/landscape in a real browser on a real server: what a user sees, clicks and drags."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from app import labs
from app.labs.contract import Frame
from browser.shell import counter, open_lab, play_to_end
from browser.watching import until
from serving import Server

SMALL: dict[str, Any] = {
    "data": "moons", "samples": 60, "hidden": "5", "epochs": 3, "batch_size": 16, "side": 17, "points": 4,
    "racers": [{"rule": "sgd", "lr": 0.5}, {"rule": "adam", "lr": 0.05}],
}  # fmt: skip

expect.set_options(timeout=45_000)


def landscape(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    open_lab(page, f"{server.url}/optimizer?experiment=landscape&lang={lang}#p={quote(json.dumps({**SMALL, **params}))}")


def title(page: Page) -> Locator:
    return page.locator("#explain h2")


def number(page: Page, racer: int, name: str) -> Locator:
    return page.locator(f".race-table tbody tr:nth-child({racer + 1}) .value[data-name={name}]")


def test_the_map_sharpens_the_paths_follow_and_every_number_is_the_runs(page: Page, server: Server) -> None:
    landscape(page, server)
    page.locator("body").press("Home")
    expect(page.locator("#numbers h2")).to_have_text("The map is being computed")
    play_to_end(page)
    frames = [one for one in labs.run("optimizer/landscape", **SMALL) if isinstance(one, Frame)]
    assert counter(page)[1] == len(frames) - 1
    expect(page.locator("#numbers h2")).to_have_text("After 12 training steps")
    for racer in range(2):
        for name in ("true_loss", "plane_loss", "distance", "edge"):
            shown = str(number(page, racer, name).get_attribute("data-exact")).replace("\N{MINUS SIGN}", "-")
            assert float(shown) == pytest.approx(float(frames[-1].tensors[name][racer]), rel=1e-4, abs=1e-9), name
    number(page, 1, "plane_loss").click()
    expect(title(page)).to_have_text("Adam: loss on the plane under it, step 12")
    expect(page.locator("#explain .parity")).to_be_visible()
    page.locator("body").press("ArrowLeft")
    expect(title(page)).to_have_text("Adam: loss on the plane under it, step 9")
    page.get_by_role("button", name="Open the ellipse's arithmetic").click()
    expect(title(page)).to_contain_text("curvature along the plane")


def test_a_place_is_asked_by_pointer_and_by_keyboard(page: Page, server: Server) -> None:
    landscape(page, server, curvature=False)
    play_to_end(page)
    expect(page.locator(".landscape-curves:visible")).to_have_count(2)
    page.locator(".race-plot .nsewdrag").click(position={"x": 20, "y": 20})
    expect(title(page)).to_contain_text("Loss of the plane at a = ")
    before = title(page).inner_text()
    page.locator(".landscape-probe").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(title(page)).not_to_have_text(before)
    page.get_by_role("button", name="SGD", exact=True).click()
    expect(title(page)).to_have_text("SGD: coordinate a after 12 steps")


def test_what_is_in_view_becomes_a_map_of_its_own_and_a_link(page: Page, server: Server) -> None:
    landscape(page, server, curvature=False)
    play_to_end(page)
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Compute this view").click()
    until(lambda: "x_range" in page.url)
    play_to_end(page)
    page.get_by_role("button", name="Whole map").click()
    until(lambda: "x_range" not in page.url)


def test_on_a_phone_in_chinese_nothing_is_cut_off(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    landscape(page, server, lang="zh")
    expect(page.get_by_role("heading", name="平面上的损失")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("body").press("End")
    expect(page.locator("#numbers h2")).to_have_text("训练 12 步之后")
