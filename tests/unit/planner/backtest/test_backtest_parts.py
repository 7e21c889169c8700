"""The parts of the backtest against closed forms and brute force."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_queue import one_pool
from scipy import stats

from planner.backtest.after_call import AfterCalls, after_calls, with_after_calls
from planner.backtest.calibration import WorkAndPatience, kaplan_meier, patience_of
from planner.backtest.checks import Tolerance, holm, score_tolerance, two_sided
from planner.backtest.forecast import forecast_volume, naive_ratio
from planner.backtest.judged import judged_mean, judged_worlds
from planner.backtest.roster import roster_of, sessions
from planner.backtest.seen import complete_weeks, monday_of, seen_intervals
from solvers.simulation import empirical

WAITS = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40)


@given(WAITS)
@settings(max_examples=60, deadline=None)
def test_kaplan_meier_is_the_product_over_those_at_risk(waits: list[tuple[int, bool]]) -> None:
    seconds, left = (np.array(column, dtype=float) for column in zip(*waits, strict=True))
    times, survival = kaplan_meier(seconds, np.ones(len(waits)), left)
    level = 1.0
    for time, value in zip(times, survival, strict=True):
        level *= 1.0 - left[seconds == time].sum() / (seconds >= time).sum()
        assert value == pytest.approx(level)
    assert list(times) == sorted(set(seconds[left > 0]))


def test_censored_patience_is_found_again() -> None:
    """Weibull patience, seen only until a customer is answered: the curve and the mean wait per abandonment."""
    rng = np.random.default_rng(4)
    patience, offered = 200.0 * rng.weibull(1.7, 40_000), rng.exponential(120.0, 40_000)
    wait, left = np.round(np.minimum(patience, offered)), patience < offered
    found, mean_s = patience_of(wait, np.ones(len(wait)), left.astype(float))
    assert found is not None
    assert mean_s == pytest.approx(wait.sum() / left.sum())
    curve = 1.0 - np.interp([50, 100, 200, 300], found.values_s, found.cumulative)
    np.testing.assert_allclose(curve, np.exp(-((np.array([50, 100, 200, 300]) / 200.0) ** 1.7)), atol=0.012)
    assert found.cumulative[-1] == 1.0


def test_few_abandonments_are_exponential_and_none_are_for_ever() -> None:
    found, mean_s = patience_of(np.array([10.0, 50.0]), np.array([5.0, 5.0]), np.array([1.0, 2.0]))
    assert found is not None
    assert found.mean_s == mean_s == 100.0
    assert patience_of(np.array([10.0]), np.array([5.0]), np.array([0.0])) == (None, math.inf)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5000), st.integers(1, 900)), min_size=1, max_size=25))
@settings(max_examples=60, deadline=None)
def test_sessions_join_the_calls_of_each_agent(calls: list[tuple[int, int, int]]) -> None:
    agent, begin, length = (np.array(column) for column in zip(*calls, strict=True))
    starts, ends = sessions(begin.astype(float), (begin + length).astype(float), agent)
    expected: list[tuple[float, float]] = []
    for who in set(agent.tolist()):
        mine = sorted((b, b + n) for a, b, n in calls if a == who)
        joined = [list(mine[0])]
        for b, e in mine[1:]:
            if b <= joined[-1][1] + 600:
                joined[-1][1] = max(joined[-1][1], e)
            else:
                joined.append([b, e])
        expected += [(float(b), float(e)) for b, e in joined]
    assert sorted(zip(starts.tolist(), ends.tolist(), strict=True)) == sorted(expected)


def test_people_present_are_counted_second_by_second() -> None:
    week = 2930
    midnight = float(monday_of(week).astype("datetime64[s]").astype(np.int64))
    rng = np.random.default_rng(2)
    start = midnight + 8 * 3600 + rng.integers(0, 36_000, 60)
    calls = pd.DataFrame({"pool": "phone", "agent": rng.integers(0, 5, 60), "start_s": start.astype(float)})
    calls["wait_s"], calls["handle_s"] = 7.0, rng.integers(60, 900, 60).astype(float)
    facts = one_pool()
    found = roster_of(None, calls, facts, (week,))
    begin = (calls["start_s"] + 7.0).to_numpy()
    begin, end = sessions(begin, begin + calls["handle_s"].to_numpy(), calls["agent"].to_numpy())
    seconds = midnight + 8 * 3600 + np.arange(36_000)
    there = ((seconds[:, None] >= begin) & (seconds[:, None] < end)).sum(axis=1)
    np.testing.assert_allclose(found.on_task[0, 0, : facts.slots], there.reshape(-1, 1800).mean(axis=1))
    assert found.on_task[0, 0, facts.slots :].sum() == 0.0
    assert found.present[0]


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_staffing_table_of_any_step_gives_its_mean(minutes: int) -> None:
    week, facts = 2930, one_pool()
    at = pd.Timestamp(monday_of(week)) + pd.to_timedelta(np.arange(0, 24 * 60, minutes), unit="min")
    table = pd.DataFrame({"interval_start": at, "pool": "phone", "scheduled": 9.0})
    table["on_task"] = np.arange(len(at), dtype=float)
    found = roster_of(table, None, facts, (week,)).on_task[0, 0, : facts.slots]
    per_minute = np.repeat(table["on_task"].to_numpy(), minutes)
    np.testing.assert_allclose(found, per_minute[480:1080].reshape(-1, 30).mean(axis=1))
    planned = roster_of(table.assign(on_task=np.nan), None, facts, (week,))
    np.testing.assert_allclose(planned.on_task[0, 0, : facts.slots], 9.0 * 0.7)
    assert planned.source == ("staffing table, scheduled less 30% shrinkage",)


def _busy_queue(seed: int, agents: int, calls: int) -> tuple[pd.DataFrame, float]:
    """Agents who after each call are busy for 40 s on average, first come first served; the mean they had."""
    rng = np.random.default_rng(seed)
    arrival = np.cumsum(rng.exponential(40.0, calls))
    free, rows, wraps = np.zeros(agents), [], []
    for moment in arrival:
        who = int(free.argmin())
        begin, work, wrap = max(moment, free[who]), rng.exponential(150.0), rng.exponential(40.0)
        free[who] = begin + work + wrap
        rows.append((who, moment, begin - moment, work))
        wraps.append(wrap)
    frame = pd.DataFrame(rows, columns=["agent", "start_s", "wait_s", "handle_s"])
    return frame.assign(pool="phone"), float(np.mean(wraps))


def test_time_after_calls_is_found_again() -> None:
    calls, mean_s = _busy_queue(3, 5, 20_000)
    gaps = after_calls(calls, "phone", 20)
    assert 0.3 < gaps.took.mean() < 1.0
    assert gaps.waiting.min() >= 1.0
    plain = WorkAndPatience(empirical([100.0, 200.0]), 150.0, None, math.inf)
    found = with_after_calls(plain, gaps)
    assert found.service is not None
    assert found.aht_s - 150.0 == pytest.approx(mean_s, rel=0.06)
    assert found.service.mean_s == pytest.approx(found.aht_s, abs=1e-6)
    assert found.service.values_s[0] >= 100.0


def test_customers_waiting_are_counted_at_the_end_of_each_call() -> None:
    calls, _ = _busy_queue(7, 3, 300)
    gaps = after_calls(calls, "phone", 20)
    joined = calls["start_s"].to_numpy()
    left = joined + calls["wait_s"].to_numpy()
    ends = (left + calls["handle_s"]).to_numpy()[np.lexsort((left, calls["agent"]))]
    waiting = np.array([((joined <= end) & (left > end)).sum() for end in ends])
    # All ends of calls at which somebody waits, for no gap here is longer than ten minutes, but the agents' last ones.
    last = np.r_[np.diff(np.sort(calls["agent"].to_numpy())) > 0, True]
    assert sorted(gaps.waiting) == sorted(waiting[(waiting > 0) & ~last])


def test_hurrying_agents_are_weighed_by_those_who_wait() -> None:
    plain = WorkAndPatience(empirical([100.0]), 100.0, None, math.inf)
    gaps = AfterCalls(np.array([60.0, 10.0]), np.array([True, True]), np.array([1.0, 4.0]))
    assert with_after_calls(plain, gaps).aht_s == pytest.approx(100.0 + (60.0 + 4 * 10.0) / 5)
    nobody = AfterCalls(np.array([60.0]), np.array([False]), np.array([1.0]))
    assert with_after_calls(plain, nobody) == plain


def test_nothing_is_learnt_about_agents_from_later_weeks() -> None:
    calls, _ = _busy_queue(3, 5, 20_000)
    gaps = after_calls(calls, "phone", 1)
    limit = float(monday_of(1).astype("datetime64[s]").astype(np.int64))
    again = after_calls(calls[calls["start_s"] < limit], "phone", 1)
    np.testing.assert_array_equal(gaps.seconds, again.seconds)
    np.testing.assert_array_equal(gaps.took, again.took)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_holm_by_its_adjusted_p_values(p_values: list[float]) -> None:
    p = np.array(p_values)
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    expected = np.zeros(len(p), dtype=bool)
    expected[order] = adjusted <= 0.05
    np.testing.assert_array_equal(holm(p), expected)


def test_unknown_checks_neither_fail_nor_count() -> None:
    np.testing.assert_array_equal(holm([np.nan, 0.02, 0.04]), [False, True, True])


def test_two_sided_p_value_is_that_of_a_t_test() -> None:
    sample = np.random.default_rng(1).normal(0.4, 1.0, 12)
    found = two_sided(sample.mean(), sample.std(ddof=1) / math.sqrt(12), 11)
    assert found == pytest.approx(stats.ttest_1samp(sample, 0.0).pvalue)
    assert two_sided(0.0, 0.0, 5) == 1.0


def test_tolerances_are_the_larger_of_two() -> None:
    np.testing.assert_allclose(Tolerance(15.0, 0.2).of([10.0, 100.0, np.nan])[:2], [15.0, 20.0])
    assert score_tolerance(1, 5).absolute == pytest.approx(0.1)


@pytest.mark.parametrize("worlds", [39, 79])
def test_interval_misses_a_further_world_in_one_of_twenty_cases(worlds: int) -> None:
    rng = np.random.default_rng(worlds)
    above = rng.gamma(2.0, 5.0, (worlds + 1, 1, 20_000))
    below = np.ones_like(above)
    none = np.full((1, 20_000), np.nan)
    one = judged_worlds(0, "asa_s", False, (above[-1], below[-1]), (above[:-1], below[:-1]), (none, below[0]), none)
    assert ((one.seen >= one.lower) & (one.seen <= one.upper)).mean() == pytest.approx(0.95, abs=0.005)
    deviation = np.abs(above[:-1] - above[:-1].mean(axis=0)).mean()
    assert one.floor_error.sum() / one.floor_weight.sum() == pytest.approx(deviation)


def test_ratios_weigh_worlds_by_their_contacts() -> None:
    above, below = np.array([[[1.0, 0.0]], [[9.0, 0.0]]]), np.array([[[2.0, 0.0]], [[10.0, 0.0]]])
    one = judged_worlds(0, "abandon_rate", False, (above[0], below[0]), (above, below), (above[0], below[0]), above[0])
    assert one.predicted[0, 0] == pytest.approx(10 / 12)
    assert np.isnan(one.predicted[0, 1])
    assert np.isnan(one.seen[0, 1])


def test_means_of_independent_values_err_by_their_sampling_error() -> None:
    rng = np.random.default_rng(5)
    n = np.full((1, 4000), 9.0)
    values = rng.normal(300.0, 60.0, (4000, 9))
    before = rng.normal(300.0, 60.0, 50_000)
    sums = tuple(np.array([v]) for v in (before.sum(), (before**2).sum(), 50_000.0))
    one = judged_mean(0, "aht_s", (values.sum(axis=1)[None], n), sums, np.full((1, 4000), 300.0), 39)  # type: ignore[arg-type]
    assert ((one.seen >= one.lower) & (one.seen <= one.upper)).mean() == pytest.approx(0.95, abs=0.012)
    assert np.abs(one.seen - one.predicted).mean() == pytest.approx(
        one.floor_error.sum() / one.floor_weight.sum(), rel=0.03
    )
    totals = one.above / one.below
    assert totals.std(ddof=1) == pytest.approx(60.0 * math.sqrt(1 / 36_000 + 1 / 50_000), rel=0.02)


def test_forecast_is_the_mean_week_and_its_worlds_vary_like_the_past() -> None:
    rng = np.random.default_rng(6)
    level = np.exp(0.1 * rng.standard_normal(60))
    before = rng.poisson(40.0 * level[:, None], (2, 60, 70)).astype(float)
    forecast = forecast_volume(before)
    np.testing.assert_allclose(forecast.mean.sum(axis=1), before.sum(axis=2).mean(axis=1))
    totals = forecast.draws(4000, rng).sum(axis=2)
    np.testing.assert_allclose(totals.mean(axis=0), forecast.mean.sum(axis=1), rtol=0.02)
    np.testing.assert_allclose(totals.std(axis=0) / totals.mean(axis=0), 0.1, rtol=0.25)


def test_naive_falls_back_to_the_pool_and_then_to_nothing() -> None:
    above = np.array([[[2.0, 0.0], [4.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    below = np.array([[[10.0, 0.0], [10.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    np.testing.assert_allclose(naive_ratio(above, below), [[0.3, 0.3], [np.nan, np.nan]])


def test_weeks_are_complete_from_their_first_to_their_last_open_day() -> None:
    monday = int(monday_of(2930).astype("datetime64[D]").astype(np.int64))
    open_days = np.array([monday + k for k in range(21) if k % 7 < 5])
    assert complete_weeks(open_days) == (2930, 2931, 2932)
    assert complete_weeks(open_days[1:-1]) == (2931,)
    assert complete_weeks(np.zeros(0, dtype=np.int64)) == ()
    assert str(monday_of(2930)) == str((pd.Timestamp("1969-12-29") + pd.Timedelta(weeks=2930)).date())


def test_nights_count_to_the_day_the_center_opened_on() -> None:
    """The same counts on a clock six hours earlier, where no day passes midnight, fill the same places."""
    monday = int(monday_of(2930).astype("datetime64[D]").astype(np.int64))
    names = ["contacts", "abandoned", "timed", "wait_s", "in_time", "handled", "handle_s"]
    names += ["handle2_s2", "scored", "score", "score2"]
    rng = np.random.default_rng(0)
    minutes = np.arange(14 * 24) * 60
    frame = pd.DataFrame({"at": minutes, "channel": "voice", "pool": "phone"})
    for name in names:
        frame[name] = rng.integers(1, 50, len(frame))
    night = replace(one_pool(), opens=360, closes=1800, interval_min=60)
    earlier = replace(night, opens=0, closes=1440)
    cubes = []
    for facts in (night, earlier):
        at = frame["at"] + facts.opens
        seen = seen_intervals(frame.assign(day=monday + at // 1440, minute=at % 1440), facts)
        assert seen.weeks == (2930, 2931)
        cubes.append(seen.counts)
    np.testing.assert_array_equal(*cubes)
    # A past that ends at midnight has not seen the last night, so its last week is not whole.
    at = frame["at"] + 360
    cut = frame.assign(day=monday + at // 1440, minute=at % 1440)[at < 14 * 1440]
    assert seen_intervals(cut, night).weeks == (2930,)


def test_contacts_of_unknown_pools_are_shared_out_by_interval() -> None:
    monday = int(monday_of(2930).astype("datetime64[D]").astype(np.int64))
    names = ["contacts", "abandoned", "timed", "wait_s", "in_time", "handled", "handle_s"]
    names += ["handle2_s2", "scored", "score", "score2"]
    rows = [(monday + day, 480, "voice", pool, n) for day in range(7) for pool, n in (("phone", 30), (None, 10))]
    rows += [(monday, 480, "voice", "other", 5), (monday, 60, "voice", "phone", 2)]
    frame = pd.DataFrame(rows, columns=["day", "minute", "channel", "pool", "contacts"])
    for name in names[1:]:
        frame[name] = frame["contacts"]
    seen = seen_intervals(frame, one_pool())
    assert seen.count("contacts").sum() == 7 * 40
    assert (seen.shared, seen.outside, seen.strange) == (70.0, 2.0, 5.0)
