"""The decision brief: what a leader needs to say yes or no, on one printed page; every figure is the run's.

    heads         Today and the leading plans: titles, plan ("" for none)
    missing       titles without a plan, as sentences
    rows          {label, kind, cells: [{text, delta, verdict, lines}]}, one cell per head; `kind` is number or words,
                  and words with more than one of `lines` are a list
    notes         how a year and satisfied customers are counted
    bridge        [{step, change, value}]: from the survey to Today's CX; [] where nobody was asked
    assumptions   {help, heads, rows}: the inputs that move the headline plan most
    ask           the decision asked

A year and a month are planned horizons like this one, counted in days.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.frontier import Frontier
from planner.frontier.plan_rows import headline_of
from planner.report.bridge import bridge_rows
from planner.report.brief_words import BRIEF, EFFECTS, INPUTS
from planner.report.first_steps import first_steps, short
from planner.report.text import (
    CASES,
    WEEKS,
    Units,
    cases_of,
    days_of,
    headline,
    label_of,
    percent,
    real_minus,
    sentence,
    times_in,
    units_of,
)

DAYS_A_YEAR = 365.0
WEEK = 7
MARKS = {"better": "✓", "worse": "✗", "tied": "≈"}
BRIDGED = ("step", "change", "value")
_MOST_LOSERS = 3
_ASSUMPTIONS = 5
_SHARES = ("acceptance", "shrinkage", "redial", "give_up_share", *(name for name in EFFECTS if name != "score"))
_EFFECT = re.compile(r"initiatives\.(?P<name>.+)\.effects\.\d+\.(?P<field>\w+)")

Cell = dict[str, Any]


def build_brief(frontier: Frontier) -> dict[str, Any]:
    """Return what the brief shows; tables that are missing leave a dash."""
    units, options = units_of(frontier), _options(frontier)
    plans = [frontier.baseline, *(row for _, row in options)]
    titles = [BRIEF["today"], *(title for title, _ in options)]
    heads = [{"title": title, "plan": str(row["plan"])} for title, row in zip(titles, plans, strict=True)]
    heads[0]["plan"] = ""
    return {
        "words": BRIEF,
        "heads": heads,
        "missing": [answer["line"] for answer in headline(frontier) if answer["plan"] is None],
        "rows": _rows(frontier, plans, units),
        "notes": _notes(frontier, units),
        "bridge": [{key: row[key] for key in BRIDGED} for row in bridge_rows(frontier, units)],
        "assumptions": main_assumptions(frontier, units),
        "ask": _ask(frontier, heads[1:]),
    }


def cell_lines(cell: Cell) -> list[str]:
    """Lines of a cell as they are read, in the page, the workbook and the terminal alike."""
    return [sentence(real_minus(line)) for line in cell["lines"]]


def marked(cell: Cell) -> str:
    """The difference of a cell from Today with its mark, or nothing."""
    return f"{cell['delta']} {MARKS.get(cell['verdict'], '')}".strip()


def _options(frontier: Frontier) -> list[tuple[str, pd.Series]]:
    """The leading plans, each once under all its titles."""
    titles: dict[str, list[str]] = {}
    for answer in headline(frontier):
        if answer["plan"] is not None:
            titles.setdefault(answer["plan"], []).append(str(answer["title"]))
    rows = {str(row["plan"]): row for _, row in frontier.table.iterrows()}
    return [(" · ".join(names), rows[plan]) for plan, names in titles.items()]


def months_and_years(frontier: Frontier) -> tuple[float, float]:
    """Return how many planned horizons make a month (a twelfth of a year) and a year of 365 days.

    Five or six days are the week of a center that closes at its end: people are on the payroll for all of it.
    """
    days = days_of(frontier)
    years = DAYS_A_YEAR / (WEEK if days in WEEKS else days)
    return years / 12.0, years


def satisfied_a_month(frontier: Frontier, plan: str) -> float:
    """Customers a month by their place on the scale: Σ issues·(CX − low)/(high − low); NaN without scale or issues.

    A linear reading: with low 1 and high 5 a customer who scores 3 counts as half a satisfied one.
    """
    scale, segments = frontier.meta.get("scale"), frontier.tables.get("segments")
    if scale is None or segments is None:
        return math.nan
    low, high = map(float, scale)
    own = segments[segments["plan"] == plan].dropna(subset=["cx"])
    place = (own["cx"].to_numpy(float) - low) / (high - low)
    return float(own["issues"].to_numpy(float) @ place) * months_and_years(frontier)[0] if len(own) else math.nan


def short_money(units: Units, value: float) -> str:
    """Write an amount of a year: millions with two decimals, thousands rounded."""
    size = abs(value)
    if not math.isfinite(value) or size < 1e4:
        return units.money(value)
    sign = "-" if value < 0 else ""
    return sign + (f"{units.symbol}{size / 1e6:,.2f}M" if size >= 1e6 else f"{units.symbol}{round(size, -3):,.0f}")


def _rows(frontier: Frontier, plans: Sequence[pd.Series], units: Units) -> list[dict[str, Any]]:
    months, years = months_and_years(frontier)
    ids = [str(row["plan"]) for row in plans]

    def yearly(*names: str) -> list[float]:
        return [years * sum(_number(row, name) for name in names) for row in plans]

    def money(value: float) -> str:
        return short_money(units, value)

    satisfied = [satisfied_a_month(frontier, plan) for plan in ids]
    tens = -1 if max(satisfied, default=0.0) >= 1000 else 0  # differences are rounded as what they are of

    def people(value: float) -> str:
        return f"{round(value, tens):,.0f}"

    cx_label = BRIEF["cx"].format(cx=units.cx_name)
    tied = [bool(row.get("ties_with_today", False)) for row in plans]
    rows = [
        _measured(BRIEF["cost"], yearly("cost"), money, -1),
        _measured(BRIEF["committed"], yearly("committed"), money, 0),
        _measured(BRIEF["avoidable"], yearly("avoidable"), money, 0),
        _measured(BRIEF["paid"], yearly("cost", "idle_payroll"), money, -1),
        _measured(cx_label, [_number(row, "cx") for row in plans], units.cx, 1, tied),
        _measured(BRIEF["satisfied"], satisfied, people, 1, tied),
        _said(BRIEF["p_cx"], [["–"], *([_sure(row, units)] for row in plans[1:])]),
        _said(BRIEF["headroom"], [[headroom_words(_number(row, "headroom"))] for row in plans]),
        _said(BRIEF["shortfall"], [_missed(row, units) for row in plans]),
        _said(BRIEF["certificate"], [["–"], *([proof_words(row)] for row in plans[1:])]),
        _said(BRIEF["loses"], [["–"], *(_losers(frontier, plan, units, months) for plan in ids[1:])]),
        _said(BRIEF["first"], [["–"], *(first_steps(frontier, plan) for plan in ids[1:])]),
    ]
    return [row for row in rows if any(cell["text"] != "–" for cell in row["cells"])]


def _measured(
    label: str, values: Sequence[float], write: Any, better: int, tied: Sequence[bool] | None = None
) -> dict[str, Any]:
    """A row of numbers with their differences from Today; `better` is 1, -1, or 0 where neither way is."""
    cells: list[Cell] = []
    for place, value in enumerate(values):
        delta, verdict = "", ""
        if place and math.isfinite(value - values[0]):
            change = value - values[0]
            written = write(abs(change))
            changed = any(digit in "123456789" for digit in written)
            delta = ("+" if change > 0 else "−") + written if changed else "±0"
            if better and changed:
                verdict = "better" if change * better > 0 else "worse"
            if better and tied and tied[place]:
                verdict = "tied"
        text = write(value) if math.isfinite(value) else "–"
        cells.append({"text": text, "delta": delta, "verdict": verdict, "lines": [text]})
    return {"label": label, "kind": "number", "cells": cells}


def _said(label: str, said: Sequence[list[str]]) -> dict[str, Any]:
    cells = [{"text": "; ".join(lines), "delta": "", "verdict": "", "lines": lines} for lines in said]
    return {"label": label, "kind": "words", "cells": cells}


def _sure(row: pd.Series, units: Units) -> str:
    value = _number(row, "p_cx_at_least_today")
    return times_in(value, units.draws) if math.isfinite(value) else "–"


def _missed(row: pd.Series, units: Units) -> list[str]:
    """Say how often a promise is missed, and why a plan that keeps all as planned misses some."""
    value = _number(row, "p_shortfall")
    if not math.isfinite(value):
        return ["–"]
    n = units.draws or CASES
    k = cases_of(value, n)
    key = "in_none" if k == 0 else "in_all" if k == n else "in_weeks"
    said = [BRIEF[key].format(k=k, n=n, horizons=units.horizons)]
    just_keeps = _headroom_key(_number(row, "headroom")) == "exact"
    return said + ([BRIEF["nothing_spare"].format(horizons=units.horizons)] if k and just_keeps else [])


def _headroom_key(headroom: float) -> str:
    """Which words a headroom is told in: whole percents count."""
    if not math.isfinite(headroom):
        return ""
    return "exact" if round(100 * headroom) == 0 else "absorbs" if headroom > 0 else "falls_short"


def headroom_words(headroom: float) -> str:
    """Say what growth of demand a plan absorbs, or how far it falls short."""
    key = _headroom_key(headroom)
    return BRIEF[key].format(headroom=percent(abs(headroom))) if key else "–"


def proof_words(row: pd.Series) -> str:
    """Say how much cheaper another plan with this CX and headroom could be: (cost − bound) / cost at most."""
    status, gap = str(row.get("status") or ""), _number(row, "gap")
    if status == "within_gap" and math.isfinite(gap):
        return BRIEF["within_gap"].format(gap=percent(gap / (1.0 + gap), 1))
    return BRIEF["proven" if status == "proven" else "found"]


def _losers(frontier: Frontier, plan: str, units: Units, months: float) -> list[str]:
    """Say which reasons and segments score lower than under Today, by points times issues."""
    gains = frontier.tables.get("gains")
    if gains is None or gains.empty:
        return ["–"]
    own = gains[(gains["plan"] == plan) & gains["change"].notna()]
    lower = own[own["change"] < -0.5 * 10.0**-units.cx_digits]
    if lower.empty:
        return [BRIEF["nobody"]]
    order = np.argsort((lower["change"] * lower["issues"]).to_numpy(float), kind="stable")[:_MOST_LOSERS]
    who = [
        BRIEF["loser"].format(
            reason=short(label_of(frontier.meta, "reasons", row["reason"])),
            segment=short(label_of(frontier.meta, "segments", row["segment"])),
            change=units.cx(float(row["change"])).replace("-", "−"),
            issues=f"{row['issues'] * months:,.0f}",
        )
        for row in lower.iloc[order].to_dict("records")
    ]
    share = float(lower["issues"].sum() / own["issues"].sum())
    return [BRIEF["losers"].format(share=percent(share)), *who]


def _notes(frontier: Frontier, units: Units) -> list[str]:
    months, years = months_and_years(frontier)
    lines = [BRIEF["year"].format(years=f"{years:.1f}", months=f"{months:.2f}", horizons=units.horizons)]
    if frontier.meta.get("scale") is not None:
        low, high = (f"{float(end):g}" for end in frontier.meta["scale"])
        lines.append(BRIEF["satisfied_help"].format(low=low, high=high))
    return lines


def main_assumptions(frontier: Frontier, units: Units) -> dict[str, Any]:
    """The five inputs with the largest swing of the headline plan on the axes' ranges; none that moves nothing."""
    left_out = "assumptions" in (frontier.meta.get("skipped") or [])
    nothing = {"help": BRIEF["assumptions_left_out" if left_out else "no_assumptions"], "heads": [], "rows": []}
    table = frontier.tables.get("assumptions")
    if table is None or table.empty:
        return nothing
    axes = ("cx", "cost", "headroom")
    ranges = [float(np.ptp(frontier.table[axis].to_numpy(float))) or math.inf for axis in axes]
    swings = table[[f"swing_{axis}" for axis in axes]].to_numpy(float)
    largest = np.nan_to_num(swings / np.array(ranges)).max(axis=1)
    chosen = table.iloc[np.argsort(-largest, kind="stable")[:_ASSUMPTIONS]]
    rows = [_assumption(frontier, row, units) for row in chosen.to_dict("records")]
    rows = [row for row in rows if row["swing"]]
    if not rows:
        return nothing
    return {
        "help": BRIEF["assumptions_help"].format(plan=headline_of(frontier.table)),
        "heads": BRIEF["assumption_heads"].split("|"),
        "rows": rows,
    }


