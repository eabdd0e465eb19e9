"""English to French: adjectives move, agree in gender and number; "ne ... pas"; elision; "de" where French has it.

The grammar: NP [often] verb NP | NP [often] verb [preposition NP] | NP is adjective, each also negated, in the present tense.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from app.nn.tasks.labelled import Text, article, drawn, english_text, english_tokens
from app.nn.tasks.pairs import Pair, known


@dataclass(frozen=True)
class Noun:
    """English and French, singular and plural."""

    en: str
    ens: str
    fr: str
    frs: str
    gender: str


@dataclass(frozen=True)
class Adjective:
    """Its four forms: masculine, feminine, and their plurals; ``before``: stands before its noun."""

    en: str
    forms: tuple[str, str, str, str]
    before: bool = False

    def of(self, noun: Noun, plural: bool) -> str:
        """It agrees with its noun."""
        return self.forms[(noun.gender == "f") + 2 * plural]


@dataclass(frozen=True)
class Verb:
    """sees, see, voit, voient."""

    en: str
    base: str
    fr: str
    frs: str


def _nouns(table: str) -> tuple[Noun, ...]:
    return tuple(Noun(*line.split()) for line in table.strip().splitlines())


def _verbs(table: str) -> tuple[Verb, ...]:
    return tuple(Verb(*line.split()) for line in table.strip().splitlines())


def _adjectives(table: str, before: bool = False) -> tuple[Adjective, ...]:
    rows = [line.split() for line in table.strip().splitlines()]
    return tuple(Adjective(en, (m, f, ms, fs), before) for en, m, f, ms, fs in rows)


LIVING = _nouns("""
cat cats chat chats m
dog dogs chien chiens m
bird birds oiseau oiseaux m
mouse mice souris souris f
boy boys garçon garçons m
girl girls fille filles f
woman women femme femmes f
man men homme hommes m
king kings roi rois m
queen queens reine reines f
friend friends ami amis m
child children enfant enfants m
""")
THINGS = _nouns("""
book books livre livres m
letter letters lettre lettres f
flower flowers fleur fleurs f
hat hats chapeau chapeaux m
picture pictures image images f
""")
FOOD = _nouns("""
apple apples pomme pommes f
tomato tomatoes tomate tomates f
cake cakes gâteau gâteaux m
egg eggs œuf œufs m
""")
PLACES = _nouns("""
house houses maison maisons f
car cars voiture voitures f
tree trees arbre arbres m
garden gardens jardin jardins m
school schools école écoles f
bridge bridges pont ponts m
table tables table tables f
chair chairs chaise chaises f
""")
LIFELESS = (*THINGS, *FOOD, *PLACES)
SEEN = (*LIVING, *LIFELESS)

ANY = (
    *_adjectives("""
black noir noire noirs noires
white blanc blanche blancs blanches
green vert verte verts vertes
blue bleu bleue bleus bleues
red rouge rouge rouges rouges
heavy lourd lourde lourds lourdes
"""),
    *_adjectives(
        """
small petit petite petits petites
big grand grande grands grandes
pretty joli jolie jolis jolies
bad mauvais mauvaise mauvais mauvaises
""",
        before=True,
    ),
)
OF_THE_LIVING = (
    *_adjectives("""
