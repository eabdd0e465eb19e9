"""The catalogues: both languages whole, every id that the code names there, no id that nobody names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.labs.contract import Message
from app.web import languages

ROOT = Path(__file__).parent.parent.parent
CODES = tuple(languages.LANGUAGES)
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def texts(code: str) -> dict[str, str]:
    return dict(languages.catalogue(code).texts)


def test_both_languages_have_the_same_ids():
    assert set(texts("en")) == set(texts("zh"))


@pytest.mark.parametrize("code", CODES)
def test_no_sentence_is_empty_or_given_twice(code):
    assert [id for id, text in texts(code).items() if not text.strip()] == []
    for path in (languages.LOCALE / code).glob("*.po"):
        ids = re.findall(r'^msgid "(.+)"$', path.read_text("utf-8"), re.M)
        assert len(ids) == len(set(ids)), path.name
        with path.open("rb") as file:
            assert not [entry.id for entry in read_po(file) if entry.id and entry.fuzzy], path.name


@pytest.mark.parametrize("code", CODES)
def test_the_files_are_read_as_babel_reads_them(code):
    for path in sorted((languages.LOCALE / code).glob("*.po")):
        with path.open("rb") as file:
            expected = [(entry.id, entry.string) for entry in read_po(file, locale=code) if entry.id]
        assert [entry for entry in languages.entries(path.read_text("utf-8")) if entry[0]] == expected, path.name


def test_escapes_and_long_sentences_are_gettexts():
    assert list(languages.entries('# a\n#: b\nmsgid "a"\nmsgstr ""\n"one\\n"\n"\\"two\\" \\\\n # no comment"\n\n# end')) == [
        ("a", 'one\n"two" \\n # no comment')
    ]


@pytest.mark.parametrize(
    "more", ['msgctxt "c"\nmsgid "a"\nmsgstr "b"', 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"', 'msgid "a"', "msgid a"]
)
def test_what_the_reader_does_not_know_is_refused(more):
    with pytest.raises(ValueError, match="neither msgid nor msgstr"):
        list(languages.entries(f'msgid "first"\nmsgstr "one"\n{more}\n'))


def test_both_languages_name_the_same_values():
    en, zh = texts("en"), texts("zh")
    differ = {id for id in en if set(PLACEHOLDER.findall(en[id])) != set(PLACEHOLDER.findall(zh[id]))}
    assert differ == set()


def test_chinese_is_written_in_chinese():
    """Names and formulas stand as they are; a sentence of ten words has no business being English."""
    english = [id for id, text in texts("zh").items() if len(re.findall(r"[a-z]{2,}", text)) > 9 and not re.search("[一-鿿]", text)]
    assert english == []


def test_every_id_that_the_code_names_has_a_sentence():
    known = set(texts("en"))
    named = {(path, id) for path, id in _named() if id not in known}
    assert named == set()


def test_a_message_may_hold_messages():
    words = languages.Catalogue("en", {"outer": "a {inner} c", "inner": "b {n}"})
    assert words.message(Message("outer", {"inner": Message("inner", {"n": 0.5})})) == "a b 0.5 c"
    with pytest.raises(KeyError):
        words.text("outer")


def _named() -> set[tuple[str, str]]:
    """Literal ids: ``Message("...")`` and ``text("...")`` in Python, ``t("...")`` in JS and templates."""
    found = set()
    patterns = {
        "app/**/*.py": r"""(?:Message|\.text)\(\s*"([a-z][\w./-]*\.[\w./-]+)"\s*[,)]""",
        "static/js/**/*.js": r"""\bt\(\s*"([a-z][\w./-]*\.[\w./-]+)"\s*[,)]""",
        "templates/**/*.html": r"""\bt\(\s*'([a-z][\w./-]*\.[\w./-]+)'\s*[,)]""",
    }
    for glob, pattern in patterns.items():
        for path in ROOT.glob(glob):
            found.update((path.relative_to(ROOT).as_posix(), id) for id in re.findall(pattern, path.read_text("utf-8")))
    assert len(found) > 100
    return found
