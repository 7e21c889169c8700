"""Runs beside each other: what their scenarios differ in, and what Today and the named plans of each come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.errors import ScenarioError
from planner.runs.tables import plain
from planner.scenario.document import read_document
from planner.serve.shelf import OpenedRun, named_plans

MOST_DIFFERENCES = 40


def comparison(runs: Sequence[tuple[str, OpenedRun]]) -> dict[str, Any]:
    """Return `runs` (name, title, currency, plans) and `differences` (path, one value per run, None where unset)."""
    told = []
    for name, opened in runs:
        meta = opened.frontier.meta
        facts = {"name": name, "title": str(meta.get("title") or name), "currency": str(meta.get("currency", ""))}
        told.append(facts | {"plans": named_plans(opened.frontier)})
    found = differences([_leaves(opened) for _, opened in runs])
    return {"runs": told, "differences": found[:MOST_DIFFERENCES], "left_out": max(0, len(found) - MOST_DIFFERENCES)}


def differences(scenarios: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Paths whose values are not the same in all scenarios."""
    paths = sorted(set().union(*scenarios)) if scenarios else []
    rows = [{"path": path, "values": [plain(one.get(path)) for one in scenarios]} for path in paths]
    return [row for row in rows if any(value != row["values"][0] for value in row["values"])]


def _leaves(opened: OpenedRun) -> dict[str, Any]:
    file = opened.path / "scenario.yaml"
    try:
        return _flat(read_document(file, file.name).data, "")
    except ScenarioError:
        return {}


def _flat(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {path: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= _flat(inner, f"{path}.{key}" if path else str(key))
    return found
