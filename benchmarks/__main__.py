"""``make bench``: every module here that has ``rows()``, one table. Names as arguments run only those."""

from __future__ import annotations

import importlib
import os
import pkgutil
import platform
import sys

import benchmarks
from benchmarks.report import table


def main(names: list[str]) -> None:
    rows = []
    for module in sorted(pkgutil.iter_modules(benchmarks.__path__), key=lambda m: m.name):
        if module.name in ("__main__", "report") or (names and module.name not in names):
            continue
        print(f"running {module.name} ...", file=sys.stderr, flush=True)
        measure = getattr(importlib.import_module(f"benchmarks.{module.name}"), "rows", None)
        if measure is not None:
            rows += measure()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(table(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
