"""The doors of the experience stage: from a scenario, a history or both to one experience model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from planner.experience.assemble import estimated_model
from planner.experience.certainty import BiasSettings, bias_of, with_bias
from planner.experience.composites import composite_model
from planner.experience.model import ExperienceModel
from planner.experience.prepared import Prepared, prepare
from planner.experience.stated import stated_model
from planner.history import History, load_history
from planner.history.composite import composite_named, is_composite
from planner.history.outcomes import OutcomeKind
from planner.scenario import Scenario


def model_for(scenario: Scenario, history: History | None = None, *, seed: int = 0) -> ExperienceModel:
    """Build the experience model of a scenario: from its history where there is one, and from what it states."""
    if history is None:
        return stated_model(scenario)
    stated = scenario.experience
    return model_of(
        prepare(
            history,
            outcome=stated.metric.value,
            covariates=stated.covariates,
            window_days=stated.window_days,
            seed=seed,
            scenario=scenario,
        )
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
        `csat, csat_top, nps, ces, resolved, fcr, repeat, transferred, abandoned, handle_s, composite`, any numeric
        column, or weighted outcomes: `composite:csat=.5,fcr=.3`.
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
    return model_of(prepare(history, outcome=outcome, covariates=tuple(covariates), window_days=window_days, seed=seed))


def model_of(prepared: Prepared, bias: Bias | None = None) -> ExperienceModel:
    """Assemble the model of what was prepared; with its bias beside the sampling error where that was worked out."""
    model = estimated_model(
        prepared.evidence, prepared.journeys, prepared.fits, outcome=prepared.outcome, scenario=prepared.scenario
    )
    return model if bias is None else with_bias(model, bias)
