"""recurrent/gates in a real browser on a real server: what a user types, clicks and reads."""

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

NAME = "recurrent/gates"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}
TEXT = "To be, or not to be"

expect.set_options(timeout=45_000)


def gates(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    open_lab(page, f"{server.url}/recurrent?experiment=gates&lang={lang}#p={quote(json.dumps({'text': TEXT, **params}))}")


def number(page: Page, row: str) -> Locator:
    return page.locator(".step-table tr", has=page.get_by_role("rowheader", name=row)).locator(".value")


def exact(cell: Locator) -> float:
    """Every digit of a number that is shown."""
    return float((cell.get_attribute("data-exact") or "nan").replace("\N{MINUS SIGN}", "-"))


def title(page: Page) -> Locator:
    return page.locator("#explain h2")


def test_a_text_is_read_to_its_end_and_every_number_is_the_runs(page: Page, server: Server) -> None:
    gates(page, server)
    play_to_end(page)
    assert counter(page) == (len(TEXT), len(TEXT))
    frames = [one for one in labs.run(NAME, text=TEXT) if isinstance(one, Frame)]
    expect(page.locator("#numbers h2")).to_have_text(
        "Step 19 of 19: \N{LEFT DOUBLE QUOTATION MARK}e\N{RIGHT DOUBLE QUOTATION MARK}"
    )
    expect(page.locator(".gates-shape")).to_have_text("many to many, 19 \N{RIGHTWARDS ARROW} 19")
    assert exact(number(page, "h, hidden state")) == pytest.approx(float(frames[-1].tensors["h"][1, 0]), rel=1e-5)
    expect(page.locator("#numbers .caption").filter(has_text="to nn.LSTM so far")).to_be_visible()
    page.locator("body").press("ArrowLeft")
    cost = number(page, "nats of")
    expected = float(frames[18].tensors["loss"][0])
    until(lambda: abs(exact(cost) - expected) < 1e-5, what="the nats of the step before")
    page.locator("body").press("Home")
    expect(page.locator("#numbers h2")).to_have_text("Before the first character")


def test_a_cell_a_character_and_a_prediction_open(page: Page, server: Server) -> None:
    gates(page, server)
    play_to_end(page)
    tape = page.locator(".gates-tape")
    tape.click(position={"x": 26 + 14 * 3 + 7, "y": 40})
    until(lambda: counter(page)[0] == 4, what="the step of the column that was pressed")
    expect(title(page)).to_contain_text("i of unit")
    expect(page.locator("#explain .parity")).to_contain_text("equals")
    tape.press("f")
    expect(title(page)).to_contain_text("f of unit")
    before = title(page).inner_text()
    tape.press("ArrowDown")
    until(lambda: title(page).inner_text() != before, what="the next unit")
    page.locator(".gates-line span").nth(9).click()
    until(lambda: counter(page)[0] == 10, what="the step of the character")
    page.locator(".next-list button.right").click()
    expect(title(page)).to_contain_text("Probability of")
    page.locator("#explain .opens").first.click()
    expect(title(page)).to_contain_text("Logit of")


def test_the_cells_diagram_has_the_units_numbers_and_opens_them(page: Page, server: Server) -> None:
    gates(page, server)
    play_to_end(page)
    diagram = page.locator(".gates-diagram")
    assert diagram.locator(".gates-sign").all_text_contents().count("\N{GREEK SMALL LETTER SIGMA}") == 3
    candidate = diagram.get_by_role("button", name="g, candidate")
    expect(candidate).to_contain_text("tanh")
    candidate.press("Enter")
    expect(title(page)).to_contain_text("g of unit 1, layer 2")
    page.locator('#form .field[data-field="model"] select').select_option(label="GRU · Shakespeare")
    play_to_end(page)
    expect(diagram.get_by_role("button", name="z, update gate")).to_be_visible()
    assert diagram.locator(".gates-sign").all_text_contents().count("1\N{MINUS SIGN}") == 1


def test_another_text_is_read_while_it_is_typed(page: Page, server: Server) -> None:
    gates(page, server)
    play_to_end(page)
    field = page.locator('#form .field[data-field="text"] textarea')
    field.fill("Wherefore")
    until(lambda: counter(page)[1] == 9, what="the new text")
    assert page.locator(".gates-line").inner_text() == "Wherefore"
    field.fill("")
    expect(page.locator('#form .field[data-field="text"] .field-error')).to_contain_text("There is no text")
    assert page.locator(".gates-line").inner_text() == "Wherefore"


def test_a_gate_is_held_and_released(page: Page, server: Server) -> None:
    gates(page, server, model="shakespeare_lstm")
    play_to_end(page)
    page.locator(".gates-tape").press("o")
    page.locator(".gates-held select").first.select_option("all")
    page.locator(".gates-held").get_by_role("button", name="Hold", exact=True).click()
    chip = page.locator(".gates-chips button")
    expect(chip).to_have_text("o = 0 · all units")
    play_to_end(page)
    expect(number(page, "h, hidden state")).to_have_text("0")
    assert number(page, "h, nothing held").inner_text() not in ("0", "")
    expect(page.locator(".next-bar b").first).to_be_attached()
    chip.click()
    expect(chip).to_have_count(0)
    play_to_end(page)
    expect(number(page, "h, nothing held")).to_have_count(0)


def test_a_marked_passage_finds_its_units_and_their_like(page: Page, server: Server) -> None:
    gates(page, server, text=PRESETS["passage"]["text"])
    play_to_end(page)
    expect(page.locator(".gates-follow dd").first).to_be_visible()
    page.locator(".gates-from").fill("1")
    page.locator(".gates-to").fill("7")
    page.get_by_role("button", name="Find its units").click()
    play_to_end(page)
    expect(page.locator(".gates-matches li").first).to_contain_text("MACBETH:")
    expect(page.locator(".gates-line .marked")).to_have_count(7)
    page.locator(".gates-units button").first.click()
    expect(title(page)).to_contain_text("layer 2")
    page.get_by_role("button", name="Forget it").click()
    expect(page.locator(".gates-line .marked")).to_have_count(0)


def test_chinese_in_either_script_and_unknown_characters_are_told(page: Page, server: Server) -> None:
    gates(page, server, model="tang_lstm", text="举头望明月\N{SNOWMAN}")
    play_to_end(page)
    assert page.locator(".gates-line").inner_text() == "舉頭望明月\N{SNOWMAN}"
    told = page.locator(".gates-text .caption:not([hidden])").filter(has_text="Traditional")
    expect(told).to_contain_text("2 characters were turned")
    expect(told).to_contain_text("does not know 1")
    expect(page.locator(".gates-line .unknown")).to_have_text("\N{SNOWMAN}")


def test_on_a_phone_in_chinese_nothing_is_cut_off(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    gates(page, server, lang="zh")
    expect(page.locator(".gates-tape")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.locator(".gates-tape").bounding_box()
    assert box is not None
    assert box["height"] >= 340
    expect(page.get_by_role("button", name="全部", exact=True)).to_be_visible()
