"""Plans of others with the same time and evaluator beside ours, by hypervolume, on five centers; writes its md.

Others: NSGA-II and AGE-MOEA (pymoo) from random plans, the master's plans alone, and planning in two steps: every pool
staffed for 80 % in 20 s by Erlang C at today's routing, then shifts. All plans are whole people on shifts, judged by
the one evaluator, and a genome means the same plan to every algorithm.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
from pymoo.algorithms.moo.age import AGEMOEA
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from frontier_runs import run  # noqa: E402
from generated_center import Size, generate  # noqa: E402

from planner.frontier.certificate import SENSES, OuterSurface, reference_of  # noqa: E402
from planner.frontier.choose import keep_best  # noqa: E402
from planner.frontier.records import axes, brief  # noqa: E402
from solvers.errors import NoSolution  # noqa: E402
from solvers.flow.covering import (  # noqa: E402
    cover_deferred,
    cover_heads,
    day_covers,  # noqa: E402
)
from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.genome import express, space_of  # noqa: E402
from solvers.flow.network import Queue  # noqa: E402
from solvers.flow.solution import Instance, Routing, Solution, judge  # noqa: E402
from solvers.flow.steady_state import SteadyState  # noqa: E402
from solvers.flow.sweep import SweepSettings  # noqa: E402
from solvers.pareto import hypervolume  # noqa: E402
from solvers.queueing import agents_required  # noqa: E402

REPORT = Path(__file__).with_name("frontier_peers.md")
SEEDS, POPULATION = (1, 2, 3, 4, 5), 20
SETTINGS = {
    "headroom_levels": (0.0, 0.15, 0.3), "cost_points": 3, "plans": 12, "bound_steps": 1, "bound_prices": 3,
    "bound_boxes": 2,
}  # fmt: skip


def _center(seed: int) -> Instance:
    return generate(Size(4, 2, (2, 1, 1, 0, 1, 1), 9_000.0, 14, 60, opens_h=7.0, seed=seed))


def _unseeded(instance: Instance, algorithm: type, seed: int, budget_s: float) -> list[Solution]:
    """Feasible plans of a search from random genomes, until its processor seconds are over."""
    space, began = space_of(instance.network), time.process_time()
    settings = SweepSettings(2, None, 2, even_split(instance.network))
    found: list[Solution] = []

    class Plans(Problem):
        def __init__(self) -> None:
            super().__init__(n_var=len(space.lower), n_obj=3, n_ieq_constr=1, xl=space.lower, xu=space.upper)

        def _evaluate(self, X, out, *args, **kwargs) -> None:  # noqa: N803
            rows, bad = [], []
            for genes in X:
                late = time.process_time() - began > budget_s
                plan = None if late else express(instance, genes[None], settings)[0]
                good = plan is not None and np.isfinite(plan.objectives).all()
                rows.append((-plan.objectives[0], plan.cost, -plan.objectives[2]) if good else (1e3, 1e12, 10.0))
                bad.append([0.0 if good and plan.feasible else 1.0])
                if good and plan.feasible:  # what is over time is not looked at
                    found.append(plan)
            out["F"], out["G"] = np.array(rows), np.array(bad)

    search = algorithm(pop_size=POPULATION)
    search.setup(Plans(), termination=("n_gen", 10_000), seed=seed, verbose=False)
    while time.process_time() - began <= budget_s and search.has_next():
        search.next()
    return found


def _two_steps(instance: Instance) -> list[Solution]:
    """Today's routing, every live pool sized by Erlang C to 80 % in 20 s at demand grown by several shares, covered."""
    network = instance.network
    pools, covers = network.pools, day_covers(instance)
    routing = Routing(
        np.zeros(len(network.nodes.kind)), even_split(network), np.zeros(len(network.pair_pool), dtype=np.int64)
    )
    nobody = tuple(None if c is None else np.full((network.days, len(c.paid_h)), 9) for c in instance.catalogues)
    state: SteadyState = judge(instance, routing, nobody, "two steps", np.nan).evaluation.state
    plans = []
    for growth in (0.0, 0.1, 0.2, 0.3):
        offered = state.arrivals.sum(axis=1) * (1 + growth) / network.interval_s
        aht_s = state.work_s / np.maximum(state.arrivals.sum(axis=1), 1e-12) / pools.speed[:, None]
        heads = np.zeros_like(offered)
        for g in np.flatnonzero(pools.queue <= Queue.CHAT):
            busy = offered[g] > 1e-12
            agents = agents_required(offered[g][busy], aht_s[g][busy], service_level=0.8, answer_within_s=20.0)
            heads[g][busy] = np.ceil(agents / (1 - pools.shrinkage[g]) - 1e-9)
        try:
            live = cover_heads(instance, covers, heads)
            window = pools.deadline_s / network.interval_s
            both = live | cover_deferred(instance, covers, state.work_s * (1 + growth), window)
        except NoSolution:
            continue
        plans.append(judge(instance, routing, tuple(both.get(g) for g in range(len(heads))), "two steps"))
    return [plan for plan in plans if plan.feasible]


