"""Runs beside each other: what their scenarios differ in, and what Today and the named plans of each come to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planner.errors import PlannerError
from planner.runs.difference import AGAINST, SAME, run_differences
from planner.serve.shelf import OpenedRun, named_plans

MOST_DIFFERENCES = 40


def comparison(runs: Sequence[tuple[str, OpenedRun]]) -> dict[str, Any]:
    """Return `runs` (name, title, currency, plans) and `differences`, one entry for every run after the first.

    An entry has `title` (which run against which), `words` (the lines of `planner diff`) and `left_out` (how many more
    there are).
    """
    told = []
    for name, opened in runs:
        meta = opened.frontier.meta
        facts = {"name": name, "title": str(meta.get("title") or name), "currency": str(meta.get("currency", ""))}
        told.append(facts | {"plans": named_plans(opened.frontier)})
    first, base = runs[0]
    found = [_against(first, base.path, name, opened.path) for name, opened in runs[1:]]
    return {"runs": told, "differences": found}


def _against(first: str, old: Path, name: str, new: Path) -> dict[str, Any]:
    try:
        words = [one.words for one in run_differences(old, new)] or [SAME]
    except PlannerError as err:
        words = [str(err).replace(str(old), first).replace(str(new), name)]  # no path of this machine in a page
    left_out = max(0, len(words) - MOST_DIFFERENCES)
    return {"title": AGAINST.format(new=name, old=first), "words": words[:MOST_DIFFERENCES], "left_out": left_out}
