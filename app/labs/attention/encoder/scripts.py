"""A run of ``attention/encoder`` as a standalone PyTorch script: weights, the model's equations, nothing else."""

from __future__ import annotations

from app.nn import minilm as package
from app.nn.bert import BertShape
from app.nn.tokens import Read
from app.nn.transformer import Off, Shape

_MINILM = '''\
"""all-MiniLM-L6-v2 reads {count} tokens: prints of every head the largest weight and between which tokens, then the embedding.

pip install torch safetensors {package}
"""

from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

torch.set_num_threads(1)
torch.set_grad_enabled(False)
TOKENS = {tokens!r}
IDS = {ids!r}
TYPES = {types!r}  # 0: first text, 1: second
OFF = {off!r}  # (layer, head), from 0: their output counts as 0

w = load_file(Path(find_spec("{module}").origin).parent / "model" / "model.safetensors")


def linear(name, x):
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def norm(name, x):
    return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], {eps})


x = w["embeddings.word_embeddings.weight"][IDS] + w["embeddings.position_embeddings.weight"][: len(IDS)]
x = norm("embeddings.LayerNorm", x + w["embeddings.token_type_embeddings.weight"][TYPES])  # (T, {d_model})
for layer in range({layers}):
    at = f"encoder.layer.{{layer}}."
    q, k, v = (  # (heads, T, d_k)
        linear(at + "attention.self." + name, x).view(len(IDS), {heads}, -1).transpose(0, 1) for name in ("query", "key", "value")
    )
    weights = torch.softmax(q @ k.transpose(1, 2) / q.shape[-1] ** 0.5, -1)  # (heads, T, T): row i is what token i looks at
    for head, a in enumerate(weights):
        i, j = divmod(a.argmax().item(), len(IDS))
        print("weight", layer + 1, head + 1, repr(TOKENS[i]), repr(TOKENS[j]), a[i, j].item())
    heads = weights @ v
    heads[[head for one, head in OFF if one == layer]] = 0
    x = norm(at + "attention.output.LayerNorm", x + linear(at + "attention.output.dense", heads.transpose(0, 1).flatten(1)))
    hidden = F.gelu(linear(at + "intermediate.dense", x))
    x = norm(at + "output.LayerNorm", x + linear(at + "output.dense", hidden))
print("embedding", *F.normalize(x.mean(0), dim=0).tolist())
'''


def minilm(read: Read, off: Off) -> str:
    """Python source that needs torch, safetensors and the package of the weights."""
    shape = BertShape()
    return _MINILM.format(
        **_read(read, off),
        package=package.PACKAGE,
        module=package.PACKAGE.replace("-", "_"),
        types=list(read.types),
        eps=shape.eps,
        d_model=shape.d_model,
        layers=shape.layers,
        heads=shape.heads,
    )


_SMALL = '''\
"""The encoder of {name} reads {count} tokens: prints of every head the largest weight and where, then the embedding.

pip install torch safetensors; from the folder of the project.
"""

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

torch.set_num_threads(1)
torch.set_grad_enabled(False)
TOKENS = {tokens!r}
IDS = {ids!r}
OFF = {off!r}  # (layer, head), from 0: their output counts as 0

w = {{name: value.float() for name, value in load_file("app/nn/weights/{name}.safetensors").items()}}


def linear(name, x):
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def norm(name, x):
    return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"])


pos = torch.arange(len(IDS), dtype=torch.float64)[:, None]
angle = pos / 10_000 ** (torch.arange(0, {d_model}, 2, dtype=torch.float64) / {d_model})
places = torch.stack([angle.sin(), angle.cos()], -1).flatten(1).float()
x = w["{source}tokens.weight"][IDS] * {d_model} ** 0.5 + places  # (T, {d_model})
for layer in range({layers}):
    at = f"encoder.blocks.{{layer}}."
    q, k, v = (  # (heads, T, d_k)
        linear(at + "self_attention." + name, x).view(len(IDS), {heads}, -1).transpose(0, 1) for name in ("W_q", "W_k", "W_v")
    )
    weights = torch.softmax(q @ k.transpose(1, 2) / q.shape[-1] ** 0.5, -1)  # (heads, T, T): row i is what token i looks at
    for head, a in enumerate(weights):
        i, j = divmod(a.argmax().item(), len(IDS))
        print("weight", layer + 1, head + 1, repr(TOKENS[i]), repr(TOKENS[j]), a[i, j].item())
    heads = weights @ v
    heads[[head for one, head in OFF if one == layer]] = 0
    x = norm(at + "self_norm", x + linear(at + "self_attention.W_o", heads.transpose(0, 1).flatten(1)))
    hidden = F.{activation}(linear(at + "feed_forward.linear1", x))
    x = norm(at + "feed_forward_norm", x + linear(at + "feed_forward.linear2", hidden))
print("embedding", *F.normalize(x.mean(0), dim=0).tolist())
'''


