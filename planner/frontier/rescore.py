"""Chosen plans scored again with customers that had no part in choosing them, and what that says of the choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.experience.model import ExperienceModel
from planner.frontier.shown import Shown
from planner.operation import rebuilt
from planner.operation.problem import FlowProblem
from solvers.flow.evaluate import Evaluation, evaluate
from solvers.flow.network import Floats

if TYPE_CHECKING:
    from planner.experience.results import SurveyMeans

Z90 = 1.6448536269514722
_DRAWS = 400


@dataclass(frozen=True)
class SecondLook:
    """What is known beside the scores plans were chosen with.

    `whole`: the model of all customers; `rescored`: that of the customers who had no part in choosing (None: there are
    none left); `survey`: what the survey says by itself (None: there is none).
    """

    whole: ExperienceModel
    rescored: ExperienceModel | None = None
    survey: SurveyMeans | None = None


def problem_with(problem: FlowProblem, experience: ExperienceModel) -> FlowProblem:
    """Draw up the same network with other scores.

    Raises
    ------
    ValueError
        The other model scores other cells, so that its network has other flows.
    """
    other = rebuilt(problem, problem.scenario, experience)
    mine, theirs = problem.network.flows, other.network.flows
    if not (np.array_equal(mine.node, theirs.node) and np.array_equal(mine.pool, theirs.pool)):
        raise ValueError("the two experience models score different cells; their plans cannot be compared")
    return other


def rescored_cx(shown: Sequence[Shown], experience: ExperienceModel) -> Floats:
    """CX of plans under another model's scores, shape (plan,)."""
    others: dict[int, FlowProblem] = {}
    found = []
    for view in shown:
        other = others.get(id(view.problem)) or problem_with(view.problem, experience)
        others[id(view.problem)] = other
        guess = view.evaluation.state
        promises = other.instance.promises
        found.append(evaluate(other.network, promises, view.decision, known_headroom=np.nan, guess=guess).cx)
    return np.array(found)


def optimism(gain: Floats, again: Floats, sd: float) -> dict[str, float]:
    """How much higher plans score over Today where they were chosen than where they were not.

    mean(gain − again) over the chosen plans, with the standard deviation that sampling alone gives it and its 90 %
    interval. If the scores of the choosing half are free of the winner's curse – posterior means under a right prior
    are – it is zero on average.

    Parameters
    ----------
    gain, again
        CX less Today's under the scores that chose and under the others, shape (plan,), points.
    sd
        Sampling standard deviation of the mean difference, from `sampling_sd`.
    """
    mean = float(np.mean(gain - again))
    return {"optimism": mean, "sd": sd, "lower": mean - Z90 * sd, "upper": mean + Z90 * sd}


def sampling_sd(problem: FlowProblem, other: FlowProblem, evaluations: Sequence[Evaluation], seed: int) -> float:
    """Sampling sd of mean(gain − gain again) over plans, points; the first evaluation is Today's.

    CX is linear in scores: with w = mean over plans of their score weights less Today's, the difference is
    w·(scores − scores again), and the halves are independent: sd² = Var(w·s) + Var(w·s again) under the posterior of
    each. The plans share their scores, so more plans do not make it smaller. The wait curves are taken as known.
    """
    weights = np.array([e.score_weight for e in evaluations])
    mean = weights[1:].mean(axis=0) - weights[0]
    low, high = problem.scenario.experience.scale
    variance = 0.0
    for one in (problem, other):
        draws = one.experience.draws(_DRAWS, seed, bias=False)  # the bias of both halves is one and cancels
        scores = np.clip(one.flow_scores(draws.scores.copy(), draws.move_scores), low, high)
        variance += float(np.var(np.nan_to_num(scores) @ mean))
    return float(np.sqrt(variance))


def add_gains(plans: pd.DataFrame, again: Floats | None) -> None:
    """Add `gain`, `cx_rescored` and `gain_rescored` to the table of plans, Today first; NaN where not scored again."""
    expected = plans["cx_expected"] if "cx_expected" in plans else plans["cx"]
    plans["gain"] = expected - expected.iloc[0]
    plans["cx_rescored"] = np.nan if again is None else again
    plans["gain_rescored"] = plans["cx_rescored"] - plans["cx_rescored"].iloc[0]


def optimism_words(found: Mapping[str, Any], plans: pd.DataFrame) -> str:
    """Say what the second look found, in two sentences."""
    chosen = plans[plans["origin"] != "today"]
    lead = (
        f"Plans were chosen with one half of the customers and scored again with the other: over Today they gain "
        f"{chosen['gain'].mean():+.3f} points on average where they were chosen and "
        f"{chosen['gain_rescored'].mean():+.3f} where they were not."
    )
    interval = f"{found['optimism']:+.3f} points (90% interval {found['lower']:+.3f} to {found['upper']:+.3f})"
    if found["lower"] > 0:
        return f"{lead} The choice flatters the plans by {interval}: read the second number."
    if found["upper"] < 0:
        return f"{lead} The second number is the higher one, by more than chance alone explains: {interval}."
    return f"{lead} The difference of {interval} cannot be told from chance."
