"""The picture's field in a real browser: every way to bring a picture, its steps, its refusals, and a server that lost it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocketRoute, expect

from app.images import read, store
from browser.conftest import ARGS, executable
from browser.shell import counter, link, open_lab
from browser.watching import Watch, until
from images.odd import saved, scene, tagged
from serving import Server

LAB = "/convolution"
PNG = saved(scene(), "PNG")
REFUSING = "navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{}'); }}"


def field(page: Page) -> Locator:
    return page.locator(".image-field").first


def file(page: Page) -> Locator:
    return field(page).locator("input[type=file]")


def image_of(page: Page) -> str:
    """The id in the link of what is shown; the default is left out of it."""
    found = re.search(r"sample(?::|%3A)\w+|[0-9a-f]{64}", link(page))
    return found[0].replace("%3A", ":") if found else ""


def id_of(data: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("UNROLLED_IMAGES", str(folder))
    return store.keep(read(data))


def chosen(page: Page, size: str) -> None:
    """Waits until a picture of this size is shown and its run is on the page."""
    expect(field(page).locator(".image-size")).to_have_text(size)
    expect(field(page).locator(".image-shown")).to_be_visible()
    expect(field(page).locator(".image-state")).to_be_hidden()
    loaded = "(img) => img.complete && img.naturalWidth > 0"
    until(lambda: field(page).locator(".image-shown").evaluate(loaded), what="the picture's pixels")


def shown(page: Page, width: int = 16, height: int = 8) -> np.ndarray:
    """The field's picture as the browser decoded it, (height, width, 3)."""
    script = """(img, [width, height]) => {
      const canvas = document.createElement("canvas"); [canvas.width, canvas.height] = [width, height];
      const pen = canvas.getContext("2d"); pen.drawImage(img, 0, 0, width, height);
      return [...pen.getImageData(0, 0, width, height).data];
    }"""
    seen = field(page).locator(".image-shown").evaluate(script, [width, height])
    return np.array(seen).reshape(height, width, 4)[..., :3]


def give(page: Page, event: str, data: bytes, name: str = "it.png", kind: str = "image/png") -> None:
    """Drops or pastes a file onto the page."""
    script = """([event, data, name, type]) => {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], name, { type }));
      const options = { bubbles: true, cancelable: true };
      const made = event === "paste" ? new ClipboardEvent(event, { ...options, clipboardData: transfer })
                                     : new DragEvent(event, { ...options, dataTransfer: transfer });
      document.body.dispatchEvent(made);
      return made.defaultPrevented;
    }"""
    assert page.evaluate(script, [event, base64.b64encode(data).decode(), name, kind])


