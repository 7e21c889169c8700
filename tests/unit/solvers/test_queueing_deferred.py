"""Deferred work: conserved, earliest deadline first; blending against solved chains and its own limits."""

import numpy as np
import pytest
from queue_chains import blended_chain

from solvers.queueing import blended_waiting, deferred_work, waiting
from solvers.queueing.blending import blending_reserve


def test_backlog_by_hand():
    """Half hours; 6 per interval can be done, the deadline is one hour."""
    found = deferred_work([10, 4, 0, 0, 9], [6, 6, 6, 2, 4], interval_s=1800, deadline_s=3600)
    assert found.done.tolist() == [[6, 6, 2, 0, 4]]
    assert found.backlog.tolist() == [[4, 2, 0, 0, 5]]
    assert found.idle.tolist() == [0, 0, 4, 2, 0]
    assert found.in_time.tolist() == [[10, 4, 0, 0, 4]]
    assert found.undecided.tolist() == [[0, 0, 0, 0, 5]]
    assert found.late.sum() == 0
    # First batch: 6 units arrive over 0–.6 and are done over 0–1, 4 arrive over .6–1 and are done over 1–1⅔.
    first = (0.6 * (0.0 + 0.4) / 2 + 0.4 * (0.4 + 2 / 3) / 2) * 1800
    assert found.delay_s[0, 0] == pytest.approx(first)
    assert np.isnan(found.delay_s[0, 2])
    assert found.delay_s[0, 4] == np.inf
    # What is left at the end of the first interval arrived from .6 on; at the end of the second, from 1.5 on.
    np.testing.assert_allclose(found.oldest_s[0, :3], [0.4 * 1800, 0.5 * 1800, 0])


def test_lateness_within_an_interval():
    """All of a batch waits between 1½ and 2 intervals; the deadline falls in the middle."""
    found = deferred_work([4, 0, 0], [0, 0, 8], interval_s=60, deadline_s=105)
    assert found.in_time[0, 0] == pytest.approx(2)
    assert found.late[0, 0] == pytest.approx(2)
    assert found.delay_s[0, 0] == pytest.approx(105)


def test_earliest_deadline_goes_first():
    """Callbacks due in an hour overtake emails due in eight, until those are due."""
    callbacks, emails = np.array([0, 4, 4, 4, 0, 0]), np.array([20, 0, 0, 0, 0, 0])
    found = deferred_work([emails, callbacks], np.full(6, 6), interval_s=3600, deadline_s=[8 * 3600, 3600])
    assert found.done.tolist() == [[6, 2, 2, 2, 6, 2], [0, 4, 4, 4, 0, 0]]
    assert found.late.sum() == 0
    fifo = deferred_work([emails, callbacks], np.full(6, 6), interval_s=3600, deadline_s=[3600, 3600])
    assert fifo.late[1].sum() > 0


