"""What the start of ``serve`` leaves for later: the first page waits for every module that comes before it."""

from __future__ import annotations

import subprocess
import sys

from serving import ROOT

LATER = (
    "torch",
    "numpy",
    "limits",
    "prometheus_client",
    "psutil",
    "segno",
    "app.labs.optimizer.params",
    "app.engine.worker",
)
FIRST_PAGE = """
import asyncio, sys
import app.cli.serve
from app.main import create_app
from app.web import languages

assert "babel" not in sys.modules

sent = []

async def receive():
    return {"type": "http.request"}

async def send(message):
    sent.append(message)

headers = [(b"host", b"127.0.0.1")]
scope = {"type": "http", "method": "GET", "path": "/optimizer", "query_string": b"", "headers": headers, "root_path": ""}
asyncio.run(create_app()(scope, receive, send))
assert sent[0]["status"] == 200 and b"</html>" in sent[1]["body"], sent
print(*(name for name in sys.argv[1:] if name in sys.modules))
print(languages.catalogue.cache_info().currsize)
"""


def test_the_first_page_is_there_before_what_it_does_not_need() -> None:
    ran = subprocess.run([sys.executable, "-c", FIRST_PAGE, *LATER], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    imported, catalogues = ran.stdout.splitlines()
    assert imported.split() == []
    assert catalogues == "1"  # the page's own language
