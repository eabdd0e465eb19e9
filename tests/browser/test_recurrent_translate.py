"""recurrent/translate in a real browser on a real server: what a user types, clicks and reads."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from app import labs
from app.labs.contract import Frame
from app.labs.recurrent.presets.translate import TRANSLATE
from browser.shell import counter, open_lab, play_to_end
from browser.watching import until
from serving import Server

NAME = "recurrent/translate"
PRESETS = {preset.id: dict(preset.params) for preset in TRANSLATE}
TEXT = "30 september 2023"
SAID = [*"2023-09-30", "■"]

expect.set_options(timeout=20_000)


def translate(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    open_lab(page, f"{server.url}/recurrent?experiment=translate&lang={lang}#p={quote(json.dumps({'text': TEXT, **params}))}")


def number(page: Page, row: str) -> Locator:
    return page.locator(".step-table tr", has=page.get_by_role("rowheader", name=row)).locator(".value")


def exact(cell: Locator) -> float:
    """Every digit of a number that is shown."""
    return float((cell.get_attribute("data-exact") or "nan").replace("\N{MINUS SIGN}", "-"))


def title(page: Page) -> Locator:
    return page.locator("#explain h2")


def test_a_date_is_read_and_said_and_every_number_is_the_runs(page: Page, server: Server) -> None:
    translate(page, server)
    play_to_end(page)
    frames = [one for one in labs.run(NAME, text=TEXT) if isinstance(one, Frame)]
    assert counter(page) == (28, 28) == (len(frames) - 1, len(frames) - 1)
    assert page.locator(".translate-free-said button").all_text_contents() == SAID
    assert page.locator(".translate-forced-said button").all_text_contents() == SAID
    expect(page.locator(".translate-told")).to_contain_text("both rows are the same")
    assert exact(number(page, "h, hidden state")) == pytest.approx(float(frames[-1].tensors["free/h"][0]), rel=1e-5)
    expect(page.locator("#numbers .caption").filter(has_text="to nn.LSTM so far")).to_be_visible()
    expect(page.locator(".translate-shapes li")).to_have_text(
        ["Encoder many to one 17 → 1", "Decoder many to many 17 → 11", "Both many to many 17 → 11"]
    )
    page.locator("body").press("Home")
    expect(page.locator("#numbers h2")).to_have_text("Before the first character")
    for _ in range(3):
        page.locator("body").press("ArrowRight")
    expect(page.locator("#numbers h2")).to_have_text("Encoder, step 3 of 17: reads “␣”")
    expect(page.locator(".translate-free-said button").first).to_be_disabled()  # nothing is said yet


def test_forced_and_free_part_where_it_is_marked(page: Page, server: Server) -> None:
    translate(page, server, **PRESETS["early"])
    play_to_end(page)
    expect(page.locator(".translate-told")).to_contain_text("They part at step 3: free running says “3”, right is “2”")
    expect(page.locator(".translate-step .parted")).to_have_text("3")
    assert "".join(page.locator(".translate-free-given td").all_text_contents()) == "▸2032-03-28"
    assert "".join(page.locator(".translate-forced-given td").all_text_contents()) == "▸2023-09-30"
    page.locator(".translate-forced-said button").nth(3).click()
    until(lambda: counter(page)[0] == 17 + 4, what="the step of the character")
    expect(title(page)).to_contain_text("Teacher forcing, step 4: probability of “3”")
    expect(page.locator("#explain .parity")).to_contain_text("equals")
    expect(page.get_by_role("button", name="Teacher forcing", exact=True)).to_have_attribute("aria-pressed", "true")
    page.locator("#explain .opens").first.click()
    expect(title(page)).to_contain_text("logit of “3”")
    page.get_by_role("button", name="Free running", exact=True).click()
    expect(page.locator("#numbers h2")).to_contain_text("Free running, step 4")


def test_a_weight_of_attention_opens_by_mouse_and_by_keyboard(page: Page, server: Server) -> None:
    translate(page, server)
    play_to_end(page)
    matrix = page.locator(".translate-matrix canvas")
    size = int(matrix.get_attribute("data-size") or 0)
    matrix.click(position={"x": 20 + 5.5 * size, "y": 20 + 6.5 * size})  # the 9 of the month looks at the p of september
    until(lambda: counter(page)[0] == 17 + 7, what="the row that was pressed")
    expect(title(page)).to_have_text("Free running, step 7: attention to “p” (place 6)")
    expect(page.locator("#explain .parity")).to_contain_text("equals")
    page.locator(".translate-matrix").press("ArrowUp")
    expect(title(page)).to_have_text("Free running, step 6: attention to “p” (place 6)")
    page.locator(".translate-matrix").press("ArrowRight")
    expect(title(page)).to_have_text("Free running, step 6: attention to “t” (place 7)")
    page.locator("#explain .opens").first.click()
    expect(title(page)).to_contain_text("score of “t”")


def test_a_cell_of_either_network_opens(page: Page, server: Server) -> None:
    translate(page, server, model="dates_additive", text="5.3.1999")
    play_to_end(page)
    states = page.locator(".translate-states")
    states.click(position={"x": 26 + 24 * 2 + 12, "y": 40})
    until(lambda: counter(page)[0] == 3, what="the encoder's column that was pressed")
    expect(title(page)).to_contain_text("Encoder, step 3: r of unit")
    states.press("z")
    expect(title(page)).to_contain_text("Encoder, step 3: z of unit")
    before = title(page).inner_text()
    states.press("ArrowDown")
    until(lambda: title(page).inner_text() != before, what="the next unit")
    states.click(position={"x": 26 + 24 * 8 + 26 + 12, "y": 40})
    expect(title(page)).to_contain_text("Free running, step 1: r of unit")
    expect(page.locator("#explain")).to_contain_text("begins with the encoder's last state")


def test_the_beams_tree_has_its_scores_and_opens_them(page: Page, server: Server) -> None:
    translate(page, server, **PRESETS["beam"])
    play_to_end(page)
    best = page.locator(".translate-best li")
    expect(best).to_have_count(4)
    expect(best.first).to_contain_text("2032-08-02■")
    assert exact(best.first.locator(".muted")) == pytest.approx(-4.07, abs=0.005)
    best.nth(1).get_by_role("button").click()
    expect(title(page)).to_contain_text("Score of the hypothesis that ends in “■”")
    page.locator(".translate-node[tabindex='0']").nth(5).press("Enter")
    expect(title(page)).to_contain_text("step 2")
    expect(page.locator("#explain .parity")).to_contain_text("equals")
    page.locator('#form .field[data-field="decoding"] select').select_option("greedy")
    expect(page.locator(".translate-tree")).to_be_hidden()


def test_a_text_is_answered_while_it_is_typed(page: Page, server: Server) -> None:
    translate(page, server)
    play_to_end(page)
    field = page.locator('#form .field[data-field="text"] textarea')
    field.fill("1999年3月5日")
    until(lambda: counter(page)[1] == 20, what="the new text")
    play_to_end(page)
    assert "".join(page.locator(".translate-free-said button").all_text_contents()) == "1999-03-05■"
    field.fill("3 märz")
    error = page.locator('#form .field[data-field="text"] .field-error')
    expect(error).to_contain_text("does not know ä z")
    field.fill("march 1999")
    expect(error).to_be_hidden()
    play_to_end(page)
    expect(page.locator(".translate-told")).to_contain_text("Our parser reads no date")
    expect(page.locator(".translate-forced-said")).to_have_count(0)


def test_torchs_family_is_drawn_with_the_forward_that_the_base_lacks(page: Page, server: Server) -> None:
    translate(page, server, model="echo", text="hello")
    play_to_end(page)
    assert "".join(page.locator(".translate-free-said button").all_text_contents()) == "hello■"
    expect(page.locator(".translate-shapes li").nth(1)).to_have_text("Decoder one to many 1 → 6")
    relatives = page.locator(".translate-relative")
    expect(relatives).to_have_count(4)
    expect(relatives.first).to_contain_text("nn.RNNBase, from nn.Module")
    expect(relatives.first.locator(".translate-lacks")).to_contain_text("NotImplementedError")
    expect(relatives.nth(1).locator(".only")).to_have_text("nonlinearity='tanh'")
    expect(relatives.nth(2).locator(".only")).to_have_text("proj_size=0")
    expect(relatives.nth(3)).to_contain_text("runs here")
    expect(page.locator(".translate-forward")).to_have_count(3)


def test_on_a_phone_in_chinese_nothing_is_cut_off(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    translate(page, server, lang="zh")
    expect(page.locator(".translate-states")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.get_by_role("button", name="教师强制", exact=True)).to_be_visible()
    page.locator("body").press("Home")
    expect(page.locator(".translate-told")).to_contain_text("编码器在读")
