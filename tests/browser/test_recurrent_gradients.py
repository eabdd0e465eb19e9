"""recurrent/gradients in a real browser on a real server: what a user clicks, types and reads."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from app import labs
from browser.shell import counter, open_lab, play_to_end
from browser.watching import until
from serving import Server

NAME = "recurrent/gradients"

expect.set_options(timeout=45_000)


def gradients(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    query = "".join(f"&{name}={value}" for name, value in params.items())
    open_lab(page, f"{server.url}/recurrent?experiment=gradients&lang={lang}{query}")


def number(page: Page, row: int, column: int) -> Locator:
    """Of the position's table: a row a cell, columns h, c, x."""
    return page.locator(f".grad-table tbody tr:nth-child({row + 1}) td:nth-child({column + 2}) button")


def shown(page: Page, row: int, column: int) -> float:
    return float((number(page, row, column).get_attribute("data-exact") or "nan").replace("\N{MINUS SIGN}", "-"))


def title(page: Page) -> Locator:
    return page.locator("#explain h2")


def test_the_gradients_length_is_the_runs_at_every_position(page: Page, server: Server) -> None:
    gradients(page, server, steps=12)
    play_to_end(page)
    assert counter(page) == (12, 12)
    frames = list(labs.run(NAME, steps=12))
    expect(page.locator("#numbers h2")).to_have_text("Step t = 0")
    assert shown(page, 1, 0) == frames[12].tensors["h"][1]
    expect(number(page, 1, 2)).to_be_disabled()  # the initial state reads no input
    page.locator("#back").click()
    expect(page.locator("#numbers h2")).to_have_text("Step t = 1")
    until(lambda: shown(page, 1, 1) == frames[11].tensors["c"][0], what="c's gradient at step 1")
    assert shown(page, 0, 2) == frames[11].tensors["x"][0]


def test_a_length_opens_then_a_unit_then_a_path(page: Page, server: Server) -> None:
    gradients(page, server, steps=12, at=5)
    page.locator(".grad-body .chart-line", has_text="GRU").click()
    expect(title(page)).to_have_text("GRU: length of the gradient by h of step 7")
    expect(page.locator("#explain .parity")).to_contain_text("autograd")
    page.locator(".grad-table ~ .cells").click(position={"x": 8, "y": 8})
    expect(title(page)).to_have_text("GRU: gradient by h of step 7, unit 1")
    page.locator(".grad-paths .chart-line", has_text="the update gate z").click()
    expect(title(page)).to_have_text("GRU: what arrives at step 7, unit 1, through: the update gate z")
    page.locator(".grad-paths .switcher button", has_text="RNN").click()
    expect(page.locator(".grad-paths .chart-line")).to_have_count(1)
    page.locator(".grad-clip button", has_text="LSTM").click()
    expect(title(page)).to_have_text("LSTM: length after clipping")
    expect(page.locator("#explain .parity")).to_contain_text("clip_grad_norm_")


def test_the_dials_change_what_is_left(page: Page, server: Server) -> None:
    gradients(page, server, activation="identity", radius=0.5)
    play_to_end(page)
    assert 8.8e-16 < shown(page, 0, 0) < 9e-16
    field = page.get_by_role("textbox", name="Spectral radius")
    field.fill("1.3")
    field.press("Enter")
    play_to_end(page)
    until(lambda: 497_928 < shown(page, 0, 0) < 497_930, what="1.3 to the 50th")
    page.locator("#undo").click()
    until(lambda: shown(page, 0, 0) < 1, what="the run before the change")


def test_a_descent_begins_where_the_wall_is_pressed(page: Page, server: Server) -> None:
    gradients(page, server, steps=30)
    play_to_end(page)
    words = page.locator(".grad-wall ~ .caption")
    expect(words).to_contain_text("thrown off")
    before = words.text_content()
    box = page.locator(".grad-wall").bounding_box()
    assert box
    page.locator(".grad-wall").click(position={"x": box["width"] * 0.8, "y": box["height"] * 0.3})
    expect(page).to_have_url(re.compile("start="))
    play_to_end(page)
    until(lambda: words.text_content() not in ("", before), what="another descent")
    expect(words).not_to_contain_text("thrown off")
    page.locator(".chart-line", has_text="unclipped").click()
    expect(title(page)).to_have_text("Step 30 of the descent, unclipped")


def test_on_a_phone_in_chinese_nothing_is_cut_off(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    gradients(page, server, lang="zh", steps=12, truncate=4, loss="every")
    expect(page.locator("#main h2")).to_have_text("梯度往回走")
    expect(page.locator(".grad-clip ~ .caption")).to_contain_text("与不截断的梯度相比")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_cut_longer_than_the_run_gets_a_sentence(page: Page, server: Server) -> None:
    gradients(page, server, steps=12)
    field = page.get_by_role("spinbutton", name="Cut every").or_(page.get_by_role("textbox", name="Cut every"))
    field.fill("40")
    field.press("Enter")
    expect(page.locator('#form .field[data-field="truncate"] .field-error')).to_contain_text("Choose at most 11")
