"""convolution/network in a real browser on a real server: what is seen, clicked and typed, against frames computed here."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from app import images, labs
from app.labs.contract import Frame
from app.nn import weights
from browser.shell import counter, open_lab, play_to_end
from browser.watching import until
from images.odd import saved, tagged
from serving import Server

expect.set_options(timeout=45_000)

NAME = "convolution/network"
FILTERS = {"network": "filters", "filters": "sobel"}
RESNET = {"network": "resnet"}
trained = pytest.mark.skipif(not list(Path(weights.__file__).parent.glob("resnet*.safetensors")), reason="no trained weights here")


@cache
def _frames(params: str) -> list[Frame]:
    return list(labs.run(NAME, **json.loads(params)))


def frames(params: dict[str, Any]) -> list[Frame]:
    """The run's frames, computed in this process."""
    return _frames(json.dumps(params))


def layers(params: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(frame.note["layer"]) for frame in frames(params)]  # type: ignore[arg-type]


def first(kind: str, params: dict[str, Any]) -> dict[str, Any]:
    """The first layer of a kind that has several maps or values."""
    return next(layer for layer in layers(params) if layer["kind"] == kind and layer["shape"][0] >= 4)


def at(page: Page, server: Server, seq: int, params: dict[str, Any]) -> None:
    """Opens the page at frame `seq`, paused, every column painted."""
    open_lab(page, f"{server.url}/convolution?at={seq}#p={quote(json.dumps(params))}")
    until(lambda: columns(page).count() == len(frames(params)), what="every layer's column")
    until(lambda: counter(page)[0] == seq, what=f"step {seq}")


def columns(page: Page) -> Locator:
    return page.locator(".net-column")


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def shown_value(page: Page) -> float:
    """The enlarged map's value under the cross, every digit; its exact values must be here."""
    page.locator('.net-map[data-values="exact"]').wait_for()
    exact = page.locator(".net-value b").get_attribute("data-exact")
    assert exact is not None
    return number(exact)


def pixels(canvas: Locator) -> str:
    return str(canvas.evaluate("(canvas) => canvas.toDataURL()"))


def test_the_lab_opens_with_the_network(page: Page, server: Server) -> None:
    open_lab(page, f"{server.url}/convolution")
    assert page.locator(".net-strip").is_visible()
    tabs = page.locator("#tabs a")
    if tabs.count():
        expect(tabs.first).to_have_attribute("aria-current", "page")


def test_every_operation_is_a_column_in_the_order_of_computing(page: Page, server: Server) -> None:
    open_lab(page, f"{server.url}/convolution#p={quote(json.dumps(FILTERS))}")
    play_to_end(page)
    assert counter(page)[1] == len(frames(FILTERS)) - 1
    names = columns(page).locator(".net-name").all_inner_texts()
    calls = [f"{one['name']} ({one['call'] + 1})" if one["call"] else one["name"] for one in layers(FILTERS)]
    assert names == calls
    assert columns(page).locator(".net-shape").all_inner_texts() == ["×".join(map(str, one["shape"])) for one in layers(FILTERS)]
    assert columns(page).last.get_attribute("class") == "net-column current"


@trained
def test_a_residual_addition_has_an_arc_for_its_second_input(page: Page, server: Server) -> None:
    at(page, server, len(frames(RESNET)) - 1, RESNET)
    skipping = [one["index"] for one in layers(RESNET) for source in one["inputs"] if source < one["index"] - 1]
    assert len(skipping) >= 3
    assert page.locator(".net-arcs path").count() == len(skipping)


def test_an_enlarged_map_shows_torchs_values(page: Page, server: Server) -> None:
    """Click a pixel of a map: the line under it, the arithmetic and the frame computed here agree."""
    conv = first("conv", FILTERS)
    at(page, server, conv["index"], FILTERS)
    maps = frames(FILTERS)[conv["index"]].tensors["maps"]
    page.locator('.net-map[data-values="exact"]').wait_for()
    height, width = maps.shape[1:]
    row, column = height // 3, width // 4

    def clicked() -> bool:
        box = page.locator(".net-enlarged").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + (column + 0.5) * box["width"] / width, box["y"] + (row + 0.5) * box["height"] / height)
        page.wait_for_timeout(100)
        return page.locator(".net-value span").inner_text() == f"row {row}, column {column}"

    until(clicked, what="the value under the pointer")
    assert shown_value(page) == pytest.approx(float(maps[0, row, column]), rel=1e-6)
    expect(page.locator("#explain .parity.good")).to_be_visible()


