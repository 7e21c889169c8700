"""The constraint families of the master, each one function on a Pyomo model; add one to `FAMILIES` and it is in.

Symbols: f flow, n node, i type, c channel, g pool, τ group of n_τ intervals, d day, p (pool, type) pair; h headroom,
θ = 1/patience, ρ redial. Work and waiting are hours (seconds would make columns of 1e7 that no solver settles to 1e-7),
money is the scenario's, volumes are contacts per horizon.

Every staffing column (crew, paid, people, overtime, hires, wages) is divided by 1 + h, the demand the staff must be
able to carry. Headroom then stands in right-hand sides, in one coefficient of the money row and in the facets of
waiting, so one held program serves every headroom and a day-cover cut found at one holds at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyomo.core as pyo

from solvers.flow.closing import closed_pools, least_people
from solvers.flow.doubt import experience_by_draw, scored_alike, tail_experience
from solvers.flow.network import Queue
from solvers.flow.one_split import one_split, whole_shares
from solvers.flow.pins import pinned_offers, pinned_people, pinned_shares
from solvers.flow.volumes import automated_rate, contract_price, contract_volume, pair_volume, pool_arrivals

Rule = Iterator[tuple[Any, Any]]
HOUR_S = 3600.0


def natural_arrivals(model: Any) -> Rule:
    """Σ_{g, stay or steer} flow[i,a,·,g] = issues[i]·natural[i,a]: every issue starts somewhere."""
    net, nodes = model.net, model.net.nodes
    groups: dict[tuple[int, int], list[Any]] = defaultdict(list)
    volume: dict[tuple[int, int], float] = {}
    for n in np.flatnonzero(nodes.stage == 0):
        key = (int(nodes.kind[n]), int(nodes.natural[n]))
        groups[key] += [model.flow[f] for f in model.flows_at[n]]
        volume[key] = float(net.first_volume[n])
    for key, terms in groups.items():
        yield key, pyo.quicksum(terms) == volume[key]


def steer_acceptance(model: Any) -> Rule:
    """Σ_g flow[n,g] <= min(acceptance·issues·natural, most): realized moves, capped where support is thin."""
    net, nodes = model.net, model.net.nodes
    for n in np.flatnonzero(nodes.steer >= 0):
        limit = min(nodes.acceptance[n] * net.first_volume[n], nodes.most[n])
        yield int(n), pyo.quicksum(model.flow[f] for f in model.flows_at[n]) <= float(limit)


def one_offer(model: Any) -> Rule:
    """Σ_steers flow/acceptance <= issues·natural: nobody gets two offers."""
    net, nodes = model.net, model.net.nodes
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for n in np.flatnonzero(nodes.steer >= 0):
        groups[int(nodes.kind[n]), int(nodes.natural[n])].append(int(n))
    for key, members in groups.items():
        if len(members) > 1:
            offers = pyo.quicksum(
                model.flow[f] * (1.0 / nodes.acceptance[n]) for n in members for f in model.flows_at[n]
            )
            yield key, offers <= float(net.first_volume[members[0]])


def onward_contacts(model: Any) -> Rule:
    """onward[k] = Σ_f (flow − θq)·share[f,k]: contacts that go on to the same nodes in the same proportions."""
    theta = HOUR_S / model.net.pools.patience_s[model.net.flows.pool]
    for k, sources in enumerate(model.onward_from):
        terms = [share * model.flow[f] for f, share in sources]
        terms += [-share * float(theta[f]) * model.wait[f] for f, share in sources if f in model.wait]
        yield k, model.onward[k] == pyo.quicksum(terms)


def next_contacts(model: Any) -> Rule:
    """Σ_g flow[n,g] = Σ_k onward[k]·part[k,n] + ρ·θq[f → n] for later nodes: returns, escalations, redials."""
    net = model.net
    into: dict[int, list[Any]] = defaultdict(list)
    theta = HOUR_S / net.pools.patience_s[net.flows.pool]
    for k, where in enumerate(model.onward_to):
        for n, share in where:
            into[n].append(share * model.onward[k])
    for f in model.wait:
        redial = net.pools.redial[net.flows.pool[f]]
        if redial > 0:
            into[int(net.redial_to[f])].append(redial * theta[f] * model.wait[f])
    for n in np.flatnonzero(net.nodes.stage > 0):
        yield int(n), pyo.quicksum(model.flow[f] for f in model.flows_at[n]) == pyo.quicksum(into[int(n)])


def pool_work(model: Any) -> Rule:
    """work[p] = Σ_{f ∈ p} aht[f]·flow[f]: handled hours of a type in a pool."""
    for p in model.work:
        terms = [float(model.net.flows.aht_s[f] / HOUR_S) * model.flow[f] for f in model.flows_in[p]]
        yield p, model.work[p] == pyo.quicksum(terms)


def pool_total(model: Any) -> Rule:
    """total[g] = Σ_i work[g,i] + short[g] − excess[g] of pools with a queue: what a box of pool sizes bounds.

    The last two are priced out of every plan; they keep a box that no plan lies in from being infeasible.
    """
    for g in model.queued_pools:
        work = pyo.quicksum(model.work[p] for p in model.pairs_of[g])
        yield g, model.total[g] == work + model.short[g] - model.excess[g]


def pool_load(model: Any) -> Rule:
    """offered[g,τ] = Σ_i profile[i,τ]·work[g,i]/(interval·speed) + (ebb − surge)[g→h,τ] + gain[h'→g,τ]: agents."""
    net = model.net
    for g in map(int, np.flatnonzero(net.pools.staffed)):
        scale = HOUR_S / (net.interval_s * net.pools.speed[g])
        for t in model.times:
            shares = [(float(model.groups.profile[net.pair_kind[p], t] * scale), p) for p in model.pairs_of[g]]
            load = pyo.quicksum(share * model.work[p] for share, p in shares if share > 0)
            for link, (here, there) in enumerate(zip(net.overflow_from, net.overflow_to, strict=True)):
                load += (model.ebb[link, t] - model.surge[link, t]) if here == g else 0.0
                load += model.gain[link, t] if there == g else 0.0
            yield (g, t), model.offered[g, t] == load


def overflow_balance(model: Any) -> Rule:
    """Σ_τ n_τ·surge[l,τ] = Σ_τ n_τ·ebb[l,τ], Σ_τ n_τ·gain[l,τ] = 0: flows hold what goes over in all, timing is free.

    `surge` and `ebb` are how much more and less load goes over than the profiles of the types tell, in agents of the
    pool that sends.
    """
    sizes = list(enumerate(model.groups.size))
    for link in range(len(model.net.overflow_from)):
        more = pyo.quicksum(float(n) * model.surge[link, t] for t, n in sizes)
        yield (link, 0), more == pyo.quicksum(float(n) * model.ebb[link, t] for t, n in sizes)
        yield (link, 1), pyo.quicksum(float(n) * model.gain[link, t] for t, n in sizes) == 0.0


def overflow_gain(model: Any) -> Rule:
    """r_min·surge − r_max·ebb <= gain[l,τ] <= r_max·surge − r_min·ebb: at the handle time of the pool that takes it."""
    for link, (least, most) in enumerate(model.overflow_ratio):
        for t in model.times:
            surge, ebb, gain = model.surge[link, t], model.ebb[link, t], model.gain[link, t]
            yield (link, t, 0), float(least) * surge - float(most) * ebb <= gain
            yield (link, t, 1), gain <= float(most) * surge - float(least) * ebb


def overflow_ebb(model: Any) -> Rule:
    """r_min·ebb[l,τ] <= Σ_i profile[i,τ]·work[h,i]/(interval·speed): no more than is served there."""
    net = model.net
    for link, there in enumerate(map(int, net.overflow_to)):
        scale = HOUR_S / (net.interval_s * net.pools.speed[there])
        for t in model.times:
            shares = [(float(model.groups.profile[net.pair_kind[p], t] * scale), p) for p in model.pairs_of[there]]
            served = pyo.quicksum(share * model.work[p] for share, p in shares if share > 0)
            yield (link, t), float(model.overflow_ratio[link][0]) * model.ebb[link, t] <= served


def occupancy(model: Any) -> Rule:
    """R[g,τ] <= cap·crew[g,τ] on the *offered* load R; deferred pools over the whole horizon."""
    net = model.net
    for g in map(int, np.flatnonzero(net.pools.staffed)):
        cap = float(net.pools.occupancy_max[g])
        if net.pools.queue[g] == Queue.DEFERRED:
            load = pyo.quicksum(float(n) * model.offered[g, t] for t, n in enumerate(model.groups.size))
            there = pyo.quicksum(float(n) * model.crew[g, t] for t, n in enumerate(model.groups.size))
            yield (g, -1), load <= cap * there
            continue
        for t in model.times:
            yield (g, t), model.offered[g, t] <= cap * model.crew[g, t]


def waiting_shared(model: Any) -> Rule:
    """Σ_{f ∈ g} q[f] = Σ_τ n_τ·Q[g,τ]·interval: a pool's waiting divides among its flows (outer model of priority)."""
    net = model.net
    for g in model.queued_pools:
        members = [f for p in model.pairs_of[g] for f in model.flows_in[p] if f in model.wait]
        total = pyo.quicksum(
            float(net.interval_s / HOUR_S * n) * model.queue[g, t] for t, n in enumerate(model.groups.size)
        )
        yield int(g), pyo.quicksum(model.wait[f] for f in members) == total


def wait_limit(model: Any) -> Rule:
    """q[f] <= w_max[g]·flow[f]: no type is starved, and waiting cannot be inflated to shed work."""
    net = model.net
    for f in model.wait:
        yield f, model.wait[f] <= float(net.wait_max_s[net.flows.pool[f]] / HOUR_S) * model.flow[f]


def wait_loss(model: Any) -> Rule:
    """loss[f] >= final·(1 − abandon_max)·(slope·q + offset·flow): the convex lower hull of the wait curve."""
    net = model.net
    final = net.flows.final_share * (1 - net.abandon_max)
    for f in model.loss:
        p = net.flows.pair[f]
        for line in range(net.wait_hull_slope.shape[1]):
            slope, offset = net.wait_hull_slope[p, line], net.wait_hull_offset[p, line]
            if slope > 1e-9:  # points a second
                points = slope * HOUR_S * model.wait[f] + offset * model.flow[f]
                yield (f, line), model.loss[f] >= float(final[f]) * points


def paid_time(model: Any) -> Rule:
    """Σ_d paid[g,d] >= min_j(paid_j/floor_j)·Σ_τ n_τ·crew[g,τ]/(1 − shrinkage); day-cover cuts sharpen it."""
    net = model.net
    for g in map(int, np.flatnonzero(net.pools.staffed)):
        ratio = float(model.paid_ratio[g]) / (1 - net.pools.shrinkage[g])
        there = pyo.quicksum(float(ratio * n) * model.crew[g, t] for t, n in enumerate(model.groups.size))
        yield g, pyo.quicksum(model.paid[g, d] for d in range(net.days)) >= there


def roster_hours(model: Any) -> Rule:
    """Σ_d paid[g,d] <= (heads/(1 + h) + hires)·contract + overtime; overtime <= (heads/(1 + h) + hires)·overtime_max.

    A contract shorter than a shift can still be worked in one shift, as overtime.
    """
    payroll = model.payroll
    for g in np.flatnonzero(model.net.pools.staffed & payroll.rostered):
        heads = float(payroll.heads[g]) * model.shrink + model.hires[g]
        total = pyo.quicksum(model.paid[g, d] for d in range(model.net.days))
        yield (int(g), 0), total <= float(payroll.contract_h[g]) * heads + model.overtime[g]
        most = max(float(payroll.overtime_h[g]), float(model.longest_h[g] - payroll.contract_h[g]))
        yield (int(g), 1), model.overtime[g] <= most * heads


def roster_days(model: Any) -> Rule:
    """Σ_d people[g,d] <= days·heads, people[g,d] <= heads, paid[g,d] <= longest·people[g,d]; heads with hires."""
    payroll = model.payroll
    for g in map(int, np.flatnonzero(model.net.pools.staffed & payroll.rostered)):
        heads = float(payroll.heads[g]) * model.shrink + model.hires[g]
        yield (g, -2), model.hires[g] <= float(payroll.hires_max[g]) * model.shrink
        days = range(model.net.days)
        yield (g, -1), pyo.quicksum(model.people[g, d] for d in days) <= float(payroll.days[g]) * heads
        for d in days:
            yield (g, d, 0), model.people[g, d] <= heads
            yield (g, d, 1), model.paid[g, d] <= float(model.longest_h[g]) * model.people[g, d]


def seats(model: Any) -> Rule:
    """Σ_{g ∈ limit} crew[g,τ]/(1 − shrinkage[g]) <= seats/(1 + h): workplaces."""
    net = model.net
    for k, most in enumerate(model.limits.seat_max):
        members = [int(g) for g in np.flatnonzero(model.limits.seat_pools[k] & net.pools.staffed)]
        for t in model.times if members else ():
            people = pyo.quicksum(model.crew[g, t] * (1 / (1 - net.pools.shrinkage[g])) for g in members)
            yield (k, t), people <= float(most) * model.shrink


def experience(model: Any) -> Rule:
    """cx[s]·issues[s] = Σ final scores − waiting − effort: linear, for one contact of each issue is the last.

    Issues and their points count by the weight of their type.
    """
    net, flows = model.net, model.net.flows
    theta = HOUR_S / net.pools.patience_s[flows.pool]
    worth = (1 - flows.escalate) * (
        flows.resolve * flows.score + (1 - flows.resolve) * (1 - flows.comeback) * net.score_given_up
    )
    lost = (1 - net.pools.redial[flows.pool]) * net.score_abandoned
    segment, weight = net.segment[net.flow_kind], net.issue_weight[net.flow_kind]
    for s in range(len(net.segment_min)):
        issues = float(net.counted_issues[net.segment == s].sum())
        terms = []
        for f in np.flatnonzero(segment == s):
            terms.append(float(weight[f] * (worth[f] - net.effort)) * model.flow[int(f)])
            if int(f) in model.wait:
                terms.append(float(weight[f] * theta[f] * (lost[f] - worth[f])) * model.wait[int(f)])
            if int(f) in model.loss:
                terms.append(-float(weight[f]) * model.loss[int(f)])
        yield s, issues * model.cx[s] == pyo.quicksum(terms) + net.effort * issues


def segment_floor(model: Any) -> Rule:
    """cx[s] >= floor[s]: no segment is starved."""
    for s, floor in enumerate(model.net.segment_min):
        if np.isfinite(floor):
            yield s, model.cx[s] >= float(floor)


def money(model: Any) -> Rule:
    """Cost = (1 + h)·(wages + premium + hires) + contacts + offers + contracts + fixed + programs; `staff` first."""
    net, payroll, nodes = model.net, model.payroll, model.net.nodes
    terms: list[Any] = []
    for g in np.flatnonzero(net.pools.staffed):
        wage = float(net.pools.wage_per_h[g])
        terms += [wage * model.paid[g, d] for d in range(net.days)]
        if payroll.rostered[g]:
            terms.append(wage * float(payroll.overtime_premium[g]) * model.overtime[g])
            terms.append(float(payroll.hire_cost[g]) * model.hires[g])
    yield 0, model.staff * model.shrink == pyo.quicksum(terms)
    each = net.pools.contact_cost[net.flows.pool] + np.where(
        nodes.steer[net.flows.node] >= 0, (nodes.offer_cost / nodes.acceptance)[net.flows.node], 0.0
    )
    contacts = pyo.quicksum(float(each[f]) * model.flow[f] for f in model.flow if each[f] != 0)
    vendors = pyo.quicksum(model.pay.values())
    yield 1, model.cost == model.staff + contacts + vendors + float(net.pools.fixed_cost.sum() + net.program_cost)


def mean_experience(model: Any) -> Rule:
    """cx_mean·Σ issues = Σ_s cx[s]·issues[s]: the axis."""
    net, issues = model.net, model.net.counted_issues
    share = [float(issues[net.segment == s].sum() / issues.sum()) for s in range(len(net.segment_min))]
    yield 0, model.cx_mean == pyo.quicksum(w * model.cx[s] for s, w in enumerate(share))


def budget(model: Any) -> Rule:
    """Cost <= budget."""
    if np.isfinite(model.limits.budget):
        yield 0, model.cost <= float(model.limits.budget)


FAMILIES: tuple[Callable[[Any], Rule], ...] = (
    natural_arrivals,
    steer_acceptance,
    one_offer,
    whole_shares,
    one_split,
    onward_contacts,
    next_contacts,
    pool_work,
    pool_total,
    pool_load,
    overflow_balance,
    overflow_gain,
    overflow_ebb,
    occupancy,
    closed_pools,
    least_people,
    pair_volume,
    pool_arrivals,
    automated_rate,
    contract_volume,
    contract_price,
    waiting_shared,
    wait_limit,
    wait_loss,
    paid_time,
    roster_hours,
    roster_days,
    seats,
    experience,
    segment_floor,
    money,
    mean_experience,
    budget,
    pinned_offers,
    pinned_shares,
    pinned_people,
    scored_alike,
    experience_by_draw,
    tail_experience,
)
"""Every constraint family, in the order of the model's rows."""

ROSTERS = ("roster_hours", "roster_days")
SHRINKING = ("automated_rate", "contract_volume", "least_people", *ROSTERS, "seats", "pinned_people")
"""Families whose right-hand sides are limits of people and rates: they are divided by 1 + h."""

MONEY = ("money", "budget", "contract_price")
"""Families whose rows are in money."""

LATE = ("wait_loss", "one_split")
"""Families of many rows, few of them tight: a held program gets them when a point violates them."""
