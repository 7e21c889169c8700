"""From evidence to the tables of the experience model: scores, moves, returns, handle times, with their support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.cells import (
    LATER_NO,
    LATER_UNKNOWN,
    LATER_YES,
    MIN_CHANNEL_ANSWERS,
    Cells,
    answers_by_channel,
    final_contacts,
    served_first,
)
from planner.experience.chance import chance_of_reasons, looked_up
from planner.experience.design import Posterior, contrast
from planner.experience.hierarchical import Array, BlockFit, fit_blocks
from planner.experience.model import STAGES, Stage, Support
from planner.experience.scores import CellFit, Fitter, fit_scores, fit_share, fit_times, response_of
from planner.experience.targets import (
    answer_variance,
    channel_targets,
    evaluate,
    interval_columns,
    population,
    support_flags,
)
from planner.experience.threads import side_by_side
from planner.experience.waits import WaitCurves, fit_wait_curves, mean_loss
from planner.history.outcomes import OutcomeKind

Labels = NDArray[np.str_] | NDArray[np.object_]
_TYPE = ["entry_reason", "segment"]
_STAGE_PRIOR = 30.0
_FAR_PRIOR = 1e-6


@dataclass(frozen=True)
class Fits:
    """The three fitted outcomes (None where there is nothing to fit) and the wait curves.

    `total`: outcome of first contacts with today's waits, from the contacts `asked`; `final`: outcome of final contacts
    of every stage; `back`: share of served, not escalated contacts that return; `chance`: see `fit_all`.
    """

    first: Cells
    last: Cells
    total: CellFit | None
    final: CellFit | None
    back: CellFit | None
    waits: WaitCurves
    surveyed: tuple[str, ...]
    notes: tuple[str, ...]
    asked: Cells
    chance: pd.Series | None = None

    @property
    def chance_by_reason(self) -> pd.Series | None:
        """`chance` per reason as it turned out, which is not always the one known when routed."""
        return None if self.chance is None else chance_of_reasons(self.chance, self.asked.customers.frame)


def fit_all(
    cells: Cells,
    *,
    higher_is_better: bool,
    seed: int,
    chance: pd.Series | None = None,
    fitter: Fitter = fit_blocks,
) -> Fits:
    """Fit every outcome the cells can carry.

    Parameters
    ----------
    chance
        Per reason, the probability that a contact is followed within the window by chance (`chance.chance_links`):
        taken out of first-contact resolution and repeats.
    fitter
        What fits the model of scores, see `scores.fit_scores`.
    """
    first = served_first(cells)
    last, note = final_contacts(cells)
    notes = [note] if note else []
    answers = answers_by_channel(last.frame)
    surveyed = tuple(str(channel) for channel in answers.index[answers >= MIN_CHANNEL_ANSWERS])
    silent = sorted(set(cells.frame["channel"].unique()) - set(surveyed))
    if silent:
        notes.append(_silent_words(cells, answers.reindex(silent).fillna(0.0)))
    if not cells.covariates:
        notes.append("no covariate known before the channel was chosen: who chooses which channel is not adjusted for")
    followed = cells.where(cells.frame["later"].isin([LATER_NO, LATER_YES]))
    came_back = followed.frame["later"] == LATER_YES
    if not came_back.any():
        notes.append("no return was ever seen: first-contact resolution cannot be estimated")
    asked = cells if cells.asked is None else cells.asked
    by_hour = cells if cells.by_hour is None else cells.by_hour

    def others() -> tuple[CellFit | None, WaitCurves]:
        returned = fit_share(followed, came_back, seed=seed + 2) if came_back.any() else None
        return returned, fit_wait_curves(by_hour, higher_is_better=higher_is_better, seed=seed + 3)

    def scores() -> tuple[CellFit | None, CellFit | None]:
        return _outcome_fits(asked, last, seed, fitter) if surveyed else (None, None)

    (total, final), (back, waits) = side_by_side(scores, others)
    scored = {f"{cells.outcome} of first contacts": total, f"{cells.outcome} of last contacts": final}
    notes += _unsettled(scored, sampled=fitter is not fit_blocks and cells.kind is OutcomeKind.SCORE)
    notes += _unsettled({"returns": back, "wait curves": waits.joint})
    return Fits(first, last, total, final, back, waits, surveyed, (*notes, *waits.notes), served_first(asked), chance)


def _silent_words(cells: Cells, answers: pd.Series) -> str:
    """Say which channels have too little known for an estimate, and how much is known."""
    named = ", ".join(f"{channel} ({n:.0f})" for channel, n in answers.items())
    known = "survey answers" if cells.kind is OutcomeKind.SCORE else f"known values of {cells.outcome}"
    return (
        f"fewer than {MIN_CHANNEL_ANSWERS} {known} at contacts that may be the last of their issue in {named}: "
        f"no {'score' if cells.kind is OutcomeKind.SCORE else cells.outcome} is estimated there"
    )


class _Fitted(Protocol):
    @property
    def fit(self) -> BlockFit: ...


def _unsettled(fits: Mapping[str, _Fitted | None], *, sampled: bool = False) -> list[str]:
    """Say which fits did not settle, and what was done about it."""
    done = "more than one in a hundred draws went astray, so intervals may be too narrow"
    if not sampled:
        done = "channels, reasons and groups may then differ as much as is plausible at all, so intervals are wide"
    return [
        f"{name}: the search for how much channels, reasons and groups differ did not settle: {done}"
        for name, found in fits.items()
        if found is not None and not found.fit.converged
    ]


def _outcome_fits(asked: Cells, last: Cells, seed: int, fitter: Fitter) -> tuple[CellFit | None, CellFit | None]:
    """Fit the outcome of first and of final contacts by its kind."""
    first = served_first(asked)
    enough = first.frame["answers"].sum() >= MIN_CHANNEL_ANSWERS
    if asked.kind is OutcomeKind.SHARE:
        total = fit_share(first, seed=seed) if enough else None
        return total, fit_share(last, seed=seed + 1, like=total)
    if asked.kind is OutcomeKind.TIME:
        return fit_times(first, seed=seed) if enough else None, fit_times(last, seed=seed + 1)
    response = response_of(asked)
    total = fit_scores(first, seed=seed, response=response, fitter=fitter) if enough else None
    return total, fit_scores(last, seed=seed + 1, response=response, like=total, fitter=fitter)


def seen_outcomes(cells: Cells) -> pd.DataFrame:
    """Return the outcome rows history itself suggests: what each pool was seen to serve, times every stage."""
    keys = ["entry_reason", "segment", "channel", "pool"]
    people = cells.customers.frame
    seen = people.loc[people["contacts"] > 0, keys].drop_duplicates().sort_values(keys)
    stages = pd.DataFrame({"stage": [stage.value for stage in STAGES]})
    frame = seen.rename(columns={"entry_reason": "reason"}).merge(stages, how="cross")
    return frame.assign(
        aht_s=np.nan, p_escalate=np.nan, p_return=np.nan, score=np.nan, score_sd=np.nan, n_contacts=0.0,
        support=Support.NONE.value, source="default",
    )  # fmt: skip


def reading_table(fits: Fits) -> pd.DataFrame:
    """Return potential outcomes by true reason, segment and channel: all the reason's customers served there."""
    rows = _potential(fits, ["reason", "segment"])
    return rows[[*_READING[:2], "segment", *_READING[2:]]]


