"""Every operation of a forward pass, in order, one at a time: modules and functional calls of any ``nn.Module``.

Forward hooks alone miss functional calls, so two things are watched. Hooks keep the path of the module that is at work, and
report torch's own leaf modules as one operation each. A TorchFunctionMode reports every function called outside those:
``F.relu``, ``+``, ``torch.cat``, a pooling written as a call. A module whose inside neither sees (a TorchScript one, an
autograd function of its own) is reported as one operation.

The pass runs in a thread that hands over one operation at a time and computes at most four ahead: so a page sees the first
layers while the last are not yet computed, layers are told while the next ones are computed, and a run that is closed ends the
pass at the next operation.

What is handed over is the tensor itself. Where an operation is about to write into one (an in-place ReLU, ``+=``), the pass
begins again with copies, goes on from the operation after the last that was handed over, and the network is remembered.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary

from app.labs.contract import Message, UserError
from app.labs.convolution.network import kinds
from app.labs.convolution.network.listening import flat, listening, numbers, replaced

MOST_OPERATIONS = 2000
MOST_VALUES = 2**26
"""Numbers in one output: 256 MB of float32."""

WAIT_SECONDS = 0.1
AHEAD = 4
"""Operations that are computed before they are asked for: a convolution takes long, and telling of what follows it does."""

Edit = Callable[["Operation"], Tensor | None]
"""May return another output in place of the operation's own."""


@dataclass
class Operation:
    """One step of a forward pass.

    ``output`` and ``inputs`` are the numbers as they were then; nobody may write into them. ``sources`` are the indices of the
    operations that made the inputs: 0 is the picture. Of an operation with several outputs ``output`` is the first.
    """

    index: int
    name: str
    call: int
    type: str
    kind: kinds.Kind
    options: Mapping[str, Any]
    functional: bool
    inputs: list[Tensor]
    sources: list[int]
    output: Tensor
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    params: int = 0


@dataclass(frozen=True)
class _Made:
    """What is known of a live tensor: the operation it came from, its numbers then, and how often it had been written into."""

    index: int
    shown: Tensor
    version: int


class _Closed(BaseException):
    """Unwinds the thread's forward pass; no ``except Exception`` of a model may catch it."""


class _Writes(BaseException):
    """The operation to come would write into a tensor that was handed over."""


_WAITING = object()
_WRITERS: WeakSet[nn.Module] = WeakSet()
"""Networks that write into their own outputs."""


class Seen:
    """The forward pass of ``net`` on ``x`` (1, C, H, W) as an iterator of operations; ``result`` is what the pass returned.

    The picture itself is operation 0. Raises what the model raises, and UserError for too many operations or too large ones.
    """

    def __init__(self, net: nn.Module, x: Tensor, *, gradients: bool = False, edit: Edit | None = None) -> None:
        self.result: Any = None
        self._net, self._x, self._gradients, self._edit = net, x, gradients, edit

    def __iter__(self) -> Iterator[Operation]:
        return (operation for operation in self.watched() if operation is not None)

    def watched(self) -> Iterator[Operation | None]:
        """The operations, and None each tenth of a second while one is not ready."""
        given = 0
        if self._net not in _WRITERS and not self._gradients:
            try:
                for operation in self._pass(copies=False):
                    given += operation is not None
                    yield operation
                return
            except _Writes:
                _WRITERS.add(self._net)
        for operation in self._pass(copies=True):
            yield None if operation is not None and operation.index < given else operation

    def _pass(self, copies: bool) -> Iterator[Operation | None]:
        work = _Pass(self._net, self._x, self._gradients, self._edit, copies)
        yield from work
        self.result = work.result


