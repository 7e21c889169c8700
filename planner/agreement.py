"""Whether simulation agrees with what plans say: every plan shown in detail, contact by contact beside the formulas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from planner.backtest.checks import BROKEN, TOLERANCES, holm, two_sided
from planner.frontier.frontier import Frontier
from planner.simulation import PlanSimulation, SimulationSettings, simulate_plan

CX = "cx"
"""The measure of the check of CX."""

_LOWEST = ("service_level", "deadline_kept")
_OF_POOLS = ("abandon_rate", "asa_s", "service_level")
_REPLICATIONS = 20
_WAIT_DEVIATION = 3.0
"""Standard deviation of a contact's wait over its mean where one in five waits: √(2/0.2 − 1)."""
_OTHER_CUSTOMERS = 1_000_003
"""Added to the seed for the second look at plans that seem to disagree."""
_CHECK = ["plan", "what", "pool", "period", "measure"]
"""Columns that name a check."""
_CX_TOLERANCE = 0.05
"""Of the range of CX over the plans."""

COLUMNS = (
    "plan",
    "what",
    "pool",
    "period",
    "measure",
    "said",
    "carried",
    "simulated",
    "half_width",
    "tolerance",
    "p_value",
    "failed",
)
"""Columns of the table `agreement`: `what` is a promise, `CX`, or "" where a pool's whole horizon is meant; `said` by
the stationary formulas, `carried` with carry-over from interval to interval (NaN where it is not followed);
`half_width` of the 95 % interval; `failed`: off by more than the tolerance, and significantly so."""


@dataclass(frozen=True)
class Agreement:
    """`table` of all checks, see `COLUMNS`, the `findings` in words, per plan, and the `simulated` intervals."""

    table: pd.DataFrame
    simulated: pd.DataFrame
    findings: Mapping[str, tuple[str, ...]]
    assumptions: str


def check_agreement(
    frontier: Frontier, *, seed: int, executor: Executor | None = None, replications: int = _REPLICATIONS
) -> Agreement:
    """Simulate Today and the named plans and compare with what the run says about them.

    Every promise in every period, every pool with a queue and CX are checks. The simulation is compared with the figure
    with carry-over where there is one (live voice pools), else with the stationary formula: the search needs only the
    latter, but the former is the better statement of what a plan does. A difference is material where it exceeds the
    tolerance of its measure (`TOLERANCES`; of CX 5 % of the range over all plans), or where a promise that the
    stationary formulas keep, and the plan so claims, is missed by more than `BROKEN`. All checks of all plans are one
    family: one fails where its difference is material and significant (Holm 1979), and again so among other customers:
    where few wait, and some of them long, a mean of some replications may lie far from the truth and yet look sure.

    Parameters
    ----------
    frontier
        A run that holds the tables of its center.
    seed
        Seed of the simulations; all plans meet the same customers.
    replications
        Independent horizons per plan.
    """
    settings = SimulationSettings(replications=replications, seed=seed)
    table, simulated = _checked(frontier, shown_plans(frontier), settings, executor)
    suspects = list(dict.fromkeys(table.loc[table["failed"], "plan"]))
    if suspects:
        others = replace(settings, seed=seed + _OTHER_CUSTOMERS)
        again, _ = _checked(frontier, suspects, others, executor)
        twice = again.loc[again["failed"], _CHECK].apply(tuple, axis=1)
        table["failed"] &= table[_CHECK].apply(tuple, axis=1).isin(twice)
    failed = table[table["failed"]]
    findings = {
        str(plan): tuple(_words(row) for row in part.to_dict("records")) for plan, part in failed.groupby("plan")
    }
    return Agreement(table[list(COLUMNS)], simulated, findings, settings.assumptions.words())


