"""What the experience stage hands on beside its model: models of two halves of the customers, means of the survey."""

from __future__ import annotations

from dataclasses import dataclass

from planner.experience.model import ExperienceModel


@dataclass(frozen=True)
class HalvedModels:
    """The model plans are chosen with, the one they are scored again with (None: not done), and why, in words."""

    chosen: ExperienceModel
    rescored: ExperienceModel | None
    note: str = ""


@dataclass(frozen=True)
class SurveyMeans:
    """Means of answers, each over a smaller or better described part, then of all final contacts.

    Attributes
    ----------
    answers
        Contacts with an answer.
    reported
        Mean of every answer: what a survey report shows.
    planned
        Mean of the answers after served contacts whose reason, channel and segment the scenario plans.
    final
        Mean of those after which nobody came back and nothing was handed on: one contact per issue.
    unwaited
        The same, with the points today's waits cost put back, by the wait curves of the model, stated or estimated.
    everyone
        Mean estimate over all such contacts of channels with a survey, answered or not.
    everywhere
        Mean over those of all channels, stated and extrapolated scores included.
    """

    answers: float
    reported: float
    planned: float
    final: float
    unwaited: float
    everyone: float
    everywhere: float
