"""The door of the demand stage: from the scenario's source to issues per type and interval."""

from __future__ import annotations

import importlib.util
from typing import Any

import pandas as pd

from planner.demand.model import Demand
from planner.demand.stated import stated_demand
from planner.experience import ExperienceModel, model_for
from planner.scenario import Scenario


def demand_for(scenario: Scenario, history: Any = None, experience: ExperienceModel | None = None) -> Demand:
    """Build the demand of a scenario from the source it names.

    Parameters
    ----------
    history
        Past contacts; needed where `demand.source` is "history".
    experience
        The experience model of the same scenario; built from the scenario and the history where left out.
    """
    model = experience if experience is not None else model_for(scenario, history)
    return stated_demand(scenario, _demand_table(scenario), model)


def _demand_table(scenario: Scenario) -> pd.DataFrame:
    if importlib.util.find_spec("planner.scenario.tables") is None:
        return pd.read_csv(scenario.demand.source)
    from planner.scenario.tables import read_demand  # type: ignore[import-not-found]

    return read_demand(scenario)
