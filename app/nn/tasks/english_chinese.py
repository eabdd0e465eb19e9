"""English to Chinese and back: classifiers, 的, 不 and 没有, 了; the place moves before the verb.

Chinese is read by characters and said by words: what follows from the character before (经 is always 经常) needs no look at the
English, so a map by characters could not tell what a word translates.

The grammar: NP [often] verb NP (present or past) | NP [often] verb [preposition NP] | NP is adjective, each also negated.
Each English sentence has one Chinese one and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from app.nn.tasks.labelled import Text, article, drawn, english_text, english_tokens
from app.nn.tasks.pairs import Pair, known


@dataclass(frozen=True)
class Noun:
    """cat, cats, 猫 and its classifier 只."""

    en: str
    ens: str
    zh: str
    classifier: str


@dataclass(frozen=True)
class Adjective:
    """How it stands before a noun (大, 黑色的) and after one (很大, 是黑色的; negated 不大, 不是黑色的)."""

    en: str
    zh: str
    kind: Literal["short", "long", "colour"]

    @property
    def attribute(self) -> str:
        """Before a noun."""
        return self.zh if self.kind == "short" else self.zh + "的"


@dataclass(frozen=True)
class Verb:
    """buys, buy, bought, 买; without ``past`` it is used in the present only."""

    en: str
    base: str
    zh: str
    past: str = ""


def _nouns(table: str) -> tuple[Noun, ...]:
    return tuple(Noun(*line.split()) for line in table.strip().splitlines())


LIVING = _nouns("""
cat cats 猫 只
dog dogs 狗 只
bird birds 鸟 只
horse horses 马 匹
boy boys 男孩 个
girl girls 女孩 个
woman women 女人 个
man men 男人 个
child children 孩子 个
friend friends 朋友 个
teacher teachers 老师 位
king kings 国王 位
""")
THINGS = _nouns("""
book books 书 本
letter letters 信 封
flower flowers 花 朵
hat hats 帽子 顶
map maps 地图 张
knife knives 刀 把
shirt shirts 衬衫 件
""")
FOOD = _nouns("""
apple apples 苹果 个
fish fish 鱼 条
cake cakes 蛋糕 块
egg eggs 鸡蛋 个
""")
PLACES = _nouns("""
house houses 房子 座
car cars 汽车 辆
tree trees 树 棵
garden gardens 花园 个
school schools 学校 所
bridge bridges 桥 座
table tables 桌子 张
chair chairs 椅子 把
""")
LIFELESS = (*THINGS, *FOOD, *PLACES)
SEEN = (*LIVING, *LIFELESS)

ANY = (
    Adjective("big", "大", "short"),
    Adjective("small", "小", "short"),
    Adjective("good", "好", "short"),
    Adjective("black", "黑色", "colour"),
    Adjective("white", "白色", "colour"),
    Adjective("red", "红色", "colour"),
    Adjective("green", "绿色", "colour"),
    Adjective("beautiful", "漂亮", "long"),
)
OF_THE_LIVING = (Adjective("old", "老", "short"), Adjective("clever", "聪明", "long"), Adjective("quiet", "安静", "long"))
OF_THINGS = (Adjective("old", "旧", "short"), Adjective("new", "新", "short"))

WITH_OBJECT = (
    Verb("draws", "draw", "画", "drew"),
    Verb("buys", "buy", "买", "bought"),
    Verb("sells", "sell", "卖", "sold"),
    Verb("brings", "bring", "带", "brought"),
    Verb("hides", "hide", "藏", "hid"),
    Verb("watches", "watch", "看", "watched"),
    Verb("washes", "wash", "洗", "washed"),
    Verb("likes", "like", "喜欢"),
    Verb("needs", "need", "需要"),
    Verb("remembers", "remember", "记得"),
)
EATING = Verb("eats", "eat", "吃", "ate")
ALONE = (
    Verb("sleeps", "sleep", "睡觉"),
    Verb("sings", "sing", "唱歌"),
    Verb("runs", "run", "跑步"),
    Verb("works", "work", "工作"),
    Verb("dances", "dance", "跳舞"),
    Verb("rests", "rest", "休息"),
)
PREPOSITIONS: tuple[tuple[str, str, Sequence[Noun]], ...] = (
    ("in", "里", tuple(n for n in PLACES if n.en in ("house", "car", "garden", "school"))),
    ("on", "上", tuple(n for n in PLACES if n.en in ("bridge", "table", "chair"))),
    ("under", "下面", tuple(n for n in PLACES if n.en in ("tree", "bridge", "table", "chair"))),
    ("behind", "后面", PLACES),
    ("in front of", "前面", PLACES),
    ("near", "附近", PLACES),
)
TRADED = ("buys", "sells")
"""Nobody buys or sells what lives."""

SINGULAR = (("the", ""), ("a", "一"), ("this", "这"), ("that", "那"))
"""Chinese has no article: a bare noun is "the"."""
PLURAL = (("these", "这些"), ("those", "那些"), ("many", "很多"), ("two", "两"), ("three", "三"))
COUNTED = ("一", "这", "那", "两", "三")
"""These need a classifier."""


def _noun_phrase(rng: Random, en: Text, zh: Text, role: str, noun: Noun, plural: bool, adjective: bool = True) -> None:
    chosen = rng.choice(_fitting(noun)) if adjective and rng.random() < 0.5 else None
    english, chinese = rng.choice(PLURAL if plural else SINGULAR)
    determiner, describing, name = f"{role} determiner", f"{role} adjective", f"{role} noun"

    word = noun.ens if plural else noun.en
    if english == "a":
        en.say(article(chosen.en if chosen else word), determiner, also=(describing if chosen else name,))
    else:
        en.say(english, determiner)
    if chosen:
        en.say(chosen.en, describing)
    en.say(word, name)

    zh.say(chinese, determiner)
    if chinese in COUNTED:
        zh.say(noun.classifier, determiner, also=(name,))
    if chosen:
        zh.say(chosen.attribute, describing)
    zh.say(noun.zh, name)


def _fitting(noun: Noun) -> tuple[Adjective, ...]:
    return (*ANY, *(OF_THE_LIVING if noun in LIVING else OF_THINGS))


def _is(rng: Random, en: Text, zh: Text, noun: Noun, plural: bool, negated: bool) -> None:
    said = rng.choice(_fitting(noun))
    en.say("are" if plural else "is", "be")
    if negated:
        en.say("not", "not")
    en.say(said.en, "predicate")

    if negated:
        zh.say("不", "not")
    if said.kind == "colour":
        zh.say("是", "be")
        zh.say(said.attribute, "predicate")
    else:
        if not negated:
            zh.say("很", "be")
        zh.say(said.zh, "predicate")


def _with_object(rng: Random, en: Text, zh: Text, plural: bool, negated: bool, often: bool) -> None:
    eating = rng.random() < 0.15
    verb = EATING if eating else rng.choice(WITH_OBJECT)
    past = bool(verb.past) and not often and rng.random() < 0.4
    _english_verb(en, verb, plural, negated, often, past)
    if negated:
        zh.say("没有" if past else "不", "not", "do")
    if often:
        zh.say("经常", "often")
    zh.say(verb.zh, "verb")
    if past and not negated:
        zh.say("了", "verb")
    nouns = FOOD if eating else LIFELESS if verb.en in TRADED else SEEN
    _noun_phrase(rng, en, zh, "object", rng.choice(nouns), rng.random() < 0.35)


def _alone(rng: Random, en: Text, zh: Text, plural: bool, negated: bool, often: bool) -> None:
    verb = rng.choice(ALONE)
    _english_verb(en, verb, plural, negated, often, past=False)
    if negated:
        zh.say("不", "not", "do")
    if often:
        zh.say("经常", "often")
    if rng.random() < 0.75:
        english, chinese, nouns = rng.choice(PREPOSITIONS)
        en.say(english, "preposition")
        zh.say("在", "preposition")
        _noun_phrase(rng, en, zh, "place", rng.choice(nouns), rng.random() < 0.2)
        zh.say(chinese, "preposition")
    zh.say(verb.zh, "verb")


def _english_verb(en: Text, verb: Verb, plural: bool, negated: bool, often: bool, past: bool) -> None:
    if negated:
        en.say("did" if past else "do" if plural else "does", "do")
        en.say("not", "not")
    if often:
        en.say("often", "often")
    en.say(verb.base if negated else verb.past if past else verb.base if plural else verb.en, "verb")


def say(rng: Random, en: Text, zh: Text) -> None:
    """One sentence in both languages, Chinese by words."""
    plural, negated, often = rng.random() < 0.35, rng.random() < 0.35, rng.random() < 0.2
    kind = rng.choice(("object", "object", "alone", "is"))
    subject = rng.choice(SEEN if kind == "is" else LIVING)
    _noun_phrase(rng, en, zh, "subject", subject, plural, adjective=kind != "is")
    if kind == "is":
        _is(rng, en, zh, subject, plural, negated)
    else:
        (_with_object if kind == "object" else _alone)(rng, en, zh, plural, negated, often)
    en.say(".", "stop")
    zh.say("。", "stop")


class _ByCharacter(Text):
    """Says every character of a word to another text, each with the word's labels."""

    def __init__(self, to: Text) -> None:
        super().__init__()
        self._to = to

    def say(self, word: str, *labels: str, also: tuple[str, ...] = ()) -> None:
        """One more word."""
        self._to.say(" ".join(word), *labels, also=also)


