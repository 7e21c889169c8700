"""How the center runs now, as one more plan: its routing and the people who stand there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.operation.problem import FlowProblem
from solvers.flow.decode import even_split, normalize_split
from solvers.flow.evaluate import Evaluation, evaluate
from solvers.flow.network import Bools, Floats
from solvers.flow.solution import Routing
from solvers.flow.waiting import LONGEST_WAIT_S
from solvers.shifts.catalogue import Catalogue
from solvers.shifts.roster import by_week

ROUNDED = 0.01  # share of the overtime that is allowed, and hours: the schedule's paid hours are a lower bound


@dataclass(frozen=True)
class Today:
    """The baseline: routing, scheduled and on-task people (pool, interval), evaluation and cost by the same rules.

    `paid_h`, `overtime_h`, `premium` (money) are arrays over pools.
    """

    routing: Routing
    scheduled: Floats
    on_task: Floats
    evaluation: Evaluation
    paid_h: Floats
    overtime_h: Floats
    premium: Floats
    cost: float
    notes: tuple[str, ...]


def baseline(problem: FlowProblem, staffing: pd.DataFrame, routing: pd.DataFrame) -> Today:
    """Evaluate Today.

    Parameters
    ----------
    staffing
        `pool, interval` (index), `scheduled` and, where measured, `on_task`.
    routing
        `reason, segment, channel, pool, share`; pairs not named are split evenly over the pools that may serve them.
    """
    network = problem.network
    scheduled, on_task, notes = _people(problem, staffing)
    route = Routing(
        offer=np.zeros(len(network.nodes.kind)),
        split=_split(problem, routing),
        priority=np.zeros(len(network.pair_pool), dtype=np.int64),
    )
    decision = route.with_people(on_task)
    evaluation = evaluate(network, problem.instance.promises, decision)
    paid_h, overtime = _paid_and_overtime(problem, scheduled)
    pools, payroll = network.pools, problem.instance.payroll
    premium = pools.wage_per_h * np.nan_to_num(payroll.overtime_premium) * overtime
    cost = evaluation.variable_cost + float((pools.wage_per_h * paid_h + premium).sum())
    notes = (*notes, *_overworked(problem, overtime), *_endless(problem, evaluation.state.mean_wait_s))
    return Today(route, scheduled, on_task, evaluation, paid_h, overtime, premium, cost, notes)


def _overworked(problem: FlowProblem, overtime_h: Floats) -> Iterator[str]:
    """Name pools whose people work more overtime Today than their payroll lets any plan ask of them."""
    payroll = problem.instance.payroll
    for g in np.flatnonzero(payroll.rostered):
        allowed, heads = float(payroll.heads[g] * payroll.overtime_h[g]), int(payroll.heads[g])
        if overtime_h[g] > allowed * (1.0 + ROUNDED) + ROUNDED:
            name = problem.pools[g]
            yield (
                f"Today {name} is paid {overtime_h[g]:,.1f} hours beyond the contracts of its {heads:,} on the payroll,"
                f" who may work {allowed:,.1f} hours of overtime: no plan may do that. Put right pools.{name}.roster "
                "or the people of today.staffing, or read the difference as work of others."
            )


def _endless(problem: FlowProblem, mean_wait_s: Floats) -> Iterator[str]:
    """Name pools whose queue grows without end in some intervals: no figure of such a day holds."""
    endless = mean_wait_s.max(axis=1) >= LONGEST_WAIT_S  # (pool, interval)
    for g in np.flatnonzero(endless.any(axis=1)):
        name, first = problem.pools[g], problem.starts[int(np.argmax(endless[g]))]
        channel = problem.scenario.pools[name].channel
        yield (
            f"Today {name} has more work than its people can do in {int(endless[g].sum())} of {endless.shape[1]} "
            f"intervals (first {first:%Y-%m-%d %H:%M}) and nobody gives up there, so its queue grows without end: "
            f"Today's CX, waits and headroom hold for no real day. State channels.{channel}.patience_s, or put right "
            "the people of today.staffing."
        )


def _people(problem: FlowProblem, staffing: pd.DataFrame) -> tuple[Floats, Floats, tuple[str, ...]]:
    network = problem.network
    shape = (len(problem.pools), network.profile.shape[1])
    scheduled, on_task = np.zeros(shape), np.zeros(shape)
    place = {name: g for g, name in enumerate(problem.pools)}
    known = staffing[staffing["pool"].isin(place)]
    rows = known["pool"].map(place).to_numpy(np.int64)
    columns = known["interval"].to_numpy(np.int64)
    scheduled[rows, columns] = known["scheduled"].to_numpy(float)
    shut = ~np.array(problem.scenario.horizon.opened())
    notes = _left_out(scheduled, shut, network.interval_s)
    if "on_task" in known.columns and known["on_task"].notna().any():
        on_task[rows, columns] = known["on_task"].to_numpy(float)
        on_task[:, shut] = 0.0
        return scheduled, on_task, notes
    on_task = scheduled * (1.0 - network.pools.shrinkage)[:, None]
    note = "Today's agents on task are its schedule less the stated shrinkage: nobody measured who really stood there."
    return scheduled, on_task, (*notes, note)


def _left_out(scheduled: Floats, shut: Bools, interval_s: float) -> tuple[str, ...]:
    """Take people away, in place, who work while the center is closed, and say so."""
    hours = float(np.nansum(scheduled[:, shut])) * interval_s / 3600.0
    scheduled[:, shut] = 0.0
    if hours <= 0:
        return ()
    return (f"{hours:,.0f} hours of Today's people lie outside the opening hours of their day: left out",)


def _split(problem: FlowProblem, routing: pd.DataFrame) -> Floats:
    network = problem.network
    share = np.zeros(len(network.split_kind))
    types = {pair: k for k, pair in enumerate(problem.types)}
    table: dict[tuple[int, int, int], float] = {}
    for row in routing.itertuples():
        kind = types.get((str(row.reason), str(row.segment)))
        if kind is not None and row.pool in problem.pools and row.channel in problem.channels:
            key = (kind, problem.channels.index(str(row.channel)), problem.pools.index(str(row.pool)))
            table[key] = table.get(key, 0.0) + float(str(row.share))
    for k in range(len(share)):
        share[k] = table.get((int(network.split_kind[k]), int(network.split_channel[k]), int(network.split_pool[k])), 0)
    return normalize_split(network, share, even_split(network))


def _paid_and_overtime(problem: FlowProblem, scheduled: Floats) -> tuple[Floats, Floats]:
    """Paid and overtime hours of Today (pool,): hours on the floor times the least paid hours per such hour of a shift.

    Overtime is what the people on the payroll work in a week beyond their contracts.
    """
    payroll, days = problem.instance.payroll, problem.network.days
    paid, overtime = np.zeros(len(problem.pools)), np.zeros(len(problem.pools))
    week = by_week(np.full(days, 1.0 / days))
    for g, catalogue in enumerate(problem.instance.catalogues):
        if isinstance(catalogue, Catalogue):
            ratio = float((catalogue.paid_h / catalogue.cover.sum(axis=1)).min())
            by_day = scheduled[g].reshape(days, -1).sum(axis=1) * ratio
            paid[g] = by_day.sum()
            if payroll.rostered[g]:
                owed = payroll.heads[g] * payroll.contract_h[g] * week
                overtime[g] = np.maximum(by_week(by_day) - owed, 0.0).sum()
    return paid, overtime
