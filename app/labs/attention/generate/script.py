"""A run of ``attention/generate`` as a standalone PyTorch script: the decoder's equations, token by token, keys and values kept."""

from __future__ import annotations

from app.labs.attention.generate.models import prompt, shipped, writer
from app.labs.attention.params.generate import GenerateParams
from app.labs.writing import script as writing

_SAY = """\
LAYERS, HEADS = {layers}, {heads}
E = w["embedding.tokens.weight"]  # (V, d)
d = E.shape[1]
i = torch.arange(0, d, 2, dtype=torch.float64)
keys, values, maps = [[] for _ in range(LAYERS)], [[] for _ in range(LAYERS)], [None] * LAYERS


def linear(name, x):
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def norm(name, x):
    return F.layer_norm(x, (d,), w[name + ".weight"], w[name + ".bias"])


def say(k):
    angle = len(keys[0]) / 10_000 ** (i / d)
    x = E[k] * math.sqrt(d) + torch.stack([angle.sin(), angle.cos()], -1).flatten().float()  # (d,)
    for layer in range(LAYERS):
        at = f"decoder.blocks.{{layer}}."
        a = {before_attention}
        q, key, value = (linear(at + f"self_attention.W_{{one}}", a).view(HEADS, -1) for one in "qkv")  # (heads, d_k)
        keys[layer].append(key)
        values[layer].append(value)
        score = torch.einsum("hc,shc->hs", q, torch.stack(keys[layer])) / math.sqrt(q.shape[1])
        maps[layer] = score.softmax(-1)  # (heads, tokens read): no later token is there, so nothing is masked
        heads = torch.einsum("hs,shc->hc", maps[layer], torch.stack(values[layer])).flatten()
        x = {attention}
{feed_forward}    return {last} @ E.T
"""
_FEED_FORWARD = """\
        a = {before}
        x = {after}
"""
_AFTER = """\
for layer in range(LAYERS):
    for head in range(HEADS):
        place = int(maps[layer][head].argmax())
        print("looks", layer + 1, head + 1, place + 1, maps[layer][head, place].item())
"""


def script(params: GenerateParams) -> str:
    """Prints step, token, nats and u, a line a token; then where each head looks most at the end. Raises as ``scene`` does."""
    net, read = shipped(params.model).net, prompt(params)
    shape = net.shape
    pre = shape.norm == "pre"
    branch = 'linear(at + "self_attention.W_o", heads)'
    ff = f'linear(at + "feed_forward.linear2", F.{shape.activation}(linear(at + "feed_forward.linear1", a)))'
    feed_forward = _FEED_FORWARD.format(
        before='norm(at + "feed_forward_norm", x)' if pre else "x",
        after=f"x + {ff}" if pre else f'norm(at + "feed_forward_norm", x + {ff})',
    )
    say = _SAY.format(
        layers=shape.layers,
        heads=shape.heads,
        before_attention='norm(at + "self_norm", x)' if pre else "x",
        attention=f"x + {branch}" if pre else f'norm(at + "self_norm", x + {branch})',
        feed_forward=feed_forward if shape.d_ff else "",
        last='norm("decoder.last_norm", x)' if pre else "x",
    )
    name = "induction" if params.model == "induction" else f"gpt_{params.model}"
    data = str(shipped(params.model).told.get("data", ""))
    more = "; then where each head looks most in the last step"
    imports = "from torch.nn import functional as F\n"
    return writing.script(writer(params), read.ids, params.count, name, data, imports, say, _AFTER, more)
