"""Whether the good end of each score is where it is declared to be: what resolution, waits and hand-overs say."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations

import ibis
import numpy as np
import pandas as pd

from planner.history.columns import COLUMNS, SCALES, Kind
from planner.history.mapping import Mapping

_SCORES = tuple(column.name for column in COLUMNS if column.kind is Kind.SCORE)
_GOOD = {"resolved": 1, "transferred": -1, "wait_s": -1, "later": -1}
"""What goes with a good contact (1) and with a bad one (-1): `later` is a further contact of the same issue."""
_WORDS = {"resolved": "resolved contacts", "transferred": "transfers", "wait_s": "the wait", "later": "repeat contacts"}
_CLEAR_Z = 4.0
_CLEAR_CORRELATION = 0.05


@dataclass(frozen=True, slots=True)
class _Tie:
    """Pooled correlation of two columns within reason and channel, and the number of contacts that have both."""

    correlation: float
    contacts: int
    z: float

    @property
    def clear(self) -> bool:
        """Say whether it is neither chance nor a trifle."""
        return abs(self.z) > _CLEAR_Z and abs(self.correlation) > _CLEAR_CORRELATION


def polarity_doubts(contacts: ibis.Table, declared: Mapping, absent: Collection[str] = ()) -> tuple[str, ...]:
    """Find scores whose declared good end contradicts the data, in words, with the numbers.

    A score is doubted if, within reason and channel, it is clearly tied the wrong way (z above 4 and a correlation
    above .05 in size) to resolved contacts, transfers, waits or, on stitched contacts, repeats, and to none of them the
    right way; or if two scores clearly run against each other. One GROUP BY, of contacts that have a score.

    Parameters
    ----------
    contacts
        Canonical contacts, or stitched ones, which also tell repeats.
    declared
        The mapping, for the scales and their good ends.
    absent
        Columns known to be empty, which need not be counted.
    """
    frame = _sums(contacts, absent)
    if frame is None:
        return ()
    signs = {name: -1 if name in declared.low_is_good else 1 for name in _SCORES}
    found, doubted = [], set()
    for name in _SCORES:
        ties = {other: tie for other in _GOOD if (tie := _tie(frame, name, other)) is not None and tie.clear}
        wrong = {other: tie for other, tie in ties.items() if tie.correlation * _GOOD[other] * signs[name] < 0}
        if wrong and len(wrong) == len(ties):
            found.append(_words(name, wrong, declared))
            doubted.add(name)
    for one, other in combinations(_SCORES, 2):
        tie = _tie(frame, one, other)
        if (
            tie is not None
            and tie.clear
            and tie.correlation * signs[one] * signs[other] < 0
            and not doubted & {one, other}
        ):
            found.append(
                f"{one} and {other} run against each other (correlation {tie.correlation:.2f} within reason and "
                f"channel, {tie.contacts:,} contacts with both): one of them has its good end on the other side; "
                f"{_declare('ces' if 'ces' in (one, other) else one, declared)}"
            )
    return tuple(found)


def _words(name: str, wrong: dict[str, _Tie], declared: Mapping) -> str:
    end = "low" if name in declared.low_is_good else "high"
    evidence = ", ".join(
        f"{'rises' if tie.correlation > 0 else 'falls'} with {_WORDS[other]} (correlation {tie.correlation:.2f} within "
        f"reason and channel, {tie.contacts:,} answers)"
        for other, tie in wrong.items()
    )
    advice = f"if the other end is the good one, {_declare(name, declared)}"
    return f"{name}: {end} is taken as good, but it {evidence}; {advice}"


def _declare(name: str, declared: Mapping) -> str:
    low, high = declared.scales.get(name, SCALES[name])
    if name == "nps":
        return "correct the export (NPS is high for promoters)"
    better = "high" if name in declared.low_is_good else "low"
    return f"declare `scales: {{{name}: {{low: {low:g}, high: {high:g}, better: {better}}}}}`"


def _sums(contacts: ibis.Table, absent: Collection[str]) -> pd.DataFrame | None:
    """Counts, sums and products per reason and channel, for every pair that is compared."""
    scores = [name for name in _SCORES if name not in absent]
    if not scores:
        return None
    scored = contacts.filter(ibis.or_(*[contacts[name].notnull() for name in scores]))
    partners = {name: _number(scored, name) for name in _GOOD if name in scored.columns and name not in absent}
    numbers = {name: scored[name].cast("float64") for name in scores} | partners
    pairs = [*combinations(scores, 2), *[(score, other) for score in scores for other in partners]]
    if not pairs:
        return None
    measures: dict[str, ibis.Value] = {}
    for one, other in pairs:
        both = numbers[one].notnull() & numbers[other].notnull()
        x, y = (ibis.ifelse(both, numbers[name], ibis.null("float64")) for name in (one, other))
        place = f"{one}_{other}"
        measures |= {f"n_{place}": x.count(), f"x_{place}": x.sum(), f"y_{place}": y.sum()}
        measures |= {f"xx_{place}": (x * x).sum(), f"yy_{place}": (y * y).sum(), f"xy_{place}": (x * y).sum()}
    topic = ibis.coalesce(scored.reason, scored.entry_reason, ibis.literal(""))
    grouped = scored.group_by(topic=topic, channel=scored.channel).aggregate(**measures)
    frame = grouped.order_by("topic", "channel").execute().fillna(0.0)
    return frame if len(frame) else None


def _number(rows: ibis.Table, name: str) -> ibis.Value:
    column = rows[name]
    if name == "wait_s":  # long tails: on the logarithmic scale a few waits do not decide
        return (column + 1.0).ln()
    told = column.cast("int64").cast("float64")
    return ibis.ifelse(rows.anonymous | rows.censored, ibis.null("float64"), told) if name == "later" else told


def _tie(frame: pd.DataFrame, one: str, other: str) -> _Tie | None:
    place = f"{one}_{other}"
    if f"n_{place}" not in frame:
        return None
    part = frame[frame[f"n_{place}"] > 1]
    n, x, y, xx, yy, xy = (part[f"{key}_{place}"].to_numpy(float) for key in ("n", "x", "y", "xx", "yy", "xy"))
    within = [float((product - a * b / n).sum()) for product, a, b in ((xy, x, y), (xx, x, x), (yy, y, y))]
    size = float(np.sqrt(max(within[1], 0.0) * max(within[2], 0.0)))
    freedom = float(n.sum()) - len(part)
    if freedom < 10 or size <= 1e-9 * float(n.sum()):
        return None
    correlation = float(np.clip(within[0] / size, -1.0, 1.0))
    return _Tie(correlation, int(n.sum()), correlation * float(np.sqrt(freedom)))
