"""Experience: what a contact does to the customer, from history, from the scenario, or from both."""

from typing import TYPE_CHECKING

from planner.doors import on_first_use

if TYPE_CHECKING:
    from planner.experience.fit import estimate, model_for
    from planner.experience.model import STAGES, ExperienceDraws, ExperienceModel, Stage, Support

_PLACES = {
    "STAGES": "model",
    "ExperienceDraws": "model",
    "ExperienceModel": "model",
    "Stage": "model",
    "Support": "model",
    "estimate": "fit",
    "model_for": "fit",
}

__all__ = ["STAGES", "ExperienceDraws", "ExperienceModel", "Stage", "Support", "estimate", "model_for"]

__getattr__ = on_first_use(__name__, _PLACES)
