"""The statistics of the guards against closed forms, exact tails and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from planner.experience.guards.divergence import trend
from planner.experience.guards.findings import COLUMNS, Finding, adjusted_p_values, kept_findings
from planner.experience.guards.funnel import Scale, between_sd, count_funnel, mean_funnel, peers
from planner.experience.guards.shift import binomial_precision, find_shift, locate_shift, permuted_p_value


def test_adjusted_p_values_are_those_of_the_original_example() -> None:
    """Benjamini & Hochberg (1995), section 4.1: at .05 the first four of fifteen are rejected."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    adjusted = adjusted_p_values(p)
    assert (adjusted <= 0.05).sum() == 4
    assert adjusted[0] == pytest.approx(0.0015)
    assert adjusted[3] == pytest.approx(0.0095 * 15 / 4)
    order = np.random.default_rng(0).permutation(15)
    np.testing.assert_allclose(adjusted_p_values(np.array(p)[order]), adjusted[order])


def test_what_survives_is_sorted_and_notes_are_kept() -> None:
    findings = [
        Finding("a", "small", p_value=0.001, material=False),
        Finding("b", "large", p_value=0.0001),
        Finding("c", "chance", p_value=0.5),
        Finding("d", "said"),
    ]
    table = kept_findings("guard", findings, 0.01)
    assert list(table.columns) == list(COLUMNS)
    assert list(zip(table["where"], table["level"], strict=True)) == [("b", "alarm"), ("a", "warn"), ("d", "note")]
    assert kept_findings("guard", [], 0.01).empty


def test_benjamini_hochberg_holds_its_rate_where_nothing_is_wrong() -> None:
    rng = np.random.default_rng(1)
    alarms = sum((adjusted_p_values(rng.random(40)) <= 0.1).any() for _ in range(2_000))
    assert binom.cdf(alarms, 2_000, 0.1) < 0.999


def test_a_step_is_placed_and_measured_exactly() -> None:
    values = np.r_[np.full(7, 0.2), np.full(9, 0.3)]
    shift = find_shift(values, np.full(16, 100.0), seed=0)
    assert (shift.at, shift.first, shift.last) == (7, 7, 7)
    assert shift.size == pytest.approx(0.1)
    assert shift.before == pytest.approx(0.2)
    assert shift.p_value < 0.001


def test_shifts_in_series_without_one_are_as_rare_as_said() -> None:
    """Overdispersed weeks with heavy tails and changing volume."""
    rng = np.random.default_rng(2)
    found = 0
    for k in range(150):
        trials = np.rint(np.linspace(200, 900, 20) * rng.lognormal(0, 0.2, 20))
        p = 1 / (1 + np.exp(1.5 - 0.15 * rng.standard_t(4, 20)))
        hits = rng.binomial(trials.astype(int), p).astype(float)
        found += find_shift(hits / trials, binomial_precision(hits, trials), seed=k).p_value <= 0.1
    assert binom.cdf(found, 150, 0.1) < 0.995


def test_the_moment_and_size_of_a_shift_are_covered() -> None:
    rng = np.random.default_rng(3)
    moment = size = 0
    for _ in range(200):
        at = int(rng.integers(6, 18))
        truth = np.where(np.arange(24) < at, 0.20, 0.24)
        trials = rng.integers(300, 600, 24).astype(float)
        hits = rng.binomial(trials.astype(int), np.clip(truth + rng.normal(0, 0.015, 24), 0, 1)).astype(float)
        shift = locate_shift(hits / trials, binomial_precision(hits, trials))
        moment += shift.first <= at <= shift.last
        size += shift.lower <= 0.04 <= shift.upper
    assert moment / 200 > 0.84
    assert size / 200 > 0.82


def test_permuted_p_values_of_several_measures_need_a_change() -> None:
    rng = np.random.default_rng(4)
    residuals = rng.normal(size=(20, 3))
    changed = residuals + np.outer(np.arange(20) >= 10, [4.0, -4.0, 0.0])
    assert permuted_p_value(residuals - residuals.mean(axis=0), 0) > 0.01
    assert permuted_p_value(changed - changed.mean(axis=0), 0) < 0.001