def small(name: str, source: str, read: Read, off: Off, shape: Shape) -> str:
    """Of one of our own encoders; ``source``: what its embedding's weights are called."""
    return _SMALL.format(
        **_read(read, off),
        name=name,
        source=source,
        d_model=shape.d_model,
        layers=shape.layers,
        heads=shape.heads,
        activation=shape.activation,
    )


_HUB = '''\
"""{title} reads {count} tokens: prints of every head of every attention the largest weight and between which tokens.

pip install torch transformers; hf download {id}
{note}"""

import torch
from transformers import AutoModel

torch.set_num_threads(1)
torch.set_grad_enabled(False)
TOKENS = {tokens!r}
IDS = torch.tensor([{ids!r}])
net = AutoModel.from_pretrained(
    {id!r}, revision={revision!r}, attn_implementation="eager", use_safetensors=True, local_files_only=True, dtype=torch.float32
).eval()
{call}
for layer, (maps, rows, columns) in enumerate(found, 1):
    for head, a in enumerate(maps[0]):
        i, j = divmod(a.argmax().item(), a.shape[1])
        print("weight", layer, head + 1, repr(TOKENS[rows + i]), repr(TOKENS[columns + j]), a[i, j].item())
'''
_ALONE = """\
out = net(input_ids=IDS, {types}output_attentions=True)
found = [(one, 0, 0) for one in out.attentions]"""
_SOURCE = """\
out = net.get_encoder()(input_ids=IDS, output_attentions=True)
found = [(one, 0, 0) for one in out.attentions]"""
_BOTH = """\
S = {source}  # tokens of the encoder; then come the decoder's
out = net(input_ids=IDS[:, :S], decoder_input_ids=IDS[:, S:], output_attentions=True)
found = [(one, 0, 0) for one in out.encoder_attentions]
for own, cross in zip(out.decoder_attentions, out.cross_attentions):
    found += [(own, S, S), (cross, S, 0)]"""


def hub(title: str, read: Read, off: Off, source: int, decoded: int, both: bool, types: bool) -> str:
    """Of a model of ``transformers``; heads that are off are not in it, for the library does not switch them off."""
    id, _, revision = title.partition("@")
    call = (
        _BOTH.format(source=source)
        if decoded
        else _SOURCE
        if both
        else _ALONE.format(types=f"token_type_ids=torch.tensor([{list(read.types)!r}]), " if types else "")
    )
    note = "The library switches no head off: these are the untouched maps.\n" if off else ""
    return _HUB.format(**_read(read, off), title=title, id=id, revision=revision or "main", call=call, note=note)


def _read(read: Read, off: Off) -> dict[str, object]:
    return {
        "count": len(read.tokens),
        "tokens": list(read.tokens),
        "ids": list(read.ids),
        "off": [(layer, head) for layer, _, head in off],
    }
