"""Where things stand, and that everything is reached without a mouse or with a thumb."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, FloatRect, Page, expect

from app import labs
from browser.shell import counter, open_lab, play_to_end
from browser.watching import Watch
from serving import ROOT, Server

LABS = ["optimizer", "convolution", "recurrent", "attention"]


def box(page: Page, selector: str) -> FloatRect:
    found = page.locator(selector).first.bounding_box()
    assert found, f"{selector} is not shown"
    return found


def test_at_1280_the_picture_and_the_tops_of_the_small_ones_are_seen(page: Page, server: Server) -> None:
    open_lab(page, server.url + "/optimizer")
    main, small, bar = box(page, "#main"), box(page, "#small > .card"), box(page, ".timebar")
    assert main["y"] >= 0
    assert main["height"] >= 340
    assert main["width"] > 500
    assert small["y"] + 80 < bar["y"]
    assert bar["y"] + bar["height"] == 800
    left, right = box(page, ".left"), box(page, ".right")
    assert left["x"] + left["width"] <= main["x"]
    assert right["x"] >= main["x"] + main["width"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_phone_picture_first_then_numbers_then_params(
    new_context: Callable[..., BrowserContext], server: Server, watch: Watch, lang: str
) -> None:
    page = new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    open_lab(page, f"{server.url}/optimizer?lang={lang}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out"
    tops = [box(page, selector)["y"] for selector in ("#main", "#numbers", "#form")]
    assert tops == sorted(tops)
    bar = box(page, ".timebar")
    assert round(bar["y"] + bar["height"]) == 844
    for target in ("#play", "#back", "#forward", "#share", "#theme", "#language", "#export", "#speed", "#mode"):
        size = box(page, target)
        assert size["height"] >= 44, target
        assert size["width"] >= 44, target
        assert size["x"] >= 0, target
        assert size["x"] + size["width"] <= 390, target
    page.locator(".narrow-menu summary").tap()
    links = page.locator(".narrow-menu nav a")
    expect(links).to_have_count(4)
    links.nth(1).tap()
    expect(page).to_have_url(f"{server.url}/convolution")
    assert watch.unexpected() == []


@pytest.mark.parametrize("size", [(320, 640), (768, 1024), (1024, 700), (1920, 1080)])
def test_no_width_makes_the_page_scroll_sideways(
    new_context: Callable[..., BrowserContext], server: Server, watch: Watch, size: tuple[int, int]
) -> None:
    page = new_context(viewport={"width": size[0], "height": size[1]}).new_page()
    for path in ("/", "/optimizer", "/attention"):
        page.goto(server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
    assert watch.unexpected() == []


def test_everything_is_reached_and_used_by_keyboard_alone(page: Page, server: Server) -> None:
    open_lab(page, server.url + "/optimizer#p=%7B%22steps%22%3A20000%7D")  # it plays all the while
    reached: set[str] = set()
    outlined = """() => {
      const at = document.activeElement;
      const style = getComputedStyle(at);
      const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
      return [at.id || at.className || at.tagName, seen, at.tagName];
    }"""
    page.locator("body").press("Tab")
    for _ in range(140):
        name, seen, tag = page.evaluate(outlined)
        if tag == "BODY":
            break
        assert seen, f"{name} shows no focus"
        reached.add(str(name))
        page.keyboard.press("Tab")
    for wanted in (
        "language",
        "theme",
        "share",
        "presets",
        "pin",
        "play",
        "back",
        "forward",
        "scrubber",
        "speed",
        "mode",
        "export",
    ):
        assert wanted in reached, f"{wanted} is not reached by Tab"
    page.locator("#play").focus()
    if page.locator("#play").get_attribute("aria-label") == "Pause":
        page.keyboard.press("Enter")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Play")
    page.locator("#scrubber").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#counter")).to_have_text("2 / 20000")
    page.locator("#export").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(page.locator("#export")).to_be_focused()


def test_every_control_has_a_name(page: Page, server: Server) -> None:
    open_lab(page, server.url + "/optimizer")
    play_to_end(page)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea, a[href], summary")]
          .filter((one) => one.offsetParent && !(one.getAttribute("aria-label") || one.textContent.trim()
            || one.labels?.length || one.getAttribute("aria-labelledby")))
          .map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    assert counter(page)[0] == 160


@pytest.mark.parametrize("lab", LABS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_lab_has_a_page_in_both_languages(page: Page, server: Server, lab: str, lang: str) -> None:
    page.goto(f"{server.url}/{lab}?lang={lang}")
    expect(page.locator("h1")).not_to_be_empty()
    expect(page.locator('.labs.wide [aria-current="page"]')).to_have_count(1)
    assert "shell." not in page.locator("body").inner_text(), "a message id instead of its text"


def test_the_front_page_s_links_are_a_thumb_wide(new_context: Callable[..., BrowserContext], server: Server, watch: Watch) -> None:
    page = new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    page.goto(server.url + "/?lang=zh")
    for link in page.locator(".lab-card-list a").all():
        size = link.bounding_box()
        assert size
        assert min(size["width"], size["height"]) >= 44, link.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert watch.unexpected() == []


def test_home_has_a_card_for_each_lab_and_a_missing_page_leads_home(page: Page, server: Server, watch: Watch) -> None:
    page.goto(server.url + "/")
    expect(page.locator(".lab-card")).to_have_count(4)
    drawn = {name.partition("/")[0] for name in labs.experiments() if (ROOT / f"static/js/labs/{name}.js").exists()}
    expect(page.locator(".lab-card .tag")).to_have_count(4 - len(drawn & set(LABS)))
    listed = {link.get_attribute("href").partition("experiment=")[2] for link in page.locator(".lab-card-list a").all()}
    assert {"gates", "translate", "sliding", "encoder"} <= listed
    page.get_by_role("link", name="Gates", exact=True).click()
    expect(page.locator('#tabs [aria-current="page"]')).to_have_text("Gates")
    page.go_back()
    watch.expect("404")
    page.goto(server.url + "/no-such-page")
    page.get_by_role("link", name="To the front page").click()
    expect(page).to_have_url(server.url + "/")
