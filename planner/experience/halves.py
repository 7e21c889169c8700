"""Two experience models of one history: plans are chosen with one half of the customers, scored again with the other.

The largest of several estimates is too large on average, because it is the largest partly by luck (winner's curse;
Thaler 1988, Smith & Winkler 2006). A second estimate from other customers does not share that luck, so the plans
chosen with the first score without bias under the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from planner.experience.certainty.bias import widened
from planner.experience.fit import model_for
from planner.experience.hierarchical import Array
from planner.experience.model import ExperienceDraws, ExperienceModel, Support
from planner.experience.results import HalvedModels
from planner.experience.waits import FLAT_WAIT_S
from planner.heap import give_back
from planner.history import History
from planner.history.halves import customer_halves
from planner.scenario import Scenario
from planner.scenario.scenario import Rescore

LEAST_PER_PAIR = 60.0
"""Answers each half needs per reason and channel with a survey, on average.

The best of many choices with true effects of sd t, taken by estimates of sd s, earns t/sqrt(t² + s²) of what perfect
knowledge would. Half the answers double s². With 60 answers of sd 1.2 on either side of a choice in each half and
effects of sd 0.3 points, choosing earns .81 instead of .89: a tenth of the gain is the price of an honest number. With
fewer answers the price rises, and plans are chosen with all of them.
"""
_OUTCOME_KEYS = ("reason", "segment", "channel", "pool", "stage")
_MOVE_KEYS = ("reason", "segment", "from_channel", "to_channel")


def halved_models(scenario: Scenario, history: History | None, whole: ExperienceModel, *, seed: int) -> HalvedModels:
    """Estimate scores twice, from two halves of the customers.

    Scores, scores of those who move and wait curves come from a half. What is counted over all contacts – demand,
    handle times, escalations, returns, patience –, what is stated, which cells have support and the bias nobody
    observed stay those of `whole`: load and staffing are the same in both models, and their difference is scores alone.

    Parameters
    ----------
    history
        None: everything is stated, and there is nothing to choose by luck.
    whole
        The model of all customers, from `model_for` with the same history.
    """
    if history is None or scenario.experience.rescore is Rescore.NONE:
        return HalvedModels(whole, None)
    answers, least = float(whole.quality.get("answers", 0.0)), 2 * LEAST_PER_PAIR * max(_surveyed_pairs(whole.table), 1)
    if answers < least:
        note = (
            f"{answers:,.0f} answers are too few for two halves ({least:,.0f} are needed): plans are chosen and scored "
            "with all of them, and their gain over Today is somewhat too high"
        )
        return HalvedModels(whole, None, note)
    give_back()  # what the whole model has left: the engine needs room again
    parts = customer_halves(history, window_days=scenario.experience.window_days, seed=seed)
    first, second = (_model_of(scenario, part, seed) for part in parts)
    counts = [float(model.quality.get("answers", 0.0)) for model in (first, second)]
    note = (
        f"plans were chosen with the scores of one half of the customers ({counts[0]:,.0f} answers) and scored again "
        f"with those of the other half ({counts[1]:,.0f} answers)"
    )
    return HalvedModels(with_scores_of(whole, first), with_scores_of(whole, second), note)


def _model_of(scenario: Scenario, part: History, seed: int) -> ExperienceModel:
    give_back()  # what the model before has left, or both would have to find room
    return model_for(scenario, part, seed=seed, bias=False)


def _surveyed_pairs(table: pd.DataFrame) -> int:
    measured = table[table["support"].isin([Support.OK.value, Support.SPARSE.value])]
    return len(measured[["reason", "channel"]].drop_duplicates())


def with_scores_of(whole: ExperienceModel, half: ExperienceModel) -> ExperienceModel:
    """Return `whole` with the scores, movers' scores and wait curves of `half` wherever both know them.

    A cell that the half cannot score keeps the score of the whole. What nobody observed could do to a score is that of
    the whole, in the tables and in the draws: it does not depend on who happens to be in which half.
    """
    outcomes, rows = _taken(whole.outcomes, half.outcomes, _OUTCOME_KEYS, ("score", "score_sd"))
    moves, moved = _taken(whole.moves, half.moves, _MOVE_KEYS, ("score", "effect", "sd", "lower", "upper"))

    if "bias_sd" in moves:
        moves = widened(moves, mean="effect")

    def draw(n: int, seed: int) -> ExperienceDraws:
        own, other = whole.draws(n, seed, bias=False), half.draws(n, seed, bias=False)
        return ExperienceDraws(
            scores=np.where(rows >= 0, other.scores[:, rows], own.scores),
            move_scores=np.where(moved >= 0, other.move_scores[:, moved], own.move_scores),
        )

    curve = _curves(whole.wait_curve, half.wait_curve)
    return replace(whole, outcomes=outcomes, moves=moves, wait_curve=curve, sampler=draw)


def _taken(
    whole: pd.DataFrame, half: pd.DataFrame, keys: Sequence[str], columns: Sequence[str]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Take columns from the half where both have the first of them; and the row of the half taken, -1 for none."""
    place = half[list(keys)].assign(row=np.arange(len(half)))
    row = whole[list(keys)].merge(place, on=list(keys), how="left", validate="one_to_one")["row"]
    at: np.ndarray = row.fillna(-1).to_numpy(np.int64)
    both = (at >= 0) & np.isfinite(whole[columns[0]].to_numpy(float))
    both[both] = np.isfinite(half[columns[0]].to_numpy(float)[at[both]])
    out = whole.reset_index(drop=True)
    for name in columns:
        value: Array = out[name].to_numpy(float).copy()
        value[both] = half[name].to_numpy(float)[at[both]]
        out[name] = value
    return out, np.where(both, at, -1)


def _curves(whole: pd.DataFrame, half: pd.DataFrame) -> pd.DataFrame:
    """Wait curves of the half for every channel in which it could measure one."""
    measured = set(half.loc[~half["wait_s"].isin([0.0, FLAT_WAIT_S]), "channel"])
    parts = [whole[~whole["channel"].isin(measured)], half[half["channel"].isin(measured)]]
    return pd.concat(parts, ignore_index=True)
