"""Tables of a frontier: every number a report, a workbook or a notebook shows, by label."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from planner.experience.model import STAGES
from planner.frontier.rules import rules_of
from planner.frontier.shown import Shown, periods
from planner.operation.problem import FlowProblem
from planner.scenario.quantities import DAY_MIN, time_of_day
from solvers.flow.kept import pool_volume, promises_kept
from solvers.flow.network import Floats
from solvers.flow.staff import needed_on_task
from solvers.flow.steady_state import first_contacts
from solvers.flow.waiting import service_level

SHOWN_WITHIN_S = 20.0
BINDING = 1e-4
"""A bound is reached where less than this share of it is left."""


def staffing_table(shown: Shown) -> pd.DataFrame:
    """Agents per pool and interval: on task, scheduled, and what the occupancy caps ask for at today's demand."""
    problem = shown.problem
    required = needed_on_task(problem.instance, shown.evaluation.state)
    staffed = np.flatnonzero(problem.network.pools.staffed)
    return per_interval(
        shown,
        staffed,
        {"on_task": shown.decision.on_task, "scheduled": shown.scheduled, "required": required},
    )


def service_table(shown: Shown) -> pd.DataFrame:
    """Service per pool and interval: offered, mean wait, share answered in 20 s, abandoned, occupancy."""
    problem, state = shown.problem, shown.evaluation.state
    pools = problem.network.pools
    offered = state.arrivals.sum(axis=1)
    safe = np.maximum(offered, 1e-300)
    wait = (state.mean_wait_s * state.arrivals).sum(axis=1) / safe + state.delay_s
    lost = (state.p_abandon * state.arrivals).sum(axis=1) / safe
    level = service_level(
        state.arrivals,
        state.work_s,
        shown.decision.on_task,
        pools.queue,
        pools.patience_s,
        pools.chat_speed,
        problem.network.interval_s,
        pools.waits,
        SHOWN_WITHIN_S,
    )
    capacity = shown.decision.on_task * pools.speed[:, None] * problem.network.interval_s
    handled = state.work_s * (1 - lost)
    occupancy = np.where(capacity > 0, np.minimum(handled / np.maximum(capacity, 1e-300), 1.0), np.nan)
    columns = {
        "offered": offered,
        "asa_s": wait,
        "service_level": np.where(pools.waits[:, None], level, np.nan),
        "abandon_rate": lost,
        "occupancy": occupancy,
    }
    return per_interval(shown, np.arange(len(problem.pools)), columns)


def per_interval(shown: Shown, members: np.ndarray, columns: Mapping[str, Floats]) -> pd.DataFrame:
    """Lay columns (pool, interval) of some pools out as rows by label; intervals in which the center is open."""
    problem, opened = shown.problem, shown.problem.network.opened
    starts = np.array([problem.starts[t].isoformat(timespec="minutes") for t in opened])
    frame = pd.DataFrame(
        {
            "plan": shown.key,
            "pool": np.repeat([problem.pools[g] for g in members], len(starts)),
            "interval": np.tile(starts, len(members)),
        }
    )
    for name, values in columns.items():
        frame[name] = np.round(values[np.ix_(members, opened)].ravel(), 6)
    return frame


