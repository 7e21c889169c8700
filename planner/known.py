"""What is known of a center once its history was read: all that planning takes, without what read and estimated it.

Estimates may run in a process of their own; this module is all that the process that plans loads of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planner.backtest.rolling import Past
    from planner.experience.model import ExperienceModel
    from planner.experience.results import HalvedModels, SurveyMeans
    from planner.operation import FlowProblem, Today


@dataclass(frozen=True)
class Drawn:
    """The network that plans are sought on and Today on it, with the models of experience they were drawn up from."""

    experience: ExperienceModel
    halves: HalvedModels
    problem: FlowProblem
    today: Today


@dataclass(frozen=True)
class Known(Drawn):
    """All that a run takes from its scenario and history, so that the history can be let go of.

    `survey` (None: nobody answered), `past` for the backtest, or in words why there is none, and `notes` on the quality
    of the history are None and empty without a history.
    """

    survey: SurveyMeans | None
    past: Past | str | None
    notes: tuple[str, ...]
