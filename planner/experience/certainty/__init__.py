"""How certain the experience numbers are: bias nobody observed, overlap, limits of moves, pilots, sample size."""

from typing import TYPE_CHECKING

from planner.doors import on_first_use

if TYPE_CHECKING:
    from planner.experience.certainty.bias import Bias, bias_of, total_intervals
    from planner.experience.certainty.joint import bias_draws, with_bias
    from planner.experience.certainty.limits import move_limits
    from planner.experience.certainty.overlap import overlap_of_cells, overlap_of_moves
    from planner.experience.certainty.pilots import PilotSettings, pilot_designs
    from planner.experience.certainty.reasons import moves_by_reason
    from planner.experience.certainty.sample_size import AnswerGoal, answers_needed
    from planner.experience.certainty.settings import BiasSettings
    from planner.experience.certainty.weekly import weekly_volumes

_PLACES = {
    "AnswerGoal": "sample_size",
    "Bias": "bias",
    "BiasSettings": "settings",
    "PilotSettings": "pilots",
    "answers_needed": "sample_size",
    "bias_draws": "joint",
    "bias_of": "bias",
    "move_limits": "limits",
    "moves_by_reason": "reasons",
    "overlap_of_cells": "overlap",
    "overlap_of_moves": "overlap",
    "pilot_designs": "pilots",
    "total_intervals": "bias",
    "weekly_volumes": "weekly",
    "with_bias": "joint",
}

__all__ = [
    "AnswerGoal",
    "Bias",
    "BiasSettings",
    "PilotSettings",
    "answers_needed",
    "bias_draws",
    "bias_of",
    "move_limits",
    "moves_by_reason",
    "overlap_of_cells",
    "overlap_of_moves",
    "pilot_designs",
    "total_intervals",
    "weekly_volumes",
    "with_bias",
]

__getattr__ = on_first_use(__name__, _PLACES)
