"""Text models of Hugging Face (:mod:`app.labs.hub`).

An attention function of our own is registered with ``transformers``, which calls it wherever such a model attends: so q, k, v, the
mask and the scale are what the model made, whatever it did before (positions that turn q and k, groups of heads), and a head can be
switched off.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any, Literal

import torch
from torch import Tensor, nn

from app.labs.attention.encoder import scripts
from app.labs.attention.encoder.models import MOST_TOKENS, Layer, Model, Part
from app.labs.background import Background
from app.labs.contract import Message, Progress, UserError
from app.labs.hub import loaded
from app.nn.attention import Heads, attend
from app.nn.tokens import Read, check_length
from app.nn.transformer import Off

OURS = "unrolled"
"""The name that our attention function is registered by."""
NEAR = 1e-4
"""The model with our attention must say what it says with its own."""


@dataclass(frozen=True)
class _Call:
    """What an attention was given; its maps are made of that again when they are asked for, one layer at a time."""

    q: Tensor
    k: Tensor
    v: Tensor
    mask: Tensor | None
    scale: float

    def heads(self) -> Heads:
        return attend(self.q, self.k, self.v, self.mask, self.scale)


@dataclass
class _Seen:
    """The attentions of one forward pass, as they were called."""

    off: Off
    calls: list[_Call] = field(default_factory=list)


_SEEN: ContextVar[_Seen | None] = ContextVar("seen", default=None)


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    position_bias: Tensor | None = None,
    **more: Any,
) -> tuple[Tensor, Tensor]:
    """softmax(q k^T scale + mask) v with every part kept; (N, H, T, d_k) to (N, T, H, d_v)."""
    if strange := [name for name in ("softcap", "s_aux") if more.get(name) is not None]:
        raise ValueError(f"its attention has more than a scale and a mask: {', '.join(strange)}")
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    scale = query.shape[-1] ** -0.5 if scaling is None else float(scaling)
    call = _Call(query, key, value, _added(attention_mask, position_bias), scale)
    heads = call.heads()
    output = heads.output
    if (seen := _SEEN.get()) is not None:
        number = len(seen.calls)
        seen.calls.append(call)
        if off := [head for layer, _, head in seen.off if layer == number]:
            output = output.clone()
            output[:, off] = 0
    return output.transpose(1, 2).contiguous(), heads.weights


def _added(mask: Tensor | None, bias: Tensor | None) -> Tensor | None:
    """None where nothing is hidden; boolean where some is, True: seen; a float where something else is added, -inf: hidden."""
    parts = [] if mask is None else [mask]
    if mask is not None and mask.dtype == torch.bool:
        parts = [torch.zeros(mask.shape).masked_fill(~mask, -math.inf)]
    parts += [] if bias is None else [bias]
    if not parts:
        return None
    total = sum(parts[1:], parts[0])
    hidden = total <= torch.finfo(total.dtype).min / 2
    rest = total.masked_fill(hidden, 0)
    if not bool(rest.any()):
        return ~hidden if bool(hidden.any()) else None
    return rest.masked_fill(hidden, -math.inf)


@dataclass(frozen=True)
class Hub:
    """A model of ``transformers`` and its tokenizer."""

    title: str
    net: Any
    tokenizer: Any
    name: str = "hub"

    @property
    def both(self) -> bool:
        """Whether it is an encoder-decoder."""
        return bool(self.net.config.is_encoder_decoder)

    @property
    def heads(self) -> int:
        return int(self.net.config.num_attention_heads)

    @property
    def d_model(self) -> int:
        return int(self.net.config.hidden_size)

    @property
    def d_k(self) -> int:
        return int(
            getattr(self.net.config, "head_dim", None) or getattr(self.net.config, "d_kv", None) or self.d_model // self.heads
        )

    @property
    def parameters(self) -> int:
        return sum(weight.numel() for weight in self.net.parameters())

    @property
    def most(self) -> int:
        """Tokens that it has places for."""
        places = getattr(self.net.config, "max_position_embeddings", None) or MOST_TOKENS
        return int(min(MOST_TOKENS, places, self.tokenizer.model_max_length))

    def read(self, text: str, second: str | None) -> Read:
        check_length(text, second)
        if not self.both:
            return self._rows(text, second, self.most)
        room = self.most if second is None else self.most // 2
        source = self._rows(text, None, room)
        if second is None:
            return source
        target = self._rows(second, None, room - 1, special=False, text_target=True)
        begin = int(self.net.config.decoder_start_token_id)
        said = self.tokenizer.convert_ids_to_tokens([begin])[0]
        return Read(
            (*source.tokens, said, *target.tokens),
            (*source.ids, begin, *target.ids),
            (*source.types, 1, *(1 for _ in target.ids)),
            (*source.typed, "", *target.typed),
            (*source.words, None, *target.words),
            (*source.unknown, *target.unknown),
            source.left_out + target.left_out,
        )

    def _rows(self, text: str, second: str | None, most: int, special: bool = True, text_target: bool = False) -> Read:
        tokenizer = self.tokenizer
        given: dict[str, Any] = {"text_target": text} if text_target else {"text": text, "text_pair": second}
        asked: dict[str, Any] = {"add_special_tokens": special, "return_offsets_mapping": True, "verbose": False}
        whole = len(tokenizer(**given, **asked)["input_ids"])
        cut = "longest_first" if second is not None else "only_first"
        made = tokenizer(**given, **asked, truncation=cut, max_length=most)
        ids, spans, types, words = made["input_ids"], made["offset_mapping"], made.sequence_ids(0), made.word_ids(0)
        texts = (text, second or "")
        typed = tuple("" if type_id is None else texts[type_id][slice(*span)] for span, type_id in zip(spans, types, strict=True))
        if not any(type_id is not None for type_id in types):
            raise UserError(Message("attention.empty-text"))
        named = tokenizer.convert_ids_to_tokens(ids)
        tokens = tuple(_shown(name, stands) for name, stands in zip(named, typed, strict=True))
        unknown = tuple(
            stands
            for i, stands, type_id in zip(ids, typed, types, strict=True)
            if type_id is not None and i == tokenizer.unk_token_id
        )
        kinds = [0 if type_id is None else type_id for type_id in types]
        for at in range(1, len(kinds)):  # what is added behind a text belongs to it
            if types[at] is None:
                kinds[at] = kinds[at - 1]
        word_of = tuple(None if type_id is None else word for word, type_id in zip(words, types, strict=True))
        return Read(tokens, tuple(ids), tuple(kinds), typed, word_of, unknown, max(0, whole - len(ids)))

    @property
    def _typed(self) -> bool:
        """Whether it is told which text a token is of."""
        return not self.both and int(getattr(self.net.config, "type_vocab_size", 0) or 0) > 1

    def _sizes(self, read: Read) -> tuple[int, int]:
        """Tokens of the encoder and of the decoder."""
        decoded = sum(read.types) if self.both else 0
        return len(read.ids) - decoded, decoded

    def parts(self, read: Read) -> Sequence[Part]:
        config = self.net.config
        layers = int(config.num_hidden_layers)
        if not self.both:
            return [Part("layer", number) for number in range(1, layers + 1)]
        found = [Part("encoder", number) for number in range(1, layers + 1)]
        if self._sizes(read)[1]:
            decoders = int(getattr(config, "decoder_layers", None) or getattr(config, "num_decoder_layers", None) or layers)
            kinds: tuple[Literal["decoder", "cross"], ...] = ("decoder", "cross")
            found += [Part(kind, number) for number in range(1, decoders + 1) for kind in kinds]
        return found

    def walk(self, read: Read, off: Off, device: str) -> Iterator[Tensor | Layer | Progress]:
        stage = Message("attention.encoder.stage.forward")
        work = Background(lambda done: self._forward(read, off, device), 1, stage)
        seen, out = yield from work.wait()
        parts = self.parts(read)
        if len(seen.calls) != len(parts):
            raise UserError(Message("attention.encoder.error.hub_other", {"name": self.title}), ("hub",))
        yield self._hidden(out, 0)
        for call, part in zip(seen.calls, parts, strict=True):
            yield Layer(self._placed(read, part, call.heads()), self._hidden(out, part.number, part.kind), call.scale)

    def _forward(self, read: Read, off: Off, device: str) -> tuple[_Seen, Any]:
        net = self.net.to(device)
        seen = _Seen(off)
        kept = _SEEN.set(seen)
        try:
            with torch.no_grad():
                return seen, self.call(net, read, device)
        finally:
            _SEEN.reset(kept)

    def call(self, net: Any, read: Read, device: str, **asked: Any) -> Any:
        """The model's own output, hidden states included."""
        ids, types = (tensor.to(device) for tensor in read.tensors())
        asked = {"output_hidden_states": True, "return_dict": True, **asked}
        source, decoded = self._sizes(read)
        if not self.both:
            if self._typed:
                asked["token_type_ids"] = types
            if hasattr(net.config, "use_cache"):
                asked["use_cache"] = False
            return net(input_ids=ids, **asked)
        if not decoded:
            return net.get_encoder()(input_ids=ids, **asked)
        return net(input_ids=ids[:, :source], decoder_input_ids=ids[:, source:], use_cache=False, **asked)

    def _hidden(self, out: Any, number: int, kind: str = "layer") -> Tensor:
        """(T, d) after the ``number``-th layer of the encoder, or of the decoder with the encoder's last beside it."""
        if "decoder_hidden_states" not in out:
            alone: Tensor = out.hidden_states[number][0]
            return alone
        encoder, decoder = out.encoder_hidden_states, out.decoder_hidden_states
        rows = (encoder[number], decoder[0]) if kind in ("layer", "encoder") else (encoder[-1], decoder[number])
        return torch.cat([one[0] for one in rows])

    def _placed(self, read: Read, part: Part, heads: Heads) -> Heads:
        """Over the tokens of both texts: nothing where this attention does not ask or is not asked."""
        source, decoded = self._sizes(read)
        if not decoded:
            return heads
        rows = slice(0, source) if part.kind == "encoder" else slice(source, None)
        columns = slice(source, None) if part.kind == "decoder" else slice(0, source)
        count = source + decoded

        def put(tensor: Tensor, where: slice) -> Tensor:
            whole = tensor.new_zeros(1, tensor.shape[1], count, tensor.shape[-1])
            whole[:, :, where] = tensor
            return whole

        def square(tensor: Tensor, fill: float | bool) -> Tensor:
            whole = tensor.new_full((1, tensor.shape[1], count, count), fill)
            whole[:, :, rows, columns] = tensor
            return whole

        mask = heads.mask
        asks = torch.ones(1, 1, *heads.scores.shape[-2:], dtype=torch.bool, device=heads.q.device) if mask is None else mask
        asks = asks.expand(1, asks.shape[1], *heads.scores.shape[-2:])
        return Heads(
            put(heads.q, rows),
            put(heads.k, columns),
            put(heads.v, columns),
            square(heads.scores, 0.0),
            square(asks, False) if asks.dtype == torch.bool else square(asks, -math.inf),
            square(heads.weights, 0.0),
            put(heads.output, rows),
        )

    def linear(self, layer: int, name: str) -> nn.Linear | None:
        return None

    def script(self, read: Read, off: Off) -> str:
        return scripts.hub(self.title, read, off, *self._sizes(read), self.both, self._typed)


