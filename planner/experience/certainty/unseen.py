"""What an unseen cause of channel choice would do, judged by the known cause that matters most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.cells import AFTER, KEYS, OTHERS, Cells
from planner.experience.certainty.refit import Loadings, Refit, loadings, refit
from planner.experience.certainty.response import score_sd
from planner.experience.certainty.settings import BiasSettings
from planner.experience.certainty.terms import Terms, terms_of
from planner.experience.estimated import Fits, Labels
from planner.experience.hierarchical import Array
from planner.experience.model import Support

_POOLED_ROWS = 4.0
_UNADJUSTED_SD = 0.18
_PAIR = ["from_channel", "to_channel"]


@dataclass(frozen=True)
class UnseenCause:
    """Loadings of the bias of an unseen cause on one standard normal number per channel.

    The unseen cause has mean xi_c among the users of channel c. Whoever is moved from a to c is not like the users of
    c, whose answers stand in for him: the bias of the move is proportional to xi_c - xi_a. It turns its sign on the
    way back, and two moves into one channel share part of it. All customers of a reason served in c miss by
    xi_c - sum_a share_a xi_a: little where most are served there already.

    Attributes
    ----------
    channels
        Names of the channels, shape (channel,).
    moves, table
        Shapes (move, channel) and (row of the reading table, channel), points per unit of xi.
    strongest
        The known covariate it is judged by; "" where there is none.
    scales
        `from_channel, to_channel, shift, moves, bias_sd`: root mean square shift without the strongest covariate,
        the number of moves it was seen in, and the sd of the bias of a move, points.
    notes
        In words, where the size comes from.
    """

    channels: tuple[str, ...]
    moves: Array
    table: Array
    strongest: str
    scales: pd.DataFrame
    notes: tuple[str, ...]


def without_covariate(cells: Cells, name: str) -> Cells:
    """Forget a covariate: its bins are summed over, and those it shares with others.

    Raises
    ------
    ValueError
        The cells do not know the covariate.
    """
    if name not in cells.covariates:
        raise ValueError(f"covariate {name!r} is not in the cells; known: {', '.join(cells.covariates) or 'none'}")
    rest = tuple(covariate for covariate in cells.covariates if covariate != name)
    own = f"bin_{name}" if f"bin_{name}" in cells.frame else f"bin_{OTHERS}"
    keys = [*KEYS, *AFTER, *(bins for bins in cells.bins if bins != own)]
    fewer = replace(cells, covariates=rest, by_hour=None, asked=None)
    return replace(fewer, frame=fewer.summed(keys))


@dataclass(frozen=True)
class _Shift:
    """The shifts of the reading table and of the moves without a covariate, points; NaN where there is no estimate."""

    name: str
    table: Array
    moves: Array


def unseen_cause(
    fits: Fits,
    base: tuple[Refit, Loadings] | None,
    table: pd.DataFrame,
    moves: pd.DataFrame,
    support: Labels,
    settings: BiasSettings,
) -> UnseenCause:
    """Judge the bias of an unseen cause by the shift that leaving out the strongest known covariate makes.

    Sizes are root mean squares over the well supported moves of a channel pair, pooled with those of all pairs (with
    the weight of 4 moves), so that a single noisy shift counts for little. They are never below the root mean square
    of all pairs: channels which the known cause does not tell apart may be told apart by an unseen one. Nor are they
    below what is stated or, where nothing is, what known causes leave of the bias unadjusted moves have on average.

    Parameters
    ----------
    base
        The scores of first contacts on coarse cells, and what the estimates load on; None where there are none.
    table
        The reading table of the fits.
    moves
        `entry_reason, segment, from_channel, to_channel`.
    support
        Support flag of each move.
    """
    channels = tuple(sorted(set(table["channel"]) | set(moves["from_channel"]) | set(moves["to_channel"])))
    known = np.isfinite(table["mean"].to_numpy(float)), np.asarray(support) != Support.NONE.value
    shift = _strongest_shift(base, table, moves, known)
    strongest = shift.name
    pattern, rows = _move_pattern(moves, channels), _table_pattern(table, channels)
    seen = _well_seen(support, shift.moves)
    seen_shift = np.where(seen, shift.moves, np.nan)
    removed = float(np.sqrt(np.mean(shift.moves[seen] ** 2))) if seen.any() else 0.0
    least = settings.unseen_bias_sd or _left_over(_UNADJUSTED_SD * score_sd(fits.asked), removed)
    sizes, own = np.full(len(moves), least), np.full(len(table), least)
    if strongest != "":
        pooled = _pooled(moves[_PAIR], seen_shift, np.ones(len(moves)))
        sizes = np.maximum(sizes, settings.unseen_multiple * pooled)
        level = _pooled(table[["channel"]], shift.table, np.linalg.norm(rows, axis=1))
        own = np.maximum(own, settings.unseen_multiple * level)
    scales = _scale_table(moves, seen_shift, sizes)
    terms = terms_of(fits.asked.kind, fits.asked.scale)
    notes = (_words(strongest, removed, least, settings, sizes, terms),) if known[1].any() else ()
    return UnseenCause(channels, pattern * sizes[:, None], rows * own[:, None], strongest, scales, notes)


def _left_over(unadjusted: float, removed: float) -> float:
    """Sd of the bias that is left of what unadjusted moves have on average once known causes remove a part of it.

    sqrt(unadjusted² − removed²), points: a known cause that removes next to nothing says nothing about unseen ones, and
    moves are as far off as with nothing known.
    """
    return float(np.sqrt(max(0.0, unadjusted**2 - removed**2)))


def _strongest_shift(
    base: tuple[Refit, Loadings] | None,
    table: pd.DataFrame,
    moves: pd.DataFrame,
    known: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> _Shift:
    """Return the covariate whose absence moves the effects most (root mean square), and its shifts."""
    nothing = _Shift("", np.full(len(table), np.nan), np.full(len(moves), np.nan))
    if base is None:
        return nothing
    first, loading = base
    best, most = nothing, -1.0
    for name in first.cells.covariates:
        other = refit(without_covariate(first.cells, name), first)
        own = loadings(other, table, moves)
        level = loading.table_mean(first.scores.fit) - own.table_mean(other.scores.fit)
        effects = loading.effects(first.scores.fit) - own.effects(other.scores.fit)
        level, effects = np.where(known[0], level, np.nan), np.where(known[1], effects, np.nan)
        finite = effects[np.isfinite(effects)]
        size = float(np.sqrt(np.mean(finite**2))) if len(finite) else 0.0
        if size > most:
            best, most = _Shift(name, level, effects), size
    return best


def _well_seen(support: Labels, shift: Array) -> NDArray[np.bool_]:
    """Say which moves tell the size of a shift: those with support ok, or all with an estimate if there is none."""
    finite = np.isfinite(shift)
    good = finite & (np.asarray(support) == Support.OK.value)
    return good if good.any() else finite


def _move_pattern(moves: pd.DataFrame, channels: Sequence[str]) -> Array:
    """(xi_to - xi_from) / sqrt 2: sd 1 for each move, shape (move, channel)."""
    index = pd.Index(channels)
    out = np.zeros((len(moves), len(channels)))
    row = np.arange(len(moves))
    out[row, index.get_indexer(pd.Index(moves["to_channel"]))] += np.sqrt(0.5)
    out[row, index.get_indexer(pd.Index(moves["from_channel"]))] -= np.sqrt(0.5)
    return out


def _table_pattern(table: pd.DataFrame, channels: Sequence[str]) -> Array:
    """(xi_c - sum_a share_a xi_a) / sqrt 2, shares of today's contacts of the reason and segment."""
    index = pd.Index(channels)
    out = np.zeros((len(table), len(channels)))
    code = index.get_indexer(pd.Index(table["channel"]))
    out[np.arange(len(table)), code] = np.sqrt(0.5)
    group = table.groupby(["reason", "segment"], sort=False).ngroup().to_numpy()
    share = np.zeros((int(group.max(initial=-1)) + 1, len(channels)))
    np.add.at(share, (group, code), table["n_contacts"].to_numpy(float))
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(out - np.sqrt(0.5) * share[group])


