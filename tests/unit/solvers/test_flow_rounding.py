"""What rounding costs, against a case worked out by hand."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from small_centers import one_pool_plan, problem_of, write_one_pool  # noqa: E402

from planner.frontier.certificate import OuterSurface  # noqa: E402
from planner.frontier.rounding import rounding_words  # noqa: E402
from solvers.flow.rounding import rounding_of  # noqa: E402


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    return problem_of(write_one_pool(tmp_path_factory.mktemp("one"), p_return=0.0, redial=0.0))


def test_rounding_is_the_wages_of_the_part_of_a_person_missing(problem):
    # Two hours with the same load, one shift of both, cap 1, no shrinkage: the cover is the need itself, for 2 x 30.
    plan = one_pool_plan(problem.instance, 130)
    found = rounding_of(problem.instance, plan)
    load = found.fractions / 60.0
    nominal = 1000 * 300 / 3600
    assert load == pytest.approx(nominal * (1 + plan.evaluation.headroom), rel=1e-3)
    assert found.whole == pytest.approx(60.0 * np.ceil(load - 1e-9))
    assert found.money == pytest.approx(60.0 * (np.ceil(load - 1e-9) - load))
    assert found.agents == pytest.approx([load])


def test_rounding_counts_whole_heads_to_hire(problem):
    """The same with people on the payroll: whom the load needs beyond them is hired, in whole heads once rounded."""
    instance = problem.instance
    plan = one_pool_plan(instance, 130)
    load = rounding_of(instance, plan).fractions / 60.0
    have, each = 100.0, 700.0
    rostered = replace(
        instance.payroll,
        heads=np.array([have]),
        hire_cost=np.array([each]),
        contract_h=np.array([40.0]),
        overtime_h=np.array([0.0]),
        days=np.array([5.0]),
    )
    found = rounding_of(replace(instance, payroll=rostered), plan)
    whole = np.ceil(load - 1e-9)
    assert load > have
    assert found.fractions == pytest.approx(60.0 * load + each * (load - have))
    assert found.whole == pytest.approx(60.0 * whole + each * (whole - have))


def test_the_sentence_holds_the_measured_figures(problem):
    plan = one_pool_plan(problem.instance, 84)  # 83.3 needed: two thirds of a person too many
    money = rounding_of(problem.instance, plan).money
    seen = SimpleNamespace(instance=problem.instance, pools=problem.pools)

    def words(bound: float) -> str:
        level = np.array([plan.evaluation.headroom])
        none = (np.zeros(0),)
        return rounding_words([seen], [plan], OuterSurface(level, np.array([bound]), level, none, none))

    assert words(plan.cost / 1.01) == ""
    bound = plan.cost / 1.05
    part = money / bound
    assert "Plans cost 5.0% more than the bound" in words(bound)
    assert f"makes up {100 * part:.1f} points of it" in words(bound)
    assert ("rounding is the reason" in words(bound)) == (part >= 0.025)
    assert rounding_words([seen], [plan], None) == ""
