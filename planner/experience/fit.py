"""The doors of the experience stage: from a scenario, a history or both to one experience model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from planner.collector import collector_apart
from planner.experience.assemble import Asked, asked_of, estimated_model
from planner.experience.certainty import Bias, BiasSettings, bias_of, overlap_of_moves, with_bias
from planner.experience.composites import composite_model
from planner.experience.labels import with_plain_labels
from planner.experience.model import ExperienceModel
from planner.experience.moves import spoken_moves
from planner.experience.prepared import Prepared, prepare
from planner.experience.stated import stated_model
from planner.experience.threads import on_one_thread
from planner.history import History, load_history
from planner.history.composite import composite_named, is_composite
from planner.history.outcomes import OutcomeKind
from planner.plain_strings import plain_strings
from planner.scenario import Scenario


@collector_apart
@plain_strings
@on_one_thread
def model_for(
    scenario: Scenario, history: History | None = None, *, seed: int = 0, bias: bool = True
) -> ExperienceModel:
    """Build the experience model of a scenario: from its history where there is one, and from what it states.

    `bias`: work out what nobody observed could do to the scores, which takes as long as the estimates themselves.
    """
    if history is None:
        return stated_model(scenario)
    stated = scenario.experience
    prepared = prepare(
        history,
        outcome=stated.metric.value,
        covariates=stated.covariates,
        window_days=stated.window_days,
        seed=seed,
        scenario=scenario,
    )
    return with_its_bias(prepared)[0] if bias else model_of(prepared)


@collector_apart
@plain_strings
@on_one_thread
def estimate(
    history_or_path: History | str | Path,
    *,
    outcome: str,
    covariates: Sequence[str] = (),
    window_days: float = 7.0,
    seed: int = 0,
    full_posterior: bool = False,
) -> ExperienceModel:
    """Estimate what contacts do to customers from a history alone.

    Parameters
    ----------
    history_or_path
        A loaded history, or the path of one in canonical columns.
    outcome
        `csat, csat_top, nps, ces, resolved, fcr, repeat, transferred, abandoned, handle_s, composite`, any numeric
        column, or weighted outcomes: `composite:csat=.5,fcr=.3`.
    covariates
        Numeric columns known before the channel was chosen, strongest confounder first.
    window_days
        A contact within so many days belongs to the same issue, days.
    full_posterior
        Sample the posterior of scores instead of approximating it; needs the extra `bayes`, and minutes.
    """
    history = history_or_path if isinstance(history_or_path, History) else load_history(history_or_path)
    if is_composite(outcome):

        def part(name: str) -> ExperienceModel:
            return estimate(
                history,
                outcome=name,
                covariates=covariates,
                window_days=window_days,
                seed=seed,
                full_posterior=full_posterior,
            )

        return composite_model(composite_named(history, outcome), part)
    prepared = prepare(
        history,
        outcome=outcome,
        covariates=covariates,
        window_days=window_days,
        seed=seed,
        full_posterior=full_posterior,
    )
    return with_its_bias(prepared)[0]


def with_its_bias(prepared: Prepared) -> tuple[ExperienceModel, Bias | None]:
    """Assemble the model of what was prepared, with what nobody observed beside the sampling error."""
    asked = _asked(prepared)
    # One after the other: mostly small tables, for which two threads would only wait for each other.
    model, bias = _assembled(prepared, asked), _bias(prepared, asked)
    return model if bias is None else with_bias(model, bias), bias


def model_of(prepared: Prepared) -> ExperienceModel:
    """Assemble the model of what was prepared; its intervals hold the sampling error alone."""
    return _assembled(prepared, _asked(prepared))


def _asked(prepared: Prepared) -> Asked:
    return asked_of(prepared.evidence, prepared.fits, prepared.scenario)


def _assembled(prepared: Prepared, asked: Asked) -> ExperienceModel:
    model = estimated_model(
        prepared.evidence, prepared.journeys, prepared.fits, asked, outcome=prepared.outcome, scenario=prepared.scenario
    )
    open_moves = model.moves[~spoken_moves(model.moves, model.outcomes)]
    return with_plain_labels(replace(model, overlap=overlap_of_moves(prepared.evidence.cells.customers, open_moves)))


def _bias(prepared: Prepared, asked: Asked) -> Bias | None:
    """Work out what nobody observed could do to the estimates; None where there are none, or of times."""
    if prepared.fits.total is None or prepared.outcome.kind is OutcomeKind.TIME:
        return None
    least = 0.0 if prepared.scenario is None else prepared.scenario.experience.unseen_bias_sd
    settings = BiasSettings(unseen_bias_sd=least)
    return with_plain_labels(bias_of(prepared.fits, asked.moves, asked.outcomes, settings, asked.read))
