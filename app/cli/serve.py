"""``serve``: the settings of one server, its socket, and the address for people."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import threading
import webbrowser

import uvicorn
from pydantic import ValidationError

from app.cli.data import lend
from app.cli.model import offer
from app.cli.words import catalogue, refuse
from app.labs.contract import Message, UserError
from app.main import create_app
from app.settings import Settings
from app.web.listen import exit_cleanly, listen, uvicorn_options

EVERY_ADDRESS = ("0.0.0.0", "::")


def serve(options: argparse.Namespace) -> int:
    """Serves until SIGTERM (exit code 0) or Ctrl-C."""
    given = {name: getattr(options, name) for name in ("host", "port", "workers", "device", "root_path", "model")}
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        return refuse(Message("cli.bad-option", {"name": _name(first["loc"]), "got": str(first["input"]), "why": first["msg"]}))
    try:
        offer(settings.model)
        lend(options.data)
    except UserError as error:
        return refuse(error.message)
    lan = machine_addresses() if settings.host in EVERY_ADDRESS else []
    hosts = {*settings.hosts, settings.host, *lan} - set(EVERY_ADDRESS)
    try:
        sock = listen(settings.host, settings.port, settings.send_seconds)
    except OSError as error:
        return refuse(Message("cli.cannot-listen", {"host": settings.host, "port": settings.port, "why": error.strerror or ""}))
    port = sock.getsockname()[1]
    here = "127.0.0.1" if settings.host in EVERY_ADDRESS else settings.host
    address = url(here, port, settings.root_path)
    exit_cleanly()
    try:
        announce(address, [url(host, port, settings.root_path) for host in lan])
        app = create_app(settings.model_copy(update={"hosts": sorted(hosts)}))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", **uvicorn_options()))
        if options.open and has_display():
            threading.Timer(0.5, webbrowser.open, [address]).start()
        gc.freeze()
        gc.enable()  # __main__ held it back; from here on collections look only at what requests make
        server.run(sockets=[sock])
    except KeyboardInterrupt:  # uvicorn raises it again after its clean end
        pass
    return 0


def url(host: str, port: int, root_path: str) -> str:
    """What people type; an IPv6 address stands in brackets."""
    return f"http://[{host}]:{port}{root_path}/" if ":" in host else f"http://{host}:{port}{root_path}/"


def announce(address: str, lan: list[str]) -> None:
    """Prints where the app is; for a class also the address in the local network as a QR code."""
    words = catalogue()
    print(words.text("cli.serving", address=address), flush=True)
    for other in lan:
        print(words.text("cli.serving.lan", address=other), flush=True)
    if lan and sys.stdout.isatty():
        import segno

        segno.make(lan[0], micro=False).terminal(compact=True)


def machine_addresses() -> list[str]:
    """This machine's own IPv4 addresses, loopback left out."""
    import psutil

    found = [entry.address for entries in psutil.net_if_addrs().values() for entry in entries if entry.family.name == "AF_INET"]
    return [address for address in found if not address.startswith("127.")]


def has_display() -> bool:
    """Whether a browser window can open here."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _name(loc: tuple[int | str, ...]) -> str:
    return "--" + str(loc[0]).replace("_", "-") if loc else ""
