"""The coming months of each pool of a plan: from the run, the scenario's staffing_plan, a table, and options."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from planner.errors import Issue, PlanError, ScenarioError
from planner.frontier.frontier import Plan
from planner.hiring.gap import PoolOutlook
from planner.scenario import Scenario
from planner.scenario.staffing_plan import StaffingPlan


@dataclass(frozen=True)
class Asked:
    """What is asked for on top of the scenario; None: not asked. `starters` is by pool."""

    growth_per_year: float | None = None
    attrition_per_year: float | None = None
    shrinkage: float | None = None
    ramp: tuple[float, ...] | None = None
    starters: dict[str, tuple[float, ...]] | None = None


def outlooks_of(scenario: Scenario, plan: Plan, asked: Asked, table: Path | None = None) -> list[PoolOutlook]:
    """Return the outlook of every pool of people with a roster.

    Priority: staffing_plan of the scenario < its pools < the table < what is asked.

    Raises
    ------
    PlanError
        If the plan has no pool with people on a payroll, or starters name a pool that is not one.
    ScenarioError
        With every row of the table that cannot be read.
    """
    stated = scenario.staffing_plan or StaffingPlan()
    rows = _table_rows(table, list(scenario.pools)) if table is not None else {}
    staffing = plan.tables["staffing"]
    hours = staffing.groupby("pool")["scheduled"].sum() * scenario.horizon.interval_min / 60
    weeks = max(scenario.horizon.days / 7, 1.0)
    out = []
    for name, pool in scenario.pools.items():
        if pool.roster is None or not pool.staffed:
            continue
        outlook = PoolOutlook(
            pool=name,
            paid_h_per_week=float(hours.get(name, 0.0)) / weeks,
            contract_h_per_week=pool.roster.contract_h_per_week,
            heads=float(pool.roster.heads),
            shrinkage_of_plan=pool.shrinkage.value,
            shrinkage=pool.shrinkage.value,
            growth_per_year=stated.growth_per_year,
            attrition_per_year=stated.attrition_per_year,
            ramp=tuple(stated.ramp),
        )
        own = stated.pools.get(name)
        outlook = _with(outlook, {} if own is None else own.model_dump(exclude_unset=True))
        outlook = _with(outlook, rows.get(name, {}))
        outlook = _with(outlook, {f.name: getattr(asked, f.name) for f in fields(asked) if f.name != "starters"})
        out.append(_with(outlook, {"starters": (asked.starters or {}).get(name)}))
    known = [one.pool for one in out]
    wrong = [name for name in asked.starters or {} if name not in known]
    if wrong or not out:
        missing = f"no pool {wrong[0]!r} with a roster" if wrong else "no pool of this scenario has a roster"
        raise PlanError(f"{missing}; pools with people on a payroll: {', '.join(known) or 'none'}")
    return out


def _with(outlook: PoolOutlook, values: dict[str, Any]) -> PoolOutlook:
    given: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list | tuple) else v for name, v in values.items() if v is not None
    }
    return replace(outlook, **given)


_COLUMNS = ("pool", "month", "starters", "growth_per_year", "attrition_per_year", "shrinkage")


def _table_rows(path: Path, pools: list[str]) -> dict[str, dict[str, Any]]:
    """Starters by pool and month; the other columns hold for all months, so they must not change."""
    issues: list[Issue] = []
    out: dict[str, dict[str, Any]] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise ScenarioError([Issue(str(path), None, None, "", f"cannot be read as text ({err})")]) from err
    mark = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    for number, row in enumerate(csv.DictReader(lines, delimiter=mark), start=2):
        values = {str(key).strip(): str(value or "").strip().replace(",", ".") for key, value in row.items()}
        try:
            pool, month = values["pool"], int(values.get("month") or 1)
            read = {name: float(values[name]) for name in _COLUMNS[2:] if values.get(name)}
        except (KeyError, ValueError) as err:
            words = f"cannot be read ({err}); columns are {', '.join(_COLUMNS)}"
            issues.append(Issue(str(path), number, None, "", words))
            continue
        if pool not in pools or month < 1:
            issues.append(
                Issue(str(path), number, None, "pool", f"{pool!r}, month {month}: known are {', '.join(pools)}")
            )
            continue
        own = out.setdefault(pool, {"starters": []})
        starters = own["starters"]
        starters += [0.0] * (month - len(starters))
        starters[month - 1] = read.pop("starters", 0.0)
        for name, value in read.items():
            if own.setdefault(name, value) != value:
                issues.append(
                    Issue(str(path), number, None, name, f"{value:g} differs from {own[name]:g} above; keep one")
                )
    if issues:
        raise ScenarioError(issues)
    return out
