"""From a study to the reading page: its sections in the order people ask."""

from __future__ import annotations

import numpy as np

from planner.experience.study import Study
from planner.report.estimate.blocks import Section
from planner.report.estimate.first import first_sentences
from planner.report.estimate.guards import guards_section, notes_section, quality_section
from planner.report.estimate.journeys import journeys_section
from planner.report.estimate.matrix import matrix_section
from planner.report.estimate.moves import moves_section
from planner.report.estimate.numbers import count, share
from planner.report.estimate.page import Page
from planner.report.estimate.trials import basis_section, effects_section, needs_section, pilots_section
from planner.report.estimate.units import surveyed, unit_of
from planner.report.estimate.waits import waits_section
from planner.report.estimate.words import OUTCOMES, PAGE, UNITS

_BASIS_WORDS = ("looked at, not needed", "adjusted for", "not adjusted for", "strongest known cause", "content answer")


def page_of(study: Study) -> Page:
    """Lay out everything a study holds."""
    digits = digits_of(study)
    notes = study.model.notes
    basis = tuple(note for note in notes if any(words in note for words in _BASIS_WORDS))
    rest = [note for note in notes if note not in basis]
    sections: tuple[Section, ...] = (
        matrix_section(study.model.reasons, digits, study.model.outcome, surveyed=surveyed(study)),
        moves_section(
            study.moves_by_reason, study.moves, digits, one_channel=study.model.reasons["channel"].nunique() < 2
        ),
        pilots_section(study, digits),
        _waits(study),
        effects_section(study.attempts, study.pools, digits),
        journeys_section(study.journeys, digits),
        guards_section(study.guards),
        basis_section(basis, study.overlap, study.row_check, digits),
        needs_section(study.answers, digits),
        quality_section(study.quality.lines(), study.model.quality),
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
    unit = unit_of(study)
    known = PAGE["composite" if unit == "composite" else "answers" if surveyed(study) else "recorded"].format(
        answers=count(answers), rate=share(float(study.model.quality.get("response_rate", np.nan)))
    )
    return PAGE["facts"].format(
        source=quality.source,
        contacts=count(quality.rows_kept),
        period=period,
        outcome=outcome,
        known=known,
        unit=UNITS[unit],
    )


def _waits(study: Study) -> Section:
    within = study.model.quality.get("wait_variance_within_hours", {})
    shares = dict(within) if isinstance(within, dict) else {}
    digits = max(digits_of(study), 2) if unit_of(study) != "seconds" else 0
    return waits_section(study.model.wait_curve, study.model.reasons, shares, unit_of(study), digits)
