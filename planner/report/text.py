"""Numbers as people read them, and the three lines that the command line, the page and the workbook share."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.frontier.frontier import NAMED, Frontier
from planner.report.plan_words import WITH_INITIATIVES
from planner.report.strings import SUMMARY, TITLES

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
MONEY_OBJECTIVES = frozenset({"retained_value"})
"""Objectives on top of the three axes that are amounts of money."""
CASES = 20  # that a share is told by
ENDLESS_S = 1e6
"""Seconds that nobody waits: they stand for a queue that grows without end, where too few serve and nobody gives up."""
WEEKS = (5, 6, 7)  # days that make a week, whether or not the center opens at its end
_HYPHEN_MINUS = re.compile(r"(?<![\w.])-(?=[$€£¥₹\d])")


@dataclass(frozen=True, slots=True)
class Units:
    """How the numbers of one run are written.

    `symbol` stands before an amount, `money_digits` and `cx_digits` are decimals, `horizon` is the planned time
    ("week"), `horizons` several of it, `per` the same after an amount ("a week"), `cx_name` the metric of the scenario,
    `cx_drawn` that in a single draw (the axis may be a mean of the worst), `draws` how many simulated futures stand
    behind a share of them (0: not known).
    """

    symbol: str
    money_digits: int
    cx_digits: int
    horizon: str
    horizons: str
    per: str
    cx_name: str
    cx_drawn: str
    draws: int = 0

    def money(self, value: float) -> str:
        """Write an amount: $1,250, -$30."""
        if not math.isfinite(value):
            return "–"
        shown = f"{abs(value):,.{self.money_digits}f}"
        return ("-" if value < 0 and float(shown.replace(",", "")) else "") + self.symbol + shown

    def objective(self, name: str, value: float) -> str:
        """Write an objective on top of the three axes: money, or a number of any unit."""
        if name in MONEY_OBJECTIVES:
            return self.money(value)
        return f"{value:,.3f}" if math.isfinite(value) else "–"

    def cx(self, value: float, signed: bool = False) -> str:
        """Write a score or, signed, a difference of scores."""
        if not math.isfinite(value):
            return "–"
        return _plain_zero(f"{value:{'+' if signed else ''},.{self.cx_digits}f}")


def percent(value: float, digits: int = 0) -> str:
    """Write a ratio as a percentage."""
    return _plain_zero(f"{100 * value:,.{digits}f}") + "%" if math.isfinite(value) else "–"


def real_minus(text: str) -> str:
    """Set a real minus before numbers."""
    return _HYPHEN_MINUS.sub("−", text)


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def times_in(probability: float, draws: int = 0) -> str:
    """Write a share of draws as a frequency: "19 of 25 cases simulated"; in cases of 20 where these are not known."""
    if probability in (0.0, 1.0):
        key = "times_always" if probability else "times_never"
        return SUMMARY[f"{key}_of" if draws else key].format(n=draws)
    of = draws or CASES
    return SUMMARY["times_of" if draws else "times"].format(k=cases_of(probability, of), n=of)


def cases_of(share: float, of: int) -> int:
    """Say a share in cases of so many: all or none only where it is all or none."""
    return 0 if share <= 0 else of if share >= 1 else min(of - 1, max(1, round(share * of)))


def units_of(frontier: Frontier) -> Units:
    """Choose decimals and names from the run: CX is shown to about a thirtieth of its range, money to whole units."""
    table, meta = frontier.table, frontier.meta
    spread = float(table["cx"].max() - table["cx"].min())
    cx_digits = min(3, max(0, 1 - math.floor(math.log10(spread)))) if spread > 0 else 2
    currency = str(meta.get("currency", "USD"))
    digits = 0 if currency == "JPY" or float(table["cost"].abs().max()) >= 1000 else 2
    horizon, horizons, per = _horizon(frontier)
    outcome = str(meta.get("metric") or meta.get("outcome") or "CX")
    robust = meta.get("robust")
    of = f", worst {robust['share']:.0%}" if robust else ""
    name = "CX" if outcome.lower() == "cx" else f"CX ({outcome.upper() if len(outcome) <= 4 else outcome})"
    return Units(
        symbol=_SYMBOLS.get(currency, currency + " "),
        money_digits=digits,
        cx_digits=cx_digits,
        horizon=horizon,
        horizons=horizons,
        per=per,
        cx_name=name + of,
        cx_drawn=name,
        draws=int((meta.get("risk") or {}).get("draws") or 0),
    )


def named_rows(frontier: Frontier) -> dict[str, pd.Series]:
    """Return the rows of the named plans by key, in the order of `NAMED`; keys without a plan are left out."""
    names = frontier.table["name"].fillna("").astype(str).str.split(r"\s*,\s*")
    found = {}
    for key in NAMED:
        rows = frontier.table[[key in parts for parts in names]]
        if len(rows):
            found[key] = rows.iloc[0]
    return {"today": frontier.baseline} | {key: row for key, row in found.items() if key != "today"}


def headline(frontier: Frontier) -> list[dict[str, Any]]:
    """Say for the three leading plans what they change against Today.

    Returns
    -------
        One record per entry of `TITLES`: `key, title, plan` (None where no plan qualifies) and, where there is
        one, the fragments `cost, cx, headroom, doable, split`; `line` is the whole sentence.
    """
    units, named, leading = units_of(frontier), named_rows(frontier), frontier.leading
    records: list[dict[str, Any]] = []
    for key, title in TITLES.items():
        if key not in named and key in leading:  # it carries the name of another rule that it leads by
            named[key] = frontier.table[frontier.table["plan"] == leading[key]].iloc[0]
        row = named.get(key)
        if row is None or row["plan"] == frontier.baseline["plan"]:
            records.append({"key": key, "title": title, "plan": None, "line": SUMMARY["none"].format(title=title)})
            continue
        parts = fragments(frontier, row, units)
        same = next((record for record in records if record["plan"] == row["plan"]), None)
        line = (
            f"{title} ({row['plan']}): " + "; ".join(parts[name] for name in ("cost", "cx", "headroom", "doable")) + "."
        )
        if same:
            line = SUMMARY["same"].format(title=title, other=same["title"], plan=row["plan"])
        records.append({"key": key, "title": title, "plan": str(row["plan"]), "line": line} | parts)
    return records


def summary_lines(frontier: Frontier) -> list[str]:
    """Return the three lines a leader reads first: cheapest no worse, best CX at today's cost, most resilient."""
    return [str(record["line"]) for record in headline(frontier)]


