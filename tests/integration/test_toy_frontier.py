"""The toy's frontier against a brute force over its decision grid, and every reported number against a recount."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from recount import (
    answered_within,
    experience,
    first_contacts,
    headroom,
    holds,
    money,
    nobody_waits,
    recount,
    settle,
    within_caps,
)

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
STEER = "offer_chat"
CX_AND_COST = 1e-6  # both sides iterate far below this; what is left is quadrature against a closed form
HEADROOM = 1e-4  # the evaluator bisects to 1e-5, the recount to 1e-7
AXES = ["cx", "cost", "headroom"]


def decision(plan) -> tuple[float, float, int, int]:
    """Offers to billing and fault, people in phone and desk, read from a plan's tables."""
    mix = plan.channel_mix.set_index(["reason", "from_channel", "channel"])["share"]
    offers = [mix.get((reason, "voice", "chat"), 0.0) / 0.5 for reason in ("billing", "fault")]
    people = plan.shifts.groupby("pool")["people"].sum()
    return (*offers, int(people.get("phone", 0)), int(people.get("desk", 0)))


def spelled(choice) -> tuple[dict, dict]:
    billing, fault, phone, desk = choice
    return {("billing", STEER): billing, ("fault", STEER): fault}, {"phone": phone, "desk": desk}


@pytest.fixture(scope="module")
def plans(toy_planned):
    rows = toy_planned.table[toy_planned.table["origin"] != "today"]
    return {decision(toy_planned.plan(key)): toy_planned.plan(key) for key in rows["plan"]}


@pytest.fixture(scope="module")
def brute_front(toy_center):
    """Decision -> (cx, cost, headroom) of the non-dominated feasible plans among all 2,000.

    What is too much work even if nobody waits need not be settled. In order of cost, then falling CX, a plan can only
    be dominated by an earlier one. It is, if some earlier plan has no less CX and as much headroom; so one steady state
    at the largest headroom among those spares the bisection.
    """
    counted = []
    for choice in product(QUARTERS, QUARTERS, range(10), range(8)):
        offers, people = spelled(choice)
        if not within_caps(toy_center, people, nobody_waits(toy_center, offers)):
            continue
        found = recount(toy_center, offers, people)
        if found.feasible:
            counted.append((found.cost, -found.cx, choice))
    front = {}
    for cost, minus_cx, choice in sorted(counted):
        offers, people = spelled(choice)
        rivals = [h for cx, paid, h in front.values() if cx >= -minus_cx - 1e-9 and paid <= cost + 1e-9]
        reach = max(rivals, default=-1.0)
        if reach > -1.0:
            more = reach + 1e-5
            grown = settle(toy_center, offers, people, more)
            today = settle(toy_center, offers, people)
            if not (within_caps(toy_center, people, today, 1 + more) and holds(toy_center, people, grown)):
                continue
        front[choice] = (-minus_cx, cost, headroom(toy_center, offers, people, low=max(reach, 0.0)))
    return front


@pytest.mark.slow
def test_frontier_is_the_brute_force(plans, brute_front):
    assert len(brute_front) > 40
    assert set(plans) == set(brute_front)
    for choice, (cx, cost, room) in brute_front.items():
        plan = plans[choice]
        assert plan.cx == pytest.approx(cx, abs=CX_AND_COST)
        assert plan.cost == pytest.approx(cost, abs=CX_AND_COST)
        assert plan.headroom == pytest.approx(room, abs=HEADROOM)


def test_every_plan_equals_its_recount(plans, toy_center):
    """Headroom, which takes a bisection each, is compared in the brute force, which holds every plan."""
    for choice, plan in plans.items():
        offers, people = spelled(choice)
        found = recount(toy_center, offers, people)
        assert found.feasible
        assert plan.cx == pytest.approx(found.cx, abs=CX_AND_COST)
        assert plan.cost == pytest.approx(found.cost, abs=CX_AND_COST)
        assert plan.summary["hires"] == sum(found.hires.values())
        assert plan.tables["hires"].set_index("pool")["hires"].to_dict() == found.hires
        promises = plan.promises.set_index("promise")["value"]
        for name, values in found.values.items():
            assert promises[name] == pytest.approx(values[0], abs=1e-9)


