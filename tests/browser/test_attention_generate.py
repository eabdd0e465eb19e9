"""attention/generate in a real browser on a real server: what a user reads, clicks, and writes instead."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from app import labs
from app.labs.contract import Frame
from browser.shell import counter, open_lab, settled
from browser.watching import until
from serving import Server

NAME = "attention/generate"
COUNT = 20
ROW = "K7wq3RbZ"
INDUCTION = {"model": "induction", "prompt": ROW + ROW[0], "count": 7, "temperature": 0, "open": "induction"}

expect.set_options(timeout=45_000)


def generate(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    """Opens the experiment with these params and goes to its end."""
    wanted = {"count": COUNT, **params}
    open_lab(page, f"{server.url}/attention?experiment=generate&lang={lang}#p={quote(json.dumps(wanted))}")
    page.locator("body").press("End")
    until(lambda: counter(page) == (wanted["count"], wanted["count"]), what="the last token")


def frames(**params: Any) -> list[Frame]:
    return [one for one in labs.run(NAME, **{"count": COUNT, **params}) if isinstance(one, Frame)]


def text(made: list[Frame]) -> str:
    return "".join(str(frame.note["token"]) for frame in made[1:])


def shown(page: Page) -> str:
    return "".join(page.locator(".gen-letter:not(.prompt)").all_text_contents()).replace("⏎", "\n")


def looked_at(page: Page) -> list[float]:
    return [float(one.get_attribute("data-exact") or "nan") for one in page.locator("#numbers .enc-rank .value").all()]


def test_the_text_and_the_newest_tokens_row_are_the_runs(page: Page, server: Server) -> None:
    generate(page, server)
    made = frames()
    until(lambda: shown(page) == text(made), what="the whole text")
    row = made[-1].tensors["rows"][2, 0, 0]
    until(lambda: looked_at(page)[:1] == pytest.approx([float(row.max())], abs=1e-6), what="the largest weight")
    settled(page)
    page.locator("#numbers .enc-rank .enc-bar").first.press("Enter")
    expect(page.locator("#explain h2")).to_contain_text("looks at")
    expect(page.locator("#explain .parity")).to_contain_text("scaled_dot_product_attention")
    expect(page.locator("#numbers .parity.good")).to_have_count(3)
    page.locator(".gen-letter:not(.prompt)").nth(9).click()
    until(lambda: counter(page)[0] == 10, what="the step of the token")
    until(lambda: shown(page) == text(made)[:10], what="the text up to there")
    until(lambda: looked_at(page)[:1] == pytest.approx([float(made[10].tensors["rows"][2, 0, 0].max())], abs=1e-6), what="its row")


def test_a_head_of_the_mosaic_a_token_of_the_prompt_and_a_pattern_open(page: Page, server: Server) -> None:
    generate(page, server)
    mosaic = page.locator(".enc-mosaic")
    mosaic.focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown", "Enter"):
        mosaic.press(key)
    expect(page.locator(".enc-title")).to_contain_text("Layer 1, head 2")
    page.locator("#numbers .enc-scores .enc-bar").first.click()
    expect(page.locator("#explain h2")).to_contain_text("Previous token")
    page.locator(".gen-letter.prompt").nth(4).click()
    until(lambda: counter(page)[0] == 0, what="the prompt")
    expect(page.locator("#explain h2")).to_contain_text("“O” (place 5) looks at")
    weight = float(frames()[0].tensors["rows"][0, 1, 4].max())
    until(lambda: looked_at(page)[:1] == pytest.approx([weight], abs=1e-6), what="the row of a token of the prompt")


def test_what_is_cut_is_told_and_another_token_is_written_instead(page: Page, server: Server) -> None:
    generate(page, server, top_k=4, top_p=1)
    made = frames(top_k=4, top_p=1)
    expect(page.locator(".writing-chances .caption").last).to_contain_text("4 of 66")
    page.locator(".writing-chances .cut").first.click()
    expect(page.locator("#explain .remark").first).to_have_text("Cut: it is not among the 4 likeliest.")
    page.locator(".gen-letter:not(.prompt)").nth(4).click()
    until(lambda: counter(page)[0] == 5, what="step 5")
    drawn = page.locator(".writing-row", has=page.locator("button.right")).locator(".value").first
    expect(drawn).to_have_text(text(made)[4].replace(" ", "␣").replace("\n", "⏎"))
    row = page.locator(".writing-row", has_not=page.locator("button.right")).first
    name = row.locator(".value").first.inner_text()
    row.locator(".writing-instead").click()
    until(lambda: len(shown(page)) >= 5 and shown(page)[4] == name.replace("␣", " ").replace("⏎", "\n"), what="the chosen token")
    expect(page.locator(".gen-letter.chosen")).to_have_count(1)
    assert shown(page)[:4] == text(made)[:4]


def test_a_pinned_text_stands_below_with_its_first_other_token_and_what_a_head_takes_opens(page: Page, server: Server) -> None:
    generate(page, server)
    before, after = text(frames()), text(frames(temperature=0))
    page.locator("#pin").click()
    field = page.locator('#form .field[data-field="temperature"] input').last
    field.fill("0")
    field.press("Enter")
    page.locator("body").press("End")
    until(lambda: shown(page) == after, what="the greedy text")
    same = next(k for k in range(COUNT) if before[k] != after[k])
    until(lambda: page.locator(".writing-pinned mark").text_content() == before[same:], what="the mark")
    output = page.locator(".gen-output .cells")
    output.focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        output.press(key)
    expect(page.locator("#explain h2")).to_contain_text("Number 3 of what")
    expect(page.locator("#explain .parity")).to_contain_text("scaled_dot_product_attention")


def test_the_induction_head_is_open_and_looks_behind_the_earlier_occurrence(page: Page, server: Server) -> None:
    generate(page, server, **INDUCTION)
    made = frames(**INDUCTION)
    until(lambda: shown(page) == ROW[1:] == text(made), what="the row again")
    # The best one of the first frame drawn: both heads of the layer find it, and which finds it better changes on the way.
    expect(page.locator(".enc-title")).to_have_text(re.compile(r"^Layer 2, head [12] · Induction"))
    expect(page.locator("#numbers .enc-rank .enc-bar").first).to_contain_text(ROW[-1])
    expect(page.locator(".gen-letter.follows")).to_have_text([ROW[-1]])


def test_in_chinese_with_simplified_characters(page: Page, server: Server) -> None:
    generate(page, server, lang="zh", model="tang", prompt="举头望明月，")
    expect(page.locator(".gen-text")).to_contain_text("繁体")
    expect(page.locator("#main h2")).to_have_text("解码器在写")
    expected = text(frames(model="tang", prompt="举头望明月，"))
    until(lambda: shown(page) == expected, what="the whole poem")
    field = page.locator('#form .field[data-field="model"] select')
    field.select_option(label="归纳，两层注意力")
    expect(page.locator('#form .field[data-field="prompt"]')).to_contain_text("举")
