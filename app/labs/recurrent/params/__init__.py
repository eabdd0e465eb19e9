"""The params of the lab's experiments, one file each. No torch, no numpy."""

from app.labs.recurrent.params.by_hand import ByHandParams
from app.labs.recurrent.params.gates import GatesParams
from app.labs.recurrent.params.generate import GenerateParams
from app.labs.recurrent.params.gradients import GradientsParams
from app.labs.recurrent.params.learning import LearningParams
from app.labs.recurrent.params.translate import TranslateParams

__all__ = ["ByHandParams", "GatesParams", "GenerateParams", "GradientsParams", "LearningParams", "TranslateParams"]
