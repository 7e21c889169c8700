"""Randomized pilots for moves that look good but may not be: split, size, duration and what they decide."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from planner.experience.certainty.bias import gain_probability
from planner.experience.certainty.terms import Terms
from planner.experience.hierarchical import Array
from planner.experience.moves import MOVE_KEYS

PILOT_COLUMNS = [
    *MOVE_KEYS, "effect", "total_sd", "p_gain", "split", "contacts_per_week", "weeks", "contacts_moved",
    "contacts_stayed", "answers_moved", "answers_stayed", "power", "p_decisive", "value_per_contact",
    "value_per_year", "feasible", "split_within_reach", "weeks_with_callbacks", "words",
]  # fmt: skip
_DECIDED = 0.95
_WEEKS_A_YEAR = 52.0
_LARGER_SPLITS = (0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)


@dataclass(frozen=True, slots=True)
class PilotSettings:
    """What a pilot should achieve, and what it may cost.

    Attributes
    ----------
    splits
        Shares of the customers that may be sent to the new channel at random; the smallest that is done within
        `wanted_weeks` is taken, else the largest.
    power, error
        Chance to see the estimated effect if it is true, and to see one where there is none (one-sided).
    p_gain
        A pilot is designed where P(effect > 0), bias included, lies in between.
    least_weeks, wanted_weeks, most_weeks
        Whole weeks, so that every weekday counts alike; a pilot longer than `most_weeks` is called not feasible.
    """

    splits: tuple[float, ...] = (0.02, 0.03, 0.04, 0.05)
    power: float = 0.8
    error: float = 0.05
    p_gain: tuple[float, float] = (0.6, 0.95)
    least_weeks: int = 2
    wanted_weeks: int = 8
    most_weeks: int = 26

    def __post_init__(self) -> None:
        if not self.splits or not all(0 < split < 1 for split in self.splits):
            raise ValueError(f"splits = {self.splits}: shares between 0 and 1 are needed")
        if not 0 < self.error < self.power < 1:
            raise ValueError(f"error = {self.error}, power = {self.power}: needed is 0 < error < power < 1")
        if not 1 <= self.least_weeks <= self.wanted_weeks <= self.most_weeks:
            weeks = (self.least_weeks, self.wanted_weeks, self.most_weeks)
            raise ValueError(f"least, wanted and most weeks = {weeks}: must be at least 1 and not fall")


def pilot_designs(
    moves: pd.DataFrame,
    weekly: pd.DataFrame,
    score_sd: float | tuple[Array, Array],
    settings: PilotSettings | None = None,
    *,
    terms: Terms | None = None,
) -> pd.DataFrame:
    """Design a pilot for each move that probably gains but may not.

    A share `split` of today's users of from_channel, drawn at random, is served in to_channel; those who stay are the
    comparison. With n1 and n0 answers the difference of means has the variance v = sd1^2/n1 + sd0^2/n0; of shares,
    sd^2 = p (1 - p) (Fleiss, Levin & Paik 2003, chapter 4; see `reasons.answer_sds`). Nothing unseen drives who is
    moved; score-dependent response (b = bias_response) stays. The pilot lasts until
    effect / sqrt(v + b^2) = z(1 - error) + z(power). What is then known: with A = sd^2 + bias_unseen^2 the posterior
    mean is drawn from N(effect, A^2/(A + v)) and has the variance A v/(A + v) + b^2; the value of the pilot is
    E max(0, posterior mean) - max(0, effect) (expected value of sample information, Raiffa & Schlaifer 1961).

    Parameters
    ----------
    moves
        `reason, segment, from_channel, to_channel, effect, sd, bias_response, bias_unseen, total_sd`, as from
        `total_intervals`; only the moves worth making.
    weekly
        As from `weekly_volumes` by the reason as known when routed.
    score_sd
        Standard deviation of one answer, points; or one per move of those who are moved, and of those who stay.
    terms
        How `words` call the outcome.

    Returns
    -------
        One row per move with P(gain) within `settings.p_gain`, by falling `value_per_year`:

        - keys, `effect, total_sd` (points), `p_gain`;
        - `split` (share sent), `contacts_per_week` (sent), `weeks`; `contacts_moved, contacts_stayed, answers_moved,
          answers_stayed` over the whole pilot;
        - `power`: chance to see the estimated effect; `p_decisive`: chance that afterwards P(gain) is above .95 or
          below .05; NaN where the pilot cannot be made;
        - `value_per_contact` (points), `value_per_year` (points times contacts of a year): worth of deciding after the
          pilot instead of now;
        - `feasible`: done within `most_weeks`; `split_within_reach`: the smallest share, up to a half, with which it
          would be (NaN: none);
        - `weeks_with_callbacks`: weeks if a sample of those who do not answer is called back, so that b = 0;
        - `words` for a planner.
    """
    settings = settings or PilotSettings()
    p_gain = gain_probability(moves)
    low, high = settings.p_gain
    moved, stayed = score_sd if isinstance(score_sd, tuple) else (score_sd, score_sd)
    moves = moves.assign(p_gain=p_gain, sd_moved=moved, sd_stayed=stayed)
    asked = moves[(p_gain >= low) & (p_gain <= high) & (moves["effect"] > 0).to_numpy()]
    asked = _with_volumes(asked.reset_index(drop=True), weekly)
    out = _judged(_sized(asked, settings), settings)
    out["words"] = [_words(row, terms or Terms()) for row in out.to_dict("records")]
    return out.sort_values(["value_per_year", *MOVE_KEYS], ascending=[False, True, True, True, True])[
        PILOT_COLUMNS
    ].reset_index(drop=True)


def _with_volumes(asked: pd.DataFrame, weekly: pd.DataFrame) -> pd.DataFrame:
    """Add `volume` (contacts a week), `rate_moved` and `rate_stayed` (share that answers in the new, old channel)."""
    index = weekly.set_index(["reason", "segment", "channel"])
    here = index.reindex(pd.MultiIndex.from_frame(asked[["reason", "segment", "from_channel"]]))
    there = index.reindex(pd.MultiIndex.from_frame(asked[["reason", "segment", "to_channel"]]))
    channel = asked["to_channel"].map(weekly.groupby("channel")["response_rate"].mean())
    return asked.assign(
        volume=here["contacts_per_week"].fillna(0.0).to_numpy(),
        rate_stayed=here["response_rate"].fillna(0.0).to_numpy(),
        rate_moved=pd.Series(there["response_rate"].to_numpy()).fillna(channel).fillna(0.0).to_numpy(),
    )


def answer_variance(asked: pd.DataFrame, split: Array) -> Array:
    """Variance of the difference of means in one week, points squared: sd1^2/n1 + sd0^2/n0; inf without answers.

    Parameters
    ----------
    asked
        `volume` (contacts a week), `rate_moved, rate_stayed` (share that answers), `sd_moved, sd_stayed` (points).
    split
        Share that is moved, one per row.
    """
    volume = asked["volume"].to_numpy(float)
    moved = split * volume * asked["rate_moved"].to_numpy(float)
    stayed = (1 - split) * volume * asked["rate_stayed"].to_numpy(float)
    with np.errstate(divide="ignore"):
        return np.asarray(
            asked["sd_moved"].to_numpy(float) ** 2 / moved + asked["sd_stayed"].to_numpy(float) ** 2 / stayed
        )


def _sized(asked: pd.DataFrame, settings: PilotSettings) -> pd.DataFrame:
    """Choose split and weeks; weeks are inf where bias of response alone is too large or nobody answers."""
    split, weeks = np.full(len(asked), np.nan), np.full(len(asked), np.inf)
    for share in sorted(settings.splits):
        needed = _weeks(asked, share, settings)
        take = ~(weeks <= settings.wanted_weeks)
        split, weeks = np.where(take, share, split), np.where(take, needed, weeks)
    reach = np.full(len(asked), np.nan)
    for share in reversed(_LARGER_SPLITS):
        reach = np.where(_weeks(asked, share, settings) <= settings.most_weeks, share, reach)
    called = asked.assign(bias_response=0.0)
    without = np.full(len(asked), np.inf)
    for share in settings.splits:
        without = np.where(split == share, _weeks(called, share, settings), without)
    return asked.assign(split=split, weeks=weeks, split_within_reach=reach, weeks_with_callbacks=without)


def _weeks(asked: pd.DataFrame, share: float, settings: PilotSettings) -> Array:
    """Whole weeks until v <= (effect / (z(1 - error) + z(power)))^2 - b^2, at least `least_weeks`; inf if never."""
    effect, b = asked["effect"].to_numpy(float), _zeroed(asked["bias_response"])
    allowed = (effect / (ndtri(1 - settings.error) + ndtri(settings.power))) ** 2 - b**2
    own = answer_variance(asked, np.full(len(asked), share))
    needed = np.where(allowed > 0, np.ceil(own / np.where(allowed > 0, allowed, 1.0) - 1e-9), np.inf)
    return np.maximum(needed, settings.least_weeks)


def _judged(designed: pd.DataFrame, settings: PilotSettings) -> pd.DataFrame:
    """Add what the pilot takes, what it decides and what that is worth."""
    split, weeks, volume = (designed[name].to_numpy(float) for name in ("split", "weeks", "volume"))
    made = np.isfinite(weeks)
    length = np.where(made, weeks, np.nan)
    moved, stayed = volume * designed["rate_moved"].to_numpy(float), volume * designed["rate_stayed"].to_numpy(float)
    noise = answer_variance(designed, split) / length
    effect, b = designed["effect"].to_numpy(float), _zeroed(designed["bias_response"])
    known = designed["sd"].to_numpy(float) ** 2 + _zeroed(designed["bias_unseen"]) ** 2
    spread, rest = preposterior(known, noise)
    left = np.sqrt(rest + b**2)
    z = ndtri(_DECIDED)
    decisive = ndtr((effect - z * left) / spread) + ndtr((-effect - z * left) / spread)
    value = information_value(effect, spread)
    return designed.assign(
        contacts_per_week=split * volume,
        contacts_moved=split * volume * length,
        contacts_stayed=(1 - split) * volume * length,
        answers_moved=split * moved * length,
        answers_stayed=(1 - split) * stayed * length,
        power=ndtr(effect / np.sqrt(noise + b**2) - ndtri(1 - settings.error)),
        p_decisive=decisive,
        value_per_contact=np.where(made, value, 0.0),
        value_per_year=np.where(made, value * volume * _WEEKS_A_YEAR, 0.0),
        feasible=weeks <= settings.most_weeks,
    )


def preposterior(known: Array, noise: Array) -> tuple[Array, Array]:
    """Sd of the posterior mean before the data, and variance left after them, of a normal mean.

    `known` and `noise`: variances of the prior and of the measurement, points squared.
    """
    return np.asarray(known / np.sqrt(known + noise)), np.asarray(known * noise / (known + noise))


def information_value(effect: Array, spread: Array) -> Array:
    """Expected gain of deciding later: E max(0, m) - max(0, effect) for m ~ N(effect, spread^2), points.

    Unit normal loss integral (Raiffa & Schlaifer 1961).
    """
    t = effect / spread
    density = np.exp(-0.5 * t**2) / np.sqrt(2 * np.pi)
    return np.asarray(spread * density + effect * ndtr(t) - np.maximum(effect, 0.0))


def _zeroed(column: pd.Series) -> Array:
    return np.nan_to_num(column.to_numpy(float))


def _words(row: Mapping[Hashable, Any], terms: Terms) -> str:
    who = f"{row['reason']} / {row['segment']}"
    where = f"from {row['from_channel']} to {row['to_channel']}"
    gain = terms.gain(row["effect"])
    if not np.isfinite(row["weeks"]):
        return _impossible(row, terms, who, where, gain)
    known = "answers" if terms.surveyed else "contacts with a known outcome"
    plan = (
        f"send {row['split']:.0%} of {who}, {row['contacts_per_week']:,.0f} a week, drawn at random, {where} for "
        f"{row['weeks']:.0f} weeks; expect {row['answers_moved']:,.0f} {known} there and {row['answers_stayed']:,.0f} "
        f"from those who stay; a change of {gain} is seen with a chance of {row['power']:.0%}; "
        f"decides with a chance of {row['p_decisive']:.0%} whether to move (P(gain) today {row['p_gain']:.0%})"
    )
    return plan if row["feasible"] else _too_slow(row, who, where, gain)


def _impossible(row: Mapping[Hashable, Any], terms: Terms, who: str, where: str, gain: str) -> str:
    if not terms.surveyed:
        return f"no pilot of {who} {where}: the outcome is known of nobody there; record it first"
    if not row["volume"] * row["rate_moved"] > 0:
        return f"no pilot of {who} {where}: nobody there is asked or answers; start a survey first"
    return (
        f"no pilot of {who} {where} by survey alone: who answers could explain {gain}; with a random sample of "
        f"those who do not answer called back, {row['weeks_with_callbacks']:,.0f} weeks"
    )


def _too_slow(row: Mapping[Hashable, Any], who: str, where: str, gain: str) -> str:
    reach = row["split_within_reach"]
    remedy = f"sending {reach:.0%} would do" if np.isfinite(reach) else "take similar reasons together"
    if row["weeks_with_callbacks"] < 0.5 * row["weeks"]:
        remedy += (
            "; who answers could explain much of it: with a random sample of those who do not answer called back, "
            f"{row['weeks_with_callbacks']:,.0f} weeks"
        )
    return f"too slow: {row['weeks']:,.0f} weeks at a share of {row['split']:.0%} for {who} {where} ({gain}); {remedy}"
