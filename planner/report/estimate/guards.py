"""Findings of the guards, the quality of the history and the notes, as sections of the reading page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from planner.report.estimate.blocks import Cell, Section, Table
from planner.report.estimate.words import GUARD_HEADS, GUARDS, NOTES, QUALITY

_LEVELS = ("alarm", "warn", "note")
_MOST = 40


def guards_section(findings: pd.DataFrame) -> Section:
    """Show what the guards found, most serious first.

    Parameters
    ----------
    findings
        `guard, where, finding, size, lower, upper, p_value, level`.
    """
    if findings.empty:
        return Section("guards", GUARDS["title"], GUARDS["help"], (GUARDS["quiet"],), folded=False)
    rank = findings["level"].map({level: k for k, level in enumerate(_LEVELS)}).fillna(len(_LEVELS))
    ordered = findings.assign(rank=rank).sort_values(["rank", "p_value"], kind="stable").head(_MOST)
    body = tuple(
        (
            Cell(str(r["guard"]).replace("_", " ")),
            Cell(str(r["where"])),
            Cell(str(r["finding"])),
            Cell("", flag=str(r["level"])),
        )
        for r in ordered.to_dict("records")
    )
    table = Table(GUARDS["title"], GUARD_HEADS, body, labels=4)
    more = (GUARDS["more"].format(n=len(findings) - _MOST),) if len(findings) > _MOST else ()
    serious = bool((findings["level"] != "note").any())
    return Section("guards", GUARDS["title"], GUARDS["help"], more, (table,), folded=not serious)


def quality_section(lines: Sequence[str]) -> Section:
    """Show the quality report of the history."""
    return Section("quality", QUALITY["title"], QUALITY["help"], tuple(line.strip() for line in lines))


def notes_section(notes: Sequence[str]) -> Section:
    """Show what was assumed on the way."""
    return Section("notes", NOTES["title"], NOTES["help"], tuple(notes))
