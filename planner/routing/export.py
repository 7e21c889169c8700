"""Rules as files for routing engines and change boards; every format is a projection of the one rule table."""

from __future__ import annotations

import json
import os
from pathlib import Path

from planner.errors import PlanError
from planner.routing.export_cells import safe_frame, write_whole
from planner.routing.jdm import to_jdm
from planner.routing.ruleset import RuleSet

FORMATS = ("jdm", "csv")
"""Formats of `export_rules`."""


def export_rules(rules: RuleSet, fmt: str, path: str | os.PathLike[str], manifest_hash: str = "") -> Path:
    """Write the rules of a plan to one file and return its path.

    Parameters
    ----------
    fmt
        `jdm`: a GoRules decision (JSON), executable by zen-engine. `csv`: the rule table for people and change
        boards, with the plan's id and the manifest's hash in each row.
    manifest_hash
        Hash of the run's manifest; it travels with the rules, so that they can be traced back to their run.

    Raises
    ------
    PlanError
        The format is unknown, a name cannot be written in it, or the file cannot be written.
    """
    if fmt not in FORMATS:
        raise PlanError(f"export format {fmt!r} is not known; known are {', '.join(FORMATS)}")
    text = _jdm_text(rules, manifest_hash) if fmt == "jdm" else _csv_text(rules, manifest_hash)
    return write_whole(path, text.encode("utf-8"))


def _jdm_text(rules: RuleSet, manifest_hash: str) -> str:
    return json.dumps(to_jdm(rules, manifest_hash), indent=2, ensure_ascii=False) + "\n"


def _csv_text(rules: RuleSet, manifest_hash: str) -> str:
    frame = safe_frame(rules.rows)
    frame.insert(0, "plan", rules.plan)
    frame["manifest_hash"] = manifest_hash
    return frame.to_csv(index=False, lineterminator="\n")
