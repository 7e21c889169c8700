"""The shipped center with hours by weekday: nobody works or comes while it is closed, and the bound holds."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_centers import problem_of, random_plans, write_team  # noqa: E402

import planner  # noqa: E402
from planner.cli import main  # noqa: E402
from planner.errors import PlanError  # noqa: E402
from planner.frontier.earlier import Earlier  # noqa: E402
from planner.frontier.frontier import Frontier  # noqa: E402
from planner.frontier.held import held_from  # noqa: E402
from solvers.flow.solution import judge  # noqa: E402

WEEK = Path(__file__).resolve().parents[2] / "scenarios" / "weekdays.yaml"
MINIMAL = WEEK.with_name("minimal.yaml")
FEW = ("frontier.risk_draws=4", "frontier.search_evaluations=10", "frontier.bound_plans=0", "frontier.plans=6")
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@pytest.fixture(scope="module")
def week() -> Frontier:
    return planner.plan(planner.load_scenario(WEEK, FEW), seed=1)


def hours_of(date: dt.date) -> tuple[str, str] | None:
    """When the file says the center opens and closes on a date; None where it does not."""
    stated = yaml.safe_load(WEEK.read_text(encoding="utf-8"))["horizon"]
    own = stated["hours"].get(date, stated["hours"].get(NAMES[date.weekday()], stated))
    return None if own == "closed" else (own["opens"], own["closes"])


def open_intervals() -> list[str]:
    """Starts of the half hours in which the file says the center is open."""
    found = []
    for day in range(7):
        date = dt.date(2026, 1, 5) + dt.timedelta(days=day)
        if (hours := hours_of(date)) is not None:
            ends = [pd.Timestamp(f"{date} {clock}") for clock in hours]
            found += list(pd.date_range(*ends, freq="30min", inclusive="left").strftime("%Y-%m-%dT%H:%M"))
    return found


def test_no_shift_of_any_plan_leaves_the_hours_of_its_day(week: Frontier) -> None:
    kinds = yaml.safe_load(WEEK.read_text(encoding="utf-8"))["shifts"]
    everybody = 0
    for name in week.table["plan"]:
        if name == "today":
            continue
        plan = week.plan(name)
        floor = {pool: pd.Series(0.0, index=open_intervals()) for pool in ("phone", "mail")}
        for row in plan.shifts.to_dict("records"):
            hours = hours_of(dt.date.fromisoformat(row["day"]))
            assert hours is not None
            assert hours[0] <= row["start"] < row["end"] <= hours[1]
            assert row["shift"] != "short" or dt.date.fromisoformat(row["day"]).weekday() == 5
            begin = pd.Timestamp(f"{row['day']} {row['start']}")
            at = pd.to_datetime(floor[row["pool"]].index)
            there = (at >= begin) & (at < pd.Timestamp(f"{row['day']} {row['end']}"))
            for pause in kinds[row["shift"]].get("breaks", ()):
                there &= at != begin + pd.Timedelta(hours=pause["after_h"])
            floor[row["pool"]][there] += row["people"]
            everybody += row["people"]
        for pool, own in plan.staffing.groupby("pool", sort=False):
            assert own["interval"].tolist() == open_intervals()
            assert own["scheduled"].tolist() == floor[pool].tolist()
    assert everybody > 0


def test_every_table_tells_open_time_only(week: Frontier) -> None:
    """Demand, service, carry-over and what was simulated; promises per day name the days that open."""
    for name, table in week.tables.items():
        if "interval" in table.columns and len(table):
            assert set(table["interval"].str[:16]) - {""} <= set(open_intervals()), name
    days = week.tables["promises"].query("promise == 'phone_80_30' and plan == 'p001'")["period"].tolist()
    assert days == ["2026-01-05", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-10"]
    carried = week.tables["carry_over_promises"]
    assert set(carried.loc[carried["promise"] == "phone_80_30", "period"]) == set(days)
    assert not week.tables["agreement"]["failed"].any()
    simulated = week.tables["simulated"].groupby(["plan", "pool"])["interval"].agg(list)
    assert all(intervals == open_intervals() for intervals in simulated)


def test_hours_that_say_what_every_day_has_change_no_plan() -> None:
    """Neither do days of shifts that name them all."""
    every = "{" + ", ".join(f'{day}: {{opens: "09:00", closes: "11:00"}}' for day in NAMES) + "}"
    same = (f"horizon.hours={every}", f"shifts.morning.days=[{', '.join(NAMES)}]")
    few = ("frontier.risk_draws=4", "frontier.cost_points=3", "frontier.headroom_levels=[0, 0.2]")
    plain, stated = (planner.plan(planner.load_scenario(MINIMAL, (*few, *own)), seed=2) for own in ((), same))
    pd.testing.assert_frame_equal(plain.table, stated.table, check_exact=True)
    for name in plain.tables:
        pd.testing.assert_frame_equal(plain.tables[name], stated.tables[name], check_exact=True)


def test_a_closed_sunday_is_as_a_week_of_six_days() -> None:
    """The same people from Monday to Saturday cost, reach and withstand the same, but for what e-mails wait."""
    no_waits = "experience.wait_loss=[{channel: voice, wait_s: [0, 30, 120, 300], loss: [0, 0, 0.4, 1.0]}]"
    seven = problem_of(WEEK, no_waits).instance
    six = problem_of(WEEK, no_waits, "horizon.days=6").instance
    plans = random_plans(six, 3, 12)
    assert len(plans) > 5
    for plan in plans:
        people = tuple(np.vstack([own, np.zeros((1, own.shape[1]), dtype=np.int64)]) for own in plan.staffing.people)
        there = judge(seven, plan.routing, people, "search")
        assert there.cx == pytest.approx(plan.cx, rel=1e-12)
        assert there.cost == pytest.approx(plan.cost, rel=1e-12)
        assert there.evaluation.headroom == pytest.approx(plan.evaluation.headroom, abs=1e-9)
        assert there.feasible == plan.feasible
        mail = there.evaluation.state
        assert mail.in_time.tolist() == plan.evaluation.state.in_time.tolist()


def test_a_team_without_a_shift_on_a_day_sends_its_contacts_to_those_who_have_one(tmp_path: Path) -> None:
    """A team linked to another is closed on Saturdays; a team on its own that gets contacts then has no plan."""
    instance = problem_of(write_team(tmp_path)).instance
    phone, team = 0, 1
    saturday = slice(5 * 20, 6 * 20)
    assert instance.network.closed[team, saturday].all()
    assert not instance.network.closed[team, : 20 * 5 : 20][[0, 2, 3, 4]].any()
    assert not instance.network.closed[phone].any()
    plans = [plan for plan in random_plans(instance, 4, 20) if plan.feasible]
    assert plans
    shared = 0
    for plan in plans:
        come = plan.evaluation.state.arrivals.sum(axis=1)
        assert (come[team, saturday] == 0).all()
        assert (plan.staffing.people[team][5] == 0).all()
        assert come[phone, saturday].sum() > 0
        shared += come[team].sum() > 0
    assert shared > 0


def test_hours_that_no_shift_of_their_day_covers_are_proven_impossible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--set=frontier.risk_draws=4", "--set=pools.phone.shifts=[full, part]"]
    assert main(["run", str(WEEK), *few, "--out", str(tmp_path), "--workers", "1"]) == 3
    said = capsys.readouterr().err
    assert "no shift of phone covers 2026-01-10 09:00, when contacts come in voice: order / all, repair / all" in said
    assert "pools.*.shifts" in said


def test_shifts_of_a_day_that_is_closed_now_cannot_be_kept(tmp_path: Path) -> None:
    """An earlier plan of a week without a holiday, kept in one that has it."""
    text = WEEK.read_text(encoding="utf-8").replace("data/", f"{WEEK.parent / 'data'}/")
    demand = pd.read_csv(WEEK.parent / "data" / "weekdays_demand.csv")
    tuesday = demand[demand["interval_start"].str.startswith("2026-01-07")]
    tuesday = tuesday.assign(interval_start=tuesday["interval_start"].str.replace("01-07", "01-06"))
    pd.concat([demand, tuesday]).to_csv(tmp_path / "demand.csv", index=False)
    open_tuesday = text.replace("    2026-01-06: closed", "    # no holiday")
    open_tuesday = open_tuesday.replace(str(WEEK.parent / "data" / "weekdays_demand.csv"), str(tmp_path / "demand.csv"))
    (tmp_path / "before.yaml").write_text(open_tuesday, encoding="utf-8")
    before = planner.plan(planner.load_scenario(tmp_path / "before.yaml", FEW), seed=1)
    held = held_from(before.model, "model")
    with pytest.raises(PlanError, match=r"keeps people on shift .* on 2026-01-06, a day that does not have it"):
        planner.plan(planner.load_scenario(WEEK, FEW), seed=1, earlier=Earlier(held, "p001", ("shifts:phone",)))


def test_the_command_line_plans_exports_and_reports_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = [f"--set={one}" for one in FEW]
    assert main(["run", str(WEEK), *few, "--out", str(tmp_path), "--seed", "1", "--workers", "1"]) == 0
    run = next(path for path in tmp_path.iterdir() if path.is_dir())
    for form in ("shifts", "wfm-long"):
        assert main(["export", str(run), "--plan", "p001", "--format", form, "--out", str(tmp_path / form)]) == 0
    shifts = pd.read_csv(tmp_path / "shifts")
    assert sorted(shifts["day"].unique()) == ["2026-01-05", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-10"]
    capsys.readouterr()
