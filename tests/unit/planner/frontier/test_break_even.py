"""From where on steers and bots pay, against plans staffed by hand and scenarios rewritten."""

from __future__ import annotations

import dataclasses
import json
import sys
from copy import copy
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of  # noqa: E402

from planner.frontier.break_even import (  # noqa: E402
    PARTS,
    Asked,
    BreakEven,
    asked_of,
    break_even,
    break_even_words,
    contained,
    with_acceptance,
    with_containment,
)
from solvers.flow.covering import day_covers  # noqa: E402
from solvers.flow.headroom import HEADROOM_TOLERANCE  # noqa: E402
from solvers.flow.solution import judge  # noqa: E402
from solvers.flow.staff import route_and_staff  # noqa: E402


def rewritten(path: Path, folder: Path, change) -> Path:
    """The same center with its document changed."""
    document = json.loads(path.read_text())
    change(document)
    folder.mkdir()
    for name in ("demand.csv", "staffing.csv", "routing.csv"):
        (folder / name).write_bytes((path.parent / name).read_bytes())
    (folder / "center.yaml").write_text(json.dumps(document))
    return folder / "center.yaml"


def same_network(one, other):
    for part in ("nodes", "flows"):
        for field in dataclasses.fields(getattr(one, part)):
            a, b = getattr(getattr(one, part), field.name), getattr(getattr(other, part), field.name)
            np.testing.assert_allclose(a, b, err_msg=field.name)
    np.testing.assert_array_equal(one.served_to, other.served_to)
    np.testing.assert_allclose(one.served_share, other.served_share)


def test_other_acceptance_is_the_scenario_rewritten(centers, tmp_path):
    path, problem, _ = centers[0]
    changed = problem_of(path, "steers.to_chat.acceptance=0.33").network
    same_network(with_acceptance(problem.network, problem.steers.index("to_chat"), 0.33), changed)


def test_other_containment_is_the_scenario_rewritten(centers, tmp_path):
    """All bot flows escalate alike, so that the mean is each one's."""
    path, _, _ = centers[0]

    def escalating(share):
        def change(document):
            for row in document["experience"]["outcomes"]:
                if "p_escalate" in row:
                    row["p_escalate"] = share

        return change

    before = problem_of(rewritten(path, tmp_path / "a", escalating(0.4)))
    after = problem_of(rewritten(path, tmp_path / "b", escalating(0.15)))
    robot = before.pools.index("robot")
    assert contained(before.network, robot) == pytest.approx(0.6)
    same_network(with_containment(before.network, robot, 0.85), after.network)
    same_network(with_containment(before.network, robot, 0.6), before.network)
    assert contained(with_containment(before.network, robot, 0.0), robot) == 0.0


def test_break_even_changes_sign_at_its_threshold(centers):
    """Re-staffed with and without the offers on both sides of the threshold, or at both ends where there is none."""
    kinds = set()
    for _, problem, plans in centers:
        covers = day_covers(problem.instance)
        for view in plans[:1]:
            for one in filter(None, (break_even(view, covers, asked) for asked in asked_of(view))):
                kinds.add((one.what, one.chosen))
                if np.isnan(one.threshold):
                    tried = [*np.linspace(one.low, one.high, PARTS + 1), one.value]
                    assert len({direct_saving(view, one, value, covers) > 0 for value in tried}) == 2
                    continue
                step = (one.high - one.low) / 32
                at = {
                    "here": one.value,
                    "below": one.low if not np.isfinite(one.threshold) else one.threshold - step / 2,
                    "above": one.high if not np.isfinite(one.threshold) else one.threshold + step / 2,
                }
                found = {place: direct_saving(view, one, value, covers) for place, value in at.items()}
                assert one.saves == pytest.approx(found["here"], abs=1e-6)
                if np.isfinite(one.threshold):
                    assert (found["below"] > 0) == one.falling
                    assert (found["above"] > 0) != one.falling
                else:
                    assert (found["below"] > 0) == (found["above"] > 0) == (one.threshold < 0)
    assert {what for what, _ in kinds} == {"acceptance", "containment"}
    assert {chosen for _, chosen in kinds} == {True, False}


def test_every_steer_is_asked_of_a_plan_that_offers_nothing(centers):
    """What it would take for an offer to pay matters most where it is not made."""
    for _, problem, plans in centers:
        quiet = copy(plans[0])
        quiet.routing = dataclasses.replace(quiet.routing, offer=np.zeros(len(problem.network.nodes.kind)))
        asked = asked_of(quiet)
        assert {one.name for one in asked if one.what == "acceptance"} == set(problem.steers)
        assert {one.name for one in asked if one.what == "containment"} == {"robot"}
        assert not any(one.chosen for one in asked)


