"""All plans under common draws: demand, handle time, shrinkage, and what history knows of experience."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from planner.frontier.work import Work
from solvers.flow.doubt import Doubt
from solvers.flow.evaluate import evaluate
from solvers.flow.kept import promises_kept
from solvers.flow.network import Decision, FlowNetwork, Flows
from solvers.flow.solution import Instance
from solvers.flow.steady_state import steady_state
from solvers.pareto import nondominated

if TYPE_CHECKING:  # workers load this module, and need not what problems are made of
    from planner.operation.problem import FlowProblem
    from planner.scenario.quantities import Stated

Floats = NDArray[np.float64]
AHT_CV = 0.03  # week-to-week coefficient of variation of a center's mean handle time, stated default
CHUNK = 8
SETTLED = 1e-7  # abandoned shares of a draw: CX to a millionth of a point
_ROBUST = 104_729  # added to the seed, so that the draws that choose are not the draws that are reported


@dataclass(frozen=True)
class Draws:
    """Common draws, the same for every plan.

    `demand` (draw, type) factors, `aht` (draw,) factors, `shrinkage` (draw, pool) ratios, `scores` (draw, flow) score
    of each flow, with the bias nobody observed.
    """

    demand: Floats
    aht: Floats
    shrinkage: Floats
    scores: Floats


@dataclass(frozen=True)
class RiskOfPlans:
    """Arrays (plan, draw): `cx`, `cost`, `headroom`; `kept` bool: every promise kept in every period."""

    cx: Floats
    cost: Floats
    headroom: Floats
    kept: NDArray[np.bool_]


@dataclass(frozen=True)
class Stand:
    """A plan as risk sees it: its decision, people on the floor, the cost of people, the problem it belongs to."""

    decision: Decision
    scheduled: Floats
    people_money: float
    problem: FlowProblem


def draw_world(problem: FlowProblem, count: int, seed: int) -> Draws:
    """Draw the uncertain world `count` times; draw k is the same for every plan."""
    rng = np.random.default_rng([seed, 23])
    sigma = np.sqrt(np.log1p(AHT_CV**2))
    aht = np.exp(sigma * rng.standard_normal(count) - sigma**2 / 2)
    shrinkage = np.array(
        [
            _triangular(rng, pool.shrinkage, count) if pool.staffed else np.zeros(count)
            for pool in problem.scenario.pools.values()
        ]
    ).T
    posterior = problem.experience.draws(count, seed)
    low, high = problem.scenario.experience.scale
    scores = problem.flow_scores(posterior.scores.copy(), posterior.move_scores)
    scores += _unseen_bias(problem, rng, count)
    return Draws(problem.demand.factors(count, seed), aht, shrinkage, np.clip(scores, low, high))


def _unseen_bias(problem: FlowProblem, rng: np.random.Generator, count: int) -> Floats:
    """Bias nobody observed, of flows that were moved, where the draws of the model do not hold one; shape (draw, flow).

    A move with a finite `bias_sd` was drawn with its bias by the model: jointly, so that what is shared by moves is
    shared, and no smaller than `unseen_bias_sd`.
    """
    moves, moved = problem.experience.moves, problem.weights.move
    own = problem.scenario.experience.unseen_bias_sd * rng.standard_normal((count, len(moves)))
    if "bias_sd" in moves:
        own[:, moves["bias_sd"].notna().to_numpy()] = 0.0
    bias = np.zeros((count, len(moved)))
    bias[:, moved >= 0] = own[:, moved[moved >= 0]]
    return bias


def _triangular(rng: np.random.Generator, stated: Stated, count: int) -> Floats:
    low, high = stated.bounds
    if high <= low:
        rng.random(count)  # keeps the stream in step whatever the scenario states
        return np.full(count, stated.value)
    return np.asarray(rng.triangular(low, min(max(stated.value, low), high), high, count))


def with_doubt(problem: FlowProblem, seed: int) -> FlowProblem:
    """Let a robust scenario judge plans by draws of its own, apart from those that are reported.

    The draws of each score are centered, so that few of them do not move the expected CX.
    """
    robust = problem.scenario.frontier.robust
    if robust is None:
        return problem
    scores = np.nan_to_num(draw_world(problem, robust.draws, seed + _ROBUST).scores)
    doubt = Doubt(scores - scores.mean(axis=0), robust.share)
    return replace(problem, instance=replace(problem.instance, doubt=doubt))


def perturbed(instance: Instance, demand: Floats, aht: float, scores: Floats) -> FlowNetwork:
    """The network of one draw."""
    network = instance.network
    flows: Flows = replace(network.flows, aht_s=network.flows.aht_s * aht, score=scores)
    return replace(network, issues=network.issues * demand, flows=flows)


def under_draw(instance: Instance, draws: Draws, draw: int) -> FlowNetwork:
    """Return the network of one of the draws."""
    return perturbed(instance, draws.demand[draw], float(draws.aht[draw]), draws.scores[draw])


def present(instance: Instance, decision: Decision, scheduled: Floats, shrinkage: Floats) -> Decision:
    """Return a decision with the people who are on task at another shrinkage (pool,)."""
    there = scheduled * (1 - shrinkage)[:, None]
    planned = scheduled * (1 - instance.network.pools.shrinkage)[:, None]
    return replace(decision, on_task=np.maximum(decision.on_task + there - planned, 0.0))


Brief = tuple[Decision, Floats, float]
"""A plan as a job sees it: decision, people on the floor, the cost of people."""


def risk_job(instance: Instance, plans: Sequence[Brief], draws: Draws) -> bytes:
    """Evaluate plans of one problem under every draw; bytes of arrays (axis, plan, draw)."""
    count = len(draws.aht)
    nominal = [steady_state(instance.network, decided) for decided, _, _ in plans]
    result = np.zeros((4, len(plans), count))
    for d in range(count):
        network = under_draw(instance, draws, d)
        for p, (decided, scheduled, people_money) in enumerate(plans):
            decision = present(instance, decided, scheduled, draws.shrinkage[d])
            outcome = evaluate(network, instance.promises, decision, guess=nominal[p], tolerance=SETTLED)
            result[:, p, d] = (
                outcome.cx,
                outcome.variable_cost + people_money,
                outcome.headroom,
                float(all(promises_kept(instance.promises, outcome.promise_values))),
            )
    buffer = io.BytesIO()
    np.save(buffer, result)
    return buffer.getvalue()


def risk_of(stands: Sequence[Stand], count: int, work: Work) -> RiskOfPlans:
    """Evaluate all plans under common draws, in chunks of plans of fixed size and one problem; left-out ones are NaN.

    The draws are the same for all problems, which differ by initiatives alone: their scores hold what these add.
    """
    jobs: list[tuple[str, tuple[Any, ...]]] = []
    chunks: list[list[int]] = []
    for problem in {id(stand.problem): stand.problem for stand in stands}.values():
        draws = draw_world(problem, count, work.seed)
        members = [k for k, stand in enumerate(stands) if stand.problem is problem]
        for k in range(0, len(members), CHUNK):
            chunks.append(members[k : k + CHUNK])
            plans = [(stands[m].decision, stands[m].scheduled, stands[m].people_money) for m in chunks[-1]]
            jobs.append((f"risk/{len(jobs)}", (problem.instance, plans, draws)))
    whole = np.full((4, len(stands), count), np.nan)
    for chunk, data in zip(chunks, work.run("risk", risk_job, jobs), strict=True):
        if data is not None:
            whole[:, chunk] = np.load(io.BytesIO(data), allow_pickle=False)
    return RiskOfPlans(whole[0], whole[1], whole[2], whole[3] > 0.5)


def efficient_share(risk: RiskOfPlans, further: Floats | None = None, senses: Sequence[str] = ()) -> Floats:
    """Share of draws in which no plan is better on an axis and worse on none, shape (plan,); NaN: not known.

    `further` objectives, shape (plan, objective), with their `senses`, count as planned in every draw; NaN (Today's)
    as the worst there is. Plans that are equal are efficient together.
    """
    plans, draws = risk.cx.shape
    known = np.isfinite([risk.cx, risk.cost, risk.headroom]).all(axis=(0, 2))
    planned = np.zeros((plans, 0)) if further is None else further
    planned = np.where(np.isnan(planned), [-np.inf if sense == "max" else np.inf for sense in senses], planned)[known]
    found = np.zeros(int(known.sum()))
    for d in range(draws):
        drawn = np.column_stack([risk.cx[known, d], risk.cost[known, d], risk.headroom[known, d], planned])
        different, place = np.unique(drawn, axis=0, return_inverse=True)
        found += nondominated(different, ("max", "min", "max", *senses))[place.ravel()]
    share = np.full(plans, np.nan)
    share[known] = found / max(1, draws)
    return share


def regret_of_draws(risk: RiskOfPlans) -> Floats:
    """CX a plan falls short of the best plan that costs no more and has no less headroom, shape (plan, draw)."""
    short = np.zeros(risk.cx.shape)
    for d in range(risk.cx.shape[1]):
        cheaper = risk.cost[:, d][None, :] <= risk.cost[:, d][:, None] + 1e-9
        safer = risk.headroom[:, d][None, :] >= risk.headroom[:, d][:, None] - 1e-9
        best = np.where(cheaper & safer, risk.cx[:, d][None, :], -np.inf).max(axis=1)
        short[:, d] = best - risk.cx[:, d]
    return short
