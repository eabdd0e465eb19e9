"""recurrent/learning in a real browser on a real server: what a user clicks, types and reads."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from app import labs
from app.labs.contract import Frame
from browser.shell import counter, open_lab, play_to_end
from browser.watching import until
from serving import Server

NAME = "recurrent/learning"
SMALL = {"task": "dyck-2", "length_of": 10, "hidden": 8, "steps": 40, "every": 4}

expect.set_options(timeout=45_000)


def learning(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    query = "".join(f"&{name}={str(value).lower()}" for name, value in params.items())
    open_lab(page, f"{server.url}/recurrent?experiment=learning&lang={lang}{query}")


def number(page: Page, row: str) -> Locator:
    return page.locator(".step-table tr", has=page.get_by_role("rowheader", name=row, exact=True)).locator(".value")


def title(page: Page) -> Locator:
    return page.locator("#explain h2")


def test_the_film_goes_on_to_the_last_checkpoint(page: Page, server: Server) -> None:
    learning(page, server, **SMALL)
    play_to_end(page)
    assert counter(page) == (10, 10)
    frames = [one for one in labs.run(NAME, **SMALL) if isinstance(one, Frame)]
    expect(page.locator("#numbers h2")).to_have_text("After 40 training steps")
    shown = number(page, "loss, test").get_attribute("data-exact")
    assert float(str(shown)) == pytest.approx(float(frames[10].tensors["loss"][1]), rel=1e-4)
    expect(page.locator(".learn-band")).to_have_count(6)
    expect(page.locator(".learn-shape")).to_have_text("many to many, 10 \N{RIGHTWARDS ARROW} 10")
    page.locator("body").press("Home")
    expect(page.locator("#numbers h2")).to_have_text("After 0 training steps")
    expect(number(page, "loss, training")).to_have_text("\N{EM DASH}")


def test_a_gate_an_answer_and_the_share_of_right_answers_open(page: Page, server: Server) -> None:
    learning(page, server, **SMALL)
    play_to_end(page)
    page.locator(".learn-band", has_text="forget gate").locator(".cells").click(position={"x": 6, "y": 6})
    expect(title(page)).to_have_text("f of step 1, unit 1, after 40 training steps")
    expect(page.locator("#explain .parity")).to_contain_text("equals")
    page.locator(".learn-band", has_text="memory cell").locator(".cells").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(title(page)).to_have_text("c of step 2, unit 1, after 40 training steps")
    page.locator("#explain .opens").first.click()
    expect(title(page)).to_contain_text("of step")
    page.locator(".learn-asked").nth(4).click()
    expect(title(page)).to_have_text("Loss of the answer at step 5, after 40 training steps")
    number(page, "right answers").click()
    expect(title(page)).to_have_text("Right answers after 40 training steps")


def test_another_task_and_another_cell_are_learnt_instead(page: Page, server: Server) -> None:
    learning(page, server, **SMALL)
    page.locator('#form .field[data-field="task"] select').select_option(label="the symbol before this one")
    page.locator('#form .field[data-field="cell"] select').select_option(label="RNN (Elman)")
    play_to_end(page)
    expect(page.locator(".learn-band")).to_have_count(1)
    until(lambda: len(page.locator(".learn-asked").all()) == 10, what="an answer at every step")
    page.locator("#undo").click()
    play_to_end(page)
    expect(page.locator(".learn-band")).to_have_count(6)


def test_too_many_checkpoints_get_a_sentence_and_the_picture_stays(page: Page, server: Server) -> None:
    learning(page, server, **SMALL)
    field = page.locator('#form .field[data-field="steps"]')
    field.locator("input").last.fill("5000")
    field.locator("input").last.press("Enter")
    expect(page.locator('#form .field[data-field="every"] .field-error')).to_contain_text("choose at least 10 steps")
    expect(page.locator(".learn-band")).to_have_count(6)


def test_on_a_phone_in_chinese_nothing_is_cut_off(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    learning(page, server, lang="zh", **SMALL)
    expect(page.locator("#main h2")).to_have_text("一个样本的门")
    expect(page.locator(".learn-band").nth(1)).to_contain_text("遗忘门")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
