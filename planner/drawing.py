"""From a scenario and its history to all that plans are sought on; what a run needs of the history, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planner.backtest.reading import past_of
from planner.collector import collector_apart
from planner.demand import demand_for
from planner.experience import model_for
from planner.experience.halves import halved_models
from planner.experience.survey import survey_means
from planner.heap import give_back
from planner.history import History
from planner.history.scenario_history import history_of, seen_routing, seen_staffing, shrinkage_notes
from planner.known import Drawn, Known
from planner.scenario import Scenario, read_today_routing, read_today_staffing

if TYPE_CHECKING:
    from planner.operation import FlowProblem, Today


@collector_apart
def known_of(scenario: Scenario, seed: int) -> Known:
    """Read and estimate all that a run needs.

    Raises
    ------
    ScenarioError
        The scenario and its inputs do not fit together.
    """
    history = history_of(scenario)
    drawn = _drawn(scenario, history, seed)
    give_back()
    parts = drawn.experience, drawn.halves, drawn.problem, drawn.today
    if history is None:
        return Known(*parts, None, None, ())
    return Known(
        *parts,
        survey=survey_means(history, scenario, drawn.experience, seed=seed),
        past=past_of(scenario, history),
        notes=(*history.quality.lines(), *shrinkage_notes(scenario, history)),
    )


def draw_problem(scenario: Scenario, *, seed: int) -> tuple[FlowProblem, Today]:
    """Return the network that plans of a scenario are sought on, and Today on it; the same as in a run with this seed.

    Raises
    ------
    ScenarioError
        The scenario and its inputs do not fit together.
    """
    drawn = _drawn(scenario, history_of(scenario), seed)
    return drawn.problem, drawn.today


def _drawn(scenario: Scenario, history: History | None, seed: int) -> Drawn:
    experience = model_for(scenario, history, seed=seed)
    halves = halved_models(scenario, history, experience, seed=seed)
    give_back()  # what the models have left: the engine needs room again
    from planner.frontier.risk import with_doubt  # lazy: estimates need the room until they are done
    from planner.operation import baseline, build_problem

    problem = with_doubt(build_problem(scenario, halves.chosen, demand_for(scenario, history, experience)), seed)
    today = baseline(problem, _today_staffing(scenario, history), _today_routing(scenario, history))
    return Drawn(experience, halves, problem, today)


def _today_staffing(scenario: Scenario, history: History | None) -> pd.DataFrame:
    """Today's people per pool and interval: `pool, interval, scheduled` and, where measured, `on_task`."""
    if scenario.today.staffing != "history":
        return read_today_staffing(scenario)
    return seen_staffing(scenario, history)


def _today_routing(scenario: Scenario, history: History | None) -> pd.DataFrame:
    """Today's shares of pools: `reason, segment, channel, pool, share`."""
    if scenario.today.routing != "history":
        return read_today_routing(scenario)
    return seen_routing(scenario, history)