def _english_words() -> tuple[str, ...]:
    nouns, verbs = SEEN, (*WITH_OBJECT, EATING, *ALONE)
    words = {"a", "an", "not", "does", "do", "did", "is", "are", "often", "."} | {en for en, _ in (*SINGULAR, *PLURAL)}
    words |= {w for n in nouns for w in (n.en, n.ens)} | {a.en for a in (*ANY, *OF_THE_LIVING, *OF_THINGS)}
    words |= {w for v in verbs for w in (v.en, v.base, v.past) if w} | {w for en, _, _ in PREPOSITIONS for w in en.split()}
    return tuple(sorted(words))


def _chinese_words() -> tuple[str, ...]:
    words = {"不", "没有", "经常", "了", "在", "很", "是", "。"}
    words |= {zh for _, zh in (*SINGULAR, *PLURAL) if zh} | {zh for _, zh, _ in PREPOSITIONS}
    words |= {word for n in SEEN for word in (n.zh, n.classifier)} | {v.zh for v in (*WITH_OBJECT, EATING, *ALONE)}
    for a in (*ANY, *OF_THE_LIVING, *OF_THINGS):
        words |= {a.attribute} if a.kind == "colour" else {a.attribute, a.zh}
    return tuple(sorted(words))


def _chinese_characters() -> tuple[str, ...]:
    texts = ["不没有经常了在是很的。", *(zh for _, zh in (*SINGULAR, *PLURAL)), *(zh for _, zh, _ in PREPOSITIONS)]
    texts += [n.zh + n.classifier for n in SEEN] + [a.zh for a in (*ANY, *OF_THE_LIVING, *OF_THINGS)]
    texts += [v.zh for v in (*WITH_OBJECT, EATING, *ALONE)]
    return tuple(sorted(set("".join(texts))))


