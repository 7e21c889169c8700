"""Values that can be read but hardly meant: scores on another scale, durations in another unit, nothing to compare."""

from __future__ import annotations

import pandas as pd

from planner.history.canonical import FILTER, Plan
from planner.history.profile import SCORES, SHORT_S

_USUAL_SCALES = (
    (0.0, 1.0),
    (1.0, 5.0),
    (0.0, 5.0),
    (1.0, 7.0),
    (1.0, 10.0),
    (0.0, 10.0),
    (0.0, 100.0),
    (-100.0, 100.0),
)
_MOST_OUTSIDE = 0.05
_FEWEST_ANSWERS = 30
_ENOUGH_ANSWERS = 200
_MOST_LONG = 0.01


def left_out(quarantine: pd.DataFrame) -> tuple[str, ...]:
    """Rows that could not be used, by problem, in words."""
    bad = quarantine[~quarantine["problem"].str.startswith(FILTER)]
    return tuple(
        f"{row['rows']:,} rows left out: {row['problem']} ({row['example']})" for row in bad.to_dict("records")
    )


def narrow_notes(plan: Plan, looked: pd.Series, channels: list[str]) -> tuple[str, ...]:
    """Say what a history with nothing to compare, or without a survey, can still tell.

    Parameters
    ----------
    looked
        As from `profile.over_channels`.
    channels
        Those of the rows kept.
    """
    found = []
    if len(channels) == 1:
        found.append(f"only one channel ({channels[0]}): no move can be estimated; scores and resolution can")
    if looked["first_reason"] is not None and looked["first_reason"] == looked["last_reason"]:
        found.append("only one reason: channels are compared as if everybody wanted the same")
    answers = sum(int(looked.get(f"has_{name}", 0)) for name in SCORES)
    if answers == 0:
        alone = "transferred, resolved and handle_s can, where they are told"
        can = (
            alone if "customer_id" in plan.absent else "fcr, repeat and composite can, and " + alone.replace(" can", "")
        )
        found.append(f"no survey answers: csat, nps and ces cannot be estimated; {can}")
    rule = plan.mapping.scale_rules.get("ces")
    if looked.get("has_ces", 0) > 0 and rule is None:
        found.append(
            "ces: high is taken as good, on 1 to 7; where it counts effort, declare " + _low_is_good("ces", 1, 7)
        )
    return tuple(found)


def _low_is_good(name: str, low: float, high: float) -> str:
    return f"`scales: {{{name}: {{low: {low:g}, high: {high:g}, better: low}}}}`"


def implausible(plan: Plan, looked: pd.Series) -> tuple[str, ...]:
    """Find values that were read as something else than was meant, in words, with what to do."""
    found = [text for name in SCORES if f"all_{name}" in looked for text in _doubts(plan, looked, name)]
    handled = int(looked["handled"])
    if handled and looked["short"] > handled / 2:
        found.append(
            f"handle_s: {looked['short'] / handled:.0%} of the handle times are below {SHORT_S:g} s, as if they were "
            "written in minutes or hours; declare their unit, e.g. `columns: {handle_s: {from: ..., unit: min}}`"
        )
    elif handled and looked["long"] > handled * _MOST_LONG:
        found.append(
            f"handle_s: {looked['long'] / handled:.0%} of the handle times are above 8 hours, as if they were written "
            "in milliseconds, or were elapsed time, not work; declare their unit (`unit: ms`), or map no handle_s"
        )
    return tuple(found)


def _doubts(plan: Plan, looked: pd.Series, name: str) -> list[str]:
    low, high = plan.scales[name]
    answers, outside, kept = (int(looked[f"{part}_{name}"]) for part in ("all", "out", "has"))
    found = []
    seen = (float(looked[f"low_{name}"]), float(looked[f"high_{name}"])) if outside else (low, high)
    wrong = f"{name}: {outside:,} of {answers:,} answers lie outside its scale {low:g} to {high:g}"
    if 0 < outside <= _MOST_OUTSIDE * answers:
        found.append(f"{wrong} (all run from {seen[0]:g} to {seen[1]:g}): they count as missing")
    elif outside:
        meant = next((scale for scale in _USUAL_SCALES if scale[0] <= seen[0] and seen[1] <= scale[1]), None)
        advice = (
            f"as on a scale of {meant[0]:g} to {meant[1]:g}: declare `scales: {{{name}: [{meant[0]:g}, {meant[1]:g}]}}`"
            if meant is not None
            else "which is no usual scale: declare it under `scales:`, or what stands for no answer (`missing:`)"
        )
        found.append(
            f"{wrong}; they run from {seen[0]:g} to {seen[1]:g}, {advice}. Until then these answers count as missing, "
            "and the others are no fair sample"
        )
    elif kept >= _ENOUGH_ANSWERS and name not in plan.mapping.scale_rules and _stops_early(looked, name, high):
        top = looked[f"kept_high_{name}"]
        found.append(
            f"{name}: none of {kept:,} answers is above {top:g}, though its scale is taken to run "
            f"from {low:g} to {high:g}; declare the one that was asked, e.g. `scales: {{{name}: [{low:g}, {top:g}]}}`"
        )
    if 0 < kept < _FEWEST_ANSWERS:
        found.append(f"{name}: only {kept} answers, at least {_FEWEST_ANSWERS} are needed: it will not be estimated")
    elif kept and looked[f"kept_low_{name}"] == looked[f"kept_high_{name}"]:
        value = looked[f"kept_low_{name}"]
        found.append(f"{name}: all {kept:,} answers are {value:g}: it tells nothing about reasons or channels")
    return found


def _stops_early(looked: pd.Series, name: str, high: float) -> bool:
    return bool(looked[f"kept_low_{name}"] < looked[f"kept_high_{name}"] < high)