@dataclass(frozen=True)
class Readings:
    """What the model and its bias both read off the fits: the reading table, and effect, sd and support of moves."""

    table: pd.DataFrame
    effect: Array
    sd: Array
    support: Labels


def readings(fits: Fits, moves: pd.DataFrame) -> Readings:
    """Read them off."""
    return Readings(reading_table(fits), *move_effects(fits, moves))


def reasons_table(fits: Fits) -> pd.DataFrame:
    """Return potential outcomes by true reason and channel over all segments, beside the raw means.

    Columns: `reason, channel, mean, sd, lower, upper, n_contacts, n_effective, support, raw_mean, n_answers`:
    `raw_mean` is the plain mean over the `n_answers` first contacts of the channel whose outcome is known.
    """
    rows = _potential(fits, ["reason"])
    raw = _everyone(fits).customers.frame.groupby(["reason", "channel"])[["answers", "sum_score"]].sum()
    raw = raw.reindex(pd.MultiIndex.from_frame(rows[["reason", "channel"]])).fillna(0.0)
    answers = raw["answers"].to_numpy(float)
    mean = raw["sum_score"].to_numpy(float) / np.where(answers > 0, answers, np.nan)
    return rows[_READING].assign(raw_mean=mean, n_answers=answers)


def _everyone(fits: Fits) -> Cells:
    """All first contacts: those of the last days answered, too, though the estimate may leave them out."""
    return fits.first if fits.asked.kind is OutcomeKind.SCORE else fits.asked


