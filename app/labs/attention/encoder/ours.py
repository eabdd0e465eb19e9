"""Our own readable networks as models that read: MiniLM, the character encoder of Chinese, the translators' encoders."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import torch
from torch import Tensor, nn

from app.labs.attention.encoder import scripts
from app.labs.attention.encoder.models import Layer, Model, Part
from app.labs.contract import Message, UserError
from app.nn import masked, minilm
from app.nn.attention import MultiHeadAttention
from app.nn.chinese import turned
from app.nn.tasks import shipped
from app.nn.tasks.english_chinese import ChineseEnglish
from app.nn.tasks.pairs import EOS
from app.nn.tokens import Read, check_length
from app.nn.transformer import Off, Stack

CHINESE = "masked_chinese"


@dataclass(frozen=True)
class Ours:
    """A stack of post-norm blocks, each with W_q, W_k and W_v of what leaves the block before."""

    name: str
    net: nn.Module
    """That the parameters are counted of."""
    stack: Stack
    reads: Callable[[str, str | None], Read]
    embeds: Callable[[Tensor, Tensor], Tensor]
    """ids and types, (1, T), to (1, T, d)."""
    written: Callable[[Read, Off], str]
    title: str = ""

    @property
    def _attention(self) -> MultiHeadAttention:
        first = self.stack.blocks[0].self_attention
        assert isinstance(first, MultiHeadAttention)
        return first

    @property
    def heads(self) -> int:
        return self._attention.heads

    @property
    def d_model(self) -> int:
        return self._attention.W_q.in_features

    @property
    def d_k(self) -> int:
        return self.d_model // self.heads

    @cached_property
    def parameters(self) -> int:
        return sum(weight.numel() for weight in self.net.parameters())

    def read(self, text: str, second: str | None) -> Read:
        return self.reads(text, second)

    def parts(self, read: Read) -> Sequence[Part]:
        return [Part("layer", number) for number in range(1, len(self.stack.blocks) + 1)]

    def walk(self, read: Read, off: Off, device: str) -> Iterator[Tensor | Layer]:
        if next(self.net.parameters()).device != torch.device(device):  # walking all modules takes a layer's time
            self.net.to(device)
        ids, types = (tensor.to(device) for tensor in read.tensors())
        with torch.no_grad():
            x = self.embeds(ids, types)
        yield x[0]
        walk = self.stack.walk(x, off=off)
        while True:
            with torch.no_grad():
                states = next(walk, None)
            if states is None:
                return
            assert states[0].attended is not None
            yield Layer(states[0].attended.heads, states[-1].out[0], 1 / math.sqrt(self.d_k))

    def linear(self, layer: int, name: str) -> nn.Linear | None:
        found = getattr(self.stack.blocks[layer].self_attention, f"W_{name}")
        assert isinstance(found, nn.Linear)
        return found

    def script(self, read: Read, off: Off) -> str:
        return self.written(read, off)


@cache
def load(name: str) -> Model:
    """Raises UserError where it is not here."""
    if name == "minilm":
        net = minilm.network()
        return Ours(name, net, net.encoder, minilm.read, net.embedding, scripts.minilm, "all-MiniLM-L6-v2")
    try:
        return _chinese() if name == "chinese" else _translator(name)
    except FileNotFoundError:
        raise UserError(Message("attention.encoder.error.no_weights", {"name": name}), ("model",)) from None


def _chinese() -> Model:
    vocabulary, net = masked.load(CHINESE)
    most = net.shape.most

    def reads(text: str, second: str | None) -> Read:
        return masked.read(vocabulary, text, second, most)

    def written(read: Read, off: Off) -> str:
        return scripts.small(CHINESE, "embedding.", read, off, net.shape)

    return Ours("chinese", net, net.encoder, reads, lambda ids, _: net.embedding(ids), written)


def _translator(name: str) -> Model:
    translator = shipped.load(name)
    task, net = translator.task, translator.net
    if isinstance(task, ChineseEnglish):
        task = ChineseEnglish(lambda text: turned(text, "t2s")[0])

    def reads(text: str, second: str | None) -> Read:
        if second is not None:
            raise UserError(Message("attention.encoder.error.one_text"), ("second",))
        check_length(text)
        tokens = task.read(text)
        room = net.shape.most - 1
        kept = tokens[:room]
        ids = (*translator.source.ids(kept), EOS)
        count = len(kept)
        changed = turned(text, "t2s")[1] if isinstance(task, ChineseEnglish) else 0
        words = (*range(count), None)
        return Read((*kept, "<eos>"), ids, (0,) * len(ids), (*kept, ""), words, (), len(tokens) - count, changed)

    def written(read: Read, off: Off) -> str:
        return scripts.small(name, "source.", read, off, net.shape)

    kept = nn.ModuleList([net.source, net.encoder])  # the decoder is no part of what reads
    return Ours(name, kept, net.encoder, reads, lambda ids, _: net.source(ids), written)
