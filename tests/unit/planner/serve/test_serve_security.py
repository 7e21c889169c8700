"""Who may ask what: own address, token, no other page, no way out of the folder, no name that acts."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from fastapi.testclient import TestClient

from planner.serve.security import MOST_BYTES, refusal

TOKEN = "t"
OWN = [("host", "127.0.0.1:8321"), ("x-planner-token", TOKEN), ("content-length", "0")]


@pytest.mark.parametrize(
    ("hosts", "passes"),
    [
        (["127.0.0.1:8321"], True),
        (["localhost"], True),
        (["evil.example"], False),
        (["evil.example:8321"], False),
        (["127.0.0.1.evil.example"], False),
        (["127.0.0.1:8321@evil.example"], False),
        (["127.0.0.1:8321\n"], False),
        (["localhost.", "localhost"], False),
        (["0.0.0.0:8321"], False),
        (["[::1]:8321"], False),
        ([""], False),
        ([], False),
        (["127.0.0.1:8321", "127.0.0.1:8321"], False),
    ],
)
def test_only_the_own_address_is_answered(hosts, passes):
    found = refusal("GET", [("host", host) for host in hosts], TOKEN)
    assert (found is None) == passes
    assert passes or found[0] == 421


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ([], None),
        ([("origin", "http://127.0.0.1:8321")], None),
        ([("origin", "http://evil.example")], 403),
        ([("origin", "null")], 403),
        ([("x-planner-token", "")], 403),
        ([("x-planner-token", "tt")], 403),
        ([("x-planner-token", "é")], 403),
        ([("content-length", "")], 411),
        ([("content-length", str(MOST_BYTES + 1))], 413),
        ([("content-length", "2"), ("content-type", "text/plain")], 415),
        ([("content-length", "2"), ("content-type", "application/json; charset=utf-8")], None),
    ],
)
def test_what_changes_or_computes_needs_the_token_and_the_own_page(more, status):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        found = refusal(method, list(dict(OWN + more).items()), TOKEN)
        assert (None if found is None else found[0]) == status


def test_every_address_is_guarded(client: TestClient, folder):
    name = folder.glob("minimal-*").__next__().name
    for path in ("/", f"/runs/{name}", "/api/runs", "/openapi.json", "/nowhere"):
        foreign = client.get(path, headers={"host": "rebound.example"})
        assert foreign.status_code == 421
        assert name not in foreign.text
    posts = (
        f"runs/{name}/what-if",
        f"runs/{name}/plan-again",
        f"runs/{name}/simulate",
        "jobs/1/cancel",
        "jobs/1/again",
    )
    for path in posts:
        for token in ("", "wrong"):
            answer = client.post(f"/api/{path}", json={"plan": "p001"}, headers={"x-planner-token": token})
            assert answer.status_code == 403, path
    assert client.get("/api/jobs").json() == []


def test_headers_and_policy_of_every_answer(client: TestClient, folder):
    name = next(folder.glob("minimal-*")).name
    for path in ("/", f"/runs/{name}", "/api/runs", "/api/runs/none", "/nowhere"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in answer.headers
        scripts = re.findall(r"<script>(.*?)</script>", answer.text, re.S)
        for script in scripts:
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            assert f"script-src 'sha256-{digest}'" in policy
    assert TOKENLESS not in client.get(f"/runs/{name}").text


TOKENLESS = "the-token-of-this-test"


@pytest.mark.parametrize(
    "name",
    [
        "..%2fsecret", "%2e%2e", "%2e%2e%2fsecret", "....//secret", ".serve", "secret",
        "link", "minimal-00000000", "%00", "a%0ab", "C:%5Csecret", "~", "x" * 5000,
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder(client: TestClient, folder, name):
    run = next(folder.glob("minimal-*"))
    outside = folder.parent / "secret"
    if not outside.exists():
        run.rename(outside)
        (folder / "link").symlink_to(outside, target_is_directory=True)
    for path in (f"/runs/{name}", f"/api/runs/{name}", f"/api/runs/{name}/export?plan=today&format=report"):
        answer = client.get(path)
        assert answer.status_code in (400, 404), path
        assert "Two reasons" not in answer.text
        assert str(folder.parent) not in answer.text


HOSTILE = "<img src=x onerror=alert(1)>'\"`${7}"


def test_hostile_run_names_are_inert(client: TestClient, folder):
    run = next(folder.glob("minimal-*"))
    run.rename(folder / HOSTILE)
    (folder / "with\nline").mkdir()
    (folder / "with\nline" / "manifest.json").write_text("{}")
    broken = folder / "half {{ 7*7 }}"
    broken.mkdir()
    (broken / "manifest.json").write_text(json.dumps({"name": HOSTILE, "state": HOSTILE, "set": [HOSTILE]}))
    listed = client.get("/").text
    assert "<img" not in listed
    assert "half {{ 7*7 }}" in listed
    assert {one["name"] for one in client.get("/api/runs").json()} == {HOSTILE, "half {{ 7*7 }}"}
    link = re.search(r'<a href="(/runs/[^"]+)"', listed)[1]
    page = client.get(link)
    assert page.status_code == 200
    assert "<img" not in page.text
    for bad in ("nonsense", "[]", '{"state": 7}', ""):
        (broken / "manifest.json").write_text(bad)
        assert client.get("/").status_code == 200


def test_a_missing_extra_is_named(monkeypatch, tmp_path, capsys):
    import sys

    from planner.cli import main

    for name in [name for name in sys.modules if name.startswith("planner.serve")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert main(["serve", str(tmp_path)]) == 2
    assert "pip install 'cxfrontier[web]'" in capsys.readouterr().err
