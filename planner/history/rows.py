"""Rows of contacts for checks that need them: all of a small history, or every contact of some of its customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import pandas as pd

from planner.errors import HistoryError, Issue
from planner.history.engine import sha256
from planner.history.history import History
from planner.history.journeys import stitch_issues
from planner.history.mapping import did_you_mean
from planner.history.outcomes import OutcomeKind, outcome_named, outcome_value

_HEX = 16**8
_FIRST = ("first", "redialed")


@dataclass(frozen=True)
class ContactRows:
    """Served contacts that begin an issue, one row each.

    Attributes
    ----------
    frame
        `lot` (hash of the customer, or of the contact where nobody is known: text that sorts at random), `contact_id`,
        `reason, channel, segment, disposition` (None where missing), `later` (no | yes | unknown), `wait_s`, `hour`,
        `y` (the outcome, NaN where unknown) and the covariates; sorted by lot, whatever the order of the file.
    share
        Share of the customers that was drawn, in (0, 1].
    """

    frame: pd.DataFrame
    share: float


def contact_rows(
    history: History, *, outcome: str, covariates: Sequence[str], window_days: float, at_most: int, seed: int
) -> ContactRows:
    """Fetch about `at_most` contacts: all of them, or all contacts of customers drawn by a hash of their id.

    Raises
    ------
    HistoryError
        A covariate that is no numeric column of the history.
    """
    _refuse_unknown(history, covariates)
    stitched = stitch_issues(history, window_days)
    value = outcome_value(history, stitched, outcome)
    who = ibis.coalesce(stitched.customer_id, stitched.contact_id)
    rows = stitched.mutate(
        y=value,
        served=~stitched.abandoned.fill_null(False),
        lot=sha256(ibis.literal(f"{seed}:rows:") + who).substr(0, 16),
        reason=ibis.coalesce(stitched.reason, stitched.entry_reason),
        seen=ibis.cases(
            (stitched.anonymous | stitched.censored, "unknown"), (stitched.later.fill_null(False), "yes"), else_="no"
        ),
        hour=stitched.started_at.hour().cast("float64"),
    )
    rows = rows.filter(rows.served & rows.stage.isin(_FIRST))
    if outcome_named(history, outcome).kind is not OutcomeKind.SCORE:
        rows = rows.filter(rows.y.notnull())
    count = int(rows.count().execute())
    share = min(1.0, at_most / max(count, 1))
    if share < 1.0:
        rows = rows.filter(rows.lot.substr(0, 8) < f"{int(share * _HEX):08x}")
    names = ["lot", "contact_id", "reason", "channel", "segment", "disposition", "seen", "wait_s", "hour", "y"]
    frame = rows.select(*names, *covariates).order_by(["lot", "contact_id"]).execute()
    return ContactRows(frame.rename(columns={"seen": "later"}).reset_index(drop=True), share)


def _refuse_unknown(history: History, covariates: Sequence[str]) -> None:
    known = (*history.covariates, "value")
    issues = [
        Issue(
            history.quality.source,
            None,
            None,
            f"covariates.{name}",
            f"no numeric column {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}",
        )
        for name in covariates
        if name not in known
    ]
    if issues:
        raise HistoryError(issues)
