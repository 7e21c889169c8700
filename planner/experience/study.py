"""Everything one history says about experience, for people to read: the model and what speaks for and against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from planner import notebook
from planner.experience.certainty import (
    AnswerGoal,
    Bias,
    answers_needed,
    moves_by_reason,
    pilot_designs,
    weekly_volumes,
)
from planner.experience.certainty.bias import gain_probability
from planner.experience.certainty.terms import terms_of
from planner.experience.composites import composite_model
from planner.experience.fit import with_its_bias
from planner.experience.guards import check_guards
from planner.experience.handler_effects import pool_effects, stage_effects
from planner.experience.journeys import JourneyReport, journey_report
from planner.experience.labels import plain_labels, with_plain_labels
from planner.experience.model import ExperienceModel
from planner.experience.moves import MOVE_KEYS
from planner.experience.prepared import Prepared, prepare
from planner.experience.rows import row_check
from planner.experience.threads import on_one_thread
from planner.history import History
from planner.history.composite import composite_named, is_composite
from planner.history.outcomes import OutcomeKind
from planner.history.quality import QualityReport

Told = Callable[[str], None]
"""Hears what is being worked on."""

_HALF_WIDTH = 0.05
"""Wanted half-width of a 90 % interval, share of the range of the scale."""


@dataclass(frozen=True)
class Study:
    """A model and its evidence.

    Tables (pandas; empty where there is nothing to say):

    moves
        As `ExperienceModel.moves` with `contacts` (of today's users a week) and `p_gain` (bias included).
    moves_by_reason
        See `certainty.moves_by_reason`: all segments together, with `contacts`, `p_gain`, `support` and `advice`.
    overlap
        See `certainty.overlap_of_moves`.
    pilots
        See `certainty.pilot_designs`; `effect` is the change of the outcome, as of `moves`.
    answers
        See `certainty.answers_needed`.
    row_check
        See `rows.compare_means`.
    attempts, pools
        See `handler_effects`: points of later attempts against the first, and of pools within their channel.
    guards
        See `guards.check_guards`.
    """

    model: ExperienceModel
    quality: QualityReport
    higher_is_better: bool
    scale: tuple[float, float]
    journeys: JourneyReport
    moves: pd.DataFrame
    moves_by_reason: pd.DataFrame
    overlap: pd.DataFrame
    pilots: pd.DataFrame
    answers: pd.DataFrame
    row_check: pd.DataFrame
    attempts: pd.DataFrame
    pools: pd.DataFrame
    guards: pd.DataFrame

    def _repr_html_(self) -> str:
        columns = ("reason", "from_channel", "to_channel", "contacts", "effect", "lower", "upper", "p_gain", "advice")
        return notebook.shown(
            f"Study of {self.model.outcome}",
            self.model._repr_html_(),
            notebook.shown("Moves", notebook.table(self.moves_by_reason, columns)),
        )


@on_one_thread
def study(
    history: History,
    *,
    outcome: str,
    covariates: Sequence[str] = (),
    window_days: float = 7.0,
    seed: int = 0,
    told: Told = lambda _: None,
) -> Study:
    """Estimate an outcome and everything that speaks for and against the estimate.

    Parameters
    ----------
    told
        Called with a few words when a part begins.

    Raises
    ------
    HistoryError
        As `prepared.prepare`.
    """
    settings = {"covariates": tuple(covariates), "window_days": window_days, "seed": seed}
    if is_composite(outcome):
        return _composite_study(history, outcome, told, settings)
    told("estimating")
    prepared = prepare(history, outcome=outcome, covariates=covariates, window_days=window_days, seed=seed)
    model, bias = with_its_bias(prepared)
    return with_plain_labels(_with_evidence(prepared, bias, model, told))


def _composite_study(history: History, outcome: str, told: Told, settings: dict[str, object]) -> Study:
    """Study the first part and put the model of the whole in its place: journeys and guards are those of the part."""
    composite = composite_named(history, outcome)
    parts: dict[str, Study] = {}

    def part(name: str) -> ExperienceModel:
        told(f"estimating {name}")
        parts[name] = study(history, outcome=name, **settings)  # type: ignore[arg-type]
        return parts[name].model

    model = composite_model(composite, part)
    first = parts[composite.parts[0].name]
    blank = first.pilots.iloc[:0]
    return replace(
        first,
        model=model,
        moves=_composite_moves(model.moves, first.moves),
        scale=(0.0, 1.0),
        higher_is_better=True,
        pilots=blank,
        answers=first.answers.iloc[:0],
        row_check=first.row_check.iloc[:0],
        attempts=first.attempts.iloc[:0],
        pools=first.pools.iloc[:0],
        moves_by_reason=first.moves_by_reason.iloc[:0],
    )


def _composite_moves(moves: pd.DataFrame, part: pd.DataFrame) -> pd.DataFrame:
    """Give the moves of the whole the contacts of a part, and P(better): much of a composite is good."""
    contacts = part.set_index(MOVE_KEYS)["contacts"].reindex(pd.MultiIndex.from_frame(moves[MOVE_KEYS]))
    chance = gain_probability(moves) if "total_sd" in moves else np.nan
    return moves.assign(contacts=contacts.to_numpy(float), p_gain=chance)


def _with_evidence(prepared: Prepared, bias: Bias | None, model: ExperienceModel, told: Told) -> Study:
    history, name, window = prepared.history, prepared.outcome.name, prepared.window_days
    weeks = max(history.quality.weeks, 1e-9)
    told("following journeys")
    journeys = journey_report(
        history, window_days=window, outcome=name if _surveyed(prepared) else None, seed=prepared.seed
    )
    told("checking the numbers from rows")
    checked = row_check(
        history, model.reasons, outcome=name, covariates=prepared.covariates, window_days=window, seed=prepared.seed,
        chance=prepared.fits.chance_by_reason,
    )  # fmt: skip
    told("looking for what misleads")
    guards = check_guards(history, outcome=name, window_days=window, seed=prepared.seed)
    told("planning trials")
    volumes = weekly_volumes(prepared.evidence.cells, weeks, by_segment=False)
    by_reason, pilots, answers = _trials(prepared, bias, weeks, volumes)
    model = _marked(model, checked)
    return Study(
        model=model,
        quality=history.quality,
        higher_is_better=prepared.outcome.higher_is_better,
        scale=prepared.outcome.scale,
        journeys=journeys,
        moves=_advised(prepared, model.moves, weeks),
        moves_by_reason=_with_advice(by_reason, pilots, model.reasons, volumes),
        overlap=model.overlap,
        pilots=pilots,
        answers=answers,
        row_check=checked,
        attempts=stage_effects(prepared.fits),
        pools=pool_effects(prepared.fits),
        guards=guards,
    )


def _surveyed(prepared: Prepared) -> bool:
    return prepared.outcome.kind is OutcomeKind.SCORE and prepared.fits.total is not None


def _trials(
    prepared: Prepared, bias: Bias | None, weeks: float, volumes: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Moves over all segments, pilots for the unsure ones, and the answers that decisions need."""
    total = prepared.fits.total
    if bias is None or total is None:
        nothing = pd.DataFrame()
        return nothing, nothing, nothing
    moves = plain_labels(moves_by_reason(prepared.fits, bias))
    sign = 1.0 if prepared.outcome.higher_is_better else -1.0
    gains = moves.assign(effect=sign * moves["effect"])
    moves = moves.assign(p_gain=gain_probability(gains))
    outcome = prepared.outcome
    terms = terms_of(outcome.kind, outcome.scale, higher_is_better=outcome.higher_is_better)
    spread = gains["sd_moved"].to_numpy(float), gains["sd_stayed"].to_numpy(float)
    pilots = pilot_designs(gains, volumes, spread, terms=terms)
    pilots = pilots.assign(effect=sign * pilots["effect"])
    if not _surveyed(prepared):
        return moves, pilots, pd.DataFrame()
    low, high = prepared.outcome.scale
    width = _HALF_WIDTH * (high - low if np.isfinite(high - low) else 6 * float(np.sqrt(total.variance)))
    weekly = weekly_volumes(prepared.evidence.cells, weeks, label="reason")
    return moves, pilots, answers_needed(prepared.fits, AnswerGoal(half_width=width), weekly)


def _marked(model: ExperienceModel, checked: pd.DataFrame) -> ExperienceModel:
    """Say in the tables where the row-level method disagrees by more than two joint standard errors."""
    found = checked.set_index(["reason", "channel"])["model_dependent"]
    keys = pd.MultiIndex.from_frame(model.reasons[["reason", "channel"]])
    marked = found.reindex(keys).fillna(False).to_numpy(bool)
    return replace(model, reasons=model.reasons.assign(model_dependent=marked))


def _advised(prepared: Prepared, moves: pd.DataFrame, weeks: float) -> pd.DataFrame:
    """Add to each move how many contacts a week it concerns, and P(better)."""
    frame = prepared.evidence.cells.frame
    users = frame[frame["stage"] == "first"].groupby(["entry_reason", "segment", "channel"])["contacts"].sum() / weeks
    keys = pd.MultiIndex.from_frame(moves[["reason", "segment", "from_channel"]])
    out = moves.assign(contacts=users.reindex(keys).fillna(0.0).to_numpy(float))
    if "total_sd" not in out:
        return out.assign(p_gain=np.nan)
    sign = 1.0 if prepared.outcome.higher_is_better else -1.0
    return out.assign(p_gain=gain_probability(out.assign(effect=sign * out["effect"])))


def _with_advice(
    moves: pd.DataFrame, pilots: pd.DataFrame, reasons: pd.DataFrame, volumes: pd.DataFrame
) -> pd.DataFrame:
    """Say of each move of a whole reason what follows from it, with the support of the reason in the new channel.

    `contacts`: all that would move a week, whether or not their outcome is known.
    """
    if moves.empty:
        return moves
    support = reasons.set_index(["reason", "channel"])["support"]
    flags = support.reindex(pd.MultiIndex.from_frame(moves[["reason", "to_channel"]])).fillna("ok").to_numpy(str)
    tried = set()
    if not pilots.empty:
        done = pilots[pilots["feasible"].astype(bool)]
        tried = set(done[["reason", "from_channel", "to_channel"]].itertuples(index=False, name=None))
    pairs = list(moves[["reason", "from_channel", "to_channel"]].itertuples(index=False, name=None))
    words = [_advice(p, pair in tried, flag) for p, pair, flag in zip(moves["p_gain"], pairs, flags, strict=True)]
    weekly = volumes.set_index(["reason", "channel"])["contacts_per_week"]
    users = weekly.reindex(pd.MultiIndex.from_frame(moves[["reason", "from_channel"]])).fillna(0.0).to_numpy(float)
    return moves.assign(support=flags, contacts=users, advice=words)


def _advice(p: float, pilot: bool, support: str) -> str:
    if not np.isfinite(p):
        return ""
    if p >= 0.95:
        return "better" if support == "ok" else "better, but few like them were served there: move few"
    if p >= 0.6:
        return "probably better: try it, see below" if pilot else "probably better: not to be settled by a small trial"
    if p > 0.4:
        return "no difference to be told"
    return "worse" if p <= 0.05 else "probably worse"
