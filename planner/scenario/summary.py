"""What would be solved: counts of a scenario's parts and of the master's variables."""

from __future__ import annotations

from planner.scenario.center import Discipline, Shift
from planner.scenario.scenario import Scenario

_LATER_STAGES = 3
"""Stages of a flow after the first contact: redialed, returned, escalated."""


def describe(scenario: Scenario) -> dict[str, int | str]:
    """Count the parts of a scenario.

    Returns
    -------
        `name`, `title`, then counts: `reasons`, `segments`, `types` (reason x segment), `channels`, `pools`,
        `pools_of_people`, `days`, `intervals` (open ones), `steers`, `shifts` (kinds), `shift_starts` (kinds x starts a
        day), `promises`, `variants` and `variables`, roughly those of the master.
    """
    return {
        "name": scenario.name,
        "title": scenario.title,
        "reasons": len(scenario.reasons),
        "segments": len(scenario.segments),
        "types": len(scenario.types),
        "channels": len(scenario.channels),
        "pools": len(scenario.pools),
        "pools_of_people": sum(pool.staffed for pool in scenario.pools.values()),
        "days": scenario.horizon.days,
        "intervals": sum(scenario.horizon.opened()),
        "steers": len(scenario.steers),
        "shifts": len(scenario.shifts),
        "shift_starts": sum(_starts(shift) for shift in scenario.shifts.values()),
        "promises": len(scenario.promises),
        "variants": len(scenario.variants),
        "variables": count_variables(scenario),
    }


def count_variables(scenario: Scenario) -> int:
    """Approximate the number of the master's variables: flows with their waits, moves, agents and queues.

    Counts flow[i,a,c,g,e] and q[f] of every eligible (type, pool), move[i,a,c] of every channel and steer, and
    on_task[g,t] and Q[g,t] at full resolution; the master groups intervals, so its own count is lower.
    """
    flows = moves = 0
    for reason, segment in scenario.types:
        into = dict.fromkeys(scenario.channels, 1)
        for steer in scenario.steers.values():
            offered = steer.reasons is None or reason in steer.reasons
            offered = offered and (steer.segments is None or segment in steer.segments)
            if offered and steer.to_channel in into:
                into[steer.to_channel] += 1
        moves += sum(into.values())
        for key, pool in scenario.pools.items():
            if scenario.eligible(key, reason, segment):
                flows += into.get(pool.channel, 1) + _LATER_STAGES
    pools = scenario.pools.values()
    live = sum(pool.discipline in (Discipline.LIVE_VOICE, Discipline.LIVE_CHAT) for pool in pools)
    staffed = sum(pool.staffed for pool in pools)
    return 2 * flows + moves + (staffed + live) * sum(scenario.horizon.opened())


def _starts(shift: Shift) -> int:
    return len(shift.begins)
