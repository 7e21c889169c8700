"""Joint draws that hold the bias, and the experience model with the bias in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.certainty.bias import OUTCOME_KEYS, Bias, total_intervals
from planner.experience.hierarchical import Array
from planner.experience.model import ExperienceModel
from planner.experience.moves import MOVE_KEYS
from planner.experience.samplers import BiasSampler, bias_factors
from planner.experience.targets import Z90


@dataclass(frozen=True)
class BiasDraws:
    """Draws of the bias, points: the same draw of the unseen cause and of the response in every array.

    `table` shape (draw, row of `Bias.table`), `moves` shape (draw, row of `Bias.moves`); `outcomes` and `move_scores`
    as in `ExperienceDraws`, None where their bias was not asked for.
    """

    table: Array
    moves: Array
    outcomes: Array | None
    move_scores: Array | None


def bias_draws(bias: Bias, n: int, seed: int) -> BiasDraws:
    """Draw the bias `n` times: loadings times independent standard normal factors.

    One unseen cause and one response behavior stand behind a draw. So a move and its way back have opposite signs,
    moves into one channel go together, and the sum over many cells does not average the bias away.
    """
    xi = bias_factors(n, len(bias.factors), seed)
    return BiasDraws(
        table=xi @ bias.table_loading.T,
        moves=xi @ bias.move_loading.T,
        outcomes=None if bias.outcome_loading is None else xi @ bias.outcome_loading.T,
        move_scores=None if bias.move_score_loading is None else xi @ bias.move_score_loading.T,
    )


def with_bias(model: ExperienceModel, bias: Bias) -> ExperienceModel:
    """Return the model with bias columns in `table` and `moves`, notes in words, and draws that hold the bias.

    Stated rows, and those read off another measure, keep their own spread.

    Raises
    ------
    ValueError
        The bias was worked out without outcomes, or for other rows than those of the model.
    """
    if bias.outcomes is None:
        raise ValueError("the bias was worked out without the outcomes: call bias_of(fits, moves, outcomes)")
    for name, own, keys in (("outcomes", bias.outcomes, OUTCOME_KEYS), ("moves", bias.moves, MOVE_KEYS)):
        asked = getattr(model, name)[keys].reset_index(drop=True)
        if not asked.astype(str).equals(own[keys].astype(str)):
            raise ValueError(
                f"the bias was worked out for {len(own)} {name}, the model has {len(asked)} or in another order: "
                f"work it out for model.{name}"
            )
    moves = total_intervals(model.moves, bias.moves, mean="effect")
    return replace(
        model,
        table=total_intervals(model.table, bias.table, mean="mean"),
        reasons=_over_segments(model.reasons, model.table, bias),
        moves=moves,
        notes=tuple(dict.fromkeys([*model.notes, *bias.notes])),
        bias_sampler=_bias_sampler(model, bias, moves["bias_sd"].notna().to_numpy()),
    )


def _over_segments(reasons: pd.DataFrame, table: pd.DataFrame, bias: Bias) -> pd.DataFrame:
    """Put the bias of segments together by their share of a reason's contacts, as the means are."""
    if reasons.empty:
        return reasons
    people = table.groupby(["reason", "segment"])["n_contacts"].transform("sum").to_numpy(float)
    code, pairs = pd.factorize(pd.MultiIndex.from_frame(table[["reason", "channel"]]))
    loading, weight = np.zeros((len(pairs), len(bias.factors))), np.zeros(len(pairs))
    np.add.at(loading, code, people[:, None] * bias.table_loading)
    np.add.at(weight, code, people)
    sds = np.sqrt((loading**2).sum(axis=1)) / np.maximum(weight, 1e-12)
    own = pd.Series(sds, index=pairs).reindex(pd.MultiIndex.from_frame(reasons[["reason", "channel"]])).to_numpy(float)
    mean, sd = reasons["mean"].to_numpy(float), reasons["sd"].to_numpy(float)
    own = np.where(np.isfinite(mean), own, np.nan)
    total = np.hypot(sd, own)
    return reasons.assign(bias_sd=own, total_sd=total, lower_total=mean - Z90 * total, upper_total=mean + Z90 * total)


def _bias_sampler(model: ExperienceModel, bias: Bias, moved: NDArray[np.bool_]) -> BiasSampler:
    estimated = model.outcomes["source"].isin(["measured", "estimated"])
    # Scores of channels without a survey are read off resolution and widened for the selection of customers already.
    measured = (estimated & model.outcomes["channel"].isin(_surveyed(bias))).to_numpy()
    return BiasSampler(np.asarray(bias.outcome_loading), np.asarray(bias.move_score_loading), measured, moved)


def _surveyed(bias: Bias) -> list[str]:
    return sorted(bias.table.loc[bias.table["mean"].notna(), "channel"].unique())