def test_a_chosen_file_is_what_the_run_is_of(page: Page, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_lab(page, server.url + LAB)
    chosen(page, "300 × 300 pixels")
    file(page).set_input_files({"name": "it.png", "mimeType": "image/png", "buffer": PNG})
    chosen(page, "64 × 32 pixels")
    assert np.abs(shown(page)[1, 1] - scene()[0, 0]).max() < 3
    until(lambda: image_of(page) == id_of(PNG, tmp_path, monkeypatch), what="the picture's id in the link")
    until(lambda: counter(page)[1] > 0, what="its run")
    expect(page.locator("#banner")).to_be_hidden()
    page.locator("#undo").click()
    chosen(page, "300 × 300 pixels")


def test_a_large_photo_is_shrunk_here_and_stands_upright(page: Page, server: Server) -> None:
    """Stored lying on its side as a phone does: row 0 is the right edge."""
    upright = Image.fromarray(scene()).resize((3000, 1500), Image.Resampling.NEAREST)
    photo = saved(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=tagged(6))
    open_lab(page, server.url + LAB)
    file(page).set_input_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
    chosen(page, "1024 × 512 pixels")
    assert np.abs(shown(page) - scene()[2::4, 2::4]).mean() < 6
    field(page).locator("summary").click()
    expect(field(page).locator(".image-steps li")).to_have_count(2)
    expect(field(page).locator(".image-steps")).to_contain_text("shrank it from 3000 × 1500 to 1024 × 512")
    until(lambda: field(page).locator(".image-steps img").evaluate_all("(all) => all.every((img) => img.naturalWidth > 0)"))


def test_an_animation_and_transparency_are_told(page: Page, server: Server) -> None:
    from images.odd import odd

    open_lab(page, server.url + LAB)
    for name, told in (("animated gif", "the first of its 3 frames"), ("rgba", "laid over white"), ("cmyk", "CMYK")):
        data = next(one.data for one in odd() if one.name == name)
        file(page).set_input_files({"name": "it", "mimeType": "", "buffer": data})
        expect(field(page).locator(".image-steps")).to_contain_text(told)


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_picture_may_be_dropped_or_pasted_anywhere(page: Page, server: Server, event: str) -> None:
    open_lab(page, server.url + LAB)
    chosen(page, "300 × 300 pixels")
    if event == "drop":
        give(page, "dragover", PNG)
        expect(field(page).locator(".image-let-go")).to_be_visible()
    give(page, event, PNG)
    chosen(page, "64 × 32 pixels")
    expect(field(page).locator(".image-let-go")).to_be_hidden()


def test_a_sample_is_chosen_from_the_gallery_by_keyboard(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    page.get_by_role("button", name="Gallery").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".image-sample")).not_to_have_count(0)
    until(lambda: dialog.locator("img").evaluate_all("(all) => all.every((img) => img.naturalWidth > 0)"), what="the pictures")
    expect(dialog).to_contain_text("Rachel Michetti, CC0")
    expect(dialog.locator(".image-sample").first).to_be_focused()
    dialog.get_by_role("button", name="Coffee").focus()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    until(lambda: image_of(page) == "sample:coffee", what="the sample in the link")
    expect(field(page).locator(".image-shown")).to_have_attribute("alt", "The chosen picture: Coffee")


def test_a_drawing_is_made_with_the_keyboard_and_with_the_pointer(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    page.get_by_role("button", name="Draw").click()
    sheet = page.locator(".image-sheet")
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 280, box["y"] + 40, steps=5)
    page.mouse.up()
    page.get_by_label("Colour", exact=True).select_option(label="red")
    sheet.focus()
    page.keyboard.press("Space")
    for _ in range(9):
        page.keyboard.press("Shift+ArrowDown")
    page.get_by_role("button", name="Use this drawing").click()
    chosen(page, "320 × 320 pixels")
    drawn = shown(page, 320, 320)
    assert (drawn[38:42, 45:260] == 0).all()  # the pointer's line
    assert np.abs(drawn[60:245, 278:282] - (208, 32, 32)).max() < 9  # the keyboard's, from there on
    assert (drawn[60:, :260] == 255).all()


def test_what_will_not_do_is_said_in_both_languages_and_the_last_picture_stays(page: Page, server: Server, watch: Watch) -> None:
    watch.expect("the server responded with a status of 4")
    open_lab(page, server.url + LAB)
    chosen(page, "300 × 300 pixels")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    problem = field(page).locator(".field-error")
    file(page).set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": svg})
    expect(problem).to_have_text(re.compile("SVG.*export it as JPEG or PNG"))
    chosen(page, "300 × 300 pixels")
    page.locator("#language").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    file(page).set_input_files({"name": "half.jpg", "mimeType": "image/jpeg", "buffer": PNG[:-40]})
    expect(problem).to_have_text(re.compile("文件不完整"))
    file(page).set_input_files({"name": "it.png", "mimeType": "image/png", "buffer": PNG})
    chosen(page, "64 × 32 像素")
    expect(problem).to_be_hidden()


def test_too_large_a_file_is_refused_before_it_is_sent(page: Page, server: Server) -> None:
    open_lab(page, server.url + LAB)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    file(page).set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": bytes(17 * 2**20)})
    expect(field(page).locator(".field-error")).to_contain_text("at most 16 MiB")
    assert "POST" not in sent


