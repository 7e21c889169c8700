"""What the page knows: one JSON-able dictionary made from a frontier; no drawing and no HTML here.

    title, subtitle, currency symbol and decimals (`units`), words for the script (`words`, `measures`)
    brief           the decision brief, see `brief`
    headline        three records of `text.headline`
    plans           columns of equal length, the baseline first: id, name, cx, cost, headroom, ... (`PLAN_COLUMNS`)
    bound           lines no plan can cross: [{headroom, points: [[cost, cx], ...]}]
    band            where the frontier moves over the draws, see `risk.risk_band`; {} without draws
    objectives      what plans were chosen by on top of the three axes: [{key, title, better, money}]
    details         per plan, see `payload_details`
    bridge, again   from the survey to Today's CX, and the plans scored again, as text and bars
    backtest        the last weeks, predicted and seen: heads, rows, missed, weeks, notes; {} without a history
    agreement       formulas beside simulation, see `agreement`; {} for runs from before it
    risk            how many draws, and how far the frontier moves with them, in words
    failed          checks of the finished plans that failed
    so_far          whether the run still goes on
    adopted         the plan adopted before: title, lines, axes in this world; {} without one
    run, take       name and fingerprint of the run ("" where not known), and what a reader may take along
    assumptions, experience, notes, certificate, chosen_by, about     what stands in the page as text

The script gets what it reads (`SCRIPT_KEYS`); the rest stands in the page as text already.
Numbers are rounded to what is shown and a bit; what is not known is null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.bound_table import lines_and_corners
from planner.frontier.frontier import NAMED, Frontier
from planner.report.adopted import adopted_section
from planner.report.agreement import agreement_section
from planner.report.backtest import backtest_section
from planner.report.bridge import HEIGHT, WIDTH, bridge_rows, second_look
from planner.report.brief import build_brief, input_words
from planner.report.check_words import AGREEMENT, BACKTEST
from planner.report.payload_details import detail_tables
from planner.report.plan_words import RISK
from planner.report.risk import risk_band, risk_words
from planner.report.serve_words import TAKE
from planner.report.strings import (
    ASSUMPTION_HEADS,
    CERTIFICATE,
    GLOSSARY,
    MAPS,
    MEASURES,
    PAGE,
    RULES_OF_CHOICE,
    SHORT_NAMES,
    STATUS,
    SUPPORT,
)
from planner.report.text import (
    CASES,
    MONEY_OBJECTIVES,
    Units,
    doable_words,
    headline,
    label_of,
    named_rows,
    percent,
    units_of,
)

PLAN_COLUMNS = {
    "cx": ("cx", "cx"),
    "cx_again": ("cx_rescored", "cx"),
    "cost": ("cost", "money"),
    "headroom": ("headroom", 6),
    "p_cx": ("p_cx_at_least_today", 3),
    "p_shortfall": ("p_shortfall", 3),
    "peak_fte": ("peak_fte", 1),
    "abandon": ("abandon_rate", 6),
    "hires": ("hires", 1),
    "overtime": ("overtime_h", 1),
    "committed": ("committed", "money"),
    "avoidable": ("avoidable", "money"),
    "gap": ("gap", 6),
}
"""Key in the page -> column of `plans` and its decimals: enough that rounding twice shows what rounding once does."""

SCRIPT_KEYS = (
    "units", "words", "measures", "objectives", "status", "headline", "plans", "bound", "band", "details", "adopted",
    "run", "take",
)  # fmt: skip
"""Keys of the payload that are inlined for the script."""

_BOUND_POINTS = 40
_BOUND_APART = 0.06
_ROUND = 0.05  # a headroom that is easily said is a multiple of this


def build_payload(frontier: Frontier) -> dict[str, Any]:
    """Turn a frontier into what the page shows; optional tables may be missing, gaps become null."""
    units, meta = units_of(frontier), frontier.meta
    return {
        "title": str(meta.get("title") or meta.get("scenario") or meta.get("name") or "Contact center plan"),
        "units": _units(units),
        "words": _fill_words(PAGE, units) | _section_words(),
        "measures": dict(MEASURES) | {"cx": units.cx_name} | {o["key"]: o["title"] for o in objectives(meta)},
        "objectives": objectives(meta),
        "status": dict(STATUS),
        "brief": build_brief(frontier),
        "headline": headline(frontier),
        "plans": _plans(frontier, units),
        "bound": _bound(frontier, units),
        "band": risk_band(frontier, units),
        "details": detail_tables(frontier, units),
        "chosen_by": [
            {"title": NAMED[key], "rule": rule, "plan": str(row["plan"])}
            for key, rule in RULES_OF_CHOICE.items()
            if (row := named_rows(frontier).get(key)) is not None
        ],
        "bridge": {"rows": bridge_rows(frontier, units), "width": WIDTH, "height": HEIGHT},
        "again": second_look(frontier, units),
        "assumptions": _assumptions(frontier, units),
        "backtest": backtest_section(frontier),
        "agreement": agreement_section(frontier),
        "risk": risk_words(frontier),
        "failed": failed_checks(meta),
        "so_far": bool(meta.get("so_far")),
        "experience": _experience(meta, units),
        "notes": notes_of(meta),
        "certificate": _certificate(frontier.certificate),
        "glossary": dict(GLOSSARY),
        "about": run_facts(frontier),
        "adopted": adopted_section(frontier),
        "run": {"name": frontier.run, "fingerprint": frontier.fingerprint},
        "take": {"pools": _staffed_pools(frontier)},
    }


def _staffed_pools(frontier: Frontier) -> list[dict[str, str]]:
    shifts = frontier.tables.get("shifts")
    keys = [] if shifts is None else list(dict.fromkeys(shifts["pool"].astype(str)))
    return [{"key": key, "title": label_of(frontier.meta, "pools", key)} for key in keys]


def _section_words() -> dict[str, Any]:
    return {
        "maps": MAPS,
        "risk_title": RISK["title"],
        "assumption_heads": ASSUMPTION_HEADS,
        "backtest": BACKTEST,
        "agreement": AGREEMENT,
        "take": TAKE,
    }


def _units(units: Units) -> dict[str, Any]:
    return {
        "symbol": units.symbol,
        "money": units.money_digits,
        "cx": units.cx_digits,
        "horizon": units.horizon,
        "per": units.per,
        "cxName": units.cx_drawn,
        "cases": units.draws or CASES,
    }


def _fill_words(words: Mapping[str, str], units: Units) -> dict[str, Any]:
    """Fill in what is the same all over the page; the script fills in the rest."""
    fixed = {"{per}": units.per, "{horizons}": units.horizons, "{cx}": units.cx_name}
    filled: dict[str, Any] = {}
    for key, text in words.items():
        for mark, value in fixed.items():
            text = text.replace(mark, value)
        filled[key] = text
    return filled


def _plans(frontier: Frontier, units: Units) -> dict[str, list[Any]]:
    table = frontier.table
    digits: dict[object, int] = {"cx": units.cx_digits + 3, "money": units.money_digits}
    named = {str(row["plan"]): key for key, row in reversed(named_rows(frontier).items())}
    columns: dict[str, list[Any]] = {
        "id": [str(plan) for plan in table["plan"]],
        "name": [NAMED.get(named.get(str(plan), ""), "") for plan in table["plan"]],
        "short": [SHORT_NAMES.get(named.get(str(plan), ""), "") for plan in table["plan"]],
        "status": table["status"].astype(object).tolist() if "status" in table else [""] * len(table),
        "doing": [doable_words(frontier, row, units) for _, row in table.iterrows()],
        "tie": [bool(tie) for tie in table["ties_with_today"].fillna(False)] if "ties_with_today" in table else [],
    }
    for key, (column, places) in PLAN_COLUMNS.items():
        if column in table and (key != "cx_again" or table[column].notna().any()):
            columns[key] = rounded(table[column], places if isinstance(places, int) else digits[places])
    for one in objectives(frontier.meta):
        columns[one["key"]] = rounded(table[one["key"]], 4) if one["key"] in table else [None] * len(table)
    return columns


def objectives(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List what plans were chosen by on top of the three axes: key, title, 1 if more is better (else -1), is money."""
    return [
        {
            "key": str(o["name"]),
            "title": str(o["name"]).replace("_", " "),
            "better": 1 if o["sense"] == "max" else -1,
            "money": o["name"] in MONEY_OBJECTIVES,
        }
        for o in meta.get("objectives") or ()
        if o["name"] != "p_shortfall"  # it has a column of its own already
    ]


