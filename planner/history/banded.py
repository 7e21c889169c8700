"""Contacts with their bands, in few and small columns: what every table of cells is counted from."""

from __future__ import annotations

import ibis

from planner.history.bands import OTHERS, Bands, covariate_bands, hour_band, minute, others_score, wait_band
from planner.history.engine import keep_coded, named_rows
from planner.history.history import History
from planner.history.staged import KIND_CODES, LABEL_CODES, STAGE_CODES

FIRST_MONDAY = -3
"""Day of the first Monday of week 0: 1970-01-01, from which days are counted, was a Thursday."""
_DAY_S = 86_400
_BANDED = "banded"


def banded_rows(
    history: History, stitched: ibis.Table, bands: Bands, covariates: tuple[str, ...], *, copied: bool
) -> ibis.Table:
    """Keep what cells are counted from.

    Columns: the labels `entry_reason, reason, channel, segment, pool, disposition, stage, later_kind` (none | redial |
    return | escalation), `abandoned, anonymous, censored` (true/false), `hour_band, wait_band, bin_<covariate>` (-1
    where missing), `week` (number of its Monday), `y, wait_s, handle_s`, the covariates and their normal scores
    `score_<covariate>`; and `invited` where history has it.

    Parameters
    ----------
    stitched
        As from `stitch_issues`, with the outcome `y`.
    copied
        Whether to keep the rows themselves (they are counted several times), or what to do to get them.
    """
    day = (stitched.started_at.epoch_seconds() // _DAY_S).cast("int64")
    further = {OTHERS: others_score(stitched, bands.weights, bands.middle)} if bands.weights else {}
    invited = ("invited",) if "invited" in stitched.columns and "invited" not in covariates else ()
    rows = stitched.select(
        *LABEL_CODES, "stage", "anonymous", "censored", "y", "wait_s", "handle_s", *covariates, *invited,
        later_kind=stitched.later_kind.fill_null("none"),
        abandoned=stitched.abandoned.fill_null(False),
        week=((day - FIRST_MONDAY) // 7).cast("int32"),
        minute=minute(stitched).cast("int16"),
        **further,
    )  # fmt: skip
    # With a name the minute is a column: the engine would otherwise work it out for every cut that it is compared with.
    rows = named_rows(history.connection, "unbanded", rows)
    bins = covariate_bands(rows, bands)
    found = rows.mutate(hour_band=hour_band(rows.minute, bands), wait_band=wait_band(rows, bands), **bins)
    codes = {**LABEL_CODES, "stage": STAGE_CODES, "later_kind": KIND_CODES}
    return keep_coded(history.connection, _BANDED, found.drop("minute", *further), codes, view=not copied)
