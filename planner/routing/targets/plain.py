"""Rule sets as a CSV table for people and change boards, harmless in a spreadsheet and readable by ours."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.routing.columns import Columns, first_hit
from planner.routing.export_cells import safe_frame, safe_text
from planner.routing.facts import LABELS
from planner.routing.table import spelled_out
from planner.routing.targets.bundle import Bundle, Job, not_carried

FILE = "rules.csv"
_TEXTS = (*LABELS, "pool", "channel_offer", "overflow_pool", "skill")


def harmless(value: Any) -> Any:
    """Keep a spreadsheet from running a name as a formula."""
    return safe_text(value)


def export_csv(job: Job) -> Bundle:
    """Write the rule table; several names of a condition stand as a JSON list."""
    rows = job.rules.rows.copy()
    for fact in LABELS:
        if fact in rows:
            rows[fact] = [_listed(cell) for cell in rows[fact]]
    frame = safe_frame(rows)
    frame.insert(0, "plan", job.rules.plan)
    frame["manifest_hash"] = job.manifest_hash
    carries = ("rule", *job.rules.actions)
    lossy = tuple(not_carried(job, carries, ""))
    return Bundle({FILE: _text_of(frame)}, carries, lossy, (), "read back by our reader")


def _text_of(frame: pd.DataFrame) -> str:
    """Write CSV; a carriage return inside a name would end the row for many readers, so everything is quoted then."""
    risky = any("\r" in cell for name in frame.columns for cell in frame[name] if isinstance(cell, str))
    if risky:
        return frame.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_ALL)
    return frame.to_csv(index=False, lineterminator="\n")


def _listed(cell: Any) -> Any:
    if isinstance(cell, (tuple, list)):
        return json.dumps(list(cell), ensure_ascii=False)
    return json.dumps([cell], ensure_ascii=False) if isinstance(cell, str) and cell.startswith("[") else cell


def run_csv(files: Mapping[str, str], columns: Columns, job: Job) -> list[Mapping[str, Any]]:
    """Read the file back as its users do, and decide every contact by the first row it meets."""
    frame = pd.read_csv(io.StringIO(files[FILE]), dtype=str, keep_default_na=False)
    rows = pd.DataFrame({name: frame[name] for name in frame.columns if name not in ("plan", "manifest_hash")})
    for name in rows.columns:
        if name in _TEXTS:
            rows[name] = [_text(name, cell) for cell in rows[name]]
        elif name != "why":
            rows[name] = [None if cell == "" else float(cell) for cell in rows[name]]
    rules = spelled_out(rows.astype(object).where(rows.notna(), None))
    answers = [{"rule": rule.number} | dict(rule.actions) for rule in rules]
    return [answers[k] for k in first_hit(rules, columns)]


def _text(name: str, cell: str) -> Any:
    """Undo what keeps spreadsheets harmless; a list of names only where names may be several."""
    if name in LABELS and cell.startswith("["):
        return tuple(json.loads(cell))
    if cell.startswith("'") and safe_text(cell[1:]) == cell:
        return cell[1:]
    return cell if cell or name not in ("channel_offer", "overflow_pool", "skill") else None
