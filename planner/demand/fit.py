"""The door of the demand stage: from the scenario's source to issues per type and interval."""

from __future__ import annotations

from planner.demand.history import history_demand
from planner.demand.model import Demand
from planner.demand.stated import stated_demand
from planner.errors import Issue, ScenarioError
from planner.experience import ExperienceModel, model_for
from planner.history import History
from planner.scenario import Scenario
from planner.scenario.tables import read_demand


def demand_for(scenario: Scenario, history: History | None = None, experience: ExperienceModel | None = None) -> Demand:
    """Build the demand of a scenario from the source it names.

    Parameters
    ----------
    history
        Past contacts; needed where `demand.source` is "history".
    experience
        The experience model of the same scenario, for demand files; built where left out.

    Raises
    ------
    ScenarioError
        The source is the history, and there is none; or the demand file is wrong.
    """
    if scenario.demand.source != "history":
        model = experience if experience is not None else model_for(scenario, history)
        return stated_demand(scenario, read_demand(scenario), model)
    if history is None:
        message = 'is "history", but the scenario names none; name history.contacts or a demand file'
        raise ScenarioError([Issue(scenario.name, None, None, "demand.source", message)])
    return history_demand(scenario, history)