def test_the_receptive_field_lies_on_the_picture(page: Page, server: Server) -> None:
    """The middle value of the first convolution: as large as its kernel, around the middle."""
    conv = first("conv", FILTERS)
    at(page, server, conv["index"], FILTERS)
    marks = page.locator(".net-marks")
    until(lambda: marks.get_attribute("data-field"), what="a receptive field")
    y0, x0, y1, x1 = map(float, str(marks.get_attribute("data-field")).split())
    assert [y1 - y0, x1 - x0] == conv["receptive"]["size"]
    assert y0 <= 16 <= y1
    assert x0 <= 16 <= x1
    before = page.locator(".net-outline").bounding_box()
    page.locator(".net-enlarged").focus()
    page.keyboard.press("Shift+ArrowRight")
    until(lambda: float(str(marks.get_attribute("data-field")).split()[1]) > x0, what="the field to move right")
    after = page.locator(".net-outline").bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] > before["x"]
    assert after["y"] == pytest.approx(before["y"], abs=1)


@pytest.mark.parametrize("turned", [False, True])
def test_the_receptive_field_is_traced_back_onto_the_upload(
    page: Page, server: Server, turned: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wide photo, or one that its tag stands on end: the field lies where that part of the photo is as it came."""
    params: dict[str, Any] = {**FILTERS, "image": "sample:coffee", "fit": "crop"}
    if turned:
        photo = saved(Image.fromarray(images.load("sample:coffee").pixels), "PNG", exif=tagged(6))
        httpx.post(f"{server.url}/api/images", content=photo, headers={"origin": server.url}, trust_env=False).raise_for_status()
        monkeypatch.setenv("UNROLLED_IMAGES", str(tmp_path))
        params["image"] = images.put(photo)
    conv = first("conv", params)
    at(page, server, conv["index"], params)
    marks = page.locator(".net-marks")
    until(lambda: marks.get_attribute("data-field"), what="a receptive field")
    seen = box(marks)
    page.locator(".net-step").first.click()
    scene: Any = labs.scene(NAME, **params)
    assert [one["id"] for one in scene.note["preprocess"]][1] == (
        "image.step.orient" if turned else "convolution.network.step.crop"
    )
    height, width = scene.tensors["picture/0"].shape[:2]
    expect(marks).to_have_attribute("viewBox", f"0 0 {width} {height}")
    trace = scene.note["preprocess"][0]["trace"]
    y, x = (np.array([near - r, far + r]) / 32 for near, far, r in zip(seen[:2], seen[2:], trace["reach"], strict=True))
    corners = np.array([[a, b, 1] for a in y for b in x]) @ np.array(trace["from"]).T * (height, width)
    assert box(marks) == pytest.approx([*corners.min(0), *corners.max(0)], abs=0.01)
    expect(page.locator(".net-outline")).to_be_visible()


def box(marks: Locator) -> list[float]:
    return list(map(float, str(marks.get_attribute("data-field")).split()))


def test_arrow_keys_walk_the_maps_and_enter_opens_one(page: Page, server: Server) -> None:
    conv = first("conv", FILTERS)
    at(page, server, conv["index"], FILTERS)
    page.locator(".net-tiles").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".net-stats")).to_contain_text("map 2 ")
    expect(page.locator("#announcer")).to_contain_text("map 2 ")
    assert counter(page)[0] == conv["index"]  # the arrows moved the map, not the step
    page.keyboard.press("Enter")
    expect(page.locator(".net-map h2")).to_contain_text("Map 2 ")
    maps = frames(FILTERS)[conv["index"]].tensors["maps"]
    middle = maps[2, maps.shape[1] // 2, maps.shape[2] // 2]
    until(lambda: shown_value(page) == pytest.approx(float(middle), rel=1e-6), what="the middle value of map 2")
    page.locator(".net-enlarged").focus()
    page.keyboard.press("PageDown")
    expect(page.locator(".net-map h2")).to_contain_text("Map 3 ")


def test_the_step_goes_where_a_column_is_pressed(page: Page, server: Server) -> None:
    at(page, server, 2, FILTERS)
    columns(page).nth(3).locator("button").click()
    until(lambda: counter(page)[0] == 3, what="step 3")
    # From there the arrow keys step, and the focus goes along.
    page.keyboard.press("ArrowRight")
    until(lambda: counter(page)[0] == 4, what="step 4")
    assert page.locator(":focus").get_attribute("class") == "net-layer"
    expect(page.locator(".net-column.current .net-shape")).to_have_text("×".join(map(str, layers(FILTERS)[4]["shape"])))


def test_one_scale_for_each_map_is_another_picture(page: Page, server: Server) -> None:
    """On one scale the brightest map alone reaches the palette's end; on scales of their own every living map does."""
    layer = first("activation", FILTERS)
    at(page, server, layer["index"], FILTERS)
    base = page.locator(".net-tiles canvas").first
    shared = pixels(base)
    page.get_by_role("button", name="one each").click()
    until(lambda: pixels(base) != shared, what="another mosaic")
    expect(page.locator(".net-maps .net-legend")).to_contain_text("does not compare")
    page.get_by_role("button", name="one scale").click()
    until(lambda: pixels(base) == shared, what="the first mosaic again")


def test_a_value_has_its_palettes_colour(page: Page, server: Server) -> None:
    """After ReLU zero is Cividis' dark end, and the layer's largest value its bright end."""
    layer = first("activation", FILTERS)
    maps = frames(FILTERS)[layer["index"]].tensors["maps"]
    brightest, row, column = np.unravel_index(int(maps.argmax()), maps.shape)
    at(page, server, layer["index"], FILTERS)
    page.locator(".net-tiles").focus()
    for _ in range(int(brightest)):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".net-map h2")).to_contain_text(f"Map {brightest} ")
    until(lambda: page.locator('.net-map[data-values="exact"]').count(), what="exact values")
    zero = np.argwhere(maps[brightest] == 0)
    height, width = maps.shape[1:]

    def colour(y: int, x: int) -> list[int]:
        """The middle of a value's cell."""
        script = """(canvas, [y, x]) => Array.from(canvas.getContext("2d").getImageData(
          Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data).slice(0, 3)"""
        place = [(y + 0.5) / height, (x + 0.5) / width]
        return list(page.locator(".net-enlarged canvas").first.evaluate(script, place))

    until(lambda: np.abs(np.subtract(colour(int(row), int(column)), (0xFE, 0xE8, 0x38))).max() <= 12, what="the bright end")
    if len(zero):
        assert np.abs(np.subtract(colour(*map(int, zero[len(zero) // 2])), (0x00, 0x22, 0x4E))).max() <= 2


@trained
def test_switching_a_channel_off_changes_the_classes(page: Page, server: Server) -> None:
    conv = first("conv", RESNET)
    at(page, server, conv["index"], RESNET)
    page.get_by_role("button", name="Switch off").click()
    expect(page.locator(".net-offs")).to_contain_text(f"{conv['name']} #0")
    ablate = [{"layer": conv["name"], "channel": 0}]
    play_to_end(page)
    softmax = next(one for one in layers({**RESNET, "ablate": ablate}) if one["kind"] == "softmax")
    columns(page).nth(softmax["index"]).locator("button").click()
    expect(page.locator(".net-bars .before").first).to_be_visible()
    frame = frames({**RESNET, "ablate": ablate})[softmax["index"]]
    now, whole = frame.tensors["probabilities"], frame.tensors["baseline"]
    untouched = next(one for one in frames(RESNET) if one.note["layer"]["kind"] == "softmax")  # type: ignore[index,call-overload]
    assert np.allclose(whole, untouched.tensors["probabilities"], atol=1e-6)
    expect(page.locator(".net-bars .net-class b").first).to_have_attribute("data-exact", str(float(now.max())))
    # And back, by its own button.
    page.get_by_role("button", name=f"Switch {conv['name']} #0 on again").click()
    expect(page.locator(".net-offs")).to_be_hidden()


@trained
def test_the_classes_are_bars_with_the_likeliest_first(page: Page, server: Server) -> None:
    softmax = first("softmax", RESNET)
    at(page, server, softmax["index"], RESNET)
    p = frames(RESNET)[softmax["index"]].tensors["probabilities"]
    bars = page.locator(".net-bars .net-class")
    shares = [number(one.removesuffix("%")) for one in bars.locator("b").all_inner_texts()]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(100 * float(p.max()), rel=2e-3)
    # The likeliest is opened, and its softmax agrees with torch.
    expect(bars.first).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#explain .parity.good")).to_be_visible()
    bars.nth(1).click()
    expect(bars.nth(1)).to_have_attribute("aria-pressed", "true")
    # A long sum goes on in the next line: nothing of it is out of sight.
    page.locator("#back").click()
    expect(page.locator("#explain h2")).to_contain_text("fc")
    sums = page.locator("#explain .formula.numbers").first
    assert sums.evaluate("(e) => e.scrollWidth <= e.clientWidth && e.clientHeight > 40")


@trained
def test_what_counted_lies_over_the_picture(page: Page, server: Server) -> None:
    """From the class's bar to Grad-CAM: its column, its heat over the picture, the slider that veils it."""
    softmax = first("softmax", RESNET)
    at(page, server, softmax["index"], RESNET)
    page.locator(".net-classes .card-actions button").click()
    play_to_end(page)
    until(lambda: page.locator('.net-column[data-kind="attribution"].current').count(), 30, what="the attribution")
    likeliest = frames(RESNET)[softmax["index"]].note["top"][0]["label"]  # type: ignore[index,call-overload]
    named = page.locator('[data-field="why_class"] input')
    expect(named).to_have_value(str(likeliest))
    assert named.evaluate("(input) => input.list.options.length") == 10
    heat = page.locator(".net-heat")
    expect(heat).to_be_visible()
    page.locator(".net-opacity input").fill("20")
    expect(heat).to_have_css("opacity", "0.2")
    expect(page.locator(".net-map h2")).to_contain_text("Grad-CAM")
    expect(page.locator(".net-map h2")).to_contain_text("output")


@trained
def test_the_gradient_goes_back_through_every_pooling(page: Page, server: Server) -> None:
    params = {**RESNET, "backward": True}
    poolings = [one for one in layers(params) if one["kind"] == "pool"]
    back = [one for one in layers(params) if one["kind"] == "gradient"]
    assert [one["name"] for one in back] == [one["name"] for one in reversed(poolings)]
    at(page, server, back[0]["index"], params)
    expect(page.locator(".net-pinned figcaption")).to_contain_text("came back")
    came = frames(params)[back[0]["index"]].tensors
    assert shown_value(page) == pytest.approx(
        float(came["maps"][0, came["maps"].shape[1] // 2, came["maps"].shape[2] // 2]), rel=1e-5
    )


def test_every_preprocessing_step_has_a_picture_and_a_sentence(page: Page, server: Server) -> None:
    at(page, server, 0, FILTERS)
    scene = labs.scene(NAME, **FILTERS)
    steps = page.locator(".net-step")
    assert steps.count() == len(scene.note["preprocess"]) >= 1  # type: ignore[arg-type]
    seen = page.locator(".net-seen")
    expect(seen).to_contain_text("What the network sees: 32\u00a0×\u00a032 pixels")
    steps.first.click()
    expect(seen).to_have_text("Read: JPEG, 300 × 300 pixels, mode RGB.")
    height, width = scene.tensors["picture/0"].shape[:2]
    assert page.locator(".net-photo canvas").first.evaluate("(c) => [c.width, c.height]") == [width, height]


def test_the_page_speaks_chinese_and_keeps_its_step(page: Page, server: Server) -> None:
    conv = first("conv", FILTERS)
    at(page, server, conv["index"], FILTERS)
    page.locator("#language").click()
    expect(page.locator(".net-maps h2")).to_contain_text("张特征图")
    expect(page.locator("#numbers")).to_contain_text("感受野")
    assert counter(page)[0] == conv["index"]
    assert columns(page).count() == len(frames(FILTERS))


def test_a_phone_shows_the_picture_first_and_nothing_sideways(new_context: Any, server: Server) -> None:
    context: BrowserContext = new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    at(page, server, 1, FILTERS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [
        page.locator(name).bounding_box()
        for name in (".net-photo", ".net-strip", ".net-tiles", ".net-enlarged", "#numbers", "#form")
    ]
    places = [box["y"] for box in tops if box]
    assert len(places) == len(tops)
    assert places == sorted(places)
    assert places[1] < 844 - 112  # the layers begin above the time bar
