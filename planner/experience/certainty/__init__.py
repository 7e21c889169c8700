"""How certain the experience numbers are: bias nobody observed, overlap, limits of moves, pilots, sample size."""

from planner.experience.certainty.bias import Bias, bias_of, total_intervals
from planner.experience.certainty.joint import bias_draws, with_bias
from planner.experience.certainty.limits import move_limits
from planner.experience.certainty.overlap import overlap_of_cells, overlap_of_moves
from planner.experience.certainty.pilots import PilotSettings, pilot_designs
from planner.experience.certainty.reasons import moves_by_reason
from planner.experience.certainty.sample_size import AnswerGoal, answers_needed
from planner.experience.certainty.settings import BiasSettings
from planner.experience.certainty.weekly import weekly_volumes

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
