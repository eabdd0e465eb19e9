"""The other commands: labs, train, vendor, and serve's refusals."""

from __future__ import annotations

import json

import pytest

from app import labs
from test_contract import EXPERIMENTS

from .conftest import Cli


def test_labs_lists_every_experiment_in_the_terminals_language(cli: Cli) -> None:
    for language, word in (("en", "optimizers"), ("zh", "优化器")):
        listed = cli("labs", language=language)
        assert listed.returncode == 0, listed.stderr
        lines = dict(line.split("\t") for line in listed.stdout.splitlines())
        assert set(lines) == set(EXPERIMENTS)
        assert word in lines["optimizer/race"]


def test_labs_json_has_schemas_defaults_and_presets(cli: Cli) -> None:
    listed = cli("labs", "--json")
    assert listed.returncode == 0, listed.stderr
    experiments = {one["name"]: one for one in json.loads(listed.stdout)["experiments"]}
    assert set(experiments) == set(EXPERIMENTS)
    race = experiments["optimizer/race"]
    assert race["schema"]["properties"]["steps"]["maximum"] == 20_000
    assert labs.params_from("optimizer/race", race["defaults"]) == labs.params_from("optimizer/race", {})
    for preset in race["presets"]:
        labs.params_from("optimizer/race", preset["params"])


def test_whoever_reads_may_stop_reading() -> None:
    """``python -m app labs --json | head``: no traceback."""
    import subprocess
    import sys

    from serving import ROOT

    with subprocess.Popen(
        [sys.executable, "-m", "app", "labs", "--json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.close()
        assert listing.stderr.read() == ""
        assert listing.wait(60) == 0


def test_labs_imports_no_torch(cli: Cli) -> None:
    """The list is there at once; torch takes seconds."""
    import subprocess
    import sys

    from serving import ROOT

    code = "import sys; from app.__main__ import main; main(['labs', '--json']); sys.exit('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr


def test_train_says_what_there_is(cli: Cli) -> None:
    assert {"resnet", "vgg"} <= set(cli("train").stdout.split())
    refused = cli("train", "everything")
    assert refused.returncode == 2
    assert "everything" in refused.stderr


def test_vendored_files_are_as_locked(cli: Cli) -> None:
    assert cli("vendor", "--check").returncode == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--port", "70000"), "--port"),
        (("--workers", "0"), "--workers"),
        (("--root-path", "no/slash"), "--root-path"),
        (("--host", "256.0.0.1", "--port", "0"), "256.0.0.1"),
    ],
)
def test_serve_refuses_in_one_sentence(cli: Cli, options, told) -> None:
    refused = cli("serve", *options)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert told in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("run",), ("run", "optimizer/race"), ("serve", "--device", "tpu")])
def test_a_command_that_does_not_parse_is_exit_code_2(cli: Cli, arguments) -> None:
    assert cli(*arguments).returncode == 2
