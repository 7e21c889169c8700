"""Demand from counts of the past: totals reconcile, thin types borrow, weeks tell the spread."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "experience"))

from toy_scenarios import toy

from planner.demand import demand_for
from planner.demand.counts import profile_from_counts
from planner.demand.history import demand_from_volumes
from planner.errors import ScenarioError
from planner.experience.chance import chance_rates, issues_without_chance, without_chance
from planner.experience.issues import labeled_volumes, with_issues
from planner.scenario import Scenario
from planner.scenario.horizon import Horizon

HORIZON = {"start": "2026-01-05", "days": 7, "opens": "08:00", "closes": "10:00"}


def past(weeks: int = 6, *, seed: int = 0, level_sd: float = 0.0) -> pd.DataFrame:
    """Counts of gold and base card contacts and a few fraud calls, half hours of whole weeks."""
    rng = np.random.default_rng(seed)
    rows = []
    for week in pd.date_range("2025-10-06", periods=weeks, freq="7D"):
        level = np.exp(level_sd * rng.standard_normal())
        for weekday in range(7):
            for slot in range(4):
                for reason, segment, channel, mean in (
                    ("card", "gold", "voice", 40.0), ("card", "base", "chat", 20.0), ("fraud", "gold", "voice", 0.5)
                ):  # fmt: skip
                    n = float(rng.poisson(mean * level * (1 + slot)))
                    rows.append((week, weekday, 480 + 30 * slot, reason, segment, channel, n, round(0.8 * n), 0.0, 0.0))
    columns = ["week", "weekday", "minute", "entry_reason", "segment", "channel", "contacts", "first_contacts",
               "anonymous_contacts", "abandoned"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def volumes(scenario: Scenario, raw: pd.DataFrame) -> pd.DataFrame:
    return with_issues(labeled_volumes(raw, scenario))[0]


def test_totals_reconcile_exactly_type_by_type_and_channel_by_channel() -> None:
    scenario = toy(horizon=HORIZON, demand={"source": "history", "growth": 0.1})
    raw = past()
    demand = demand_from_volumes(scenario, volumes(scenario, raw))
    firsts = raw.groupby(["entry_reason", "segment"])["first_contacts"].sum() / 6 * 1.1
    for kind, issues in zip(demand.types, demand.issues, strict=True):
        assert issues == pytest.approx(firsts.get(kind, 0.0), rel=1e-12)
    np.testing.assert_allclose(demand.profile.sum(axis=1), [1, 1, 1, 0])
    np.testing.assert_allclose(demand.natural[[0, 1]], [[1, 0], [0, 1]])
    assert "6 complete weeks" in demand.source
    assert f"{raw['contacts'].sum():,.0f} contacts in history" in " ".join(demand.notes)


def test_thin_profiles_borrow_from_the_center() -> None:
    scenario = toy(horizon=HORIZON, demand={"source": "history"})
    demand = demand_from_volumes(scenario, volumes(scenario, past(weeks=2)))
    fraud = demand.profile[2].reshape(7, 4).sum(axis=0)
    np.testing.assert_allclose(fraud, np.array([1, 2, 3, 4]) / 10, atol=0.08)
    assert (demand.profile[2] > 0).all()
    assert any("2 complete weeks: too few" in note for note in demand.notes)


def test_spread_from_week_to_week_is_found_and_can_be_stated() -> None:
    scenario = toy(horizon=HORIZON, demand={"source": "history"})
    calm = demand_from_volumes(scenario, volumes(scenario, past(weeks=20, seed=1)))
    shaky = demand_from_volumes(scenario, volumes(scenario, past(weeks=20, seed=1, level_sd=0.15)))
    assert calm.level_cv < 0.02
    assert shaky.level_cv == pytest.approx(0.15, abs=0.05)
    assert (shaky.p90[0] - shaky.p10[0]).mean() > (calm.p90[0] - calm.p10[0]).mean()
    stated = toy(horizon=HORIZON, demand={"source": "history", "uncertainty": 0.3})
    assert demand_from_volumes(stated, volumes(stated, past())).level_cv == 0.3
    inside = (calm.p10[0] <= 32 * np.tile([1, 2, 3, 4], 7)) & (calm.p90[0] >= 32 * np.tile([1, 2, 3, 4], 7))
    assert inside.mean() > 0.95


def test_contacts_outside_the_hours_and_unknown_labels_are_counted_in_notes() -> None:
    scenario = toy(horizon=HORIZON, demand={"source": "history"})
    raw = past()
    raw.loc[raw["minute"] == 480, "minute"] = 400
    raw.loc[raw["entry_reason"] == "fraud", "entry_reason"] = "tax"
    demand = demand_from_volumes(scenario, volumes(scenario, raw))
    text = " ".join(demand.notes)
    assert "9.9% of the contacts of history lie outside the opening hours" in text
    assert "does not know" in text


def test_missing_labels_are_allocated_and_nothing_is_lost() -> None:
    scenario = toy(horizon=HORIZON, demand={"source": "history"})
    raw = past()
    raw["entry_reason"] = raw["entry_reason"].astype(object)
    raw.loc[raw.index % 7 == 0, "entry_reason"] = None
    raw.loc[raw.index % 11 == 0, "segment"] = None
    labeled = labeled_volumes(raw, scenario)
    assert labeled["entry_reason"].notna().all()
    assert labeled["contacts"].sum() == pytest.approx(raw["contacts"].sum())
    assert demand_from_volumes(scenario, volumes(scenario, raw)).issues.sum() == pytest.approx(
        raw["first_contacts"].sum() / 6
    )


def test_without_a_history_the_source_history_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"demand\.source.*names none"):
        demand_for(toy(demand={"source": "history"}))


def test_chance_links_are_found_from_the_doubled_window() -> None:
    """1000 contacts, 20 % truly return soon, 10 % of the rest is followed by chance per window."""
    n, p, b = 100_000.0, 0.2, 0.1
    one = pd.Series({"card": n * (p + (1 - p) * b)})
    two = pd.Series({"card": n * (p + (1 - p) * (1 - (1 - b) ** 2))})
    counts = pd.DataFrame({"entry_reason": ["card"], "contacts": [n], "anonymous_contacts": [0.0]})
    rate, notes = chance_rates(one, two, counts, window_days=7, days=10_000)
    assert rate["card"] == pytest.approx(b, rel=0.01)
    assert "10.0%" in notes[0]
    assert without_chance(one / n, rate)["card"] == pytest.approx(p, abs=0.002)
    issues = issues_without_chance(counts.assign(issues=n - one["card"]), rate)["issues"]
    assert issues[0] == pytest.approx(n * (1 - p), rel=0.005)


def test_counts_alone_give_a_weekly_profile() -> None:
    scenario = toy(horizon=HORIZON)
    at = pd.date_range("2025-01-06", periods=28 * 240, freq="6min")
    at = at[(at.hour >= 6) & (at.hour < 12)]
    frame = pd.DataFrame({"interval_start": at, "volume": np.where(at.day_of_week == 6, 0, at.hour)})
    got = profile_from_counts(frame, scenario.horizon)
    assert got["mean"].tolist()[:4] == [40, 40, 45, 45]
    assert got["mean"].tolist()[-4:] == [0, 0, 0, 0]
    assert (got["p10"] <= got["p50"]).all()
    assert set(got["days"]) == {4}
    with pytest.raises(ValueError, match="lowest -1"):
        profile_from_counts(frame.assign(volume=-1), scenario.horizon)


def test_past_weeks_are_shares_of_the_planned_one() -> None:
    scenario = toy(horizon=HORIZON, demand={"source": "history", "growth": 0.25})
    raw = past(weeks=5, level_sd=0.2)
    demand = demand_from_volumes(scenario, volumes(scenario, raw))
    counted = raw.groupby(["week", "entry_reason", "segment"])["first_contacts"].sum()
    assert demand.weeks.shape == (5, len(demand.types))
    for week, factors in zip(sorted(raw["week"].unique()), demand.weeks, strict=True):
        for kind, issues, factor in zip(demand.types, demand.issues, factors, strict=True):
            if issues > 0:
                assert factor * issues == pytest.approx(counted[(week, *kind)])


def on_the_clock(raw: pd.DataFrame, hours: int) -> pd.DataFrame:
    """The same counts so many hours later on the calendar."""
    at = raw["week"] + pd.to_timedelta(raw["weekday"], unit="D") + pd.to_timedelta(raw["minute"] + 60 * hours, unit="m")
    weekday = at.dt.day_of_week
    week = at.dt.normalize() - pd.to_timedelta(weekday, unit="D")
    return raw.assign(week=week, weekday=weekday, minute=at.dt.hour * 60 + at.dt.minute)


def test_nights_count_to_the_day_the_center_opened_on() -> None:
    """Open from 22:00 to 24:00 and fourteen hours later from 22:00 + 14 to 26:00 the demand is the same."""
    raw = past().assign(minute=lambda t: t["minute"] + 14 * 60)
    days = ({"opens": "22:00", "closes": "24:00"}, {"opens": "23:00", "closes": "25:00"})
    found = []
    for later, hours in enumerate(days):
        scenario = toy(horizon=HORIZON | hours, demand={"source": "history"})
        found.append(demand_from_volumes(scenario, volumes(scenario, on_the_clock(raw, later))))
    before, after = found
    np.testing.assert_array_equal(before.issues, after.issues)
    np.testing.assert_array_equal(before.profile, after.profile)
    np.testing.assert_array_equal(before.natural, after.natural)
    assert before.source == after.source == "history, mean of 6 complete weeks"


def test_nights_cut_at_the_ends_of_the_past_are_no_days() -> None:
    scenario = toy(horizon=HORIZON | {"opens": "23:00", "closes": "25:00"}, demand={"source": "history"})
    raw = on_the_clock(past().assign(minute=lambda t: t["minute"] + 14 * 60), 1)
    whole = demand_from_volumes(scenario, volumes(scenario, raw))
    last = raw["week"] == raw["week"].max()  # the night from the last Sunday to Monday has not been seen
    cut = demand_from_volumes(scenario, volumes(scenario, raw[~last]))
    assert cut.source == "history, mean of 5 complete weeks"
    assert any("cut off at its ends" in note for note in cut.notes)
    np.testing.assert_allclose(cut.issues, whole.issues, rtol=0.05)
    np.testing.assert_allclose(cut.profile[0].reshape(7, 4).sum(axis=0), np.array([1, 2, 3, 4]) / 10, atol=0.01)


def test_counts_of_nights_count_to_the_day_before() -> None:
    at = pd.date_range("2025-11-03 20:00", "2025-11-17 02:00", freq="30min", inclusive="left")
    frame = pd.DataFrame({"interval_start": at, "volume": np.arange(len(at), dtype=float)})
    night = Horizon.model_validate(HORIZON | {"opens": "20:00", "closes": "26:00"})
    early = Horizon.model_validate(HORIZON | {"opens": "18:00", "closes": "24:00"})
    moved = frame.assign(interval_start=at - pd.Timedelta(hours=2))
    columns = ["mean", "p10", "p50", "p90", "days"]
    late, before = profile_from_counts(frame, night), profile_from_counts(moved, early)
    pd.testing.assert_frame_equal(late[columns], before[columns])
    assert (late["days"] == 2).all()
    cut = profile_from_counts(frame[at < pd.Timestamp("2025-11-17")], night)
    assert cut["days"].tolist() == np.repeat([2, 2, 2, 2, 2, 2, 1], 12).tolist()


SHORT = {"saturday": {"opens": "08:30", "closes": "09:30"}, "sunday": "closed"}


def test_contacts_outside_the_hours_of_their_weekday_are_counted_and_left_out() -> None:
    """What is left is what the same past gives whose Saturdays and Sundays were such."""
    plain = toy(horizon=HORIZON, demand={"source": "history"})
    scenario = toy(horizon=HORIZON | {"hours": SHORT}, demand={"source": "history"})
    raw = past()
    demand = demand_from_volumes(scenario, volumes(scenario, raw))
    odd = (raw["weekday"] == 6) | ((raw["weekday"] == 5) & ~raw["minute"].isin([510, 540]))
    share = raw["contacts"] / raw["contacts"].sum()
    days = [share[odd & (raw["weekday"] == day)].sum() for day in (5, 6)]
    words = f"{share[odd].sum():.1%} of the contacts of history lie outside the opening hours"
    assert f"{words} (saturday {days[0]:.1%}, sunday {days[1]:.1%}): left out" in demand.notes
    weekday = demand_from_volumes(plain, volumes(plain, raw))
    opened = np.array(scenario.horizon.opened())
    per_interval, before = (one.issues[:, None] * one.profile for one in (demand, weekday))
    assert (per_interval[:, ~opened] == 0).all()
    np.testing.assert_allclose(demand.issues[0], before[0, opened].sum(), rtol=0.02)
    firsts = raw[~odd].groupby(["entry_reason", "segment"])["first_contacts"].sum() / 6
    for kind, issues in zip(demand.types, demand.issues, strict=True):
        assert issues == pytest.approx(firsts.get(kind, 0.0), rel=1e-12)


def test_a_date_that_is_closed_gets_nobody_and_a_note_says_how_many_a_week_brings() -> None:
    plain = toy(horizon=HORIZON, demand={"source": "history"})
    scenario = toy(horizon=HORIZON | {"hours": {"2026-01-07": "closed"}}, demand={"source": "history"})
    raw = past()
    demand, usual = (demand_from_volumes(one, volumes(one, raw)) for one in (scenario, plain))
    wednesday = raw[raw["weekday"] == 2]["first_contacts"].sum() / 6
    assert demand.issues.sum() == pytest.approx(usual.issues.sum() - wednesday, rel=1e-12)
    assert (demand.profile[:, 8:12] == 0).all()
    words = f"{wednesday:,.0f} of {usual.issues.sum():,.0f} issues that such a week has come when the center is closed"
    assert any(note.startswith(words) for note in demand.notes)
    np.testing.assert_allclose(demand.profile.sum(axis=1), [1, 1, 1, 0])


def test_a_weekday_the_past_never_saw_is_closed_where_it_says_so() -> None:
    """Days never seen get the mean of the others; a closed one nobody."""
    scenario = toy(horizon=HORIZON | {"hours": {"sunday": "closed"}}, demand={"source": "history"})
    raw = past(2)
    first = raw["week"] == raw["week"].min()
    raw = raw[(first & (raw["weekday"] == 5)) | (~first & (raw["weekday"] == 0))]  # a Saturday and a Monday
    demand = demand_from_volumes(scenario, volumes(scenario, raw))
    by_day = (demand.issues @ demand.profile).reshape(7, 4).sum(axis=1)
    assert by_day[6] == 0
    assert (by_day[:6] > 0).all()


def test_counts_are_those_of_open_time() -> None:
    at = pd.date_range("2025-11-03", "2025-11-17", freq="30min", inclusive="left")
    frame = pd.DataFrame({"interval_start": at, "volume": 10.0})
    horizon = Horizon.model_validate(HORIZON | {"hours": SHORT})
    profile = profile_from_counts(frame, horizon)
    np.testing.assert_array_equal(profile["mean"], np.where(horizon.opened(), 10.0, 0.0))
