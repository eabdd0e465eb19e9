"""README, Makefile, Dockerfile and constraints say what is true."""

from __future__ import annotations

import re
import shlex
import tomllib

import pytest

from app import labs, vendor
from app.__main__ import parser
from app.web import languages
from serving import ROOT

READMES = ("README.md", "README.zh-CN.md")


def commands(readme: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / readme).read_text("utf-8"), re.S)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_both_readmes_have_the_same_commands():
    assert commands(READMES[0]) == commands(READMES[1])


@pytest.mark.parametrize("readme", READMES)
def test_every_command_line_in_the_readme_parses(readme):
    text = (ROOT / readme).read_text("utf-8")
    lines = re.findall(r"python -m app ([^`\n]+)", text)
    assert len(lines) >= 4
    for line in lines:
        parser().parse_args(shlex.split(line.split("  #")[0]))


@pytest.mark.parametrize(("readme", "language"), [*zip(READMES, ("en", "zh"), strict=True)])
def test_the_readme_s_table_has_a_row_for_every_experiment_in_the_order_of_the_tabs(readme, language):
    """A lab's name stands in its first row; the rows below it, with none, are its other experiments."""
    texts = languages.catalogue(language).texts
    expected = []
    for name in labs.experiments():
        lab = texts[f"shell.lab.{name.partition('/')[0]}"]
        known = lab in [first for first, _ in expected]
        expected.append(("" if known else lab, texts[f"{name.replace('/', '.')}.title"]))
    rows = re.findall(r"^\| ([^|]*)\| ([^|]+) \|[^|]+\|$", (ROOT / readme).read_text("utf-8"), re.M)
    assert [(lab.strip(), title) for lab, title in rows[1:]] == expected


def test_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"`?make (run|test|bench)\b", (ROOT / "README.md").read_text("utf-8")):
        assert re.search(rf"^{target}:", makefile, re.M)


def test_every_dependency_is_pinned_and_torch_without_a_build_label():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").split())
    normal = {re.sub(r"[-_.]+", "-", name).lower() for name in pins}
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    assert {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", line)[0]).lower() for line in wanted} <= normal
    assert pins["torch"] == "2.13.0"


def test_the_image_starts_what_make_run_starts():
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert '"python", "-m", "app", "serve"' in dockerfile
    assert "-c constraints.txt" in dockerfile
    copied = set(re.findall(r"^COPY (\w+) \1$", dockerfile, re.M))
    assert copied == {"app", "static", "templates"}
    ignored = (ROOT / ".dockerignore").read_text("utf-8")
    assert all(f"!{name}" in ignored for name in copied)


def test_vendored_files_are_the_locked_ones():
    assert vendor.check() == []


def test_a_changed_vendored_file_is_noticed(tmp_path, monkeypatch):
    import shutil

    shutil.copytree(vendor.VENDOR, tmp_path / "vendor")
    monkeypatch.setattr(vendor, "VENDOR", tmp_path / "vendor")
    monkeypatch.setattr(vendor, "LOCK", tmp_path / "vendor" / "lock.json")
    (tmp_path / "vendor" / "katex" / "katex.min.css").write_text("x")
    (tmp_path / "vendor" / "stray.js").write_text("x")
    assert vendor.check() == ["katex/katex.min.css is not the locked file", "stray.js is not in the lock"]
