"""The samples that are our own drawings; ``python -m app.images.drawings`` writes them beside the photographs."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from app.images.gallery import FOLDER

SIDE, FINE = 256, 4
"""Drawn four times as large and shrunk, for smooth edges."""


def airplane() -> Image.Image:
    """An airliner from the side, nose to the right, over thin clouds."""
    image, pen = _ground((96, 158, 222), (206, 228, 246))
    for x, y, w in ((20, 186, 90), (120, 214, 120), (168, 46, 70)):
        pen.ellipse(_box(x, y, w, w * 0.16), (240, 246, 252))
    pen.polygon(_points((36, 66), (62, 66), (92, 118), (56, 118)), (188, 52, 46))  # fin
    pen.ellipse(_box(30, 108, 200, 36), (244, 245, 247))  # body
    pen.polygon(_points((30, 126), (60, 112), (60, 136)), (244, 245, 247))  # tail cone
    pen.polygon(_points((204, 114), (220, 117), (226, 124), (206, 124)), (38, 50, 66))  # cockpit
    for x in range(78, 196, 12):
        pen.ellipse(_box(x, 117, 6, 8), (52, 70, 92))
    pen.polygon(_points((118, 130), (156, 130), (92, 190), (74, 190)), (150, 158, 168))  # near wing
    pen.polygon(_points((44, 124), (66, 124), (44, 150), (32, 150)), (150, 158, 168))  # tailplane
    pen.rounded_rectangle(_box(104, 152, 36, 15), FINE * 7, (88, 96, 108))  # engine
    return _done(image)


def ship() -> Image.Image:
    """A freighter on the sea, bow to the right."""
    image, pen = _ground((150, 190, 222), (232, 226, 208))
    pen.rectangle(_box(0, 168, SIDE, SIDE - 168), (38, 92, 128))
    pen.polygon(_points((26, 140), (236, 132), (212, 186), (44, 186)), (156, 44, 40))  # hull
    pen.polygon(_points((40, 176), (217, 174), (212, 186), (44, 186)), (44, 46, 54))  # waterline
    pen.rectangle(_box(44, 96, 46, 45), (240, 240, 236))  # house
    pen.rectangle(_box(52, 78, 30, 18), (240, 240, 236))
    pen.rectangle(_box(58, 54, 14, 24), (214, 130, 42))  # funnel
    for x in range(50, 86, 9):
        pen.rectangle(_box(x, 106, 5, 6), (46, 66, 88))
    for i, colour in enumerate(((46, 112, 90), (206, 160, 58), (66, 92, 156), (180, 84, 52))):
        pen.rectangle(_box(100 + 27 * i, 116 - i, 24, 22), colour)  # containers
    pen.line(_points((216, 134), (216, 92)), (70, 74, 80), FINE * 3)  # mast
    for y in range(192, SIDE, 14):
        for x in range((y * 7) % 40 - 40, SIDE, 46):
            pen.arc(_box(x, y, 30, 8), 200, 340, (116, 164, 192), FINE * 2)
    return _done(image)


def rings() -> Image.Image:
    """A zone plate, 1/2 + 1/2 cos(k r^2): finer and finer outwards, up to one period in 4 pixels, in every direction."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    k = np.pi / 2 / SIDE  # the phase k r^2 turns by 2 k r = pi / 2 a pixel at r = SIDE / 2
    grey = 127.5 + 127.5 * np.cos(k * (x**2 + y**2))
    return Image.fromarray(grey.round().astype(np.uint8))


def _ground(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A sky that changes from one colour to the other downwards."""
    down = np.linspace(0, 1, SIDE * FINE)[:, None, None]
    rows = np.array(top) * (1 - down) + np.array(bottom) * down
    image = Image.fromarray(np.broadcast_to(rows, (SIDE * FINE, SIDE * FINE, 3)).round().astype(np.uint8))
    return image, ImageDraw.Draw(image)


def _box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    return (FINE * x, FINE * y, FINE * (x + width), FINE * (y + height))


def _points(*points: tuple[float, float]) -> list[tuple[float, float]]:
    return [(FINE * x, FINE * y) for x, y in points]


def _done(image: Image.Image) -> Image.Image:
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


DRAWINGS = {"airplane.png": airplane, "ship.png": ship, "rings.png": rings}

if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        draw().save(FOLDER / name, optimize=True)
