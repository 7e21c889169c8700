"""Reading routing out of numbers: shares, offers, priorities and genomes keep what a decision must keep."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import problem_of, random_plans, random_routing, write_center  # noqa: E402

from solvers.flow.decode import (  # noqa: E402
    even_split,
    normalize_split,
    priorities,
    snap_offers,
    split_groups,
    waiting_value,
)
from solvers.flow.enumerate import enumerate_offer, grid_size, offer_grid  # noqa: E402
from solvers.flow.genome import encode, express, layout_of, space_of  # noqa: E402
from solvers.flow.network import Queue  # noqa: E402
from solvers.flow.sweep import SweepSettings  # noqa: E402

TOY = Path(__file__).resolve().parents[3] / "scenarios/minimal.yaml"


@pytest.fixture(scope="module", params=[1, 2])
def problem(request, tmp_path_factory):
    return problem_of(write_center(tmp_path_factory.mktemp("center"), request.param))


def sums(network, share):
    return np.bincount(split_groups(network), share)[np.unique(split_groups(network))]


def test_shares_sum_to_one(problem):
    network = problem.network
    rng = np.random.default_rng(1)
    fallback = even_split(network)
    np.testing.assert_allclose(sums(network, fallback), 1.0)
    for _ in range(10):
        share = rng.uniform(0, 5, len(fallback)) * (rng.random(len(fallback)) < 0.5)
        split = normalize_split(network, share, fallback)
        assert (split >= 0).all()
        np.testing.assert_allclose(sums(network, split), 1.0)
        np.testing.assert_allclose(normalize_split(network, split, fallback), split)
        asked = sums(network, share)[np.searchsorted(np.unique(split_groups(network)), split_groups(network))]
        np.testing.assert_array_equal(split[asked == 0], fallback[asked == 0])
        assert (split[(share == 0) & (asked > 0)] == 0).all()


@pytest.mark.parametrize("step", [None, 0.25, 0.1])
def test_offers_are_allowed(problem, step):
    """Between 0 and 1, one offer a customer, within thin support, on the steps, and snapping twice changes nothing."""
    network = problem.network
    rng = np.random.default_rng(2)
    nodes = network.nodes
    steered = nodes.steer >= 0
    thin = np.where(steered & (rng.random(len(steered)) < 0.4), 0.3 * network.first_volume, np.inf)
    for most in (nodes.most, thin):
        own = replace(network, nodes=replace(nodes, most=most))
        for _ in range(10):
            wish = rng.uniform(-0.5, 1.6, len(steered))
            offer = snap_offers(own, wish, step)
            assert (offer >= 0).all()
            assert (offer <= 1).all()
            assert (offer[~steered] == 0).all()
            for kind, natural in {(k, a) for k, a in zip(nodes.kind[steered], nodes.natural[steered], strict=True)}:
                assert offer[steered & (nodes.kind == kind) & (nodes.natural == natural)].sum() <= 1 + 1e-9
            assert (network.first_volume * nodes.acceptance * offer <= most * (1 + 1e-9) + 1e-9)[steered].all()
            if step is not None:
                np.testing.assert_allclose(offer / step, np.round(offer / step), atol=1e-9)
            np.testing.assert_allclose(snap_offers(own, offer, step), offer, atol=1e-12)
            assert (offer <= np.maximum(wish, 0) + (0.0 if step is None else step / 2) + 1e-12).all()


def test_modest_wishes_are_kept(problem):
    network = problem.network
    steered = network.nodes.steer >= 0
    wish = np.where(steered, 0.3, 0.0)
    np.testing.assert_allclose(snap_offers(network, wish, None), wish)


def test_priorities_follow_the_waiting_value(problem):
    """In voice pools whoever is worth more per busy second is never in a later class; other pools have one class."""
    network = problem.network
    rng = np.random.default_rng(3)
    ranked = False
    for classes in (2, 3):
        for _ in range(6):
            routing = random_routing(network, rng, classes=1)
            found = priorities(network, routing, classes)
            assert found.min() >= 0
            assert found.max() <= classes - 1
            value = waiting_value(network)
            share = np.zeros(len(value))
            np.maximum.at(share, network.flows.pair, routing.split[network.flows.split])
            for g in range(len(network.pools.queue)):
                mine = (network.pair_pool == g) & (share > 0)
                if network.pools.queue[g] != Queue.VOICE:
                    assert (found[network.pair_pool == g] == 0).all()
                    continue
                order = np.argsort(-value[mine], kind="mergesort")
                assert (np.diff(found[mine][order]) >= 0).all()
                ranked |= len(set(found[mine])) > 1
    assert ranked


def settings(network) -> SweepSettings:
    return SweepSettings(4, None, 2, even_split(network))


def test_genomes_come_back(problem):
    """encode -> express gives the same routing; the headroom of the new plan is at least the genome's target."""
    network = problem.network
    plans = [p for p in random_plans(problem.instance, 31, 25) if p.feasible]
    assert len(plans) >= 8
    # Shares below 5 % are dropped on the way, so plans with such crumbs are not expected back.
    clean = [p for p in plans if not ((p.routing.split > 0) & (p.routing.split < 0.05)).any()]
    assert clean
    genomes = np.array([encode(network, p) for p in clean])
    space = space_of(network, max(p.evaluation.headroom for p in clean))
    assert genomes.shape[1] == layout_of(network).size == len(space.lower) == len(space.upper) == len(space.block)
    assert (genomes >= space.lower).all()
    assert (genomes <= space.upper).all()
    kept = 0
    for plan, other in zip(clean, express(problem.instance, genomes, settings(network)), strict=True):
        assert other is not None
        np.testing.assert_allclose(other.routing.offer, plan.routing.offer, atol=1e-12)
        np.testing.assert_allclose(other.routing.split, plan.routing.split, atol=1e-12)
        np.testing.assert_array_equal(other.routing.priority.any(), plan.routing.priority.any())
        kept += other.evaluation.headroom >= plan.evaluation.headroom - 1e-4
    assert kept >= 0.9 * len(clean)


