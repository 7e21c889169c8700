"""A decision is recorded once and for good, and the next run shows the adopted plan in its own world."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from planner.cli import main
from planner.errors import PlanError, RunError
from planner.frontier.adopted import mix_distance, shift_distance
from planner.report import adopted_lines, build_payload
from planner.runs import load_run
from planner.runs.decisions import adopt, decisions_of, standing

TOY = Path(__file__).resolve().parents[2] / "scenarios/minimal.yaml"
QUICK = (
    "frontier.search_evaluations=0", "frontier.plans=4", "frontier.bound_steps=1", "frontier.cost_points=2",
    "frontier.share_step=null", "frontier.risk_draws=0", "frontier.bound_plans=0",
)  # fmt: skip


def planned(out: Path, *more: str) -> list[str]:
    sets = [part for change in (*QUICK, *more) for part in ("--set", change)]
    return ["run", str(TOY), "--out", str(out), "--seed", "3", "--workers", "1", *sets]


@pytest.fixture(scope="module")
def out(quick_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adopting") / "runs"
    shutil.copytree(quick_run, folder / quick_run.name)
    return folder


@pytest.fixture(scope="module")
def first(out):
    return load_run(next(out.glob("minimal-*")))


def spare_plan(first) -> str:
    rows = first.table[first.table["origin"] != "today"].sort_values("headroom")
    return str(rows.iloc[-1]["plan"])


def test_the_adopted_plan_is_evaluated_in_the_new_world(out, first, capsys):
    plan = spare_plan(first)
    row = first.plan(plan).summary
    assert main(["adopt", str(out / first.run), "--plan", plan, "--by", "A. Meier", "--why", "no hires", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["plan"], said["by"], said["axes"]["cost"]) == (plan, "A. Meier", row["cost"])

    # Demand grows by 5 %: of the adopted plan's headroom h, (1 + h) / 1.05 − 1 is left, by the definition of headroom.
    assert main(planned(out, "demand.growth=0.05")) == 0
    told = capsys.readouterr()
    grown = load_run(told.out.strip().splitlines()[-1])
    own = grown.tables["adopted"].iloc[0]
    assert own["plan"] == "adopted"
    assert own["headroom"] == pytest.approx((1 + row["headroom"]) / 1.05 - 1, abs=1e-4)
    assert own["hires"] == row["hires"]
    assert own["cost"] >= row["cost"]
    assert f"Adopted: {plan} of {first.run}, by A. Meier" in told.err
    assert "moves from it by" in told.err
    assert main(["compare", str(out / grown.run), str(grown.table["plan"].iloc[1])]) == 0
    assert f"Adopted: {plan} of {first.run}" in capsys.readouterr().err
    page = build_payload(grown)["adopted"]
    assert page["lines"] == adopted_lines(grown)
    assert page["axes"]["cx"] == own["cx"]

    # In an unchanged world it is what it was, and every distance is recounted from the two plans' own tables.
    assert main(planned(out, "frontier.plans=5")) == 0
    same = load_run(capsys.readouterr().out.strip().splitlines()[-1])
    table = same.tables["adopted"].set_index("plan")
    assert tuple(table.loc["adopted", ["cx", "cost", "headroom"]]) == pytest.approx(
        (row["cx"], row["cost"], row["headroom"]), abs=2e-5
    )
    key = ["pool", "day", "shift", "start", "end"]
    before = first.plan(plan).shifts.set_index(key)["people"].to_dict()
    for other in same.table["plan"].iloc[1:]:
        now = same.plan(other).shifts.set_index(key)["people"].to_dict()
        changes = [now.get(k, 0) - before.get(k, 0) for k in {*now, *before}]
        assert table.loc[other, "shifts_added"] == sum(c for c in changes if c > 0)
        assert table.loc[other, "shifts_removed"] == -sum(c for c in changes if c < 0)
        assert table.loc[other, "issues_moved"] >= 0
    assert pd.isna(table.loc["today", "shifts_added"])
    twin = same.table[(same.table["cost"] - row["cost"]).abs() < 1e-6]
    assert any(table.loc[p, ["shifts_added", "shifts_removed", "issues_moved"]].sum() == 0 for p in twin["plan"])


def test_the_same_decision_gives_the_same_bytes_and_staying_as_today_ends_it(out, first, tmp_path, capsys):
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / first.run).symlink_to(out / first.run)
    (folder / "decisions").mkdir()
    decided = decisions_of(out, "minimal")[-1]
    text = (out / "decisions/minimal.jsonl").read_text(encoding="utf-8")
    (folder / "decisions/minimal.jsonl").write_text(text, encoding="utf-8")
    assert main([*planned(folder, "demand.growth=0.05"), "--dry-run"]) == 0
    twin = Path(capsys.readouterr().out.split("directory: ")[1].splitlines()[0]).name
    assert (out / twin / "result.json").is_file(), "the same decision must lead to the same directory"
    adopt(folder / first.run, "today", by="A. Meier", why="not now")
    assert [one.plan for one in decisions_of(folder, "minimal")] == [decided.plan, "today"]
    assert main([*planned(folder), "--dry-run"]) == 0
    assert first.run in capsys.readouterr().out


def test_a_decision_whose_run_is_gone_is_said(first, out, tmp_path, capsys):
    folder = tmp_path / "runs"
    (folder / "decisions").mkdir(parents=True)
    text = (out / "decisions/minimal.jsonl").read_text(encoding="utf-8")
    (folder / "decisions/minimal.jsonl").write_text(text, encoding="utf-8")
    assert main([*planned(folder), "--dry-run"]) == 0
    assert "is not shown" in capsys.readouterr().err


def test_decisions_are_appended_only_and_damage_is_told(first, out, tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / first.run).symlink_to(out / first.run)
    file = folder / "decisions/minimal.jsonl"
    assert standing(folder, "minimal") is None
    adopt(folder / first.run, "cheapest", by="A", why="x")
    before = file.read_bytes()
    file.write_bytes(before + b'{"half a li')
    assert len(decisions_of(folder, "minimal")) == 1
    adopt(folder / first.run, "p001", by="Ø B", why='"quoted"\nand two lines')
    assert file.read_bytes().startswith(before)
    assert decisions_of(folder, "minimal")[1].why == '"quoted" and two lines'
    for by, why in (("", "x"), ("A", "  "), ("x" * 121, "x"), ("a\x1b[2J", "x")):
        with pytest.raises(PlanError, match="printable characters"):
            adopt(folder / first.run, "p001", by=by, why=why)
    with pytest.raises(PlanError, match="not in this run"):
        adopt(folder / first.run, "p999", by="A", why="x")
    for bad in (b"{}\n", b"[]\n", b"x\n", before.replace(first.run.encode(), b"../up")):
        file.write_bytes(before + bad)
        with pytest.raises(RunError, match="minimal.jsonl:2: is not a decision"):
            decisions_of(folder, "minimal")


def test_distances_by_hand():
    key = {"pool": "a", "day": "d", "shift": "s", "start": "1", "end": "2"}
    base = pd.DataFrame([{**key, "people": 3}, {**key, "day": "e", "people": 1}])
    other = pd.DataFrame([{**key, "people": 1}, {**key, "day": "f", "people": 4}])
    assert shift_distance(base, other) == (4, 3)
    assert shift_distance(base, base) == (0, 0)
    mix = {"reason": "r", "segment": "s", "from_channel": "voice"}
    here = pd.DataFrame([{**mix, "channel": "voice", "issues": 90.0}, {**mix, "channel": "chat", "issues": 10.0}])
    there = pd.DataFrame([{**mix, "channel": "voice", "issues": 70.0}, {**mix, "channel": "chat", "issues": 30.0}])
    assert mix_distance(here, there) == 20.0
