"""Reading a truth file: strict YAML that may extend another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from planner.errors import Issue, ScenarioError
from planner.history.synthetic.truth import Truth
from planner.scenario.document import dotted, read_document


def load_truth(path: Path) -> Truth:
    """Read a truth file and what it extends.

    Raises
    ------
    ScenarioError
        If a file cannot be read or says something a truth file cannot say; carries all problems.
    """
    values = _read_extended(path, ())
    try:
        return Truth.model_validate(values)
    except ValidationError as err:
        issues = [Issue(str(path), None, None, dotted(e["loc"]), e["msg"]) for e in err.errors()]
        raise ScenarioError(issues) from err


def fingerprint(truth: Truth) -> str:
    """Hash of everything a truth declares, the same whatever files it was written in."""
    text = json.dumps(truth.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _read_extended(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """Values of a file laid over those of the file it extends."""
    path = path.resolve()
    if path in seen:
        raise ScenarioError([Issue(str(path), None, None, "extends", "this file extends itself; name another one")])
    values = dict(read_document(path, str(path)).data)
    parent = values.pop("extends", None)
    if parent is None:
        return values
    return _merged(_read_extended(path.parent / str(parent), (*seen, path)), values)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `above` over `below`, mapping by mapping; lists are replaced."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