_READING = ["reason", "channel", "mean", "sd", "lower", "upper", "n_contacts", "n_effective", "support"]


def _potential(fits: Fits, by: list[str]) -> pd.DataFrame:
    """Potential outcomes of the groups `by` (which holds the reason) in every channel."""
    first = fits.asked
    seen = first.customers.frame[first.customers.frame["contacts"] > 0]
    channels = pd.DataFrame({"to_channel": sorted(seen["channel"].unique())})
    rows = seen[by].drop_duplicates().sort_values(by).merge(channels, how="cross")
    counts = _everyone(fits).customers.frame.groupby([*by, "channel"])["contacts"].sum().rename("n_contacts")
    rows = rows.merge(counts, how="left", left_on=[*by, "to_channel"], right_index=True).fillna({"n_contacts": 0.0})
    nothing = np.full(len(rows), np.nan)
    mean, sd, effective = nothing, nothing, np.zeros(len(rows))
    support = np.full(len(rows), Support.NONE.value, dtype=object)
    if fits.total is not None:
        people = population(fits.total, first, by)
        pairs = channel_targets(fits.total, people, rows, by, first.pools_by_reason)
        post = evaluate(fits.total, pairs, len(rows))
        effective = answer_variance(fits.total, post.mean) / np.maximum(post.sd, 1e-9) ** 2
        support = support_flags(fits.total, first, rows, people, by, effective)
        support = np.where(rows["to_channel"].isin(fits.surveyed), support, Support.NONE.value)
        usable = support != Support.NONE.value
        value, factor = _without_chance(fits, rows["reason"], post.mean)
        mean = np.where(usable, np.clip(value, *first.scale), np.nan)
        sd = np.where(usable, post.sd * factor, np.nan)
        effective = np.where(usable, effective, 0.0)
    rows = rows.rename(columns={"to_channel": "channel"})
    rows = rows.assign(mean=mean, sd=sd, **interval_columns(mean, sd), n_effective=effective, support=support)
    return rows.reset_index(drop=True)


def chance_factor(fits: Fits, entry_reasons: pd.Series) -> Array:
    """Factor that takes contacts which follow by chance out of resolution and repeats; 1 for other outcomes.

    P(nothing linked follows) = fcr (1 - b), so fcr = P / (1 - b); repeats are 1 - fcr, and effects and sds grow alike.
    """
    return _factor(fits, entry_reasons, fits.chance)


def _factor(fits: Fits, labels: pd.Series, chance: pd.Series | None) -> Array:
    if chance is None or fits.asked.outcome not in ("fcr", "repeat"):
        return np.ones(len(labels))
    return np.asarray(1 / (1 - looked_up(labels, chance).to_numpy(float)))


def _without_chance(fits: Fits, reasons: pd.Series, value: Array) -> tuple[Array, Array]:
    """Return values of reasons as they turned out without what follows by chance, and the factor of their sds."""
    factor = _factor(fits, reasons, fits.chance_by_reason)
    if fits.asked.outcome == "repeat":
        return 1 - (1 - value) * factor, factor
    return value * factor, factor


