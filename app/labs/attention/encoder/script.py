"""A run of ``attention/encoder`` as a standalone PyTorch script: the published weights, the encoder's equations, nothing else."""

from __future__ import annotations

from app.labs.attention.encoder.reading import sentence
from app.labs.attention.params.encoder import EncoderParams
from app.nn import minilm

_SCRIPT = '''\
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


def script(params: EncoderParams) -> str:
    """Python source that needs torch, safetensors and the package of the weights. Raises UserError as ``scene`` does."""
    read = sentence(params).read
    shape = minilm.network().shape
    return _SCRIPT.format(
        count=len(read.tokens),
        package=minilm.PACKAGE,
        module=minilm.PACKAGE.replace("-", "_"),
        tokens=list(read.tokens),
        ids=list(read.ids),
        types=list(read.types),
        off=[(one.layer, one.head) for one in params.off],
        eps=shape.eps,
        d_model=shape.d_model,
        layers=shape.layers,
        heads=shape.heads,
    )
