"""optimizer/training in a real browser on a real server: what a user clicks, types and reads."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from app import labs
from app.labs.contract import Frame
from browser.shell import counter, open_lab, play_to_end
from serving import Server

NAME = "optimizer/training"
SMALL: dict[str, Any] = {"samples": 60, "hidden": "8", "epochs": 6, "seeds": 3}

expect.set_options(timeout=45_000)


def training(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    query = "".join(f"&{name}={quote(str(value))}" for name, value in {**SMALL, **params}.items())
    open_lab(page, f"{server.url}/optimizer?experiment=training&lang={lang}{query}")


def test_the_medians_of_the_last_measurement_and_what_they_come_to(page: Page, server: Server) -> None:
    training(page, server)
    play_to_end(page)
    assert counter(page) == (6, 6)
    last = [one for one in labs.run(NAME, **SMALL) if isinstance(one, Frame)][-1]
    expect(page.locator("#numbers h2")).to_have_text("After 6 epochs")
    for r in range(2):
        shown = page.locator(".train-table > table").first.locator("tbody tr").nth(r).locator("td").nth(2).locator(".value")
        assert float(str(shown.get_attribute("data-exact"))) == pytest.approx(float(last.tensors["test_loss"][r, 1]), rel=1e-6)
    said = page.locator(".train-said p")
    expect(said).to_have_count(4)
    expect(said.last).to_contain_text("The notes say that Adam trains faster")
    expect(page.locator(".train-remaining")).to_be_hidden()
    page.locator("body").press("Home")
    expect(said.first).to_contain_text("the same for every rule")


def test_a_median_a_seed_a_place_on_the_plane_and_a_chosen_rate_open(page: Page, server: Server) -> None:
    training(page, server, tuning=2)
    play_to_end(page)
    title = page.locator("#explain h2")
    page.get_by_role("button", name="Adam: open the arithmetic of test loss", exact=True).click()
    expect(title).to_have_text("Adam: median test loss after 6 epochs")
    expect(page.locator("#explain .parity")).to_contain_text("equals")
    page.locator("#explain .opens").first.click()
    expect(title).to_contain_text("test loss after 6 epochs")
    page.get_by_role("button", name="SGDM: open the arithmetic of learning rate").click()
    expect(title).to_have_text("SGDM: the rate chosen out of 2")
    page.locator(".train-plane").nth(1).click(position={"x": 30, "y": 30})
    expect(title).to_contain_text("Adam: probability of class 1 at")
    page.locator(".train-plane").first.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(title).to_contain_text("SGDM: probability of class 1 at")


def test_other_data_bring_another_picture_and_a_bad_network_a_sentence(page: Page, server: Server) -> None:
    training(page, server)
    data = page.locator('#form .field[data-field="data"] select')
    data.select_option(label="linear regression")
    expect(page.locator(".train-line")).to_be_visible()
    expect(page.locator(".train-table > table").first.locator("thead th")).to_have_count(4)
    data.select_option(label="handwritten digits (8 × 8)")
    expect(page.locator("#main .train-loss .chart")).to_be_visible()
    hidden = page.locator('#form .field[data-field="hidden"]')
    hidden.locator("input").fill("8, 8")
    hidden.locator("input").press("Enter")
    expect(hidden.locator(".field-error")).to_contain_text("no list of layers")
    expect(page.locator("#main .train-loss .chart")).to_be_visible()


def test_a_branch_goes_on_from_a_measurement_with_another_rate(page: Page, server: Server) -> None:
    training(page, server)
    play_to_end(page)
    page.locator("#scrubber").fill("4")
    expect(page.locator("#counter")).to_contain_text("4 / 6")
    page.locator("#branch button").nth(1).click()
    page.locator(".racer-toggle").first.click()
    rate = page.locator('[data-field="racers.0.lr"] input[type="text"]')
    rate.fill("0.7")
    rate.press("Tab")
    play_to_end(page)
    shown = page.get_by_role("button", name="SGDM: open the arithmetic of learning rate")
    expect(shown).to_have_text("0.7")
    page.reload()  # the link holds the branch
    play_to_end(page)
    expect(shown).to_have_text("0.7")
    page.locator("#scrubber").fill("4")
    expect(shown).to_have_text("0.1")


def test_on_a_phone_in_chinese_nothing_is_cut_off(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    training(page, server, lang="zh")
    page.locator("body").press("End")
    expect(page.locator("#main h2")).to_have_text("各网络的判断")
    expect(page.locator(".train-said p").last).to_contain_text("讲义说")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