class EnglishChinese:
    """The task, from English."""

    source_words = _english_words()
    target_words = _chinese_words()

    def say(self, rng: Random, source: Text, target: Text) -> None:
        """One sentence."""
        say(rng, source, target)

    def draw(self, rng: Random) -> Pair:
        """One sentence."""
        return drawn(self, rng)

    def read(self, text: str) -> tuple[str, ...]:
        """A typed sentence. Raises UserError that names the words that are not of this grammar."""
        tokens = english_tokens(text)
        known(tokens, self.source_words)
        return tokens

    def write(self, tokens: Sequence[str]) -> str:
        """Chinese is written without blanks."""
        return "".join(tokens)


class ChineseEnglish:
    """The task, from Chinese; Traditional characters are read through ``simplify``, a script conversion."""

    source_words = _chinese_characters()
    target_words = _english_words()

    def __init__(self, simplify: Callable[[str], str] | None = None) -> None:
        self._simplify = simplify or (lambda text: text)

    def say(self, rng: Random, source: Text, target: Text) -> None:
        """One sentence."""
        say(rng, target, _ByCharacter(source))

    def draw(self, rng: Random) -> Pair:
        """One sentence."""
        return drawn(self, rng)

    def read(self, text: str) -> tuple[str, ...]:
        """A typed sentence, blanks left out. Raises UserError that names the characters that are not of this grammar."""
        tokens = list("".join(self._simplify(text).split()).replace(".", "。"))
        if tokens and tokens[-1] not in "。！？":
            tokens.append("。")
        known(tokens, self.source_words)
        return tuple(tokens)

    def write(self, tokens: Sequence[str]) -> str:
        """English as it is written."""
        return english_text(tokens)