def _shown(name: str, typed: str) -> str:
    """A token's name with a plain mark for a blank; where its name is of bytes, what was typed."""
    plain = name.replace("Ġ", "␣").replace("▁", "␣").replace("Ċ", "⏎")
    return typed if typed and not typed.isascii() else plain


@lru_cache(maxsize=2)
def load(name: str) -> Model:
    """The model ``ID`` or ``ID@REVISION``. Raises UserError where it is not on this machine, or cannot be opened like this."""

    def made(transformers: Any, id: str, here: Mapping[str, Any]) -> Model:
        transformers.AttentionInterface.register(OURS, _attention)
        transformers.AttentionMaskInterface.register(OURS, import_module("transformers.masking_utils").eager_mask)
        tokenizer = transformers.AutoTokenizer.from_pretrained(id, use_fast=True, **here)
        if not tokenizer.is_fast:
            raise ValueError("its tokenizer does not say where a token stands")
        net = transformers.AutoModel.from_pretrained(
            id, use_safetensors=True, attn_implementation="eager", dtype=torch.float32, **here
        ).eval()
        model = Hub(name, net, tokenizer)
        if not _agrees(model):
            raise UserError(Message("attention.encoder.error.hub_other", {"name": name}), ("hub",))
        return model

    return loaded(name, "model", made)


def _agrees(made: Hub) -> bool:
    """Whether the model with our attention gives the maps and states that it gives with its own; from then on it has ours."""
    read = made.read("one two three", "four five" if made.both else None)
    with torch.no_grad():
        theirs = made.call(made.net, read, "cpu", output_attentions=True)
    maps = list(theirs.get("attentions") or theirs.get("encoder_attentions") or ())
    if made.both:
        maps += [one for pair in zip(theirs.decoder_attentions, theirs.cross_attentions, strict=True) for one in pair]
    made.net.set_attn_implementation(OURS)
    seen, ours = made._forward(read, (), "cpu")
    parts = made.parts(read)
    if not len(maps) == len(seen.calls) == len(parts):
        return False
    pairs = [(one, call.heads().weights) for one, call in zip(maps, seen.calls, strict=True)]
    pairs.append((made._hidden(theirs, parts[-1].number, parts[-1].kind), made._hidden(ours, parts[-1].number, parts[-1].kind)))
    return all(a.shape == b.shape and bool((a - b).abs().max() <= NEAR) for a, b in pairs)
