"""The flow network says what the scenario states: volumes, outcomes, moves, people, promises, curves and Today."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of, write_center  # noqa: E402

from planner.errors import ScenarioError  # noqa: E402
from planner.frontier.shown import period_labels  # noqa: E402
from planner.operation import baseline, build_problem  # noqa: E402
from planner.operation.build import build_promises  # noqa: E402
from planner.operation.curves import HULL_LINES, bends, convex_hull_lines, mean_loss  # noqa: E402
from planner.operation.people import build_payroll  # noqa: E402
from planner.scenario import read_today_routing, read_today_staffing  # noqa: E402
from solvers.flow.network import Queue  # noqa: E402

TOY = Path(__file__).resolve().parents[4] / "scenarios/minimal.yaml"


@pytest.fixture(scope="module")
def toy():
    return problem_of(TOY)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return problem_of(write_center(tmp_path_factory.mktemp("center"), 1))


def test_toy_volumes_by_hand(toy):
    """70 billing issues, 48 of them by voice; 29 faults, 19 by voice; billing comes 15, 20, 20, 15 of 70."""
    network = toy.network
    assert toy.types == (("billing", "all"), ("fault", "all"))
    assert network.issues.tolist() == [70, 29]
    np.testing.assert_allclose(network.natural, [[48 / 70, 22 / 70], [19 / 29, 10 / 29]])
    np.testing.assert_allclose(network.profile[0], np.array([15, 20, 20, 15]) / 70)
    np.testing.assert_allclose(network.profile[1], np.array([6, 8, 9, 6]) / 29)
    assert network.first_volume.sum() == pytest.approx(99 + 67)  # the steer nodes could get all of voice again
    assert network.interval_s == 1800
    assert network.days == 1


def test_toy_outcomes_by_hand(toy):
    """Later rows win: billing in chat 4.3, faults in chat 3.6; nobody gives up, so 1 - fcr is what returns."""
    network, flows, nodes = toy.network, toy.network.flows, toy.network.nodes
    kind, channel = nodes.kind[flows.node], nodes.channel[flows.node]
    score = np.array([[4.2, 4.3], [4.2, 3.6]])
    np.testing.assert_allclose(flows.score, score[kind, channel])
    np.testing.assert_allclose(flows.aht_s, np.array([300.0, 360.0])[channel])
    np.testing.assert_allclose(flows.comes_back, np.array([0.10, 0.15])[channel])
    np.testing.assert_allclose(flows.final_share + flows.comes_back, 1.0)
    assert (flows.escalate == 0).all()
    assert network.pools.patience_s.tolist() == [180, 240]
    assert network.pools.redial.tolist() == [0.5, 0.5]
    assert network.pools.speed.tolist() == [1.0, 1.6]
    assert network.pools.queue.tolist() == [Queue.VOICE, Queue.CHAT]
    assert network.wait_max_s.tolist() == pytest.approx([45, 60])


def test_next_contacts_stay_within_type_and_sum_up(small):
    """Shares of served flows: escalated + returning; escalations of the bot go to voice and chat in equal parts."""
    network, flows, nodes = small.network, small.network.flows, small.network.nodes
    total = np.bincount(network.served_from, network.served_share, len(flows.node))
    np.testing.assert_allclose(total, flows.escalate + flows.comes_back, atol=1e-12)
    assert (np.diff(network.served_from) >= 0).all()
    np.testing.assert_array_equal(
        nodes.kind[network.served_to], network.flow_kind[network.served_from]
    )  # returns are stated with the same reason
    stage = nodes.stage[network.served_to]
    assert set(stage) == {2, 3}
    bot = small.channels.index("bot")
    from_bot = nodes.channel[flows.node[network.served_from]] == bot
    escalated = from_bot & (stage == 3)
    assert escalated.any()
    assert (stage[~from_bot] == 2).all()
    for target in ("voice", "chat"):
        there = escalated & (nodes.channel[network.served_to] == small.channels.index(target))
        np.testing.assert_allclose(
            network.served_share[there], flows.escalate[network.served_from[there]] / 2, atol=1e-12
        )
    # Who redials stays in the channel: a first contact as `redialed`, a later one at its stage.
    again = network.redial_to
    np.testing.assert_array_equal(nodes.channel[again], nodes.channel[flows.node])
    np.testing.assert_array_equal(nodes.stage[again], np.maximum(nodes.stage[flows.node], 1))


def test_shares_resolved_returned_given_up_escalated_sum_to_one(small):
    flows = small.network.flows
    gives_up = (1 - flows.escalate) * (1 - flows.resolve) * (1 - flows.comeback)
    solved = (1 - flows.escalate) * flows.resolve
    np.testing.assert_allclose(solved + gives_up + flows.comes_back + flows.escalate, 1.0)
    give_up = small.scenario.experience.give_up_share.value
    np.testing.assert_allclose(flows.comeback, 1 - give_up)


def test_pools_serve_only_what_they_may(small):
    network = small.network
    partner = small.pools.index("partner")
    kinds = network.flow_kind[network.flows.pool == partner]
    assert {small.types[k][0] for k in kinds} == {"order"}
    for f, n in enumerate(network.flows.node):
        pool = small.scenario.pools[small.pools[network.flows.pool[f]]]
        assert pool.channel == small.channels[network.nodes.channel[n]]


def test_steers_reach_whom_they_name(small):
    nodes = small.network.nodes
    for k, (name, steer) in enumerate(small.scenario.steers.items()):
        mine = nodes.steer == k
        assert mine.any(), name
        assert {small.channels[a] for a in nodes.natural[mine]} == {steer.from_channel}
        assert {small.channels[c] for c in nodes.channel[mine]} == {steer.to_channel}
        wanted = set(steer.reasons or small.scenario.reasons)
        assert {small.types[i][0] for i in nodes.kind[mine]} <= wanted
        np.testing.assert_allclose(nodes.acceptance[mine], steer.acceptance.value)
        np.testing.assert_allclose(nodes.offer_cost[mine], steer.cost_per_offer)


def test_catalogue_with_breaks(small):
    """The long shift, 09:00 to 14:00, has an unpaid hour off; the short ones start at 9, 10 and 11."""
    catalogue = small.instance.catalogues[0]
    pause = int(small.scenario.shifts["long"].breaks[0].after_h)
    expected = np.array([[1.0] * 5, [1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1]])
    expected[0, pause] = 0
    np.testing.assert_array_equal(catalogue.cover, expected)
    assert catalogue.paid_h.tolist() == [4.0, 3.0, 3.0, 3.0]
    assert catalogue.start_min.tolist() == [540, 540, 600, 660]
    assert catalogue.end_min.tolist() == [840, 720, 780, 840]
    assert small.instance.catalogues[small.pools.index("robot")] is None
    assert small.instance.catalogues[0] is small.instance.catalogues[1]


def test_payroll_of_two_days(small):
    """Two days of a five-day week: two fifths of contract, overtime and hiring charge."""
    payroll = small.instance.payroll
    roster = small.scenario.pools["phone"].roster
    assert payroll.contract_h[0] == pytest.approx(roster.contract_h_per_week * 2 / 5)
    assert payroll.overtime_h[0] == pytest.approx(roster.overtime_h_per_week_max * 2 / 5)
    assert payroll.hire_cost[0] == pytest.approx(roster.cost_per_hire / 52 * 2 / 5)
    assert payroll.days[0] == 2
    assert payroll.rest_min[0] == 660
    assert not payroll.rostered[small.pools.index("robot")]


def test_promises_and_limits(small):
    promises, limits = small.instance.promises, small.instance.limits
    assert small.promise_names == ("phone", "chat", "mail")
    assert promises.measure.tolist() == [0, 2, 3]
    assert promises.period_intervals.tolist() == [10, 5, 10]
    assert promises.target.tolist() == [0.7, 0.1, 0.9]
    assert [small.pools[g] for g in np.flatnonzero(promises.pools[0])] == ["phone", "partner"]
    assert limits.budget == 60000
    assert limits.seat_max.tolist() == [80]


def test_a_week_has_seven_days(small):
    """Of a fortnight, promises per week and days per week hold in each of the two weeks, not on average."""
    horizon = small.scenario.horizon.model_copy(update={"days": 14})
    fortnight = small.scenario.model_copy(update={"horizon": horizon})
    assert build_promises(fortnight, small.pools).period_intervals.tolist() == [35, 5, 35]
    payroll = build_payroll(fortnight)
    roster = small.scenario.pools["phone"].roster
    assert (payroll.days[0], payroll.week_days[0]) == (10, 5)
    most = payroll.most_of_head(0, 14, 4.0)
    hours = roster.contract_h_per_week + roster.overtime_h_per_week_max
    assert (most["hours_most"], most["week_hours"]) == pytest.approx((2 * hours, hours))
    starts = tuple(horizon.starts())
    instance = replace(small.instance, promises=build_promises(fortnight, small.pools))
    longer = replace(small, scenario=fortnight, starts=starts, instance=instance)
    assert period_labels(longer, 0) == ["week of 2026-01-05", "week of 2026-01-12"]
    assert period_labels(small, 0) == ["week"]


CURVES = [
    ([0, 30, 120, 300], [0, 0, 0.4, 1.0]),
    ([0, 60], [0, 0.5]),
    ([0, 10, 20, 400], [0, 0.6, 0.7, 0.75]),
    ([0, 100, 110, 1000], [0, 0.0, 0.8, 0.9]),
]


@pytest.mark.parametrize(("knots", "values"), CURVES)
@pytest.mark.parametrize("longest", [40.0, 180.0, 900.0])
def test_hull_lines_lie_below_every_mixture(knots, values, longest):
    """The wait loss of any mix of intervals: (1 - P) no wait, P exponential of mean m up to the patience."""
    knots, values = np.array(knots, float), np.array(values, float)
    bend = bends(knots, values)
    lines = convex_hull_lines(knots, values, longest)
    assert 0 < len(lines) <= HULL_LINES
    rng = np.random.default_rng(1)
    for _ in range(300):
        waits = rng.uniform(0, 1, 4) * rng.uniform(1e-3, longest, 4)  # P·m
        means = waits / rng.uniform(waits / longest, 1.0)
        weight = rng.dirichlet(np.ones(4))
        loss = weight @ (waits / means * mean_loss(knots, bend, means))
        assert (lines[:, 0] * (weight @ waits) + lines[:, 1] <= loss + 1e-9).all()
    assert (lines[:, 0] > 0).all()
    grid = np.linspace(0, longest, 50)
    tight = (lines[:, :1] * grid + lines[:, 1:]).max(axis=0)
    assert (mean_loss(knots, bend, grid) - np.maximum(tight, 0)).min() < 0.02


@pytest.mark.parametrize(("knots", "values"), CURVES)
def test_mean_loss_is_the_integral(knots, values):
    """Against the density summed over a fine grid; the tail beyond 60 means is nothing."""
    knots, values = np.array(knots, float), np.array(values, float)
    bend = bends(knots, values)
    for mean in (5.0, 50.0, 400.0):
        edges = np.linspace(0, 60 * mean, 2_000_001)
        middle = (edges[1:] + edges[:-1]) / 2
        share = -np.diff(np.exp(-edges / mean))
        assert mean_loss(knots, bend, np.array([mean]))[0] == pytest.approx(
            float(share @ np.interp(middle, knots, values)), abs=1e-6
        )


def test_no_curve_no_hull():
    assert convex_hull_lines(np.array([0.0]), np.array([0.0]), 100.0).shape == (0, 2)
    assert convex_hull_lines(np.array([0.0, 10]), np.array([0.0, 1]), np.inf).shape == (0, 2)
    assert convex_hull_lines(np.array([0.0, 10]), np.array([0.0, 0]), 60.0).shape == (0, 2)


def test_today_of_the_toy(toy):
    """6 on the phone and 3 on the desk all morning, two hours: 6·2·40 + 3·2·36 = 696, no steers, no priorities."""
    today = baseline(toy, read_today_staffing(toy.scenario), read_today_routing(toy.scenario))
    assert today.scheduled.tolist() == [[6.0] * 4, [3.0] * 4]
    assert today.on_task.tolist() == today.scheduled.tolist()
    assert today.paid_h.tolist() == [12.0, 6.0]
    assert today.cost == pytest.approx(696.0)
    assert (today.routing.offer == 0).all()
    assert (today.routing.split == 1).all()
    assert any("shrinkage" in note for note in today.notes)


def test_today_keeps_measured_people_and_odd_routes(small):
    """Measured agents on task are used as they are; a type and channel nobody routes is split evenly."""
    staffing = pd.DataFrame(
        {
            "pool": ["phone", "phone", "nowhere"],
            "interval": [0, 3, 0],
            "scheduled": [10.0, 8, 5],
            "on_task": [7.0, 6, 5],
        }
    )
    routing = pd.DataFrame(
        {
            "reason": ["order", "order"],
            "segment": ["gold", "gold"],
            "channel": ["voice", "voice"],
            "pool": ["phone", "partner"],
            "share": [3.0, 1.0],
        }
    )
    today = baseline(small, staffing, routing)
    assert today.on_task[0].tolist() == [7.0, 0, 0, 6.0, 0, 0, 0, 0, 0, 0]
    assert today.scheduled.sum() == 18.0
    assert today.notes == ()
    network = small.network
    share = {}
    for k in range(len(network.split_kind)):
        key = (*small.types[network.split_kind[k]], small.pools[network.split_pool[k]])
        share[key] = today.routing.split[k]
    assert share["order", "gold", "phone"] == pytest.approx(0.75)
    assert share["order", "gold", "partner"] == pytest.approx(0.25)
    assert share["order", "basic", "phone"] == pytest.approx(0.5)
    assert share["fault", "basic", "phone"] == pytest.approx(1.0)


def test_flow_scores_rebuild_the_network_s(small):
    """One draw equal to the estimates gives the flows' scores (none is clipped here)."""
    outcomes, moves = small.experience.outcomes, small.experience.moves
    scores = outcomes["score"].to_numpy(float)[None, :]
    found = small.flow_scores(scores, moves["score"].to_numpy(float)[None, :])
    np.testing.assert_allclose(found[0], small.network.flows.score)


