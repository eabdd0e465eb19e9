"""core/tiles.js in a real browser: the colour of every value, averages, who stands where."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from serving import Server

PAINT = """
async ([tiles, grid, ranges, signed]) => {
  const { base } = JSON.parse(document.getElementById("page-data").textContent);
  const { paint, palettes } = await import(`${base}js/core/tiles.js`);
  const canvas = document.createElement("canvas");
  if (tiles.bytes) tiles.bytes = Uint8Array.from(tiles.bytes);
  if (tiles.values) tiles.values = tiles.values.map(Number); // JSON has no NaN
  paint(canvas, tiles, grid, ranges, palettes()[signed ? "signed" : "magnitude"]);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return { width: canvas.width, height: canvas.height, data: Array.from(data) };
}
"""
LOWEST, HIGHEST = (0x00, 0x22, 0x4E), (0xFE, 0xE8, 0x38)
"""The ends of Cividis."""


@pytest.fixture
def lab(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/optimizer")
    return page


def painted(page: Page, tiles: dict[str, Any], grid: dict[str, Any], ranges: Any, signed: bool = False) -> Any:
    """A function from (x, y) to the pixel's RGBA."""
    got = page.evaluate(PAINT, [tiles, grid, ranges, signed])

    def pixel(x: int, y: int) -> tuple[int, ...]:
        at = 4 * (y * got["width"] + x)
        return tuple(got["data"][at : at + 4])

    return pixel


def grid(columns: int, rows: int, width: float, gap: int = 0) -> dict[str, Any]:
    return {"columns": columns, "rows": rows, "width": width, "height": width, "gap": gap}


def test_bytes_are_coloured_by_their_values(lab: Page) -> None:
    """Two maps with the same bytes, 0 and 254, but the second's step is half: on one scale its 254 is the middle."""
    tiles = {"count": 2, "height": 1, "width": 2, "bytes": [0, 254, 0, 254], "low": [0, 0], "step": [2 / 254, 1 / 254]}
    pixel = painted(lab, tiles, {**grid(2, 1, 8), "height": 4}, {"low": 0, "high": 2})
    assert pixel(1, 1) == (*LOWEST, 255)
    assert pixel(5, 1) == (*HIGHEST, 255)
    middle = pixel(13, 1)
    assert all(abs(a - b) <= 3 for a, b in zip(middle, (0x7D, 0x7B, 0x76, 255), strict=True)), middle
    own = painted(lab, tiles, {**grid(2, 1, 8), "height": 4}, [{"low": 0, "high": 2}, {"low": 0, "high": 1}])
    assert own(13, 1) == (*HIGHEST, 255)


def test_zero_is_the_middle_of_a_signed_scale(lab: Page) -> None:
    tiles = {"count": 1, "height": 1, "width": 3, "values": [-1, 0, 1]}
    pixel = painted(lab, tiles, {**grid(1, 1, 12), "height": 4}, {"low": -1, "high": 1}, signed=True)
    low, zero, high = pixel(1, 1), pixel(6, 1), pixel(10, 1)
    assert low == (0x00, 0x67, 0xA8, 255)
    assert high == (0xC2, 0x57, 0x00, 255)
    assert all(abs(a - b) <= 2 for a, b in zip(zero, (0xF7, 0xF7, 0xF4, 255), strict=True)), zero


def test_what_is_drawn_smaller_is_averaged(lab: Page) -> None:
    """A chequerboard of 0 and 1, four to a pixel, is one half everywhere, not the one or the other."""
    side = 16
    values = [(x + y) % 2 for y in range(side) for x in range(side)]
    pixel = painted(lab, {"count": 1, "height": side, "width": side, "values": values}, grid(1, 1, 8), {"low": 0, "high": 1})
    assert {pixel(x, y) for x in range(8) for y in range(8)} == {pixel(0, 0)}
    assert all(abs(a - b) <= 3 for a, b in zip(pixel(0, 0), (0x7D, 0x7B, 0x76, 255), strict=True))


def test_what_is_no_number_is_neither_high_nor_low(lab: Page) -> None:
    floats = {"count": 1, "height": 1, "width": 1, "values": ["NaN"]}
    bytes_ = {"count": 1, "height": 1, "width": 1, "bytes": [255], "low": [0], "step": [1 / 254]}
    for tiles in (floats, bytes_):
        assert painted(lab, tiles, grid(1, 1, 4), {"low": 0, "high": 1})(1, 1)[3] < 200


def test_tiles_stand_in_rows_and_are_found_again(lab: Page) -> None:
    """Five tiles in a box for three columns: the fifth is in the second row; past it there is none."""
    found = lab.evaluate(
        """async () => {
          const { base } = JSON.parse(document.getElementById("page-data").textContent);
          const { arrange, tileAt } = await import(`${base}js/core/tiles.js`);
          const grid = arrange(5, 1, 300, 200);
          const many = arrange(512, 1, 270, 200, 10);
          return { grid, many, last: tileAt(grid, 5, 150, 150), none: tileAt(grid, 5, 250, 150), out: tileAt(grid, 5, 500, 10) };
        }"""
    )
    assert found["grid"] == {"columns": 3, "rows": 2, "width": 100, "height": 100, "gap": 2}
    assert (found["last"], found["none"], found["out"]) == (4, -1, -1)
    assert found["many"]["width"] >= 10
    assert found["many"]["columns"] * found["many"]["rows"] >= 512
