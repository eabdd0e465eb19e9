"""No sentence is kept that nobody says: every id of the catalogues is named in the code, or is made by it out of names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from app import labs
from app.web import languages
from test_contract import EXPERIMENTS, message_ids, schemas

ROOT = Path(__file__).parent.parent
SOURCES = ("app/**/*.py", "static/js/**/*.js", "templates/**/*.html", "app/**/*.json")
MADE = re.compile(r"""[`"']([a-z][\w./-]*\.[\w./-]*)(?:\$\{|\{|["'] ?[~+])""")
"""The beginning of an id that code completes: `` `shell.key.${id}` ``, ``f"title.{name}"``, ``'shell.lab.' ~ name``."""
ENDS = (".help", "_help", ".about", ".text", "")


def test_every_sentence_is_said_somewhere() -> None:
    code = "\n".join(path.read_text("utf-8") for glob in SOURCES for path in sorted(ROOT.glob(glob)))
    beginnings = {begin for begin in MADE.findall(code) if begin[-1] in "._"}
    names = {*re.findall(r"[\w-]+", code), *EXPERIMENTS}
    written = set(re.findall(r"""(?<=["'`])[\w./-]+(?=["'`])""", code))
    asked = set(asked_by_the_form())
    unsaid = {
        id for id in languages.catalogue("en").texts if id not in written and id not in asked and not made(id, beginnings, names)
    }
    assert sorted(unsaid) == []


def made(id: str, beginnings: set[str], names: set[str]) -> bool:
    """Whether some code's beginning and names that stand in the code come to this id."""
    return any(
        id.startswith(begin) and set(id.removeprefix(begin).removesuffix(end).split(".")) <= names
        for begin in beginnings
        for end in ENDS
    )


def asked_by_the_form() -> Iterator[str]:
    """The ids that static/js/core/form.js looks for, over every experiment's schema."""
    for name in EXPERIMENTS:
        yield f"{name.replace('/', '.')}.title"  # its tab
        prefix = name.replace("/", ".")
        schema = labs.experiments()[name].model_json_schema()
        yield from (f"{prefix}.group.{one['group']}" for one in schema["properties"].values() if "group" in one)
        for path, one in schemas(schema, schema.get("$defs", {})):
            fields = [part for part in path if not part.startswith("$")]
            for ids in (message_ids(name, fields[:end]) for end in (len(fields), len(fields) - 1) if end > 0):
                for id in ids:
                    yield from (id, f"{id}.help")
                    for choice in one.get("enum", [one["const"]] if "const" in one else []):
                        yield from (f"{id}.{choice}", f"{id}.{choice}.about")