def _assumption(frontier: Frontier, row: Mapping[Any, Any], units: Units) -> dict[str, str]:
    path, swing = str(row["input"]), {axis: float(row[f"swing_{axis}"]) for axis in ("cx", "cost", "headroom")}
    written = {
        "cx": units.cx(swing["cx"]),
        "cost": units.money(swing["cost"]),
        "headroom": f"{100 * swing['headroom']:.0f}",
    }
    moves = [
        BRIEF[f"swing_{axis}"].format(value=text, per=units.per)
        for axis, text in written.items()
        if any(digit in "123456789" for digit in text)
    ]
    low, high = (_input_value(path, float(row[end])) for end in ("low", "high"))
    return {
        "input": short(input_words(frontier.meta, path)),
        "range": f"{low} to {high}",
        "source": short(str(row["source"])),
        "swing": ", ".join(moves),
    }


def _input_value(path: str, value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return percent(value) if path.endswith(_SHARES) else f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"


def input_words(meta: Mapping[str, Any], path: str) -> str:
    """Say what an input of the assumptions is; a path that has no words of its own stays as it is."""
    if path in INPUTS:
        return INPUTS[path]
    if path.startswith("scores of "):
        return INPUTS["scores"].format(title=label_of(meta, "channels", path.removeprefix("scores of ")))
    group, _, rest = path.partition(".")
    name, _, field = rest.rpartition(".")
    for kind, key in (("steers", "steers"), ("pools", "shrinkage"), ("channels", "redial")):
        if group == kind and name and (kind == "steers" or field == key):
            return INPUTS[key].format(title=label_of(meta, kind, name))
    effect = _EFFECT.fullmatch(path)
    if effect and effect["field"] in EFFECTS:
        title = label_of(meta, "initiatives", effect["name"])
        return INPUTS["effect"].format(title=title, what=EFFECTS[effect["field"]])
    return path


def _ask(frontier: Frontier, options: Sequence[Mapping[str, str]]) -> str:
    if frontier.meta.get("so_far"):
        return BRIEF["ask_later"]
    if not options:
        return BRIEF["ask_none"]
    plans = [option["plan"] for option in options]
    listed = BRIEF["or"].join([", ".join(plans[:-1]), plans[-1]] if len(plans) > 1 else plans)
    return BRIEF["ask_plans"].format(plans=listed, plan=plans[0], run=frontier.run or "RUN")


def _number(row: pd.Series, name: str) -> float:
    value = row.get(name)
    return math.nan if value is None or pd.isna(value) else float(value)