def test_a_server_that_lost_the_picture_gets_it_again_and_the_run_starts_by_itself(
    page: Page, own_server: Server, watch: Watch
) -> None:
    watch.origin = own_server.url
    watch.expect("WebSocket connection", "ERR_CONNECTION_REFUSED", "the server responded with a status of 404")
    open_lab(page, own_server.url + LAB)
    file(page).set_input_files({"name": "it.png", "mimeType": "image/png", "buffer": PNG})
    chosen(page, "64 × 32 pixels")
    until(lambda: len(image_of(page)) == 64, what="the picture's id")
    mine = image_of(page)
    address = link(page)
    own_server.restart()
    page.goto("about:blank")
    page.goto(address)  # another page of the same browser, at a server that never saw the picture
    expect(page.locator("#counter")).not_to_have_text("0 / 0", timeout=60_000)
    chosen(page, "64 × 32 pixels")
    expect(page.locator("#banner")).to_be_hidden()
    assert image_of(page) == mine


def test_an_explanation_that_lacks_the_picture_brings_it_and_is_asked_again(page: Page, server: Server) -> None:
    refused: list[str] = []
    posted: list[str] = []
    mine: list[int] = []

    def between(line: WebSocketRoute) -> None:
        ahead = line.connect_to_server()

        def asked(text: str | bytes) -> None:
            message = json.loads(text)
            if message["type"] == "start" and not message["params"]["image"].startswith("sample:"):
                mine.append(message["id"])
            if message["type"] != "explain" or refused or not mine:
                return ahead.send(text)
            refused.append(message["run"])
            error = {"id": "image.unknown", "values": {}}
            fields = [{"path": ["image"], "message": error}]
            line.send(json.dumps({"type": "reply", "id": message["id"], "ok": False, "error": error, "fields": fields}))

        line.on_message(asked)

    page.route_web_socket("**/ws", between)
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    open_lab(page, server.url + LAB)
    file(page).set_input_files({"name": "it.png", "mimeType": "image/png", "buffer": PNG})
    until(lambda: page.evaluate("1") and len(posted) == 2, what="the picture, sent again")
    assert len(refused) == 1
    expect(page.locator("#explain .parity")).to_be_visible()
    expect(page.locator("#explain")).not_to_contain_text("no longer")


def test_somebody_elses_picture_that_is_gone_is_said_beside_the_field(
    new_context: Callable[..., BrowserContext], server: Server, watch: Watch
) -> None:
    watch.expect("the server responded with a status of 404")
    page = new_context().new_page()
    page.goto(f'{server.url}{LAB}#p={{"image":"{"0" * 64}"}}')
    expect(page.locator('[data-field="image"]')).to_contain_text("The server no longer has this picture", timeout=60_000)
    assert watch.unexpected() == []


@pytest.fixture(scope="module")
def filming(browser: Browser) -> Iterator[Browser]:
    """A Chromium with a camera that films a green field."""
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    launched = browser.browser_type.launch(executable_path=executable(), args=[*ARGS, *fake])
    yield launched
    launched.close()


def test_a_picture_is_taken_with_the_webcam(filming: Browser, server: Server) -> None:
    context = filming.new_context(viewport={"width": 1280, "height": 800}, locale="en-US", permissions=["camera"])
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    open_lab(page, server.url + LAB)
    page.get_by_role("button", name="Webcam").click()
    page.get_by_role("button", name="Take the picture").click()
    chosen(page, "1024 × 576 pixels")
    middle = shown(page)[2:6, 2:6].reshape(-1, 3).mean(0)
    assert middle[1] > middle[0] + 50  # green
    assert page.get_by_role("dialog").count() == 0
    assert errors == []
    context.close()


@pytest.mark.parametrize(
    ("lack", "told"),
    [
        ("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })", "only on https or on this machine itself"),
        (REFUSING.format("NotAllowedError"), "allow it"),
        (
            REFUSING.format("NotFoundError"),
            "No camera was found",
        ),
        (
            REFUSING.format("NotReadableError"),
            "another program",
        ),
    ],
)
def test_why_there_is_no_camera_is_said(page: Page, server: Server, lack: str, told: str) -> None:
    page.add_init_script(lack)
    open_lab(page, server.url + LAB)
    page.get_by_role("button", name="Webcam").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text(told)
    expect(page.get_by_role("button", name="Take the picture")).to_be_hidden()
