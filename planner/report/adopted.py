"""The adopted plan in words and numbers, the same on the page and in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.frontier.frontier import NAMED, Frontier
from planner.report.text import Units, named_rows, percent, units_of

WORDS = {
    "title": "Adopted",
    "who": "Adopted: {plan} of {run}, by {by} on {day}: {why}",
    "now": "In this world it costs {cost} {per}, reaches {cx_name} {cx} and headroom {headroom} (when adopted: "
    "{was_cost}, {was_cx}, {was_headroom}); {kept}.",
    "kept": "every promise and limit holds",
    "broken": "a promise, limit or roster does not hold any more",
    "gone": "It cannot be evaluated in this world: a pool, a shift or an initiative of it is not there any more.",
    "move": "{name} ({plan}) moves from it by {added} more and {removed} fewer people on shifts, {issues} issues in "
    "another channel, and {cost} {per}.",
}


def adopted_lines(frontier: Frontier) -> list[str]:
    """Say what was adopted, what it comes to now, and how far each named plan would move from it; [] without one."""
    facts = frontier.meta.get("adopted")
    if not facts:
        return []
    said = {"plan": facts["plan"], "run": facts["run"], "by": facts["by"], "day": str(facts["when"])[:10]}
    lines = [WORDS["who"].format(**said, why=facts["why"])]
    table = frontier.tables.get("adopted")
    if table is None:
        return [*lines, WORDS["gone"]]
    units, was = units_of(frontier), facts["axes"]
    own = table.iloc[0]
    now = {
        "cost": units.money(float(own["cost"])),
        "per": units.per,
        "cx_name": units.cx_name,
        "cx": units.cx(float(own["cx"])),
        "headroom": percent(float(own["headroom"])),
        "was_cost": units.money(float(was["cost"])),
        "was_cx": units.cx(float(was["cx"])),
        "was_headroom": percent(float(was["headroom"])),
        "kept": WORDS["kept" if own["feasible"] else "broken"],
    }
    lines.append(WORDS["now"].format(**now))
    by_plan = {str(row["plan"]): row for row in table.to_dict("records")}
    for key, named in named_rows(frontier).items():
        if key != "today":
            lines.append(_move_words(NAMED[key], by_plan[str(named["plan"])], float(own["cost"]), units))
    return lines


def _move_words(name: str, row: Mapping[Any, Any], cost: float, units: Units) -> str:
    dearer = float(row["cost"]) - cost
    return WORDS["move"].format(
        name=name,
        plan=row["plan"],
        added=f"{row['shifts_added']:.0f}",
        removed=f"{row['shifts_removed']:.0f}",
        issues=f"{row['issues_moved']:,.0f}",
        cost=("+" if dearer > 0 else "") + units.money(dearer),
        per=units.per,
    )


def adopted_section(frontier: Frontier) -> dict[str, Any]:
    """What the page shows: the lines, and the axes beside Today's; {} without an adopted plan."""
    lines = adopted_lines(frontier)
    if not lines:
        return {}
    table = frontier.tables.get("adopted")
    axes = {} if table is None else {axis: float(table.iloc[0][axis]) for axis in ("cx", "cost", "headroom", "hires")}
    return {"title": WORDS["title"], "lines": lines, "axes": axes}
