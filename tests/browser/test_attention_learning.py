"""attention/learning in a real browser on a real server: what a user clicks, types and reads."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from app import labs
from app.labs.contract import Frame
from browser.shell import counter, open_lab, play_to_end
from serving import Server

NAME = "attention/learning"
SMALL = {"task": "reversal", "sentence": "abcde", "d_model": 32, "steps": 20, "every": 5, "batch": 8}

expect.set_options(timeout=45_000)


def learning(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    query = "".join(f"&{name}={value}" for name, value in params.items())
    open_lab(page, f"{server.url}/attention?experiment=learning&lang={lang}{query}")


def number(page: Page, row: str) -> Locator:
    return page.locator(".step-table tr", has=page.get_by_role("rowheader", name=row, exact=True)).locator(".value")


def title(page: Page) -> Locator:
    return page.locator("#explain h2")


def test_the_maps_form_to_the_last_checkpoint_and_open(page: Page, server: Server) -> None:
    learning(page, server, **SMALL)
    play_to_end(page)
    assert counter(page) == (4, 4)
    frame = [one for one in labs.run(NAME, **SMALL) if isinstance(one, Frame)][-1]
    expect(page.locator("#numbers h2")).to_have_text("After 20 training steps")
    assert float(str(number(page, "loss, test").get_attribute("data-exact"))) == pytest.approx(frame.tensors["loss"][1], rel=1e-4)
    expect(page.locator(".forming-tile")).to_have_count(8)
    page.get_by_role("button", name="layer 1, head 3").click()
    expect(page.locator(".forming-large h3")).to_have_text("Layer 1, head 3")
    expect(page.locator(".forming-tile[aria-pressed=true] .value")).to_have_text(f"{frame.tensors['here'][0, 2]:.2f}")
    page.locator(".forming-score").first.click()
    expect(title(page)).to_contain_text("Mean weight where it should look: layer 1, head 3")
    expect(page.locator("#explain .parity")).to_contain_text("equals")
    page.locator(".forming-large .cells").focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(title(page)).to_have_text("Weight of “b” for “d”: layer 1, head 3, after 20 training steps")
    page.locator(".forming-sure button").nth(1).click()
    expect(title(page)).to_have_text("Loss of “d” after 20 training steps")
    page.locator("body").press("Home")
    expect(page.locator("#numbers h2")).to_have_text("After 0 training steps")


def test_words_that_the_model_never_saw_are_refused_and_the_picture_stays(page: Page, server: Server) -> None:
    learning(page, server, **SMALL)
    play_to_end(page)
    field = page.locator('#form .field[data-field="sentence"]')
    field.locator("textarea").fill("abc1")
    field.locator("textarea").press("Control+Enter")
    field.locator("textarea").blur()
    expect(page.get_by_text("The model was never shown 1")).to_be_visible()
    expect(page.locator(".forming-tile")).to_have_count(8)


def test_an_induction_model_on_a_phone_in_chinese(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    learning(page, server, lang="zh", task="induction", sentence="abcd", d_model=32, steps=10, every=5, batch=4)
    page.locator("body").press("End")
    expect(page.locator("#main h2")).to_have_text("一句话的注意力怎样形成")
    expect(page.locator(".forming-rows bdi")).to_have_count(9)
    expect(page.locator(".forming-sure li")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
