"""Moves of a whole reason, all segments together: what a pilot can show sooner than segment by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.certainty.bias import BIAS_COLUMNS, Bias
from planner.experience.certainty.weekly import ALL_SEGMENTS
from planner.experience.design import contrast
from planner.experience.estimated import Fits, chance_factor, move_pairs
from planner.experience.hierarchical import Array
from planner.experience.moves import MOVE_KEYS
from planner.experience.scores import CellFit
from planner.experience.targets import Z90, evaluate

_PAIR = ["reason", "from_channel", "to_channel"]


def moves_by_reason(fits: Fits, bias: Bias) -> pd.DataFrame:
    """Effect of each move on all of a reason's users of a channel, whatever their segment, with its bias.

    One contrast per move over the customers of all segments (errors they share are counted once), and the mean of the
    bias loadings with the same weights. Segments in which the effect is not known are left out.

    Returns
    -------
        `reason, segment` ("all segments"), `from_channel, to_channel, people, effect, sd, bias_response, bias_unseen,
        bias_sd, total_sd, lower_total, upper_total, sd_moved, sd_stayed`: contacts and points, 90 % intervals. The last
        two as from `answer_sds`. `people` are those
        behind the effect: contacts whose outcome could be known.
    """
    columns = [
        *MOVE_KEYS, "people", "effect", "sd", *BIAS_COLUMNS, "total_sd", "lower_total", "upper_total", "sd_moved",
        "sd_stayed",
    ]  # fmt: skip
    known = bias.moves["effect"].notna().to_numpy()
    if fits.total is None or not known.any():
        return pd.DataFrame(columns=columns)
    moves = bias.moves[known].rename(columns={"reason": "entry_reason"})[["entry_reason", *MOVE_KEYS[1:]]]
    moves = moves.reset_index(drop=True)
    named = moves.rename(columns={"entry_reason": "reason"})
    code = named.groupby(_PAIR, sort=True).ngroup().to_numpy()
    count = int(code.max()) + 1
    there = move_pairs(fits.total, fits.asked, moves)
    here = move_pairs(fits.total, fits.asked, moves, stay=True)
    people = np.bincount(there["target"], weights=there["weight"], minlength=len(moves))
    there = there.assign(target=code[there["target"]])
    here = here.assign(target=code[here["target"]] + count)
    post = evaluate(fits.total, pd.concat([there, here], ignore_index=True), 2 * count)
    out = named[_PAIR].drop_duplicates().sort_values(_PAIR).reset_index(drop=True)
    effect, sd = contrast(post, np.arange(count), np.arange(count) + count)
    factor = chance_factor(fits, out["reason"])
    effect, sd = effect * factor, sd * factor
    sd_moved, sd_stayed = answer_sds(fits.total, post.mean[:count], post.mean[count:])
    total, loading = _mean_loading(code, people, bias.move_loading[known])
    spread = np.sqrt(sd**2 + (loading**2).sum(axis=1))
    return out.assign(
        segment=ALL_SEGMENTS,
        people=total,
        effect=effect,
        sd=sd,
        bias_response=loading[:, 0],
        bias_unseen=np.sqrt((loading[:, 1:] ** 2).sum(axis=1)),
        bias_sd=np.sqrt((loading**2).sum(axis=1)),
        total_sd=spread,
        lower_total=effect - Z90 * spread,
        upper_total=effect + Z90 * spread,
        sd_moved=factor * sd_moved,
        sd_stayed=factor * sd_stayed,
    )[columns]


def _mean_loading(code: NDArray[Any], people: NDArray[Any], loading: Array) -> tuple[Array, Array]:
    """People of each group, shape (group,), and the mean of their bias loadings, shape (group, factor)."""
    total = np.bincount(code, weights=people).astype(float)
    share = people / np.where(total > 0, total, 1.0)[code]
    mean = np.zeros((len(total), loading.shape[1]))
    np.add.at(mean, code, share[:, None] * loading)
    return total, mean


def answer_sds(fit: CellFit, moved: Array, stayed: Array) -> tuple[Array, Array]:
    """Sd of one answer of those who move, and of those who stay, around these means, points.

    Of a share p: sqrt(p (1 - p)). A score test judges the difference as if both had the share of (nearly) all, those
    who stay (Farrington & Manning 1990); those who move are therefore taken to vary at least as much, or a share near
    0 or 1 would seem to be known from a handful of contacts.
    """
    if not fit.logit:
        same = np.full(len(moved), float(np.sqrt(fit.variance)))
        return same, same
    spread = [np.sqrt(share * (1 - share)) for share in np.clip([moved, stayed], 0.0, 1.0)]
    return np.maximum(*spread), np.asarray(spread[1])