def shifts_table(shown: Shown) -> pd.DataFrame:
    """People per pool, day and shift; empty for Today, whose shifts are not known.

    `day`, `start` and `end` are the calendar's: a shift that ends before it starts ends on the next day.
    """
    problem, rows = shown.problem, []
    for g, counts in enumerate(shown.people or ()):
        catalogue = problem.instance.catalogues[g]
        if counts is None or catalogue is None:
            continue
        for day, shift in zip(*np.nonzero(counts), strict=True):
            begin = int(catalogue.start_min[shift])
            date = problem.starts[int(day) * problem.network.intervals_per_day].date()
            rows.append(
                (
                    shown.key,
                    problem.pools[g],
                    (date + dt.timedelta(days=begin // DAY_MIN)).isoformat(),
                    problem.shift_kinds[int(catalogue.kind[shift])],
                    time_of_day(begin % DAY_MIN),
                    time_of_day(int(catalogue.end_min[shift])),
                    int(counts[day, shift]),
                )
            )
    return pd.DataFrame(rows, columns=["plan", "pool", "day", "shift", "start", "end", "people"])


def flows_table(shown: Shown) -> pd.DataFrame:
    """Contacts of every flow with their mean wait, losses, score and support."""
    problem, state = shown.problem, shown.evaluation.state
    network = problem.network
    flows, nodes = network.flows, network.nodes
    lost = state.lost[flows.pair] * state.volume
    keep = np.flatnonzero(state.volume > 1e-6)
    kinds = nodes.kind[flows.node[keep]]
    natural = nodes.natural[flows.node[keep]]
    channel = nodes.channel[flows.node[keep]]
    return pd.DataFrame(
        {
            "plan": shown.key,
            "reason": [problem.types[k][0] for k in kinds],
            "segment": [problem.types[k][1] for k in kinds],
            "from_channel": [problem.channels[a] if a >= 0 else "" for a in natural],
            "channel": [problem.channels[c] for c in channel],
            "pool": [problem.pools[g] for g in flows.pool[keep]],
            "stage": [str(STAGES[s]) for s in nodes.stage[flows.node[keep]]],
            "contacts": np.round(state.volume[keep], 6),
            "wait_s": np.round(state.wait_s[flows.pair[keep]], 4),
            "abandoned": np.round(lost[keep], 6),
            "score": np.round(flows.score[keep], 6),
            "support": [problem.support[f] for f in keep],
        }
    )


def mix_table(shown: Shown) -> pd.DataFrame:
    """First contacts by the channel customers chose and the channel that serves them.

    `limit` says why no more of them may be moved, where a plan moves as many as history allows; else it is empty.
    """
    problem = shown.problem
    nodes = problem.network.nodes
    volume = first_contacts(problem.network, shown.routing.offer)
    total = problem.network.first_volume
    first = np.flatnonzero((nodes.stage == 0) & (volume > 1e-9))
    frame = pd.DataFrame(
        {
            "plan": shown.key,
            "reason": [problem.types[k][0] for k in nodes.kind[first]],
            "segment": [problem.types[k][1] for k in nodes.kind[first]],
            "from_channel": [problem.channels[a] for a in nodes.natural[first]],
            "channel": [problem.channels[c] for c in nodes.channel[first]],
            "issues": volume[first],
            "total": total[first],
            "most": nodes.most[first],
            "limit": [problem.limits[n] for n in first],
        }
    )
    keys = ["plan", "reason", "segment", "from_channel", "channel"]
    frame = frame.groupby(keys, sort=False, as_index=False).agg(
        issues=("issues", "sum"), total=("total", "first"), most=("most", "sum"), limit=("limit", "first")
    )
    frame["share"] = (frame["issues"] / frame["total"]).round(6)
    frame["limit"] = frame["limit"].where(frame["issues"] >= (1 - BINDING) * frame["most"], "")
    frame["issues"] = frame["issues"].round(6)
    return frame[[*keys, "issues", "share", "limit"]]


def costs_table(shown: Shown) -> pd.DataFrame:
    """Money by item and pool; the items of a plan sum to its cost."""
    problem = shown.problem
    network = problem.network
    pools, names = network.pools, problem.pools
    volume = pool_volume(network, shown.evaluation.state)
    contracts = pools.contract_money(volume)
    rows: list[tuple[str, str, float]] = []
    for name in problem.initiatives:
        rows.append(("initiative", name, float(problem.scenario.initiatives[name].cost)))
    for name, pool in problem.scenario.pools.items():
        open_parts = [part for key, part in pool.day_parts.items() if (name, key) not in problem.closed]
        rows.append(("day parts", name, float(sum(part.fixed_cost for part in open_parts))))
    for g, name in enumerate(names):
        rows.append(("wages", name, float(shown.wages[g])))
        rows.append(("overtime premium", name, float(shown.premium[g])))
        if shown.people_cost is not None:
            rows.append(("hiring", name, float(shown.people_cost.hiring[g])))
        rows.append(("contacts", name, float(pools.contact_cost[g] * volume[g])))
        rows.append(("contract", name, float(contracts[g])))
        rows.append(("fixed", name, float(pools.fixed_cost[g])))
    offers = network.first_volume * shown.routing.offer * network.nodes.offer_cost
    for k, steer in enumerate(problem.steers):
        rows.append(("offers", steer, float(offers[network.nodes.steer == k].sum())))
    frame = pd.DataFrame(rows, columns=["item", "pool", "amount"])
    frame.insert(0, "plan", shown.key)
    return frame[frame["amount"] != 0].reset_index(drop=True)


def contracts_table(shown: Shown) -> pd.DataFrame:
    """Volumes of contracts: contacts, those committed and the most, money, and how much of it is for none that came."""
    problem = shown.problem
    pools, volume = problem.network.pools, pool_volume(problem.network, shown.evaluation.state)
    paid = pools.contract_money(volume)
    asked = (pools.contract_slope * volume[:, None] + pools.contract_offset)[:, 1:].max(axis=1, initial=0.0)
    rows = []
    for g in np.flatnonzero(pools.contracted):
        contract = problem.scenario.pools[problem.pools[g]].contract
        committed = contract.committed_contacts if contract is not None else 0.0
        unused = float(paid[g] - asked[g])
        rows.append((shown.key, problem.pools[g], float(volume[g]), committed, pools.contract_max[g], paid[g], unused))
    columns = ["plan", "pool", "contacts", "committed", "most", "paid", "unused"]
    return pd.DataFrame(rows, columns=columns).round(6)


def promises_table(shown: Shown) -> pd.DataFrame:
    """Every promise in every period."""
    problem = shown.problem
    promises = problem.instance.promises
    rows = []
    for k, name in enumerate(problem.promise_names):
        target = problem.scenario.promises[name].target
        least = promises.measure[k] in (0, 3)
        for label, value in periods(problem, k, shown.evaluation.promise_values[k]):
            missed = value < target - 1e-9 if least else value > target + 1e-9
            rows.append((shown.key, name, label, target, float(value), not bool(missed)))
    return pd.DataFrame(rows, columns=["plan", "promise", "period", "target", "value", "kept"])


def segments_table(shown: Shown) -> pd.DataFrame:
    """Expected experience per segment; issues as they count in it, prevented ones too."""
    problem = shown.problem
    issues = np.bincount(problem.network.segment, problem.network.counted_issues, len(problem.segments))
    return pd.DataFrame(
        {"plan": shown.key, "segment": problem.segments, "issues": issues, "cx": shown.evaluation.cx_segment}
    )


def rules_table(shown: Shown) -> pd.DataFrame:
    """Routing rules of the plan."""
    rules = rules_of(shown.problem, shown.routing)
    rules.insert(0, "plan", shown.key)
    return rules


def hires_table(
    shown: Shown, needed: np.ndarray, hires: np.ndarray, overtime: np.ndarray, paid: np.ndarray
) -> pd.DataFrame:
    """Heads on the payroll against heads needed, per rostered pool."""
    problem, payroll = shown.problem, shown.problem.instance.payroll
    rows = []
    for g in np.flatnonzero(payroll.rostered & problem.network.pools.staffed):
        spare = max(0.0, payroll.heads[g] * payroll.contract_h[g] - paid[g])
        rows.append(
            (
                shown.key,
                problem.pools[g],
                int(payroll.heads[g]),
                int(needed[g]),
                int(hires[g]),
                round(float(overtime[g]), 6),
                round(min(spare, payroll.heads[g] * payroll.time_off_h[g]), 6),
            )
        )
    columns = ["plan", "pool", "heads", "needed", "hires", "overtime_h", "time_off_h"]
    return pd.DataFrame(rows, columns=columns)


def kept_all(shown: Shown) -> bool:
    """True if every promise is kept in every period."""
    return all(promises_kept(shown.problem.instance.promises, shown.evaluation.promise_values))


def stack(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Stack tables of several plans; empty ones keep their columns."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled or list(frames[:1]), ignore_index=True)


def demand_table(problem: FlowProblem) -> pd.DataFrame:
    """Issues per reason, segment, channel and open interval with their range, as initiatives in force leave them."""
    demand, frames = problem.demand, []
    left = np.divide(problem.network.issues, demand.issues, out=np.ones(len(demand.issues)), where=demand.issues > 0)
    opened = problem.network.opened
    starts = [problem.starts[t].isoformat(timespec="minutes") for t in opened]
    for k, (reason, segment) in enumerate(problem.types):
        for c in np.flatnonzero(problem.network.natural[k] > 0):
            share = left[k] * problem.network.natural[k, c]
            frames.append(
                pd.DataFrame(
                    {
                        "initiatives": ", ".join(problem.initiatives),
                        "reason": reason,
                        "segment": segment,
                        "channel": problem.channels[c],
                        "interval": starts,
                        "p10": demand.p10[k, opened] * share,
                        "p50": demand.p50[k, opened] * share,
                        "p90": demand.p90[k, opened] * share,
                        "mean": demand.issues[k] * demand.profile[k, opened] * share,
                    }
                )
            )
    return stack(frames).round(6)
