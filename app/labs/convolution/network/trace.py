"""Where a box of the network's input lies on the picture of every step that made it: the way back, step by step.

Places are shares of a picture's sides, (y, x) from (0, 0) at its top left corner to (1, 1), so that a step that changes only
colours or the number of pixels leaves every place where it was. What a step did to places is one affine map, and the way back
over several steps is the product of their maps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.images import Step
from app.labs.contract import Plain

Back: TypeAlias = NDArray[np.float64]
"""(3, 3): takes (y, x, 1) after a step to the same place before it."""
Reach: TypeAlias = tuple[float, float]
"""Rows and columns."""

STAYS: Back = np.eye(3)
NONE: Reach = (0.0, 0.0)
STORED = {2: "y -x", 3: "-y -x", 4: "-y x", 5: "x y", 6: "-x y", 7: "-x -y", 8: "x -y"}
"""Row and column as stored, from those of the upright picture, for each value of EXIF's orientation tag."""
_AXES = {"y": (1, 0, 0), "-y": (-1, 0, 1), "x": (0, 1, 0), "-x": (0, -1, 1)}


def of_upload(step: Step) -> Back:
    """Of a step that made an upload a picture: all but turning it upright leave places where they are."""
    if step.id != "orient":
        return STAYS
    return np.array([*(_AXES[axis] for axis in STORED[int(str(step.values["orientation"]))].split()), (0, 0, 1)], float)


def window(box: tuple[int, int, int, int], width: int, height: int) -> Back:
    """Of cutting (left, top, right, bottom) out; where the box goes over the edges, of laying the picture on a larger ground."""
    left, top, right, bottom = box
    return np.array([[(bottom - top) / height, 0, top / height], [0, (right - left) / width, left / width], [0, 0, 1]])


def reach(before: int, after: int) -> float:
    """Of a bilinear resize along one side, in pixels of its result: how far beyond a pixel's own cell it weighs what was there.

    Its triangle reaches one pixel of the coarser grid to either side of the pixel's middle.
    """
    return max(1.0, after / before) - 0.5


def traced(steps: Sequence[tuple[Back | None, Reach]]) -> list[Plain]:
    """Of each step in order, where the input's places lie on its picture: ``from`` (2, 3), and ``reach`` (2,), by how many pixels a
    box of the input is wider there; None where the map of a later step is not known."""
    way: Back | None = STAYS
    wider: Reach = NONE
    told: list[Plain] = []
    for back, blended in reversed(steps):
        told.append(None if way is None else {"from": way[:2].tolist(), "reach": list(wider)})
        way = None if way is None or back is None else back @ way
        wider = wider if blended == NONE else blended
    return told[::-1]
