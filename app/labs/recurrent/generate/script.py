"""A run of ``recurrent/generate`` as a standalone PyTorch script: torch's module, or a Jordan network by its equations."""

from __future__ import annotations

from app.labs.recurrent.params.generate import GenerateParams
from app.labs.recurrent.trained import NEVER, shipped
from app.labs.writing import script as writing
from app.labs.writing.drawing import Writer

_TORCH = """\
core = nn.{cls}({inputs}, {hidden}, {layers})
core.load_state_dict({{name.removeprefix("core."): value for name, value in w.items() if name.startswith("core.")}})
state = None


def say(k):
    global state
    out, state = core(w["embedding.weight"][k][None], state)
    return functional.linear(out[0], w["head.weight"], w["head.bias"])
"""
_JORDAN = """\
y = torch.zeros(len(TOKENS))


def say(k):
    global y
    x = w["embedding.weight"][k]
    h = torch.tanh(w["core.w_ih"] @ x + w["core.w_hh"] @ y + w["core.b_ih"])
    y = torch.softmax(w["core.w_hy"] @ h + w["core.b_y"], -1)
    return y.clamp_min(1e-38).log()
"""


def script(params: GenerateParams) -> str:
    """Prints step, character, nats and u, a line a character. Raises UserError as ``scene`` does."""
    model = shipped(params.model)
    ids = model.read(params.prompt or "\n").ids
    author = Writer(params, model.vocabulary, NEVER, params.chosen, params.seed)
    imports, say = "", _JORDAN
    if (core := model.module) is not None:
        imports = "from torch import nn\nfrom torch.nn import functional\n"
        say = _TORCH.format(cls=type(core).__name__, inputs=core.input_size, hidden=core.hidden_size, layers=core.num_layers)
    return writing.script(author, ids, params.count, f"characters_{params.model}", str(model.told["data"]), imports, say)
