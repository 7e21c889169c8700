"""How many survey answers a decision about a reason and a channel needs, and how long they take."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from planner.experience.certainty.growth import growth_of_answers
from planner.experience.estimated import Fits
from planner.experience.hierarchical import Array
from planner.experience.scores import CellFit
from planner.experience.targets import Z90

ANSWER_COLUMNS = [
    "reason", "channel", "answers", "n_effective", "sd", "goal_sd", "answers_alone", "answers_pooled",
    "answers_more", "contacts_per_week", "response_rate", "weeks", "words",
]  # fmt: skip
_KEYS = ["reason", "channel"]


@dataclass(frozen=True, slots=True)
class AnswerGoal:
    """How well a score must be known: at least one of the two; the stricter counts.

    Attributes
    ----------
    half_width
        Half of the wanted 90 % interval, points.
    p_wrong
        Chance, in (0, .5), that the worse of two channels is taken for the better one of a reason, over reasons whose
        channels differ as those in the history do.
    """

    half_width: float | None = None
    p_wrong: float | None = None

    def __post_init__(self) -> None:
        if self.half_width is None and self.p_wrong is None:
            raise ValueError("say how well a score must be known: half_width (points) or p_wrong (ratio)")
        if self.half_width is not None and not self.half_width > 0:
            raise ValueError(f"half_width = {self.half_width}: must be above 0 points")
        if self.p_wrong is not None and not 0 < self.p_wrong < 0.5:
            raise ValueError(f"p_wrong = {self.p_wrong}: must lie between 0 and 0.5")

    def sd(self, tau: float) -> float:
        """Return the posterior sd of one score that meets the goal, points; see `sd_for_decision`."""
        width = np.inf if self.half_width is None else self.half_width / Z90
        wrong = np.inf if self.p_wrong is None else sd_for_decision(tau, self.p_wrong)
        return float(min(width, wrong))


def sd_for_decision(tau: float, p_wrong: float) -> float:
    """Posterior sd of each of two scores at which the worse is taken for the better with probability `p_wrong`.

    Both scores are drawn from one normal law with sd tau. The estimated and the true difference are jointly normal with
    correlation r = sqrt(1 - sd^2/tau^2) and disagree in sign with probability arccos(r)/pi (Sheppard 1899), so
    sd = tau sin(pi p_wrong).
    """
    return float(tau * np.sin(np.pi * p_wrong))


def answers_for_sd(goal_sd: Array, answer_sd: float, prior_sd: Array) -> Array:
    """Answers that bring the sd of a mean from `prior_sd` down to `goal_sd`: sigma^2 (1/goal^2 - 1/prior^2), or 0.

    Exact for normal answers however the prior came about: pooled cells have a smaller prior sd, so every answer they
    borrow is one they need not collect. `prior_sd` inf: no pooling. `goal_sd` NaN (a goal that cannot be met): inf.
    """
    safe = np.where(np.isfinite(goal_sd), goal_sd, 1.0)
    need = np.maximum(answer_sd**2 * (1 / safe**2 - 1 / prior_sd**2), 0.0)
    return np.where(np.isfinite(goal_sd), need, np.inf)


def answers_for_difference(difference: float, answer_sd: float, p_wrong: float) -> float:
    """Answers *per channel* that show which of two channels is better if they differ by `difference` points.

    Without pooling: P(wrong) = Phi(-difference / (sigma sqrt(2/n))), so n = 2 (sigma z / difference)^2.
    """
    return float(2 * (answer_sd * ndtri(1 - p_wrong) / difference) ** 2)


def answers_needed(
    fits: Fits, goal: AnswerGoal, weekly: pd.DataFrame | None = None, bias: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Say for each reason and channel how many answers are missing to the goal, and how long they take.

    Parameters
    ----------
    weekly
        As from `weekly_volumes(cells, weeks, label="reason")`; without it no weeks are given (NaN).
    bias
        `Bias.table`: what an unseen cause could do (mean square of `bias_unseen` over segments) is part of the width
        wanted, and answers do not narrow it. What score-dependent response shifts in all channels alike is left out:
        it hardly bears on a choice between them.

    Returns
    -------
        `reason, channel` and

        - `answers`: those there; `n_effective`: what they are worth together with all that is borrowed from other
          cells, sigma^2/sd^2;
        - `sd`, `goal_sd`: of the score today and as wanted (sampling alone), points; goal_sd NaN where bias alone is
          too much;
        - `answers_alone`: in all, if the cell borrowed nothing and everybody were asked at random: sigma^2/goal^2;
          `answers_pooled`: the same if it starts from the spread tau of today's reason x channel effects;
        - `answers_more`: missing today in the model really used, where answers are reweighted to all customers of the
          reason and part of the error is shared with other cells (see `growth.Growth`); inf where no number is enough;
        - `contacts_per_week, response_rate, weeks`: what a week brings, and the weeks to get there;
        - `words`.

    Raises
    ------
    ValueError
        No score was fitted.
    """
    if fits.total is None:
        raise ValueError("no score was estimated from answers: the number of answers cannot be planned from history")
    rows, curves = growth_of_answers(fits.total, fits.first)
    sigma = float(np.sqrt(fits.total.variance))
    tau = prior_spread(fits.total)
    wanted = np.full(len(rows), goal.sd(tau))
    square = wanted**2 - _bias_square(rows, bias)
    goal_sd = np.sqrt(np.where(square > 0, square, np.nan))
    more = [curve.needed(sd) if np.isfinite(sd) else np.inf for curve, sd in zip(curves, goal_sd, strict=True)]
    rows = rows.assign(
        n_effective=fits.total.variance / np.maximum(rows["sd"], 1e-9) ** 2,
        goal_sd=goal_sd,
        answers_alone=answers_for_sd(goal_sd, sigma, np.full(len(rows), np.inf)),
        answers_pooled=answers_for_sd(goal_sd, sigma, np.full(len(rows), tau)),
        answers_more=np.asarray(more, float),
    )
    out = _timed(rows, weekly)
    out["words"] = [_words(row, goal) for row in out.to_dict("records")]
    return out[ANSWER_COLUMNS]