@pytest.mark.parametrize("seed", range(40))
def test_work_is_conserved(seed):
    rng = np.random.default_rng(seed)
    classes, intervals = int(rng.integers(1, 5)), int(rng.integers(1, 60))
    whole = seed % 2 == 0
    draw = (lambda high, size: rng.integers(0, high, size).astype(float)) if whole else rng.uniform
    arrivals = draw(20, (classes, intervals)) if whole else rng.uniform(0, 20, (classes, intervals))
    capacity = draw(25 * classes, intervals) if whole else rng.uniform(0, 25 * classes, intervals)
    initial = draw(30, classes) if whole else rng.uniform(0, 30, classes)
    found = deferred_work(
        arrivals, capacity, interval_s=1800, deadline_s=rng.uniform(900, 40_000, classes), backlog=initial
    )
    there = np.cumsum(arrivals, axis=1) + initial[:, None] - np.cumsum(found.done, axis=1)
    fates = found.in_time + found.late + found.undecided
    entered = arrivals + np.where(np.arange(intervals) == 0, initial[:, None], 0.0)
    if whole:
        np.testing.assert_array_equal(found.backlog, there)
        np.testing.assert_array_equal(found.done.sum(axis=0) + found.idle, capacity)
    np.testing.assert_allclose(found.backlog, there, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(fates, entered, rtol=1e-12, atol=1e-11)
    # Nothing is idle while there is work.
    assert (np.minimum(found.idle, found.backlog.sum(axis=0)) < 1e-9).all()
    for values in (found.done, found.backlog, found.in_time, found.late, found.undecided, found.oldest_s):
        assert (values >= -1e-12).all()


def test_deadline_is_kept_exactly_when_what_is_done_keeps_up():
    """One class: nothing is late if and only if all that came through t is done by t + d."""
    rng = np.random.default_rng(3)
    kept = 0
    for _ in range(200):
        arrivals, capacity = rng.integers(0, 10, 12), rng.integers(0, 10, 12)
        found = deferred_work(arrivals, capacity, interval_s=1, deadline_s=3)
        done, came = np.cumsum(found.done[0]), np.cumsum(arrivals)
        keeps_up = (done[3:] >= came[:-3]).all()
        assert keeps_up == (found.late.sum() < 1e-9)
        kept += keeps_up
    assert 20 < kept < 180


def test_blending_with_one_handle_time_is_exact():
    rng = np.random.default_rng(4)
    for _ in range(25):
        agents, leave = int(rng.integers(1, 11)), float(rng.uniform(0.5, 3))
        reserve, arrival, within = int(rng.integers(0, agents + 1)), agents * rng.uniform(0.2, 0.9), rng.uniform(0, 0.3)
        truth = blended_chain(arrival, 1.0, 1.0, leave, agents, reserve, within, 40)
        case = blended_waiting(arrival, 1.0, agents, reserve=reserve, patience_s=1 / leave, answer_within_s=within)
        found = (case.live.p_wait, case.live.queue_length, case.live.service_level, case.deferred_per_s)
        np.testing.assert_allclose(found, truth, rtol=1e-8, atol=1e-10)


def test_blending_with_two_handle_times_is_near():
    rng = np.random.default_rng(5)
    errors = []
    for _ in range(40):
        agents, leave, apart = int(rng.integers(2, 11)), rng.uniform(0.5, 3), np.exp(rng.uniform(-1.1, 1.1))
        reserve, arrival = int(rng.integers(0, agents + 1)), agents * rng.uniform(0.2, 0.9)
        truth = blended_chain(arrival, 1.0, 1 / apart, leave, agents, reserve, 0.1, 40)
        case = blended_waiting(
            arrival, 1.0, agents, reserve=reserve, deferred_aht_s=apart, patience_s=1 / leave, answer_within_s=0.1
        )
        lost = leave * (case.live.queue_length - truth[1]) / arrival
        errors.append((abs(lost), abs(case.live.service_level - truth[2])))
    assert (np.quantile(errors, 0.95, axis=0) < [0.012, 0.015]).all()


def test_limits_of_blending():
    plain = waiting(0.1, 300, [30, 34.5], patience_s=200)
    alone = blended_waiting(0.1, 300, [30, 34.5], reserve=40, patience_s=200)
    for name in ("p_wait", "asa_s", "asa_answered_s", "service_level", "abandon_rate", "occupancy", "queue_length"):
        np.testing.assert_allclose(getattr(alone.live, name), getattr(plain, name), rtol=1e-10, err_msg=name)
    np.testing.assert_allclose(alone.deferred_per_s, 0, atol=1e-12)
    # Without a reserve nobody is ever idle, and all handle time is shared out.
    full = blended_waiting(0.05, 300, 30, reserve=0, deferred_aht_s=300, patience_s=200)
    assert full.live.p_wait == pytest.approx(1)
    assert full.live.occupancy == pytest.approx(1)
    assert full.deferred_per_s * 300 + 0.05 * 300 * (1 - full.live.abandon_rate) == pytest.approx(30, rel=1e-9)
    quiet = blended_waiting(0.0, 300, 10, reserve=[0, 4, 12], deferred_aht_s=600)
    np.testing.assert_allclose(quiet.deferred_per_s, [10 / 600, 6 / 600, 0])
    assert (quiet.live.service_level == 1).all()
    assert blended_waiting(0.5, 300, 30, reserve=5).live.asa_s == np.inf
    nobody = blended_waiting(0.5, 300, 0, reserve=5, patience_s=100)
    assert (nobody.live.abandon_rate, nobody.deferred_per_s) == (1, 0)


def test_reserve_trades_live_waiting_for_deferred_work():
    case = blended_waiting(0.08, 300, 34, reserve=np.arange(20), patience_s=200)
    assert (np.diff(case.live.service_level) > 0).all()
    assert (np.diff(case.live.abandon_rate) < 0).all()
    assert (np.diff(case.deferred_per_s) < 0).all()


def test_smallest_reserve_equals_a_scan():
    rng = np.random.default_rng(6)
    agents = rng.integers(1, 50, 200).astype(float) + rng.choice([0.0, 0.4], 200)
    arrivals = agents * rng.uniform(0.3, 1.0, 200) / 300
    level = rng.uniform(0.3, 0.95, 200)
    found = blending_reserve(arrivals, 300, agents, patience_s=200, service_level=level, abandon_rate=0.2)
    scan = np.stack([(lambda c: (c.live.service_level >= level) & (c.live.abandon_rate <= 0.2))(
        blended_waiting(arrivals, 300, agents, reserve=r, patience_s=200)) for r in range(52)])  # fmt: skip
    expected = np.where(scan.any(axis=0), scan.argmax(axis=0), np.nan)
    np.testing.assert_array_equal(found, expected)
    assert np.isnan(found).any()
    assert (found == 0).any() or (found < 5).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: deferred_work([[1, -1]], [1, 1], interval_s=1, deadline_s=1), r"arrivals\[0, 1\] = -1"),
        (lambda: deferred_work([1, 1], [1, 1, 1], interval_s=1, deadline_s=1), r"capacity of shape \(3,\)"),
        (lambda: deferred_work([1, 1], [1, np.nan], interval_s=1, deadline_s=1), r"capacity\[1\] = nan"),
        (lambda: deferred_work([1, 1], 1, interval_s=1, deadline_s=0), "deadline_s = 0"),
        (lambda: deferred_work([1, 1], 1, interval_s=1, deadline_s=[1, 2]), r"deadline_s of shape \(2,\)"),
        (lambda: deferred_work([1, 1], 1, interval_s=-1, deadline_s=1), "interval_s = -1"),
        (lambda: blended_waiting(0.1, 60, 5, reserve=1.5), "reserve = 1.5 — must be a whole number"),
        (lambda: blended_waiting(0.1, 60, 5, reserve=[1, -1]), r"reserve\[1\] = -1"),
        (lambda: blended_waiting(0.1, 60, 5, reserve=1, deferred_aht_s=0), "deferred_aht_s = 0"),
        (lambda: blending_reserve(0.1, 60, 5, service_level=80), "service_level = 80"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("deferred_aht_s", [20.0, 60.0, 180.0])
def test_deferred_jobs_never_shorten_the_wait_of_live_contacts(deferred_aht_s):
    for agents, load in ((2, 1.5), (9, 7.86), (9, 9.9), (40, 38.0)):
        reserve = np.arange(agents + 1)
        for patience_s in (60.0, 300.0):
            live = blended_waiting(
                load / 60.0,
                60.0,
                agents,
                reserve=reserve,
                deferred_aht_s=deferred_aht_s,
                patience_s=patience_s,
                answer_within_s=12.0,
            ).live
            alone = waiting(load / 60.0, 60.0, agents, patience_s=patience_s, answer_within_s=12.0)
            assert (live.service_level <= alone.service_level + 1e-12).all()
            assert (live.asa_s >= alone.asa_s - 1e-9).all()
            assert (live.abandon_rate >= alone.abandon_rate - 1e-12).all()
