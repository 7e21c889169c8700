"""From a study to the reading page: the first sentences, and the sections in the order people ask."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.study import Study
from planner.report.estimate.blocks import Section
from planner.report.estimate.guards import guards_section, notes_section, quality_section
from planner.report.estimate.journeys import journeys_section
from planner.report.estimate.matrix import matrix_section
from planner.report.estimate.moves import moves_section
from planner.report.estimate.numbers import count, points, share, signed
from planner.report.estimate.page import Page
from planner.report.estimate.trials import basis_section, effects_section, needs_section, pilots_section
from planner.report.estimate.waits import waits_section
from planner.report.estimate.words import FIRST, OUTCOMES, PAGE

_BASIS_WORDS = ("looked at, not needed", "adjusted for", "not adjusted for", "strongest known cause", "content answer")


def page_of(study: Study) -> Page:
    """Lay out everything a study holds."""
    digits = digits_of(study)
    notes = study.model.notes
    basis = tuple(note for note in notes if any(words in note for words in _BASIS_WORDS))
    rest = [note for note in notes if note not in basis]
    sections: tuple[Section, ...] = (
        matrix_section(study.model.reasons, digits),
        moves_section(
            study.moves_by_reason, study.moves, digits, one_channel=study.model.reasons["channel"].nunique() < 2
        ),
        pilots_section(study.pilots, digits),
        _waits(study),
        effects_section(study.attempts, study.pools, digits),
        journeys_section(study.journeys, digits),
        guards_section(study.guards),
        basis_section(basis, study.overlap, study.row_check, digits),
        needs_section(study.answers, digits),
        quality_section(study.quality.lines()),
        notes_section(rest),
    )
    return Page(PAGE["title"], _facts(study), first_sentences(study, digits), sections)


def digits_of(study: Study) -> int:
    """Decimals that mean something: two on short scales, three for shares, none for NPS and seconds."""
    low, high = study.scale
    span = high - low
    if not np.isfinite(span):
        typical = study.model.reasons["mean"].abs().median() if len(study.model.reasons) else np.nan
        return 0 if typical > 50 else 2
    return 3 if span <= 1 else 2 if span <= 20 else 0


def _facts(study: Study) -> str:
    quality, low, high = study.quality, *study.scale
    words = OUTCOMES.get(study.model.outcome, study.model.outcome)
    outcome = words.format(low=low, high=high, better="higher" if study.higher_is_better else "lower")
    period = f"{quality.first:%Y-%m-%d} to {quality.last:%Y-%m-%d}" if quality.first and quality.last else "no dates"
    answers = float(study.model.quality.get("answers", 0.0))
    return PAGE["facts"].format(
        source=quality.source,
        contacts=count(quality.rows_kept),
        period=period,
        outcome=outcome,
        answers=count(answers),
        rate=share(float(study.model.quality.get("response_rate", np.nan))),
    )


def first_sentences(study: Study, digits: int) -> tuple[str, ...]:
    """Say the most important findings: the surest gain, the surest mistake, what misleads, what is not known."""
    found = [*_move_sentences(study, digits), *_trust_sentences(study), *_gap_sentences(study)]
    return tuple(found)


def _move_sentences(study: Study, digits: int) -> list[str]:
    moves = study.moves_by_reason
    if moves.empty or not moves["effect"].notna().any():
        return [FIRST["no_moves"]]
    sign = 1.0 if study.higher_is_better else -1.0
    gain = moves.assign(gain=sign * moves["effect"] * moves["people"])
    sure = gain[gain["p_gain"] >= 0.95]
    lost = gain[gain["p_gain"] <= 0.05]
    said = [
        FIRST["counts"].format(
            better=len(sure), all=len(gain), worse=len(lost), unsure=len(gain) - len(sure) - len(lost)
        )
    ]
    if len(sure):
        said.append(_move_words(FIRST["gain"], sure.sort_values("gain", kind="stable").iloc[-1], digits))
    if len(lost):
        said.append(_move_words(FIRST["loss"], lost.sort_values("gain", kind="stable").iloc[0], digits))
    return said


def _move_words(words: str, row: pd.Series, digits: int) -> str:
    return words.format(
        reason=row["reason"],
        source=row["from_channel"],
        to=row["to_channel"],
        effect=signed(row["effect"], digits),
        lower=points(row["lower_total"], digits),
        upper=points(row["upper_total"], digits),
        people=count(row["people"]),
    )


def _trust_sentences(study: Study) -> list[str]:
    serious = study.guards[study.guards["level"] == "alarm"] if not study.guards.empty else study.guards
    if len(serious):
        first = serious.iloc[0]
        return [FIRST["alarm"].format(n=len(serious), first=f"{first['where']}: {first['finding']}")]
    return []


def _gap_sentences(study: Study) -> list[str]:
    reasons = study.model.reasons
    bare = int((reasons["support"] == "none").sum())
    thin = int(reasons["support"].isin(["sparse", "extrapolated"]).sum())
    return [FIRST["gaps"].format(bare=bare, thin=thin, all=len(reasons))] if bare or thin else []


def _waits(study: Study) -> Section:
    within = study.model.quality.get("wait_variance_within_hours", {})
    return waits_section(study.model.wait_curve, study.model.reasons, dict(within) if isinstance(within, dict) else {})