def rounded(values: pd.Series, digits: int) -> list[float | int | None]:
    """Round a column for JSON; gaps and infinities become None, whole numbers lose their point."""
    array = pd.to_numeric(values, errors="coerce").to_numpy(float)
    return [_short(value, digits) for value in array]


def _short(value: float, digits: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    value = round(float(value), digits)
    return int(value) if value.is_integer() else value


def _bound(frontier: Frontier, units: Units) -> list[dict[str, Any]]:
    """Trace the outer surface over the costs shown: at its lowest headroom and at two more, clearly apart from it.

    Round headrooms are taken where there are some; the two divide what lies above the lowest evenly.
    """
    bound = frontier.tables.get("bound")
    if bound is None or bound.empty:
        return []
    table = frontier.table
    low, high = float(table["cost"].min()), float(table["cost"].max())
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    costs = np.linspace(low - margin, high + margin, _BOUND_POINTS)
    apart = _BOUND_APART * float(table["cx"].max() - table["cx"].min())
    kept: list[tuple[float, np.ndarray]] = []
    levels = sorted(lines_and_corners(bound)[0]["headroom"].unique())
    whole = [level for level in levels[1:] if abs(level / _ROUND - round(level / _ROUND)) < 1e-6]
    for level in [levels[0], *(whole or levels[1:])]:
        values = _best_cx(bound[bound["headroom"] <= level], costs)
        if not kept or float(np.nanmean(kept[-1][1] - values)) > apart:
            kept.append((float(level), values))
    drawn = kept if len(kept) <= 3 else [kept[0], kept[len(kept) // 3], kept[2 * len(kept) // 3]]
    return [
        {
            "headroom": round(level, 4),
            "points": [
                [_short(c, units.money_digits), _short(v, units.cx_digits + 2)]
                for c, v in zip(costs, values, strict=True)
            ],
        }
        for level, values in drawn
    ]


def _best_cx(bound: pd.DataFrame, costs: np.ndarray) -> np.ndarray:
    """Largest CX within costs by all lines and corners at or below a level: the best of any choice."""
    names = bound["choice"].fillna("") if "choice" in bound else pd.Series("", index=bound.index)
    best = np.full(len(costs), -np.inf)
    for _, rows in bound.groupby(names, sort=True):
        lines, corners = lines_and_corners(rows)
        planes = lines[lines["slope"].notna()]
        if len(planes) and np.isfinite(lines.loc[lines["slope"].isna(), "intercept"]).all():
            values = planes["intercept"].to_numpy()[:, None] + planes["slope"].to_numpy()[:, None] * costs
            value = values.min(axis=0)
            for least, cx in zip(corners["intercept"], corners["from_cx"], strict=True):
                value = np.where(costs < least, np.minimum(value, cx), value)
            best = np.maximum(best, value)
    return np.where(np.isfinite(best), best, np.nan)


def _assumptions(frontier: Frontier, units: Units) -> list[dict[str, str]]:
    table = frontier.tables.get("assumptions")
    if table is None:
        return []
    return [
        {
            "input": input_words(frontier.meta, str(row["input"])),
            "value": plain(row["value"]),
            "range": f"{plain(row['low'])} to {plain(row['high'])}" if pd.notna(row["low"]) else "–",
            "source": str(row["source"]),
            "cx": units.cx(_float(row["swing_cx"])),
            "cost": units.money(_float(row["swing_cost"])),
            "headroom": percent(_float(row["swing_headroom"]), 1),
        }
        for row in table.to_dict("records")
    ]


def plain(value: Any) -> str:
    """Write a value that may be a number, a gap or text."""
    number = _float(value)
    if math.isfinite(number):
        return f"{number:,.4g}" if abs(number) < 10_000 else f"{number:,.0f}"
    return "–" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _experience(meta: Mapping[str, Any], units: Units) -> dict[str, Any]:
    """Arrange the experience table as a matrix: rows reason and segment, columns channels."""
    raw = meta.get("experience_table")
    records = raw.to_dict("records") if isinstance(raw, pd.DataFrame) else list(raw or ())
    channels = list(dict.fromkeys(label_of(meta, "channels", record["channel"]) for record in records))
    segments = list(dict.fromkeys(str(record.get("segment", "")) for record in records))
    rows: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for record in records:
        key = (label_of(meta, "reasons", record["reason"]), label_of(meta, "segments", record.get("segment", "")))
        mean, low, high = (_float(record.get(name)) for name in ("mean", "lower", "upper"))
        rows.setdefault(key, {})[label_of(meta, "channels", record["channel"])] = {
            "mean": units.cx(mean),
            "interval": f"{units.cx(low)} to {units.cx(high)}" if math.isfinite(low) and math.isfinite(high) else "",
            "flag": SUPPORT.get(str(record.get("support", "")), ""),
        }
    return {
        "channels": channels,
        "by_segment": len(segments) > 1,
        "rows": [{"reason": reason, "segment": segment, "cells": cells} for (reason, segment), cells in rows.items()],
    }


def notes_of(meta: Mapping[str, Any]) -> list[str]:
    """List what readers must know about the data, failed checks first."""
    return failed_checks(meta) + [str(note) for note in meta.get("notes") or ()]


def failed_checks(meta: Mapping[str, Any]) -> list[str]:
    """List the checks of the finished plans that failed."""
    return [PAGE["failed_check"].format(check=check) for check in meta.get("failed_checks") or ()]


def _certificate(certificate: Mapping[str, Any]) -> list[str]:
    sentences = [
        CERTIFICATE[key].format(**{key: percent(_float(certificate.get(key)), 1)})
        for key in ("ratio", "model", "resolution")
        if math.isfinite(_float(certificate.get(key)))
    ]
    return sentences or [CERTIFICATE["none"]]


def run_facts(frontier: Frontier) -> list[tuple[str, str]]:
    """List what identifies the run, for the foot of the page and the workbook's Read me."""
    meta = frontier.meta
    wanted = (
        ("Scenario", meta.get("scenario") or meta.get("name")),
        ("Run key", meta.get("run_key")),
        ("Manifest", meta.get("manifest_hash")),
        ("Seed", meta.get("seed")),
        ("Created", meta.get("created")),
        ("Demand", meta.get("demand_source")),
        ("Time zone", meta.get("timezone")),
        ("Plans", len(frontier.table) - 1),
    )
    versions = meta.get("versions")
    listed = list(versions.items()) if isinstance(versions, Mapping) else [("versions", versions)] if versions else []
    return [(label, str(value)) for label, value in wanted if value is not None] + [(str(k), str(v)) for k, v in listed]
