"""The product-limit estimate against the truth on censored data, and its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.journeys.survival import kaplan_meier, survival_interval

WINDOW = 7.0


def _frame(rows: list[tuple[float, int, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["day", "returned", "censored"])


def _censored(seed: int, n: int, step: float, p_return: float = 0.22, scale: float = 2.5) -> tuple[pd.DataFrame, float]:
    """Contacts over the last 14 days before the cut: counts per interval, and the true share that stays away."""
    rng = np.random.default_rng(seed)
    gap = np.where(rng.random(n) < p_return, rng.exponential(scale, n), np.inf)
    seen = rng.uniform(0, 14, n)
    back = (gap <= WINDOW) & (gap <= seen)
    left = np.where(back, gap, np.where(seen >= WINDOW, WINDOW, seen))
    frame = pd.DataFrame({"day": np.floor(left / step) * step, "returned": back, "censored": ~back})
    return frame.groupby("day", as_index=False).sum(), 1 - p_return * (1 - np.exp(-WINDOW / scale))


def test_a_hand_worked_example() -> None:
    """Ten at risk, two return in day 0; of the eight, one returns in day 2; seven are silent for the whole window."""
    found = kaplan_meier(_frame([(0, 2, 0), (2, 1, 0), (7, 0, 7)]), WINDOW)
    assert found.share == pytest.approx(0.8 * 7 / 8)
    assert found.variance == pytest.approx(0.7**2 * (2 / (10 * 8) + 1 / (8 * 7)))
    assert (found.followed, found.complete) == (10, 10)


def test_without_censoring_it_is_the_plain_share_and_binomial() -> None:
    found = kaplan_meier(_frame([(0, 30, 0), (3, 20, 0), (7, 0, 150)]), WINDOW)
    assert found.share == pytest.approx(0.75)
    assert found.variance == pytest.approx(0.75 * 0.25 / 200)


@pytest.mark.parametrize("step", [1.0, 1 / 24])
def test_censored_contacts_are_neither_ignored_nor_dropped(step: float) -> None:
    """Ignoring the end of the data reads too high; dropping young contacts is right but has fewer to go by."""
    frame, truth = _censored(3, 60_000, step)
    found = kaplan_meier(frame, WINDOW)
    ignored = frame["censored"].sum() / (frame["returned"] + frame["censored"]).sum()
    assert ignored > truth + 0.02
    assert found.share == pytest.approx(truth, abs=3 * np.sqrt(found.variance))
    assert found.followed == 60_000
    dropped_variance = truth * (1 - truth) / 30_000
    assert found.variance < dropped_variance


def test_intervals_cover_and_errors_are_honest_over_many_samples() -> None:
    errors, covered = [], 0
    for seed in range(200):
        frame, truth = _censored(100 + seed, 1_500, 1 / 24)
        found = kaplan_meier(frame, WINDOW)
        lower, upper = survival_interval(found)
        covered += lower <= truth <= upper
        errors.append((found.share - truth) / np.sqrt(found.variance))
    assert 0.84 <= covered / 200 <= 0.96
    assert np.mean(np.square(errors)) == pytest.approx(1.0, abs=0.3)
    assert abs(np.mean(errors)) < 0.25


def test_influences_add_up_to_nothing_and_square_to_greenwood() -> None:
    frame, _ = _censored(5, 4_000, 0.5)
    found = kaplan_meier(frame, WINDOW)
    counts = frame.set_index("day")
    n = np.where(
        found.influence["back"],
        counts["returned"].reindex(found.influence["day"]).to_numpy(float),
        counts["censored"].reindex(found.influence["day"]).to_numpy(float),
    )
    value = found.influence["influence"].to_numpy(float)
    assert np.dot(n, value) == pytest.approx(0.0, abs=1e-6 * found.followed)
    assert found.share**2 * np.dot(n, value**2) / found.followed**2 == pytest.approx(found.variance, rel=0.01)


def test_nobody_and_everybody_returning_still_have_an_interval() -> None:
    silent = survival_interval(kaplan_meier(_frame([(7, 0, 20)]), WINDOW))
    assert silent == (pytest.approx(0.05 ** (1 / 20)), 1.0)
    lost = survival_interval(kaplan_meier(_frame([(1, 20, 0)]), WINDOW))
    assert lost == (0.0, pytest.approx(1 - 0.05 ** (1 / 20)))
    young = survival_interval(kaplan_meier(_frame([(2, 0, 5)]), WINDOW))
    assert young == (0.0, 1.0)
    nobody = kaplan_meier(_frame([]), WINDOW)
    assert np.isnan(nobody.share)
    assert np.isnan(survival_interval(nobody)).all()


def test_dependent_contacts_widen_the_interval() -> None:
    frame, _ = _censored(5, 4_000, 0.5)
    found = kaplan_meier(frame, WINDOW)
    plain, wide = survival_interval(found), survival_interval(found, inflation=4.0)
    assert wide[1] - wide[0] == pytest.approx(2 * (plain[1] - plain[0]), rel=0.02)
