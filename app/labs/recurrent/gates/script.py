"""A run of ``recurrent/gates`` as a standalone PyTorch script: the shipped weights in torch's module, or step by step."""

from __future__ import annotations

import inspect

from app.labs.offered import offered
from app.labs.recurrent.gates.models import model_of
from app.labs.recurrent.params.gates import GatesParams
from app.labs.recurrent.trained import NOT_KNOWN
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

w = {{name: value.float() for name, value in load_file("app/nn/weights/{file}.safetensors").items()}}  # {data}
ids = torch.tensor([max(CHARACTERS.find(one), 0) for one in TEXT])
x = w["embedding.weight"][ids]  # (T, {inputs})
WANTED = {wanted}
"""
_MODULE = """\
core = nn.{cls}({inputs}, {hidden}, {layers}{both})
core.load_state_dict({{name.removeprefix("core."): value for name, value in w.items() if name.startswith("core.")}})
h, _ = core(x)
logs = functional.linear(h, w["head.weight"], w["head.bias"]).log_softmax(-1)
"""
_LOOP = """\
HELD = {held}  # name, layer, reverse, unit (None: all), first and last step (None: the end), value


{source}


def holding(layer, reverse, t):
    def edit(name, value):
        for what, where, way, unit, first, last, number in HELD:
            if (what, where, way) == (name, layer, reverse) and first <= t <= (last or t):
                value = value.clone()
                value[:, slice(None) if unit is None else unit] = number
        return value

    return edit


options = SimpleNamespace(activation="tanh", reset="after", leak=None, output="softmax")
layers = [{layers_of}]
z = x[:, None]
for layer, ways in enumerate(layers, 1):
    made = []
    for reverse, each in enumerate(ways):
        one = SimpleNamespace(**each)
        state, steps = {start}, {{}}
        for t in reversed(range(len(z))) if reverse else range(len(z)):
            steps[t] = {cell}(z[t], state, one, options, holding(layer, reverse, t + 1))
            state = steps[t].state
        made.append([steps[t] for t in range(len(z))])
    z = torch.stack([torch.cat([steps[t].out for steps in made], -1) for t in range(len(z))])
h = torch.stack([step.at["h"][0] for step in made[0]])
out = z[:, 0]
logs = {logs}
"""
_TAIL = """\
for t, (one, state) in enumerate(zip(TEXT, h), 1):
    nats = math.nan if WANTED[t - 1] is None else -logs[t - 1, WANTED[t - 1]].item()
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
    tags = [None if k == NOT_KNOWN else k for k in read.wanted]
    values = {
        "characters": "".join(model.characters),
        "text": "".join(read.tokens),
        "wanted": "[*ids[1:], None]" if model.says == "next" else tags,
        "file": params.model if model.says == "tag" else f"characters_{params.model}",
        "data": model.told["data"],
        "inputs": first.w_ih.shape[1],
    }
    shipped = _SHIPPED.format(**values)
    imports = "import math\n{more}\nimport torch\nfrom safetensors.torch import load_file\n{nn}from torch.nn import functional"
    if model.module is not None and not params.held:
        body = _MODULE.format(
            cls=type(model.module).__name__,
            inputs=first.w_ih.shape[1],
            hidden=model.module.hidden_size,
            layers=len(net.layers),
            both=", bidirectional=True" if net.directions == 2 else "",
        )
        return _HEAD.format(imports=imports.format(more="", nn="from torch import nn\n")) + shipped + body + _TAIL
    return _HEAD.format(imports=imports.format(more="from types import SimpleNamespace\n", nn="")) + shipped + _loop(params) + _TAIL


def _loop(params: GatesParams) -> str:
    """The steps by the cell's own source."""
    net = model_of(params).recurrent
    jordan = net.kind == "jordan"
    made = []
    for k in range(len(net.layers)):
        ways = []
        for suffix in ("", "_reverse")[: net.directions]:
            if jordan:
                names = {name: f'w["core.{name}"]' for name in ("w_ih", "w_hh", "b_ih", "w_hy", "b_y")}
                names["b_hh"] = "None"
            else:
                torchs = {"w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh"}
                names = {ours: f'w["core.{theirs}_l{k}{suffix}"]' for ours, theirs in torchs.items()} | {"w_hr": "None"}
            ways.append("dict(" + ", ".join(f"{name}={value}" for name, value in names.items()) + ")")
        made.append("[" + ", ".join(ways) + "]")
    size = "one.w_hh.shape[1]"
    states = {"lstm": "hc", "jordan": "s"}.get(net.kind, "h")
    start = "{" + ", ".join(f'"{name}": torch.zeros(1, {size})' for name in states) + "}"
    source = "\n\n\n".join(_plain(inspect.getsource(one)) for one in (cells.linear, cells.CELLS[net.kind]))
    functions = 'FUNCTIONS = {"tanh": torch.tanh, "softmax": lambda x: x.softmax(-1)}\n\n\ndef Step(at, state, out, pre):\n'
    functions += "    return SimpleNamespace(at=at, state=state, out=out)\n\n\n"
    return _LOOP.format(
        held=[
            (one.name, one.layer, int(one.direction == "reverse"), one.unit, one.first, one.last, one.value) for one in params.held
        ],
        source=functions + source,
        layers_of=", ".join(made),
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
