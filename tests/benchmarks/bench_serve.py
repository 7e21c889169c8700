"""Readers of `planner serve`: 50 at once while one job plans again; bar: no error and p95 at most 150 ms.

Every reader opens the page, the list of runs, the plans, the nearest plan and the jobs in turn, one request at a time
with a short pause, as somebody does who looks at a page. PLANNER_BENCH_S (default 20) seconds.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from planner.cli import main

pytest.importorskip("fastapi", reason="the extra web is not installed")

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "scenarios/minimal.yaml"
RECORD = Path(__file__).with_name("serve.md")
READERS = 50
PAUSE_S = 1.0
QUICK = ("frontier.search_evaluations=0", "frontier.plans=6", "frontier.bound_steps=1", "frontier.cost_points=2", "frontier.share_step=null", "frontier.risk_draws=0")  # fmt: skip  # noqa: E501


def test_fifty_readers_beside_a_job(tmp_path: Path) -> None:
    seconds = float(os.environ.get("PLANNER_BENCH_S", "20"))
    runs = tmp_path / "runs"
    sets = [part for change in QUICK for part in ("--set", change)]
    assert main(["run", str(TOY), "--out", str(runs), "--seed", "1", "--workers", "1", *sets]) == 0
    name = next(runs.glob("minimal-*")).name
    server = subprocess.Popen(
        [sys.executable, "-m", "planner", "serve", str(runs), "--port", "0", "--scenario", str(TOY), "--workers", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        address, token = server.stdout.readline().strip().split("/#token=")
        port = int(address.rsplit(":", 1)[1])
        paths = [
            "/",
            f"/runs/{name}",
            "/api/runs",
            f"/api/runs/{name}",
            f"/api/runs/{name}/nearest?cx=4.1",
            "/api/jobs",
        ]
        for path in paths:  # the first reader loads the run
            _get(port, path)
        times, errors = _read(port, paths, seconds, busy=(name, token))
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)
    _record(times, errors, seconds)
    assert errors == []
    assert _quantile(times, 0.95) <= 150


def _read(port: int, paths: list[str], seconds: float, busy: tuple[str, str]) -> tuple[list[float], list[str]]:
    times: list[float] = []
    errors: list[str] = []
    end = time.monotonic() + seconds

    def reader(k: int) -> None:
        time.sleep(PAUSE_S * k / READERS)
        turn = k
        while time.monotonic() < end:
            began = time.perf_counter()
            try:
                _get(port, paths[turn % len(paths)])
            except (OSError, AssertionError) as err:
                errors.append(repr(err))
            times.append(1000 * (time.perf_counter() - began))
            turn += 1
            time.sleep(PAUSE_S)

    def planning() -> None:
        growth = 0
        while time.monotonic() < end:
            growth += 1
            job = _post(port, f"/api/runs/{busy[0]}/plan-again", busy[1], {"growth": growth / 1000})
            while time.monotonic() < end and json.loads(_get(port, f"/api/jobs/{job['id']}"))["state"] in _OPEN:
                time.sleep(0.5)

    threads = [threading.Thread(target=reader, args=(k,)) for k in range(READERS)] + [threading.Thread(target=planning)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, errors


_OPEN = ("queued", "running")


def _get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status == 200, f"{path}: {answer.status}"
        return data
    finally:
        connection.close()


def _post(port: int, path: str, token: str, body: dict) -> dict:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"content-type": "application/json", "x-planner-token": token}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    assert answer.status == 202, answer.read()
    return json.loads(answer.read())


def _quantile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def _record(times: list[float], errors: list[str], seconds: float) -> None:
    told = [f"{_quantile(times, share):.0f}" for share in (0.5, 0.95, 0.99)]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    text = f"""# Readers of `planner serve` beside a job

{READERS} readers for {seconds:.0f} s, each a request and a pause of {PAUSE_S:g} s, while one job plans the toy center
again and again; {os.cpu_count()} cores, load of the machine {load:.1f}.

| requests | errors | median, ms | p95, ms | p99, ms |
|---|---|---|---|---|
| {len(times)} | {len(errors)} | {told[0]} | {told[1]} | {told[2]} |
"""
    RECORD.write_text(text, encoding="utf-8")
    print("\n" + text)
