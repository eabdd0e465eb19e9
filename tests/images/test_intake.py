"""What becomes of bytes: the right picture with its steps, or one sentence in both languages."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from app.images import read
from app.images.intake import MOST_BYTES, MOST_SIDE
from app.labs.contract import UserError
from app.web.languages import LANGUAGES, catalogue

from .odd import LOSSY, H, Odd, W, odd, saved, scene

GOOD = [one for one in odd() if not one.refused]
BAD = [one for one in odd() if one.refused]


def test_there_are_forty_at_least() -> None:
    assert len(GOOD) + len(BAD) >= 40
    assert len({one.name for one in odd()}) == len(odd())


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_it_gives_the_right_picture(file: Odd) -> None:
    picture = read(file.data)
    assert tuple(step.id for step in picture.steps) == file.steps
    assert picture.steps[0].values.get("frames", 1) == file.frames
    assert picture.pixels.dtype == np.uint8
    if file.pixels is not None:
        assert picture.pixels.shape == file.pixels.shape
        assert np.abs(picture.pixels.astype(float) - file.pixels).mean() <= file.tolerance


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.name)
def test_it_is_refused_in_one_sentence(file: Odd) -> None:
    with pytest.raises(UserError) as refused:
        read(file.data)
    message = refused.value.message
    assert (message.id, refused.value.path) == (f"image.{file.refused}", ("image",))
    for language in LANGUAGES:
        sentence = catalogue(language).message(message)
        assert "{" not in sentence
        assert sentence.endswith((".", "。"))


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_every_step_is_told_with_a_small_picture(file: Odd) -> None:
    for step in read(file.data).steps:
        assert max(step.picture.shape[:2]) <= 192
        assert step.picture.shape[2] == 3
        for language in LANGUAGES:
            assert "{" not in catalogue(language).text(f"image.step.{step.id}", **step.values)


def test_formats_that_are_not_read_are_named() -> None:
    named = {}
    for file in BAD:
        if file.refused == "format":
            with pytest.raises(UserError) as refused:
                read(file.data)
            named[file.name] = refused.value.message.values["got"]
    assert named == {
        "eps": "EPS",
        "eps for DOS": "EPS",
        "pdf": "PDF",
        "svg": "SVG",
        "svg after a prologue": "SVG",
        "heic": "HEIC",
        "avif": "AVIF",
        "tiff": "TIFF",
    }


def test_steps_show_what_they_did() -> None:
    """Under transparent pixels the first step shows the hidden colour, the second white; a turn shows sides changed."""
    file = next(one for one in GOOD if one.name == "rgba")
    read_in, flattened = read(file.data).steps
    assert np.array_equal(read_in.picture, scene())
    assert (flattened.picture[H // 2 :] == 255).all()
    file = next(one for one in GOOD if one.name == "orientation 6")
    stored, upright = read(file.data).steps
    assert (stored.picture.shape, upright.picture.shape) == ((W, H, 3), (H, W, 3))
    assert upright.values == {"orientation": 6}


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (2050, 1100), (1025, 40)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_large_pictures_are_shrunk_alike_whatever_the_decoder_leaves_out(size: tuple[int, int], kind: str) -> None:
    """A JPEG decoded at a half or less is the picture that a plain decoding and shrinking gives, within reason."""
    smooth = Image.fromarray(np.random.default_rng(1).integers(0, 255, (12, 16, 3), dtype=np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )
    data = saved(smooth, kind, **({"quality": 95, "subsampling": 0} if kind == "JPEG" else {"compress_level": 1}))
    picture = read(data)
    height, width, _ = picture.pixels.shape
    assert max(width, height) == MOST_SIDE
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01) or min(width, height) == 1
    plain = np.asarray(smooth.resize((width, height), Image.Resampling.LANCZOS)).astype(float)
    assert np.abs(picture.pixels - plain).mean() < LOSSY
    drafted = kind == "JPEG" and min(size) >= 2 * MOST_SIDE
    assert [step.id for step in picture.steps] == ["decode", *(["draft"] if drafted else []), "shrink"]


@pytest.mark.parametrize(("width", "height", "taken"), [(4000, 4000, True), (4001, 4000, False), (16_000_000, 1, True)])
def test_sixteen_million_pixels_are_taken_and_not_one_more(width: int, height: int, taken: bool) -> None:
    data = saved(Image.new("1", (width, height)), "PNG")
    if taken:
        assert max(read(data).pixels.shape) == MOST_SIDE
        return
    with pytest.raises(UserError) as refused:
        read(data)
    assert refused.value.message.values == {"width": width, "height": height, "most": 16}


def test_sixteen_mebibytes_are_taken_and_not_one_byte_more() -> None:
    data = saved(scene(), "PNG")
    assert read(data + bytes(MOST_BYTES - len(data))).pixels.shape == (H, W, 3)
    with pytest.raises(UserError, match=r"image\.heavy"):
        read(data + bytes(MOST_BYTES - len(data) + 1))


def test_every_cut_of_a_file_is_a_picture_or_a_sentence() -> None:
    """Never another exception, wherever a transfer stopped and whatever byte flipped."""
    rng = np.random.default_rng(2)
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        data = saved(scene(), kind)
        for _ in range(60):
            cut = bytearray(data[: rng.integers(0, len(data) + 1)])
            for at in rng.integers(0, max(1, len(cut)), rng.integers(0, 4)):
                if cut:
                    cut[at] = rng.integers(0, 256)
            try:
                pixels = read(bytes(cut)).pixels
            except UserError:
                continue
            assert max(pixels.shape) <= MOST_SIDE
