"""What a user would try first: naive means, regression standardization and inverse weighting, on rows of contacts.

All three see the same first contacts and the same covariates as the estimators of this project; frames in, tables
`reason, channel, mean, sd` out. `by` names the columns that stand for the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from planner.experience.rows.design import after_design, before_design, side_by_side
from planner.experience.rows.ridge import expit, fit_logit, fit_ridge, fit_softmax, softmax

LEAST_CHOICE, LEAST_RESPONSE = 0.01, 0.005
FEW = 30


def naive_means(frame: pd.DataFrame, covariates: Sequence[str], by: Sequence[str]) -> pd.DataFrame:
    """Plain mean of the known outcomes, sd / sqrt(n)."""
    groups = frame.groupby([*by, "channel"], observed=True)["y"]
    table = groups.agg(["mean", "std", "count"]).reset_index()
    return table.assign(sd=table["std"] / np.sqrt(table["count"]))[[*by, "channel", "mean", "sd"]]


def regression_means(frame: pd.DataFrame, covariates: Sequence[str], by: Sequence[str]) -> pd.DataFrame:
    """Regression standardization (g-computation): ridges per channel, averaged over all contacts of the reason.

    Where some are silent, their outcomes are first predicted from everything known before and after the contact. The
    sd is the usual shortcut, residual spread / sqrt(answers in the cell).
    """
    reason, segment, group, labels = _codes(frame, by)
    design = before_design(reason, segment, frame, covariates)
    y = frame["y"].to_numpy(float)
    known = np.isfinite(y)
    unit = float(y[known].std())
    wide = design if known.all() else side_by_side(design, after_design(frame))
    parts = []
    for channel in sorted(frame["channel"].unique()):
        users = (frame["channel"] == channel).to_numpy()
        answered = users & known
        if answered.sum() < FEW:
            continue
        middle = y[answered].mean()
        effect = fit_ridge(wide.matrix[answered], y[answered] - middle, wide.scale * unit)
        predicted = wide.matrix @ effect
        spread = np.sqrt(np.mean((y - middle - predicted)[answered] ** 2))
        if not known.all():
            effect = fit_ridge(design.matrix[users], predicted[users], design.scale * unit)
        predicted = middle + design.matrix @ effect
        count = np.bincount(group[answered], minlength=len(labels))
        mean = np.bincount(group, weights=predicted) / np.bincount(group)
        with np.errstate(divide="ignore"):
            sd = np.where(count > 0, spread / np.sqrt(count), np.nan)
        parts.append(labels.assign(channel=channel, mean=np.where(count > 0, mean, np.nan), sd=sd))
    return pd.concat(parts, ignore_index=True)


def weighted_means(frame: pd.DataFrame, covariates: Sequence[str], by: Sequence[str]) -> pd.DataFrame:
    """Inverse weighting by channel choice x response, self-normalized within the cell."""
    reason, segment, group, labels = _codes(frame, by)
    before = before_design(reason, segment, frame, covariates)
    known = frame["y"].notna().to_numpy()
    channel, names = pd.factorize(frame["channel"], sort=True)
    choice = softmax(before.matrix @ fit_softmax(before.matrix, channel, len(names), before.scale * 4))
    chance = np.maximum(choice[np.arange(len(frame)), channel], LEAST_CHOICE)
    if not known.all():
        chance = chance * _response(frame, before, channel, known)
    y = frame["y"].to_numpy(float)[known]
    w, cell = 1 / chance[known], (group * len(names) + channel)[known]
    size = len(labels) * len(names)
    total = np.bincount(cell, weights=w, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(cell, weights=w * y, minlength=size) / total
        sd = np.sqrt(np.bincount(cell, weights=w**2 * (y - mean[cell]) ** 2, minlength=size)) / total
    table = labels.merge(pd.DataFrame({"channel": names}), how="cross").assign(mean=mean, sd=sd)
    return table[table["sd"] > 0].reset_index(drop=True)


def _response(frame: pd.DataFrame, before: object, channel: np.ndarray, known: np.ndarray) -> np.ndarray:
    both = side_by_side(before, after_design(frame))
    out = np.ones(len(frame))
    for c in range(int(channel.max()) + 1):
        users = channel == c
        if known[users].all() or not known[users].any():
            continue
        rows = both.matrix[users]
        out[users] = np.maximum(expit(rows @ fit_logit(rows, known[users], both.scale * 2)), LEAST_RESPONSE)
    return out


def _codes(frame: pd.DataFrame, by: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]:
    """Codes of reason and segment, of the groups `by`, and the labels of the groups."""
    reason, segment = (pd.factorize(frame[name], sort=True)[0] for name in ("reason", "segment"))
    labels = frame[list(by)].drop_duplicates().sort_values(list(by), ignore_index=True)
    group = frame[list(by)].merge(labels.assign(group=np.arange(len(labels))), on=list(by), how="left")["group"]
    return reason, segment, group.to_numpy(), labels


PEERS = {
    "naive mean": naive_means,
    "regression standardization": regression_means,
    "inverse weighting": weighted_means,
}
