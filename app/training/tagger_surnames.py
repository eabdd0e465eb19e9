"""A bidirectional network that says of which language a surname is: 18 languages, unevenly many names."""

from __future__ import annotations

from pathlib import Path

from app.nn.tagger import Shape
from app.nn.tasks import surnames
from app.training.kit.tagger import Recipe, ship


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the names."""
    languages, training, held = surnames.names(surnames.files(folder))
    texts = tuple([(name, [tag] * len(name)) for name, tag in some] for some in (training, held))
    told = {"name": "surnames", "source": surnames.SOURCE, "licence": "MIT", "language": "names"}
    plan = Shape(hidden=96, embedding=32), Recipe(steps=2500, dropout=0.3, rarest=2, peak_lr=3e-3)
    ship("tagger_surnames", (texts[0], texts[1]), languages, told, plan, one=True, command="tagger_surnames")
