"""Starting from an earlier run: kept parts are in every plan, matched by name; its plans seed the new frontier."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.errors import Infeasible, PlanError
from planner.frontier.earlier import Earlier
from planner.frontier.held import held_from

TOY = Path(__file__).resolve().parents[2] / "scenarios/minimal.yaml"
QUICK = (
    "frontier.search_evaluations=0", "frontier.plans=6", "frontier.bound_steps=1", "frontier.cost_points=2",
    "frontier.share_step=null", "frontier.risk_draws=0", "demand.growth=0.03", "frontier.bound_plans=0",
)  # fmt: skip


@pytest.fixture(scope="module")
def held(toy_planned):
    return held_from(toy_planned.model, "the toy")


@pytest.fixture(scope="module")
def spare(toy_planned):
    """A plan that can take the growth."""
    rows = toy_planned.table[(toy_planned.table["origin"] != "today") & (toy_planned.table["headroom"] > 0.2)]
    return str(rows.iloc[0]["plan"])


def test_kept_parts_are_in_every_plan(toy_planned, held, spare):
    scenario = planner.load_scenario(TOY, QUICK)
    found = planner.plan(scenario, seed=1, earlier=Earlier(held, spare, ("offers", "shifts:phone")))
    source = toy_planned.plan(spare)
    key = ["pool", "day", "shift", "start", "people"]
    phone = source.shifts[source.shifts["pool"] == "phone"][key].to_numpy().tolist()
    mix = source.channel_mix.set_index(["reason", "segment", "from_channel", "channel"])["share"].round(5)
    plans = found.table[found.table["origin"] != "today"]["plan"]
    assert len(plans) >= 1
    for name in plans:
        one = found.plan(name)
        assert one.shifts[one.shifts["pool"] == "phone"][key].to_numpy().tolist() == phone
        now = one.channel_mix.set_index(["reason", "segment", "from_channel", "channel"])["share"].round(5)
        assert now.to_dict() == mix.to_dict()


def test_plans_of_an_earlier_run_seed_a_frontier_no_worse_on_them(held, toy_planned):
    """Nothing changed but the budget of work: each seed's plan is found again or beaten."""
    scenario = planner.load_scenario(TOY, (*QUICK[:-1], "demand.growth=0"))
    warm = planner.plan(scenario, seed=1, earlier=Earlier(held))
    rows = warm.table[warm.table["origin"] != "today"]
    for _, row in toy_planned.table[toy_planned.table["origin"] != "today"].iterrows():
        better = (
            (rows["cost"] <= row["cost"] + 1e-6)
            & (rows["cx"] >= row["cx"] - 2e-3)
            & (rows["headroom"] >= row["headroom"] - 2e-5)
        )
        assert better.any(), row["plan"]
    assert (rows["gap"].dropna() >= -1e-6).all()


def test_what_cannot_be_kept_is_named(held, spare):
    other = planner.load_scenario(TOY, (*QUICK, "pools.phone.shifts=[half]", 'shifts.half={"length_h": 1, "starts": {"first": "09:00", "last": "09:00", "every_min": 60}}'))  # fmt: skip  # noqa: E501
    with pytest.raises(PlanError, match="keeps people on shift .* which the scenario does not have"):
        planner.plan(other, seed=1, earlier=Earlier(held, spare, ("shifts:phone",)))
    grown = planner.load_scenario(TOY, (*QUICK[:-1], "demand.growth=0.9", "pools.phone.roster.hires_max=30", "pools.desk.roster.hires_max=30"))  # fmt: skip  # noqa: E501
    with pytest.raises(Infeasible, match="no plan that keeps these parts") as caught:
        planner.plan(grown, seed=1, earlier=Earlier(held, spare, ("shifts", "offers")))
    assert "--keep" in caught.value.relax[0]


def test_kept_shifts_beyond_the_roster_are_told_in_heads(toy_planned, held, spare):
    """On the one day of the toy everybody works one shift, so the plan needs as many heads as shifts."""
    shifts = toy_planned.plan(spare).shifts
    people = int(shifts.loc[shifts["pool"] == "phone", "people"].sum())
    few = (*QUICK, f"pools.phone.roster.heads={people - 1}", "pools.phone.roster.hires_max=0")
    with pytest.raises(Infeasible, match="no plan that keeps these parts") as caught:
        planner.plan(planner.load_scenario(TOY, few), seed=1, earlier=Earlier(held, spare, ("shifts:phone",)))
    assert caught.value.detail.startswith(
        f"the kept shifts of phone need {people} people, and its roster has {people - 1} and may hire 0"
    )
