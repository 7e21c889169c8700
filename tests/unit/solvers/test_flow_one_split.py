"""One split for all contacts of a type in a channel: bounds of nodes, and what the rows take from the master."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import problem_of, random_plans, write_center  # noqa: E402

from solvers.flow.one_split import divided_splits, node_bounds  # noqa: E402
from solvers.flow.sweep import master_of  # noqa: E402


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    return problem_of(write_center(tmp_path_factory.mktemp("center"), 1)).instance


def test_contacts_of_every_plan_lie_in_the_bounds_and_reach_near_them(instance):
    network = instance.network
    least, most = node_bounds(network)
    plans = [plan for plan in random_plans(instance, 5, 120) if plan.feasible]
    assert len(plans) >= 20
    size = len(network.nodes.kind)
    volume = np.array([np.bincount(network.flows.node, p.evaluation.state.volume, size) for p in plans])
    assert (volume >= least - 1e-9).all()
    assert (volume <= most + 1e-9).all()
    stays = (network.nodes.stage == 0) & (network.nodes.steer < 0) & (network.first_volume > 0)
    assert (volume[:, stays].max(axis=0) >= 0.95 * most[stays]).all()
    assert least[network.nodes.stage == 2].max() > 0


def test_who_stays_is_bounded_by_one_offer_each_and_by_support(instance):
    """10 customers may be offered a steer half of them accept, or one a quarter accepts that at most 1 may follow."""
    network = instance.network
    stay = int(np.flatnonzero((network.nodes.stage == 0) & (network.nodes.steer < 0) & (network.first_volume > 0))[0])
    kind, natural = int(network.nodes.kind[stay]), int(network.nodes.natural[stay])
    steers = np.flatnonzero((network.nodes.steer >= 0) & (network.nodes.kind == kind))[:2]
    assert len(steers) == 2
    acceptance, most, where = (getattr(network.nodes, name).copy() for name in ("acceptance", "most", "natural"))
    acceptance[steers], most[steers], where[steers] = (0.5, 0.25), (2.0, 1.0), natural
    others = (network.nodes.steer >= 0) & (network.nodes.kind == kind) & (network.nodes.natural == natural)
    others[steers] = False
    where[others] = -2
    share = np.zeros_like(network.natural)
    share[:, natural] = 1.0
    nodes = replace(network.nodes, acceptance=acceptance, most=most, natural=where)
    changed = replace(network, nodes=nodes, natural=share, issues=np.full(len(network.issues), 10.0))
    # Four of ten are offered the first and two accept; of the other six a quarter would, but support ends at one.
    assert node_bounds(changed)[0][stay] == pytest.approx(10.0 - 2.0 - 1.0, rel=1e-5)


def test_contacts_that_never_die_out_are_not_bounded(instance):
    network = instance.network
    forever = replace(network, served_share=np.full(len(network.served_share), 1.0))
    assert np.isinf(node_bounds(forever)[1]).all()


def test_the_master_cannot_send_those_who_come_back_wherever_it_likes(instance):
    """Where one pool is better for first contacts and the other for later ones, the rows take CX from the master."""
    network = instance.network
    later = network.nodes.stage[network.flows.node] > 0
    second = network.flows.pool == network.split_pool[divided_splits(network)[-1]]
    score = network.flows.score + np.where(later == second, 0.5, 0.0)
    instance = replace(instance, network=replace(network, flows=replace(network.flows, score=score)))
    master = master_of(instance)
    tight, loose = master.level(0.0), master.level(0.0)
    loose._late._out[master.late_rows.family == "one_split"] = False
    ceiling = 1.1 * tight.cheapest().cost
    assert tight.point(ceiling, 1e-9).cx < loose.point(ceiling, 1e-9).cx - 1e-3
    plans = [plan for plan in random_plans(instance, 9, 60) if plan.feasible]
    for plan in plans:
        best = tight.point(plan.cost, 1e-9)
        assert best is None or plan.cx <= best.cx + 1e-6
