"""Raising the need for promises: kept afterwards, and by shifts worth nearly what the best ones are worth."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import problem_of, random_routing, write_center  # noqa: E402

from solvers.flow.kept import promise_values, promises_kept  # noqa: E402
from solvers.flow.promises import _best_shift, _gains, _missing, raise_for_promises  # noqa: E402
from solvers.flow.solution import decision_of  # noqa: E402
from solvers.flow.staff import needed_on_task  # noqa: E402
from solvers.flow.steady_state import steady_state  # noqa: E402


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    """The small center with promises that bind more than the caps do: 90 % within 20 s."""
    path = write_center(tmp_path_factory.mktemp("center"), 1)
    return problem_of(path, "promises.phone.target=0.9", "promises.phone.answer_within_s=20").instance


def start(instance, rng):
    """Whole people for the caps alone, at loads nobody has waited for."""
    routing = random_routing(instance.network, rng, classes=1)
    shape = (len(instance.network.pools.queue), instance.network.profile.shape[1])
    ample = decision_of(instance, routing, np.full(shape, 500.0))
    need = needed_on_task(instance, steady_state(instance.network, ample))
    heads = np.ceil(need / (1 - instance.network.pools.shrinkage)[:, None] - 1e-9)
    return routing, heads


def at(instance, routing, heads):
    decision = decision_of(instance, routing, heads)
    return decision, steady_state(instance.network, decision)


def test_live_promises_are_kept_at_less_than_one_more_everywhere(instance):
    """What is added is paid for by the hour: less is added than by raising every interval alike until all is kept."""
    rng = np.random.default_rng(3)
    live = instance.promises.measure != 3
    raised = 0
    for _ in range(6):
        routing, heads = start(instance, rng)
        decision, state = at(instance, routing, heads)
        before = np.array(
            promises_kept(instance.promises, promise_values(instance.network, instance.promises, decision, state))
        )
        after, state = raise_for_promises(instance, routing, 0.0, heads, state)
        assert (after >= heads).all()
        decision, fresh = at(instance, routing, after)
        kept = np.array(
            promises_kept(instance.promises, promise_values(instance.network, instance.promises, decision, fresh))
        )
        assert kept[live].all()
        if before.all():
            np.testing.assert_array_equal(after, heads)
            continue
        raised += 1
        alike = heads.copy()
        members = instance.promises.pools[~before].any(axis=0) & instance.network.pools.staffed
        for _ in range(60):
            decision, state = at(instance, routing, alike)
            values = promise_values(instance.network, instance.promises, decision, state)
            if np.array(promises_kept(instance.promises, values))[live].all():
                break
            alike[members] += 1
        wage = instance.network.pools.wage_per_h[:, None]
        assert ((after - heads) * wage).sum() <= ((alike - heads) * wage).sum() + 1e-9
    assert raised >= 3


def worth(instance, routing, heads, shift):
    """What one shift really adds to the first promise, per money."""
    pool, day, row = shift
    network, promises = instance.network, instance.promises
    catalogue = instance.catalogues[pool]
    other = heads.copy()
    other[pool].reshape(network.days, -1)[day] += catalogue.cover[row]
    value = promise_values(network, promises, *at(instance, routing, other))[0]
    before = promise_values(network, promises, *at(instance, routing, heads))[0]
    return (value - before).sum() / (network.pools.wage_per_h[pool] * catalogue.paid_h[row])


def test_the_first_shift_is_worth_nearly_what_the_best_is(instance):
    """Every single shift added for real: the one chosen brings at least 80 % of the best gain per money."""
    rng = np.random.default_rng(5)
    network, promises = instance.network, instance.promises
    checked = 0
    while checked < 2:
        routing, heads = start(instance, rng)
        now, state = at(instance, routing, heads)
        missing = _missing(instance, now, state)
        if not missing[0].any():
            continue
        missing[1:] = 0.0
        more = decision_of(instance, routing, heads + network.pools.staffed[:, None])
        g, day, floor = _best_shift(instance, sum(_gains(instance, now, more, state, 0.0, missing)))

        every = {
            (pool, d, shift): worth(instance, routing, heads, (pool, d, shift))
            for pool in np.flatnonzero(promises.pools[0] & network.pools.staffed)
            for d in range(network.days)
            for shift in range(len(instance.catalogues[pool].paid_h))
        }
        same = [row for row, cover in enumerate(instance.catalogues[g].cover) if (cover == floor).all()]
        chosen = max(every[g, day, row] for row in same)
        assert chosen >= 0.8 * max(every.values())
        checked += 1
