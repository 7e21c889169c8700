"""The effective mapping: the preset's, with the user's entries in their place, less what this export does not have."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from planner.errors import HistoryError, Issue
from planner.history.columns import REQUIRED
from planner.history.importers.preset import Preset
from planner.history.mapping import ColumnRule, Mapping, load_mapping


def effective(
    source: Preset,
    mapping: str | Path | None,
    reasons: dict[str, str] | None,
    scales: dict[str, tuple[float, float]] | None,
    present: set[str],
) -> tuple[Mapping, list[str]]:
    """Lay the user's mapping over the preset's, and leave out what no record of this export has.

    Raises
    ------
    HistoryError
        If the user's mapping is wrong, or names fields that are not there.
    """
    content: dict[str, Any] = copy.deepcopy(source.mapping)
    own: set[str] = set()
    if mapping is not None:
        given = load_mapping(mapping).model_dump(mode="json", by_alias=True, exclude_unset=True)
        own = {*given.get("columns", {}), *given.get("constants", {})}
        for name in given.get("constants", {}):
            content["columns"].pop(name, None)
        for name in given.get("columns", {}):
            content.get("constants", {}).pop(name, None)
        for name, value in given.items():
            merged = {**content.get(name, {}), **value} if isinstance(value, dict) and name != "csv" else value
            content[name] = merged
    _with_reasons(content, reasons)
    for name, (low, high) in (scales or {}).items():
        content.setdefault("scales", {})[name] = [low, high]
    try:
        rules = Mapping.model_validate(content)
    except ValidationError as err:
        messages = [problem["msg"].removeprefix("Value error, ") for problem in err.errors()]
        raise HistoryError([Issue(str(mapping or source.name), None, None, "", text) for text in messages]) from err
    return _without_absent(rules, own, present, str(mapping or source.name))


def _with_reasons(content: dict[str, Any], reasons: dict[str, str] | None) -> None:
    """Many reasons to one; those not listed are unmapped and counted."""
    if reasons is None:
        return
    for name in ("reason", "entry_reason"):
        rule = content["columns"].get(name)
        if rule is not None:
            written = {"from": rule} if isinstance(rule, str) else dict(rule)
            content["columns"][name] = {**written, "values": dict(reasons), "others": "missing"}


def _without_absent(rules: Mapping, own: set[str], present: set[str], file: str) -> tuple[Mapping, list[str]]:
    absent, issues = [], []
    kept: dict[str, ColumnRule | None] = {}
    for name, rule in rules.columns.items():
        missing = [] if rule is None else [column for column in rule.reads if column not in present]
        if missing and name in (own | set(REQUIRED)):
            issues.append(Issue(file, None, None, f"columns.{name}", f"no record has {', '.join(missing)}"))
        elif missing:
            absent.append(f"{name} ({', '.join(missing)})")
        elif not missing:
            kept[name] = rule
    if issues:
        raise HistoryError(issues)
    filters = tuple(one for one in rules.filters if set(one.drop) <= present)
    notes = [f"not in this export, so left empty: {', '.join(absent)}"] if absent else []
    update: dict[str, Any] = {"columns": kept}
    if "filters" in rules.model_fields_set:
        update["filters"] = filters
    return rules.model_copy(update=update), notes
