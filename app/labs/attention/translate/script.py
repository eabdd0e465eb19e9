"""A run of ``attention/translate`` as a standalone PyTorch script: torch's own transformer modules, our weights, no cache."""

from __future__ import annotations

from app.labs.attention.params.translate import TranslateParams
from app.labs.attention.translate.speaking import shipped

_HEAD = '''\
"""A Transformer translates: prints for each step what the decoder was given, what it says, the nats of that, and the source word
that the last layer's cross-attention, the mean of its heads, looks at most.

pip install torch safetensors; run it at the root of a checkout.
"""

import torch
from safetensors.torch import load_file
from torch import nn

torch.set_num_threads(1)
torch.set_grad_enabled(False)
BOS, EOS = 1, 2
SOURCE = {source!r}
TARGET = {target!r}
TEXT = {text!r}
RIGHT = {right!r}  # None: nobody knows
MOST = {most}

w = {{name: value.float() for name, value in load_file("app/nn/weights/{task}.safetensors").items()}}
D, HEADS, LAYERS = {d_model}, {heads}, {layers}


def stack(kind, attentions, norms):
    """torch's layers; torch keeps W_q, W_k and W_v in one matrix and numbers its norms."""
    made = []
    for layer in range(LAYERS):
        at = f"{{kind}}.blocks.{{layer}}."
        state = {{}}
        for torchs, ours in attentions.items():
            for what in ("weight", "bias"):
                state[f"{{torchs}}.in_proj_{{what}}"] = torch.cat([w[f"{{at}}{{ours}}.W_{{x}}.{{what}}"] for x in "qkv"])
                state[f"{{torchs}}.out_proj.{{what}}"] = w[f"{{at}}{{ours}}.W_o.{{what}}"]
        for what in ("weight", "bias"):
            for name in ("linear1", "linear2"):
                state[f"{{name}}.{{what}}"] = w[f"{{at}}feed_forward.{{name}}.{{what}}"]
            for number, name in enumerate(norms, 1):
                state[f"norm{{number}}.{{what}}"] = w[f"{{at}}{{name}}.{{what}}"]
        Layer = nn.TransformerEncoderLayer if kind == "encoder" else nn.TransformerDecoderLayer
        one = Layer(D, HEADS, {d_ff}, dropout=0.0, batch_first=True).eval()
        one.load_state_dict(state)
        made.append(one)
    return made


encoder = stack("encoder", {{"self_attn": "self_attention"}}, ["self_norm", "feed_forward_norm"])
both = {{"self_attn": "self_attention", "multihead_attn": "cross_attention"}}
decoder = stack("decoder", both, ["self_norm", "cross_norm", "feed_forward_norm"])


def embedded(side, ids):
    """E sqrt(d) + sin and cos of the place."""
    place = torch.arange(len(ids), dtype=torch.float64)[:, None] / 10_000 ** (torch.arange(0, D, 2, dtype=torch.float64) / D)
    waves = torch.stack([place.sin(), place.cos()], -1).flatten(1).float()
    return (w[side + ".tokens.weight"][ids] * D**0.5 + waves)[None]


memory = embedded("source", [SOURCE.index(one, 3) for one in TEXT] + [EOS])
for layer in encoder:
    memory = layer(memory)


def step(given):
    """(log p of the next token, cross weights of the last layer): the whole text again, under the mask."""
    x = embedded("target", given)
    hidden = torch.ones(len(given), len(given), dtype=torch.bool).triu(1)
    for layer in decoder:
        inner = layer.norm1(x + layer.self_attn(x, x, x, attn_mask=hidden, need_weights=False)[0])
        cross = layer.multihead_attn(inner, memory, memory)[1]  # (1, T, S), the mean of the heads
        x = layer(x, memory, tgt_mask=hidden)
    logits = x[0, -1] @ w["target.tokens.weight"].T
    return logits, cross[0, -1]


def speak(row, given=None, says=None, temperature=None):
    generator = torch.Generator().manual_seed({seed})
    text = [BOS]
    for t in range(len(given or says or range(MOST))):
        if given is not None:
            text = given[: t + 1]
        logits, cross = step(text)
        if says is not None:
            token = says[t]
        elif temperature is None:
            token = logits.argmax().item()
        else:
            token = torch.multinomial((logits / temperature).softmax(-1)[None], 1, generator=generator).item()
        looks = [*TEXT, "<eos>"][cross.argmax().item()]
        nats = -logits.log_softmax(-1)[token].item()
        print(row, t + 1, repr(TARGET[text[-1]]), repr(TARGET[token]), nats, repr(looks), cross.max().item())
        text = [*text, token]
        if given is None and token == EOS:
            return


'''
_BEAM = """\
def beam(width, alpha):
    live, ended = [(0.0, [])], []
    for _ in range(MOST):
        grown = []
        for total, text in live:
            logs = step([BOS, *text])[0].log_softmax(-1)
            grown += [(total + logs[k].item(), [*text, k]) for k in range(len(TARGET))]
        best = sorted(grown, key=lambda one: -one[0])[: width - len(ended)]
        ended += [one for one in best if one[1][-1] == EOS]
        live = [one for one in best if one[1][-1] != EOS]
        if not live:
            break
    return max([*ended, *live], key=lambda one: one[0] / len(one[1]) ** alpha)[1]


"""


def script(params: TranslateParams) -> str:
    """Prints a line a step of each row. Raises UserError as ``scene`` does."""
    translator, _ = shipped(params.task)
    shape, right = translator.net.shape, params.wanted
    text = _HEAD.format(
        source=list(translator.source.words),
        target=list(translator.target.words),
        text=list(params.source),
        right=None if right is None else list(right),
        most=params.most,
        task=params.task,
        d_model=shape.d_model,
        heads=shape.heads,
        layers=shape.layers,
        d_ff=shape.d_ff,
        seed=params.seed,
    )
    if params.feeding != "forced" or right is None:
        if params.decoding == "beam":
            text += _BEAM + f'speak("free", says=beam({params.width}, {params.length_penalty}))\n'
        elif params.decoding == "sample":
            text += f'speak("free", temperature={params.temperature})\n'
        else:
            text += 'speak("free")\n'
    if params.feeding != "free" and right is not None:
        text += 'speak("forced", given=[BOS, *(TARGET.index(one, 3) for one in RIGHT)])\n'
    return text
