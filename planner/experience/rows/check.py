"""The check: where do the estimates from cells and those from rows disagree by more than chance allows?"""

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
) -> pd.DataFrame:
    """Estimate every reason x channel mean a second time, from rows, and mark cells where the answers differ.

    Parameters
    ----------
    table_by_reason
        `reason, channel, mean, sd` of the default estimator: all customers of the reason served in the channel.
    at_most
        About so many contacts are read; of larger histories, those of customers drawn by a hash.

    Returns
    -------
    DataFrame
        As from `compare_means`, in the order of `table_by_reason`; `attrs["notes"]` says what was left out.
    """
    found = row_means(
        history, outcome=outcome, covariates=covariates, window_days=window_days, seed=seed, at_most=at_most
    )
    table = compare_means(table_by_reason, found.table)
    table.attrs["notes"] = found.notes
    return table


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
    difference = table["mean"].astype(float) - table["mean_rows"].astype(float)
    joint = np.maximum(table["sd"].to_numpy(float), table["sd_rows"].to_numpy(float))
    z = difference / np.where(joint > 0, joint, np.nan)
    table = table.assign(difference=difference, z=z, model_dependent=(z.abs() > MOST_APART).to_numpy(bool))
    columns = [*keys, "mean", "mean_rows", "sd", "sd_rows", "difference", "z", "model_dependent"]
    return table[columns]
