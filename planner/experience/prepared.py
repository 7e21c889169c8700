"""From a history to everything an estimate rests on: who is adjusted for, cells, journeys and fits, in one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from planner.experience.assemble import Journeys
from planner.experience.chance import chance_links, issues_without_chance
from planner.experience.estimated import Fits, fit_all
from planner.experience.evidence import Evidence, gather
from planner.experience.hierarchical import fit_blocks
from planner.experience.issues import labeled_volumes, with_issues
from planner.experience.scores import Fitter
from planner.experience.threads import on_one_thread, side_by_side
from planner.heap import give_back
from planner.history import (
    History,
    contact_cells,
    escalation_destinations,
    first_contact_volumes,
    return_destinations,
    stitch_issues,
)
from planner.history.columns import SCALES
from planner.history.confounders import ChosenCovariates, judged, offered_covariates, with_chosen_covariates
from planner.history.covariates import covariate_columns
from planner.history.engine import rest
from planner.history.outcomes import Outcome, check_varies, outcome_named, polarity_words
from planner.history.polarity import polarity_doubts
from planner.history.precedes import judged_order, looked_at, refused
from planner.scenario import Scenario


@dataclass(frozen=True)
class Prepared:
    """What an experience model is made from.

    Attributes
    ----------
    history
        With the covariates it gives itself, where they earned a place.
    outcome
        What is estimated, with its scale and good end.
    covariates
        What is adjusted for: the declared ones, then those of the history.
    evidence
        Cells with every label known.
    journeys
        Where contacts go next.
    fits
        The fitted outcomes.
    """

    history: History
    outcome: Outcome
    covariates: tuple[str, ...]
    window_days: float
    seed: int
    evidence: Evidence
    journeys: Journeys
    fits: Fits
    scenario: Scenario | None = None


@on_one_thread
def prepare(
    history: History,
    *,
    outcome: str,
    covariates: Sequence[str] = (),
    window_days: float = 7.0,
    seed: int = 0,
    scenario: Scenario | None = None,
    full_posterior: bool = False,
) -> Prepared:
    """Count, stitch and fit a history for one outcome.

    Parameters
    ----------
    full_posterior
        Sample the model of scores by Hamiltonian Monte Carlo instead of approximating its posterior; needs the extra
        `bayes` and some minutes.

    Raises
    ------
    HistoryError
        No such outcome or covariate, an outcome that never varies, or a covariate measured after the channel choice.
    """
    named = outcome_named(history, outcome)
    if scenario is not None:
        stated = scenario.experience
        named = replace(named, scale=stated.scale, higher_is_better=stated.higher_is_better)
    declared = covariate_columns(history, covariates, outcome)
    doubts, chosen, (journeys, notes), directions = _asked(history, named, declared, window_days, scenario)
    history, used = with_chosen_covariates(history, chosen, declared=declared, window_days=window_days)
    give_back()  # what judging took: cells are many
    evidence = _gathered(history, named, used, window_days, scenario)
    looked = () if chosen is None else chosen.notes
    known = (*directions, *_declared(outcome, journeys.volumes), *doubts)
    evidence = replace(evidence, notes=(*known, *looked, *evidence.notes, *notes))
    fitter: Fitter = fit_blocks
    if full_posterior:
        from planner.experience.bayes import sample_blocks

        fitter = sample_blocks
    better = named.higher_is_better
    give_back()
    fits = fit_all(evidence.cells, higher_is_better=better, seed=seed, chance=journeys.chance, fitter=fitter)
    evidence = replace(evidence, cells=replace(evidence.cells, by_hour=None, asked=None))  # fits alone look at these
    give_back()
    return Prepared(history, named, used, window_days, seed, evidence, journeys, fits, scenario)


def _asked(
    history: History, outcome: Outcome, declared: tuple[str, ...], window_days: float, scenario: Scenario | None
) -> tuple[tuple[str, ...], ChosenCovariates | None, tuple[Journeys, tuple[str, ...]], tuple[str, ...]]:
    """Ask the engine for all but the cells: doubts, chosen covariates, journeys and directions.

    The samples that covariates are judged by are let go of here.
    """
    asked, offered = looked_at(history, declared, window_days), None
    if history.given is None:
        offered = offered_covariates(history, outcome.name, declared, None, window_days)
    # The engine is asked for one thing at a time: judging needs it no more, following journeys does.
    (doubts, chosen), (journeys, directions) = side_by_side(
        lambda: side_by_side(
            lambda: refused(judged_order(history, asked)), lambda: None if offered is None else judged(offered)
        ),
        lambda: (
            _journeys(history, outcome.name, window_days, scenario),
            _directions(history, outcome, window_days, scenario),
        ),
    )
    return doubts, chosen, journeys, directions


def _gathered(
    history: History, outcome: Outcome, covariates: tuple[str, ...], window_days: float, scenario: Scenario | None
) -> Evidence:
    """Count cells and give them every label."""
    source = contact_cells(history, outcome=outcome.name, covariates=covariates, window_days=window_days)
    if scenario is None:
        check_varies(history, outcome.name, source.frame)
    # Labels and fits take the most memory, and until these are done nothing is asked of the engine.
    rest(history.connection)
    give_back()
    return gather(source, scenario, outcome.scale)


def _journeys(
    history: History, outcome: str, window_days: float, scenario: Scenario | None
) -> tuple[Journeys, tuple[str, ...]]:
    """Count issues and where contacts go next; with notes on what was taken out as chance."""
    interval = 60 if scenario is None else scenario.horizon.interval_min
    raw = first_contact_volumes(history, window_days=window_days, interval_min=interval)
    volumes, notes = with_issues(labeled_volumes(raw, scenario))
    chance, more = chance_links(history, volumes, window_days, outcome)
    journeys = Journeys(_follow(history, window_days), issues_without_chance(volumes, chance), chance)
    return journeys, (*notes, *more)


def _directions(history: History, outcome: Outcome, window_days: float, scenario: Scenario | None) -> tuple[str, ...]:
    """Say which end of the outcome is taken as good, and what the repeats of stitched contacts say against it."""
    quality = history.quality
    found: tuple[str, ...] = ()
    if outcome.name in SCALES:
        found = polarity_doubts(stitch_issues(history, window_days), quality.declared, quality.empty_columns)
    doubts = tuple(text for text in found if text not in quality.warnings)
    if scenario is None:
        return (polarity_words(outcome), *doubts)
    declared = outcome_named(history, outcome.name).higher_is_better
    if outcome.higher_is_better == declared or outcome.name not in SCALES:
        return doubts
    stated = "high" if outcome.higher_is_better else "low"
    return (f"the scenario takes {stated} {outcome.name} as good, the mapping file the other end", *doubts)


def _declared(outcome: str, volumes: pd.DataFrame) -> tuple[str, ...]:
    """Say that nobody was asked where the outcome is the declared composite."""
    if outcome != "composite":
        return ()
    share = 1 - volumes["anonymous_contacts"].sum() / max(float(volumes["contacts"].sum()), 1.0)
    return (
        "no survey score is used: CX is the declared composite (served, and no further contact within a day), "
        f"known for the {share:.0%} of the contacts whose customer is identified",
    )


def _follow(history: History, window_days: float) -> pd.DataFrame:
    parts = []
    for kind, destinations in (("return", return_destinations), ("escalation", escalation_destinations)):
        frame = destinations(history, window_days=window_days)
        frame = frame.rename(columns={"entry_reason": "reason", "n": "contacts"}).assign(kind=kind)
        frame["to_reason"] = frame["to_reason"].where(frame["to_reason"].notna(), frame["reason"])
        parts.append(frame[["reason", "channel", "kind", "to_reason", "to_channel", "contacts"]])
    return pd.concat(parts, ignore_index=True).astype({"contacts": float})