def _checked(
    frontier: Frontier, plans: Sequence[str], settings: SimulationSettings, executor: Executor | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate plans once: all their checks, one family, and the simulated intervals."""
    replications = settings.replications
    rows: list[dict[str, Any]] = []
    intervals: list[pd.DataFrame] = []
    for plan in plans:
        found, carried = simulate_plan(frontier, plan, settings, executor), _carried(frontier, plan)
        intervals.append(_intervals(found, plan))
        checks = (*_of_cx(found, frontier), *_of_pools(found, carried), *_of_promises(found, frontier, carried))
        rows += [{"plan": plan} | row for row in checks]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "contacts", "short", "bearable"])
    off = (_expected(table) - table["simulated"]).abs()
    broken = table["short"] > table["bearable"]
    sd = np.maximum(
        table["half_width"] / stdtrit(replications - 1, 0.975), _least_sd(table, replications, _reach(frontier))
    )
    table["p_value"] = two_sided(np.where(broken, table["short"], off), sd, replications - 1)
    material = (broken | (off > table["tolerance"])).to_numpy()
    table["failed"] = material & holm(table["p_value"].to_numpy(float))
    return table, pd.concat(intervals, ignore_index=True)


def simulated_service(frontier: Frontier, plan: str, *, seed: int, replications: int = _REPLICATIONS) -> pd.DataFrame:
    """Simulate one plan as `check_agreement` does; rows of the table `simulated`.

    Raises
    ------
    PlanError
        The run has no such plan, or does not hold the tables of its center.
    """
    key = frontier.plan(plan).id
    return _intervals(simulate_plan(frontier, key, SimulationSettings(replications=replications, seed=seed)), key)


def _intervals(found: PlanSimulation, plan: str) -> pd.DataFrame:
    """Simulated service of the pools in which contacts wait: `plan, pool, interval, offered, service_level, ...`."""
    waited = found.intervals[np.isfinite(found.intervals["service_level_plan"].to_numpy(float))]
    kept = waited[["pool", "interval", "offered", *_OF_POOLS]].reset_index(drop=True)
    kept.insert(0, "plan", plan)
    return kept


def shown_plans(frontier: Frontier) -> list[str]:
    """Today and the plans with a name: those the report shows in every detail."""
    named = frontier.table["name"].fillna("").astype(str) != ""
    return [str(plan) for plan in frontier.table.loc[named, "plan"]]


_Carried = Mapping[tuple[str, str, str], float]
"""Figures with carry-over by (promise or "", pool or period, measure or "")."""


def _carried(frontier: Frontier, plan: str) -> _Carried:
    """Figures of a plan with carry-over; none for runs that do not hold them."""
    if "carry_over" not in frontier.tables:
        return {}
    tables = frontier.plan(plan).tables
    found: dict[tuple[str, str, str], float] = {}
    for pool, part in tables["carry_over"].groupby("pool", sort=False):
        weight = part["offered"].to_numpy(float)
        if weight.sum() > 0.0:
            found |= {("", str(pool), name): float(np.average(part[name], weights=weight)) for name in _OF_POOLS}
    for row in tables["carry_over_promises"].to_dict("records"):
        found[str(row["promise"]), str(row["period"]), ""] = float(row["value"])
    return found


def _expected(table: pd.DataFrame) -> pd.Series:
    """The better analytic figure of each check."""
    return table["carried"].fillna(table["said"])


def _least_sd(table: pd.DataFrame, replications: int, reach: float) -> pd.Series:
    """The deviation of a measure if the formulas were right.

    Where all replications lose nobody, or nobody happens to wait, their spread is 0, which is no proof that a formula
    that loses few, or has few wait long, is wrong. Ratios are binomial; a wait is exponential for one contact in five
    and 0 for the others, so that its deviation is three times its mean. `reach`, points: most that an issue's score
    can fall; CX that is off by d may come from one issue in reach/d that falls so far, a variance of d·reach.
    """
    expected = _expected(table)
    rate = expected.clip(0.0, 1.0)
    variance = (rate * (1.0 - rate)).where(table["measure"] != "asa_s", (_WAIT_DEVIATION * expected) ** 2)
    variance = variance.where(table["measure"] != CX, (expected - table["simulated"]).abs() * reach).fillna(0.0)
    contacts = (table["contacts"] * replications).clip(lower=1.0)
    return (variance / contacts) ** 0.5


def _reach(frontier: Frontier) -> float:
    """Points between the best and the worst that an issue can end with."""
    flows = frontier.tables["center_flows"]
    ends = flows[["points", "lost_points"]].to_numpy(float)
    return float(np.nanmax(ends) - np.nanmin(ends)) if np.isfinite(ends).any() else 0.0


def _of_cx(found: PlanSimulation, frontier: Frontier) -> Iterator[dict[str, Any]]:
    """CX of all issues, where the run holds what it takes."""
    reach = frontier.table["cx"]
    for row in found.cx[found.cx["segment"] == ""].to_dict("records"):
        yield {
            "what": "CX",
            "pool": "",
            "period": "horizon",
            "measure": CX,
            "said": row["cx_plan"],
            "carried": np.nan,
            "simulated": row["cx"],
            "half_width": row["half_width"],
            "tolerance": _CX_TOLERANCE * float(reach.max() - reach.min()),
            "contacts": row["issues"],
            "short": np.nan,
            "bearable": np.nan,
        }


def _of_pools(found: PlanSimulation, known: _Carried) -> Iterator[dict[str, Any]]:
    """Pools in which contacts wait, over the whole horizon."""
    for pool in found.pools.to_dict("records"):
        if not np.isfinite(pool["service_level_plan"]) or not pool["offered"] > 0.0:
            continue
        for measure in _OF_POOLS:
            said = float(pool[f"{measure}_plan"])
            carried = known.get(("", str(pool["pool"]), measure), np.nan)
            yield {
                "what": "",
                "pool": str(pool["pool"]),
                "period": "horizon",
                "measure": measure,
                "said": said,
                "carried": carried,
                "simulated": float(pool[measure]),
                "half_width": float(pool[f"{measure}_half_width"]),
                "tolerance": float(TOLERANCES[measure].of(_better(carried, said))),
                "contacts": float(pool["offered"]),
                "short": np.nan,
                "bearable": np.nan,
            }


def _of_promises(found: PlanSimulation, frontier: Frontier, known: _Carried) -> Iterator[dict[str, Any]]:
    """Promises, period by period, in the order in which they were simulated."""
    offered = found.intervals.pivot_table(index="pool", columns="interval", values="offered", sort=False)
    stated = frontier.tables["center_promises"]
    for promise, checks in found.promises.groupby("promise", sort=False):
        own = stated[stated["promise"] == promise]
        measure, length = str(own["measure"].iloc[0]), int(own["period_intervals"].iloc[0])
        contacts = offered.loc[own["pool"]].sum().to_numpy(float)
        for period, check in enumerate(checks.to_dict("records")):
            said, value, target = (float(check[name]) for name in ("plan", "value", "target"))
            carried = known.get((str(promise), str(check["period"]), ""), np.nan)
            sign = 1.0 if measure in _LOWEST else -1.0
            yield {
                "what": str(promise),
                "pool": ", ".join(own["pool"]),
                "period": str(check["period"]),
                "measure": measure,
                "said": said,
                "carried": carried,
                "simulated": value,
                "half_width": float(check["half_width"]),
                "tolerance": float(TOLERANCES.get(measure, TOLERANCES["service_level"]).of(_better(carried, said))),
                "contacts": float(contacts[period * length : (period + 1) * length].sum()),
                "short": sign * (target - value) if sign * (said - target) >= -1e-9 else np.nan,
                "bearable": float(BROKEN[measure].of(target)),
            }


def _better(carried: float, said: float) -> float:
    return said if np.isnan(carried) else carried


def _words(row: Mapping[Any, Any]) -> str:
    form = {"asa_s": "{:.1f} s", CX: "{:.3f}"}.get(row["measure"], "{:.1%}")
    said, carried, value, half = (form.format(row[name]) for name in ("said", "carried", "simulated", "half_width"))
    about = row["what"] or row["pool"]
    also = "" if np.isnan(row["carried"]) else f", {carried} with carry-over"
    return f"{about} ({row['period']}): {row['measure']} is {said} by the formulas{also}, {value} ± {half} simulated"


def with_agreement(frontier: Frontier, found: Agreement) -> Frontier:
    """Keep the checks with the plans: a table, a sentence in each plan's explanation, and failed checks of the run."""
    explanations = {
        plan: "\n".join([text, *(f"Simulation disagrees: {line}." for line in found.findings.get(plan, ()))])
        for plan, text in frontier.explanations.items()
    }
    failed = [f"{plan}: {line}" for plan, lines in found.findings.items() for line in lines]
    meta = {
        **frontier.meta,
        "agreement": {"plans": list(dict.fromkeys(found.table["plan"])), "assumptions": found.assumptions},
        "failed_checks": [*(frontier.meta.get("failed_checks") or ()), *failed],
    }
    tables = {**frontier.tables, "agreement": found.table, "simulated": found.simulated}
    return replace(frontier, tables=tables, explanations=explanations, meta=meta)
