"""Simulate a plan and set the result beside what the plan says and promises."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from planner import notebook
from planner.backtest.checks import BROKEN
from planner.frontier.frontier import Frontier, Plan
from planner.routing.ruleset import RuleSet
from planner.simulation.network import Assumptions, PlanNetwork, plan_network
from planner.simulation.scores import score_table
from solvers.simulation import Estimate, SimulationResult, simulate

SHOWN = ("asa_s", "service_level", "abandon_rate", "occupancy")
"""Metrics of the tables per pool and interval; service level within 20 s, as in the plan's own table."""

_SHOWN_WITHIN_S = 20.0
_WARM_UP_DAYS = 14


@dataclass(frozen=True)
class SimulationSettings:
    """How a plan is simulated: independent weeks, seed, factor on demand, level of confidence, assumptions."""

    replications: int = 20
    seed: int = 0
    surge: float = 1.0
    confidence: float = 0.95
    assumptions: Assumptions = field(default_factory=Assumptions)


@dataclass(frozen=True)
class PlanSimulation:
    """A simulated plan.

    `pools`, `intervals`: `pool` (and `interval`), `offered` and for each metric of `SHOWN` the columns `NAME` (mean),
    `NAME_half_width`, and `NAME_plan`: what the evaluator says. `promises`: `promise, period, target, plan, value,
    half_width, verdict`: "kept" or "missed" where the interval says so, else "open"; `fails`: the plan says kept and
    the simulation clearly disagrees: by more than the tolerance, and beyond an interval for all promises together.
    `cx`: `segment` ("": all), `issues`, `cx`, `half_width`, `cx_plan`; empty for runs that do not hold what it takes.
    """

    pools: pd.DataFrame
    intervals: pd.DataFrame
    promises: pd.DataFrame
    cx: pd.DataFrame
    settings: SimulationSettings
    replications: int
    days: int

    def _repr_html_(self) -> str:
        title = f"Simulated, {self.replications} replications"
        return notebook.shown(title, notebook.table(self.pools), notebook.table(self.promises))

    @property
    def flow_error(self) -> float:
        """Largest difference of a pool's contacts from the plan's, ratio; pools with under 1 % of contacts are left."""
        said = self.pools["offered_plan"].fillna(0.0)
        counts = said >= 0.01 * said.sum()
        return float((self.pools["offered"] / said - 1.0)[counts].abs().max())

    @property
    def failed(self) -> list[str]:
        """Promises that the plan says are kept and the simulation clearly says are not."""
        rows = self.promises[self.promises["fails"]]
        return [f"{row.promise} ({row.period})" for row in rows.itertuples()]