def prior_spread(fit: CellFit) -> float:
    """Sd of the fitted reason x channel effects, points; of the channels where reasons are not told apart."""
    names = list(fit.fit.names)
    for name in ("reason:channel", "channel"):
        if name in names:
            return float(np.exp(fit.fit.log_variance[names.index(name)] / 2))
    return float("inf")


def _bias_square(rows: pd.DataFrame, bias: pd.DataFrame | None) -> Array:
    if bias is None:
        return np.zeros(len(rows))
    mean = (bias.assign(square=bias["bias_unseen"] ** 2)).groupby(_KEYS)["square"].mean()
    return np.asarray(mean.reindex(pd.MultiIndex.from_frame(rows[_KEYS])).fillna(0.0).to_numpy(float))


def _timed(rows: pd.DataFrame, weekly: pd.DataFrame | None) -> pd.DataFrame:
    if weekly is None:
        return rows.assign(contacts_per_week=np.nan, response_rate=np.nan, weeks=np.nan)
    sums = weekly.assign(answers=weekly["contacts_per_week"] * weekly["response_rate"])
    sums = sums.groupby(_KEYS)[["contacts_per_week", "answers"]].sum()
    found = sums.reindex(pd.MultiIndex.from_frame(rows[_KEYS])).fillna(0.0)
    contacts, answers = found["contacts_per_week"].to_numpy(float), found["answers"].to_numpy(float)
    more = rows["answers_more"].to_numpy(float)
    rate = np.where(contacts > 0, answers / np.where(contacts > 0, contacts, 1.0), np.nan)
    weeks = np.where(more <= 0, 0.0, np.where(answers > 0, more / np.where(answers > 0, answers, 1.0), np.inf))
    return rows.assign(contacts_per_week=contacts, response_rate=rate, weeks=weeks)


def _words(row: Mapping[Hashable, Any], goal: AnswerGoal) -> str:
    more, weeks = row["answers_more"], row["weeks"]
    aims = [f"+/- {goal.half_width:g} points"] if goal.half_width is not None else []
    aims += [f"at most {goal.p_wrong:.0%} wrong choices"] if goal.p_wrong is not None else []
    aim = " and ".join(aims)
    here = f"{row['reason']} in {row['channel']}: {row['answers']:,.0f} answers"
    if more <= 0:
        return f"{here}, enough for {aim}"
    if not np.isfinite(more):
        return (
            f"{here}; no number of answers gives {aim}: what nobody observed or the model misses is more; run a pilot"
        )
    need = f"{here}; about {np.ceil(more):,.0f} more are needed for {aim}"
    if np.isnan(weeks):
        return need
    return f"{need}, {np.ceil(weeks):,.0f} weeks at today's volume" if np.isfinite(weeks) else f"{need}; none come in"
