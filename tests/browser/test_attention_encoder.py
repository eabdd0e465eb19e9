"""attention/encoder in a real browser on a real server: what a user types, clicks, switches off and reads."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from app import labs
from app.labs.contract import Frame
from browser.shell import counter, open_lab, settled
from browser.watching import until
from serving import Server

NAME = "attention/encoder"
TEXT = "The cat sat on the mat because it was tired."

expect.set_options(timeout=45_000)


def encoder(page: Page, server: Server, lang: str = "en", **params: Any) -> None:
    """Opens the experiment with these params and goes to its last layer."""
    open_lab(page, f"{server.url}/attention?experiment=encoder&lang={lang}#p={quote(json.dumps(params))}")
    page.locator("body").press("End")
    until(lambda: counter(page) == (6, 6), what="the last layer")


def frames(**params: Any) -> list[Frame]:
    return [one for one in labs.run(NAME, **params) if isinstance(one, Frame)]


def heading(page: Page) -> Locator:
    return page.locator(".enc-title")


def looked_at(page: Page) -> list[tuple[str, float]]:
    """What the row's word looks at most, and how much, every digit."""
    rows = page.locator("#numbers .enc-rank .enc-bar")
    words = rows.locator("bdi").all_text_contents()
    return list(zip(words, [float(one.get_attribute("data-exact") or "nan") for one in rows.locator(".value").all()], strict=True))


def test_a_row_of_the_open_head_is_the_runs(page: Page, server: Server) -> None:
    encoder(page, server)
    expect(heading(page)).to_contain_text("Layer 6, head 12")
    weights = frames()[-1].tensors["weights"][11, 8]
    until(lambda: looked_at(page)[0][0] == "cat", what="the row of “it”")
    found = looked_at(page)
    assert found[0][1] == pytest.approx(float(weights[2]), abs=1e-6)
    assert [value for _, value in found] == pytest.approx(sorted(weights.tolist(), reverse=True)[: len(found)], abs=1e-6)
    expect(page.locator("#explain h2")).to_contain_text("“it” looks at “cat”")
    expect(page.locator("#numbers .parity")).to_contain_text("scaled_dot_product_attention")
    page.locator("body").press("Home")
    expect(page.locator(".enc-empty")).to_be_visible()


def test_a_head_of_the_mosaic_and_one_that_follows_a_pattern_open(page: Page, server: Server) -> None:
    encoder(page, server)
    page.locator("#small .enc-chip").first.click()
    expect(heading(page)).to_contain_text("Layer 1, head 3")
    until(lambda: counter(page)[0] == 1, what="its layer")
    last = page.locator(".enc-mosaic")
    box = last.bounding_box()
    assert box
    last.click(position={"x": box["width"] - 6, "y": box["height"] - 6})
    expect(heading(page)).to_contain_text("Layer 6, head 12")
    page.locator("#numbers .enc-rank .enc-bar").nth(1).click()
    expect(page.locator("#explain h2")).not_to_contain_text("looks at “cat”")
    expect(page.locator("#explain .parity").first).to_contain_text("equals")


def test_a_head_is_switched_off_and_on_again(page: Page, server: Server) -> None:
    encoder(page, server, open={"layer": 0, "head": 2, "query": 3, "key": 2})
    page.locator("#small .enc-chip").first.click()
    expect(heading(page)).to_contain_text("Layer 1, head 3")
    page.locator(".enc-top > button.small").click()
    chip = page.locator("#small .enc-chips .enc-chip")
    expect(chip).to_have_count(1)
    expect(chip).to_contain_text("Layer 1, head 3")
    page.locator("body").press("End")
    cosine = page.locator("#small .enc-open")
    expect(cosine).to_be_visible()
    one, other = frames()[-1].tensors["embedding"], frames(off=[{"layer": 0, "head": 2}])[-1].tensors["embedding"]
    expected = float(one @ other)
    assert 0.5 < expected < 0.9999
    assert float(cosine.get_attribute("data-exact") or 0) == pytest.approx(expected, abs=1e-5)
    page.locator("#undo").click()
    expect(chip).to_have_count(0)


def test_special_tokens_are_hidden_and_the_rest_sums_to_one(page: Page, server: Server) -> None:
    encoder(page, server, special=False)
    expect(page.locator(".enc-word.special")).to_have_count(0)
    expect(page.locator(".enc-removed")).to_be_visible()
    weights = frames()[-1].tensors["weights"][11, 8, 1:-1]
    until(lambda: bool(looked_at(page)), what="a row")
    assert looked_at(page)[0][1] == pytest.approx(float(weights.max() / weights.sum()), abs=1e-5)


def test_another_sentence_is_typed_and_chinese_names_what_it_does_not_know(page: Page, server: Server) -> None:
    encoder(page, server, lang="zh")
    field = page.locator('#form .field[data-field="text"] textarea')
    field.fill("I saw a cat 猫咪")
    expect(page.locator(".enc-words")).to_contain_text("saw")
    expect(page.locator(".enc-notes")).to_contain_text("[UNK]")
    field.fill("   ")
    expect(page.locator('#form .field[data-field="text"]')).to_contain_text("没有可读的内容")
    expect(page.locator(".enc-words")).to_contain_text("saw")


def test_typed_chinese_is_read_by_the_encoder_of_characters_which_says_so(page: Page, server: Server) -> None:
    encoder(page, server)
    expect(page.locator(".enc-notes")).to_contain_text("all-MiniLM-L6-v2")
    page.locator('#form .field[data-field="text"] textarea').fill("床前明月光，疑是地上霜。")
    expect(page.locator(".enc-notes")).to_contain_text("Chinese characters, ours reads")
    expect(page.locator(".enc-notes")).to_contain_text("The text is mostly Chinese.")
    settled(page)
    page.locator("body").press("End")
    found = frames(text="床前明月光，疑是地上霜。")
    until(lambda: counter(page) == (len(found) - 1,) * 2, what="its last layer")
    words = page.locator(".enc-words .enc-word bdi").all_text_contents()
    assert "".join(words[1:-1]) == "床前明月光，疑是地上霜。"
    until(lambda: bool(looked_at(page)), what="a row")
    weights = found[-1].tensors["weights"]
    assert weights.shape[1:] == (len(words), len(words))
    assert not np.allclose(weights, 1 / len(words), atol=0.05)
    shown = [value for _, value in looked_at(page)]
    assert any(np.allclose(np.sort(row)[::-1][: len(shown)], shown, atol=1e-6) for row in weights.reshape(-1, len(words)))
    expect(page.locator("#numbers .parity.good")).to_be_visible()


def test_texts_typed_one_after_the_other_leave_no_run_behind(page: Page, server: Server) -> None:
    """A question that is on its way when its run is replaced is not a reason to take that run up again."""
    encoder(page, server, text=TEXT)

    def runs() -> int:
        return sum(httpx.get(f"{server.url}/healthz").json()["runs"].values())

    before = runs()  # those of pages that other tests have closed linger, and become fewer
    field = page.locator('#form .field[data-field="text"] textarea')
    for k in range(8):
        words = page.locator(".enc-words")
        field.fill(f"{TEXT} " * 12 + f"Sentence {k}.")
        expect(words).to_contain_text(f"{k}")
    until(lambda: runs() <= before, what="only the last text's run")
