"""What a planner is told when no plan is found: the smallest set of limits to relax, and only where it is proven."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "tests"))

from small_centers import problem_of, write_linked  # noqa: E402

from planner.errors import Infeasible, NothingFound, Stopped  # noqa: E402
from planner.frontier import levers  # noqa: E402
from planner.frontier.infeasible import CHANGES, MEANS, SOFT, explain_infeasible, least_relaxation  # noqa: E402
from planner.frontier.uncovered import uncovered  # noqa: E402
from planner.frontier.work import Work  # noqa: E402
from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.master import Master  # noqa: E402
from solvers.flow.sweep import SweepSettings, sweep_level  # noqa: E402

TOY = ROOT / "scenarios/minimal.yaml"
FEW = ("pools.phone.roster.heads=1", "pools.phone.roster.hires_max=0")
CRAMPED = "limits.seats={room: {pools: [phone, desk], max: 3}}"


def explain(problem):
    return explain_infeasible(problem, 0.0, SweepSettings(6, None, 1, even_split(problem.network)), Work(1))


@pytest.mark.parametrize(
    ("overrides", "families"),
    [
        (("limits.budget_max=100",), ["budget"]),
        ((CRAMPED,), ["seats"]),
        (("limits.budget_max=100", CRAMPED), ["budget", "seats"]),
        (("segments.all.cx_min=4.9",), ["segment_floor"]),
        (FEW, ["roster_hours"]),
    ],
)
def test_the_smallest_set_is_named(overrides, families):
    found = explain(problem_of(TOY, *overrides))
    assert isinstance(found, Infeasible)
    assert "proven" in str(found)
    words = {members[0]: said for members, said in SOFT.items()}
    assert found.relax == [words[family] for family in families]
    assert "pool phone" in found.detail
    assert [amount.split(": by ")[0] for amount in found.amounts] == found.relax


def test_hours_that_no_shift_covers_are_named():
    """Shifts end at 10:00, contacts come until 11:00: no search finds people for them, and none is advised."""
    short = "shifts.morning={length_h: 1, starts: {first: '09:00', last: '09:00'}}"
    found = explain(problem_of(TOY, short))
    assert isinstance(found, Infeasible)
    assert found.relax == ["pools.*.shifts (the shifts that people may work)"]
    assert found.detail.splitlines() == [
        "no shift of phone covers 2026-01-05 10:00, when contacts come in voice: billing / all, fault / all",
        "no shift of desk covers 2026-01-05 10:00, when contacts come in chat: billing / all, fault / all",
    ]


def test_hours_that_another_pool_or_a_steer_covers_are_not_called_uncovered(tmp_path):
    """Voice is served by two pools, one with shifts all morning; chat takes everybody who is offered it."""
    hour = "{length_h: 1, starts: {first: '09:00', last: '09:00'}}"
    two = problem_of(write_linked(tmp_path), f"shifts.hour={hour}", "pools.phone.shifts=[hour]")
    assert uncovered(two) == []
    willing = ("steers.offer_chat.acceptance.value=1", "steers.offer_chat.acceptance.high=1")
    alone = problem_of(TOY, f"shifts.hour={hour}", "pools.phone.shifts=[hour]", *willing)
    assert uncovered(alone) == []
    assert len(uncovered(problem_of(TOY, f"shifts.hour={hour}", "pools.phone.shifts=[hour]"))) == 1


def test_what_is_proven_too_little_comes_with_what_was_found_to_be_enough():
    """Somebody who types the budget said gets a plan, and with 1 % less none; so with budget and seats together."""
    found = explain(problem_of(TOY, "limits.budget_max=300"))
    least, enough = (float(re.search(r"to ([\d.]+)$", line)[1]) for (line,) in (found.amounts, found.enough))
    assert least < enough
    assert any(plan.feasible for plan in planned(problem_of(TOY, f"limits.budget_max={enough}").instance))
    assert not any(plan.feasible for plan in planned(problem_of(TOY, f"limits.budget_max={0.99 * enough}").instance))
    both = explain(problem_of(TOY, "limits.budget_max=300", CRAMPED))
    money, seats = (float(re.search(r"to ([\d.]+)$", line)[1]) for line in both.enough)
    typed = (f"limits.budget_max={money}", CRAMPED.replace("max: 3", f"max: {seats:.0f}"))
    assert any(plan.feasible for plan in planned(problem_of(TOY, *typed).instance))


def test_a_limit_next_to_nothing_is_raised_far_enough():
    found = explain(problem_of(TOY, "limits.abandon_rate_max=0.001"))
    (line,) = (line for line in found.enough if line.startswith("limits.abandon_rate_max"))
    share = float(re.search(r"to ([\d.]+)$", line)[1])
    eased = problem_of(TOY, f"limits.abandon_rate_max={share}")
    assert any(plan.feasible for plan in planned(eased.instance))


OUT_OF_REACH = ("promises.phone_80_20.target=0.99", "pools.phone.roster.hires_max=0", "pools.phone.roster.heads=5")


def test_a_center_with_plans_is_never_called_infeasible():
    """Where the master has a plan but no whole plan was found, nothing is proven."""
    found = explain(problem_of(TOY))
    assert isinstance(found, NothingFound)
    assert "may still exist" in str(found)


def test_what_was_found_to_be_enough_is_enough():
    """99 % with five people is out of reach; each change said is, by itself, tried anew: there are plans with it."""
    found = explain(problem_of(TOY, *OUT_OF_REACH))
    assert isinstance(found, NothingFound)
    said = dict(line.split(": ", 1) for line in found.enough)
    promise = re.fullmatch(r"the target from 99.0% to (.*)%", said["promises.phone_80_20"])
    share = re.match(r"by (.*)%", said["roster.heads, hires_max and overtime (the people that can be had)"])
    target, more = float(promise[1]) / 100, float(share[1]) / 100
    assert 0.9 < target < 0.99
    out_of_reach = problem_of(TOY, *OUT_OF_REACH).instance
    assert not any(plan.feasible for plan in planned(out_of_reach))
    eased = problem_of(TOY, *OUT_OF_REACH, f"promises.phone_80_20.target={target}")
    assert any(plan.feasible for plan in planned(eased.instance))
    assert any(plan.feasible for plan in planned(levers.heads(out_of_reach, more)))
    assert not any("chat_90_60" in line for line in found.enough)


FEW_EACH = (
    "pools.phone.roster.hires_max=1", "pools.desk.roster.hires_max=0", "pools.phone.roster.heads=6",
    "pools.desk.roster.heads=3", "promises.phone_80_20.target=0.89", "promises.chat_90_60.period=interval",
    "limits.seats={room: {pools: [phone, desk], max: 8}}",
)  # fmt: skip


def test_a_said_target_gives_a_plan_to_whoever_types_it():
    """A plan made without a promise keeps some target that no search, asked for it, makes a plan of: it is not said."""
    found = explain(problem_of(TOY, *FEW_EACH, "promises.chat_90_60.target=0.934"))
    line = next(line for line in found.enough if line.startswith("promises.chat_90_60"))
    target = float(re.search(r"to (.*)%", line)[1]) / 100
    typed = problem_of(TOY, *FEW_EACH, f"promises.chat_90_60.target={target}")
    assert any(plan.feasible for plan in planned(typed.instance))


def test_what_time_left_out_is_not_called_of_no_help():
    work = Work(1, deadline=time.monotonic() - 1)
    problem = problem_of(TOY, *OUT_OF_REACH)
    found = explain_infeasible(problem, 0.0, SweepSettings(6, None, 1, even_split(problem.network)), work)
    assert type(found) is Stopped
    assert "out of time" in str(found)


def planned(instance):
    return sweep_level(instance, 0.0, SweepSettings(6, None, 1, even_split(instance.network))).solutions


def test_every_family_that_is_relaxed_exists():
    from solvers.flow.families import FAMILIES

    assert {name for members in SOFT for name in members} <= {family.__name__ for family in FAMILIES}


@pytest.mark.parametrize(
    ("overrides", "group"),
    [
        (("limits.budget_max=100",), [("budget",)]),
        ((CRAMPED,), [("seats",)]),
        (("limits.budget_max=100", CRAMPED), [("budget",), ("seats",)]),
        (("segments.all.cx_min=4.9",), [("segment_floor",)]),
        (FEW, [("roster_hours", "roster_days")]),
    ],
)
def test_the_amount_is_enough_and_hardly_less_is_not(overrides, group):
    """Re-solved at the shares found, and with each family's share a little smaller, the others switched off."""
    instance = problem_of(TOY, *overrides).instance
    shares = least_relaxation(instance, group, 0.0)

    def solved(shares, dropped=frozenset()):
        relaxed = instance
        for family, share in zip(group, shares, strict=True):
            relaxed = CHANGES[family](relaxed, share)
        master = Master(relaxed.network, relaxed.limits, relaxed.payroll, list(relaxed.catalogues))
        return master.level(0.0, dropped).cheapest()

    assert solved(shares) is not None
    for k, family in enumerate(group):
        others = frozenset(f for other in group if other != family for f in other)
        less = shares[k] - 2e-3 if not others else 0.95 * shares[k]
        assert solved([less if n == k else share for n, share in enumerate(shares)], others) is None
    if group == [("budget",)]:
        unlimited = Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues))
        cheapest = unlimited.level(0.0, frozenset({"budget"})).cheapest().cost
        assert 100 * (1 + shares[0]) == pytest.approx(cheapest, abs=0.2)


def test_every_family_can_be_relaxed_by_a_share():
    assert set(CHANGES) == set(MEANS) == set(SOFT)
