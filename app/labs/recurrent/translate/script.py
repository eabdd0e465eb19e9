"""A run of ``recurrent/translate`` as a standalone PyTorch script: the shipped weights in torch's own modules."""

from __future__ import annotations

from app.labs.recurrent.params.translate import TranslateParams
from app.labs.recurrent.translate.speaking import shipped

_HEAD = '''\
"""Prints a line a step of each row: the row, the step, what the decoder is given, what it says, -ln p of that, its first unit."""

import torch
from safetensors.torch import load_file
from torch import nn

torch.set_num_threads(1)
torch.set_grad_enabled(False)

SOURCE = {source!r}  # <pad>, <bos>, <eos> and the characters, by their numbers
TARGET = {target!r}
BOS, EOS = 1, 2
TEXT = {text!r}  # as the encoder reads it
RIGHT = {right!r}  # what should be said, None: nobody knows
MOST = {most}

w = {{name: value.float() for name, value in load_file("app/nn/weights/seq2seq_{model}.safetensors").items()}}


def part(name):
    return {{key.removeprefix(name + "."): value for key, value in w.items() if key.startswith(name + ".")}}


encoder, decoder = (nn.{cls}({embedding}, {hidden}, batch_first=True) for _ in range(2))
encoder.load_state_dict(part("encoder"))
decoder.load_state_dict(part("decoder"))
memory, handed = encoder(w["source.weight"][[SOURCE.index(one, 3) for one in TEXT]][None])  # (1, S, H) and the last state


'''
_SAY = {
    "none": """\
def say(s):
    return s @ w["head.weight"].T + w["head.bias"]
""",
    "dot": """\
def say(s):
    a = (s @ memory.transpose(1, 2)).softmax(-1)  # (N, 1, S)
    return torch.cat([s, a @ memory], -1) @ w["head.weight"].T + w["head.bias"]
""",
    "additive": """\
def say(s):
    q = torch.tanh((s @ w["attention.of_state.weight"].T)[:, :, None] + (memory @ w["attention.of_memory.weight"].T)[:, None])
    a = (q @ w["attention.v.weight"][0]).softmax(-1)  # (N, 1, S)
    return torch.cat([s, a @ memory], -1) @ w["head.weight"].T + w["head.bias"]
""",
}
_STEP = """\


def step(token, state):
    s, state = decoder(w["target.weight"][[token]][None], state)
    return say(s)[0, 0].log_softmax(-1), state, s[0, 0, 0].item()


def speak(row, given=None, says=None):
    token, state = BOS, handed
    for t in range(MOST if given is None and says is None else len(given or says)):
        fed = token if given is None else given[t]
        logs, state, first = step(fed, state)
        token = logs.argmax().item() if says is None else says[t]
        print(row, t + 1, repr(TARGET[fed]), repr(TARGET[token]), -logs[token].item(), first)
        if given is None and token == EOS:
            return


"""
_BEAM = """\
def beam(width, alpha):
    live, ended = [(0.0, [], handed)], []
    for _ in range(MOST):
        grown = []
        for total, text, state in live:
            logs, after, _ = step(text[-1] if text else BOS, state)
            grown += [(total + logs[k].item(), [*text, k], after) for k in range(len(TARGET))]
        best = sorted(grown, key=lambda one: -one[0])[: width - len(ended)]
        ended += [one for one in best if one[1][-1] == EOS]
        live = [one for one in best if one[1][-1] != EOS]
        if not live:
            break
    return max([*ended, *live], key=lambda one: one[0] / len(one[1]) ** alpha)[1]


"""


def script(params: TranslateParams) -> str:
    """Prints a line a step of each row. Raises UserError as ``scene`` does."""
    model = shipped(params.model)
    shape = model.net.shape
    beams = params.decoding == "beam" and params.feeding != "forced"
    right = params.wanted
    text = _HEAD.format(
        source=list(model.source),
        target=list(model.target),
        text="".join(params.source),
        right=None if right is None else "".join(right),
        most=params.most,
        model=params.model,
        cls=type(model.net.encoder).__name__,
        embedding=shape.embedding,
        hidden=shape.hidden,
    )
    text += _SAY[shape.attention] + _STEP + (_BEAM if beams else "")
    if params.feeding != "forced":
        text += f'speak("free", says=beam({params.width}, {params.length_penalty}))\n' if beams else 'speak("free")\n'
    if params.feeding != "free" and right is not None:
        text += 'speak("forced", given=[BOS, *(TARGET.index(one, 3) for one in RIGHT)])\n'
    return text