def fragments(frontier: Frontier, row: pd.Series, units: Units) -> dict[str, str]:
    """Say in short phrases what one plan changes against Today: `cost, cx, headroom, doable, split`."""
    today = frontier.baseline
    return {
        "cost": _cost_words(float(row["cost"]), float(today["cost"]), units),
        "cx": _with_again(_cx_words(row, float(row["cx"]) - float(today["cx"]), units), row, units),
        "headroom": _headroom_words(float(row["headroom"]), float(today["headroom"])),
        "doable": _with_idle(doable_words(frontier, row, units), row, today, units),
        "split": _split_words(row, units),
    }


def doable_words(frontier: Frontier, row: pd.Series, units: Units) -> str:
    """Say whether a plan can start at once, or whom it has to hire where, and which initiatives it includes."""
    doable, chosen = _hiring_words(frontier, row, units), str(row.get("initiatives") or "")
    if not chosen:
        return doable
    names = [label_of(frontier.meta, "initiatives", key) for key in chosen.split(", ")]
    return WITH_INITIATIVES.format(doable=doable, initiatives=", ".join(names))


def _hiring_words(frontier: Frontier, row: pd.Series, units: Units) -> str:
    count = _number(row, "hires")
    if bool(row.get("doable", not count > 0)):
        key = "doable" if units.horizon in ("week", "month") else "doable_long"
        return SUMMARY[key].format(horizon=units.horizon)
    hires = frontier.tables.get("hires", pd.DataFrame(columns=["plan", "pool", "hires"]))
    own = hires[(hires["plan"] == row["plan"]) & (hires["hires"] > 0)]
    if own.empty:
        return SUMMARY["hires_total"].format(n=_count(count)) if count > 0 else SUMMARY["hires_some"]
    pools = [
        SUMMARY["hire" if n == 1 else "hires"].format(n=_count(n), pool=label_of(frontier.meta, "pools", pool))
        for pool, n in zip(own["pool"], own["hires"], strict=True)
    ]
    return SUMMARY["hires_pools"].format(pools=", ".join(pools))


