"""What more answers in one reason and channel would do to the posterior that is really used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.experience.cells import Cells
from planner.experience.hierarchical import Array
from planner.experience.scores import CellFit
from planner.experience.targets import channel_targets, evaluate, population

_KEYS = ["reason", "channel"]
_MOST_ANSWERS = 1e9


@dataclass(frozen=True)
class Growth:
    """The posterior variance of one score as a function of answers added where the score is taken.

    With the effects' covariance V, the target's loading L and the rows Z of the groups k of customers in this reason
    and channel: S = Z V Z', c = Z V L', and with added weights d_k = 1/(s2/(n_k + m_k) + ex) - 1/(s2/n_k + ex),
    variance(m) = L V L' - c'(S + diag(1/d))^-1 c + rest (Woodbury). The m added answers fall on the groups in
    proportion to their contacts. Sds of effects and the coefficients of the response side are held as they are.

    Attributes
    ----------
    variance, rest
        L V L', and the share of cell misfit no answer narrows, points squared.
    covariance, load
        S and c, shapes (group, group) and (group,).
    answers, part
        n_k today, and the part of further answers that falls on each group, shape (group,).
    answer_variance, misfit
        s2 and ex, points squared.
    """

    variance: float
    rest: float
    covariance: Array
    load: Array
    answers: Array
    part: Array
    answer_variance: float
    misfit: float

    def sd(self, added: float) -> float:
        """Sd of the score once `added` answers more are in, points."""
        if added <= 0 or not len(self.part):
            return float(np.sqrt(self.variance + self.rest))
        gain = self._weight(self.answers + added * self.part) - self._weight(self.answers)
        known = gain > 0
        system = self.covariance[np.ix_(known, known)] + np.diag(1 / gain[known])
        learned = float(self.load[known] @ np.linalg.solve(system, self.load[known]))
        return float(np.sqrt(max(self.variance - learned, 0.0) + self.rest))

    def _weight(self, n: Array) -> Array:
        return np.where(n > 0, 1 / (self.answer_variance / np.where(n > 0, n, 1.0) + self.misfit), 0.0)

    def needed(self, goal_sd: float) -> float:
        """Answers to add until the sd is `goal_sd`, by bisection; 0 if it is there, inf if none are enough."""
        if self.sd(0.0) <= goal_sd:
            return 0.0
        if not self.sd(_MOST_ANSWERS) <= goal_sd:
            return float("inf")
        low, high = 0.0, 1.0
        while self.sd(high) > goal_sd:
            low, high = high, 4 * high
        while high - low > max(0.01 * high, 0.5):
            middle = (low + high) / 2
            low, high = (middle, high) if self.sd(middle) > goal_sd else (low, middle)
        return high


def growth_of_answers(fit: CellFit, first: Cells) -> tuple[pd.DataFrame, list[Growth]]:
    """Return `reason, channel, answers, sd` of every reason and channel, and how each sd falls with more answers.

    The score is that of all customers of the reason if served in the channel.
    """
    frame = first.frame[first.frame["contacts"] > 0]
    channels = pd.DataFrame({"to_channel": sorted(frame["channel"].unique())})
    rows = frame[["reason"]].drop_duplicates().sort_values("reason").merge(channels, how="cross")
    people = population(fit, first, ["reason"])
    post = evaluate(fit, channel_targets(fit, people, rows, ["reason"], first.pools_by_reason), len(rows))
    rows = rows.rename(columns={"to_channel": "channel"})
    there = frame.groupby(_KEYS)["answers"].sum().reindex(pd.MultiIndex.from_frame(rows)).fillna(0.0).to_numpy()
    total = fit.fit.covariance.mean(axis=0) + np.atleast_2d(np.cov(fit.fit.mean.T, bias=True))
    misfit = float(fit.fit.residual.mean())
    groups, design = fit.groups.groupby(_KEYS).indices, fit.design.matrix(fit.groups)
    curves = []
    for k, key in enumerate(rows.itertuples(index=False, name=None)):
        place = groups.get(key, np.zeros(0, dtype=np.intp))
        z, own = design[place], fit.groups.iloc[place]
        loaded = total @ post.loading[k]
        contacts = own["contacts"].to_numpy(float)
        curves.append(
            Growth(
                variance=float(post.loading[k] @ loaded),
                rest=misfit * float(post.residual_weight[k]),
                covariance=np.asarray(z @ (z @ total).T),
                load=np.asarray(z @ loaded),
                answers=own["answers"].to_numpy(float),
                part=contacts / max(contacts.sum(), 1e-12),
                answer_variance=fit.variance,
                misfit=misfit,
            )
        )
    return rows.assign(answers=there, sd=post.sd), curves
