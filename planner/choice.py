"""A choice taken in a report page: pinned plans, parts to keep and limits, as a small file that a run takes up.

The file comes by mail, so nothing in it is trusted: it is short, its keys and values are checked one by one, and its
run is only ever looked up by name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.errors import RunError
from planner.scenario.document import read_document
from planner.scenario.scenario import FrontierSettings

FORMAT = "planner choice 1"
LIMITS = ("cx", "cost", "headroom")
KEYS = ("format", "run", "fingerprint", "plan", "keep", "pins", "limits")
MOST_BYTES = 16 * 1024
MOST_PARTS = 50

_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,199}")
_HEX = re.compile(r"[0-9a-f]{0,64}")
_PLAN = re.compile(r"[A-Za-z0-9_]{1,40}")
_PART = re.compile(r"(offers|shares|priority|shifts|shifts:.{1,100})")


@dataclass(frozen=True)
class Choice:
    """What was chosen: `run` NAME-KEY and the `fingerprint` of its result, `plan` and its parts to `keep`, `pins`.

    `limits`: axis -> least CX, most cost, least headroom.
    """

    run: str
    fingerprint: str
    plan: str
    keep: tuple[str, ...]
    pins: tuple[str, ...]
    limits: Mapping[str, float]


def read_choice(path: Path) -> Choice:
    """Read a choice file.

    Raises
    ------
    RunError
        It is not one; says what was found and what is allowed.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as err:
        raise RunError(f"{path}: cannot read: {err.strerror}; name the file that the report page saved") from err
    if len(data) > MOST_BYTES:
        raise RunError(f"{path}: is longer than {MOST_BYTES} bytes; a choice file is small")
    try:
        found = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as err:
        raise RunError(f"{path}: is not JSON; name the file that the report page saved") from err
    try:
        return choice_of(found)
    except ValueError as err:
        raise RunError(f"{path}: {err}") from err


def choice_of(found: Any) -> Choice:
    """Check a choice.

    Raises
    ------
    ValueError
        Names the key, what was found and what is allowed.
    """
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f'is not a choice file (format must be "{FORMAT}")')
    unknown = sorted(set(found) - set(KEYS))
    if unknown:
        raise ValueError(f"unknown key {unknown[0][:40]!r}; allowed are {', '.join(KEYS)}")
    keep = _texts(found, "keep", _PART, "offers, shares, priority, shifts, shifts:POOL")
    plan = _text(found, "plan", _PLAN, "the id of a plan (p003)") if found.get("plan") else ""
    if bool(plan) != bool(keep):
        raise ValueError("plan and keep belong together: both, or neither")
    return Choice(
        _text(found, "run", _RUN, "the name of a run directory (NAME-KEY)"),
        _text(found, "fingerprint", _HEX, "hexadecimal digits") if found.get("fingerprint") else "",
        plan,
        keep,
        _texts(found, "pins", _PLAN, "ids of plans (p003)"),
        _limits(found.get("limits", {})),
    )


def _text(found: Mapping[str, Any], key: str, allowed: re.Pattern[str], words: str) -> str:
    value = found.get(key)
    if not isinstance(value, str) or not allowed.fullmatch(value) or not value.isprintable():
        raise ValueError(f"{key} = {_short(value)}: must be {words}")
    return value


def _texts(found: Mapping[str, Any], key: str, allowed: re.Pattern[str], words: str) -> tuple[str, ...]:
    values = found.get(key, [])
    if not isinstance(values, list) or len(values) > MOST_PARTS:
        raise ValueError(f"{key} = {_short(values)}: must be a list of at most {MOST_PARTS} of {words}")
    return tuple(_text({f"{key}[{k}]": value}, f"{key}[{k}]", allowed, words) for k, value in enumerate(values))


def _limits(found: Any) -> Mapping[str, float]:
    if not isinstance(found, dict):
        raise ValueError(f"limits = {_short(found)}: must map {', '.join(LIMITS)} to numbers")
    limits = {}
    for axis, value in found.items():
        if axis not in LIMITS:
            raise ValueError(f"limits.{axis[:40]}: must be one of {', '.join(LIMITS)}")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError(f"limits.{axis} = {_short(value)}: must be a number")
        limits[axis] = float(value)
    for axis, low, high in (("cost", 0.0, 1e15), ("headroom", -0.9, 10.0)):
        if axis in limits and not low < limits[axis] < high:
            raise ValueError(f"limits.{axis} = {limits[axis]:g}: must be between {low:g} and {high:g}")
    return limits


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def limit_changes(limits: Mapping[str, float], run: Path) -> list[str]:
    """Limits as overrides of the scenario of a run, `path=value`.

    A cost becomes the budget; a headroom the least level at which plans are sought, with the run's levels above it. A
    CX stays a wish: a scenario knows floors by segment only.
    """
    changes = []
    if "cost" in limits:
        changes.append(f"limits.budget_max={limits['cost']!r}")
    if "headroom" in limits:
        least = limits["headroom"]
        settings = read_document(run / "scenario.yaml", str(run / "scenario.yaml")).data.get("frontier") or {}
        levels = settings.get("headroom_levels", FrontierSettings().headroom_levels)
        above = [float(level) for level in levels if float(level) > least]
        changes.append(f"frontier.headroom_levels={json.dumps([least, *above])}")
    return changes