def test_the_same_chunk_gives_the_same_plans(problem):
    """A pure function of the whole chunk: whatever was expressed before, the same chunk gives the same plans.

    Not of each genome alone: covers start from the last basis, so of several equally cheap covers a genome may get
    another one in another chunk. Chunks are cut the same way in every run, so runs repeat.
    """
    network = problem.network
    space = space_of(network, 1.2)
    rng = np.random.default_rng(4)
    genomes = rng.uniform(space.lower, space.upper, (4, len(space.lower)))
    one = express(problem.instance, genomes, settings(network))
    express(problem.instance, rng.uniform(space.lower, space.upper, (3, len(space.lower))), settings(network))
    other = express(problem.instance, genomes, settings(network))
    assert any(one)
    for plan, again in zip(one, other, strict=True):
        assert (plan is None) == (again is None)
        if plan is not None:
            assert plan.objectives == again.objectives
            np.testing.assert_array_equal(plan.staffing.scheduled, again.staffing.scheduled)


def test_a_genome_s_chunk_changes_no_decision_but_the_cover(problem):
    """Routing depends on a genome's own genes alone, and every cover keeps the headroom that was aimed at."""
    network = problem.network
    space = space_of(network, 1.2)
    genomes = np.random.default_rng(4).uniform(space.lower, space.upper, (4, len(space.lower)))
    together = express(problem.instance, genomes, settings(network))
    alone = [express(problem.instance, genome[None], settings(network))[0] for genome in genomes]
    for plan, other in zip(together, alone, strict=True):
        assert (plan is None) == (other is None)
        if plan is not None:
            np.testing.assert_array_equal(plan.routing.offer, other.routing.offer)
            np.testing.assert_array_equal(plan.routing.split, other.routing.split)
            np.testing.assert_array_equal(plan.routing.priority, other.routing.priority)


def test_the_toy_s_grid():
    """5 x 5 offers, 10 x 8 people: 2,000 plans; free shares of pools or no step make it infinite."""
    toy = problem_of(TOY)
    assert grid_size(toy.instance, 0.25) == 2000
    assert grid_size(toy.instance, None) == np.inf
    offers = offer_grid(toy.instance, 0.25)
    assert len(offers) == 25
    assert len({tuple(offer) for offer in offers}) == 25
    small = problem_of(TOY, "pools.phone.roster.heads=2", "pools.phone.roster.hires_max=1")
    plans = enumerate_offer(small.instance, offers[-1], np.ones(len(small.network.split_kind)))
    assert {(int(p.staffing.people[0].sum()), p.feasible) for p in plans} == {(3, True)}


def test_no_grid_with_free_shares(problem):
    assert grid_size(problem.instance, 0.25) == np.inf


def test_the_size_of_a_grid_of_many_offers_is_a_whole_number():
    """Two thousand offers are more than a float can count, and no reason to end."""
    toy = problem_of(TOY).instance
    nodes = replace(toy.network.nodes, steer=np.zeros(2000, dtype=np.int64))
    many = replace(toy, network=replace(toy.network, nodes=nodes))
    assert grid_size(many, 0.25) == 80 * 5**2000