def test_today_equals_its_recount(toy_planned, toy_center):
    """Six on the phone, three on the desk, no offers: 6·80 + 3·72 = 696."""
    offers, people = {}, {"phone": 6, "desk": 3}
    state = settle(toy_center, offers, people)
    today = toy_planned.baseline
    assert toy_planned.table.index[0] == today.name
    assert list(toy_planned.table["origin"]).count("today") == 1
    assert today["cost"] == pytest.approx(money(toy_center, offers, people, state)[0])
    assert today["cost"] == pytest.approx(696.0)
    assert today["cx"] == pytest.approx(experience(toy_center, state), abs=CX_AND_COST)
    assert today["headroom"] == pytest.approx(headroom(toy_center, offers, people), abs=HEADROOM)
    assert today["promises_kept"]


def test_flows_equal_the_recount(plans, toy_center):
    for choice, plan in plans.items():
        offers, people = spelled(choice)
        state = settle(toy_center, offers, people)
        flows = plan.flows.groupby(["reason", "pool"])[["contacts", "abandoned"]].sum()
        for reason, pool in state.comes:
            contacts = state.volume(reason, pool)
            lost = contacts * state.lost(reason, pool, toy_center.pools[pool].patience_s)
            assert flows.loc[(reason, pool), "contacts"] == pytest.approx(contacts, abs=1e-5)
            assert flows.loc[(reason, pool), "abandoned"] == pytest.approx(lost, abs=1e-5)
        first = plan.flows[plan.flows["stage"] == "first"].groupby(["reason", "channel"])["contacts"].sum()
        for key, contacts in first_contacts(toy_center, offers).items():
            assert first.get(key, 0.0) == pytest.approx(contacts, abs=1e-5)
        service = plan.service.set_index(["pool", "interval"])
        for pool in people:
            own = service.loc[pool]
            np.testing.assert_allclose(own["offered"], state.arrivals[pool], atol=1e-6)
            np.testing.assert_allclose(own["asa_s"], state.wait_s[pool], atol=1e-5)


def test_costs_and_staffing_add_up(plans):
    for plan in plans.values():
        assert plan.costs["amount"].sum() == pytest.approx(plan.cost, abs=1e-9)
        on_shift = plan.shifts.groupby("pool")["people"].sum()
        for pool, part in plan.staffing.groupby("pool"):
            assert (part["scheduled"] == on_shift.get(pool, 0)).all()
            assert (part["on_task"] == part["scheduled"]).all()  # the toy has no shrinkage
        assert plan.peak_fte == plan.staffing.groupby("interval")["scheduled"].sum().max()
        assert plan.committed + plan.avoidable == pytest.approx(plan.cost)


def test_issues_end_once(plans):
    """Σ absorbed = Σ issues = 99: served and resolved (nobody gives up here), or lost and not trying again."""
    p_return, redial = {"voice": 0.10, "chat": 0.15}, 0.5
    for plan in plans.values():
        flows = plan.flows
        served = flows["contacts"] - flows["abandoned"]
        absorbed = served * (1 - flows["channel"].map(p_return)) + flows["abandoned"] * (1 - redial)
        # The table rounds contacts to 6 decimals: 14 rows at half a millionth.
        assert absorbed.sum() == pytest.approx(99.0, abs=2e-5)
        assert flows.loc[flows["stage"] == "first", "contacts"].sum() == pytest.approx(99.0, abs=2e-5)
        assert plan.channel_mix["issues"].sum() == pytest.approx(99.0, abs=2e-5)


