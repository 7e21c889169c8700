"""The check: cells where the estimates from cells and those from rows differ by more than chance allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from planner.experience.rows.means import MOST_ROWS, row_means
from planner.history import History

MOST_APART = 2.0
"""Joint standard errors beyond which two estimates of one cell count as different."""


def row_check(
    history: History,
    table_by_reason: pd.DataFrame,
    *,
    outcome: str,
    covariates: Sequence[str] = (),
    window_days: float = 7.0,
    seed: int = 0,
    at_most: int = MOST_ROWS,
    chance: pd.Series | None = None,
) -> pd.DataFrame:
    """Estimate every reason x channel mean a second time, from rows, and mark cells where the answers differ.

    Parameters
    ----------
    table_by_reason
        `reason, channel, mean, sd` of the default estimator: all customers of the reason served in the channel; with
        `segment, n_contacts` as well (`ExperienceModel.table`), segments are first put together (`over_segments`).
    at_most
        About so many contacts are read; of larger histories, those of customers drawn by a hash.
    chance
        As in `row_means`; to be given where the table has chance returns taken out of first-contact resolution.

    Returns
    -------
    DataFrame
        As from `compare_means`, in the order of `table_by_reason`; `attrs["notes"]` says what was left out.
    """
    found = row_means(
        history,
        outcome=outcome,
        covariates=covariates,
        window_days=window_days,
        seed=seed,
        at_most=at_most,
        chance=chance,
    )
    table = compare_means(over_segments(table_by_reason), found.table)
    table.attrs["notes"] = found.notes
    return table


def over_segments(table: pd.DataFrame) -> pd.DataFrame:
    """Means of a reason's customers in a channel from those of its segments, weighted by customers.

    Errors of one cell's segments are taken as the same error, which is nearly so (their effects are shared) and never
    too small: sd = sum w sd. A segment without an estimate leaves the mean to the others.

    Parameters
    ----------
    table
        `reason, channel, segment, mean, sd, n_contacts`; without `segment` it is returned as it is.
    """
    if "segment" not in table:
        return table
    people = table.groupby(["reason", "segment"])["n_contacts"].transform("sum")
    weight = people.where(table["mean"].notna() & table["sd"].notna(), 0.0)
    wide = table.assign(w=weight, a=weight * table["mean"].fillna(0.0), b=weight * table["sd"].fillna(0.0))
    sums = wide.groupby(["reason", "channel"], as_index=False)[["w", "a", "b", "n_contacts"]].sum()
    total = sums["w"].where(sums["w"] > 0)
    out = sums.assign(mean=sums["a"] / total, sd=sums["b"] / total)
    return out[["reason", "channel", "mean", "sd", "n_contacts"]]


def compare_means(cells: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Set two tables `reason, channel, mean, sd` side by side.

    The two estimates share their data. Were they independent, the variance of their difference would be
    sd^2 + sd_rows^2; were the better of them fully efficient, the difference of the two (Hausman 1978). The middle of
    these bounds is used, which is the larger of the two variances.

    Returns
    -------
    DataFrame
        `reason, channel, mean, mean_rows, sd, sd_rows, difference` (mean - mean_rows), `z, model_dependent`; NaN and
        False where either of them has no estimate.
    """
    keys = ["reason", "channel"]
    other = rows[[*keys, "mean", "sd"]].rename(columns={"mean": "mean_rows", "sd": "sd_rows"})
    table = cells[[*keys, "mean", "sd"]].merge(other, on=keys, how="left", validate="one_to_one")
    difference = table["mean"].to_numpy(float) - table["mean_rows"].to_numpy(float)
    joint = np.maximum(table["sd"].to_numpy(float), table["sd_rows"].to_numpy(float))
    z = difference / np.where(joint > 0, joint, np.nan)
    table = table.assign(difference=difference, z=z, model_dependent=np.abs(z) > MOST_APART)
    columns = [*keys, "mean", "mean_rows", "sd", "sd_rows", "difference", "z", "model_dependent"]
    return table[columns]
