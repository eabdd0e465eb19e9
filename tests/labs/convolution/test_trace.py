"""The way back from the input to the upload: what lies outside a traced box has no say in it, what lies at its edges has."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import nn

from app import images
from app.images.intake import ORIENTATION
from app.labs.convolution.network import preprocess, probe
from app.labs.convolution.network.models import Model

Pixels = NDArray[np.uint8]
NET = Model(nn.Identity(), "nothing")


def read(pixels: Pixels, orientation: int) -> images.Picture:
    """What a lossless upload of these pixels, with a tag that says how to turn them, is to us."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG", exif=exif)
    return images.read(out.getvalue())


@settings(max_examples=60, deadline=None)
@given(
    orientation=st.integers(1, 8),
    sides=st.tuples(st.integers(5, 90), st.integers(5, 90)),
    size=st.integers(32, 48),
    fit=st.sampled_from(["crop", "pad", "stretch"]),
    box=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_a_box_of_the_input_is_made_of_its_place_on_the_upload_and_of_nothing_else(
    orientation: int, sides: tuple[int, int], size: int, fit: str, box: tuple[float, ...]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*sides, 3), np.uint8)
    rows, columns = (sorted((round(a * (size - 1)), round(b * (size - 1)))) for a, b in (box[:2], box[2:]))

    def seen(changed: NDArray[np.bool_]) -> Any:
        """The box of the input, of the upload with some pixels in other colours."""
        ready = preprocess.prepared(read(np.where(changed[..., None], 255 - pixels, pixels), orientation), size, fit, NET)
        return ready.x[:, rows[0] : rows[1] + 1, columns[0] : columns[1] + 1].numpy()

    picture = read(pixels, orientation)
    steps, _ = preprocess.told(picture, preprocess.prepared(picture, size, fit, NET), NET)
    top, left, bottom, right = on(steps[0], (rows[0], columns[0], rows[1] + 1, columns[1] + 1), size, sides)
    y, x = np.arange(sides[0])[:, None] + 0.5, np.arange(sides[1])[None] + 0.5
    inside = (top < y) & (y < bottom) & (left < x) & (x < right)
    whole = seen(np.zeros(sides, bool))
    assert (seen(~inside) == whole).all()
    # What the first and the last row and column of the box weigh beyond their middles.
    reach = steps[0]["trace"]["reach"]  # type: ignore[call-overload,index]
    edges = [(0.5 + r) / (b - a + 1 + 2 * r) for r, (a, b) in zip(reach, (rows, columns), strict=True)]
    high, wide = edges[::-1] if orientation >= 5 else edges
    high, wide = high * (bottom - top) + 0.5, wide * (right - left) + 0.5
    for edge in (y < top + high, y > bottom - high, x < left + wide, x > right - wide):
        assert (seen(inside & edge) != whole).any() or not (inside & edge).any()


def on(step: Any, box: tuple[int, ...], size: int, sides: tuple[int, int]) -> tuple[float, ...]:
    """A box of the input on a step's picture, in its pixels, as static/js/labs/convolution/network/picture.js has it."""
    down, across = step["trace"]["reach"]
    wide = np.array([box[0] - down, box[1] - across, box[2] + down, box[3] + across]).clip(0, size) / size
    corners = np.array([[wide[i], wide[j], 1] for i in (0, 2) for j in (1, 3)]) @ np.array(step["trace"]["from"]).T * sides
    return (*corners.min(0), *corners.max(0))


def array(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image, np.float32).transpose(2, 0, 1) / 255


def padded(image: Image.Image) -> NDArray[np.float32]:
    return array(ImageOps.pad(image, (96, 96), color=(9, 9, 9)))


def brightest(image: Image.Image) -> NDArray[np.float32]:
    """100 columns around the brightest."""
    middle = int(np.asarray(image.convert("L")).mean(0).argmax().clip(50, image.width - 50))
    return array(image.crop((middle - 50, 0, middle + 50, image.height)).resize((64, 64)))


def standardised(image: Image.Image) -> NDArray[np.float32]:
    x = array(image.resize((32, 32)))
    return np.asarray((x - x.mean()) / (x.std() + 1e-5), np.float32)


W, H = 320, 213
Function = Callable[[Image.Image], NDArray[np.float32]]


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (lambda image: array(image.resize((40, 24))), [[1, 0, 0], [0, 1, 0]]),
        (lambda image: array(image.resize((500, 400), Image.Resampling.BICUBIC)), [[1, 0, 0], [0, 1, 0]]),
        (lambda image: 3 - 2 * array(image.resize((64, 64), Image.Resampling.LANCZOS))[::-1], [[1, 0, 0], [0, 1, 0]]),
        (lambda image: array(image.convert("L").convert("RGB").resize((28, 28)))[:1], [[1, 0, 0], [0, 1, 0]]),
        (lambda image: array(ImageOps.mirror(image)), [[1, 0, 0], [0, -1, 1]]),
        (lambda image: array(image.transpose(Image.Transpose.ROTATE_90)), [[0, 1, 0], [-1, 0, 1]]),
        (lambda image: array(image.crop((20, 13, 120, 113)).resize((64, 64))), [[100 / H, 0, 13 / H], [0, 100 / W, 20 / W]]),
        (padded, [[W / H, 0, (H - W) / 2 / H], [0, 1, 0]]),
    ],
)
def test_the_map_of_an_unknown_preprocessing_is_found(function: Function, wanted: Any) -> None:
    way = probe.back(function, photo())
    assert way is not None
    assert way[:2] == pytest.approx(np.array(wanted, float), abs=0.01)


@pytest.mark.parametrize(
    "function",
    [
        standardised,
        brightest,
        lambda image: array(ImageOps.equalize(image.resize((64, 64)))),
        lambda image: array(image.resize((64, 64)).transform((64, 64), Image.Transform.QUAD, (0, 0, 10, 64, 64, 64, 50, 0))),
        lambda image: np.zeros((3, 8, 8), np.float32),
        lambda image: array(image.resize((1, 1))),
        lambda image: 1 / 0,
    ],
)
def test_what_bends_a_picture_or_looks_at_all_of_it_has_no_map(function: Any) -> None:
    assert probe.back(function, photo()) is None


def photo() -> Image.Image:
    picture = Image.fromarray(images.load("sample:coffee").pixels)
    assert picture.size == (W, H)
    return picture


@pytest.mark.parametrize(("function", "known"), [(lambda image: image.resize((64, 48)), True), (ImageOps.autocontrast, None)])
def test_every_picture_before_the_models_own_preprocessing_has_a_trace_or_says_that_it_has_none(function: Any, known: Any) -> None:
    model = Model(nn.Identity(), "theirs", preprocess=lambda image: array(function(image)))
    pixels = np.random.default_rng(0).integers(40, 200, (48, 64, 3), np.uint8)
    picture = read(pixels, 6)
    steps: Any = preprocess.told(picture, preprocess.prepared(picture, 32, "crop", model), model)[0]
    assert [one["id"].rpartition(".")[2] for one in steps] == ["decode", "orient", "own"]
    assert steps[2]["trace"] == {"from": [[1, 0, 0], [0, 1, 0]], "reach": [0, 0]}
    for step, wanted in zip(steps, ([[0, -1, 1], [1, 0, 0]], [[1, 0, 0], [0, 1, 0]]), strict=False):
        assert (step["trace"] and np.round(step["trace"]["from"], 2).tolist()) == (wanted if known else None)
