"""recurrent/generate in a real browser on a real server: what a user reads, clicks, chooses and pins."""

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

NAME = "recurrent/generate"
COUNT = 40

expect.set_options(timeout=45_000)


def generate(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    """Opens the experiment with these params and goes to its end."""
    wanted = {"count": COUNT, **params}
    open_lab(page, f"{server.url}/recurrent?experiment=generate&lang={lang}#p={quote(json.dumps(wanted))}")
    page.locator("body").press("End")
    until(lambda: counter(page) == (wanted["count"], wanted["count"]), what="the last character")


def frames(**params: Any) -> list[Frame]:
    return [one for one in labs.run(NAME, **{"count": COUNT, **params}) if isinstance(one, Frame)]


def text(made: list[Frame]) -> str:
    return "".join(str(frame.note["token"]) for frame in made[1:])


def shown(page: Page) -> str:
    return "".join(page.locator(".generate-text [data-t]").all_text_contents()).replace("⏎", "")


def number(page: Page, row: str) -> Locator:
    return page.locator(".step-table tr", has=page.get_by_role("rowheader", name=row)).locator(".value")


def title(page: Page) -> Locator:
    return page.locator("#explain h2")


def test_the_text_and_every_number_are_the_runs(page: Page, server: Server) -> None:
    generate(page, server)
    made = frames()
    until(lambda: shown(page) == text(made), what="the whole text")
    expect(page.locator(".generate-text .writing-prompt")).to_have_text("ROMEO:")
    assert float(number(page, "p, as the model").get_attribute("data-exact") or 0) == pytest.approx(made[-1].tensors["written"][0])
    page.locator(".generate-text [data-t]").nth(9).click()
    until(lambda: counter(page)[0] == 10, what="the step of the character")
    u = float(made[10].tensors["u"][0])
    until(lambda: abs(float(number(page, "u, the").get_attribute("data-exact") or 0) - u) < 1e-9, what="the number of its step")
    until(lambda: shown(page) == text(made)[:10], what="the text up to there")
    page.locator("body").press("Home")
    expect(page.locator("#numbers h2")).to_have_text("The prompt has been read")
    expect(page.locator(".writing-chances .muted")).to_be_visible()


def test_the_draw_a_piece_and_a_chance_open(page: Page, server: Server) -> None:
    generate(page, server, top_k=5)
    made = frames(top_k=5)
    expect(title(page)).to_contain_text("was drawn at step 40")
    expect(page.locator("#explain .remark").first).to_contain_text("falls on this one")
    page.locator(".writing-ruler canvas").click(position={"x": 3, "y": 34})
    expect(title(page)).to_contain_text("after the cut")
    expect(page.locator("#explain .parity")).to_contain_text("app.nn.decoding.cut")
    cut = page.locator(".writing-chances .cut").first
    expect(cut).to_contain_text("cut")
    cut.click()
    expect(page.locator("#explain .remark").first).to_have_text("Cut: it is not among the 5 likeliest.")
    expect(page.locator(".writing-chances .caption").last).to_have_text("5 of 66 characters can be drawn here.")
    number(page, "surprise \N{MINUS SIGN}ln p").click()
    expect(title(page)).to_contain_text("Nats of")
    page.locator("#explain .opens").first.click()
    expect(title(page)).to_contain_text("as the model says it")
    assert int(made[-1].tensors["kept"][0]) == 5


def test_another_character_is_written_instead_and_undone(page: Page, server: Server) -> None:
    generate(page, server)
    made = frames()
    page.locator(".generate-text [data-t]").nth(9).click()
    until(lambda: counter(page)[0] == 10, what="step 10")
    row = page.locator(".writing-row", has_not=page.locator("button.right")).first
    name = row.locator(".value").first.inner_text()
    row.hover()
    row.locator(".writing-instead").click()
    until(lambda: len(shown(page)) >= 10 and shown(page)[9] == name.replace("␣", " "), what="the chosen character")
    expect(page.locator(".generate-text .chosen")).to_have_count(1)
    page.locator("body").press("End")
    until(lambda: len(shown(page)) == COUNT, what="the whole text")
    assert shown(page)[:9] == text(made)[:9]
    assert shown(page) != text(made)
    assert "chosen" in page.url
    page.locator("#undo").click()
    play_to_end(page)
    until(lambda: shown(page) == text(made), what="the text of before")


def test_a_pinned_text_stands_below_with_its_first_other_character(page: Page, server: Server) -> None:
    generate(page, server)
    before = text(frames())
    page.locator("#pin").click()
    expect(page.locator(".writing-pinned")).to_be_visible()
    field = page.locator('#form .field[data-field="temperature"] input').last
    field.fill("0")
    field.press("Enter")
    page.locator("body").press("End")
    after = text(frames(temperature=0))
    until(lambda: shown(page) == after, what="the greedy text")
    same = next(k for k in range(COUNT) if before[k] != after[k])
    page.locator("body").press("ArrowLeft")
    until(lambda: page.locator(".writing-pinned mark").text_content() == before[same:], what="the mark")


def test_the_way_to_the_gates_carries_the_text(page: Page, server: Server) -> None:
    generate(page, server, prompt="O, ", model="shakespeare_gru")
    made = text(frames(prompt="O, ", model="shakespeare_gru"))
    page.locator(".generate-gates").click()
    expect(page.locator('#form .field[data-field="model"] select option:checked')).to_have_text("GRU · Shakespeare")
    assert page.locator('#form .field[data-field="text"] textarea').input_value() == "O, " + made


def test_in_chinese_with_simplified_characters(page: Page, server: Server) -> None:
    generate(page, server, lang="zh", model="tang_gru", prompt="举头望明月，")
    expect(page.locator(".generate-text")).to_contain_text("繁体")
    expect(page.locator("#main h2")).to_have_text("网络在写")
    expected = text(frames(model="tang_gru", prompt="举头望明月，"))
    until(lambda: shown(page) == expected, what="the whole poem")