def offered_instead(nodes, offer, mine):
    """Offers with all contacts that may get one of `mine` shared out among these alone."""
    found = offer.copy()
    for kind, natural in set(zip(nodes.kind[mine].tolist(), nodes.natural[mine].tolist(), strict=True)):
        alike = (nodes.kind == kind) & (nodes.natural == natural)
        found[alike] = mine[alike] / (alike & mine).sum()
    return found


def direct_saving(view, one: BreakEven, value: float, covers) -> float:
    """Cost without the offers less cost with them, through `judge`."""
    problem = view.problem
    network, value = problem.network, max(value, 1e-6)
    nodes = network.nodes
    if one.what == "acceptance":
        steer = problem.steers.index(one.name)
        mine, network = nodes.steer == steer, with_acceptance(network, steer, value)
    else:
        pool = problem.pools.index(one.name)
        bot = problem.channels.index("bot")
        mine = (nodes.steer >= 0) & (nodes.channel == bot)
        network = with_containment(network, pool, value, view.evaluation.state.volume)
    instance = dataclasses.replace(problem.instance, network=network)
    costs, never = [], np.where(mine, 0.0, view.routing.offer)
    offered = view.routing.offer if one.chosen else offered_instead(nodes, never, mine)
    for offer in (never, offered):
        routing = dataclasses.replace(view.routing, offer=offer)
        routing, people = route_and_staff(instance, routing, view.evaluation.headroom - HEADROOM_TOLERANCE, covers)
        costs.append(judge(instance, routing, people, "x").cost)
    return costs[0] - costs[1]


@pytest.mark.parametrize(
    ("pays", "threshold", "falling"),
    [
        (lambda at: at > 0.41, 0.41, False),
        (lambda at: at < 0.41, 0.41, True),
        (lambda at: not 0.45 < at < 0.55, np.nan, False),  # at both ends, but not where it stands
        (lambda at: True, -np.inf, False),
        (lambda at: False, np.inf, False),
    ],
)
def test_one_threshold_is_named_only_where_there_is_one(centers, monkeypatch, pays, threshold, falling):
    _, problem, plans = centers[0]
    monkeypatch.setattr(
        "planner.frontier.break_even._savings", lambda *_: lambda at: (10.0 if pays(at) else -10.0, 0.0)
    )
    one = break_even(plans[0], {}, Asked("acceptance", "to_chat", 0, 0.5, 0.3, 0.7, np.array([True])))
    assert one.saves == (10.0 if pays(0.5) else -10.0)
    np.testing.assert_allclose(one.threshold, threshold, atol=0.4 / 32)
    assert one.falling == falling
    words = break_even_words(one, problem, "a day")
    assert ("saves here and costs there" in words) == np.isnan(threshold)


def test_containment_is_that_of_the_contacts_that_come(centers):
    """Two flows, 9 of 10 contacts in the one that escalates half: 0.9·0.5 + 0.1·0.9 of all are contained."""
    _, problem, _ = centers[0]
    pool = problem.pools.index("robot")
    flows = problem.network.flows
    mine = np.flatnonzero((flows.pool == pool) & (flows.escalate > 0))
    escalate, volume = flows.escalate.copy(), np.zeros(len(flows.pool))
    escalate[mine] = 0.5
    escalate[mine[0]], volume[mine[0]], volume[mine[1]] = 0.1, 10.0, 90.0
    network = dataclasses.replace(problem.network, flows=dataclasses.replace(flows, escalate=escalate))
    assert contained(network, pool, volume) == pytest.approx(0.54)
    changed = with_containment(network, pool, 0.77, volume)
    assert contained(changed, pool, volume) == pytest.approx(0.77)


def test_break_even_words(centers):
    _, problem, _ = centers[0]
    one = BreakEven("acceptance", "to_chat", 0.5, 0.3, 0.7, 96.0, 0.015, 0.42)
    assert "saves 96 USD a day at 50% acceptance" in break_even_words(one, problem, "a day")
    assert "it saves only above 42% acceptance (tried: 30% to 70%)" in break_even_words(one, problem, "a day")
    close = dataclasses.replace(one, threshold=0.503)
    assert "it saves only above 50.3% acceptance" in break_even_words(close, problem, "a day")
    always = dataclasses.replace(one, threshold=-np.inf)
    assert "at every acceptance tried (30% to 70%)" in break_even_words(always, problem, "a day")
    never = dataclasses.replace(one, what="containment", threshold=np.inf, saves=-5.0)
    assert "costs 5 USD" in break_even_words(never, problem, "a day")
    assert "at no containment" in break_even_words(never, problem, "a day")
    not_here = break_even_words(dataclasses.replace(one, chosen=False, saves=-4.0), problem, "a day")
    assert not_here.startswith("Not in this plan: offering “")
    assert "” instead, wherever it can be, would cost 4 USD a day at 50% acceptance" in not_here
    assert "it would save only above 42% acceptance" in not_here
