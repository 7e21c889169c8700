"""The doors of the experience stage: from a scenario, a history or both to one experience model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from planner.experience.assemble import Journeys, estimated_model
from planner.experience.chance import chance_links, issues_without_chance
from planner.experience.composites import composite_model
from planner.experience.evidence import Evidence, gather
from planner.experience.issues import labeled_volumes, with_issues
from planner.experience.model import ExperienceModel
from planner.experience.stated import stated_model
from planner.history import (
    History,
    contact_cells,
    escalation_destinations,
    first_contact_volumes,
    load_history,
    return_destinations,
    stitch_issues,
)
from planner.history.columns import SCALES
from planner.history.composite import composite_named, is_composite
from planner.history.outcomes import Outcome, check_varies, outcome_named, polarity_words
from planner.history.polarity import polarity_doubts
from planner.history.precedes import refuse_after
from planner.scenario import Scenario


def model_for(scenario: Scenario, history: History | None = None, *, seed: int = 0) -> ExperienceModel:
    """Build the experience model of a scenario: from its history where there is one, and from what it states."""
    if history is None:
        return stated_model(scenario)
    stated = scenario.experience
    return _from_history(
        history,
        outcome=stated.metric.value,
        covariates=stated.covariates,
        window_days=stated.window_days,
        scenario=scenario,
        scale=stated.scale,
        seed=seed,
    )


def estimate(
    history_or_path: History | str | Path,
    *,
    outcome: str,
    covariates: Sequence[str] = (),
    window_days: float = 7.0,
    seed: int = 0,
) -> ExperienceModel:
    """Estimate what contacts do to customers from a history alone.

    Parameters
    ----------
    history_or_path
        A loaded history, or the path of one in canonical columns.
    outcome
        `csat, csat_top, nps, ces, resolved, fcr, repeat, transferred, composite`, any numeric column, or weighted
        outcomes: `composite:csat=.5,fcr=.3`.
    covariates
        Numeric columns known before the channel was chosen, strongest confounder first.
    window_days
        A contact within so many days belongs to the same issue, days.
    """
    history = history_or_path if isinstance(history_or_path, History) else load_history(history_or_path)
    if is_composite(outcome):

        def part(name: str) -> ExperienceModel:
            return estimate(history, outcome=name, covariates=covariates, window_days=window_days, seed=seed)

        return composite_model(composite_named(history, outcome), part)
    return _from_history(
        history,
        outcome=outcome,
        covariates=tuple(covariates),
        window_days=window_days,
        scenario=None,
        scale=outcome_named(history, outcome).scale,
        seed=seed,
    )


def _from_history(
    history: History,
    *,
    outcome: str,
    covariates: Sequence[str],
    window_days: float,
    scenario: Scenario | None,
    scale: tuple[float, float],
    seed: int,
) -> ExperienceModel:
    doubts = refuse_after(history, covariates, window_days=window_days)
    named = outcome_named(history, outcome)
    source = contact_cells(history, outcome=outcome, covariates=covariates, window_days=window_days)
    if scenario is None:
        check_varies(history, outcome, source.frame)
    evidence = gather(source, scenario, scale)
    interval = 60 if scenario is None else scenario.horizon.interval_min
    raw = first_contact_volumes(history, window_days=window_days, interval_min=interval)
    volumes, notes = with_issues(labeled_volumes(raw, scenario))
    chance, more = chance_links(history, volumes, window_days, outcome)
    journeys = Journeys(_follow(history, window_days), issues_without_chance(volumes, chance), chance)
    known = (*_directions(history, named, window_days, scenario), *_declared(outcome, volumes), *doubts)
    evidence = Evidence(evidence.cells, evidence.waited, (*known, *evidence.notes, *notes, *more))
    better = named.higher_is_better
    return estimated_model(evidence, journeys, outcome=outcome, scenario=scenario, seed=seed, higher_is_better=better)


def _directions(history: History, outcome: Outcome, window_days: float, scenario: Scenario | None) -> tuple[str, ...]:
    """Say which end of the outcome is taken as good, and what the repeats of stitched contacts say against it."""
    quality = history.quality
    found: tuple[str, ...] = ()
    if outcome.name in SCALES:
        found = polarity_doubts(stitch_issues(history, window_days), quality.declared, quality.empty_columns)
    doubts = tuple(text for text in found if text not in quality.warnings)
    if scenario is None:
        return (polarity_words(outcome), *doubts)
    if scenario.experience.higher_is_better == outcome.higher_is_better or outcome.name not in SCALES:
        return doubts
    stated = "high" if scenario.experience.higher_is_better else "low"
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
