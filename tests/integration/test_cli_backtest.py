"""The command `backtest`: from a scenario file, from a run, and what it refuses."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from toy_history import write_toy_history

import planner
from planner.backtest.reading import past_of
from planner.backtest.record import look_back
from planner.cli import main
from planner.history.scenario_history import history_of

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
Captured = pytest.CaptureFixture[str]
SMALL = (
    "frontier.share_step=0.5",
    "frontier.headroom_levels=[0]",
    "frontier.cost_points=2",
    "frontier.plans=6",
    "frontier.bound_prices=2",
    "frontier.bound_boxes=2",
    "frontier.bound_steps=1",
    "frontier.search_evaluations=0",
    "frontier.bound_plans=0",
    "frontier.risk_draws=0",
)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy center with ten weeks of history whose waits have nothing to do with its staffing."""
    return write_toy_history(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def run(toy: Path) -> Path:
    sets = [part for one in SMALL for part in ("--set", one)]
    assert main(["--quiet", "run", str(toy), "--out", str(toy.parent / "runs"), "--workers", "1", *sets]) in (0, 5)
    return next((toy.parent / "runs").iterdir())


def test_scenario_and_run_give_the_same_numbers(toy: Path, run: Path, capsys: Captured) -> None:
    capsys.readouterr()
    main(["backtest", str(toy), "--csv"])
    fresh = pd.read_csv(io.StringIO(capsys.readouterr().out))
    main(["backtest", str(run), "--csv"])
    kept = pd.read_csv(io.StringIO(capsys.readouterr().out))
    forecast = fresh[fresh["volume"] == "forecast"].drop(columns=["missed"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(forecast, kept.drop(columns=["missed"]))
    assert set(fresh["volume"]) == {"forecast", "seen"}
    stored = planner.load_run(run).tables["backtest"]
    assert list(kept.columns) == list(stored.columns)


def test_waits_that_no_queue_makes_are_a_miss_with_exit_code_5(toy: Path, run: Path, capsys: Captured) -> None:
    """Waits in the toy's history are drawn at random, 40 s on average, while its staff could serve nearly at once."""
    capsys.readouterr()
    assert main(["backtest", str(run)]) == 5
    captured = capsys.readouterr()
    assert "Today's model misses last month" in captured.err
    assert "mean wait predicted" in captured.err
    assert "✗ missed" in captured.out
    assert "its agents are the stated staffing less" in captured.err
    assert main(["backtest", str(run), "--json", "--intervals"]) == 5
    told = json.loads(capsys.readouterr().out)
    assert told["missed"]
    assert len(told["weeks"]) == 4
    assert {"interval", "lower", "upper"} <= set(told["intervals"][0])


def test_report_and_run_show_it(run: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["report", str(run), "--out", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Would this model have predicted last month?" in page
    assert '<div class="alarm"' in page


def test_what_cannot_be_done_is_said(run: Path, tmp_path: Path, capsys: Captured) -> None:
    shutil.copytree(SCENARIOS / "data", tmp_path / "data", ignore=shutil.ignore_patterns("generated", "evaluation"))
    shutil.copy(SCENARIOS / "minimal.yaml", tmp_path)
    for arguments, words in (
        ([str(tmp_path / "minimal.yaml")], "names no history"),
        ([str(tmp_path / "nowhere")], "no such run directory"),
        ([str(run), "--weeks", "3"], "this run predicted 4 weeks; --weeks 3 needs the scenario file"),
        ([str(run), "--set", "demand.growth=0.1"], "need the scenario file"),
    ):
        assert main(["backtest", *arguments]) == 2
        assert words in capsys.readouterr().err


def test_too_short_a_history_stops_the_command_but_not_a_run(tmp_path: Path, capsys: Captured) -> None:
    toy = write_toy_history(tmp_path)
    frame = pd.read_csv(tmp_path / "contacts.csv")
    frame[frame["started_at"] < "2025-09-12"].to_csv(tmp_path / "contacts.csv", index=False)
    assert main(["backtest", str(toy)]) == 2
    assert "a backtest needs at least two" in capsys.readouterr().err
    scenario = planner.load_scenario(toy)
    record = look_back(scenario, past_of(scenario, history_of(scenario)), seed=0)
    assert record.tables == {}
    assert record.facts["refused"].startswith("1 complete weeks")
