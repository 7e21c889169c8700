"""Rules from a real run of the toy out of the command line: every format, proof by replay, fewer rules, ways back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.cli import main
from planner.frontier.frontier import Frontier
from planner.routing import FORMATS
from planner.runs import load_run, save_frontier
from planner.scenario.load import load_scenario_record

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
FOLDERS = ("connect", "genesys", "salesforce", "zendesk")


@pytest.fixture(scope="module")
def run(toy_planned: Frontier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy's frontier as a finished run, and beside it its scenario and a history of 2,000 contacts."""
    folder = tmp_path_factory.mktemp("toy")
    shutil.copytree(SCENARIOS, folder / "center", ignore=shutil.ignore_patterns("generated"))
    made = folder / "runs" / "minimal"
    save_frontier(toy_planned, made)
    text = load_scenario_record(folder / "center/minimal.yaml").resolved_text
    (made / "scenario.yaml").write_text(text, encoding="utf-8")
    rng, size = np.random.default_rng(1), 2000
    days = pd.Timestamp("2025-11-03") + pd.to_timedelta(rng.integers(0, 28, size), "D")
    frame = pd.DataFrame(
        {
            "contact_id": [f"c{k}" for k in range(size)],
            "started_at": days + pd.to_timedelta(rng.integers(8 * 3600, 12 * 3600, size), "s"),
            "channel": rng.choice(["voice", "chat"], size),
            "entry_reason": rng.choice(["billing", "fault", "odd"], size),
            "segment": "all",
            "pool": rng.choice(["phone", "desk"], size),
        }
    )
    frame.to_csv(folder / "contacts.csv", index=False)
    return made


def export(run: Path, fmt: str, out: Path, *more: str) -> int:
    return main(["export", str(run), "--plan", "best_cx", "--format", fmt, "--out", str(out), *more])


@pytest.mark.slow
@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_is_written_and_proved(
    run: Path, fmt: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, history = tmp_path / fmt, run.parents[1] / "contacts.csv"
    assert export(run, fmt, out, "--replay", str(history), "--rollback", str(tmp_path / "back")) == 0
    said = capsys.readouterr()
    assert said.out.split() == [out.as_posix(), (tmp_path / "back").as_posix()]
    assert out.is_dir() == (fmt in FOLDERS)
    if fmt in ("zendesk", "salesforce"):
        assert "not executed" in said.err
    else:
        assert "2,000 of 2,000 contacts decided as the rules decide" in said.err
    if fmt not in ("jdm", "dmn", "csv"):
        assert "not deployable: no id for" in said.err
    assert "phone: " in said.err
    if out.is_dir():
        assert "not deployable" in (out / "README.md").read_text(encoding="utf-8")
    assert export(run, fmt, out) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.slow
def test_fewer_rules_come_with_their_price(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = run.parents[1] / "center/minimal.yaml"
    out = tmp_path / "rules.json"
    assert export(run, "jdm", out, "--max-rules", "3", "--scenario", str(scenario)) == 0
    assert "of the plan's gain over Today is kept" in capsys.readouterr().err
    report = (tmp_path / "rules.json-fewer-rules.md").read_text(encoding="utf-8")
    table = json.loads(out.read_text(encoding="utf-8"))["nodes"][1]["content"]["rules"]
    assert len(table) == 3
    assert report.startswith("# 3 rules instead of 7")
    assert "- every promise kept: yes" in report
    assert export(run, "jdm", tmp_path / "x", "--max-rules", "3") == 2
    assert "needs the run's scenario: --scenario FILE" in capsys.readouterr().err
    demand = scenario.parent / "data/minimal_demand.csv"
    text = demand.read_text(encoding="utf-8")
    demand.write_text(text.replace("billing,voice,all,1", "billing,voice,all,4"), encoding="utf-8")
    try:
        assert export(run, "jdm", tmp_path / "x", "--max-rules", "3", "--scenario", str(scenario)) == 2
        assert "so its rules cannot be weighed" in capsys.readouterr().err
    finally:
        demand.write_text(text, encoding="utf-8")
    other = scenario.with_name("other.yaml")
    other.write_text(scenario.read_text(encoding="utf-8").replace("wage_per_h: 40", "wage_per_h: 41"), encoding="utf-8")
    assert export(run, "jdm", tmp_path / "x", "--max-rules", "3", "--scenario", str(other)) == 2
    assert "is not the scenario this run was made from" in capsys.readouterr().err


@pytest.mark.slow
def test_change_sheet_shares_and_todays_rules(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = run.parents[1] / "contacts.csv"
    sheet = tmp_path / "sheet"
    assert export(run, "markdown", sheet, "--today", str(history)) == 0
    names = ["change-sheet.csv", "change-sheet.md", "guards.md", "handling.csv", "handling.md", "worth.csv"]
    assert sorted(p.name for p in sheet.iterdir()) == names
    said = (sheet / "change-sheet.md").read_text(encoding="utf-8")
    assert "offered chat" in said
    assert "dual of the pool's work" in said
    assert export(run, "csv", tmp_path / "some.csv", "--share", "0.25", "--replay", str(history)) == 0
    rows = pd.read_csv(tmp_path / "some.csv")
    own = load_run(run).plan("best_cx").rules
    assert (rows["rollout_to"] == 0.25).sum() == len(own.rows)
    assert export(run, "csv", tmp_path / "none.csv", "--share", "0") == 2
    capsys.readouterr()
    assert export(run, "csv", tmp_path / "none.csv", "--overflow-after", "60") == 2
    assert "sends no contacts over" in capsys.readouterr().err
    assert export(run, "csv", tmp_path / "none.csv", "--agent-index", str(tmp_path / "agents.csv")) == 2
    assert "--replay HISTORY" in capsys.readouterr().err
    asked = ("--agent-index", str(tmp_path / "agents.csv"), "--replay", str(history))
    assert export(run, "csv", tmp_path / "rules.csv", *asked) == 2  # this history does not say who served
    assert "no served contact of the history has agent" in capsys.readouterr().err
    assert export(run, "csv", tmp_path / "rules.csv", "--replay", str(tmp_path / "nowhere.parquet")) == 2
    assert not (tmp_path / "rules.csv").exists(), "what is refused leaves nothing behind"
    config = tmp_path / "queues.json"
    config.write_text('{"entities": [{"id": "q-1", "name": "phone"}, {"id": "q-9", "name": "old"}]}', encoding="utf-8")
    assert export(run, "genesys", tmp_path / "g", "--today", str(config)) == 0
    assert "queue phone: exists" in (tmp_path / "g/configuration-diff.md").read_text(encoding="utf-8")
    assert '"q-1"' in (tmp_path / "g/3-rows.json").read_text(encoding="utf-8")
    binding = tmp_path / "ids.yaml"
    binding.write_text("pools: {phne: q-1}\n", encoding="utf-8")
    capsys.readouterr()
    assert export(run, "genesys", tmp_path / "h", "--binding", str(binding)) == 2
    assert "did you mean 'phone'" in capsys.readouterr().err
    assert export(run, "xlsx", tmp_path / "x.xlsx", "--binding", str(binding)) == 2


@pytest.mark.slow
def test_rules_of_a_run_are_what_its_exports_decide(run: Path) -> None:
    rules = planner.load_run(run).plan("best_cx").rules
    answer = rules.decide({"contact_id": "7", "entry_reason": "billing", "channel": "voice", "segment": "all"})
    assert answer["pool"] == "phone"
    assert {"rule", "pool", "priority", "channel_offer", "overflow_pool", "overflow_after_s"} <= set(answer)
