"""The command line: ``python -m app serve | run | labs | train | vendor``.

Each command lives in ``app/cli`` and is imported when it is asked for, so that ``serve`` starts without torch.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

DATA = "folder of data that experiments may read: CIFAR-10, surnames (the environment's UNROLLED_DATA)"


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(prog="python -m app", description="Unrolled: watch deep learning compute, one step at a time.")
    commands = top.add_subparsers(dest="command", required=True)

    serve = commands.add_parser("serve", help="start the web app")
    serve.add_argument("--host", help="address to listen on (127.0.0.1); 0.0.0.0: every address of this machine")
    serve.add_argument("--port", type=int, help="port to listen on (8000); 0 picks a free one")
    serve.add_argument("--workers", type=int, help="compute processes (one per core but one)")
    serve.add_argument("--device", choices=("auto", "cpu", "cuda"), help="where torch computes (auto)")
    serve.add_argument("--root-path", help="sub-path under which a proxy shows this server, such as /unrolled")
    serve.add_argument("--model", metavar="FILE.py:FACTORY", help="your own network for convolution/network, see docs/models.md")
    serve.add_argument("--data", type=Path, metavar="DIR", help=DATA)
    serve.add_argument("--open", action="store_true", help="open the browser where there is one")

    run = commands.add_parser("run", help="compute an experiment and write its frames to a file")
    run.add_argument("experiment", metavar="LAB/EXPERIMENT")
    run.add_argument("--params", metavar="FILE.json|-", help="the params as JSON; - reads standard input")
    run.add_argument("--param", metavar="KEY=VALUE", action="append", default=[], help="one param; VALUE is JSON or plain text")
    run.add_argument("--out", metavar="FILE.npz|.csv|.jsonl", required=True)
    run.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    run.add_argument("--model", metavar="FILE.py:FACTORY", help="your own network for convolution/network, see docs/models.md")
    run.add_argument("--data", type=Path, metavar="DIR", help=DATA)

    listing = commands.add_parser("labs", help="list the experiments")
    listing.add_argument("--json", action="store_true", help="with every experiment's JSON schema")

    train = commands.add_parser("train", help="train weights that ship with the app")
    train.add_argument("name", nargs="?", help="which; without it the list is printed")
    train.add_argument("--data", type=Path, metavar="DIR", help="folder of the training data (the environment's UNROLLED_DATA)")

    vendor = commands.add_parser("vendor", help="fill static/vendor from the locked npm packages")
    vendor.add_argument("--check", action="store_true", help="only compare what is there with the lock")
    return top


INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Returns the exit code: 2 where what was asked for cannot be, 130 after Ctrl-C."""
    options = parser().parse_args(arguments)
    try:
        return _chosen(options)(options)
    except KeyboardInterrupt:  # before a command had anything to save
        return INTERRUPTED
    except BrokenPipeError:  # who reads has seen enough: "... | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to say goes nowhere
        return 0


def _chosen(options: argparse.Namespace) -> Callable[[argparse.Namespace], int]:
    match options.command:
        case "serve":
            gc.disable()  # what is imported stays: looking for garbage among it took a tenth of the start
            from app.cli.serve import serve as command
        case "run":
            from app.cli.run import run as command
        case "labs":
            from app.cli.listing import listing as command
        case "train":
            from app.cli.train import train as command
        case _:
            from app.cli.vendor import vendor as command
    return command


if __name__ == "__main__":
    sys.exit(main())
