"""``vendor``: the third-party files under static/vendor."""

from __future__ import annotations

import argparse
import sys

from app import vendor as files


def vendor(options: argparse.Namespace) -> int:
    """Fills static/vendor, or with ``--check`` says what differs from the lock (exit code 1)."""
    if options.check:
        wrong = files.check()
        print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
        return 1 if wrong else 0
    try:
        print("\n".join(files.fill()))
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0
