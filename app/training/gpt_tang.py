"""A decoder-only Transformer of all Tang poems, in Traditional characters; measured on those that the recurrent ones are, too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.nn.transformer import Shape
from app.training import characters_tang
from app.training.kit.gpt import Recipe, ship
from app.training.kit.tang import complete
from app.training.kit.texts import parted

SHAPE = Shape(d_model=96, heads=4, d_ff=384, layers=3, most=128, norm="pre", activation="gelu")
RECIPE = Recipe(steps=2400, batch=8, rarest=30, checks=12)


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the poems."""
    few = characters_tang.corpus(folder)
    poems = complete(folder, parted(few, RECIPE.held_out)[1])
    told = {**poems.told, "language": "zh", "measured_on": few.told}
    ship("gpt_tang", replace(few, told=told, more=poems.text), SHAPE, RECIPE)