clever intelligent intelligente intelligents intelligentes
tired fatigué fatiguée fatigués fatiguées
"""),
    *_adjectives("young jeune jeune jeunes jeunes", before=True),
)

WITH_OBJECT = _verbs("""
sees see voit voient
likes like aime aiment
takes take prend prennent
finds find trouve trouvent
hides hide cache cachent
draws draw dessine dessinent
watches watch regarde regardent
buys buy achète achètent
forgets forget oublie oublient
carries carry porte portent
""")
EATING = Verb("eats", "eat", "mange", "mangent")
ALONE = _verbs("""
sleeps sleep dort dorment
sings sing chante chantent
runs run court courent
arrives arrive arrive arrivent
works work travaille travaillent
dances dance danse dansent
waits wait attend attendent
""")
PREPOSITIONS: tuple[tuple[str, str, Sequence[Noun]], ...] = (
    ("with", "avec", LIVING),
    ("behind", "derrière", PLACES),
    ("in front of", "devant", PLACES),
    ("under", "sous", tuple(n for n in PLACES if n.en in ("tree", "bridge", "table", "chair"))),
    ("in", "dans", tuple(n for n in PLACES if n.en in ("house", "car", "garden", "school"))),
    ("on", "sur", tuple(n for n in PLACES if n.en in ("bridge", "table", "chair"))),
)
TRADED = ("buys",)
"""Nobody buys what lives."""


def vowel(word: str) -> bool:
    """Elision before it: every h of this vocabulary is mute."""
    return word[0] in "aeiouéèâœh"


class EnglishFrench:
    """The task."""

    def __init__(self) -> None:
        nouns, adjectives = SEEN, (*ANY, *OF_THE_LIVING)
        verbs = (*WITH_OBJECT, EATING, *ALONE)
        english = {"the", "a", "an", "some", "any", "not", "does", "do", "is", "are", "often", "."}
        english |= (
            {w for n in nouns for w in (n.en, n.ens)} | {a.en for a in adjectives} | {w for v in verbs for w in (v.en, v.base)}
        )
        english |= {w for en, _, _ in PREPOSITIONS for w in en.split()}
        french = {"le", "la", "l'", "les", "un", "une", "des", "de", "d'", "ne", "n'", "pas", "est", "sont", "souvent", "."}
        french |= {w for n in nouns for w in (n.fr, n.frs)} | {w for a in adjectives for w in a.forms}
        french |= {w for v in verbs for w in (v.fr, v.frs)} | {fr for _, fr, _ in PREPOSITIONS}
        self.source_words = tuple(sorted(english))
        self.target_words = tuple(sorted(french))

    def draw(self, rng: Random) -> Pair:
        """One sentence."""
        return drawn(self, rng)

    def say(self, rng: Random, source: Text, target: Text) -> None:
        """One sentence."""
        en, fr = source, target
        subject, plural = rng.choice(LIVING), rng.random() < 0.35
        negated, often = rng.random() < 0.35, rng.random() < 0.2
        kind = rng.choice(("object", "object", "alone", "is"))
        if kind == "is":
            noun = rng.choice(SEEN)
            self._noun_phrase(rng, en, fr, "subject", noun, plural, adjective=False)
            self._is(rng, en, fr, noun, plural, negated)
        else:
            self._noun_phrase(rng, en, fr, "subject", subject, plural)
            eating = kind == "object" and rng.random() < 0.15
            verb = EATING if eating else rng.choice(WITH_OBJECT if kind == "object" else ALONE)
            self._verb(en, fr, verb, plural, negated, often)
            if kind == "object":
                noun = rng.choice(FOOD if eating else LIFELESS if verb.en in TRADED else SEEN)
                self._noun_phrase(rng, en, fr, "object", noun, rng.random() < 0.35, negated=negated)
            elif rng.random() < 0.75:
                english, french, nouns = rng.choice(PREPOSITIONS)
                en.say(english, "preposition")
                fr.say(french, "preposition")
                self._noun_phrase(rng, en, fr, "place", rng.choice(nouns), rng.random() < 0.25)
        en.say(".", "stop")
        fr.say(".", "stop")

    def _noun_phrase(
        self, rng: Random, en: Text, fr: Text, role: str, noun: Noun, plural: bool, negated: bool = False, adjective: bool = True
    ) -> None:
        chosen = None
        if adjective and rng.random() < 0.5:
            chosen = rng.choice((*ANY, *OF_THE_LIVING) if noun in LIVING else ANY)
        definite = rng.random() < 0.55
        det_label, adjective_label, noun_label = f"{role} determiner", f"{role} adjective", f"{role} noun"

        english = noun.ens if plural else noun.en
        some = "any" if negated else "some"
        en.say("the" if definite else some if plural else article(chosen.en if chosen else english), det_label)
        if chosen:
            en.say(chosen.en, adjective_label)
        en.say(english, noun_label)

        french = noun.frs if plural else noun.fr
        form = chosen.of(noun, plural) if chosen else ""
        before = chosen is not None and chosen.before
        follows = form if before else french
        if definite:
            determiner = "les" if plural else "l'" if vowel(follows) else "la" if noun.gender == "f" else "le"
        elif negated or (plural and before):  # pas de pommes; de petits chats
            determiner = "d'" if vowel(follows) else "de"
        else:
            determiner = "des" if plural else "une" if noun.gender == "f" else "un"
        fr.say(determiner, det_label, also=(noun_label, adjective_label) if before else (noun_label,))
        if before:
            fr.say(form, adjective_label)
        fr.say(french, noun_label)
        if form and not before:
            fr.say(form, adjective_label)

    def _verb(self, en: Text, fr: Text, verb: Verb, plural: bool, negated: bool, often: bool) -> None:
        if negated:
            en.say("do" if plural else "does", "do")
            en.say("not", "not")
        if often:
            en.say("often", "often")
        en.say(verb.base if plural or negated else verb.en, "verb")

        french = verb.frs if plural else verb.fr
        if negated:
            fr.say("n'" if vowel(french) else "ne", "not", "do", also=("verb",))
        fr.say(french, "verb")
        if negated:
            fr.say("pas", "not", "do")
        if often:
            fr.say("souvent", "often")

    def _is(self, rng: Random, en: Text, fr: Text, noun: Noun, plural: bool, negated: bool) -> None:
        said = rng.choice((*ANY, *OF_THE_LIVING) if noun in LIVING else ANY)
        en.say("are" if plural else "is", "verb")
        if negated:
            en.say("not", "not")
        en.say(said.en, "predicate")

        verb = "sont" if plural else "est"
        if negated:
            fr.say("n'" if vowel(verb) else "ne", "not", also=("verb",))
        fr.say(verb, "verb")
        if negated:
            fr.say("pas", "not")
        fr.say(said.of(noun, plural), "predicate")

    def read(self, text: str) -> tuple[str, ...]:
        """A typed sentence. Raises UserError that names the words that are not of this grammar."""
        tokens = english_tokens(text)
        known(tokens, self.source_words)
        return tokens

    def write(self, tokens: Sequence[str]) -> str:
        """French as it is written: no blank after an elision."""
        return english_text(tokens).replace("' ", "'")
