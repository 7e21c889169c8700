"""The change sheet for people and change boards: today's rule against the recommended one, effect, evidence, pilot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.frontier import Frontier, Plan
from planner.routing.answers import Cell
from planner.routing.difference import diff_rules
from planner.routing.effects import cells_of, effects
from planner.routing.export_cells import safe_frame
from planner.routing.rollout import pilot_for
from planner.routing.ruleset import RuleSet

PILOT_SHARE = 0.1


@dataclass(frozen=True)
class ChangeSheet:
    """One row per cell that changes: see `change_sheet`; `title` and `unit` of the horizon in words."""

    rows: pd.DataFrame
    title: str
    notes: tuple[str, ...]

    def with_note(self, note: str) -> ChangeSheet:
        """Return the sheet with one more note."""
        return replace(self, notes=(*self.notes, note))

    def csv(self) -> str:
        """Write it as CSV, harmless in a spreadsheet."""
        return safe_frame(self.rows).to_csv(index=False, lineterminator="\n")

    def markdown(self) -> str:
        """Write it as Markdown."""
        lines = [f"# {_cell(self.title)}", "", *(f"- {_cell(note)}" for note in self.notes), ""]
        heads = [
            "contacts", "reason", "segment", "channel", "today", "recommended", "moved", "effect on the score (95 %)",
            "wait", "evidence", "pilot",
        ]  # fmt: skip
        lines += ["| " + " | ".join(heads) + " |", "|---:" + "|---" * 5 + "|---:" * 4 + "|---|"]
        for row in self.rows.to_dict("records"):
            who = [row[name] for name in ("reason", "segment", "channel", "before", "after")]
            cells = [f"{row['contacts']:,.0f}", *who, f"{row['moved']:.0%}", *_numbers(row), row["pilot"]]
            lines.append("| " + " | ".join(_cell(str(cell)) for cell in cells) + " |")
        return "\n".join([*lines, ""])


def _numbers(row: Mapping[Any, Any]) -> tuple[str, str, str]:
    """Effect with its interval, waits and evidence in words."""
    effect = "" if np.isnan(row["effect"]) else f"{row['effect']:+.3f} ({row['lower']:+.3f} to {row['upper']:+.3f})"
    wait = "" if np.isnan(row["wait_s"]) else f"{row['wait_s']:.0f} s instead of {row['wait_today_s']:.0f} s"
    return effect, wait, "stated" if np.isnan(row["evidence"]) else f"{row['evidence']:,.0f} answers"


def _cell(text: str) -> str:
    """Keep a name from ending a cell, beginning a tag or a link."""
    for char, safe in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("[", "\\["), ("`", "\\`"), ("*", "\\*")):
        text = text.replace(char, safe)
    return " ".join(text.split())


def change_sheet(
    frontier: Frontier, plan: Plan, today: RuleSet, rules: RuleSet, *, score_sd: float | None = None
) -> ChangeSheet:
    """Compare today's rules with the recommended ones, cell by cell.

    Parameters
    ----------
    today
        Today's rules: imported, inferred, or the run's own of Today.
    score_sd
        Standard deviation of one answer, points; left out: a quarter of the scale.

    Returns
    -------
    ChangeSheet
        Rows with `reason, segment, channel, contacts` (per horizon), `before, after, moved`, `effect, lower, upper`
        (points), `wait_s, wait_today_s`, `evidence` (answers), `pilot` (words); most contacts moved first.
    """
    contacts = cells_of(plan)
    changed = diff_rules(today, rules, list(contacts), contacts)
    expected = effects(frontier, plan)
    rows = changed.merge(expected.drop(columns="contacts"), on=["reason", "segment", "channel"], how="left")
    low, high = frontier.meta.get("scale") or (1.0, 5.0)
    spread = (float(high) - float(low)) / 4 if score_sd is None else score_sd
    weeks = float(frontier.meta.get("days") or 7) / 7
    rates = _response_rates(frontier)
    rows["pilot"] = [_pilot_words(row, spread, weeks, rates) for row in rows.to_dict("records")]
    notes = (
        f"{len(rows)} of {len(contacts)} combinations of reason, segment and channel change.",
        "Effects are those of the whole plan on first contacts at zero wait, against Today by the same model.",
        f"Pilots: {PILOT_SHARE:.0%} of contacts follow the new rule; an answer has a standard deviation of {spread:g}.",
    )
    return ChangeSheet(rows, f"Change sheet of {plan.id} against today", notes)


def _response_rates(frontier: Frontier) -> Mapping[Cell, float]:
    rates = {}
    for row in frontier.meta.get("experience_table") or []:
        if row.get("n_contacts") and row.get("n_effective"):
            rate = min(1.0, float(row["n_effective"]) / float(row["n_contacts"]))
            rates[str(row["reason"]), str(row["segment"]), str(row["channel"])] = rate
    return rates


def _pilot_words(row: Mapping[Any, Any], spread: float, weeks: float, rates: Mapping[Cell, float]) -> str:
    if np.isnan(row["effect"]) or not row["contacts"] > 0:
        return "not sized: no contacts or no estimate"
    rate = rates.get((row["reason"], row["segment"], row["channel"]), 0.1)
    pilot = pilot_for(float(row["effect"]), spread, float(row["contacts"]) / weeks, rate, PILOT_SHARE)
    if not np.isfinite(pilot.weeks):
        return pilot.stop
    length = f"{pilot.weeks:,.0f} {'week' if round(pilot.weeks) == 1 else 'weeks'}"
    return f"{pilot.answers:,.0f} answers in the smaller group, {length}; {pilot.stop}"


def sheet_files(sheet: ChangeSheet) -> dict[str, str]:
    """Return the files of a sheet."""
    return {"change-sheet.md": sheet.markdown(), "change-sheet.csv": sheet.csv()}
