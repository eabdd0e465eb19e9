"""The translators that ship, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from app.nn import weights
from app.nn.tasks.dates import Dates
from app.nn.tasks.english_chinese import ChineseEnglish, EnglishChinese
from app.nn.tasks.english_french import EnglishFrench
from app.nn.tasks.pairs import Task
from app.nn.tasks.reversal import Reversal
from app.nn.tasks.translate import Translator
from app.nn.transformer import Shape

TASKS: Mapping[str, Callable[[], Task]] = {
    "reversal": Reversal,
    "dates": Dates,
    "english_french": EnglishFrench,
    "english_chinese": EnglishChinese,
    "chinese_english": ChineseEnglish,
}


@cache
def load(name: str) -> Translator:
    """The trained translator at rest, one a process. Raises FileNotFoundError where none ships, WrongWeights."""
    translator = Translator(TASKS[name](), Shape(**weights.card(name)["shape"]))
    translator.net.load_state_dict(weights.state(name))
    translator.net.eval()
    return translator