def simulate_plan(
    frontier: Frontier, plan_id: str, settings: SimulationSettings, executor: Executor | None = None
) -> PlanSimulation:
    """Simulate a plan of a run, week after week, driven by its exported rules.

    Parameters
    ----------
    frontier
        A loaded or fresh run.
    plan_id
        Id or name of the plan.
    settings
        Replications, seed, surge and assumptions; the same give the same result on any executor.
    executor
        Where replications run; None: here.

    Raises
    ------
    PlanError
        The plan is not in the run, or cannot be simulated.
    """
    plan = frontier.plan(plan_id)
    made = plan_network(frontier, plan, settings.assumptions)
    stated = frontier.tables["center_promises"]
    within = tuple(sorted({_SHOWN_WITHIN_S, *stated["within_s"][stated["measure"] == "service_level"]}))
    days = int(frontier.meta["days"])
    found = simulate(
        made.network.scaled(settings.surge),
        replications=settings.replications,
        seed=settings.seed,
        executor=executor,
        warm_up=-(-_WARM_UP_DAYS // days) * len(made.intervals),
        answer_within_s=within,
        confidence=settings.confidence,
    )
    threshold = within.index(_SHOWN_WITHIN_S)
    return PlanSimulation(
        pools=_table(found, made, plan, "pool", threshold),
        intervals=_table(found, made, plan, "interval", threshold),
        promises=_promises(found, made, plan, stated, settings),
        cx=score_table(found, made.nodes, made.flows, plan),
        settings=settings,
        replications=found.replications,
        days=days,
    )


def with_rules(frontier: Frontier, plan_id: str, rules: RuleSet) -> Frontier:
    """Return the run with other rules for a plan: what a simulation, driven by rules, then shows is what they do."""
    plan = frontier.plan(plan_id).id
    tables = dict(frontier.tables)
    others = {name: tables[name][tables[name]["plan"] != plan] for name in ("rules", "overflow", "overflow_types")
              if name in tables}  # fmt: skip
    own = {"rules": rules.rows.assign(plan=plan)}
    if rules.overflow is not None:
        own |= {"overflow": rules.overflow.shares, "overflow_types": rules.overflow.types}
        own = {name: frame.assign(plan=plan) for name, frame in own.items()}
    stacked = {name: pd.concat([frame, own[name]]) if name in own else frame for name, frame in others.items()}
    return replace(frontier, tables=tables | stacked)


def _table(found: SimulationResult, made: PlanNetwork, plan: Plan, by: str, threshold: int) -> pd.DataFrame:
    frame = pd.DataFrame({"pool": made.pools})
    if by == "interval":
        frame = pd.DataFrame(
            {"pool": np.repeat(made.pools, len(made.intervals)), "interval": np.tile(made.intervals, len(made.pools))}
        )
    said = _said(plan, by)
    frame["offered"] = found.estimate("offered", by=by).mean.ravel()
    for name in SHOWN:
        estimate = found.estimate(name, by=by, threshold=threshold)
        frame[name], frame[f"{name}_half_width"] = estimate.mean.ravel(), estimate.half_width.ravel()
    keys = ["pool", "interval"] if by == "interval" else ["pool"]
    frame = frame.merge(said, on=keys, how="left", validate="one_to_one")
    live = np.isfinite(made.network.agents[:, 0]) & np.isinf(made.network.deadline_s[0])
    no_queue = [pool for pool, queues in zip(made.pools, live, strict=True) if not queues]
    frame.loc[frame["pool"].isin(no_queue), ["service_level", "service_level_half_width", "service_level_plan"]] = (
        np.nan
    )
    return frame


def _said(plan: Plan, by: str) -> pd.DataFrame:
    """What the evaluator says, per pool and interval or for the whole of a pool, weighted by offered contacts."""
    service = plan.service[["pool", "interval", "offered", *SHOWN]]
    renamed = {name: f"{name}_plan" for name in ("offered", *SHOWN)}
    if by == "interval":
        return service.rename(columns=renamed)
    staffing = plan.staffing.set_index(["pool", "interval"])["on_task"]
    there = staffing.reindex(pd.MultiIndex.from_frame(service[["pool", "interval"]])).to_numpy(float)
    rows = []
    for pool, part in service.groupby("pool", sort=False):
        weight = part["offered"].to_numpy(float)
        agents = np.nan_to_num(there[service["pool"].to_numpy() == pool])
        row = {"pool": pool, "offered_plan": weight.sum()}
        for name in SHOWN:
            values = part[name].to_numpy(float)
            share = np.where(np.isnan(values), 0.0, agents if name == "occupancy" else weight)
            total = share.sum()
            row[f"{name}_plan"] = float(np.nan_to_num(values) @ share / total) if total > 0 else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Check:
    """One promise in one period: how it was measured, and what the plan says of it."""

    promise: str
    period: str
    measure: str
    target: float
    plan: float
    estimate: Estimate


def _promises(
    found: SimulationResult, made: PlanNetwork, plan: Plan, stated: pd.DataFrame, settings: SimulationSettings
) -> pd.DataFrame:
    checks = list(_checks(found, made, plan, stated))
    # Bonferroni: the chance that any of the promises is found missed by bad luck stays below 1 − confidence.
    alone = stdtrit(found.replications - 1, 0.5 + settings.confidence / 2)
    together = stdtrit(found.replications - 1, 1 - (1 - settings.confidence) / 2 / max(1, len(checks)))
    rows = []
    for check in checks:
        value, half = float(check.estimate.mean), float(check.estimate.half_width)
        least = check.measure in ("service_level", "deadline_kept")
        short = (check.target - value) if least else (value - check.target)
        tolerance = float(BROKEN[check.measure].of(check.target))
        verdict = "open" if not abs(short) > half else "missed" if short > 0 else "kept"
        said_kept = (check.plan >= check.target - 1e-9) if least else (check.plan <= check.target + 1e-9)
        fails = bool(settings.surge == 1.0 and said_kept and short > max(tolerance, half * together / alone))
        rows.append((check.promise, check.period, check.target, check.plan, value, half, verdict, fails))
    columns = ["promise", "period", "target", "plan", "value", "half_width", "verdict", "fails"]
    return pd.DataFrame(rows, columns=columns)


def _checks(found: SimulationResult, made: PlanNetwork, plan: Plan, stated: pd.DataFrame) -> Iterator[_Check]:
    """Measure every promise in every period, in the order of the plan's own table."""
    said = {(row.promise, row.period): row for row in plan.promises.itertuples()}
    for promise, rows in stated.groupby("promise", sort=False):
        first = rows.iloc[0]
        pools = [made.pools.index(name) for name in rows["pool"]]
        length = int(first["period_intervals"])
        labels = plan.promises["period"][plan.promises["promise"] == promise]
        threshold = found.within_s.index(first["within_s"]) if first["measure"] == "service_level" else 0
        for period, label in enumerate(labels):
            cells = slice(period * length, (period + 1) * length)
            counts = found.tally[:, pools, cells].sum(axis=(1, 2))
            estimate = found.of_counts(str(first["measure"]), counts, threshold=threshold)
            value = float(said[promise, label].value)
            yield _Check(str(promise), str(label), str(first["measure"]), float(first["target"]), value, estimate)
