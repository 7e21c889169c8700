"""The one evaluator: what a decision does, from which every reported number comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.flow.headroom import headroom
from solvers.flow.kept import copes, pool_volume, promise_values, promises_kept
from solvers.flow.network import Bools, Decision, Floats, FlowNetwork, Promises
from solvers.flow.spread import spread_of
from solvers.flow.steady_state import TOLERANCE, SteadyState, first_contacts, steady_state
from solvers.flow.waiting import pair_wait_loss


@dataclass(frozen=True)
class Evaluation:
    """What a decision does at nominal demand, and how much more it can take.

    `points` (flow,) score points summed over the flow's share of issues; `score_weight` (flow,) contacts whose final
    score is the flow's `score` (CX is linear in it); `cx` mean per issue, `cx_segment` (segment,); `variable_cost`
    money for contacts, offers, fixed cost and programs (people come on top); `kept` tells if every promise and guard
    holds.
    """

    state: SteadyState
    cx: float
    cx_segment: Floats
    score_weight: Floats
    constant_points: float
    variable_cost: float
    headroom: float
    promise_values: tuple[Floats, ...]
    kept: bool


def score_points(network: FlowNetwork, decision: Decision, state: SteadyState) -> tuple[Floats, Floats]:
    """Score points of every flow (flow,), and the contacts that end with the flow's own score (flow,).

    served·(1−esc)·[fcr·score + (1−fcr)(1−ret)·given_up] + (1−ρ)·abandoned·score_abandoned − final·waiting − effort.
    """
    flows, pools = network.flows, network.pools
    lost = state.lost[flows.pair]
    served = state.volume * (1 - lost)
    weight = served * (1 - flows.escalate) * flows.resolve
    given_up = served * (1 - flows.escalate) * (1 - flows.resolve) * (1 - flows.comeback)
    gone = state.volume * lost * (1 - pools.redial[flows.pool])
    spread = spread_of(network, decision)
    waiting = pair_wait_loss(
        state.p_wait,
        state.mean_wait_s,
        state.delay_s,
        network.pair_pool,
        spread.row,
        decision.priority,
        pools.queue,
        spread.table,
        network.wait_knots_s,
        network.wait_bend,
    )
    points = (
        weight * flows.score
        + given_up * network.score_given_up
        + gone * network.score_abandoned
        - served * flows.final_share * waiting[flows.pair]
        - network.effort * state.volume
    )
    return points, weight


def below_floor(network: FlowNetwork, cx_segment: Floats) -> Bools:
    """Segments whose experience is below their floor, shape (segment,); nobody is let down where nothing is asked."""
    issues = np.bincount(network.segment, network.counted_issues, len(network.segment_min))
    return np.asarray((issues > 0) & (cx_segment < network.segment_min - 1e-9))


def _variable_cost(network: FlowNetwork, decision: Decision, state: SteadyState) -> float:
    """Money for contacts, contracts, offers, fixed cost and programs: all but people."""
    pools = network.pools
    return float(
        pools.contact_cost[network.flows.pool] @ state.volume
        + pools.contract_money(pool_volume(network, state)).sum()
        + network.nodes.offer_cost @ (network.first_volume * decision.offer)
        + pools.fixed_cost.sum()
        + network.program_cost
    )


def _within_guards(network: FlowNetwork, decision: Decision, state: SteadyState) -> bool:
    """Tell whether no served type is abandoned too often and no channel gets more first contacts than it may."""
    starved = state.lost[np.bincount(network.flows.pair, state.volume, len(state.lost)) > 1e-6]
    first = first_contacts(network, decision.offer)
    few_lost = bool((starved <= network.abandon_max + 1e-9).all())
    return few_lost and bool((first <= network.nodes.most * (1 + 1e-9) + 1e-9).all())


def evaluate(
    network: FlowNetwork,
    promises: Promises,
    decision: Decision,
    *,
    known_headroom: float | None = None,
    guess: SteadyState | None = None,
    tolerance: float = TOLERANCE,
) -> Evaluation:
    """Evaluate one decision exactly.

    Parameters
    ----------
    network, promises, decision
        What there is, what is promised and what is decided.
    known_headroom
        Headroom found for the same decision before; NaN where nobody asks for it. Left out: it is found.
    guess
        Steady state of a similar decision to start from.
    tolerance
        On abandoned shares, at which the steady state is settled.
    """
    state = steady_state(network, decision, 0.0, guess, tolerance=tolerance)
    points, weight = score_points(network, decision, state)
    kind_segment, count = network.segment[network.flow_kind], network.issue_weight[network.flow_kind]
    points, weight = points * count, weight * count
    issues = np.bincount(network.segment, network.counted_issues, len(network.segment_min))
    by_segment = np.bincount(kind_segment, points, len(issues)) + network.effort * issues
    values = promise_values(network, promises, decision, state)
    cx_segment = by_segment / np.maximum(issues, 1e-300)
    kept = (
        all(promises_kept(promises, values))
        and copes(network, promises, decision, state)
        and not below_floor(network, cx_segment).any()
        and _within_guards(network, decision, state)
    )
    total = float(issues.sum())
    return Evaluation(
        state=state,
        cx=float(by_segment.sum() / total),
        cx_segment=cx_segment,
        score_weight=weight / total,
        constant_points=float((by_segment.sum() - weight @ np.nan_to_num(network.flows.score)) / total),
        variable_cost=_variable_cost(network, decision, state),
        headroom=headroom(network, promises, decision, state) if known_headroom is None else known_headroom,
        promise_values=values,
        kept=kept,
    )
