"""``attention/translate``, ``generate`` and ``learning``: what scene and run cost as messages beside a bare loop of the same model.

The bare loops keep keys and values as the runs do, and look at nothing: they translate a sentence, write as many tokens, train as
many steps. Both are measured by turns; the ratio is of the medians. What the runs do more is what the pages show: every map, the
check against torch and against the whole text, the pieces that can be opened, the test examples at every checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import torch

from app import labs
from app.labs.attention.generate.models import prompt
from app.labs.attention.generate.models import shipped as writer_of
from app.labs.attention.learning.learners import TESTED, recipe
from app.labs.attention.params.generate import GenerateParams
from app.labs.attention.params.learning import LearningParams
from app.labs.attention.params.translate import TranslateParams
from app.labs.contract import Frame
from app.nn.decoding import continuing
from app.nn.tasks.english_french import EnglishFrench
from app.nn.tasks.pairs import held_out
from app.nn.tasks.shipped import load
from app.nn.tasks.translate import Translator, learn
from app.nn.transformer import Shape
from app.wire.frames import Packer, pack_scene
from benchmarks.report import Row

ROUNDS = 5
TRAINED: dict[str, Any] = {"steps": 60, "every": 15}


def rows() -> list[Row]:
    torch.set_num_threads(1)  # as in the workers
    free = {"feeding": "free"}
    said = len(list(_frames("attention/translate", free)))
    count = GenerateParams().count
    steps = TRAINED["steps"]
    return [
        _cost("attention/translate", free, _translates, said, "a sentence, a frame a layer or word", "a bare greedy decoder", 4),
        _cost("attention/generate", {}, _writes, count, f"{count} characters, a frame each", "a bare loop that draws", 8),
        _cost(
            "attention/learning", TRAINED, _trains, steps, f"{steps} training steps, 5 checkpoints", "the bare training loop", 1.5
        ),
    ]


def _cost(name: str, params: dict[str, Any], bare: Callable[[], object], count: int, what: str, beside: str, most: float) -> Row:
    ours, theirs = [], []
    for _ in range(ROUNDS + 1):
        theirs.append(_timed(bare))
        ours.append(_timed(lambda: _messages(name, params)))
    each = [1e3 * median(times[1:]) / count for times in (ours, theirs)]
    return Row(f"{name}: {what} (baseline: {beside})", each[0], "ms each", each[1], goal=f"at most {most}")


def _timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _frames(name: str, params: dict[str, Any]) -> list[Frame]:
    return [one for one in labs.run(name, **params) if isinstance(one, Frame)]


def _messages(name: str, params: dict[str, Any]) -> None:
    packer = Packer("run")
    pack_scene("run", labs.scene(name, **params))
    for one in labs.run(name, **params):
        if isinstance(one, Frame):
            packer.add(one)
    packer.flush()


def _translates() -> None:
    params = TranslateParams(feeding="free")
    load(params.task).translate([params.source], params.most)


@torch.no_grad()
def _writes() -> None:
    params = GenerateParams()
    step, caches = continuing(writer_of(params.model).net), None
    ids, draws = torch.tensor([prompt(params).ids]), torch.Generator().manual_seed(params.seed)
    for _ in range(params.count):
        logits, caches = step(ids, caches)
        ids = torch.multinomial((logits / params.temperature).softmax(-1), 1, generator=draws)


def _trains() -> None:
    params = LearningParams(**TRAINED)
    torch.manual_seed(params.seed)
    task = EnglishFrench()
    shape = Shape(d_model=params.d_model, heads=params.heads, d_ff=4 * params.d_model, layers=params.layers)
    for _ in learn(Translator(task, shape), recipe(params), held_out(task, TESTED)):
        pass