def _cost_words(cost: float, today: float, units: Units) -> str:
    difference = cost - today
    if abs(difference) < 0.5 * 10**-units.money_digits:
        return SUMMARY["equal"]
    amount = units.money(abs(difference))
    share = percent(abs(difference) / today, 1) if today else "–"
    return SUMMARY["saves" if difference < 0 else "more"].format(amount=amount, per=units.per, share=share)


def _cx_words(row: pd.Series, difference: float, units: Units) -> str:
    probability, delta = _number(row, "p_cx_at_least_today"), units.cx(difference, signed=True)
    if not math.isfinite(probability):
        return SUMMARY["cx_bare"].format(delta=delta)
    tied = "cx_tied" if any(digit in delta for digit in "123456789") else "cx_same"
    key = tied if bool(row.get("ties_with_today", False)) else "cx"
    return SUMMARY[key].format(delta=delta, times=times_in(probability, units.draws))


def _with_again(words: str, row: pd.Series, units: Units) -> str:
    """Add the gain under the customers who had no part in choosing the plan, where there are any."""
    again = _number(row, "gain_rescored")
    return (
        SUMMARY["cx_again"].format(words=words, delta=units.cx(again, signed=True)) if math.isfinite(again) else words
    )


def _headroom_words(headroom: float, today: float) -> str:
    key = "headroom" if round(100 * headroom) >= 0 else "headroom_short"
    return SUMMARY[key].format(headroom=percent(headroom), today=percent(today))


def _with_idle(people: str, row: pd.Series, today: pd.Series, units: Units) -> str:
    """Add the payroll a plan leaves idle where it is more than Today's, and what it costs with it.

    It is paid until people leave or move: what a plan saves comes only then.
    """
    idle, now = (_number(r, "idle_payroll") for r in (row, today))
    if not (math.isfinite(idle) and math.isfinite(now)) or idle - now < 0.001 * float(today["cost"]):
        return people
    change = float(row["cost"]) + idle - float(today["cost"]) - now
    key = "idle_equal" if abs(change) < 0.5 * 10**-units.money_digits else "idle_more" if change > 0 else "idle_less"
    return SUMMARY["idle"].format(
        people=people,
        idle=units.money(idle),
        per=units.per,
        today=units.money(now),
        end=SUMMARY[key].format(change=units.money(abs(change)), per=units.per),
    )


def _split_words(row: pd.Series, units: Units) -> str:
    committed, avoidable = _number(row, "committed"), _number(row, "avoidable")
    if not (math.isfinite(committed) and math.isfinite(avoidable)):
        return ""
    return SUMMARY["split"].format(committed=units.money(committed), avoidable=units.money(avoidable))


def label_of(meta: Mapping[str, Any], kind: str, key: object) -> str:
    """Return what people call a pool, channel, reason or segment; its key where the scenario gives no title."""
    titles = meta.get("titles") or {}
    return str((titles.get(kind) or {}).get(str(key)) or key)


def is_ceiling(rows: pd.DataFrame) -> bool:
    """Tell whether a promise asks for at most its target, from which values keep it."""
    kept, missed = rows[rows["kept"].astype(bool)]["value"], rows[~rows["kept"].astype(bool)]["value"]
    if len(kept):
        return bool(kept.mean() < float(rows["target"].iloc[0]))
    return bool(len(missed) and missed.mean() > float(rows["target"].iloc[0]))


def days_of(frontier: Frontier) -> int:
    """Days of the planned time: as the run says, else those its staffing spans, else 7."""
    days = frontier.meta.get("days")
    staffing = frontier.tables.get("staffing")
    if days is None and staffing is not None and len(staffing):
        starts = pd.to_datetime(staffing["interval"])
        days = (starts.max().normalize() - starts.min().normalize()).days + 1
    return int(days or 7)


def _horizon(frontier: Frontier) -> tuple[str, str, str]:
    days = days_of(frontier)
    name = "week" if days in WEEKS else {1: "day", 28: "month", 29: "month", 30: "month", 31: "month"}.get(days)
    if name is None:
        return f"period of {days} days", f"periods of {days} days", f"in {days} days"
    return name, f"{name}s", f"a {name}"


def _number(row: pd.Series, name: str) -> float:
    value = row.get(name)
    return math.nan if value is None or pd.isna(value) else float(value)


def _count(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _plain_zero(text: str) -> str:
    """Drop the sign of a number that rounds to zero."""
    return text.lstrip("+-") if not text.strip("+-0.,") else text
