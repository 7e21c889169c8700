"""Properties of waiting that hold whatever the numbers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.queueing import agents_required, chat_waiting, waiting, with_redials
from solvers.queueing.kernels import priority_queue_lengths, priority_service_levels

AHT_S = st.floats(20, 1200)
LOAD = st.floats(0.01, 150)
PATIENCE = st.floats(0.05, 50)
WITHIN = st.floats(0, 300)
QUIET = settings(max_examples=60, deadline=None, derandomize=True)


@QUIET
@given(LOAD, AHT_S, PATIENCE, WITHIN)
def test_agents_only_help(load, aht, patience, within):
    agents = np.arange(0, int(2 * load) + 12, 0.5)
    for patience_s in (None, patience * aht):
        case = waiting(load / aht, aht, agents, patience_s=patience_s, answer_within_s=within)
        # Deep overload sums sit at rounding distance from each other.
        slack = 1e-9
        assert (np.diff(case.service_level) >= -slack).all()
        assert (np.diff(case.p_wait) <= slack).all()
        assert (np.diff(case.abandon_rate) <= slack).all()
        finite = case.queue_length[np.isfinite(case.queue_length)]
        assert (np.diff(finite) <= slack * (1 + finite[:-1])).all()


@QUIET
@given(LOAD, AHT_S, PATIENCE, st.floats(0, 200))
def test_identities_of_erlang_a(load, aht, patience, agents):
    case = waiting(load / aht, aht, agents, patience_s=patience * aht)
    np.testing.assert_allclose(case.abandon_rate, case.asa_s / (patience * aht), rtol=1e-9)
    np.testing.assert_allclose(case.queue_length, load / aht * case.asa_s, rtol=1e-9)
    if agents > 0:
        np.testing.assert_allclose(case.occupancy * agents, load * (1 - case.abandon_rate), rtol=1e-9, atol=1e-12)
    assert 0 <= case.occupancy <= 1
    assert 0 <= case.p_wait <= 1
    assert 0 <= case.service_level <= 1 - case.abandon_rate + 1e-9
    assert case.service_level >= 1 - case.p_wait - 1e-9


@QUIET
@given(LOAD, PATIENCE, st.integers(1, 200), st.floats(0.1, 10), WITHIN)
def test_only_ratios_matter(load, patience, agents, scale, within):
    one = waiting(load / 60, 60, agents, patience_s=patience * 60, answer_within_s=within)
    other = waiting(
        load / 60 / scale, 60 * scale, agents, patience_s=patience * 60 * scale, answer_within_s=within * scale
    )
    np.testing.assert_allclose(other.service_level, one.service_level, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(other.asa_s, one.asa_s * scale, rtol=1e-8)


@QUIET
@given(st.lists(st.floats(0.05, 40), min_size=2, max_size=5), AHT_S, st.floats(0.5, 0.98), st.floats(1, 200))
def test_pooling_never_needs_more(loads, aht, target, within):
    promises = {"service_level": target, "answer_within_s": within}
    apart = agents_required(np.array(loads) / aht, aht, **promises).sum()
    assert agents_required(sum(loads) / aht, aht, **promises) <= apart


@QUIET
@given(LOAD, PATIENCE, st.floats(0.5, 0.98), st.floats(0.01, 0.3))
def test_more_promises_need_no_fewer_agents(load, patience, target, abandon):
    given_patience = {"patience_s": patience * 100, "max_occupancy": 2.0}
    both = agents_required(load / 100, 100, service_level=target, abandon_rate=abandon, **given_patience)
    level = agents_required(load / 100, 100, service_level=target, **given_patience)
    leave = agents_required(load / 100, 100, abandon_rate=abandon, **given_patience)
    assert both == max(level, leave)


@QUIET
@given(LOAD, PATIENCE, st.integers(1, 160), st.floats(0, 0.9), st.floats(0, 0.9))
def test_repeats_only_add(load, patience, agents, redial, reconnect):
    fresh = waiting(load / 60, 60, agents, patience_s=patience * 60)
    case = with_redials(load / 60, 60, agents, patience_s=patience * 60, redial=redial, reconnect=reconnect)
    assert case.arrivals_per_s >= load / 60 * (1 - 1e-9)
    assert case.arrivals_per_s <= load / 60 / (1 - max(redial, reconnect)) * (1 + 1e-9)
    assert case.asa_s >= fresh.asa_s * (1 - 1e-9)


@QUIET
@given(st.lists(st.floats(0, 30), min_size=1, max_size=4), st.floats(0, 80), st.floats(0.02, 5), st.floats(0, 0.5))
def test_higher_class_waits_less(loads, agents, ratio, threshold):
    work = np.array(loads)
    queue, level = np.zeros(work.size), np.zeros(work.size)
    p_wait = priority_queue_lengths(work, agents, ratio, queue)
    priority_service_levels(work, agents, ratio, threshold, level)
    assert 0 <= p_wait <= 1
    assert (queue >= 0).all()
    assert (queue * ratio <= work * (1 + 1e-9)).all()
    assert (np.diff(level) <= 1e-9).all()
    assert ((level >= 0) & (level <= 1)).all()
    wait = queue[work > 1e-6] / work[work > 1e-6]
    assert (np.diff(wait) >= -1e-7 * (1 + wait[:-1])).all()


@QUIET
@given(
    st.floats(0.01, 2), st.lists(st.floats(0.01, 0.2), min_size=1, max_size=4), st.integers(1, 25), st.floats(5, 500)
)
def test_agents_only_help_chat(arrivals, steps, agents, patience_s):
    rates = np.cumsum(np.sort(steps)[::-1])
    case = chat_waiting(arrivals, rates, [agents, agents + 0.5, agents + 1], patience_s=patience_s)
    assert (np.diff(case.service_level) >= -1e-9).all()
    assert (np.diff(case.abandon_rate) <= 1e-9).all()
    np.testing.assert_allclose(case.abandon_rate, case.asa_s / patience_s, rtol=1e-9, atol=1e-15)
