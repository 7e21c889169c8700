"""From a history to row-level doubly robust means, labeled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.experience.chance import looked_up
from planner.experience.rows.design import after_design, before_design
from planner.experience.rows.dr_eb import RowData, doubly_robust
from planner.history import History
from planner.history.outcomes import OutcomeKind, outcome_named
from planner.history.rows import contact_rows

MOST_ROWS = 200_000
_LEAST_KNOWN = 30
_COLUMNS = ("reason", "channel", "mean", "sd", "n_effective", "share_clipped")


@dataclass(frozen=True)
class RowMeans:
    """`table`: `reason, channel, mean, sd, n_effective, share_clipped`; `share`: of the customers that was used."""

    table: pd.DataFrame
    share: float
    notes: tuple[str, ...]


def row_means(
    history: History,
    *,
    outcome: str,
    covariates: Sequence[str] = (),
    window_days: float = 7.0,
    seed: int = 0,
    at_most: int = MOST_ROWS,
    chance: pd.Series | None = None,
) -> RowMeans:
    """Potential means per reason and channel from rows (`doubly_robust`), first contacts that were served.

    Parameters
    ----------
    at_most
        Above so many contacts only those of customers drawn by a hash of their id are used.
    chance
        Per reason as it turned out, the probability b that a contact is followed within the window by chance
        (`chance.chance_of_reasons`):
        first-contact resolution becomes seen / (1 - b). Left out: shares as seen.

    Raises
    ------
    HistoryError
        An outcome or a covariate the history does not have.
    """
    scored = outcome_named(history, outcome).kind is OutcomeKind.SCORE
    rows = contact_rows(
        history, outcome=outcome, covariates=covariates, window_days=window_days, at_most=at_most, seed=seed
    )
    frame, notes = rows.frame, []
    if rows.share < 1:
        notes.append(f"checked on {rows.share:.1%} of the customers ({len(frame):,} contacts)")
    if frame["reason"].isna().any():
        if frame["reason"].notna().any():
            notes.append(f"{frame['reason'].isna().mean():.1%} of the contacts have no reason: left out of the check")
            frame = frame[frame["reason"].notna()].reset_index(drop=True)
        else:
            frame = frame.assign(reason="unknown")
    if frame["y"].notna().sum() < _LEAST_KNOWN:
        notes.append(f"fewer than {_LEAST_KNOWN} contacts with a known {outcome}: nothing to check")
        return RowMeans(pd.DataFrame(columns=list(_COLUMNS)), rows.share, tuple(notes))
    table = _means_of(frame, covariates, scored=scored)
    if chance is not None and outcome == "fcr":
        factor = 1 / (1 - looked_up(table["reason"], chance))
        table = table.assign(mean=table["mean"] * factor, sd=table["sd"] * factor)
    return RowMeans(table, rows.share, tuple(notes))


def _means_of(frame: pd.DataFrame, covariates: Sequence[str], *, scored: bool) -> pd.DataFrame:
    reason, reasons = pd.factorize(frame["reason"], sort=True)
    channel, channels = pd.factorize(frame["channel"], sort=True)
    segment, _ = pd.factorize(frame["segment"].astype(object).where(frame["segment"].notna(), ""), sort=True)
    # The second hexadecimal digit of the second word of the hash: the first word decides who is drawn.
    fold = np.asarray([int(lot[9], 16) % 2 for lot in frame["lot"]], dtype=np.intp)
    data = RowData(
        reason=reason,
        channel=channel,
        y=frame["y"].to_numpy(float),
        before=before_design(reason, segment, frame, covariates),
        after=after_design(frame) if scored else None,
        fold=fold,
    )
    found = doubly_robust(data)
    labels = pd.MultiIndex.from_product([reasons, channels], names=["reason", "channel"]).to_frame(index=False)
    return labels.assign(
        mean=found.mean.ravel(),
        sd=found.sd.ravel(),
        n_effective=found.n_effective.ravel(),
        share_clipped=found.share_clipped.ravel(),
    )
