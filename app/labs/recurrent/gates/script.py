"""A run of ``recurrent/gates`` as a standalone PyTorch script: the shipped weights in torch's module, or step by step."""

from __future__ import annotations

import inspect

from app.labs.offered import offered
from app.labs.recurrent.gates.models import model_of
from app.labs.recurrent.params.gates import GatesParams
from app.nn.recurrent import cells

_HEAD = '''\
"""Prints for each character read: its step, itself, the nats of the next, and h of the last layer's first unit."""

{imports}

torch.set_num_threads(1)
torch.set_grad_enabled(False)
'''
_SHIPPED = """\
CHARACTERS = {characters!r}
TEXT = {text!r}  # as the model reads it

w = {{name: value.float() for name, value in load_file("app/nn/weights/characters_{model}.safetensors").items()}}  # {data}
ids = torch.tensor([max(CHARACTERS.find(one), 0) for one in TEXT])
x = w["embedding.weight"][ids]  # (T, {inputs})
"""
_MODULE = """\
core = nn.{cls}({inputs}, {hidden}, {layers})
core.load_state_dict({{name.removeprefix("core."): value for name, value in w.items() if name.startswith("core.")}})
h, _ = core(x)
logs = functional.linear(h, w["head.weight"], w["head.bias"]).log_softmax(-1)
"""
_LOOP = """\
HELD = {held}  # name, layer, unit (None: all), first and last step (None: the end), value


{source}


def holding(layer, t):
    def edit(name, value):
        for what, where, unit, first, last, number in HELD:
            if (what, where) == (name, layer) and first <= t <= (last or t):
                value = value.clone()
                value[:, slice(None) if unit is None else unit] = number
        return value

    return edit


options = SimpleNamespace(activation="tanh", reset="after", leak=None, output="softmax")
layers = [SimpleNamespace(**one) for one in {layers_of}]
states = [{start} for one in layers]
h, out = [], []
for t, z in enumerate(x, 1):
    z = z[None]
    for k, one in enumerate(layers):
        step = {cell}(z, states[k], one, options, holding(k + 1, t))
        states[k], z = step.state, step.out
    h.append(step.at["h"][0])
    out.append(z[0])
h, out = torch.stack(h), torch.stack(out)
logs = {logs}
"""
_TAIL = """\
for t, (one, state) in enumerate(zip({tokens}, h), 1):
    nats = -logs[t - 1, ids[t]].item() if t < len(ids) else math.nan
    print(t, repr(one), nats, state[0].item())
"""
_OWN = """\
TEXT = {text!r}

code = runpy.run_path({file!r})
made = code[{factory!r}]()
net, options = made
net.eval()
core = next(one for one in net.modules() if isinstance(one, nn.RNNBase))
seen = []
core.register_forward_hook(lambda _, __, out: seen.append(out[0]))
taken = options["encode"](TEXT)
given = taken if isinstance(taken, torch.Tensor) else torch.tensor(taken)
net(given[None] if core.batch_first else given[:, None])
h = seen[0].reshape(len(given), -1)
for t, state in enumerate(h, 1):
    print(t, repr(TEXT[t - 1 : t]), math.nan, state[0].item())
"""


def script(params: GatesParams) -> str:
    """Prints step, character, nats and a number of h, a line a step. Raises UserError as ``scene`` does."""
    model = model_of(params)
    read = model.read(params.text)
    if params.model == "own":
        file, factory = offered() or ("", "")
        return _HEAD.format(imports="import math\nimport runpy\n\nimport torch\nfrom torch import nn") + _OWN.format(
            text="".join(read.tokens), file=file, factory=factory
        )
    net = model.recurrent
    first = net.layers[0][0]
    values = {
        "characters": "".join(model.vocabulary),
        "text": "".join(read.tokens),
        "model": params.model,
        "data": model.told["data"],
        "inputs": first.w_ih.shape[1],
    }
    imports = "import math\n{more}\nimport torch\nfrom safetensors.torch import load_file\n{nn}from torch.nn import functional"
    if model.module is not None and not params.held:
        body = _MODULE.format(
            cls=type(model.module).__name__, inputs=first.w_ih.shape[1], hidden=model.module.hidden_size, layers=len(net.layers)
        )
        return (
            _HEAD.format(imports=imports.format(more="", nn="from torch import nn\n"))
            + _SHIPPED.format(**values)
            + body
            + _TAIL.format(tokens="TEXT")
        )
    return (
        _HEAD.format(imports=imports.format(more="from types import SimpleNamespace\n", nn=""))
        + _SHIPPED.format(**values)
        + _loop(params)
        + _TAIL.format(tokens="TEXT")
    )


def _loop(params: GatesParams) -> str:
    """The steps by the cell's own source."""
    net = model_of(params).recurrent
    jordan = net.kind == "jordan"
    made = []
    for k in range(len(net.layers)):
        if jordan:
            names = {name: f'w["core.{name}"]' for name in ("w_ih", "w_hh", "b_ih", "w_hy", "b_y")}
            names["b_hh"] = "None"
        else:
            torchs = {"w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh"}
            names = {ours: f'w["core.{theirs}_l{k}"]' for ours, theirs in torchs.items()} | {"w_hr": "None"}
        made.append("dict(" + ", ".join(f"{name}={value}" for name, value in names.items()) + ")")
    size = "one.w_hh.shape[1]"
    states = {"lstm": "hc", "jordan": "s"}.get(net.kind, "h")
    start = "{" + ", ".join(f'"{name}": torch.zeros(1, {size})' for name in states) + "}"
    source = "\n\n\n".join(_plain(inspect.getsource(one)) for one in (cells.linear, cells.CELLS[net.kind]))
    functions = 'FUNCTIONS = {"tanh": torch.tanh, "softmax": lambda x: x.softmax(-1)}\n\n\ndef Step(at, state, out, pre):\n'
    functions += "    return SimpleNamespace(at=at, state=state, out=out)\n\n\n"
    return _LOOP.format(
        held=[(one.name, one.layer, one.unit, one.first, one.last, one.value) for one in params.held],
        source=functions + source,
        layers_of="[" + ", ".join(made) + "]",
        start=start,
        cell=net.kind,
        logs="out.log()" if jordan else 'functional.linear(out, w["head.weight"], w["head.bias"]).log_softmax(-1)',
    )


def _plain(source: str) -> str:
    """Without the annotations, whose names a script does not have."""
    head, _, body = source.partition('\n    r"""') if '\n    r"""' in source else source.partition('\n    """')
    name = head.split("(")[0]
    arguments = {"def linear": "x, weight, bias"}.get(name, "x, state, w, options, edit")
    quotes = 'r"""' if '\n    r"""' in source else '"""'
    return f"{name}({arguments}):\n    {quotes}{body}".rstrip()
