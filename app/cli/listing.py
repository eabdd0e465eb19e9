"""``labs``: what can be run."""

from __future__ import annotations

import argparse
import json

from app import labs
from app.cli.words import catalogue


def listing(options: argparse.Namespace) -> int:
    """Prints every experiment, with ``--json`` as /api/experiments gives it."""
    if options.json:
        from app.web.api import described

        print(json.dumps({"experiments": described()}, ensure_ascii=False, indent=2))
        return 0
    words = catalogue()
    for name in sorted(labs.experiments()):
        print(f"{name}\t{words.text('title.' + name)}")
    return 0
