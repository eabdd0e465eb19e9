"""Pages, assets and JSON of a real server, over HTTP."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from jinja2 import Environment, FileSystemLoader

from app.web import pages
from app.web.security import CONTENT_SECURITY_POLICY
from serving import Server

LABS = ("optimizer", "convolution", "recurrent", "attention")


@pytest.fixture(scope="module")
def http(server: Server):
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


@pytest.mark.parametrize("path", ["/", *(f"/{lab}" for lab in LABS)])
@pytest.mark.parametrize(("lang", "tag"), [("en", "en"), ("zh", "zh-CN")])
def test_every_page_in_both_languages(http, path, lang, tag):
    page = http.get(path, headers={"Accept-Language": lang})
    assert page.status_code == 200
    assert f'<html lang="{tag}"' in page.text
    assert all(f'href="/{lab}"' in page.text for lab in LABS)
    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert page.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page.text), "inline scripts break the policy"
    assert not re.search(r'(src|href)="(https?:)?//', page.text), "nothing is loaded from another origin"


def test_home_names_every_experiment_in_the_order_of_the_tabs(http):
    home = re.findall(r'href="/(\w+)\?experiment=([\w-]+)"', http.get("/").text)
    assert [f"{lab}/{name}" for lab, name in home] == [one["name"] for one in http.get("/api/experiments").json()["experiments"]]


def test_the_link_wins_over_the_cookie_and_the_cookie_over_the_browser(http):
    english = {"Accept-Language": "en-GB,en;q=0.9"}
    assert '<html lang="zh-CN"' in http.get("/?lang=zh", headers=english).text
    assert '<html lang="zh-CN"' in http.get("/", headers={**english, "Cookie": "lang=zh"}).text
    assert '<html lang="en"' in http.get("/?lang=en", headers={"Cookie": "lang=zh"}).text
    assert '<html lang="zh-CN"' in http.get("/", headers={"Accept-Language": "fr, zh-TW;q=0.8, en;q=0.5", "Cookie": ""}).text


def test_every_asset_a_page_names_is_there_and_cached_for_ever(http):
    page = http.get("/optimizer").text
    urls = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    urls.update(re.findall(r'"(/plotly\.[0-9a-f]+\.min\.js)"', page))
    assert len(urls) >= 4
    for url in urls:
        answer = http.get(url)
        assert answer.status_code == 200, url
        assert "immutable" in answer.headers["cache-control"]


def test_plotly_is_compressed_and_is_the_installed_packages_own(http):
    import plotly

    url = re.search(r'"(/plotly\.[0-9a-f]+\.min\.js)"', http.get("/optimizer").text)[1]
    answer = http.get(url, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 2_000_000
    assert answer.text == (Path(plotly.__path__[0]) / "package_data" / "plotly.min.js").read_text("utf-8")


@pytest.mark.parametrize("path", ["/static/../app/main.py", "/static/x/js/lab.js", "/static/%2e%2e/pyproject.toml", "/nothing"])
def test_no_path_leads_outside_the_index(http, path):
    assert http.get(path).status_code == 404


def test_an_error_is_a_page_for_people_and_json_for_programs(http):
    assert http.get("/nothing", headers={"Accept": "application/json"}).json() == {"error": 404}
    page = http.get("/nothing?lang=zh", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert '<html lang="zh-CN"' in page.text


def test_experiments_and_health(http):
    experiments = http.get("/api/experiments").json()["experiments"]
    assert "optimizer/race" in [one["name"] for one in experiments]
    assert http.get("/healthz").json()["status"] == "ok"
    assert "unrolled_runs" in http.get("/metrics").text


@pytest.mark.parametrize("path", ["/api/experiments", "/api/locale/zh.json"])
def test_json_that_the_browser_has_is_not_sent_again(http, path):
    first = http.get(path, headers={"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.json() == http.get(path, headers={"Accept-Encoding": "identity"}).json()
    assert first.headers["cache-control"] == "no-cache"
    again = http.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert http.get(path, headers={"If-None-Match": 'W/"another"'}).status_code == 200


def test_only_get_is_answered(http):
    assert http.post("/", content=b"x" * 100_000).status_code == 405
    assert http.request("DELETE", "/api/experiments").status_code == 405


def test_compiled_templates_are_kept_where_they_may_be(tmp_path, monkeypatch):
    (tmp_path / "page.html").write_text("{{ 1 + 1 }}")
    monkeypatch.setattr(pages, "TEMPLATES", tmp_path)
    environment = Environment(loader=FileSystemLoader(tmp_path), bytecode_cache=pages.compiled_templates())
    assert environment.get_template("page.html").render() == "2"
    assert len(list((tmp_path / "__pycache__").iterdir())) == 1
    monkeypatch.setattr(pages, "TEMPLATES", tmp_path / "page.html")  # no folder, so nothing can be written there
    assert pages.compiled_templates() is None
