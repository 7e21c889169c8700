"""Steps of issues with the links that chance alone makes taken out, so that repeats are not counted twice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from planner.experience.journeys.absorbing import Floats
from planner.experience.journeys.late_links import Place
from planner.history.issue_steps import GOES_ON, MOST_ATTEMPTS, SUMS

_DAY_S = 86_400.0
_N = SUMS.index("contacts")
_GAP, _GAP_S = SUMS.index("n_gap"), SUMS.index("sum_gap_s")
_MOST_CHANCE = 0.95

_State = tuple[str, int]
_Way = tuple[str, str]
"""What follows: (channel, goes_on) or ("", end)."""
_Table = dict[_State, dict[_Way, Floats]]


def steps_without_chance(steps: pd.DataFrame, chance: Mapping[Place, float], *, silence_days: float) -> pd.DataFrame:
    """Take chance links out of counted steps.

    With b the chance of a link, P the share of a state that is linked on and p = (P - b)/(1 - b) the share that truly
    goes on, n (1 - p) b contacts end instead. They lead to the channels in which first contacts come, after
    silence_days/2 in the mean. Whoever was linked by chance began an issue of its own: in the second and later attempts
    such contacts are counted, with what follows them, among the first ones. Sums of waits, handle times and scores go
    with the contacts. Counts become fractions.

    Parameters
    ----------
    steps
        As from `planner.history.issue_steps.issue_steps`.
    chance
        (Reason, attempt) -> probability that a contact is linked on within the silence by chance
        (`late_links.chance_within`); 0 where left out.
    """
    apart = steps["anonymous"].astype(bool) | steps["censored"].astype(bool)
    known = steps[~apart].astype(dict.fromkeys(SUMS, float))
    parts = [steps[apart].astype(dict.fromkeys(SUMS, float))]
    for reason, part in known.groupby("reason", dropna=False, sort=True):
        name = None if pd.isna(reason) else str(reason)
        b = {k: float(chance.get((name or "", k), 0.0)) for k in range(1, MOST_ATTEMPTS + 1)}
        table = _without(_table(part), b, silence_days)
        parts.append(_frame(table, name))
    whole = pd.concat(parts, ignore_index=True)[list(steps.columns)]
    return whole.sort_values([*_KEYS, "anonymous", "censored"], ignore_index=True, na_position="last")


_KEYS = ["reason", "channel", "attempt", "next_channel", "then"]


def _table(steps: pd.DataFrame) -> _Table:
    table: _Table = {}
    labels = steps[["channel", "attempt", "next_channel", "then"]].itertuples(index=False, name=None)
    for (channel, attempt, following, then), sums in zip(labels, steps[list(SUMS)].to_numpy(float), strict=True):
        way = (str(following) if then == GOES_ON else "", str(then))
        ways = table.setdefault((str(channel), int(attempt)), {})
        ways[way] = ways.get(way, 0.0) + sums
    return table


def _without(table: _Table, b: dict[int, float], silence_days: float) -> _Table:
    first = {channel: _contacts(ways) for (channel, attempt), ways in table.items() if attempt == 1}
    total = sum(first.values())
    if max(b.values()) <= 0 or total <= 0:
        return table
    usual = {channel: n / total for channel, n in first.items()}
    kept: _Table = {}
    linked: dict[_State, float] = {}
    chance: dict[_State, float] = {}
    for (channel, attempt), ways in table.items():
        kept[channel, attempt], gone = _unlinked(ways, b[attempt], usual, silence_days)
        for (following, then), sums in ways.items():
            if then == GOES_ON:
                after = (following, min(attempt + 1, MOST_ATTEMPTS))
                linked[after] = linked.get(after, 0.0) + sums[_N]
                chance[after] = chance.get(after, 0.0) + gone.get(following, 0.0)
    most = {state: _share_on(ways) for state, ways in table.items()}
    return _first_again(kept, {state: min(chance[state] / n, _MOST_CHANCE) for state, n in linked.items()}, most)


def _unlinked(
    ways: dict[_Way, Floats], b: float, usual: dict[str, float], silence_days: float
) -> tuple[dict[_Way, Floats], dict[str, float]]:
    """Let a state's chance links end; returns its ways, and the contacts taken out by the channel they led to."""
    n = _contacts(ways)
    on = {following: sums[_N] for (following, then), sums in ways.items() if then == GOES_ON}
    ended = n - sum(on.values())
    linked = sum(on.values()) / n
    gone_total = n * (linked - max((linked - b) / (1 - b), 0.0))
    if ended <= 0 or gone_total <= 0:
        return dict(ways), {}
    gone = {name: min(on[name], gone_total * usual.get(name, 0.0)) for name in on}
    rest = {name: on[name] - gone[name] for name in on}
    short = (gone_total - sum(gone.values())) / max(sum(rest.values()), 1e-12)
    gone = {name: gone[name] + short * rest[name] for name in on}
    # Those linked by chance are like the others that ended: they take their mean sums along.
    profile = np.sum([sums for (_, then), sums in ways.items() if then != GOES_ON], axis=0) / ended
    out: dict[_Way, Floats] = {}
    for (following, then), sums in ways.items():
        if then != GOES_ON:
            out[following, then] = sums * (1 + gone_total / ended)
            continue
        taken = gone[following] * profile
        taken[_GAP], taken[_GAP_S] = gone[following], gone[following] * silence_days / 2 * _DAY_S
        out[following, then] = np.clip(sums - taken, 0.0, None)
    return out, gone


def _first_again(table: _Table, by_chance: dict[_State, float], most: dict[_State, float]) -> _Table:
    """Count the share of later contacts that came by chance among the first contacts of their channel.

    What is left may go on as often as was linked (`most`), never more often: where few customers call all the time,
    their contacts are no mixture of first and later ones.
    """
    out = dict(table)
    extra: dict[str, float] = {}
    for state in sorted(by_chance):
        channel = state[0]
        if state not in table or (channel, 1) not in table:
            continue
        own = table[channel, 1]
        moved = by_chance[state] * _contacts(table[state])
        scale = moved / _contacts(own)
        left = {way: np.clip(sums - scale * own.get(way, 0.0), 0.0, None) for way, sums in table[state].items()}
        remaining = _contacts(table[state]) - moved
        size = remaining / max(_contacts(left), 1e-12)
        plain = {way: sums * remaining / _contacts(table[state]) for way, sums in table[state].items()}
        pure, mixed = _share_on(left), _share_on(plain)
        weight = 1.0 if pure <= most[state] else (most[state] - mixed) / (pure - mixed)
        out[state] = {way: weight * size * left[way] + (1 - weight) * plain[way] for way in left}
        extra[channel] = extra.get(channel, 0.0) + scale
    for channel, scale in extra.items():
        out[channel, 1] = {way: sums * (1 + scale) for way, sums in table[channel, 1].items()}
    return out


def _share_on(ways: dict[_Way, Floats]) -> float:
    return float(sum(sums[_N] for (_, then), sums in ways.items() if then == GOES_ON)) / max(_contacts(ways), 1e-12)


def _contacts(ways: dict[_Way, Floats]) -> float:
    return float(sum(sums[_N] for sums in ways.values()))


def _frame(table: _Table, reason: str | None) -> pd.DataFrame:
    rows = [
        (reason, channel, attempt, following or None, then, False, False, *sums)
        for (channel, attempt), ways in table.items()
        for (following, then), sums in ways.items()
        if sums[_N] > 0
    ]
    columns = ["reason", "channel", "attempt", "next_channel", "then", "anonymous", "censored", *SUMS]
    return pd.DataFrame(rows, columns=columns)
