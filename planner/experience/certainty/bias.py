"""The bias nobody observes beside the sampling error: per row of the reading table, per move, and jointly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr

from planner.experience.cells import Cells
from planner.experience.certainty.refit import Loadings, Reading, Refit, coarse_cells, loadings, refit
from planner.experience.certainty.response import response_shift
from planner.experience.certainty.settings import BiasSettings
from planner.experience.certainty.terms import Terms, terms_of
from planner.experience.certainty.unseen import UnseenCause, unseen_cause
from planner.experience.estimated import Fits, Readings, readings
from planner.experience.hierarchical import Array
from planner.experience.moves import MOVE_KEYS
from planner.experience.targets import Z90
from planner.history.outcomes import OutcomeKind

ROW_KEYS = ["reason", "channel", "segment"]
OUTCOME_KEYS = ["reason", "segment", "channel", "pool", "stage"]
BIAS_COLUMNS = ["bias_response", "bias_unseen", "bias_sd"]


@dataclass(frozen=True)
class Bias:
    """Bias of every estimate as loadings on a few standard normal numbers, so that what is shared is shared.

    Attributes
    ----------
    table
        `reason, channel, segment, mean, bias_response, bias_unseen, bias_sd`, points. `bias_response`: how
        far the estimate would have to move if the content answer more often by the stated tilt (signed: down, for a
        level); `bias_unseen`: sd of what an
        unseen cause of channel choice could do; `bias_sd`: root of the sum of their squares.
    moves
        `reason` (as known when routed), `segment, from_channel, to_channel, effect, support` and the same three
        columns, for the effect of the move.
    factors
        Names of the normal numbers: `response`, then one per channel for the unseen cause.
    table_loading, move_loading
        Shapes (row of `table`, factor) and (row of `moves`, factor), points.
    outcomes
        Keys of the outcomes, `reason, segment, channel, pool, stage`; None where they were not asked for.
    outcome_loading, move_score_loading
        The same for the rows of `outcomes` and the final scores of `moves`; None where they were not asked for.
    scales
        How large the unseen cause is per pair of channels, see `UnseenCause.scales`.
    notes
        What was assumed, in words.
    """

    table: pd.DataFrame
    moves: pd.DataFrame
    factors: tuple[str, ...]
    table_loading: Array
    move_loading: Array
    outcomes: pd.DataFrame | None
    outcome_loading: Array | None
    move_score_loading: Array | None
    scales: pd.DataFrame
    notes: tuple[str, ...]


def bias_of(
    fits: Fits,
    moves: pd.DataFrame,
    outcomes: pd.DataFrame | None = None,
    settings: BiasSettings | None = None,
    read: Readings | None = None,
) -> Bias:
    """Work out what score-dependent response and an unseen cause of channel choice could do to every estimate.

    Var_total = sd^2 + bias_response^2 + bias_unseen^2 (points squared): the estimates are made again under tilted
    response (see `tilt_shift`) and without each known covariate (see `unseen_cause`).

    Parameters
    ----------
    moves
        `entry_reason, segment, from_channel, to_channel`, as from `estimated.move_rows`.
    outcomes
        `reason, segment, channel, pool, stage, n_contacts`: asks for the bias of final scores too. Rows with contacts
        of their own say what their own customers score: no unseen cause of the choice bears on them.
    read
        As from `readings(fits, moves)`, if it is known already.
    """
    settings = settings or BiasSettings()
    read = read or readings(fits, moves)
    table, effect, support = read.table, read.effect, read.support
    base = _base(fits, table, moves)
    shift = _masked(response_shift(fits, base, moves, outcomes, settings.response_tilt), table, effect)
    unseen = unseen_cause(fits, base, table, moves, support, settings)
    table_loading = _loading(shift.table, unseen.table)
    move_loading = _loading(shift.moves, unseen.moves)
    named = moves.rename(columns={"entry_reason": "reason"})[MOVE_KEYS].assign(effect=effect, support=support)
    return Bias(
        table=_with_columns(table[[*ROW_KEYS, "mean"]], table_loading),
        moves=_with_columns(named.reset_index(drop=True), move_loading),
        factors=("response", *unseen.channels),
        table_loading=np.nan_to_num(table_loading),
        move_loading=np.nan_to_num(move_loading),
        outcomes=None if outcomes is None else outcomes[OUTCOME_KEYS].reset_index(drop=True),
        outcome_loading=None if outcomes is None else _outcome_loading(shift, unseen, table, outcomes),
        move_score_loading=None if outcomes is None else np.nan_to_num(_loading(shift.move_scores, unseen.moves)),
        scales=unseen.scales,
        notes=(*unseen.notes, *_response_words(shift, settings, terms_of(fits.asked.kind, fits.asked.scale))),
    )


def _base(fits: Fits, table: pd.DataFrame, moves: pd.DataFrame) -> tuple[Refit, Loadings] | None:
    if fits.total is None:
        return None
    shares = fits.asked.kind is OutcomeKind.SHARE
    first = refit(coarse_cells(_all_known(fits.asked) if shares else fits.first), fits.total)
    return first, loadings(first, table, moves)


def _all_known(cells: Cells) -> Cells:
    """Keep the contacts whose outcome is known: of a share nobody has to answer for, they stand for the others.

    A shift of shares is worked out on their own scale, where it is nearly linear.
    """
    return replace(cells, frame=cells.frame.assign(contacts=cells.frame["answers"]))


def _masked(shift: Reading, table: pd.DataFrame, effect: Array) -> Reading:
    """Keep the shifts of what is estimated; NaN elsewhere."""
    known = np.isfinite(table["mean"].to_numpy(float))
    level = np.where(known, shift.table, np.nan) if len(shift.table) else np.full(len(table), np.nan)
    return replace(shift, table=level, moves=np.where(np.isfinite(effect), shift.moves, np.nan))


def _loading(response: Array, unseen: Array) -> Array:
    known = np.isfinite(response)[:, None]
    return np.asarray(np.where(known, np.concatenate([response[:, None], unseen], axis=1), np.nan))


def _with_columns(frame: pd.DataFrame, loading: Array) -> pd.DataFrame:
    unseen = np.sqrt((loading[:, 1:] ** 2).sum(axis=1))
    return frame.assign(bias_response=loading[:, 0], bias_unseen=unseen, bias_sd=np.sqrt((loading**2).sum(axis=1)))


def _outcome_loading(shift: Reading, unseen: UnseenCause, table: pd.DataFrame, outcomes: pd.DataFrame) -> Array:
    """Response bears on all; the unseen cause on rows without contacts of their own, as on the reading table."""
    place = pd.Series(np.arange(len(table)), index=pd.MultiIndex.from_frame(table[ROW_KEYS]))
    at = place.reindex(pd.MultiIndex.from_frame(outcomes[ROW_KEYS])).fillna(-1).to_numpy(int)
    borrowed = (outcomes["n_contacts"].to_numpy(float) <= 0) & (at >= 0)
    cause = np.where(borrowed[:, None], unseen.table[at], 0.0)
    return np.nan_to_num(_loading(shift.outcomes, cause))


def _response_words(shift: Reading, settings: BiasSettings, terms: Terms) -> tuple[str, ...]:
    found = shift.table[np.isfinite(shift.table)]
    if not found.any():
        return ()
    level = float(np.sqrt(np.mean(found**2)))
    moved = shift.moves[np.isfinite(shift.moves)]
    change = f" and the effects of moves by {terms.size(np.sqrt(np.mean(moved**2)))}" if len(moved) else ""
    return (
        f"should the content answer more or less often by {settings.response_tilt:g} logits per standard deviation of "
        f"the score, scores shift by {terms.size(level)}{change}",
    )


def total_intervals(frame: pd.DataFrame, bias: pd.DataFrame, *, mean: str) -> pd.DataFrame:
    """Put bias beside the sampling error of a table: `bias_response, bias_unseen, bias_sd, total_sd, lower_total, ...`.

    Rows are matched by label. A row whose estimate is not the one the bias was worked out for (it is stated, or read
    off another measure and widened for that already) has no bias of its own: NaN, and total_sd = sd. `certainty` says
    in words what the width comes from.

    Parameters
    ----------
    frame
        Keys, `sd` and the estimate `mean`, points.
    bias
        `Bias.table` or `Bias.moves`.
    mean
        Name of the column with the estimate: `mean` or `effect`.

    Returns
    -------
        `frame` with `bias_response, bias_unseen, bias_sd, total_sd, lower_total, upper_total` (points, 90 %) and
        `certainty`.
    """
    keys = ROW_KEYS if mean == "mean" else MOVE_KEYS
    found = bias.set_index(keys)[[mean, *BIAS_COLUMNS]].reindex(pd.MultiIndex.from_frame(frame[keys]))
    same = np.isclose(frame[mean].to_numpy(float), found[mean].to_numpy(float))
    columns = {name: np.where(same, found[name].to_numpy(float), np.nan) for name in BIAS_COLUMNS}
    return widened(frame.assign(**columns), mean=mean)


def widened(frame: pd.DataFrame, *, mean: str) -> pd.DataFrame:
    """Work out `total_sd, lower_total, upper_total, certainty` of a table with the estimate `mean`, `sd, bias_sd`."""
    value, sd, bias_sd = (frame[name].to_numpy(float) for name in (mean, "sd", "bias_sd"))
    total = np.hypot(sd, np.nan_to_num(bias_sd))
    words = np.select(
        [~np.isfinite(value), np.isnan(bias_sd), bias_sd > sd],
        ["no estimate", "stated or read off another measure: its sd stands as it is", _BIAS_DOMINATES],
        "mostly the number of answers: more answers narrow it",
    )
    return frame.assign(
        total_sd=total, lower_total=value - Z90 * total, upper_total=value + Z90 * total, certainty=words
    )


_BIAS_DOMINATES = "mostly what nobody observed: more answers do not narrow it, a randomized pilot does"


def gain_probability(moves: pd.DataFrame) -> Array:
    """P(effect > 0) of each move, bias included; NaN without an estimate. Needs `effect, total_sd`."""
    effect, sd = moves["effect"].to_numpy(float), moves["total_sd"].to_numpy(float)
    return np.asarray(ndtr(effect / np.maximum(sd, 1e-12)))
