"""The master on groups of hours against the same with every interval on its own."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from full_resolution import full_master  # noqa: E402
from generated_center import Size, generate  # noqa: E402

from solvers.flow.sweep import master_of  # noqa: E402

SMALL = Size(4, 1, (2, 1, 1, 0, 1, 1), 20_000.0, 28, 30, opens_h=7.0, rough=0.3, rigid=True)


@pytest.mark.parametrize("size", [SMALL, replace(SMALL, rigid=False, seed=2)], ids=["rigid", "flexible"])
def test_groups_keep_the_least_cost_of_full_resolution(size):
    # Eight-hour shifts on the hour leave people idle at hours that only full resolution shows; the day covers and the
    # limits of intervals must bring that into the grouped master.
    instance = generate(size)
    grouped, full = (make(instance).level(0.1).cheapest() for make in (master_of, full_master))
    assert grouped.intercept == pytest.approx(full.intercept, rel=1e-3)
    assert grouped.intercept <= full.intercept * (1 + 1e-3)


def test_rates_hold_in_every_interval_of_the_horizon():
    instance = generate(SMALL)
    network = instance.network
    level = master_of(instance).level(0.2)
    point = level.cheapest()
    for g in np.flatnonzero(np.isfinite(network.pools.rate_max)):
        mine = network.flows.pool == g
        volume = np.bincount(network.flow_kind[mine], point.flow[mine], len(network.issues))
        most = network.pools.rate_max[g] / 1.2
        assert (volume @ network.profile).max() <= most * (1 + 1e-3)
        assert (volume @ network.profile).max() >= 0.9 * most  # the cheapest plan uses what is there
