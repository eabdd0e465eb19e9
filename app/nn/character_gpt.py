"""A decoder-only Transformer that reads characters and says after each what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.nn import weights
from app.nn.transformer import GPT, Shape


class CharacterGPT(GPT):
    """Each character sees those before it; of ``characters`` the first is UNKNOWN."""

    def __init__(self, characters: Sequence[str], shape: Shape) -> None:
        super().__init__(len(characters), shape)
        self.characters = tuple(characters)
        self._ids = {character: i for i, character in enumerate(self.characters)}

    def ids(self, text: str) -> list[int]:
        """Its characters as numbers, 0 for those that the model does not know."""
        return [self._ids.get(character, 0) for character in text]


def load(name: str) -> CharacterGPT:
    """The shipped model at rest. Raises FileNotFoundError, WrongWeights."""
    card: Mapping[str, Any] = weights.card(name)
    model = CharacterGPT(card["characters"], Shape(**card["shape"]))
    model.load_state_dict(weights.state(name))
    return model.eval()
