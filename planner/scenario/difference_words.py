"""Names, units and amounts of scenario keys as planners say them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from planner.scenario.document import Place
from planner.scenario.fields import fields_at, is_open_mapping
from planner.scenario.quantities import clock_text

_NAMES = {
    "aht_s": "handle time",
    "score": "score",
    "score_sd": "uncertainty of the score",
    "p_return": "share that comes back",
    "p_escalate": "share escalated",
    "wage_per_h": "wage per hour",
    "patience_s": "patience",
    "redial": "share that tries again",
    "occupancy_max": "occupancy cap",
    "heads": "people on the payroll",
    "contract_h_per_week": "contract hours a week",
    "days_per_week": "working days a week",
    "overtime_h_per_week_max": "most overtime a head and week",
    "time_off_h_per_week_max": "most time off a head and week",
    "hires_max": "most hires",
    "answer_within_s": "threshold",
    "score_given_up": "score of those who give up",
    "score_abandoned": "score of those who abandon",
    "length_h": "length",
    "growth": "growth",
}
_UNITS = {"_s": " s", "_h": " h", "_min": " min", "_days": " days", "_weeks": " weeks"}
_SINGULAR = {
    "overflow": "overflow",
    "limits": "limit",
    "day_parts": "day part",
    "objectives": "objective",
    "hours": "day with own hours",
}
_PLURAL = {"hours": "days with own hours"}
_EMPTY = {"days": "every day"}
_OPEN_ITEMS = ("steers", "promises", "channels", "shifts", "segments", "reasons", "initiatives")
_CLOCKS = ("opens", "closes", "first", "last", "from", "to")


def named(place: Place) -> str:
    """Name of the last key, without its unit."""
    key = str(place[-1])
    if key in _NAMES:
        return _NAMES[key]
    for suffix in _UNITS:
        key = key.removesuffix(suffix)
    return key.replace("_", " ")


def owned(place: Place) -> str:
    """Name of a key and whose it is: `wage per hour of phone`, `horizon: days`."""
    name = named(place)
    if len(place) == 1:
        return name
    if not is_open_mapping(place[:1]):
        return f"{place[0]}: {' '.join(str(part).replace('_', ' ') for part in place[1:-1])} {name}".replace("  ", " ")
    inner = [str(part) for part in place[2:-1] if part not in ("roster", "chat", "starts")]
    kind = f"{_one_of(str(place[0]))} " if place[0] in _OPEN_ITEMS else ""
    return f"{name} of {kind}{place[1]}{f' ({chr(32).join(inner)})' if inner else ''}"


def plural(count: int, place: Place) -> str:
    """Say how many entries of a section: `2 reasons`, `1 pool of day parts`."""
    key = str(place[-1])
    word = _PLURAL.get(key, key.replace("_", " ")) if count > 1 else _one_of(key)
    return f"{count} {word}" + (f" of {place[1]}" if len(place) > 2 else "")


def _one_of(section: str) -> str:
    return _SINGULAR.get(section, section.removesuffix("s").replace("_", " "))


def amount(place: Place, old: Any, new: Any, bounds: Sequence[Any] | None = None) -> str:
    """Say a change: ` +12 % (300 s → 336 s)`, ` +5 points (20 % → 25 %)`, `: a → b`; or a range, `0.3–0.7`."""
    ratio, unit = _is_ratio(place), _unit(place)
    if bounds is not None:
        return (
            "none"
            if bounds == [None, None]
            else f"{_shown(bounds[0], ratio, unit)} to {_shown(bounds[1], ratio, unit)}"
        )
    clock = str(place[-1]) in _CLOCKS
    empty = _EMPTY.get(str(place[-1]), "none")
    shown = [clock_text(v) if clock and isinstance(v, int) else _shown(v, ratio, unit, empty) for v in (old, new)]
    values = f"{shown[0]} → {shown[1]}"
    if not (_is_number(old) and _is_number(new)) or clock:
        return f": {values}"
    if ratio:
        return f" {100 * (new - old):+.3g} points ({values})"
    # A share of what is below nothing, as scores may be, says nothing.
    return f" {relative(old, new)} ({values})" if old > 0 and new >= 0 else f": {values}"


def relative(old: float, new: float) -> str:
    """Write a relative change, `+12 %`."""
    share = 100 * (new - old) / abs(old)
    return f"{share:+.0f} %" if abs(share) >= 10 or share == round(share) else f"{share:+.1f} %"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any, ratio: bool, unit: str, empty: str = "none") -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_number(value):
        return f"{100 * value:.4g} %" if ratio else f"{value:,.10g}{unit}"
    if isinstance(value, list):
        return ", ".join(_shown(one, ratio, unit) for one in value) or empty
    if isinstance(value, Mapping) and set(value) == {"opens", "closes"}:
        return f"{clock_text(value['opens'])} to {clock_text(value['closes'])}"
    return str(value)


def _unit(place: Place) -> str:
    key = str(place[-1])
    return "" if "_per_" in key else next((unit for suffix, unit in _UNITS.items() if key.endswith(suffix)), "")


def _is_ratio(place: Place) -> bool:
    """Whether the models declare a ratio at a place: 0..1 by type, or by its description."""
    field = fields_at(place[:-1]).get(str(place[-1]))
    return field is not None and any(word in (field.description or "") for word in ("(ratio", "ratio 0..1", "a ratio"))
