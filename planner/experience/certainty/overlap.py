"""Overlap: whether the people to be served somewhere are like those who were served there."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from planner.experience.cells import Cells
from planner.experience.model import Stage, Support

LEAST_EFFECTIVE = 20.0
THIN_PROPENSITY = 0.01
MOST_THIN = 0.2
OVERLAP_COLUMNS = ["people", "users", "n_effective", "share_thin", "share_extrapolated", "covariate", "verdict", "why"]
_REASON = ["reason", "segment"]


def overlap_of_moves(cells: Cells, moves: pd.DataFrame) -> pd.DataFrame:
    """Say for each move whether today's users of the old channel are found among the users of the new one.

    Parameters
    ----------
    cells
        All cells, or those of first contacts.
    moves
        `entry_reason` (or `reason`: as known when routed), `segment, from_channel, to_channel`.

    Returns
    -------
        `reason, segment, from_channel, to_channel` and, as explained at `overlap_of_cells`, `people, users,
        n_effective, share_thin, share_extrapolated, covariate, verdict, why`; rows as in `moves`.
    """
    label = "entry_reason" if "entry_reason" in moves else "reason"
    asked = moves.rename(columns={label: "reason"})[[*_REASON, "from_channel", "to_channel"]].reset_index(drop=True)
    frame = _first(cells).drop(columns="reason").rename(columns={"entry_reason": "reason"})
    return _diagnosed(frame, cells, asked, [*_REASON, "from_channel"])


def overlap_of_cells(cells: Cells) -> pd.DataFrame:
    """Say for each reason, segment and channel whether all customers of the reason are found among its users.

    Covariate by covariate (the model is additive in them), with the bins x of the target people and the users of the
    channel with the same reason and segment: e(x) = P(channel | reason, segment, x); users are reweighted to the mix of
    the target people, w(x) = people(x) / users(x).

    Returns
    -------
        `reason, segment, channel` and

        - `people`, `users`: contacts of the target people, and of the channel with this reason and segment;
        - `n_effective`: (sum w)^2 / sum w^2 over the users (Kish 1965), contacts;
        - `share_thin`: share of the people in bins with e < .01 or without any user (positivity);
        - `share_extrapolated`: share of the people in bins without any user;
        - `covariate`: the covariate for which share_thin, then n_effective, is worst; "" without covariates;
        - `verdict`: `none` without any user of the reason, `extrapolated` where n_effective < 20 or share_thin > .2,
          else `ok`; `why`: the same in words.
    """
    frame = _first(cells)
    types = frame[_REASON].drop_duplicates().sort_values(_REASON)
    asked = types.merge(pd.DataFrame({"to_channel": sorted(frame["channel"].unique())}), how="cross")
    return _diagnosed(frame, cells, asked, _REASON).rename(columns={"to_channel": "channel"})


def _first(cells: Cells) -> pd.DataFrame:
    frame = cells.frame
    return frame[frame["stage"].isin([Stage.FIRST.value, Stage.REDIALED.value]) & (frame["contacts"] > 0)]


def _diagnosed(frame: pd.DataFrame, cells: Cells, asked: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Diagnose each row of `asked`: people grouped `by`, sent to `to_channel`; the worst covariate counts."""
    parts = [_by_covariate(frame, asked, by, name) for name in cells.bins] or [_by_covariate(frame, asked, by, None)]
    every = pd.concat(parts, ignore_index=True)
    worst = every.sort_values(
        ["row", "share_thin", "n_effective", "covariate"], ascending=[True, False, True, True]
    ).drop_duplicates("row")
    out = asked.assign(row=np.arange(len(asked))).merge(worst, on="row", how="left", validate="one_to_one")
    reason_users = frame.groupby(["reason", "channel"])["contacts"].sum()
    any_user = reason_users.reindex(pd.MultiIndex.from_frame(out[["reason", "to_channel"]])).fillna(0.0).to_numpy() > 0
    bad = (out["n_effective"] < LEAST_EFFECTIVE) | (out["share_thin"] > MOST_THIN)
    verdict = np.where(bad, Support.EXTRAPOLATED.value, Support.OK.value)
    out["verdict"] = np.where(any_user, verdict, Support.NONE.value)
    out["why"] = [_words(row) for row in out.to_dict("records")]
    return out[[*asked.columns, *OVERLAP_COLUMNS]]


def _by_covariate(frame: pd.DataFrame, asked: pd.DataFrame, by: Sequence[str], name: str | None) -> pd.DataFrame:
    """Diagnose one covariate: a row per row of `asked`."""
    data = frame.assign(bin=0 if name is None else frame[name])
    renamed = data.rename(columns={"channel": "from_channel"}) if "from_channel" in by else data
    people = _contacts(renamed, [*by, "bin"], "target")
    every = _contacts(data, [*_REASON, "bin"], "all")
    used = _contacts(data, [*_REASON, "channel", "bin"], "served").rename(columns={"channel": "to_channel"})
    rows = asked.assign(row=np.arange(len(asked))).merge(people, on=list(by), how="left")
    rows = rows.merge(every, on=[*_REASON, "bin"], how="left")
    rows = rows.merge(used, on=[*_REASON, "to_channel", "bin"], how="left").fillna({"target": 0.0, "served": 0.0})
    empty = rows["served"] <= 0
    thin = empty | (rows["served"] < THIN_PROPENSITY * rows["all"])
    rows = rows.assign(
        thin=rows["target"].where(thin, 0.0), gone=rows["target"].where(empty, 0.0),
        weight=rows["target"].where(~empty, 0.0),
        square=np.where(empty, 0.0, rows["target"] ** 2 / rows["served"].where(~empty, 1.0)),
    )  # fmt: skip
    sums = rows.groupby("row", as_index=False)[["target", "thin", "gone", "weight", "square"]].sum()
    users = used.groupby([*_REASON, "to_channel"])["served"].sum()
    target = sums["target"].where(sums["target"] > 0, np.nan)
    return pd.DataFrame(
        {
            "row": sums["row"],
            "people": sums["target"],
            "users": users.reindex(pd.MultiIndex.from_frame(asked[[*_REASON, "to_channel"]])).fillna(0.0).to_numpy(),
            "n_effective": (sums["weight"] ** 2 / sums["square"].where(sums["square"] > 0, np.nan)).fillna(0.0),
            "share_thin": (sums["thin"] / target).fillna(1.0),
            "share_extrapolated": (sums["gone"] / target).fillna(1.0),
            "covariate": "" if name is None else name.removeprefix("bin_"),
        }
    )


def _contacts(frame: pd.DataFrame, keys: list[str], name: str) -> pd.DataFrame:
    return frame.groupby(keys)["contacts"].sum().rename(name).reset_index()


def _words(row: Mapping[Hashable, Any]) -> str:
    channel, by = row["to_channel"], f" (by {row['covariate']})" if row["covariate"] else ""
    if row["verdict"] == Support.NONE.value:
        return f"nobody with {row['reason']} was ever served in {channel}"
    if row["verdict"] == Support.OK.value:
        return f"{row['n_effective']:,.0f} comparable contacts in {channel}{by}"
    faults = []
    if row["n_effective"] < LEAST_EFFECTIVE:
        faults.append(f"only {row['n_effective']:.0f} comparable contacts in {channel}; at least 20 are needed")
    if row["share_thin"] > MOST_THIN:
        faults.append(f"{row['share_thin']:.0%} of these people are of a kind hardly ever served in {channel}")
    return "; ".join(faults) + by
