"""The model that ``recurrent/gates`` reads with: a shipped one, or the operator's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.labs import own as operators
from app.labs.contract import Message, Plain, UserError
from app.labs.offered import offered
from app.labs.recurrent.params.gates import MOST_READ, GatesParams, plain
from app.labs.recurrent.trained import MOST_BOTH_WAYS, NOT_KNOWN, Model, Read, shipped
from app.nn.recurrent import from_torch

MOST_LAYERS, MOST_HIDDEN, MOST_WORDS = 8, 1024, 50_000
OPTIONS = ("encode", "tokens", "title")


def model_of(params: GatesParams) -> Model:
    """Raises UserError where the operator's own cannot be had."""
    return operators.own(params.own, "model", _own) if params.model == "own" else shipped(params.model)


def _own(net: nn.Module, options: Mapping[str, Any], factory: str, found: str) -> Model:
    """An nn.RNN, nn.LSTM or nn.GRU, or a module that holds one; ``encode`` turns a text into what its forward takes."""
    operators.known(options, OPTIONS)
    encode = options.get("encode")
    if not callable(encode):
        raise TypeError("a recurrent model needs the option encode: a function of a text that returns token numbers or vectors")
    cores = [one for one in net.modules() if isinstance(one, nn.RNNBase)]
    if len(cores) != 1:
        raise ValueError(f"one nn.RNN, nn.LSTM or nn.GRU is needed, this module has {len(cores)}")
    core = cores[0]
    if core.num_layers > MOST_LAYERS or core.hidden_size > MOST_HIDDEN:
        raise ValueError(f"at most {MOST_LAYERS} layers of {MOST_HIDDEN} units")
    names = [str(token) for token in options.get("tokens", ())]
    if len(names) > MOST_WORDS:
        raise ValueError(f"at most {MOST_WORDS} tokens (got {len(names)})")
    most = MOST_BOTH_WAYS if core.bidirectional else MOST_READ

    def read(text: str) -> Read:
        taken = _called(lambda: encode(plain(text)))
        vectors = isinstance(taken, Tensor) and taken.dim() == 2
        ids = [] if vectors else [int(k) for k in taken]
        length = len(taken)
        if not length:
            raise UserError(Message("recurrent.gates.error.no_tokens"), ("text",))
        given = taken[:most] if vectors else torch.tensor(ids[:most])
        ids = ids[:most]
        if ids and names and not 0 <= min(ids) <= max(ids) < len(names):
            raise _failed("a token number that is not in tokens")
        tokens = [names[k] if names else str(k) for k in ids] or list(plain(text)[: len(given)])
        x = _input(net, core, given)
        wanted = [*ids[1:], NOT_KNOWN] if ids else [NOT_KNOWN] * len(given)
        return Read(tokens, ids or [0] * len(given), x, [], wanted, 0, length if length > most else None, given)

    def _failed(problem: str) -> UserError:
        file, _ = offered() or ("", "")
        told: dict[str, Plain | Message] = {"file": Path(file).name, "factory": factory, "problem": problem}
        return UserError(Message("own.error.model_failed", told), ("model",))

    def _called(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:  # whatever the operator's code raises
            raise _failed(operators.problem(error)) from error

    def _input(net: nn.Module, core: nn.RNNBase, given: Tensor) -> Tensor:
        """(T, I): what the recurrent module is handed when the whole module reads the text."""
        seen: list[Tensor] = []
        hook = core.register_forward_pre_hook(lambda _, args: seen.append(args[0].detach()))
        try:
            with torch.no_grad():
                _called(lambda: net(_batched(core, given)))
        finally:
            hook.remove()
        if (
            not seen
            or seen[0].dim() != 3
            or core.input_size != seen[0].shape[2]
            or seen[0].shape.numel() != len(given) * core.input_size
        ):
            raise _failed("its recurrent module was not handed one vector a token")
        return seen[0].reshape(len(given), core.input_size)

    def logits(outputs: Tensor, read: Read) -> Tensor | None:
        """(T, V) of the whole module with these outputs in the place of its recurrent module's; None where it says no tokens."""
        if not names or net is core:
            return None
        hook = core.register_forward_hook(lambda _, __, out: (_batched(core, outputs), out[1]))
        given = read.given
        assert given is not None
        try:
            with torch.no_grad():
                out = _called(lambda: net(_batched(core, given)))
        finally:
            hook.remove()
        out = out[0] if isinstance(out, tuple) else out
        if not isinstance(out, Tensor) or out.numel() != len(outputs) * len(names):
            return None
        return out.detach().reshape(len(outputs), len(names)).float()

    told: dict[str, Plain] = {
        "title": str(options.get("title", factory))[:200],
        "parameters": sum(p.numel() for p in net.parameters()),
    }
    return Model("own", from_torch(core), core, names, read, logits, told, whole=True)


def _batched(core: nn.RNNBase, one: Tensor) -> Tensor:
    """(T, ...) with the batch of one where the module wants it."""
    return one[None] if core.batch_first else one[:, None]