def _volume(points: np.ndarray, surface: OuterSurface) -> float:
    """Hypervolume over the surface's own reference point; headroom counts up to its highest level."""
    inside = points.reshape(-1, 3).copy()
    inside[:, 2] = np.minimum(inside[:, 2], surface.levels[-1])
    return hypervolume(inside[inside[:, 2] >= -1e-6], reference_of(surface), SENSES)


def _best_of(start: np.ndarray, others: np.ndarray, surface: OuterSurface) -> float:
    """Volume of as many plans as `start`, each swapped for another where that gains: never less than its own."""
    chosen, volume = start.copy(), _volume(start, surface)
    for other in others:
        trials = [np.vstack([np.delete(chosen, k, axis=0), other]) for k in range(len(chosen))]
        volumes = [_volume(trial, surface) for trial in trials]
        best = int(np.argmax(volumes))
        if volumes[best] > volume + 1e-12:
            chosen, volume = trials[best], volumes[best]
    return volume


def _points(plans: list[Solution]) -> np.ndarray:
    return axes(keep_best([brief(plan) for plan in plans], len(plans) + 1))


def test_peers() -> None:
    lines = [
        "# The frontier beside other ways to plan",
        "",
        "All plans are whole people on shifts, judged by the one evaluator. Five generated centers (8 types, 4 staffed",
        "pools, a week of hours). Hypervolume over the bound's reference point, as a share of ours. NSGA-II and",
        "AGE-MOEA start from random plans and get the time of ours; two steps: today's routing, pools sized to 80/20",
        f"by Erlang C, then shifts. Load average of the two-core machine at the start: {os.getloadavg()[0]:.1f}.",
        "",
        "| center | s each | ours | master alone | NSGA-II | AGE-MOEA | two steps | search adds, equal plan count |",
        "|---|---|---|---|---|---|---|---|",
    ]
    added = []
    for seed in SEEDS:
        instance = _center(seed)
        alone = run(instance, seed, search_evaluations=0, **SETTINGS)
        ours = run(instance, seed, search_evaluations=60, **SETTINGS)
        surface, whole = ours.found.surface, _volume(ours.points, ours.found.surface)
        others = [_points(_unseeded(instance, kind, seed, ours.cpu_s)) for kind in (NSGA2, AGEMOEA)]
        shares = [_volume(p, surface) / whole for p in (alone.points, *others, _points(_two_steps(instance)))]
        added.append(_best_of(alone.points, ours.points, surface) / _volume(alone.points, surface) - 1.0)
        lines.append(
            f"| {seed} | {ours.cpu_s:.0f} | {len(ours.points)} plans | "
            + " | ".join(f"{s:.1%}" for s in shares)
            + f" | {added[-1]:+.2%} |"
        )
        print(lines[-1], flush=True)
        REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
        assert added[-1] >= 0.0
