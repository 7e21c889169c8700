"""The shipped center that never closes: its days begin at 6:00, and the same center on an earlier clock at 0:00."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.cli import main
from planner.frontier.frontier import Frontier

NIGHT = Path(__file__).resolve().parents[2] / "scenarios" / "night.yaml"
FEW = ("frontier.risk_draws=4", "frontier.search_evaluations=0", "frontier.bound_plans=0", "frontier.plans=4")
EARLIER = dt.timedelta(hours=6)
CLOCKS = {"06:00": "00:00", "30:00": "24:00", "22:00": "16:00", "14:00": "08:00", "09:00": "03:00", "11:00": "05:00",
          "07:00": "01:00", "18:00": "12:00"}  # fmt: skip


@pytest.fixture(scope="module")
def night() -> Frontier:
    return planner.plan(planner.load_scenario(NIGHT, FEW), seed=1)


def on_an_earlier_clock(folder: Path) -> Path:
    """Write the scenario as if all its clocks went six hours earlier, so that its days end at midnight."""
    text = NIGHT.read_text()
    for old, new in CLOCKS.items():
        text = text.replace(f'"{old}"', f'"@{new}"')
    (folder / "data").mkdir()
    (folder / "night.yaml").write_text(text.replace("@", ""))
    data = NIGHT.parent / "data"
    demand = pd.read_csv(data / "night_demand.csv")
    at = pd.to_datetime(demand["interval_start"]) - EARLIER
    demand.assign(interval_start=at.dt.strftime("%Y-%m-%d %H:%M")).to_csv(
        folder / "data" / "night_demand.csv", index=False
    )
    staffing = pd.read_csv(data / "night_today_staffing.csv")
    clock = pd.Timestamp("2026-01-05") + pd.to_timedelta(staffing["weekday"], unit="D")
    at = clock + pd.to_timedelta(staffing["time"] + ":00") - EARLIER
    staffing = staffing.assign(weekday=at.dt.day_of_week, time=at.dt.strftime("%H:%M"))
    staffing.to_csv(folder / "data" / "night_today_staffing.csv", index=False)
    (folder / "data" / "night_today_routing.csv").write_text((data / "night_today_routing.csv").read_text())
    return folder / "night.yaml"


def test_the_clock_changes_no_plan(night: Frontier, tmp_path: Path) -> None:
    earlier = planner.plan(planner.load_scenario(on_an_earlier_clock(tmp_path), FEW), seed=1)
    columns = ["plan", "cx", "cost", "headroom", "cost_bound", "gap", "peak_fte", "hires"]
    pd.testing.assert_frame_equal(night.table[columns], earlier.table[columns])
    for name in ("staffing", "simulated", "demand"):
        moved = night.tables[name].copy()
        at = pd.to_datetime(moved["interval"]) - EARLIER
        moved["interval"] = at.dt.strftime("%Y-%m-%dT%H:%M")
        there = earlier.tables[name].assign(interval=lambda t: t["interval"].str[:16])
        pd.testing.assert_frame_equal(moved, there)


def test_shifts_stand_in_the_calendar_and_cover_the_staffing(night: Frontier) -> None:
    plan = night.plan("p001")
    nights = plan.shifts[plan.shifts["shift"] == "night"]
    assert (nights["start"] == "22:00").all()
    assert (nights["end"] == "06:00").all()
    assert nights["day"].tolist() == [f"2026-01-{day:02d}" for day in range(5, 12)]
    staffing = plan.staffing.set_index("interval")["scheduled"]
    assert staffing.index[-1].startswith("2026-01-12T05:30")
    floor = pd.Series(0.0, index=pd.to_datetime(staffing.index.str[:16]))
    breaks = {"early": 4, "day": 4, "late": 4}
    for row in plan.shifts.to_dict("records"):
        begin = pd.Timestamp(f"{row['day']} {row['start']}")
        end = pd.Timestamp(f"{row['day']} {row['end']}")
        end += pd.Timedelta(days=1) if end <= begin else pd.Timedelta(0)
        there = (floor.index >= begin) & (floor.index < end)
        if row["shift"] in breaks:
            there &= floor.index != begin + pd.Timedelta(hours=breaks[row["shift"]])
        floor[there] += row["people"]
    assert floor.tolist() == staffing.tolist()
    late = floor[(floor.index.hour >= 22) | (floor.index.hour < 6)]
    assert late.min() >= 2  # as its day part asks


def test_what_is_simulated_agrees_on_every_day(night: Frontier) -> None:
    """Later contacts come on the days of their type also where no night parts the days."""
    assert not night.tables["agreement"]["failed"].any()
    simulated = night.tables["simulated"]
    name = next(plan for plan in simulated["plan"] if plan != "today")
    seen, said = simulated[simulated["plan"] == name], night.plan(name).service
    days = [frame.groupby(frame["interval"].str[:10])["offered"].sum() for frame in (seen, said)]
    assert (days[0] / days[1]).iloc[:-1].between(0.95, 1.05).all()  # the last is six hours of a night


def test_the_command_line_plans_and_exports_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = [f"--set={one}" for one in FEW]
    assert main(["run", str(NIGHT), *few, "--out", str(tmp_path), "--seed", "1", "--workers", "1"]) == 0
    run = next(path for path in tmp_path.iterdir() if path.is_dir())
    out = tmp_path / "shifts.csv"
    assert main(["export", str(run), "--plan", "p001", "--format", "shifts", "--out", str(out)]) == 0
    shifts = pd.read_csv(out)
    assert set(shifts.loc[shifts["shift"] == "night", "end"]) == {"06:00"}
    capsys.readouterr()
