"""Values of ``recurrent/generate`` opened: which character u falls on, its probability before and after the cut, a logit."""

from __future__ import annotations

import numpy as np

from app.labs.contract import Equation, Explanation, Frame, Reference, Scene, Target
from app.labs.recurrent import said
from app.labs.recurrent.params.generate import GenerateParams
from app.labs.recurrent.trained import NEVER, shipped
from app.labs.writing import explain as writing
from app.labs.writing.drawing import Writer


def explain(params: GenerateParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens what ``app.labs.writing.explain`` opens; a Jordan network has no logit. Raises UserError as that does."""
    model = shipped(params.model)
    head = model.head

    def logit(k: int) -> tuple[Equation, Reference]:
        assert head is not None
        return said.logit(head, np.asarray(frame.tensors["h"], np.float64), frame.step, k)

    writer = Writer(params, model.vocabulary, NEVER, params.chosen, params.seed)
    return writing.explain(writer, frame, target, None if head is None else logit)
