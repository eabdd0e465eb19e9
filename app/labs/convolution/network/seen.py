"""Every operation of a forward pass, in order, one at a time: modules and functional calls of any ``nn.Module``.

Forward hooks alone miss functional calls and reused modules, so two things are watched. Hooks keep the path of the module that
is at work, and report torch's own leaf modules as one operation each. A TorchFunctionMode reports every function called outside
those: ``F.relu``, ``+``, ``torch.cat``, a pooling written as a call.

The pass runs in a thread that hands over one operation and waits: so a page sees the first layer while the last is not yet
computed, and a run that is closed ends the pass at the next operation.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from app.labs.contract import Message, UserError
from app.labs.convolution.network import kinds

MOST_OPERATIONS = 2000
MOST_VALUES = 2**26
"""Numbers in one output: 256 MB of float32."""

Edit = Callable[["Operation"], Tensor | None]
"""May return another output in place of the operation's own."""


@dataclass
class Operation:
    """One step of a forward pass.

    ``output`` and ``inputs`` are the tensors themselves; an output is a copy where a later operation could write into it.
    ``sources`` are the indices of the operations that made the inputs: 0 is the picture.
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


class _Closed(BaseException):
    """Unwinds the thread's forward pass; no ``except Exception`` of a model may catch it."""


