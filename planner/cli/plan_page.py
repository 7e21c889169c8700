"""One plan as terminal tables: what it costs, whom it moves, who works, which promises it keeps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from planner.frontier.frontier import NAMED, TOPICS, Frontier, Plan
from planner.report.strings import SUMMARY
from planner.report.text import ENDLESS_S, Units, is_ceiling, percent, units_of

FRONTIER_HEADS = ("plan", "name", "CX", "cost", "headroom", "peak FTE", "promise missed", "proof", "gap", "hires")
_SHOWN_ROWS = 12

TableOf = tuple[str, Sequence[str], list[Sequence[object]]]


def objective_words(frontier: Frontier) -> dict[str, str]:
    """Return the objectives on top of the three axes: column of the plans -> words."""
    chosen = frontier.meta.get("objectives") or ()
    return {str(o["name"]): str(o["name"]).replace("_", " ") for o in chosen if o["name"] != "p_shortfall"}


def frontier_row(frontier: Frontier, row: Mapping[str, Any]) -> Sequence[object]:
    """Return the cells of one plan in the list of plans."""
    units = units_of(frontier)
    return (
        row["plan"],
        row.get("name") or "",
        units.cx(number(row, "cx")),
        units.money(number(row, "cost")),
        percent(number(row, "headroom"), 1),
        decimal(number(row, "peak_fte"), 1),
        percent(number(row, "p_shortfall")),
        str(row.get("status") or "").replace("_", " "),
        percent(number(row, "gap"), 1),
        decimal(number(row, "hires"), 0),
        *(units.objective(name, number(row, name)) for name in objective_words(frontier)),
    )


def summary_rows(frontier: Frontier, summary: Mapping[str, Any]) -> list[Sequence[object]]:
    """Return the results of one plan, one per row."""
    units = units_of(frontier)
    return [
        ("name", NAMED.get(summary.get("name") or "", summary.get("name") or "–")),
        *_experience(units, summary),
        ("cost", f"{units.money(number(summary, 'cost'))} {units.per}"),
        ("  committed", units.money(number(summary, "committed"))),
        ("  avoidable", units.money(number(summary, "avoidable"))),
        ("idle payroll, on top", units.money(number(summary, "idle_payroll"))),
        ("headroom", percent(number(summary, "headroom"), 1)),
        *_withstood(summary),
        ("peak FTE", decimal(number(summary, "peak_fte"), 1)),
        ("promise missed", percent(number(summary, "p_shortfall"))),
        ("abandoned", percent(number(summary, "abandon_rate"), 1)),
        ("hires", decimal(number(summary, "hires"), 0)),
        ("overtime, h", decimal(number(summary, "overtime_h"), 1)),
        ("voluntary time off, h", decimal(number(summary, "time_off_h"), 1)),
        *((name, summary[name]) for name in ("initiatives", "closed") if summary.get(name)),
        ("promises kept", yes_no(summary.get("promises_kept"))),
        ("proof", summary.get("status") or "–"),
        *((words, units.objective(name, number(summary, name))) for name, words in objective_words(frontier).items()),
    ]


def _experience(units: Units, summary: Mapping[str, Any]) -> list[Sequence[object]]:
    """Rows of CX: the draws give an interval of the expected one, not of the mean of the worst."""
    cx, low, high = (units.cx(number(summary, name)) for name in ("cx", "cx_low", "cx_high"))
    interval = f"(90 % interval {low} to {high})"
    if units.cx_name == units.cx_drawn:
        return [(units.cx_name, f"{cx} {interval}")]
    return [(units.cx_name, cx), ("  expected", f"{units.cx(number(summary, 'cx_expected'))} {interval}")]


def _withstood(summary: Mapping[str, Any]) -> list[Sequence[object]]:
    """Rows of what a named plan withstands."""
    rows: list[Sequence[object]] = []
    if number(summary, "weeks_seen") > 0:
        rows.append(
            ("  past weeks kept", f"{number(summary, 'weeks_kept'):.0f} of {number(summary, 'weeks_seen'):.0f}")
        )
    if math.isfinite(number(summary, "fewer_staff")):
        rows.append(("  people who may be missing", percent(number(summary, "fewer_staff"), 1)))
    return rows


def plan_tables(plan: Plan) -> Iterator[TableOf]:
    """Yield title, heads and rows of each table of a plan that has any."""
    builders = (_moves, _pools, _promises, _costs, _contracts, _hires)
    for build in builders:
        table = build(plan)
        if table is not None and table[2]:
            yield table


def _moves(plan: Plan) -> TableOf | None:
    mix = plan.tables.get("channel_mix")
    if mix is None:
        return None
    moved = mix[mix["from_channel"] != mix["channel"]].sort_values("issues", ascending=False, kind="stable")
    moved = moved[moved["issues"] > 0]
    rows: list[Sequence[object]] = [
        (f"{r['reason']}, {r['segment']}", f"{r['from_channel']} to {r['channel']}", f"{r['issues']:,.0f}")
        for r in moved.head(_SHOWN_ROWS).to_dict("records")
    ]
    more = len(moved) - len(rows)
    return ("Who is moved" + (f" ({more} smaller moves left out)" if more > 0 else ""), ("who", "move", "issues"), rows)


def _pools(plan: Plan) -> TableOf | None:
    """Per pool: the most people in an interval and the service, weighted by offered contacts."""
    service, staffing = plan.tables.get("service"), plan.tables.get("staffing")
    if service is None:
        return None
    rows: list[Sequence[object]] = []
    for pool, own in service.groupby("pool", sort=False):
        people = staffing[staffing["pool"] == pool] if staffing is not None else pd.DataFrame()
        peak = float(people["scheduled"].max()) if len(people) else math.nan
        rows.append(
            (
                pool,
                decimal(peak, 1),
                f"{own['offered'].sum():,.0f}",
                SUMMARY["endless"] if own["asa_s"].max() >= ENDLESS_S else decimal(_weighted(own, "asa_s"), 0),
                percent(_weighted(own, "service_level"), 1),
                percent(_weighted(own, "abandon_rate"), 1),
                percent(_weighted(own, "occupancy"), 1),
            )
        )
    heads = ("pool", "most people", "offered", "mean wait, s", "service level", "abandoned", "occupancy")
    return "Pools", heads, rows


def _promises(plan: Plan) -> TableOf | None:
    promises = plan.tables.get("promises")
    if promises is None:
        return None
    rows: list[Sequence[object]] = []
    for promise, own in promises.groupby("promise", sort=False):
        missed = int((~own["kept"].astype(bool)).sum())
        verdict = "kept" if missed == 0 else f"missed in {missed} of {len(own)}"
        worst = own["value"].max() if is_ceiling(own) else own["value"].min()
        rows.append((promise, f"{own['target'].iloc[0]:g}", f"{worst:.3g}", verdict))
    return "Promises", ("promise", "target", "worst value", "verdict"), rows


def _costs(plan: Plan) -> TableOf | None:
    costs = plan.tables.get("costs")
    if costs is None:
        return None
    rows: list[Sequence[object]] = [
        (item, f"{amount:,.2f}") for item, amount in costs.groupby("item", sort=False)["amount"].sum().items()
    ]
    return "Cost", ("item", "amount"), rows


def _contracts(plan: Plan) -> TableOf | None:
    contracts = plan.tables.get("contracts")
    if contracts is None:
        return None
    names = ("contacts", "committed", "most", "paid", "unused")
    rows: list[Sequence[object]] = [
        (row["pool"], *(decimal(number(row, name), 0) for name in names)) for row in contracts.to_dict("records")
    ]
    return "Contracts", ("pool", "contacts", "committed", "at most", "paid", "paid for none"), rows


def _hires(plan: Plan) -> TableOf | None:
    hires = plan.tables.get("hires")
    if hires is None:
        return None
    rows: list[Sequence[object]] = [
        (r["pool"], *(decimal(number(r, name), 1) for name in ("heads", "needed", "hires", "overtime_h", "time_off_h")))
        for r in hires.to_dict("records")
    ]
    return "People", ("pool", "on the payroll", "needed", "hires", "overtime, h", "time off, h"), rows


def limit_words(plan: Plan) -> list[str]:
    """Say why a plan moves no more, for the moves that are as large as history allows, the largest first."""
    mix = plan.tables.get("channel_mix")
    if mix is None or "limit" not in mix:
        return []
    reached = mix[mix["limit"].fillna("") != ""].sort_values("issues", ascending=False, kind="stable")
    words = [str(text) for text in dict.fromkeys(reached["limit"])]
    more = len(words) - _SHOWN_ROWS
    return words[:_SHOWN_ROWS] + ([f"and {more} more"] if more > 0 else [])


def said_by_topic(plan: Plan) -> list[tuple[str, list[str]]]:
    """Return what is said of a plan, topic by topic: title and sentences."""
    says = plan.tables.get("says")
    if says is None:
        return []
    words = {title: [str(w) for w in says.loc[says["topic"] == topic, "words"]] for topic, title in TOPICS.items()}
    return [(title, lines) for title, lines in words.items() if lines]


def number(row: Mapping[Any, Any], name: str) -> float:
    """Return a number of a row, NaN where it is not available."""
    value = row.get(name)
    return math.nan if value is None or pd.isna(value) else float(value)


def decimal(value: float, digits: int) -> str:
    """Write a number, a dash where it is not available."""
    return f"{value:,.{digits}f}" if math.isfinite(value) else "–"


def yes_no(value: object) -> str:
    """Write a truth value, a dash where it is not available."""
    return "–" if value is None else ("yes" if value else "no")


def _weighted(service: pd.DataFrame, column: str) -> float:
    known = service[service[column].notna() & (service["offered"] > 0)]
    total = float(known["offered"].sum())
    return float((known[column] * known["offered"]).sum()) / total if total else math.nan
