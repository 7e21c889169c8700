"""Stated outcomes of two scenarios as they take effect: later rows win, so values are compared, not rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from planner.scenario.difference_words import amount, named

Row = Mapping[str, Any]
Change = tuple[str, Any, Any]
_SELECTORS = ("channel", "reason", "segment", "pool", "stage")
_VALUES = ("aht_s", "score", "score_sd", "p_return", "p_escalate")


def outcome_changes(old: Sequence[Row], new: Sequence[Row]) -> Iterator[Change]:
    """Yield (words, old value, new value) of every effective change, the widest sentence that holds first.

    A value that changes alike for everything a channel serves is said once, for the channel.
    """
    names = [[None, *_known(selector, old, new)] for selector in _SELECTORS]
    for value in _VALUES:
        changed: dict[tuple[Any, ...], tuple[Any, Any]] = {}
        for cell in product(*names):
            pair = _effective(old, value, cell), _effective(new, value, cell)
            if pair[0] != pair[1]:
                changed[cell] = pair
        for cell, pair in changed.items():
            if not any(pair == changed.get(wider) for wider in _wider(cell)):
                place = ("experience", "outcomes", 0, value)
                yield f"{_whose(cell, named(place))}{amount(place, *pair)}", pair[0], pair[1]


def _known(selector: str, old: Sequence[Row], new: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(str(row[selector]) for row in (*old, *new) if row[selector] is not None))


def _effective(rows: Sequence[Row], value: str, cell: tuple[Any, ...]) -> Any:
    """Value of the last row that covers a cell (None in a cell: everything not named otherwise)."""
    found = None
    for row in rows:
        covers = all(row[name] is None or row[name] == mine for name, mine in zip(_SELECTORS, cell, strict=True))
        if covers and row[value] is not None:
            found = row[value]
    return found


def _wider(cell: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Cells that leave out one or more of the names."""
    for kept in product((True, False), repeat=len(cell)):
        wider = tuple(name if keep else None for name, keep in zip(cell, kept, strict=True))
        if wider != cell:
            yield wider


def _whose(cell: tuple[Any, ...], name: str) -> str:
    channel, reason, segment, pool, stage = cell
    words = f"{channel} {name}" if channel else name
    words += f" of {reason}" if reason else ""
    more = [
        part
        for part in (segment and f"segment {segment}", pool and f"pool {pool}", stage and f"{stage} contacts")
        if part
    ]
    return words + (f" ({', '.join(more)})" if more else "")
