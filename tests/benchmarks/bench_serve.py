"""Serving the reference scenario: 50 readers at once while it is planned again, and what-if beside them.

Bars: no error and p95 at most 150 ms; a what-if answers in at most 5 s, with a bound. Every reader opens the page, the
list of runs, the plans, the nearest plan and the jobs in turn, one request at a time with a short pause, as somebody
does who looks at a page. PLANNER_BENCH_S (default 60) seconds. PLANNER_BENCH_RUN names a finished run of the reference
(its scenario beside the folder of runs); without it the demonstration is planned first, which takes minutes. On a
shared machine the wall clock tells what others do, so processor seconds stand beside it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from planner.frontier.what_if import Question
from planner.runs import load_run

pytest.importorskip("fastapi", reason="the extra web is not installed")

RECORD = Path(__file__).with_name("serve.md")
READERS = 50
PAUSE_S = 1.0
CHANGES = {
    "volume +5 %": Question(volume={"": 0.05}),
    "volume -5 %": Question(volume={"": -0.05}),
    "AHT +5 %": Question(aht={"": 0.05}),
    "AHT -5 %": Question(aht={"": -0.05}),
}
BUDGET = 0.98


@dataclass(frozen=True)
class Served:
    """A running server: its process, port, token, and the run and plan that are asked about."""

    process: subprocess.Popen[str]
    port: int
    token: str
    run: str


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the reference in a folder of its own, which the server may write to."""
    home = tmp_path_factory.mktemp("reference")
    given = os.environ.get("PLANNER_BENCH_RUN")
    if given is None:
        subprocess.run([sys.executable, "-m", "planner", "demo"], cwd=home, check=True)
    else:
        shutil.copytree(Path(given).resolve().parent.parent, home / "demo")
    return next(home.glob("demo/runs/retail_bank-*"))


@contextlib.contextmanager
def serving(run: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "planner", "serve", str(run.parent), "--port", "0", "--workers", "1"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    try:
        address, token = process.stdout.readline().strip().split("/#token=")
        yield Served(process, int(address.rsplit(":", 1)[1]), token, run.name)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def test_fifty_readers_beside_a_job_and_what_if(reference: Path) -> None:
    seconds = float(os.environ.get("PLANNER_BENCH_S", "60"))
    with serving(reference) as served:
        paths = [
            "/",
            f"/runs/{served.run}",
            "/api/runs",
            f"/api/runs/{served.run}",
            f"/api/runs/{served.run}/nearest?cx=4.0",
            "/api/jobs",
        ]
        for path in paths:  # the first reader loads the run
            _get(served.port, path)
        before = _cpu_s(served.process.pid)
        times, errors, states = _read(served, paths, seconds)
        spent = _cpu_s(served.process.pid) - before
    asked = _ask(reference)
    _record(times, errors, seconds, spent, asked)
    assert errors == []
    assert states == {"running"}, "a job must be at work all the time"
    assert _quantile(times, 0.95) <= 150
    assert max(cpu for _, _, _, cpu, _ in asked) <= 5.0
    assert all(bounded for *_, bounded in asked)


def _read(served: Served, paths: list[str], seconds: float) -> tuple[list[float], list[str], set[str]]:
    """Milliseconds of every request, what went wrong, and the states of the job that were seen."""
    times: list[float] = []
    errors: list[str] = []
    states: set[str] = set()
    job = _post(served.port, f"/api/runs/{served.run}/plan-again", served.token, {"growth": 0.01})
    while _state(served.port, job) == "queued":
        time.sleep(0.1)
    end = time.monotonic() + seconds

    def reader(k: int) -> None:
        time.sleep(PAUSE_S * k / READERS)
        turn = k
        while time.monotonic() < end:
            began = time.perf_counter()
            try:
                _get(served.port, paths[turn % len(paths)])
            except (OSError, AssertionError) as err:
                errors.append(repr(err))
            times.append(1000 * (time.perf_counter() - began))
            turn += 1
            time.sleep(PAUSE_S)

    threads = [threading.Thread(target=reader, args=(k,)) for k in range(READERS)]
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        states.add(_state(served.port, job))
        time.sleep(2.0)
    for thread in threads:
        thread.join()
    _post(served.port, f"/api/jobs/{job['id']}/cancel", served.token, {})
    return times, errors, states


def _state(port: int, job: dict) -> str:
    return json.loads(_get(port, f"/api/jobs/{job['id']}"))["state"]


def _ask(run: Path) -> list[tuple[str, str, float, float, bool]]:
    """Change, plan, wall and processor seconds, whether a bound came with it; the first question warms up."""
    frontier = load_run(run)
    table = frontier.table[frontier.table["origin"] != "today"]
    middle, cheapest = table.iloc[len(table) // 2], table[table["name"] == "cheapest"].iloc[0]
    questions = {**CHANGES, f"a budget of {BUDGET:.0%}": None}
    frontier.what_if(str(middle["plan"]), Question())
    asked = []
    for row in (middle, cheapest):
        plan, money = str(row["plan"]), BUDGET * float(row["cost"])
        for title, question in questions.items():
            began, spent = time.perf_counter(), time.process_time()
            answers = frontier.what_if(plan, question or Question(budget=money, headroom=0.0))
            wall, cpu = time.perf_counter() - began, time.process_time() - spent
            anew = [answer for answer in answers if answer.case in ("same money", "same CX")]
            asked.append((title, plan, wall, cpu, any(answer.gap >= 0 for answer in anew)))
    return asked


def _cpu_s(pid: int) -> float:
    """Processor seconds of a process so far, its ended children left out; NaN where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
    assert answer.status in (200, 202), answer.read()
    return json.loads(answer.read())


def _quantile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def _record(times: list[float], errors: list[str], seconds: float, spent: float, asked: list[tuple]) -> None:
    told = [f"{_quantile(times, share):.0f}" for share in (0.5, 0.95, 0.99)]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    rows = "\n".join(
        f"| {title} | {plan} | {wall:.1f} | {cpu:.1f} | {'yes' if bounded else 'no'} |"
        for title, plan, wall, cpu, bounded in asked
    )
    text = f"""# Serving the reference scenario

{READERS} readers for {seconds:.0f} s, each a request and a pause of {PAUSE_S:g} s, while one job plans the reference
again; {os.cpu_count()} cores, load of the machine {load:.1f} (the job and the readers count for about 2).

| requests | errors | median, ms | p95, ms | p99, ms | server, processor ms a request |
|---|---|---|---|---|---|
| {len(times)} | {len(errors)} | {told[0]} | {told[1]} | {told[2]} | {1000 * spent / len(times):.1f} |

What-if on the same run, one question at a time in one warm process.

| change | plan | s | processor s | with a bound |
|---|---|---|---|---|
{rows}
"""
    RECORD.write_text(text, encoding="utf-8")
    print("\n" + text)
