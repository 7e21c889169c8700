"""The whole way on the toy: init, validate, run, frontier, show, explain, compare, export, report – and again."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.cli import main

ROOT = Path(__file__).resolve().parents[2]
ASIDE = {"manifest.json", "log.txt", "lock", "report.html", "plans.xlsx"}
NAMES = ("cheapest", "resilient")
SETTINGS = ("frontier.share_step=0.5", "frontier.risk_draws=20")
LITTLE = tuple(part for one in SETTINGS for part in ("--set", one))
"""Few plans: what is asked here is how runs begin, end and are read, not how good their plans are."""


def _results(run: Path) -> dict[str, bytes]:
    files = (p for p in run.rglob("*") if p.is_file() and p.name not in ASIDE)
    return {p.relative_to(run).as_posix(): p.read_bytes() for p in files}


def _planned(folder: Path, *arguments: str) -> Path:
    """Run the toy in a folder and return the run directory."""
    scenario, out = folder / "center" / "scenario.yaml", folder / "runs"
    if not scenario.exists():
        assert main(["--quiet", "init", str(folder / "center")]) == 0
        assert main(["--quiet", "validate", str(scenario)]) == 0
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["--quiet", "run", str(scenario), "--out", str(out), *LITTLE, *arguments]) == 0
    return Path(printed.getvalue().strip())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the toy with one worker."""
    return _planned(tmp_path_factory.mktemp("toy"), "--workers", "1")


@pytest.mark.slow
def test_two_workers_give_the_same_bytes(run: Path, tmp_path: Path) -> None:
    assert _results(_planned(tmp_path, "--workers", "2")) == _results(run)


@pytest.mark.slow
def test_the_same_again_is_already_complete(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _results(run)
    scenario = run.parents[1] / "center" / "scenario.yaml"
    assert main(["run", str(scenario), "--out", str(run.parent), "--workers", "1", *LITTLE]) == 0
    assert "Already complete" in capsys.readouterr().err
    assert _results(run) == before


@pytest.mark.slow
def test_resolved_scenario_loads_as_the_same_scenario(run: Path) -> None:
    original = run.parents[1] / "center" / "scenario.yaml"
    copy = original.with_name("resolved.yaml")
    copy.write_bytes((run / "scenario.yaml").read_bytes())
    assert planner.load_scenario(copy).model_dump() == planner.load_scenario(original, SETTINGS).model_dump()


@pytest.mark.slow
def test_reading_commands_agree_with_the_api(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frontier = planner.load_run(run)
    assert main(["frontier", str(run), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["plans"]
    assert [row["cost"] for row in rows] == list(frontier.table["cost"])
    assert rows[0]["origin"] == "today"
    assert main(["frontier", str(run), "--csv"]) == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [float(line["cx"]) for line in lines] == list(frontier.table["cx"])
    for name in NAMES:
        assert main(["show", str(run), name]) == 0
        assert main(["explain", str(run), name]) == 0
        assert frontier.explain(name) in capsys.readouterr().out
    assert main(["compare", str(run), *NAMES, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    difference = frontier.plan("cheapest").cost - frontier.baseline["cost"]
    assert found["plans"][0]["difference"]["cost"] == difference


@pytest.mark.slow
def test_today_comes_first_and_no_plan_is_beaten(run: Path) -> None:
    table = planner.load_run(run).table
    assert table["origin"].iloc[0] == "today"
    plans = table[table["origin"] != "today"][["cx", "cost", "headroom"]]
    assert len(plans.round(9).drop_duplicates()) == len(plans)
    for _, a in plans.iterrows():
        better = (plans["cx"] >= a["cx"]) & (plans["cost"] <= a["cost"]) & (plans["headroom"] >= a["headroom"])
        assert better.sum() == 1


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jdm", "csv", "xlsx", "staffing", "shifts"])
def test_every_export_is_written(run: Path, tmp_path: Path, form: str) -> None:
    target = tmp_path / f"out.{form}"
    asked = ["export", str(run), "--plan", "cheapest", "--format", form, "--out", str(target)]
    # Rows for closed hours and outages stand in front of the plan's own rules; they are not of the plan.
    assert main(["--quiet", *asked, *(["--no-exceptions"] if form == "csv" else [])]) == 0
    plan = planner.load_run(run).plan("cheapest")
    if form == "jdm":
        assert json.loads(target.read_text(encoding="utf-8"))["nodes"]
    elif form == "xlsx":
        assert zipfile.is_zipfile(target)
    else:
        rows = pd.read_csv(target)
        assert set(rows["plan"]) == {plan.id}
        assert len(rows) == len({"csv": plan.rules.rows, "staffing": plan.staffing, "shifts": plan.shifts}[form])


@pytest.mark.slow
def test_report_is_one_page_and_its_own_place_is_written_again(run: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    assert main(["--quiet", "report", str(run), "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")
    assert main(["--quiet", "report", str(run), "-o", str(target)]) == 2
    assert main(["--quiet", "report", str(run)]) == 0
    assert main(["--quiet", "report", str(run)]) == 0
    assert (run / "report.html").read_bytes() == target.read_bytes()


@pytest.mark.slow
def test_nothing_in_a_run_names_this_machine(run: Path) -> None:
    place = str(run.parents[1])
    for name in ("manifest.json", "inputs.lock.json", "result.json", "scenario.yaml"):
        assert place not in (run / name).read_text(encoding="utf-8")


@pytest.mark.slow
def test_infeasible_exits_3_and_names_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quiet", "init", str(tmp_path / "center")]) == 0
    scenario = str(tmp_path / "center" / "scenario.yaml")
    arguments = ["run", scenario, "--out", str(tmp_path / "runs"), "--workers", "1"]
    code = main([*arguments, "--set", "limits.budget_max=1"])
    captured = capsys.readouterr()
    assert code == 3, captured.err
    assert "smallest set of promises to relax" in captured.err
    assert "budget" in captured.err


@pytest.mark.slow
def test_no_plan_found_exits_4_and_says_what_was_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quiet", "init", str(tmp_path / "center")]) == 0
    scenario = str(tmp_path / "center" / "scenario.yaml")
    few = ("promises.phone_80_20.target=0.99", "pools.phone.roster.hires_max=0", "pools.phone.roster.heads=5")
    changes = [word for change in few for word in ("--set", change)]
    arguments = ["run", scenario, "--out", str(tmp_path / "runs"), "--workers", "1", *changes]
    assert main(arguments) == 4
    captured = capsys.readouterr()
    assert "Each of these by itself was found to be enough:" in captured.err
    assert "  - promises.phone_80_20: the target from 99.0% to 9" in captured.err
    assert "  - roster.heads" in captured.err
    assert "--resume" not in captured.err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_killed_run_resumes_to_the_same_bytes(run: Path, tmp_path: Path) -> None:
    """One moment of many: interrupts at every stage, with two workers too, are asked of a run of few stages."""
    assert main(["--quiet", "init", str(tmp_path / "center")]) == 0
    scenario = tmp_path / "center" / "scenario.yaml"
    arguments = [str(scenario), "--out", str(tmp_path / "runs"), "--workers", "1", *LITTLE]
    process = subprocess.Popen(
        [sys.executable, "-m", "planner", "--quiet", "run", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob("runs/*/chunks/*.chunk"))) < 8 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.poll() is None, "the run ended before it could be stopped"
    os.killpg(process.pid, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, err.decode()
    assert main(["--quiet", "run", *arguments]) == 2
    assert main(["--quiet", "run", *arguments, "--resume"]) == 0
    (resumed,) = (tmp_path / "runs").iterdir()
    assert _results(resumed) == _results(run)
