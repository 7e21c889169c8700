"""What customers feel and say: latent points, the score they would give, and who answers the survey."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from planner.history.synthetic.loop_state import RESOLVED, SERVED
from planner.history.synthetic.simulate_center import Center
from planner.history.synthetic.tables import ESCALATED, Floats, Tables
from planner.history.synthetic.truth import Truth

_CUTS = np.array([1.5, 2.5, 3.5, 4.5])
_BISECTIONS = 40


@dataclass(frozen=True, slots=True)
class Voices:
    """Answers per contact of the book; NaN where not asked, not answered or not served."""

    csat: Floats
    nps: Floats
    ces: Floats
    agent: NDArray[np.int64]


def mean_score(points: Floats, sd: float) -> Floats:
    """Mean of the rounded and clipped score 1..5 of latent points with normal noise: 1 + Σ P(points + noise > cut)."""
    total = np.ones_like(points)
    for cut in _CUTS:
        total += ndtr((points - cut) / sd)
    return total


def noise_sd(truth: Truth) -> float:
    """Standard deviation of one score around its mean, agents included, points."""
    return float(np.hypot(truth.experience.noise_sd, truth.experience.agent_sd))


def static_points(
    truth: Truth,
    tables: Tables,
    reason: NDArray[np.int64],
    pool: NDArray[np.int64],
    severity: Floats,
    affinity: Floats,
    peak: Floats,
) -> Floats:
    """Latent points of a first contact that is solved at once: no wait, no earlier attempt."""
    channels = list(truth.channels.values())
    channel = tables.pool_channel[pool]
    by_severity = np.array([c.severity_score for c in channels])[channel]
    by_affinity = np.array([c.affinity_score for c in channels])[channel]
    points = tables.score[reason, pool] + truth.experience.peak_hour * peak
    return np.asarray(points + by_severity * severity + by_affinity * affinity)


def wait_points(truth: Truth, reason: NDArray[np.int64], channel: NDArray[np.int64], wait_s: Floats) -> Floats:
    """Points lost by waiting, at least 0: κ·urgency·ln(1 + (wait − T)⁺/T)."""
    channels = list(truth.channels.values())
    tolerance = np.array([c.wait.tolerance_s for c in channels])[channel]
    slope = np.array([c.wait.points_per_log for c in channels])[channel]
    urgency = np.array([r.urgency for r in truth.reasons.values()])[reason]
    over = np.maximum(np.nan_to_num(wait_s) - tolerance, 0.0)
    return np.asarray(slope * urgency * np.log1p(over / tolerance))


def contact_points(truth: Truth, center: Center) -> Floats:
    """Latent points of every served contact before agent and noise, NaN for the others; shape (contact)."""
    book, issues, effects = center.book, center.issues, truth.experience
    reason, channel = book.reason.astype(np.int64), book.channel.astype(np.int64)
    who = book.issue
    points = static_points(
        truth, center.tables, reason, book.pool.astype(np.int64), issues.severity[who], issues.affinity[who],
        issues.peak[who],
    )  # fmt: skip
    points -= wait_points(truth, reason, channel, book.wait_s)
    points += effects.unresolved * (book.outcome != RESOLVED)
    points += effects.attempt * (book.attempt - 1) + effects.escalated * (book.stage == ESCALATED)
    return np.where(book.status == SERVED, points, np.nan)


def draw_voices(truth: Truth, center: Center, seed: int) -> Voices:
    """Draw agents, scores and answers for every served contact."""
    rng = np.random.default_rng([seed, 5])
    book = center.book
    points = contact_points(truth, center)
    agent, agent_points = _draw_agents(truth, center, rng)
    felt = points + agent_points + truth.experience.noise_sd * rng.standard_normal(len(points))
    csat = np.clip(np.round(felt), 1, 5)
    answered = _answers(truth, center, csat, rng)
    lift = np.array([c.nps_points for c in truth.channels.values()])[book.channel]
    nps = np.clip(np.round(7.3 + 1.7 * (felt - 3.8) + lift + 1.2 * rng.standard_normal(len(felt))), 0, 10)
    ease = np.clip(np.round(5.2 + 1.1 * (felt - 3.8) - 0.3 * (book.attempt - 1) + rng.standard_normal(len(felt))), 1, 7)
    share = rng.random((2, len(felt)))
    return Voices(
        csat=np.where(answered, csat, np.nan),
        nps=np.where(answered & (share[0] < truth.survey.nps_share), nps, np.nan),
        ces=np.where(answered & (share[1] < truth.survey.ces_share), ease, np.nan),
        agent=agent,
    )


def _draw_agents(truth: Truth, center: Center, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """Agent of each served contact (−1: an automaton) and the points it adds."""
    heads = np.array([0 if p.staffing is None else p.staffing.heads for p in truth.pools.values()])
    first = np.cumsum(heads) - heads
    effect = truth.experience.agent_sd * rng.standard_normal(int(heads.sum()))
    pool = center.book.pool.astype(np.int64)
    pick = first[pool] + np.floor(rng.random(len(pool)) * heads[pool]).astype(np.int64)
    staffed = (heads[pool] > 0) & (center.book.status == SERVED)
    return np.where(staffed, pick, -1), np.where(staffed, effect[np.where(staffed, pick, 0)], 0.0)


def _answers(truth: Truth, center: Center, csat: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw who answers; each channel's intercept is set so that its declared share answers."""
    book, survey = center.book, truth.survey
    served = book.status == SERVED
    tilt = survey.per_point * (np.nan_to_num(csat, nan=4.0) - 4.0) + survey.resolved * (book.outcome == RESOLVED)
    tilt = tilt + survey.affinity * center.issues.affinity[book.issue]
    chance = np.zeros(len(csat))
    for c, channel in enumerate(truth.channels.values()):
        rows = np.flatnonzero(served & (book.channel == c))
        if channel.response > 0 and len(rows):
            chance[rows] = _shifted(tilt[rows], channel.response)
    return np.asarray(rng.random(len(csat)) < chance)


def _shifted(tilt: Floats, share: float) -> Floats:
    """Probabilities 1/(1 + e^−(a + tilt)) with `a` such that their mean is `share`."""
    low, high = -20.0, 20.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if np.mean(1.0 / (1.0 + np.exp(-middle - tilt[::7]))) < share:
            low = middle
        else:
            high = middle
    return np.asarray(1.0 / (1.0 + np.exp(-low - tilt)))
