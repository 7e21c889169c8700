"""Findings of the guards, the quality of the history and the notes, as sections of the reading page."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from planner.history.bands import OTHERS
from planner.report.estimate.blocks import Cell, Section, Table
from planner.report.estimate.numbers import points, share
from planner.report.estimate.words import COVARIATES, GUARD_HEADS, GUARDS, NOTES, QUALITY

_LEVELS = ("alarm", "warn", "note")
_MOST = 40
_PLACES = re.compile(r"(^|, )(channel|agent|reason|against)=")


def guard_words(row: Mapping[Hashable, Any] | pd.Series) -> str:
    """Say a finding and its place as one sentence."""
    text = f"{str(row['guard']).replace('_', ' ')}, {place_words(str(row['where']))}: {row['finding']}"
    return text if text.endswith((".", "?", "!")) else f"{text}."


def place_words(where: str) -> str:
    """Write `channel=voice, against=resolved` as `channel voice, compared with resolved`."""
    return _PLACES.sub(lambda found: found[1] + ("compared with " if found[2] == "against" else f"{found[2]} "), where)


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
            Cell(place_words(str(r["where"]))),
            Cell(str(r["finding"])),
            Cell("", flag=str(r["level"])),
        )
        for r in ordered.to_dict("records")
    )
    table = Table(GUARDS["title"], GUARD_HEADS, body, labels=4)
    more = (GUARDS["more"].format(n=len(findings) - _MOST),) if len(findings) > _MOST else ()
    serious = bool((findings["level"] != "note").any())
    return Section("guards", GUARDS["title"], GUARDS["help"], more, (table,), folded=not serious)


def quality_section(lines: Sequence[str], facts: Mapping[str, Any], digits: int = 2) -> Section:
    """Show the quality report of the history, and how covariates are known and cut.

    Parameters
    ----------
    facts
        `ExperienceModel.quality`: `covariate_known` (share by name) and `covariate_bins` (upper ends by name).
    digits
        Decimals of the ends of bins.
    """
    said = [line.strip() for line in lines]
    for name, known in facts.get("covariate_known", {}).items():
        gap = COVARIATES["gap"] if known < 1 else ""
        said.append(COVARIATES["known"].format(name=name, share=share(known, 1)) + gap)
    for name, ends in facts.get("covariate_bins", {}).items():
        cuts = ", ".join(points(end, digits) for end in ends)
        shown = COVARIATES["others"] if name == OTHERS else name
        said.append(COVARIATES["bins"].format(name=shown, n=len(ends) + 1, cuts=cuts))
    return Section("quality", QUALITY["title"], QUALITY["help"], tuple(said))


def notes_section(notes: Sequence[str]) -> Section:
    """Show what was assumed on the way."""
    return Section("notes", NOTES["title"], NOTES["help"], tuple(notes))
