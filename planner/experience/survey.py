"""What the survey of a history says before any model: the start of the way from its mean to the CX of Today."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.cells import final_contacts
from planner.experience.evidence import gather
from planner.experience.hierarchical import Array
from planner.experience.model import ExperienceModel
from planner.experience.results import SurveyMeans
from planner.experience.stated import own_wait_curves
from planner.experience.threads import on_one_thread
from planner.experience.waits import fit_wait_curves, with_stated
from planner.history import History, contact_cells
from planner.scenario import Scenario

ROW_KEYS = ("reason", "segment", "channel", "pool", "stage")


@on_one_thread
def survey_means(history: History, scenario: Scenario, experience: ExperienceModel, *, seed: int) -> SurveyMeans | None:
    """Follow the survey's mean to the score of all final contacts at zero wait; None where nobody answered.

    `seed` is the one `experience` was estimated with: waits are put back by the same curves.
    """
    stated = scenario.experience
    source = contact_cells(history, outcome=stated.metric.value, window_days=stated.window_days)
    answers = float(source.frame["ans"].sum())
    if answers <= 0:
        return None
    evidence = gather(source, scenario, stated.scale)
    cells, _ = final_contacts(evidence.cells)
    planned, last = evidence.cells.frame, cells.frame
    if last["answers"].sum() <= 0:
        return None
    sign = 1.0 if stated.higher_is_better else -1.0
    curves = fit_wait_curves(cells, higher_is_better=stated.higher_is_better, seed=seed + 3)
    curves = with_stated(curves, own_wait_curves(scenario), cells)
    lost = float((last["answers"] * waited_loss(last, curves.band_loss)).sum() / last["answers"].sum())
    final = _mean(last)
    everyone, everywhere = _estimated_means(last, experience)
    return SurveyMeans(
        answers=answers,
        reported=float(source.frame["s1"].sum() / answers),
        planned=_mean(planned),
        final=final,
        unwaited=final + sign * lost,
        everyone=everyone,
        everywhere=everywhere,
    )


def _mean(frame: pd.DataFrame) -> float:
    return float(frame["sum_score"].sum() / frame["answers"].sum())


def waited_loss(frame: pd.DataFrame, band_loss: pd.DataFrame) -> Array:
    """Points the waits of each cell cost (`reason, channel, wait_band, loss`); 0 where no wait is known."""
    keys = ["reason", "channel", "wait_band"]
    found = frame[keys].merge(band_loss, on=keys, how="left", validate="many_to_one")
    return found["loss"].fillna(0.0).to_numpy(float)


def _estimated_means(last: pd.DataFrame, experience: ExperienceModel) -> tuple[float, float]:
    """Mean score over final contacts: in channels with a survey as estimated, and of all rows with a score."""
    keys, outcomes = list(ROW_KEYS), experience.outcomes
    counts = last.drop(columns="reason").rename(columns={"entry_reason": "reason"}).groupby(keys)["contacts"].sum()
    weight = counts.reindex(pd.MultiIndex.from_frame(outcomes[keys])).fillna(0.0).to_numpy(float)
    score = outcomes["score"].to_numpy(float)
    known = np.isfinite(score) & (weight > 0)
    asked = outcomes["channel"].isin(list(experience.quality.get("surveyed_channels", ()))).to_numpy()
    measured = known & asked & (outcomes["source"] == "estimated").to_numpy()
    means = [
        float(np.average(score[part], weights=weight[part])) if part.any() else float("nan")
        for part in (measured, known)
    ]
    return means[0], means[1]