def outcome_pairs(fit: CellFit, cells: Cells, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return who stands behind each outcome row: today's contacts of its type, channel and stage.

    A thin stage borrows the mix of the first contacts with the weight of 30 contacts; a segment the channel never
    saw borrows the type's customers of all channels. Rows of pools or channels the fit never saw get nobody.
    """
    rows = outcomes.rename(columns={"reason": "entry_reason"}).assign(target=np.arange(len(outcomes)))
    first, cells = cells.beginners, cells.customers
    rows = rows[rows["channel"].isin(cells.frame["channel"].unique())]
    rows = rows[rows["pool"].isin(cells.frame["pool"].unique())][[*_TYPE, "channel", "pool", "stage", "target"]]
    own = rows.merge(population(fit, cells, [*_TYPE, "channel", "stage"]), on=[*_TYPE, "channel", "stage"])
    near = rows.merge(_scaled(population(fit, first, [*_TYPE, "channel"]), [*_TYPE, "channel"]), on=[*_TYPE, "channel"])
    far = rows.merge(_scaled(population(fit, cells, _TYPE), _TYPE), on=_TYPE)
    near["weight"] *= _STAGE_PRIOR
    far["weight"] *= _FAR_PRIOR
    pairs = pd.concat([own, near, far], ignore_index=True)
    stages = cells.frame["stage"].unique()
    pairs["stage"] = pairs["stage"].where(pairs["stage"].isin(stages), Stage.FIRST.value)
    return pairs[pairs["stage"].isin(stages)]


def _scaled(people: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return people.assign(weight=people["weight"] / people.groupby(by)["weight"].transform("sum"))


def move_rows(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the moves that could be asked for: every type between two channels that may serve it."""
    own = outcomes[["reason", "segment", "channel"]].drop_duplicates()
    rows = own.merge(own, on=["reason", "segment"], suffixes=("", "_to"))
    rows = rows[rows["channel"] != rows["channel_to"]].rename(
        columns={"reason": "entry_reason", "channel_to": "to_channel"}
    )
    return rows.rename(columns={"channel": "from_channel"}).reset_index(drop=True)


def move_pairs(fit: CellFit, cells: Cells, moves: pd.DataFrame, *, stay: bool = False) -> pd.DataFrame:
    """Return today's first contacts of each move's old channel, sent to the new one (to the old one for `stay`)."""
    by = [*_TYPE, "from_channel"]
    people = population(fit, cells.beginners, [*_TYPE, "channel"]).rename(columns={"channel": "from_channel"})
    groups = moves.assign(to_channel=moves["from_channel"]) if stay else moves
    return channel_targets(fit, people, groups, by, cells.customers.pools_by_entry_reason)


def joint_pairs(fit: CellFit, cells: Cells, outcomes: pd.DataFrame, moves: pd.DataFrame) -> pd.DataFrame:
    """Pairs of the outcome rows, then of the moves; their parts, as long together, are let go of here."""
    own = outcome_pairs(fit, cells, outcomes)
    moved = move_pairs(fit, cells, moves)
    moved["target"] += len(outcomes)
    return pd.concat([own, moved], ignore_index=True)


def move_effects(fits: Fits, moves: pd.DataFrame) -> tuple[Array, Array, Labels]:
    """Effect of each move on the score of first contacts, its sd and support (step F: one contrast per move)."""
    count = len(moves)
    none = np.full(count, Support.NONE.value, dtype=object)
    if fits.total is None or count == 0:
        return np.full(count, np.nan), np.full(count, np.nan), none
    there = move_pairs(fits.total, fits.asked, moves)
    here = move_pairs(fits.total, fits.asked, moves, stay=True)
    both = pd.concat([there, here.assign(target=here["target"] + count)], ignore_index=True)
    post = evaluate(fits.total, both, 2 * count)
    effect, sd = contrast(post, np.arange(count), np.arange(count) + count)
    apart = answer_variance(fits.total, post.mean)
    effective = (apart[:count] + apart[count:]) / np.maximum(sd, 1e-9) ** 2
    factor = chance_factor(fits, moves["entry_reason"])
    effect, sd = effect * factor, sd * factor
    by = [*_TYPE, "from_channel"]
    people = population(fits.total, fits.asked, [*_TYPE, "channel"]).rename(columns={"channel": "from_channel"})
    support = support_flags(fits.total, fits.asked, moves, people, by, effective)
    real = np.isin(np.arange(count), there["target"]) & np.isin(np.arange(count), here["target"])
    real &= moves["to_channel"].isin(fits.surveyed) & moves["from_channel"].isin(fits.surveyed)
    support = np.where(real, support, Support.NONE.value)
    usable = support != Support.NONE.value
    return np.where(usable, effect, np.nan), np.where(usable, sd, np.nan), support


def final_scores(fits: Fits, outcomes: pd.DataFrame, moves: pd.DataFrame) -> tuple[Posterior, NDArray[np.bool_]] | None:
    """Scores of final contacts at zero wait for outcome rows, then moves, jointly; and which of them are real."""
    if fits.final is None:
        return None
    both = joint_pairs(fits.final, fits.last, outcomes, moves)
    count = len(outcomes) + len(moves)
    post = evaluate(fits.final, both, count)
    real = np.isin(np.arange(count), both["target"])
    return post, real


def zero_wait_gain(fits: Fits, rows: pd.DataFrame) -> Array:
    """Points today's waits cost the final contacts of each row (`reason, channel` and, if there, `pool`)."""
    keys = ["entry_reason", "channel"]
    asked = rows.rename(columns={"reason": "entry_reason"})
    general = mean_loss(fits.waits, fits.last, keys).rename("loss")
    gain = asked[keys].merge(general, how="left", left_on=keys, right_index=True)["loss"].to_numpy(float)
    if "pool" in rows:
        own = mean_loss(fits.waits, fits.last, [*keys, "pool"]).rename("loss")
        finer = asked[[*keys, "pool"]].merge(own, how="left", left_on=[*keys, "pool"], right_index=True)
        gain = np.where(finer["loss"].notna(), finer["loss"], gain)
    return np.asarray(np.nan_to_num(gain))


def return_shares_of(fits: Fits, cells: Cells, outcomes: pd.DataFrame, moves: pd.DataFrame) -> tuple[Array, Array]:
    """p_return of the outcome rows and of the moves; NaN where history has nobody to tell."""
    count = len(outcomes) + len(moves)
    if fits.back is None:
        return np.full(len(outcomes), np.nan), np.full(len(moves), np.nan)
    followed = cells.where((cells.frame["later"] != LATER_UNKNOWN) & (cells.frame["later"] != "escalated"))
    both = joint_pairs(fits.back, followed, outcomes, moves)
    post = evaluate(fits.back, both, count)
    value = np.where(np.isin(np.arange(count), both["target"]), np.clip(post.mean, 0.0, 0.95), np.nan)
    return value[: len(outcomes)], value[len(outcomes) :]


def outcome_support(fits: Fits, outcomes: pd.DataFrame, score: Array, score_sd: Array) -> Labels:
    """Support of each outcome row, by the users of its reason (as known when routed), channel, segment and pool."""
    assert fits.final is not None
    effective = answer_variance(fits.final, score) / np.maximum(score_sd, 1e-9) ** 2
    rows = outcomes.rename(columns={"reason": "entry_reason", "channel": "to_channel"})
    rows = rows[[*_TYPE, "to_channel"]].assign(channel=rows["to_channel"])
    by = [*_TYPE, "channel"]
    people = population(fits.final, fits.first, by)
    flags = support_flags(fits.final, fits.first, rows, people, by, np.nan_to_num(effective))
    pooled = fits.first.customers.frame.groupby(["entry_reason", "pool"])["contacts"].sum().rename("users")
    asked = outcomes.rename(columns={"reason": "entry_reason"})[["entry_reason", "pool"]]
    users = asked.merge(pooled, how="left", left_on=["entry_reason", "pool"], right_index=True)["users"].fillna(0.0)
    thin = (users.to_numpy(float) < MIN_CHANNEL_ANSWERS) & (flags != Support.NONE.value)
    return np.where(thin, Support.EXTRAPOLATED.value, flags)
