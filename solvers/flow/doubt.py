"""What is not known of scores, and plans that are good where it turns out badly.

A plan is judged by the mean of its CX over the worst share of draws (conditional value at risk), which is linear in
the master: max ν − Σ_s (ν − CX_s)⁺/(share·S) (Rockafellar and Uryasev 2000). Draws move scores alone, so the same flows
stand behind all of them; CX is linear in scores (`Evaluation.score_weight`), so the evaluator counts it exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.core as pyo

from solvers.flow.evaluate import Evaluation
from solvers.flow.network import Floats

HOUR_S = 3600.0


@dataclass(frozen=True)
class Doubt:
    """`shift` (draw, flow): score of each draw less the expected one; `share` (ratio) of worst draws that count."""

    shift: Floats
    share: float


def tail_mean(values: Floats, share: float) -> float:
    """Mean of the worst (lowest) `share` of equally likely values, the last one counted in part."""
    ordered = np.sort(np.asarray(values, dtype=float))
    wanted = share * len(ordered)
    weight = np.clip(wanted - np.arange(len(ordered)), 0.0, 1.0)
    return float(weight @ ordered / wanted)


def axis_of(doubt: Doubt | None, evaluation: Evaluation) -> float:
    """CX that a plan is judged by: the expected one, or its mean over the worst draws."""
    if doubt is None:
        return evaluation.cx
    return tail_mean(evaluation.cx + doubt.shift @ evaluation.score_weight, doubt.share)


Row = Iterator[tuple[object, object]]


def declare_doubt(model: Any, doubt: Doubt | None) -> None:
    """Add the columns of CX by draw; flows whose scores move alike share one."""
    model.doubt = doubt
    if doubt is None:
        model.alike, model.alike_shift = [], np.zeros((0, 0))
        draws = range(0)
    else:
        shifts, member = np.unique(doubt.shift, axis=1, return_inverse=True)
        kept = np.abs(shifts).max(axis=0) > 0
        model.alike = [np.flatnonzero(member.ravel() == k) for k in np.flatnonzero(kept)]
        model.alike_shift = shifts[:, kept]
        draws = range(len(shifts))
    model.scored = pyo.Var(range(len(model.alike)))
    model.cx_draw = pyo.Var(draws)
    model.below = pyo.Var(draws, domain=pyo.NonNegativeReals)
    model.cx_quantile = pyo.Var([None] if doubt is not None else [])
    model.cx_tail = pyo.Var([None] if doubt is not None else [])


def scored_alike(model: Any) -> Row:
    """scored[k]·Σ issues = Σ_{f ∈ k} weight·(1 − esc)·fcr·(flow − θq): who ends so, by draws alike."""
    net, flows = model.net, model.net.flows
    theta = HOUR_S / net.pools.patience_s[flows.pool]
    weight = net.issue_weight[net.flow_kind] * (1 - flows.escalate) * flows.resolve / net.counted_issues.sum()
    for k, members in enumerate(model.alike):
        terms = [float(weight[f]) * model.flow[int(f)] for f in members]
        terms += [-float(weight[f] * theta[f]) * model.wait[int(f)] for f in members if int(f) in model.wait]
        yield k, model.scored[k] == pyo.quicksum(terms)


def experience_by_draw(model: Any) -> Row:
    """cx_draw[s] = cx_mean + Σ_k shift[s,k]·scored[k]."""
    for s in model.cx_draw:
        shifted = [float(model.alike_shift[s, k]) * model.scored[k] for k in model.scored]
        yield s, model.cx_draw[s] == model.cx_mean + pyo.quicksum(shifted)


def tail_experience(model: Any) -> Row:
    """below[s] >= quantile − cx_draw[s], cx_tail = quantile − Σ_s below[s]/(share·S): mean of the worst draws."""
    if model.doubt is None:
        return
    for s in model.cx_draw:
        yield s, model.below[s] >= model.cx_quantile[None] - model.cx_draw[s]
    count = model.doubt.share * len(model.doubt.shift)
    yield -1, model.cx_tail[None] == model.cx_quantile[None] - (1.0 / count) * pyo.quicksum(model.below.values())
