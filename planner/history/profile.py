"""One pass over all rows of a source: everything that the quality report and its checks count."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd

from planner.history.canonical import Plan
from planner.history.columns import COLUMNS, Kind
from planner.history.engine import count_if
from planner.history.fetched import labeled_frame

SCORES = tuple(column.name for column in COLUMNS if column.kind is Kind.SCORE)
SHORT_S, LONG_S = 2.0, 8 * 3600.0
_LOWEST, _HIGHEST = ("first", "low_", "kept_low_"), ("last", "high_", "kept_high_")


def profile_rows(plan: Plan, judged: ibis.Table) -> pd.DataFrame:
    """Count per channel: one row each, sorted by `channel`, `(none)` where it is missing.

    `rows_read`, and of the rows kept `rows_kept, abandoned, first, last, first_reason, last_reason` (in alphabetical
    order), `has_<column>` for every column the source has and a contact can lack, `unhandled` (served contacts without
    a handle time), `handled, short, long` handle times. Per score that the source has: `all_, low_, high_` over
    everything read, `out_` outside its scale; `has_, kept_low_, kept_high_` within it, of the rows kept.

    Parameters
    ----------
    judged
        All rows; with a column `good` where some are not (`faults.judged`).
    """
    good = judged.good if "good" in judged.columns else None
    abandoned = judged.abandoned.fill_null(False)
    reason = ibis.coalesce(judged.reason, judged.entry_reason)
    measures = {
        "rows_read": judged.count(),
        "rows_kept": judged.count(where=good),
        "abandoned": _number_of(abandoned, good),
        "first": judged.started_at.min(where=good),
        "last": judged.started_at.max(where=good),
        "first_reason": reason.min(where=good),
        "last_reason": reason.max(where=good),
        **{f"has_{name}": judged[name].count(where=good) for name in _counted(plan)},
        "has_customer_id": _number_of(judged.identified, good),
        "unhandled": _number_of(judged.handle_s.isnull() & ~abandoned, good),
        "handled": judged.handle_s.count(where=good),
        "short": _number_of(judged.handle_s < SHORT_S, good),
        "long": _number_of(judged.handle_s > LONG_S, good),
    }
    for name in (name for name in SCORES if name not in plan.absent):
        low, high = plan.scales[name]
        own = judged[name]
        measures |= {f"all_{name}": own.count(), f"low_{name}": own.min(), f"high_{name}": own.max()}
        measures |= {f"out_{name}": count_if((own < low) | (own > high))}
        kept = own.between(low, high) if good is None else own.between(low, high) & good
        measures |= {f"has_{name}": count_if(kept)}
        measures |= {f"kept_low_{name}": own.min(where=kept), f"kept_high_{name}": own.max(where=kept)}
    named = judged.group_by(channel=judged.channel.fill_null("(none)"))
    return labeled_frame(named.aggregate(**measures), ["channel"])


def _counted(plan: Plan) -> list[str]:
    """Columns in which values are counted; who is identified is told by a column of its own, which is cheaper."""
    known = (*plan.absent, "customer_id")
    return [column.name for column in COLUMNS if not column.required and column.name not in known]


def _number_of(condition: ibis.Value, good: ibis.Value | None) -> ibis.Value:
    return count_if(condition if good is None else condition & good)


def over_channels(profile: pd.DataFrame) -> pd.Series:
    """Put the channels of `profile_rows` together: sums, and the smallest and largest values, None without any."""
    found: dict[str, Any] = {}
    for name in profile.columns.drop("channel"):
        known = profile[name].dropna()
        if name.startswith(_LOWEST):
            found[name] = known.min() if len(known) else None
        elif name.startswith(_HIGHEST):
            found[name] = known.max() if len(known) else None
        else:
            found[name] = known.sum()
    return pd.Series(found, dtype=object)