def test_cx_follows_from_flows_and_segments(plans):
    """CX without waiting losses from the flows alone; the waiting losses left over are small and never negative."""
    p_return = {"voice": 0.10, "chat": 0.15}
    for plan in plans.values():
        flows = plan.flows
        served = flows["contacts"] - flows["abandoned"]
        points = served * (1 - flows["channel"].map(p_return)) * flows["score"] + flows["abandoned"] * 0.5 * 1.5
        dry = points.sum() / 99.0
        assert -1e-6 <= dry - plan.cx <= 0.1
        segment = plan.segments
        assert segment["issues"].sum() == pytest.approx(99.0)
        assert (segment["cx"] * segment["issues"]).sum() / segment["issues"].sum() == pytest.approx(plan.cx, abs=1e-12)


def test_plans_are_mutually_non_dominated(toy_planned):
    points = toy_planned.table.loc[toy_planned.table["origin"] != "today", AXES].to_numpy(float)
    assert len(points) >= 40
    worth = points * np.array([1.0, -1.0, 1.0])
    for k, point in enumerate(worth):
        others = np.delete(worth, k, axis=0)
        assert not (others >= point).all(axis=1).any(), f"plan {k} is dominated or a duplicate"


def test_grid_is_proven(toy_planned):
    rows = toy_planned.table[toy_planned.table["origin"] != "today"]
    assert (rows["status"] == "proven").all()
    assert toy_planned.meta["enumerated"]
    assert (rows["promises_kept"]).all()
    best = toy_planned.table.iloc[0]
    better = rows[(rows["cx"] >= best["cx"]) & (rows["cost"] <= best["cost"]) & (rows["headroom"] >= best["headroom"])]
    assert len(better), "a plan at least as good as Today on all axes exists"


def erlang(load: float, agents: int, aht_s: float, patience_s: float, within_s: float) -> float:
    """Service level for an offered load."""
    return answered_within(load / aht_s, aht_s, agents, patience_s, None, within_s)


