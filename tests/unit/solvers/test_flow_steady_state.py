"""Steady states: every issue ends once, flows balance, deferred work is done in order; on random small centers."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import problem_of, random_routing, write_center  # noqa: E402

from solvers.flow.network import Decision, Queue  # noqa: E402
from solvers.flow.steady_state import first_contacts, steady_state  # noqa: E402
from solvers.flow.waiting import LONGEST_WAIT_S, deferred_delay  # noqa: E402


@pytest.fixture(scope="module", params=[1, 2, 3, 4])
def network(request, tmp_path_factory):
    return problem_of(write_center(tmp_path_factory.mktemp("center"), request.param)).network


def random_decisions(network, seed, count=12):
    """From hardly anybody to plenty, whole and fractional agents on task."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        routing = random_routing(network, rng)
        on_task = rng.uniform(0, 1, (len(network.pools.queue), network.profile.shape[1])) * rng.uniform(1, 25)
        on_task = np.where(network.pools.staffed[:, None], on_task if k % 2 else np.round(on_task), 0.0)
        yield Decision(routing.offer, routing.split, routing.priority, on_task)


def test_every_issue_ends_once(network):
    """Σ absorbed = Σ issues, and type by type, for returns and redials stay with their type here."""
    flows = network.flows
    for decision in random_decisions(network, 1):
        state = steady_state(network, decision)
        assert state.converged
        lost = state.lost[flows.pair]
        served = state.volume * (1 - lost)
        absorbed = served * flows.final_share + state.volume * lost * (1 - network.pools.redial[flows.pool])
        by_type = np.bincount(network.flow_kind, absorbed, len(network.issues))
        np.testing.assert_allclose(by_type, network.issues, rtol=1e-8)
        assert (state.volume >= 0).all()
        assert (state.lost >= 0).all()
        assert (state.lost <= 1).all()


def test_flows_are_what_first_and_next_contacts_say(network):
    """Node by node: first contacts, plus shares of served flows, plus redials; pools share by the decision."""
    flows, pools = network.flows, network.pools
    for decision in random_decisions(network, 2, 6):
        state = steady_state(network, decision)
        into = first_contacts(network, decision.offer)
        lost = state.lost[flows.pair]
        served = state.volume * (1 - lost)
        np.add.at(into, network.served_to, served[network.served_from] * network.served_share)
        np.add.at(into, network.redial_to, state.volume * lost * pools.redial[flows.pool])
        np.testing.assert_allclose(state.volume, into[flows.node] * decision.split[flows.split], rtol=1e-8, atol=1e-8)
        # Arrivals and work per pool are the flows' sums.
        np.testing.assert_allclose(
            state.arrivals.sum(axis=(1, 2)), np.bincount(flows.pool, state.volume, len(pools.queue)), rtol=1e-9
        )
        np.testing.assert_allclose(
            state.work_s.sum(axis=1), np.bincount(flows.pool, state.volume * flows.aht_s, len(pools.queue)), rtol=1e-9
        )


def test_first_contacts_of_a_type_are_its_issues(network):
    for decision in random_decisions(network, 3, 6):
        first = first_contacts(network, decision.offer)
        assert (first >= 0).all()
        assert (first[network.nodes.stage > 0] == 0).all()
        np.testing.assert_allclose(np.bincount(network.nodes.kind, first), network.issues, rtol=1e-12)
        moved = network.nodes.steer >= 0
        most = network.first_volume * decision.offer * network.nodes.acceptance
        np.testing.assert_allclose(first[moved], most[moved])


def test_abandonment_is_wait_over_patience(network):
    pools = network.pools
    patient = pools.patience_s[network.pair_pool]
    for decision in random_decisions(network, 4, 6):
        state = steady_state(network, decision)
        live = pools.waits[network.pair_pool]
        np.testing.assert_allclose(state.lost[live], (state.wait_s / patient)[live], atol=1e-9)
        assert (state.lost[~live] == 0).all()
        assert (state.wait_s[pools.queue[network.pair_pool] == Queue.AUTOMATED] == 0).all()


def test_a_guess_changes_nothing(network):
    decisions = list(random_decisions(network, 5, 6))
    far = steady_state(network, decisions[0], 2.0)
    for decision in decisions:
        cold, warm = steady_state(network, decision, 0.3), steady_state(network, decision, 0.3, far)
        np.testing.assert_allclose(warm.volume, cold.volume, rtol=1e-7, atol=1e-7)
        np.testing.assert_allclose(warm.lost, cold.lost, atol=1e-8)


def test_ample_staff_scales_with_demand(network):
    for decision in random_decisions(network, 6, 3):
        on_task = np.where(network.pools.staffed[:, None], 1e4, 0.0) * np.ones_like(decision.on_task)
        ample = Decision(decision.offer, decision.split, decision.priority, on_task)
        one, three = steady_state(network, ample), steady_state(network, ample, 2.0)
        np.testing.assert_allclose(three.volume, 3 * one.volume, rtol=1e-9)
        assert one.lost.max() < 1e-12


