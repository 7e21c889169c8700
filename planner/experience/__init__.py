"""Experience: what a contact does to the customer, from history, from the scenario, or from both."""

from planner.experience.fit import estimate, model_for
from planner.experience.model import STAGES, ExperienceDraws, ExperienceModel, Stage, Support

__all__ = ["STAGES", "ExperienceDraws", "ExperienceModel", "Stage", "Support", "estimate", "model_for"]