def _pooled(labels: pd.DataFrame, shift: Array, size: Array) -> Array:
    """Root of sum shift^2 / sum size^2 by label, pooled with that of all rows (weight of 4 rows), at least theirs."""
    known = np.isfinite(shift)
    squares, weights = np.where(known, np.nan_to_num(shift) ** 2, 0.0), np.where(known, size**2, 0.0)
    overall = squares.sum() / max(weights.sum(), 1e-12)
    group = labels.groupby(list(labels.columns), sort=False).ngroup().to_numpy()
    count = int(group.max(initial=-1)) + 1
    typical = _POOLED_ROWS * weights.sum() / max(known.sum(), 1)
    own = np.bincount(group, weights=squares, minlength=count) + typical * overall
    own /= np.maximum(np.bincount(group, weights=weights, minlength=count) + typical, 1e-12)
    return np.asarray(np.sqrt(np.maximum(own, overall))[group])


def _scale_table(moves: pd.DataFrame, shift: Array, sizes: Array) -> pd.DataFrame:
    frame = moves[_PAIR].assign(square=shift**2, moves=np.isfinite(shift), bias_sd=sizes)
    out = frame.groupby(_PAIR, as_index=False).agg(
        shift=("square", "mean"), moves=("moves", "sum"), bias_sd=("bias_sd", "first")
    )
    return out.assign(shift=np.sqrt(out["shift"]))


def _words(strongest: str, removed: float, least: float, settings: BiasSettings, sizes: Array, terms: Terms) -> str:
    typical = float(np.sqrt(np.mean(sizes**2))) if len(sizes) else 0.0
    origin = (
        "as stated" if settings.unseen_bias_sd else f"{_UNADJUSTED_SD:g} standard deviations of one score, a default"
    )
    if strongest == "":
        return (
            "nothing known before the channel was chosen is adjusted for: the effect of a move may be off by "
            f"{terms.size(typical)} (one standard deviation; {origin})"
        )
    known = (
        f"without {strongest}, the strongest known cause of channel choice, moves would be off by {terms.size(removed)}"
    )
    if least > settings.unseen_multiple * removed and not settings.unseen_bias_sd:
        return (
            f"{known}, less than what unadjusted moves are off by on average ({origin}): an unseen cause could still "
            f"shift them by {terms.size(typical)} (one standard deviation)"
        )
    return (
        f"{known}; an unseen cause {settings.unseen_multiple:g} times as strong could shift them by "
        f"{terms.size(typical)} (one standard deviation)"
    )
