"""The shell around every lab: time, params, words, links, faults. Clicked through in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from browser.shell import blocks, counter, held, link, numbers, open_lab, play_to_end
from browser.watching import Watch, until
from serving import Server

LAB = "/optimizer"


def press_until(page: Page, key: str, goal: tuple[int, int]) -> None:
    page.keyboard.press(key)
    expect(page.locator("#counter")).to_have_text(f"{goal[0]} / {goal[1]}")


def test_the_default_run_plays_from_the_start_to_the_last_step(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
    play_to_end(page)
    assert counter(page) == (160, 160)
    drawn = page.evaluate("window.seen.drawn")
    assert drawn == sorted(drawn)
    assert drawn[-1] == 160


def test_scrubbing_and_stepping_show_the_step_asked_for(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    play_to_end(page)
    page.locator("#scrubber").fill("40")
    expect(page.locator("#counter")).to_have_text("40 / 160")
    at_40 = until(lambda: "40" in numbers(page) and numbers(page))
    page.locator("#forward").click()
    expect(page.locator("#counter")).to_have_text("41 / 160")
    until(lambda: numbers(page) != at_40, what="another table")
    page.locator("#back").click()
    expect(page.locator("#counter")).to_have_text("40 / 160")
    until(lambda: numbers(page) == at_40, what="the same table")


def test_every_key_does_what_the_dialog_says(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    play_to_end(page)
    press_until(page, "Home", (0, 160))
    press_until(page, "ArrowRight", (1, 160))
    press_until(page, "Shift+ArrowRight", (11, 160))
    press_until(page, "ArrowLeft", (10, 160))
    press_until(page, "Shift+ArrowLeft", (0, 160))
    press_until(page, "ArrowLeft", (0, 160))
    press_until(page, "End", (160, 160))
    page.locator("#speed").select_option(label="0.25×")
    page.locator("#content").focus()
    page.keyboard.press("r")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Play")
    assert counter(page)[0] < 160
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("kbd")).to_have_count(7)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_typing_a_letter_in_a_field_is_not_a_shortcut(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    play_to_end(page)
    field = page.locator('[data-field="steps"] input')
    field.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert counter(page) == (160, 160)


def test_wrong_input_gets_a_sentence_and_loses_nothing(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    play_to_end(page)
    before = numbers(page)
    runs = len({block["run"] for block in blocks(page)})
    steps = page.locator('[data-field="steps"]')
    for typed, sentence in (("many", "is not a number"), ("-3", "at least 0"), ("99999", "at most 20000"), ("1.5", "whole number")):
        steps.locator("input").fill(typed)
        expect(steps.locator(".field-error")).to_contain_text(sentence)
        expect(steps.locator("input")).to_have_attribute("aria-invalid", "true")
        described = steps.locator("input").get_attribute("aria-describedby") or ""
        assert steps.locator(".field-error").get_attribute("id") in described.split()
        expect(steps.locator("input")).to_have_value(typed)
    assert numbers(page) == before
    steps.locator("input").fill("30")
    expect(steps.locator(".field-error")).to_be_hidden()
    expect(page.locator("#counter")).to_have_text(re.compile(r"/ 30$"))
    assert len({block["run"] for block in blocks(page)}) == runs + 1


def test_the_server_s_refusal_stands_under_its_field(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    play_to_end(page)
    before = numbers(page)
    field = page.locator('[data-field="expression"]')
    field.locator("input").fill("x + import")
    expect(field.locator(".field-error")).to_be_visible()
    expect(page.locator("#banner")).to_be_visible()
    assert numbers(page) == before
    assert field.locator("input").input_value() == "x + import"
    field.locator("input").fill("x^2 + y^2")
    expect(field.locator(".field-error")).to_be_hidden()
    expect(page.locator("#banner")).to_be_hidden()


def test_undo_brings_the_params_and_the_run_back(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    play_to_end(page)
    before = held(page)
    steps = page.locator('[data-field="steps"] input')
    steps.fill("20")
    expect(page.locator("#counter")).to_have_text(re.compile(r"/ 20$"))
    page.locator("#content").focus()
    page.keyboard.press("Control+z")
    expect(steps).to_have_value("160")
    expect(page.locator("#counter")).to_have_text(re.compile(r"/ 160$"))
    play_to_end(page)
    assert held(page) == before
    expect(page.locator("#undo")).to_be_disabled()


def test_language_switches_in_place_and_stays(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    play_to_end(page)
    runs = {block["run"] for block in blocks(page)}
    page.locator("#language").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#share")).to_contain_text("分享")
    expect(page.locator("#play")).to_have_attribute("aria-label", "播放")
    expect(page).to_have_title("优化器 · Unrolled")
    assert {block["run"] for block in blocks(page)} == runs
    assert counter(page) == (160, 160)
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.locator("#language").click()
    expect(page.locator("#share")).to_contain_text("Share")


def test_theme_follows_the_system_until_chosen_and_is_remembered(
    new_context: Callable[..., BrowserContext], server: Server, watch: Watch
) -> None:
    page = new_context(color_scheme="dark").new_page()
    open_lab(page, server.url + LAB)
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    light = page.evaluate(background)
    assert sum(map(int, re.findall(r"\d+", dark)[:3])) < 150 < 600 < sum(map(int, re.findall(r"\d+", light)[:3]))
    page.reload()
    assert page.evaluate(background) == light
    assert watch.unexpected() == []


def test_a_permalink_gives_the_same_path_bit_for_bit(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    page.locator('[data-field="steps"] input').fill("50")
    page.locator('[data-field="noise"] input').fill("0.75")
    page.locator('[data-field="expression"] input').fill("x^2 + 3*y^2")
    expect(page.locator("#counter")).to_have_text(re.compile(r"/ 50$"))
    expect(page.locator("#undo")).to_be_enabled()
    until(lambda: "noise=0.75" in page.evaluate("location.search") and "x%5E2" in page.evaluate("location.hash"))
    play_to_end(page)
    first = held(page)
    address = link(page)
    parts = urlsplit(address)
    assert "steps=50" in parts.query
    assert "v=1" in parts.query
    assert "x^2" not in parts.query, "what was typed stays out of the server's log"
    page.goto("about:blank")
    open_lab(page, address)
    play_to_end(page)
    assert held(page) == first
    expect(page.locator('[data-field="expression"] input')).to_have_value("x^2 + 3*y^2")


def test_a_link_opens_at_its_step_paused(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB + "?at=37")
    expect(page.locator("#counter")).to_have_text("37 / 160")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Play")
    assert "at=37" in link(page)


def test_a_link_with_bad_params_says_so_and_offers_the_defaults(page: Page, server: Server) -> None:
    page.goto(server.url + LAB + "?steps=many&v=1")
    expect(page.locator('[data-field="steps"] .field-error')).to_be_visible(timeout=40_000)
    page.locator("#banner").get_by_role("button", name="Use the defaults").click()
    expect(page.locator("#counter")).to_have_text(re.compile(r"/ 160$"))
    expect(page.locator("#banner")).to_be_hidden()


def test_browser_history_goes_through_the_params(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    steps = page.locator('[data-field="steps"] input')
    steps.fill("20")
    expect(page.locator("#counter")).to_have_text(re.compile(r"/ 20$"))
    page.go_back()
    expect(steps).to_have_value("160")
    expect(page.locator("#counter")).to_have_text(re.compile(r"/ 160$"))
    page.go_forward()
    expect(steps).to_have_value("20")


def test_a_branch_keeps_the_frames_before_it_and_has_a_link(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB + "?at=60")
    expect(page.locator("#counter")).to_have_text("60 / 160")
    at_60 = until(lambda: "60" in numbers(page) and numbers(page))
    page.locator("#branch-here").click()
    page.locator('[data-field="noise"] input').fill("2")
    expect(page.locator(".changes li")).to_contain_text("noise", ignore_case=True)
    play_to_end(page)
    branch = held(page)
    page.locator("#scrubber").fill("60")
    until(lambda: numbers(page) == at_60, what="the table of step 60 as before")
    address = link(page)
    page.goto("about:blank")
    open_lab(page, address)
    play_to_end(page)
    assert held(page) == branch


def test_pin_and_compare(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    play_to_end(page)
    page.locator("#pin").click()
    expect(page.locator("#pin")).to_have_attribute("aria-pressed", "true")
    page.locator('[data-field="noise"] input').fill("5")
    until(lambda: len({block["run"] for block in blocks(page)}) == 2)
    play_to_end(page)
    page.locator("#pin").click()
    expect(page.locator("#pin")).to_have_attribute("aria-pressed", "false")


def test_the_arithmetic_is_never_empty_and_terms_open(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB + "?at=37")
    panel = page.locator("#explain")
    expect(panel.locator(".katex").first).to_be_visible()
    expect(panel.locator("h2")).to_contain_text("37")  # an earlier step may be open until this one has come
    title = panel.locator("h2").inner_text()
    numbered = panel.locator("[data-exact]").first
    numbered.hover()
    expect(page.locator("#exact-tip")).to_be_visible()
    panel.locator(".opens").first.focus()
    page.keyboard.press("Enter")
    expect(panel.locator("h2")).not_to_have_text(title)
    panel.get_by_role("button", name="Back").click()
    expect(panel.locator("h2")).to_have_text(title)
    panel.locator("summary").click()
    panel.locator("button.term").first.click()
    expect(panel.locator("h2")).not_to_have_text(title)


def test_presets_are_one_click(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    page.locator("#presets").click()
    first = page.locator(".preset").nth(1)
    title = first.locator("strong").inner_text()
    first.click()
    expect(page.locator("#notice")).to_contain_text(title)
    until(lambda: len({block["run"] for block in blocks(page)}) >= 2)


@pytest.mark.parametrize("kind", ["Steps as a table (CSV)", "Picture (PNG)"])
def test_exports_are_files(page: Page, server: Server, kind: str) -> None:
    open_lab(page, server.url + LAB)
    play_to_end(page)
    page.locator("#export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=kind).click()
    data = download.value.path().read_bytes()
    if "CSV" in kind:
        lines = data.decode().splitlines()
        assert len(lines) == 162
        assert lines[0].startswith("seq,step,")
        assert lines[-1].startswith("160,160,")
    else:
        assert data.startswith(b"\x89PNG")
        assert len(data) > 20_000


def test_reduced_motion_shows_the_end_paused(new_context: Callable[..., BrowserContext], server: Server, watch: Watch) -> None:
    page = new_context(reduced_motion="reduce").new_page()
    open_lab(page, server.url + LAB)
    expect(page.locator("#counter")).to_have_text("160 / 160")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Play")
    assert watch.unexpected() == []


def test_the_live_region_tells_the_step(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    play_to_end(page)
    expect(page.locator("#announcer")).to_contain_text("160")


def test_a_sub_path_serves_the_whole_page(page: Page, watch: Watch) -> None:
    from serving import serving

    with serving("--workers", "1", "--device", "cpu", root_path="/sub") as behind:
        watch.origin = behind.url
        open_lab(page, f"{behind.url}/sub{LAB}")
        play_to_end(page)
        page.locator("#language").click()
        expect(page.locator("#share")).to_contain_text("分享")


def test_the_arithmetic_of_a_run_that_plays_is_followed_by_keyboard(page: Page, server: Server) -> None:
    open_lab(page, f"{server.url}{LAB}?v=1&at=5#p=%7B%22steps%22%3A2000%7D")
    page.locator("#speed").select_option(label="1×")
    page.locator("#play").click()
    panel = page.locator("#explain")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#explain h2'))")
    panel.locator(".opens").nth(1).focus()
    focused = "[...document.querySelectorAll('#explain .opens')].indexOf(document.activeElement)"

    def later() -> None:
        title = panel.locator("h2").inner_text()
        until(lambda: panel.locator("h2").inner_text() != title, what="the arithmetic of a later step")

    for _ in range(4):
        later()
        assert page.evaluate(focused) == 1
        assert page.evaluate("document.querySelector('#explain h2').contains(getSelection().anchorNode)")
    expect(page.locator("#exact-tip")).to_have_text(panel.locator(".opens").nth(1).get_attribute("data-exact") or "")

    def tab(key: str, to: int) -> None:
        """A line that is too long at this step can be scrolled by keyboard: it is a stop of its own between two terms."""
        page.keyboard.press(key)
        if page.evaluate(focused) != to:
            page.keyboard.press(key)
        later()
        assert page.evaluate(focused) == to

    tab("Tab", 2)
    tab("Shift+Tab", 1)
    page.keyboard.press("Enter")
    back = panel.get_by_role("button", name="Back")
    expect(back).to_be_focused()
    later()
    expect(back).to_be_focused()
    page.keyboard.press("Enter")
    expect(back).to_be_hidden()
    assert page.evaluate("document.activeElement.matches('#explain .opens')")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
