"""attention/translate in a real browser on a real server: what a user types, clicks and reads."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from app import labs
from app.labs.attention.params.translate import LAYERS
from app.labs.attention.presets.translate import TRANSLATE
from app.labs.contract import Frame
from browser.shell import counter, open_lab, play_to_end
from browser.watching import until
from serving import Server

NAME = "attention/translate"
PRESETS = {preset.id: dict(preset.params) for preset in TRANSLATE}
TEXT = "The black cat does not eat the small apples."
SAID = ["le", "chat", "noir", "ne", "mange", "pas", "les", "petites", "pommes", ".", "■"]

expect.set_options(timeout=20_000)


def translate(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    open_lab(page, f"{server.url}/attention?experiment=translate&lang={lang}#p={quote(json.dumps({'text': TEXT, **params}))}")


def number(page: Page, row: str) -> Locator:
    return page.locator(".step-table tr", has=page.get_by_role("rowheader", name=row)).locator(".value")


def exact(cell: Locator) -> float:
    """Every digit of a number that is shown."""
    return float((cell.get_attribute("data-exact") or "nan").replace("\N{MINUS SIGN}", "-"))


def title(page: Page) -> Locator:
    return page.locator("#explain h2")


def test_a_sentence_is_translated_word_by_word_and_every_number_is_the_runs(page: Page, server: Server) -> None:
    translate(page, server, open=None)
    play_to_end(page)
    frames = [one for one in labs.run(NAME, text=TEXT) if isinstance(one, Frame)]
    assert counter(page) == (len(frames) - 1, len(frames) - 1)
    assert page.locator(".translate-free-said button").all_text_contents() == SAID
    assert page.locator(".translate-forced-said button").all_text_contents() == SAID
    expect(page.locator(".tr-target button")).to_have_count(len(SAID))
    expect(page.locator(".tr-text")).to_have_text("Le chat noir ne mange pas les petites pommes.")
    expect(page.locator("#numbers .parity.good")).to_have_count(3)
    expect(page.locator(".tr-cross .tr-which")).to_contain_text("100 % on a word it comes from")
    page.locator(".tr-target button").nth(2).click()
    until(lambda: counter(page)[0] == LAYERS + 3, what="the step of noir")
    expect(page.locator("#numbers h2")).to_have_text("Free running, step 3: says “noir”")
    expect(title(page)).to_contain_text("“chat → noir” looks at “black”")
    value = float(frames[LAYERS + 3].tensors["free/cross"][1, :, 1].mean())
    assert exact(number(page, "cross:")) == pytest.approx(value, abs=1e-6)
    expect(page.locator("#explain .parity")).to_contain_text("equals")
    page.locator(".tr-sentence .enc-words").first.get_by_role("button", name="cat", exact=True).click()
    expect(title(page)).to_contain_text("“chat → noir” looks at “cat”")
    page.locator(".tr-cross .tr-tiles button").nth(7).click()
    expect(title(page)).to_contain_text("layer 2, head 3")
    page.locator("#explain .opens").first.click()
    expect(title(page)).to_contain_text("number")


def test_the_encoder_is_opened_from_where_the_decoder_stands_and_by_itself(page: Page, server: Server) -> None:
    translate(page, server, open=None)
    play_to_end(page)
    end = counter(page)
    encoder = page.locator(".tr-encoder .tr-map")
    encoder.press("ArrowDown")
    expect(title(page)).to_contain_text("Encoder, layer 1, head 1")
    assert counter(page) == end
    page.locator(".tr-encoder .tr-tiles button").nth(6).click()
    expect(title(page)).to_contain_text("Encoder, layer 2, head 2")
    page.locator("body").press("Home")
    expect(page.locator("#numbers h2")).to_contain_text("nothing looks at anything yet")
    page.locator("body").press("ArrowRight")
    expect(title(page)).to_contain_text("Encoder, layer 1")
    expect(page.locator(".tr-cross .tr-told")).to_have_text("The decoder has not begun.")


def test_the_mask_is_seen_and_opened_where_all_is_forced_at_once(page: Page, server: Server) -> None:
    translate(page, server, **PRESETS["masked"])
    expect(page.locator("#play")).to_have_attribute("aria-label", "Play")
    assert counter(page)[0] == LAYERS + 3  # it has stopped there
    expect(page.locator(".tr-self .tr-told")).to_contain_text("its weight is exactly 0")
    expect(page.locator("#explain")).to_contain_text("masked: this token is not seen")
    page.locator(".tr-self .tr-map").press("ArrowLeft")
    expect(title(page)).to_contain_text("(Decoder, masked)")
    page.locator(".tr-self .tr-map").press("ArrowLeft")
    expect(page.locator(".tr-self .tr-told")).to_contain_text("“chat” looks at “chat”")


def test_cache_stream_and_units_open(page: Page, server: Server) -> None:
    translate(page, server, open=None)
    play_to_end(page)
    page.locator("body").press("ArrowLeft")
    keys = page.locator(".tr-cache .tr-keys").first.locator(".tr-key")
    expect(keys).to_have_count(len(SAID))
    expect(page.locator(".tr-cache .tr-keys").first.locator(".kept")).to_have_count(len(SAID) - 2)
    expect(page.locator(".tr-cache .parity.good")).to_be_visible()
    page.locator(".tr-cache .enc-open").click()
    expect(title(page)).to_contain_text("what the cache spares")
    keys.nth(2).click()
    expect(page.locator("#explain")).to_contain_text("Computed at step 3 and kept since")
    expect(page.locator(".tr-stream tbody tr")).to_have_count(6)
    page.locator(".tr-stream tbody tr").nth(2).get_by_role("button").nth(3).click()
    expect(title(page)).to_contain_text("layer 1, feed-forward: length of")
    page.locator("#explain .opens").first.click()
    expect(title(page)).to_contain_text("layer normalisation")
    page.locator(".tr-units .enc-chip").first.click()
    expect(title(page)).to_contain_text("feed-forward: unit")
    page.locator(".tr-units .tr-unit-map").first.press("ArrowRight")
    expect(page.locator("#explain .parity")).to_contain_text("torch.relu")


def test_an_unknown_word_is_named_and_what_was_typed_stays(page: Page, server: Server) -> None:
    translate(page, server, open=None)
    play_to_end(page)
    field = page.locator('#form .field[data-field="text"] textarea')
    field.fill("The zebra sleeps.")
    error = page.locator('#form .field[data-field="text"] .field-error')
    expect(error).to_contain_text("does not know “zebra”. It knows 126 words")
    expect(field).to_have_value("The zebra sleeps.")
    expect(page.locator(".tr-target button")).to_have_count(len(SAID))
    field.fill("the cat the dog")
    expect(error).to_be_hidden()
    play_to_end(page)
    expect(page.locator(".translate-told")).to_contain_text("Our grammar does not say this sentence")
    expect(page.locator(".translate-forced-said")).to_have_count(0)
    page.locator('#form .field[data-field="decoding"] select').select_option("beam")
    until(lambda: page.locator(".translate-node").count() > 0 or (play_to_end(page) or False), what="the tree")
    play_to_end(page)
    expect(page.locator(".translate-best li")).to_have_count(4)
    page.locator(".translate-best button").nth(1).click()
    expect(title(page)).to_contain_text("Score of the hypothesis")


def test_on_a_phone_in_chinese_nothing_is_cut_off(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    translate(page, server, lang="zh", **PRESETS["chinese"])
    page.locator("body").press("End")
    expect(page.locator(".tr-cross .tr-map canvas")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator(".tr-text")).to_contain_text("This teacher")
    expect(page.get_by_role("button", name="教师强制", exact=True)).to_be_visible()
