"""Properties of patience curves, priority classes, intervals, blending and backlogs, whatever the numbers."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from solvers.queueing import (
    PatienceCurve,
    blended_waiting,
    deferred_work,
    interval_waiting,
    priority_waiting,
    service_levels,
    square_root_agents,
    square_root_p_wait,
    wait_quantile,
    waiting,
)

QUIET = settings(max_examples=50, deadline=None, derandomize=True)
SLACK = 1e-9
LOAD = st.floats(0.05, 80)


@st.composite
def curves(draw):
    """Any mix of jumps and hazards that ends with everybody gone or leaving at some rate."""
    steps = draw(st.lists(st.tuples(st.floats(0.01, 3), st.floats(0.3, 1), st.floats(0, 5)), max_size=8))
    start, level, hazard = [0.0], [draw(st.floats(0.5, 1))], [draw(st.floats(0, 3))]
    for length, keep, rate in steps:
        level.append(level[-1] * np.exp(-hazard[-1] * length) * keep)
        start.append(start[-1] + length)
        hazard.append(rate)
    hazard[-1] = max(hazard[-1], 0.05)
    return PatienceCurve(np.array(start), np.array(level), np.array(hazard))


@QUIET
@given(curves(), LOAD, st.floats(0, 1))
def test_agents_only_help_with_any_patience(curve, load, within):
    agents = np.arange(0, 2 * load + 10, 0.5)
    case = waiting(load, 1, agents, patience_s=curve, answer_within_s=within)
    assert (np.diff(case.p_wait) <= SLACK).all()
    assert (np.diff(case.service_level) >= -SLACK).all()
    assert (np.diff(case.abandon_rate) <= SLACK).all()
    assert (np.diff(case.asa_s) <= SLACK * (1 + case.asa_s[:-1])).all()
    assert ((case.abandon_rate >= 0) & (case.abandon_rate <= 1)).all()
    assert (case.service_level <= 1 - case.abandon_rate + SLACK).all()


@QUIET
@given(curves(), LOAD, st.integers(1, 100), st.floats(1.05, 4))
def test_more_patience_waits_longer_and_loses_fewer(curve, load, agents, longer):
    patient = PatienceCurve(curve.start_s * longer, curve.survival, curve.hazard_per_s / longer)
    short, long = (waiting(load, 1, agents, patience_s=one) for one in (curve, patient))
    assert long.abandon_rate <= short.abandon_rate + SLACK
    assert long.asa_s >= short.asa_s - SLACK
    assert long.p_wait >= short.p_wait - SLACK


@QUIET
@given(LOAD, st.floats(0.05, 20), st.floats(0, 120), st.floats(0, 1), st.floats(0, 1))
def test_definitions_are_ordered(load, patience, agents, within, short):
    levels = service_levels(load, 1, agents, patience_s=patience, answer_within_s=within, short_abandon_s=short)
    for bigger in (levels.answered, levels.without_short_abandons, levels.ended):
        assert np.isnan(bigger) or levels.offered <= bigger + SLACK
        assert np.isnan(bigger) or 0 <= bigger <= 1
    assert levels.short_abandons <= waiting(load, 1, agents, patience_s=patience).abandon_rate + SLACK


@QUIET
@given(LOAD, st.floats(0.05, 20), st.floats(1, 100), st.sampled_from(["virtual", "all", "answered"]))
def test_quantiles_rise(load, patience, agents, of):
    wait = wait_quantile(load, 1, agents, np.linspace(0, 0.99, 12), patience_s=patience, of=of)
    assert (np.diff(wait) >= 0).all()
    assert np.isfinite(wait).all()


@QUIET
@given(st.floats(1, 1e5), st.floats(1e-4, 0.999), st.floats(0, 10))
def test_square_root_staffing_inverts(load, p_wait, ratio):
    agents = square_root_agents(load, p_wait, abandon_ratio=ratio)
    assume(agents > 0)
    np.testing.assert_allclose(square_root_p_wait(load, agents, abandon_ratio=ratio), p_wait, rtol=1e-6)


@st.composite
def priorities(draw):
    classes = draw(st.integers(1, 4))
    several = lambda low, high: np.array(draw(st.lists(st.floats(low, high), min_size=classes, max_size=classes)))  # noqa: E731
    return several(0, 20), several(0.3, 3), several(0.1, 10)


@QUIET
@given(priorities(), st.floats(0, 60), st.floats(0, 0.5))
def test_priority_classes_stay_in_their_bounds(classes, agents, within):
    arrivals, aht, patience = classes
    case = priority_waiting(arrivals, aht, agents, patience_s=patience, answer_within_s=within)
    assert 0 <= case.p_wait <= 1
    assert 0 <= case.occupancy <= 1
    for share in (case.abandon_rate, case.service_level):
        assert ((share >= 0) & (share <= 1)).all()
    there = arrivals > 0
    np.testing.assert_allclose(case.abandon_rate[there], case.asa_s[there] / patience[there], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(case.queue_length, case.asa_s * arrivals, rtol=1e-9, atol=1e-12)
    handled = (arrivals * aht * (1 - case.abandon_rate)).sum()
    # The approximation need not balance to the last digit, but no pool handles more than its agents can.
    assert handled <= agents * 1.03 + 0.05


def test_classes_that_hardly_ever_wait_have_an_answer():
    """Where the chance to wait is below what a number can hold, nobody waits; it once looped without end."""
    case = priority_waiting(
        [1e-20, 1e-6], [2.8, 0.33], [40, 40.5, 60, 500], patience_s=[0.24, 1.0], answer_within_s=1e-38
    )
    np.testing.assert_allclose(case.p_wait, 0, atol=1e-300)
    np.testing.assert_allclose(case.asa_s, 0, atol=1e-300)
    np.testing.assert_allclose(case.service_level, 1)


@QUIET
@given(priorities(), st.integers(1, 50))
def test_agents_only_help_priority_classes(classes, agents):
    arrivals, aht, patience = classes
    case = priority_waiting(arrivals, aht, [agents, agents + 0.5, agents + 1], patience_s=patience)
    assert (np.diff(case.p_wait) <= 1e-6).all()
    assert (np.diff(case.abandon_rate[:, 0]) <= 1e-6).all()


@QUIET
@given(
    st.lists(st.tuples(st.floats(0, 30), st.floats(0, 35)), min_size=1, max_size=6), st.floats(0.2, 5), st.floats(0, 10)
)
def test_intervals_stay_in_their_bounds_and_agents_help(day, patience, start):
    load, agents = np.array(day).T
    both = [
        interval_waiting(load, 1, agents + extra, interval_s=4, patience_s=patience, in_system=start).waiting
        for extra in (0, 1)
    ]
    for case in both:
        for share in (case.p_wait, case.abandon_rate, case.service_level, case.occupancy):
            assert ((share >= 0) & (share <= 1 + SLACK)).all()
        assert (case.service_level <= 1 - case.abandon_rate + 1e-7).all()
        np.testing.assert_allclose(case.abandon_rate, case.asa_s / patience, rtol=1e-7, atol=1e-9)
    assert (both[1].abandon_rate <= both[0].abandon_rate + 1e-7).all()
    assert (both[1].service_level >= both[0].service_level - 1e-7).all()


@QUIET
@given(LOAD, st.floats(0.2, 5), st.integers(1, 90), st.just(1.0) | st.floats(0.3, 3))
def test_a_reserve_protects(load, patience, agents, deferred):
    case = blended_waiting(load, 1, agents, reserve=np.arange(agents + 1), patience_s=patience, deferred_aht_s=deferred)
    # Two handle times are an approximation.
    slack = 1e-9 if deferred == 1 else 5e-3
    assert (np.diff(case.live.p_wait) <= slack).all()
    assert (np.diff(case.deferred_per_s) <= slack * agents).all()
    assert case.live.abandon_rate[-1] <= waiting(load, 1, agents, patience_s=patience).abandon_rate + slack
    assert (case.deferred_per_s >= 0).all()


@QUIET
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 90)), min_size=1, max_size=40),
    st.tuples(st.floats(0.1, 30), st.floats(0.1, 30)),
    st.tuples(st.integers(0, 80), st.integers(0, 80)),
)
def test_deferred_work_is_conserved(rows, deadline, initial):
    table = np.array(rows, dtype=float).T
    found = deferred_work(
        table[:2], table[2], interval_s=1, deadline_s=deadline, backlog=np.array(initial, dtype=float)
    )
    assert (found.done.sum(axis=1) + found.backlog[:, -1] == table[:2].sum(axis=1) + initial).all()
    fates = (found.in_time + found.late + found.undecided).sum(axis=1)
    np.testing.assert_allclose(fates, table[:2].sum(axis=1) + initial, rtol=1e-12, atol=1e-12)
    more = deferred_work(
        table[:2], table[2] + 1, interval_s=1, deadline_s=deadline, backlog=np.array(initial, dtype=float)
    )
    assert more.backlog[:, -1].sum() <= found.backlog[:, -1].sum()