def test_cheapest_plan_by_hand(toy_planned, plans, toy_center):
    """The cheapest plan, step by step: everybody on the phone is offered chat; 3 on the phone, 4 on the desk.

    Demand. 67 issues choose voice (billing 10 + 14 + 14 + 10 = 48, fault 4 + 5 + 6 + 4 = 19) and 32 chat (22 + 10).
    Billing comes 15, 20, 20, 15 of 70 per half hour, fault 6, 8, 9, 6 of 29. So at the peak, 10:00, voice gets
    48·20/70 + 19·9/29 = 13.714 + 5.897 = 19.611 first contacts, and chat 22·20/70 + 10·9/29 = 9.389.
    Served contacts return with .10 (voice) and .15 (chat), abandoned ones redial with .50: a channel has at least
    first/.90 (voice) or first/.85 (chat) contacts.

    Capacity per half hour under the cap of .85: a phone agent 1800·.85/300 = 5.1 contacts, a desk agent (two chats at
    1.6 times the speed of one) 1800·1.6·.85/360 = 6.8.

    Prices. A phone agent costs 2·40 = 80, a desk agent 2·36 = 72; the 7th on the phone and the 5th on the desk are
    hires, 520/52 = 10 more. All 67 offered chat: 67·.05 = 3.35. So the plan costs 3·80 + 4·72 + 3.35 = 531.35.

    It fits. All offered, half accept: voice 19.611/2 = 9.806 first contacts at the peak, under 3·5.1 = 15.3; chat
    9.389 + 9.806 = 19.195, /.85 = 22.58, under 4·6.8 = 27.2.

    Nothing cheaper fits. For less than 531.35 there are at most 6, 5, 4, 3, 2, 1 on the phone with 0, 1, 2, 4, 5, 5 on
    the desk (2 + 5 leave 1.35, 27 offers; 1 + 6 costs 532, 0 + 7 costs 534, 4 + 3 costs 536).
    * 6 + 0, 5 + 1: chat alone needs 9.389/.85 = 11.05 contacts at the peak; one desk agent takes 6.8.
    * 4 + 2: the desk takes 13.6, so 13.6·.85 = 11.56 first contacts, of them at most 2.171 moved; 17.44 stay on the
      phone, 19.38 contacts with returns. That is 3.23 Erlang for 4 agents at the peak, and the other half hours keep
      the same shares: even if each moved as much as the peak, fewer than 80 % are answered in 20 s.
    * 3 + 3: the desk takes 20.4, 17.34 first contacts, 7.951 moved; 11.66 stay, 12.96 with returns, 2.16 Erlang for 3:
      the same.
    * 3 + 4 with fewer offers: at least a quarter of the faults or of the billing customers is not asked; the lightest
      case, faults, leaves 2.375 more on the phone, and its service level falls from 80.9 % to below 80 %.
    * 2 + 5: at most 27 offers move at most 13.5 customers, 13.5·.31 = 4.19 at the peak; 15.4 stay, over 10.2.
    * 1 + 5, 0 + 6: half of 19.611 at least stays, 9.806/.9 = 10.9, over 5.1.
    """
    table = toy_planned.table
    cheapest = table.loc[table.loc[table["origin"] != "today", "cost"].idxmin()]
    assert decision(toy_planned.plan(cheapest["plan"])) == (1.0, 1.0, 3, 4)
    assert cheapest["cost"] == pytest.approx(3 * 2 * 40 + 4 * 2 * 36 + 67 * 0.05)
    assert cheapest["cost"] == pytest.approx(531.35)

    peak_voice, peak_chat = 48 * 20 / 70 + 19 * 9 / 29, 22 * 20 / 70 + 10 * 9 / 29
    assert (peak_voice, peak_chat) == pytest.approx((19.611, 9.389), abs=1e-3)
    phone_cap, desk_cap = 1800 * 0.85 / 300, 1800 * 1.6 * 0.85 / 360
    assert (phone_cap, desk_cap) == pytest.approx((5.1, 6.8))
    assert peak_voice / 2 < 3 * phone_cap
    assert (peak_chat + peak_voice / 2) / 0.85 < 4 * desk_cap

    # What 531.35 buys at most: people on the desk for each number on the phone.
    def wages(phone: int, desk: int) -> int:
        return 80 * phone + 72 * desk + 10 * max(0, phone - 6) + 10 * max(0, desk - 4)

    most = {p: max((d for d in range(8) if wages(p, d) < 531.35), default=-1) for p in range(10)}
    assert most == {0: 6, 1: 5, 2: 5, 3: 4, 4: 2, 5: 1, 6: 0, 7: -1, 8: -1, 9: -1}

    assert peak_chat / 0.85 > 1 * desk_cap  # 6 + 0 and 5 + 1
    for phone, desk in ((4, 2), (3, 3)):
        moved = desk * desk_cap * 0.85 - peak_chat
        share = moved / peak_voice  # the same offers hold all day
        for slack in (1.0, 1.04):  # reasons peak differently, by less than 4 % of the share
            day = [48 * b / 70 + 19 * f / 29 for b, f in ((15, 6), (20, 8), (20, 9), (15, 6))]
            stay = [n * (1 - slack * share) / 0.9 for n in day]
            levels = [erlang(n / 1800 * 300, phone, 300, 180, 20) for n in stay]
            assert np.dot(levels, stay) / sum(stay) < 0.8
    assert peak_voice - 27 * 0.5 * 9 / 29 > 2 * phone_cap  # 2 + 5
    assert peak_voice / 2 / 0.9 > 1 * phone_cap  # 1 + 5, 0 + 6
    tight = [(*offer, *team) for offer in product(QUARTERS, QUARTERS) for team in ((3, 4), (3, 3), (4, 2), (2, 5))]
    assert [c for c in tight if recount(toy_center, *spelled(c)).feasible] == [(1.0, 1.0, 3, 4)]
    lighter = recount(toy_center, *spelled((1.0, 0.75, 3, 4))).values["phone_80_20"][0]
    assert lighter < 0.8 < recount(toy_center, *spelled((1.0, 1.0, 3, 4))).values["phone_80_20"][0]
    reported = plans[1.0, 1.0, 3, 4].promises.set_index("promise")["value"]["phone_80_20"]
    assert reported == pytest.approx(0.8089, abs=1e-4)
