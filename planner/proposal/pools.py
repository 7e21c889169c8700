"""Pools as the past shows them: which channel each serves, with which discipline, how long and how much."""

from __future__ import annotations

from dataclasses import dataclass

from planner.history.week_counts import Counts

_SECOND_CHANNEL = 0.02
"""A pool that serves more than this share of its contacts in another channel becomes two: a pool serves one."""
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("automated", ("bot", "self_service", "self service", "ivr", "assistant", "automat", "virtual")),
    ("live_chat", ("chat", "messag", "whatsapp", "sms", "social")),
    ("deferred", ("mail", "task", "ticket", "letter", "form", "case", "callback")),
)
SHRINKAGE = 0.30


@dataclass(frozen=True)
class PoolSeen:
    """A pool of the past.

    Attributes
    ----------
    key, name
        Name in the scenario, and in the history ("" where the history names no pool).
    discipline
        live_voice, live_chat, deferred or automated, judged by the name of the channel.
    aht_s
        Mean handle time, None where nobody measured it.
    shrinkage
        Measured share of scheduled time not on task, None where nobody measured it.
    """

    key: str
    name: str
    channel: str
    discipline: str
    contacts_per_week: float
    aht_s: float | None
    shrinkage: float | None
    hours_per_week: float = 0.0


def discipline_of(channel: str) -> str:
    """Judge a channel by its name; what sounds like nothing else is a phone."""
    lower = channel.lower()
    return next((kind for kind, words in _WORDS if any(word in lower for word in words)), "live_voice")


def shrinkage_guess(pool: PoolSeen) -> float:
    """Measured shrinkage, or the guess that stands for it."""
    return SHRINKAGE if pool.shrinkage is None else min(max(pool.shrinkage, 0.0), 0.9)


def pools_of(counts: Counts, shrinkage: dict[str, float]) -> tuple[PoolSeen, ...]:
    """Pools by channel; a channel whose contacts name no pool gets one of its own."""
    table = counts.table
    sums = table.groupby(["channel", "pool"])[["contacts", "handled", "work_s"]].sum().reset_index()
    named = sums[sums["pool"] != ""]
    whole = named.groupby("pool")["contacts"].transform("sum")
    named = named[named["contacts"] > _SECOND_CHANNEL * whole]
    several = named["pool"].value_counts()
    found = []
    for channel in table.groupby("channel")["contacts"].sum().sort_values(ascending=False, kind="stable").index:
        own = named[named["channel"] == channel]
        if own.empty:
            own = sums[sums["channel"] == channel].groupby("channel", as_index=False)[["contacts", "handled", "work_s"]]
            own = own.sum().assign(pool="")
        for row in own.to_dict("records"):
            name = str(row["pool"])
            key = f"{channel}_team" if not name else name if several[name] == 1 else f"{name}_{channel}"
            aht = float(row["work_s"]) / float(row["handled"]) if row["handled"] > 0 and row["work_s"] > 0 else None
            per_week = float(row["contacts"]) / counts.weeks
            kind = discipline_of(str(channel))
            found.append(PoolSeen(key[:80], name, str(channel), kind, per_week, aht, shrinkage.get(name)))
    return tuple(found)
