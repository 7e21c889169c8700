"""How many contacts issues take: as counted, and as the chain predicts; where they disagree the chain is too simple."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from planner.experience.journeys.absorbing import length_shares
from planner.experience.journeys.issue_chain import IssueChain


def length_table(counted: pd.DataFrame, chains: Mapping[str | None, IssueChain]) -> pd.DataFrame:
    """Compare shares of issues by number of contacts.

    Parameters
    ----------
    counted
        `reason, contacts, issues, still_open` as from `planner.history.issue_steps.issue_lengths`; the largest number
        of contacts stands for itself and more.

    Returns
    -------
    pandas.DataFrame
        `reason` (None: all), `contacts` (capped), `issues`, `still_open`, `share`, `predicted` (share by the chain).
        Empty where no issue can be counted, or no chain built because the history is too short for the silence.
    """
    if counted.empty or not chains:
        columns = ["reason", "contacts", "issues", "still_open", "share", "predicted"]
        return pd.DataFrame(columns=columns)
    most = int(counted["contacts"].max())
    frames = []
    for reason, chain in chains.items():
        mine = counted if reason is None else counted[counted["reason"] == reason]
        sums = mine.groupby("contacts")[["issues", "still_open"]].sum().reindex(range(1, most + 1), fill_value=0)
        total = max(float(sums["issues"].sum()), 1.0)
        frame = sums.reset_index()
        frame.insert(0, "reason", pd.Series([reason] * len(frame), dtype=object))
        frame["share"] = frame["issues"] / total
        frame["predicted"] = length_shares(chain.q, chain.starts, most)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def mean_contacts(table: pd.DataFrame) -> tuple[float, float]:
    """Return contacts per issue over all reasons, as counted and as predicted, both with the number capped alike."""
    rows = table[table["reason"].isna()]
    weights = rows["contacts"].to_numpy(float)
    return float(np.dot(weights, rows["share"])), float(np.dot(weights, rows["predicted"]))