def test_deferred_delay_by_hand():
    """Four intervals of 100 s, capacity 50 s of work in each; 100 come in the first, 100 in the second.

    All is done when the last interval ends, so each lap starts empty. The middle of the first 100 (their 50th second)
    is done at the end of interval 0, half an interval after it came in: 50 s. The middle of the second (the 150th) is
    done at the end of interval 2, one and a half after it came: 150 s.
    """
    work, room = np.array([100.0, 100, 0, 0]), np.full(4, 50.0)
    delay, kept = deferred_delay(work, room, 100.0, 100.0)
    np.testing.assert_allclose(delay, [50.0, 150.0, 0.0, 0.0])
    assert kept == 0.5
    assert deferred_delay(work, room, 100.0, 150.0)[1] == 1.0
    assert deferred_delay(work, room, 100.0, 40.0)[1] == 0.0


def test_deferred_backlog_is_handed_to_the_next_lap():
    """Work of the last interval is done in the first of the next lap, which is closed for half: it waits for it.

    100 come in interval 3, nobody is there; capacity 25 in 0, 75 in 1: the middle (50) is done when a third of
    interval 1 has passed: 1 + 1/3 intervals after the end of 3, that is 1.8333 after its middle.
    """
    work, room = np.array([0.0, 0, 0, 100]), np.array([25.0, 75, 0, 0])
    delay, kept = deferred_delay(work, room, 60.0, np.inf)
    np.testing.assert_allclose(delay, [0, 0, 0, 60 * (1 + 1 / 3 + 0.5)])
    assert kept == 1.0


def test_deferred_delay_counts_the_night_for_the_customer_not_for_the_deadline():
    """Two days of two intervals of 100 s; 100 come at the end of day 1, nobody is there until day 2.

    Their middle is done half through interval 2: one interval of open time later, with the night of 1,000 s between.
    """
    work, room = np.array([0.0, 100, 0, 0]), np.array([0.0, 0, 100, 0])
    delay, kept = deferred_delay(work, room, 100.0, 100.0, np.array([0.0, 1000.0, 0.0, 1000.0]))
    np.testing.assert_allclose(delay, [0, 1100.0, 0, 0])
    assert kept == 1.0


def test_deferred_work_waits_through_closed_days_and_its_deadline_does_not(network):
    """A day that opens late, one that closes early and one that does not open at all, told by calendar times."""
    per_day, days = network.intervals_per_day, network.days
    midnight = np.datetime64("2026-01-05T00:00:00")
    clock = np.arange(per_day) * network.interval_s + 8 * 3600.0
    starts = np.add.outer(np.arange(days) * 86_400.0, clock).ravel()
    shut = np.zeros(len(starts), dtype=bool)
    shut[:1], shut[per_day - 2 : per_day] = True, True
    shut[per_day : 2 * per_day] = days > 2
    profile = np.where(shut, 0.0, network.profile)
    closing = replace(network, shut=shut, profile=profile / profile.sum(axis=1, keepdims=True))
    for decision in random_decisions(closing, 3, 5):
        there = replace(decision, on_task=np.where(shut, 0.0, decision.on_task))
        state = steady_state(closing, there)
        for g in np.flatnonzero(network.pools.queue == Queue.DEFERRED):
            opened = np.flatnonzero(~shut)
            ends = midnight + (starts[opened] + network.interval_s).astype("timedelta64[s]")
            again = np.append(starts[opened][1:], starts[opened][0] + days * 86_400.0)
            closed_s = (midnight + again.astype("timedelta64[s]") - ends).astype(float)
            capacity = there.on_task[g, opened] * network.interval_s * network.pools.speed[g]
            delay, kept = deferred_delay(
                state.work_s[g, opened], capacity, network.interval_s, network.pools.deadline_s[g], closed_s
            )
            np.testing.assert_array_equal(state.delay_s[g, opened], delay)
            assert (state.delay_s[g, shut] == 0.0).all()
            assert state.in_time[g] == kept


def test_deferred_work_that_never_gets_done():
    work, room = np.array([100.0, 100, 100, 100]), np.full(4, 10.0)
    delay, kept = deferred_delay(work, room, 60.0, 3600.0)
    assert delay[-1] == LONGEST_WAIT_S
    assert kept == 0.0
    assert deferred_delay(np.zeros(4), np.zeros(4), 60.0, 60.0)[1] == 1.0


@pytest.mark.parametrize("seed", range(10))
def test_deferred_backlog_is_conserved(seed):
    """A ledger of the backlog: what came in is done or left over, laps repeat, and delays are where it stands."""
    rng = np.random.default_rng(seed)
    work = rng.uniform(0, 100, 8) * (rng.random(8) < 0.8)
    room = rng.uniform(0, 120, 8)
    room *= 1.15 * work.sum() / room.sum()
    delay, _ = deferred_delay(work, room, 1.0, np.inf)
    assert (delay >= 0).all()
    done = 0.0
    backlog, finished = [], []
    level = 0.0
    for lap in range(3):
        level = 0.0 if lap == 0 else level
        for t in range(8):
            there = level + work[t]
            out = min(there, room[t])
            level = there - out
            done += out
            backlog.append(level)
            finished.append(out)
    assert sum(finished) + level == pytest.approx(3 * work.sum())
    np.testing.assert_allclose(backlog[8:16], backlog[16:], atol=1e-9)
    # No delay exactly where nothing is left over from before and the interval's own work fits.
    before = np.array(backlog[15:23])
    easy = (before < 1e-9) & (work <= room) & (work > 0)
    assert (delay[easy] < 1e-9).all()
    stuck = (before > 1e-9) & (before + work / 2 > room) & (work > 0)
    assert (delay[stuck] > 0).all()
    more, _ = deferred_delay(work, room * 1.2, 1.0, np.inf)
    assert (more <= delay + 1e-9).all()
