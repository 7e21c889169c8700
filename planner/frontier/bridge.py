"""From the mean a survey report shows to the CX of Today, step by step; the steps add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.operation.problem import FlowProblem
from solvers.flow.evaluate import Evaluation, score_points
from solvers.flow.network import Decision

if TYPE_CHECKING:
    from planner.experience.results import SurveyMeans

COLUMNS = ("step", "value", "change", "words")

WORDS: Mapping[str, str] = {
    "Survey mean": "The mean of every answer, as a survey report shows it; of a declared composite, of every contact "
    "it is known for.",
    "Only what is planned": "Answers after contacts nobody served, or of reasons, channels and segments outside the "
    "scenario, are left out.",
    "Per issue, not per contact": "An issue counts once, at its last contact: answers after contacts that were handed "
    "on or came back are left out.",
    "Past waits put back": "The points that the waits of the past cost, by the same wait curves as below: from here on "
    "nobody waits.",
    "Non-response": "All final contacts of the surveyed channels instead of those who answered, each with its "
    "estimated score; thin cells lean on their neighbors.",
    "Not asked, or stated": "Final contacts nobody is asked about, with scores read off resolution, and those whose "
    "score the scenario states.",
    "Mix of the planned time": "The mix of reasons, segments, channels, pools and returns of the planned time instead "
    "of that of the history.",
    "Waits as modeled": "The points that waiting costs with the people of Today.",
    "Customers not helped": "Those who are served, not helped and do not come back, at the score of giving up.",
    "Lost while waiting": "Those who abandon and do not try again, at the score of an abandoned contact.",
    "Effort": "The stated points per contact beyond the first of an issue.",
    "Other modeling": "What the steps above do not hold: rounding of the repeating week, well below what is shown.",
    "Half of the customers": "Plans are chosen with the scores of one half of the customers: Today's with that half "
    "less Today's with all.",
}
"""Steps in order -> what each one changes."""


@dataclass(frozen=True)
class _Sums:
    """Issues and score points of Today by how an issue ends: resolved, given up, lost while waiting."""

    resolved: float
    given_up: float
    gone: float
    scores: float
    waits_resolved: float
    waits_given_up: float
    extra_contacts: float


def bridge_table(
    survey: SurveyMeans | None, problem: FlowProblem, decision: Decision, today: Evaluation, shown_cx: float
) -> pd.DataFrame:
    """Return the way from the survey's mean to Today's CX: `step, value` (after the step) `, change, words`.

    Each value is a mean over a stated set of contacts or issues and each change the difference of two neighbors, so the
    changes add up to the last value, which is `shown_cx`. No rows without a survey.

    Parameters
    ----------
    problem, decision, today
        Today with the scores of all customers: network, decision and evaluation.
    shown_cx
        Today's CX on the axis (with the scores plans are chosen with).
    """
    if survey is None:
        return pd.DataFrame(columns=list(COLUMNS))
    value = [survey.reported, survey.planned, survey.final, survey.unwaited, survey.everyone, survey.everywhere]
    value += _modeled(problem, decision, today)
    value += [today.cx, shown_cx]
    values = np.array(value, dtype=float)
    for k in np.flatnonzero(~np.isfinite(values)):
        values[k] = values[k - 1]  # nothing to say: the step changes nothing
    change = np.diff(values, prepend=0.0)
    steps = list(WORDS)
    return pd.DataFrame({"step": steps, "value": values, "change": change, "words": [WORDS[s] for s in steps]})


def _modeled(problem: FlowProblem, decision: Decision, today: Evaluation) -> list[float]:
    """Means over Today's issues, one more kind of end or cost at a time, from final scores at zero wait to effort."""
    sums, network = _sums(problem, decision, today), problem.network
    issues = float(network.issues.sum())
    mix = sums.scores / sums.resolved
    waited = (sums.scores - sums.waits_resolved) / sums.resolved
    points = sums.scores - sums.waits_resolved + sums.given_up * network.score_given_up - sums.waits_given_up
    helped = points / (sums.resolved + sums.given_up)
    points += sums.gone * network.score_abandoned
    lost = points / (sums.resolved + sums.given_up + sums.gone)
    return [mix, waited, helped, lost, lost - network.effort * sums.extra_contacts / issues]


def _sums(problem: FlowProblem, decision: Decision, today: Evaluation) -> _Sums:
    network, state = problem.network, today.state
    flows, pools = network.flows, network.pools
    lost = state.lost[flows.pair]
    served = state.volume * (1 - lost)
    ending = served * (1 - flows.escalate)
    resolved = ending * flows.resolve
    given_up = ending * (1 - flows.resolve) * (1 - flows.comeback)
    gone = state.volume * lost * (1 - pools.redial[flows.pool])
    scores = resolved * np.nan_to_num(flows.score)
    # What the evaluator subtracts for waiting, per flow: its points less everything else they hold.
    points, _ = score_points(network, decision, state)
    rest = given_up * network.score_given_up + gone * network.score_abandoned - network.effort * state.volume
    waits = scores + rest - points
    share = np.divide(resolved, resolved + given_up, out=np.ones_like(resolved), where=resolved + given_up > 0)
    return _Sums(
        resolved=float(resolved.sum()),
        given_up=float(given_up.sum()),
        gone=float(gone.sum()),
        scores=float(scores.sum()),
        waits_resolved=float((waits * share).sum()),
        waits_given_up=float((waits * (1 - share)).sum()),
        extra_contacts=float(state.volume.sum() - network.issues.sum()),
    )


def bridge_words(bridge: pd.DataFrame, digits: int = 3) -> list[str]:
    """Say the way in lines, one per step that changes what is shown."""
    lines = []
    for k, row in enumerate(bridge.to_dict("records")):
        if k == 0 or abs(row["change"]) >= 0.5 * 10**-digits:
            number = f"{row['value']:.{digits}f}" if k == 0 else f"{row['change']:+.{digits}f}"
            lines.append(f"{number:>8}  {row['step']}: {row['words']}")
    if lines:
        lines.append(f"{float(bridge['value'].iloc[-1]):>8.{digits}f}  CX of Today, as on the axis.")
    return lines
