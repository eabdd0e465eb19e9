"""A run of ``attention/by-hand`` as a standalone PyTorch script around torch's own scaled_dot_product_attention."""

from __future__ import annotations

from app.labs.attention.by_hand.heads import given
from app.labs.attention.params.by_hand import ByHandParams

_SCRIPT = '''\
"""Attention among {words} words: prints the weights of every head, then the result, a line a word."""

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.{dtype})
e = torch.tensor({embedding})  # (words, d_model): the embeddings
p = torch.tensor({place})  # (words, d_model): the positions ({positions})
w_q = torch.tensor({w_q})  # (heads, d_model, d_k)
w_k = torch.tensor({w_k})
w_v = torch.tensor({w_v})
seen = torch.tensor({seen})  # (words, words): whether query i sees key j
scale = {scale}

x = e + p
q, k, v = x @ w_q, x @ w_k, x @ w_v  # (heads, words, d_k)
output = F.scaled_dot_product_attention(q[None], k[None], v[None], attn_mask=seen, scale=scale)[0]
identity = torch.eye(len(x)).expand(1, len(w_q), -1, -1)  # the weights times the identity: the weights
weights = F.scaled_dot_product_attention(q[None], k[None], identity, attn_mask=seen, scale=scale)[0]
{joined}
for head, rows in enumerate(weights.tolist()):
    for word, row in enumerate(rows):
        print("weights", head + 1, word + 1, row)
for word, row in enumerate(result.tolist()):
    print("result", word + 1, row)
'''


def script(params: ByHandParams) -> str:
    """Python source that needs torch alone."""
    of = given(params)
    joined = "result = output[0]\n"
    if of.w_o is not None:
        joined = f"w_o = torch.tensor({of.w_o.tolist()})  # (heads x d_k, d_model)\n"
        joined += "result = output.transpose(0, 1).flatten(1) @ w_o\n"
    return _SCRIPT.format(
        words=len(of.embedding),
        dtype=params.dtype,
        positions=params.positions,
        scale=of.scale,
        joined=joined,
        **{name: getattr(of, name).tolist() for name in ("embedding", "place", "w_q", "w_k", "w_v", "seen")},
    )
