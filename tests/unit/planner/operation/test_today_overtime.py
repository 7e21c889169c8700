"""Overtime of Today that its payroll lets no plan work is said."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.drawing import known_of

MINIMAL = Path(__file__).resolve().parents[4] / "scenarios/minimal.yaml"


def overtime(*overrides: str) -> tuple[float, list[str]]:
    """Overtime hours of Today's phone team and what is said of them."""
    today = known_of(planner.load_scenario(MINIMAL, overrides), 0).today
    assert today is not None
    return float(today.overtime_h[0]), [note for note in today.notes if "overtime" in note]


def test_hours_beyond_contracts_and_overtime_are_said_with_both() -> None:
    """Six people for two hours: within six contracts of two hours, eight hours beyond two of them."""
    assert overtime() == (0.0, [])
    hours, (said,) = overtime("pools.phone.roster.heads=2")
    assert hours == pytest.approx(8.0)
    assert said.startswith("Today phone is paid 8.0 hours beyond the contracts of its 2 on the payroll")
    assert "may work 0.0 hours of overtime" in said


def test_overtime_a_plan_may_work_too_is_no_news() -> None:
    hours, said = overtime("pools.phone.roster.heads=5", "pools.phone.roster.overtime_h_per_week_max=1")
    assert hours == pytest.approx(2.0)
    assert said == []
