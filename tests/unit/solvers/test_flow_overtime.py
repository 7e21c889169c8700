"""Overtime against hires: evaluator and master against every possible number of hires."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import open_master, problem_of, random_plans, write_center  # noqa: E402

from solvers.flow.solution import hires_and_overtime, pool_money  # noqa: E402


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    return problem_of(write_center(tmp_path_factory.mktemp("center"), 2)).instance


def test_hires_are_those_of_least_money_among_all_allowed(instance):
    """Against counting the money of every number of hires, over random payrolls."""
    rng = np.random.default_rng(3)
    g, payroll = 0, instance.payroll
    moved = 0
    for _ in range(400):
        heads, contract = int(rng.integers(0, 9)), float(rng.uniform(4, 40))
        changes = {
            "heads": heads,
            "contract_h": contract,
            "overtime_premium": float(rng.choice([0.0, 0.25, 0.5, 1.0])),
            "hires_max": int(rng.integers(0, 12)),
            "hire_cost": float(rng.choice([0.0, 20.0, 150.0, 600.0])),
        }
        columns = {name: np.concatenate([[value], getattr(payroll, name)[1:]]) for name, value in changes.items()}
        here = replace(instance, payroll=replace(payroll, **columns))
        paid, needed = float(rng.uniform(0, 500)), int(rng.integers(0, 20))
        hires, overtime = hires_and_overtime(here, g, np.array([paid]), needed)
        least = max(0, needed - heads)
        full = [k for k in range(least + 1, changes["hires_max"] + 1) if paid >= (heads + k) * contract]
        options = [least, *full]
        money = {k: pool_money(here, g, paid, k, max(0.0, paid - (heads + k) * contract)) for k in options}
        assert pool_money(here, g, paid, hires, overtime) == pytest.approx(min(money.values()), abs=1e-9)
        assert hires == min(k for k, value in money.items() if value <= min(money.values()) + 1e-9)
        assert overtime == pytest.approx(max(0.0, paid - (heads + hires) * contract))
        moved += hires > least
    assert moved > 40


def test_overtime_is_counted_week_by_week(instance):
    """120 and 40 hours of four who owe 20 a week are 40 hours of overtime; the quiet week takes none of them back."""
    changes = {"heads": 4.0, "contract_h": 40.0, "overtime_premium": 0.5, "hires_max": 9.0, "hire_cost": 0.0}
    columns = {name: np.concatenate([[value], getattr(instance.payroll, name)[1:]]) for name, value in changes.items()}
    here = replace(instance, payroll=replace(instance.payroll, **columns))
    paid = np.array([20.0] * 6 + [0.0] + [8.0] * 5 + [0.0] * 2)
    assert hires_and_overtime(here, 0, paid, 4) == (0, pytest.approx(40.0))
    assert hires_and_overtime(here, 0, np.tile(paid[:7], 2), 4) == (2, pytest.approx(0.0))


def test_dear_overtime_is_traded_for_hires_in_the_master_and_in_plans(instance):
    """Cheap hires: no overtime as long as a contract is left; dear ones: nobody is hired who need not be."""
    payroll = instance.payroll
    cheap = replace(instance, payroll=replace(payroll, hire_cost=np.where(payroll.rostered, 1e-3, payroll.hire_cost)))
    dear = replace(instance, payroll=replace(payroll, hire_cost=np.where(payroll.rostered, 1e5, payroll.hire_cost)))
    seen = 0
    for plan, other in zip(random_plans(cheap, 7, 5), random_plans(dear, 7, 5), strict=True):
        few, many = plan.people_cost, other.people_cost
        assert (few.overtime_h < payroll.contract_h)[payroll.rostered].all()
        assert (many.hires == np.maximum(0, many.heads_needed - np.where(payroll.rostered, payroll.heads, 0))).all()
        seen += many.overtime_h.sum() > 1.0
    assert seen
    points = [open_master(one).level(0.1).cheapest() for one in (cheap, instance)]
    assert points[0].cost < points[1].cost
