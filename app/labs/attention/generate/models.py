"""The shipped decoders as ``attention/generate`` writes with them: of characters, and the one that found induction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from app.labs.attention.params.generate import GenerateParams
from app.labs.contract import Message, Plain, UserError
from app.labs.writing.drawing import Writer
from app.nn import character_gpt, weights
from app.nn.chinese import in_script
from app.nn.tasks import induction
from app.nn.tasks.pairs import BOS, SPECIAL
from app.nn.transformer import GPT


@dataclass(frozen=True)
class Read:
    """A text as a decoder takes it; ``unknown``: where tokens stand that it does not know."""

    tokens: Sequence[str]
    ids: Sequence[int]
    unknown: Sequence[int] = ()
    converted: int = 0
    """Characters that were turned into the model's script."""
    left_out: int = 0
    """Tokens of the beginning for which there is no position."""


@dataclass(frozen=True)
class Model:
    """``read``: a typed text and how many of its tokens there is room for; ``never``: tokens that are not written."""

    net: GPT
    vocabulary: Sequence[str]
    never: Sequence[int]
    read: Callable[[str, int], Read]
    told: Mapping[str, Plain]


@cache
def shipped(name: str) -> Model:
    """A model of ``app/nn/weights``. Raises FileNotFoundError, WrongWeights."""
    return _induction() if name == "induction" else _characters(f"gpt_{name}")


def _characters(name: str) -> Model:
    net, card = character_gpt.load(name), weights.card(name)
    language = str(card["data"]["language"])

    def read(text: str, room: int) -> Read:
        plain = text.replace("\r\n", "\n").replace("\r", "\n") or "\n"
        whole, converted = in_script(plain, language, net.characters)
        kept = whole[-room:]
        ids = net.ids(kept)
        return Read(tuple(kept), ids, [i for i, k in enumerate(ids) if k == 0], converted, len(whole) - len(kept))

    told = {
        "nats": card["nats"],
        "parameters": card["parameters"],
        "data": card["data"]["name"],
        "language": language,
        "minutes": card["minutes"],
    }
    return Model(net, net.characters, (0,), read, told)


def _induction() -> Model:
    net, card = induction.load(), weights.card("induction")
    vocabulary = induction.VOCABULARY

    def read(text: str, room: int) -> Read:
        tokens = induction.read(text) if text.strip() else ()
        kept = tokens[len(tokens) - min(len(tokens), room - 1) :]
        return Read((SPECIAL[BOS], *kept), [BOS, *vocabulary.ids(kept)] if kept else [BOS], left_out=len(tokens) - len(kept))

    told: dict[str, Plain] = {"parameters": card["parameters"]}
    return Model(net, vocabulary.words, range(len(SPECIAL)), read, told)


def writer(params: GenerateParams) -> Writer:
    """Raises UserError for a chosen token that the model does not have."""
    model = shipped(params.model)
    return Writer(params, model.vocabulary, model.never, params.chosen, params.seed)


def prompt(params: GenerateParams) -> Read:
    """What is read before the first token is written. Raises UserError, of its field, for what cannot be read or written."""
    model = shipped(params.model)
    room = model.net.shape.most + 1 - params.count  # the last token written is not read
    if room < 1:
        told: dict[str, Plain | Message] = {"most": model.net.shape.most, "got": params.count}
        raise UserError(Message("attention.generate.error.count", told), ("count",))
    try:
        return model.read(params.prompt, room)
    except UserError as error:
        raise UserError(error.message, ("prompt",)) from error
