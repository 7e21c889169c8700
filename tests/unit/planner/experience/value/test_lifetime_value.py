"""Customer lifetime value against its closed forms and the worked example of 20 a month at 98.5 % retention."""

from __future__ import annotations

import numpy as np
import pytest

from planner.experience.value import lifetime_value, perpetual_value, retention_value, worth_of_change

M, R, D = 20.0, 0.985, 0.01
YEARS = np.full(36, M), np.full(36, 1 - R)


def test_the_worked_example() -> None:
    assert perpetual_value(M, 1 - R, D) == pytest.approx(808, abs=0.5)
    assert retention_value(M, R, D) == pytest.approx(788, abs=0.5)
    assert lifetime_value(*YEARS, D) == pytest.approx(480, abs=0.5)
    assert worth_of_change(1.0, 0.01, perpetual_value(M, 1 - R, D)) == pytest.approx(8.08, abs=0.005)
    assert worth_of_change(1.0, 0.01, lifetime_value(*YEARS, D)) == pytest.approx(4.80, abs=0.005)


def test_the_current_margin_is_the_whole_difference_of_the_conventions() -> None:
    assert perpetual_value(M, 1 - R, D) - retention_value(M, R, D) == pytest.approx(M)


def test_the_horizon_is_a_geometric_sum() -> None:
    q = R / (1 + D)
    assert lifetime_value(*YEARS, D) == pytest.approx(M * (1 - q**36) / (1 - q))
    assert lifetime_value(np.array([M]), np.array([0.9]), D) == M


def test_changing_margins_and_hazards_are_followed_month_by_month() -> None:
    value = lifetime_value(np.array([10.0, 20.0, 30.0]), np.array([0.5, 0.1, 0.2]), 0.1)
    assert value == pytest.approx(10 + 20 * 0.9 / 1.1 + 30 * 0.9 * 0.8 / 1.21)


@pytest.mark.parametrize(
    ("months", "hazard", "discount", "words"),
    [(37, 0.1, 0.01, "37 months"), (0, 0.1, 0.01, "0 months"), (3, 1.2, 0.01, "1.2"), (3, 0.1, -0.1, "-0.1")],
)
def test_what_cannot_be_is_refused(months: int, hazard: float, discount: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lifetime_value(np.ones(months), np.full(months, hazard), discount)
