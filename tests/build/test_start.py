"""What a new user meets: the server's start, its end, its addresses, and a web process without torch."""

from __future__ import annotations

import subprocess
import sys

import httpx

from serving import ROOT, Server, serving


def test_the_web_process_never_imports_torch():
    code = (
        "import sys; from app.main import create_app; from app.settings import Settings; create_app(Settings());"
        "from app.web.api import described; described();"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('torch', 'pytorch_optimizer', 'plotly', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_proxys_sub_path_is_in_every_url():
    with serving(root_path="/sub") as server:
        page = httpx.get(f"{server.url}/optimizer").text
        assert 'href="/sub/attention"' in page
        assert 'href="/sub/static/' in page
        assert '"root": "/sub"' in page
        assert 'href="/static/' not in page
        stylesheet = page.split('rel="stylesheet" href="')[1].split('"')[0]
        assert httpx.get(server.url + stylesheet.removeprefix("/sub")).status_code == 200, "the proxy takes the prefix away"
        assert httpx.get(server.url + stylesheet).status_code == 200, "the proxy leaves it on"
        assert server.log == "", "nothing that a user must wonder about"


def test_a_taken_port_is_one_sentence(server: Server):
    second = subprocess.run(
        [sys.executable, "-m", "app", "serve", "--port", str(server.port)], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert second.returncode == 2
    assert str(server.port) in second.stderr
    assert "Traceback" not in second.stderr


def test_every_address_allows_this_machines_own_names():
    from app.cli.serve import machine_addresses

    with serving("--host", "0.0.0.0") as server:
        for address in machine_addresses():
            assert httpx.get(server.url, headers={"Host": f"{address}:{server.port}"}).status_code == 200
        assert httpx.get(server.url, headers={"Host": "evil.example"}).status_code == 400