def test_a_scale_on_which_low_is_good_is_refused(toy):
    """Plans maximize the score: planning such a scale would be planning upside down."""
    experience = toy.scenario.experience.model_copy(update={"higher_is_better": False})
    upside_down = toy.scenario.model_copy(update={"experience": experience})
    with pytest.raises(ScenarioError, match=r"higher_is_better.*turn the score around \(6 - score\)"):
        build_problem(upside_down, toy.experience, toy.demand)


def test_nobody_is_escalated_to_where_no_pool_may_serve_them(tmp_path):
    """Half of the faults a bot serves would be left to nobody, and would count as resolved by it."""
    path = write_center(tmp_path, 1)
    offers = ("steers.to_chat.reasons=[order]", "steers.form.reasons=[order]")
    lone = ("escalations=[{from_channel: bot, to_channel: chat}]", *offers)
    problem_of(path, *lone)
    text = path.read_text(encoding="utf-8").replace('"desk": {', '"desk": {"reasons": ["order"], ')
    path.write_text(text, encoding="utf-8")
    without = (tmp_path / "demand.csv").read_text(encoding="utf-8").splitlines()
    without = [row for row in without if "fault,chat" not in row]
    (tmp_path / "demand.csv").write_text("\n".join(without) + "\n", encoding="utf-8")
    routes = (tmp_path / "routing.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "routing.csv").write_text("\n".join(r for r in routes if "fault" not in r or "desk" not in r) + "\n")
    with pytest.raises(ScenarioError, match="60% of fault / gold served in bot are escalated to chat, where no pool"):
        problem_of(path, *lone)
    problem_of(path, *offers)  # the phone takes them over
