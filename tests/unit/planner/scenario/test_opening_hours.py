"""Hours by weekday and date: wrong ones are named at their place, tables follow them, differences say them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planner.errors import ScenarioError
from planner.operation.people import build_catalogue, people_min
from planner.scenario import Scenario, load_scenario
from planner.scenario.difference import scenario_differences
from planner.scenario.horizon import Horizon
from planner.scenario.load import load_scenario_record
from planner.scenario.summary import describe
from planner.scenario.tables import read_demand, read_today_staffing

WEEK = Path(__file__).resolve().parents[4] / "scenarios/weekdays.yaml"
SATURDAY = 'saturday: {opens: "09:00", closes: "13:00"}'
LINE = WEEK.read_text(encoding="utf-8").splitlines()


def line_of(text: str) -> int:
    """Number of the line of the shipped scenario that holds a text."""
    return 1 + next(k for k, line in enumerate(LINE) if text in line)


def said(tmp_path: Path, *changes: tuple[str, str], severity: str = "error") -> list[str]:
    """Messages of the shipped scenario with a few texts changed."""
    text = WEEK.read_text(encoding="utf-8").replace("data/", f"{WEEK.parent / 'data'}/")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "week.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        issues = load_scenario_record(path).warnings
    except ScenarioError as err:
        issues = tuple(err.issues)
    return [f"{one.line}:{one.column}: {one.path}: {one.message}" for one in issues if one.severity == severity]


def changed(*overrides: str, **hours: object) -> Scenario:
    """The shipped scenario with some values and hours changed; its tables are not looked at."""
    scenario = load_scenario(WEEK, overrides)
    own = scenario.horizon.model_dump()
    days = {"d" + date.replace("-", "_"): date for date in ("2026-01-06", "2026-01-07", "2026-01-10")}
    own["hours"] |= {days.get(key, key): value for key, value in hours.items()}
    return scenario.model_copy(update={"horizon": Horizon.model_validate(own)})


WRONG = [
    (SATURDAY, 'satturday: {opens: "09:00", closes: "13:00"}', "5", "did you mean 'saturday'?"),
    (SATURDAY, 'Saturday: {opens: "09:00", closes: "13:00"}', "5", "neither a weekday nor a date"),
    (SATURDAY, "2026-01-12: closed", "5", "is not in the horizon, 2026-01-05 to 2026-01-11; take it away"),
    (SATURDAY, "2026-02-30: closed", "5", "neither a weekday nor a date"),
    (SATURDAY, "20260110: closed", "5", "write the date as 2026-01-10"),
    (SATURDAY, 'saturday: {opens: "07:00", closes: "13:00"}', "23", "07:00 is not the edge of an interval of 30 min"),
    (SATURDAY, 'saturday: {opens: "09:00", closes: "18:30"}', "40", "from 08:00 to 18:00; write one, or let every day"),
    (SATURDAY, 'saturday: {opens: "09:10", closes: "13:00"}', "23", "09:10 is not the edge of an interval of 30 min"),
    (SATURDAY, 'saturday: {opens: "13:00", closes: "09:00"}', "40", "closes at 09:00, not after it opens at 13:00"),
    (SATURDAY, 'saturday: {opens: "09:00", closes: "09:00"}', "40", "write closed for a day without hours"),
    (SATURDAY, 'saturday: {opens: "09:00"}', "5", "key 'closes' is missing"),
    (SATURDAY, 'saturday: {opens: "09:00", closes: "13:00", lunch: 1}', "49", "unknown key 'lunch'"),
    (SATURDAY, "saturday: {opens: 9, closes: 13}", "23", "9 is not a clock time"),
    (SATURDAY, "saturday: shut", "15", "found 'shut'; write closed, or a mapping with opens and closes"),
    (SATURDAY, "saturday: null", "15", "found nothing; write closed, or a mapping with opens and closes"),
    (SATURDAY, "saturday: [9, 13]", "15", "write closed, or a mapping with opens and closes"),
]


@pytest.mark.parametrize(("old", "new", "column", "words"), WRONG)
def test_wrong_hours_are_named_at_their_place(tmp_path: Path, old: str, new: str, column: str, words: str) -> None:
    found = [one for one in said(tmp_path, (old, new)) if one.startswith(f"{line_of(old)}:{column}: horizon.hours")]
    assert len(found) == 1, said(tmp_path, (old, new))
    assert words in found[0]


def test_a_center_that_never_opens_is_refused(tmp_path: Path) -> None:
    days = "".join(f"    {day}: closed\n" for day in ("monday", "tuesday", "wednesday", "thursday", "friday"))
    found = said(tmp_path, (SATURDAY, "saturday: closed"), ("    sunday: closed\n", f"    sunday: closed\n{days}"))
    assert any("horizon.hours: the center is closed on every day; there is nothing to plan" in one for one in found)


def test_wrong_days_of_shifts_are_named(tmp_path: Path) -> None:
    old, line = "days: [saturday]", line_of("days: [saturday]")
    for new, words in (("days: [saterday]", "did you mean 'saturday'?"), ("days: saturday", "write a list")):
        assert any(one.startswith(f"{line}:") and words in one for one in said(tmp_path, (old, new))), new
    twice = said(tmp_path, (old, "days: [saturday, saturday]"))
    assert any("shifts.short.days.1: 'saturday' is listed twice; take one away" in one for one in twice)
    nowhere = said(tmp_path, (old, "days: [sunday]"), severity="warning")
    assert [one for one in nowhere if one.startswith(f"{line}:3: shifts.short: fits into the hours of no day")]


def test_a_pool_without_a_shift_on_any_day_is_refused(tmp_path: Path) -> None:
    found = said(tmp_path, ("days: [saturday]", "days: [sunday]"), ("shifts: [full, part, short]", "shifts: [short]"))
    assert any("pools.phone.shifts: none of its shifts fits into the hours of a day" in one for one in found)


def test_contacts_and_people_while_closed_are_refused(tmp_path: Path) -> None:
    folder = WEEK.parent / "data"
    demand, staffing = tmp_path / "demand.csv", tmp_path / "staffing.csv"
    rows = (folder / "weekdays_demand.csv").read_text(encoding="utf-8")
    demand.write_text(rows + "2026-01-10 13:00,order,voice,4\n2026-01-11 09:00,order,voice,0\n", encoding="utf-8")
    people = (folder / "weekdays_today_staffing.csv").read_text(encoding="utf-8")
    staffing.write_text(people + "6,09:00,phone,2\n5,13:00,phone,0\n", encoding="utf-8")
    found = said(
        tmp_path,
        (str(folder / "weekdays_demand.csv"), str(demand)),
        (str(folder / "weekdays_today_staffing.csv"), str(staffing)),
    )
    assert len(found) == 2
    assert "contacts come while the center is closed (horizon.hours); write 0, or leave the row out" in found[0]
    assert "people work while the center is closed on this weekday (horizon.hours); write 0" in found[1]


def test_gaps_are_looked_for_in_open_time_only(tmp_path: Path) -> None:
    folder = WEEK.parent / "data"
    short = tmp_path / "demand.csv"
    rows = (folder / "weekdays_demand.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    short.write_text(
        "".join(row for row in rows if not row.startswith("2026-01-10 12:30,order,voice")), encoding="utf-8"
    )
    found = said(tmp_path, (str(folder / "weekdays_demand.csv"), str(short)))
    assert len(found) == 1
    assert "missing intervals of order / voice: 2026-01-10 12:30 (1 in all)" in found[0]


def test_dates_win_over_weekdays_and_both_over_every_day() -> None:
    own = changed(d2026_01_10={"opens": "10:00", "closes": "12:00"}, tuesday="closed").horizon
    hours = [own.day_hours(day) for day in range(7)]
    assert [hours[k] for k in (0, 5)] == [(480, 1080), (600, 720)]
    assert all(hours[k][0] == hours[k][1] for k in (1, 6))
    assert own.weekday_hours(5) == (540, 780)
    assert sum(own.opened()) == 4 * 20 + 4
    opened = changed(d2026_01_06={"opens": "08:00", "closes": "18:00"}, tuesday="closed").horizon
    assert opened.day_hours(1) == (480, 1080)


def test_shifts_lie_within_the_hours_of_their_days() -> None:
    scenario = load_scenario(WEEK)
    own = build_catalogue(scenario, scenario.pools["phone"], tuple(scenario.shifts))
    names = [list(scenario.shifts)[kind] for kind in own.kind]
    assert names.count("short") == 1
    assert own.allowed is not None
    for day in range(7):
        opens, closes = scenario.horizon.day_hours(day)
        for shift, name in enumerate(names):
            inside = opens <= own.start_min[shift] and own.end_min[shift] <= closes
            assert own.allowed[day, shift] == (inside and (name != "short" or day == 5))
    assert own.allowed.sum(axis=1).tolist() == [9, 0, 9, 9, 9, 1, 0]
    free = changed("shifts.short.days=[]")
    early = build_catalogue(free, free.pools["phone"], tuple(free.shifts))
    assert early.allowed is not None
    assert early.allowed.sum(axis=1).tolist() == [10, 0, 10, 10, 10, 1, 0]


def test_least_people_are_asked_for_while_open_only() -> None:
    part = '{starts: "08:00", ends: "18:00", people_min: 2}'
    scenario = changed("pools.phone.day_parts.day=" + part)
    least = people_min(scenario)
    np.testing.assert_array_equal(least[0] > 0, scenario.horizon.opened())


def test_tables_hold_nobody_while_closed() -> None:
    scenario = changed(d2026_01_07={"opens": "10:00", "closes": "18:00"})
    opened = np.array(scenario.horizon.opened())
    staffing = read_today_staffing(scenario).pivot_table(index="pool", columns="interval", values="scheduled")
    assert (staffing.to_numpy()[:, ~opened] == 0).all()
    assert (staffing.to_numpy()[:, opened] > 0).all()
    whole = read_demand(load_scenario(WEEK))
    assert np.array(load_scenario(WEEK).horizon.opened())[whole["interval"].to_numpy()].all()


def test_differences_and_the_summary_tell_hours() -> None:
    def words(*overrides: str, **hours: object) -> list[str]:
        return [one.words for one in scenario_differences(load_scenario(WEEK), changed(*overrides, **hours))]

    assert words(friday="closed") == ["1 day with own hours added: friday"]
    assert words(friday="closed", monday="closed") == ["2 days with own hours added: friday, monday"]
    later = words(saturday={"opens": "09:00", "closes": "14:00"})
    assert later == ["horizon: hours saturday closes: 13:00 → 14:00"]
    assert words(sunday={"opens": "09:00", "closes": "13:00"}) == ["horizon: hours sunday: closed → 09:00 to 13:00"]
    assert words("shifts.short.days=[]") == ["days of shift short: saturday → every day"]
    assert describe(load_scenario(WEEK))["intervals"] == 88