class Seen:
    """The forward pass of ``net`` on ``x`` (1, C, H, W) as an iterator of operations; ``result`` is what the pass returned.

    The picture itself is operation 0. Raises what the model raises, and UserError for too many operations or too large ones.
    """

    def __init__(self, net: nn.Module, x: Tensor, *, gradients: bool = False, edit: Edit | None = None) -> None:
        self.result: Any = None
        self._net, self._x, self._gradients, self._edit = net, x, gradients, edit
        self._names = {module: name for name, module in net.named_modules()}
        self._calls: Counter[str] = Counter()
        self._count = 0
        self._made: dict[int, tuple[Tensor, int, Tensor]] = {}
        """id of a live tensor: the tensor (held, so that the id stays its own), its operation, the copy to show."""
        self._weighed: set[int] = set()
        self._path: list[nn.Module] = []
        self._item: Operation | BaseException | None = None
        self._want, self._have = threading.Semaphore(0), threading.Semaphore(0)
        self._closed = False

    def __iter__(self) -> Iterator[Operation]:
        # A thread begins with torch's own number of threads, not with its parent's.
        thread = threading.Thread(target=self._run, args=(torch.get_num_threads(),), name="forward", daemon=True)
        thread.start()
        try:
            while True:
                self._want.release()
                self._have.acquire()
                item, self._item = self._item, None
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

    # In the thread --------------------------------------------------------------------------------

    def _run(self, threads: int) -> None:
        torch.set_num_threads(threads)
        self._want.acquire()
        hooks: list[Any] = []
        me = threading.get_ident()

        def entering(module: nn.Module, args: Any) -> None:
            if threading.get_ident() == me:
                self._path.append(module)

        def leaving(module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
            if threading.get_ident() != me:
                return None
            self._path.pop()
            if any(kinds.whole(outer) for outer in self._path) or not kinds.whole(module):
                return None
            return self._module(module, [*args, *kwargs.values()], output)

        try:
            for module in self._net.modules():
                hooks += [module.register_forward_pre_hook(entering), module.register_forward_hook(leaving, with_kwargs=True)]
            with torch.set_grad_enabled(self._gradients), _Functions(self):
                if not self._closed:
                    self._x = self._begin()
                    self.result = self._net(self._x)
        except _Closed:
            pass
        except BaseException as error:
            self._item = error
            self._have.release()
        finally:
            for hook in hooks:
                hook.remove()
            self._have.release()

    def _begin(self) -> Tensor:
        """The picture as operation 0."""
        seen = self._x
        self._hand(Operation(0, "input", 0, "Input", "input", {}, False, [], [], seen.detach()))
        return seen

    def inside(self) -> bool:
        """Within a module that is reported as one operation."""
        return bool(self._path) and any(kinds.whole(module) for module in self._path)

    def _module(self, module: nn.Module, args: list[Any], output: Any) -> Any:
        name = self._names.get(module, type(module).__name__)
        kind = kinds.of_module(module)
        if not isinstance(output, Tensor):
            return None
        if kind == "nothing":
            self._same(args, output)
            return None
        weights = {
            key: value.detach() for key, value in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
        }
        count = 0 if id(module) in self._weighed else sum(p.numel() for p in module.parameters())
        self._weighed.add(id(module))
        return self._seen(name, type(module).__name__, kind, kinds.module_options(module), False, args, output, weights, count)

    def function(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> Any:
        """A function called outside torch's own modules: the output to go on with."""
        if not isinstance(output, Tensor) or not output.is_floating_point():
            return output
        found = kinds.of_function(func, args, kwargs, output)
        if found is None:
            self._same([*args, *kwargs.values()], output)
            return output
        kind, type_, options, weights = found
        where = self._names.get(self._path[-1], "") if self._path else ""
        name = f"{where}.{type_}" if where else type_
        inputs = [a for a in _flat([*args, *kwargs.values()]) if id(a) in self._made]
        if not inputs:
            return output  # made of weights only
        changed = self._seen(name, type_, kind, options, True, inputs, output, weights, 0)
        return output if changed is None else changed

    def _same(self, args: list[Any], output: Tensor) -> None:
        """The output is an input under another name (a view, dropout at rest)."""
        for a in _flat(args):
            if id(a) in self._made and id(output) not in self._made:
                _, index, shown = self._made[id(a)]
                self._made[id(output)] = (
                    output,
                    index,
                    shown.reshape(output.shape) if shown.numel() == output.numel() else output.detach(),
                )
                return

    def _seen(
        self,
        name: str,
        type_: str,
        kind: kinds.Kind,
        options: Mapping[str, Any],
        functional: bool,
        args: list[Any],
        output: Tensor,
        weights: Mapping[str, Tensor],
        params: int,
    ) -> Tensor | None:
        known = [self._made[id(a)] for a in _flat(args) if id(a) in self._made]
        if output.numel() > MOST_VALUES:
            raise UserError(
                Message("convolution.network.error.large", {"name": name, "values": output.numel(), "most": MOST_VALUES})
            )
        if self._count >= MOST_OPERATIONS:
            raise UserError(Message("convolution.network.error.long", {"most": MOST_OPERATIONS}))
        call = self._calls[name]
        self._calls[name] += 1
        shown = [copy for _, _, copy in known]
        sources = [index for _, index, _ in known]
        # A later operation may write into it (an in-place ReLU, +=): what is shown is a copy.
        operation = Operation(
            self._count, name, call, type_, kind, options, functional, shown, sources, output.detach().clone(), weights, params
        )
        changed = self._edit(operation) if self._edit else None
        if changed is not None:
            operation.output = changed.detach().clone()
        self._hand(operation, output if changed is None else changed)
        return changed

    def _hand(self, operation: Operation, live: Tensor | None = None) -> None:
        """Gives the operation to the iterator and waits until the next is asked for."""
        tensor = self._x if live is None else live
        self._made[id(tensor)] = (tensor, operation.index, operation.output)
        self._count += 1
        self._item = operation
        self._have.release()
        self._want.acquire()
        if self._closed:
            raise _Closed


class _Functions(TorchFunctionMode):
    """Tells ``Seen`` of every torch function that is called outside torch's own modules."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._seen = seen

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        output = func(*args, **(kwargs or {}))
        if self._seen.inside():
            return output
        with torch._C.DisableTorchFunction():
            return self._seen.function(func, args, kwargs or {}, output)


def _flat(values: Any) -> Iterator[Tensor]:
    """The tensors among arguments, those in lists and tuples included."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _flat(value)
