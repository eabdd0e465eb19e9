"""The params of the lab's experiments, one file each. No torch, no numpy."""

from app.labs.attention.params.by_hand import ByHandParams
from app.labs.attention.params.encoder import EncoderParams
from app.labs.attention.params.generate import GenerateParams
from app.labs.attention.params.learning import LearningParams
from app.labs.attention.params.translate import TranslateParams

__all__ = ["ByHandParams", "EncoderParams", "GenerateParams", "LearningParams", "TranslateParams"]