class _Pass:
    """One forward pass in a thread of its own."""

    def __init__(self, net: nn.Module, x: Tensor, gradients: bool, edit: Edit | None, copies: bool) -> None:
        self.result: Any = None
        self._net, self._gradients, self._edit, self._copies = net, gradients, edit, copies
        self._x = x.clone()  # a network may write into its input
        self._names = {module: name for name, module in net.named_modules()}
        self._taken = set(self._names.values())
        self._calls: Counter[str] = Counter()
        self._count = 0
        self._made: Any = WeakIdKeyDictionary()
        self._storages: set[int] = set()
        self._weighed: set[int] = set()
        self._path: list[nn.Module] = []
        self._ready: SimpleQueue[Operation | BaseException | None] = SimpleQueue()
        self._want = threading.Semaphore(AHEAD)
        self._closed = False

    def __iter__(self) -> Iterator[Operation | None]:
        # A thread begins with torch's own number of threads, not with its parent's.
        thread = threading.Thread(target=self._run, args=(torch.get_num_threads(),), name="forward", daemon=True)
        thread.start()
        try:
            while True:
                self._want.release()
                while (item := self._next()) is _WAITING:
                    yield None
                if isinstance(item, BaseException):
                    raise item
                if item is None:
                    return
                yield item
        finally:
            self._closed = True
            self._want.release()
            thread.join()
            self._made.clear()

    def _next(self) -> Any:
        """What the thread handed over, None at its end; _WAITING where nothing came for a while."""
        try:
            return self._ready.get(timeout=WAIT_SECONDS)
        except Empty:
            return _WAITING

    # In the thread --------------------------------------------------------------------------------

    def _run(self, threads: int) -> None:
        torch.set_num_threads(threads)
        self._want.acquire()
        try:
            with torch.set_grad_enabled(self._gradients), listening(self._net, self):
                if not self._closed:
                    self._hand(Operation(0, "input", 0, "Input", "input", {}, False, [], [], self._kept(self._x)), [self._x])
                    self.result = self._net(self._x)
        except _Closed:
            pass
        except BaseException as error:
            self._ready.put(error)
        finally:
            self._ready.put(None)

    def enter(self, module: nn.Module) -> None:
        self._path.append(module)

    def leave(self, module: nn.Module, args: list[Any], output: Any) -> Any:
        """The output to go on with, None for the module's own."""
        self._path.pop()
        with torch._C.DisableTorchFunction():  # our own copies are no operations
            return None if self.inside() else self._module(module, args, output)

    def inside(self) -> bool:
        """Within a module that is reported as one operation."""
        return any(kinds.whole(module) for module in self._path)

    def writes(self, tensor: Any) -> None:
        """An operation is about to write into a tensor. Raises _Writes where its numbers were handed over."""
        if not self._copies and isinstance(tensor, Tensor) and tensor.untyped_storage().data_ptr() in self._storages:
            raise _Writes

    def _module(self, module: nn.Module, args: list[Any], output: Any) -> Any:
        """A module is done: the output to go on with, None for its own."""
        outputs = numbers([output])
        told = not kinds.whole(module) and any(tensor in self._made for tensor in outputs)
        if told or not outputs or not self._depends(args):
            return None
        kind = kinds.of_module(module)
        if kind == "nothing":
            self._alias(args, outputs)
            return None
        name = self._names.get(module, type(module).__name__) or type(module).__name__
        weights = {
            key: value.detach() for key, value in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
        }
        count = self._weigh(module.parameters())
        changed = self._seen(name, type(module).__name__, kind, kinds.module_options(module), False, args, outputs, weights, count)
        return None if changed is None else replaced(output, outputs[0], changed)

    def function(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> Any:
        """A function was called outside torch's own modules: the output to go on with."""
        given = [*args, *kwargs.values()]
        outputs = numbers([args[0] if output is None and kinds.is_setting(func) else output])
        if not outputs or not self._depends(given):
            return output  # no numbers, or made of weights only
        found = kinds.of_function(func, args, kwargs, outputs[0])
        if found is None:
            self._alias(given, outputs)
            return output
        kind, type_, options, weights = found
        where = self._names.get(self._path[-1], "") if self._path else ""
        name = f"{where}.{type_}" if where else type_
        if name in self._taken:  # a module has it
            name += "()"
        count = self._weigh(value for value in flat(given) if isinstance(value, nn.Parameter))
        changed = self._seen(name, type_, kind, options, True, given, outputs, weights, count)
        return output if changed is None else replaced(output, outputs[0], changed)

    def _depends(self, args: Sequence[Any]) -> bool:
        """Whether something among the arguments came from the picture; what is made of weights only is no operation on it."""
        return any(tensor in self._made for tensor in numbers(args))

    def _weigh(self, parameters: Any) -> int:
        """How many parameters are met for the first time."""
        new = {id(p): p.numel() for p in parameters if id(p) not in self._weighed}
        self._weighed |= new.keys()
        return sum(new.values())

    def _alias(self, args: Sequence[Any], outputs: Sequence[Tensor]) -> None:
        """The outputs are an input under another name: a part of it, another form, the same."""
        source = next((self._known(tensor) for tensor in numbers(args) if tensor in self._made), None)
        for output in outputs:
            if source is not None and output not in self._made:
                self._made[output] = _Made(source.index, self._kept(output), output._version)

    def _known(self, tensor: Tensor) -> _Made:
        """Where a tensor came from. One that was written into by another name shows what it holds now."""
        made: _Made = self._made[tensor]
        if made.version != tensor._version:
            made = self._made[tensor] = _Made(self._count - 1, self._kept(tensor), tensor._version)
        return made

    def _seen(
        self,
        name: str,
        type_: str,
        kind: kinds.Kind,
        options: Mapping[str, Any],
        functional: bool,
        args: Sequence[Any],
        outputs: Sequence[Tensor],
        weights: Mapping[str, Tensor],
        params: int,
    ) -> Tensor | None:
        output = outputs[0]
        if output.numel() > MOST_VALUES:
            raise UserError(
                Message("convolution.network.error.large", {"name": name, "values": output.numel(), "most": MOST_VALUES})
            )
        if self._count >= MOST_OPERATIONS:
            raise UserError(Message("convolution.network.error.long", {"most": MOST_OPERATIONS}))
        call = self._calls[name]
        self._calls[name] += 1
        # An operation that wrote into its input is told what the input held before.
        inputs = [self._made[t] if t is output else self._known(t) for t in numbers(args) if t in self._made]
        operation = Operation(
            self._count,
            name,
            call,
            type_,
            kind,
            options,
            functional,
            [made.shown for made in inputs],
            [made.index for made in inputs],
            self._kept(output),
            weights,
            params,
        )
        changed = self._edit(operation) if self._edit else None
        if changed is not None:
            if any(output is tensor for tensor in numbers(args)):  # who wrote in place goes on with the same tensor
                output.copy_(changed)
                changed = None
            operation.output = self._kept(output if changed is None else changed)
        self._hand(operation, [output if changed is None else changed, *outputs[1:]])
        return changed

    def _kept(self, tensor: Tensor) -> Tensor:
        """The tensor's numbers as they are now."""
        return tensor.detach().clone() if self._copies else tensor.detach()

    def _hand(self, operation: Operation, live: Sequence[Tensor]) -> None:
        """Gives the operation to the iterator and waits until the next is asked for. ``live`` is what the pass goes on with."""
        if self._closed:  # a model that catches everything went on
            raise _Closed
        for i, tensor in enumerate(live):
            self._made[tensor] = _Made(self._count, operation.output if i == 0 else self._kept(tensor), tensor._version)
            self._storages.add(tensor.untyped_storage().data_ptr())
        self._count += 1
        self._ready.put(operation)
        self._want.acquire()
        if self._closed:
            raise _Closed
