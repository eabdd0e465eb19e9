"""The catalogues: both languages whole, every id that the code names there, no id that nobody names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import PoFileError, read_po

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


def test_a_file_that_is_not_gettexts_and_an_id_in_two_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(languages, "LOCALE", tmp_path)
    for code, one, other in (
        ("a", 'msgid "x"\nmsgstr "1"', 'msgid "x"\nmsgstr "2"'),
        ("b", 'msgid "x"\nmsgstr "1"', 'msgid "y"\nsentence "2"'),
    ):
        (tmp_path / code).mkdir()
        (tmp_path / code / "one.po").write_text(one)
        (tmp_path / code / "two.po").write_text(other)
    with pytest.raises(ValueError, match=r"two\.po: x is given in another file of a too"):
        languages.catalogue("a")
    with pytest.raises(PoFileError):
        languages.catalogue("b")


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
