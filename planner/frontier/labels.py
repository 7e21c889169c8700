"""What people call things: titles of the scenario, its keys where it gives none."""

from __future__ import annotations

from planner.operation.problem import FlowProblem


def label(problem: FlowProblem, group: str, key: str) -> str:
    """Title of a member of `reasons`, `pools`, `steers`, `initiatives`, ...; its key where there is none."""
    member = getattr(problem.scenario, group).get(key)
    return str(getattr(member, "title", "") or key)


def move_name(reason: str, from_channel: str, channel: str) -> str:
    """Name a move of contacts."""
    return f"{reason}: {from_channel} to {channel}"


def labels_of_changes(problem: FlowProblem) -> dict[str, str]:
    """Names in the table of changes -> the same in people's words."""
    names = {pool: label(problem, "pools", pool) for pool in problem.pools}
    names |= {key: label(problem, "initiatives", key) for key in problem.scenario.initiatives}
    channels = {channel: label(problem, "channels", channel) for channel in problem.channels}
    for reason in problem.scenario.reasons:
        words = label(problem, "reasons", reason)
        for old, old_words in channels.items():
            for new, new_words in channels.items():
                names[move_name(reason, old, new)] = move_name(words, old_words, new_words)
    return names