def test_binomial_precision_is_the_number_of_trials_without_effects_of_weeks() -> None:
    trials = np.full(400, 50.0)
    rng = np.random.default_rng(5)
    plain = rng.binomial(50, 0.3, 400).astype(float)
    np.testing.assert_allclose(binomial_precision(plain, trials), 50, rtol=0.2)
    p = rng.beta(0.3 * 19, 0.7 * 19, 400)  # correlation 1 / (19 + 1)
    loose = binomial_precision(rng.binomial(50, p).astype(float), trials)
    np.testing.assert_allclose(loose, 50 / (1 + 49 / 20), rtol=0.2)


def test_the_spread_between_units_is_found_and_outliers_do_not_move_it() -> None:
    rng = np.random.default_rng(6)
    se = rng.uniform(0.1, 0.5, 2_000)
    difference = rng.normal(0, np.sqrt(0.3**2 + se**2))
    assert between_sd(difference, se) == pytest.approx(0.3, rel=0.08)
    difference[:60] = 50.0
    assert between_sd(difference, se) == pytest.approx(0.3, rel=0.2)
    assert between_sd(rng.normal(0, se) * 0.7, se) == 0.0


def test_count_tails_are_binomial_where_units_do_not_differ() -> None:
    rng = np.random.default_rng(7)
    n = np.full(4_000, 60.0)
    frame = pd.DataFrame({"hits": rng.binomial(60, 0.1, 4_000), "trials": n, "expected": 0.1})
    funnel = count_funnel(frame)
    np.testing.assert_allclose(funnel.p_low, binom.cdf(frame["hits"], 60, 0.1), atol=0.02)
    assert (funnel.p_low <= 0.01).mean() < 0.015
    assert funnel.reliability.max() < 0.2


def test_mean_tails_hold_their_level_for_skewed_scores() -> None:
    """One-sided tails of means of a few answers, three in four of them the best score."""
    rng = np.random.default_rng(8)
    points, share = np.arange(1.0, 6.0), np.array([0.13, 0.02, 0.03, 0.12, 0.70])
    mean = points @ share
    sd, third = np.sqrt(share @ (points - mean) ** 2), share @ (points - mean) ** 3
    n = rng.integers(10, 40, 20_000)
    sums = np.array([(rng.multinomial(k, share) * points).sum() for k in n])
    funnel = mean_funnel(
        pd.DataFrame({"hits": sums, "trials": n.astype(float), "expected": mean}), Scale(sd, third, 0.8, 5.2)
    )
    for level in (0.001, 0.01):
        assert (funnel.p_low <= level).mean() <= 1.6 * level
        assert (funnel.p_high <= level).mean() <= 1.6 * level
        # Without the correction the tails would be several times off.
        z = (sums / n - mean) / (sd / np.sqrt(n))
    assert (norm.cdf(z) <= 0.001).mean() > 2 * (funnel.p_low <= 0.001).mean()


def test_peers_weigh_by_own_work_and_leave_the_unit_out() -> None:
    cells = pd.DataFrame(
        [
            ("a", "chat", "x", 100, 1e6),
            ("b", "chat", "x", 2e5, 1e6),
            ("b", "chat", "y", 9e5, 1e6),
        ],
        columns=["agent", "channel", "reason", "hits", "trials"],
    )
    frame = peers(cells, "agent", "hits", "trials", 30)
    assert frame.loc["a", "expected"] == pytest.approx(0.2, abs=1e-4)
    # Nobody else does y: there the channel of the others must do.
    assert frame.loc["b", "expected"] == pytest.approx(1e-4, abs=1e-3)


def test_a_trend_is_tested_in_one_direction() -> None:
    time = np.arange(20.0)
    noise = np.random.default_rng(9).normal(0, 0.1, 20)
    slope, p_value, se = trend(time, 0.05 * time + noise, np.ones(20))
    assert abs(slope - 0.05) < 3 * se
    assert p_value < 1e-6
    assert trend(time, -0.05 * time + noise, np.ones(20))[1] > 0.999
