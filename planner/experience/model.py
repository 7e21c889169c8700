"""What the experience stage yields: a frozen model of what contacts do to customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner import notebook


class Support(StrEnum):
    """How well history supports an estimate."""

    OK = "ok"
    SPARSE = "sparse"
    EXTRAPOLATED = "extrapolated"
    NONE = "none"


class Stage(StrEnum):
    """Where a contact stands in its issue.

    `redialed`: tries again after abandoning, so nothing has been handled yet (handle time, score and resolution
    of a first contact); `returned`: comes back unresolved; `escalated`: handed over by another channel.
    """

    FIRST = "first"
    REDIALED = "redialed"
    RETURNED = "returned"
    ESCALATED = "escalated"


STAGES: tuple[Stage, ...] = tuple(Stage)


@dataclass(frozen=True, slots=True)
class ExperienceDraws:
    """Joint posterior draws for risk and paired comparisons, scale points.

    `scores` shape (draw, row of `ExperienceModel.outcomes`): score of final contacts at zero wait;
    `move_scores` shape (draw, row of `ExperienceModel.moves`): the same for those who moved.
    """

    scores: NDArray[np.float64]
    move_scores: NDArray[np.float64]


@dataclass(frozen=True)
class ExperienceModel:
    """What each contact reason, channel, segment and pool does to the customer, with its uncertainty.

    Tables (pandas, joined by label, never by position):

    table
        For reading, by true reason: `reason, channel, segment, mean, sd, lower, upper, n_contacts, n_effective,
        support` – the score customers report (today's waits included), 90 % intervals.
    reasons
        The same over all segments, with the raw means: `reason, channel, mean, sd, lower, upper, n_contacts,
        n_effective, support, raw_mean, n_answers`; empty where nothing comes from a history.
    outcomes
        For the optimizer, by reason *as known when routed*: `reason, segment, channel, pool, stage, aht_s,
        p_escalate, p_return, score, score_sd, n_contacts, support, source` – score of final contacts at zero wait,
        `p_return` per served and not escalated contact, `source` measured | estimated | stated | default; of models
        with a scenario `statement`, which stated row the score is from (−1: none).
        Every pool x type it may serve x stage has a row; NaN score where support is none.
    moves
        `reason, segment, from_channel, to_channel, effect, sd, lower, upper, support, score, p_return`: today's
        users of from_channel served in to_channel. `effect` (with its sd and interval) is the change of the score
        they report at first contact, today's waits and better or worse resolution included; `score` is their
        potential score at a final contact and zero wait, which is what the optimizer adds up.
    wait_curve
        `reason, channel, wait_s, loss, sd`: points lost at the knots, piecewise linear, 0 at 0, never falling,
        flat after the last knot.

    Returns
    -------
        `reason, channel, to_reason, to_channel, share`: where unresolved contacts come back; sums to 1 per
        (reason, channel).
    escalations
        `channel, to_channel, share`: where escalated contacts go; sums to 1 per escalating channel.
    patience
        `channel, patience_s, n_abandoned, source`: mean patience; inf where nobody abandons.
    confusion
        `entry_reason, reason, share`: P(true reason | reason as known when routed).
    issues
        `reason, segment, issues, contacts, contacts_per_issue, fcr, share_anonymous`.
    overlap
        As from `certainty.overlap_of_moves`, of the moves whose score is not stated: whether the people to be moved
        are like those served there today; empty where nothing comes from a history.

    Draws are made by `sampler` (sampling error) and `bias_sampler` (what nobody observed could add, points; the same
    shapes), each called with a count and a seed; None: independent normals, and no bias.
    """

    outcome: str
    table: pd.DataFrame
    outcomes: pd.DataFrame
    moves: pd.DataFrame
    wait_curve: pd.DataFrame
    returns: pd.DataFrame
    escalations: pd.DataFrame
    patience: pd.DataFrame
    confusion: pd.DataFrame
    issues: pd.DataFrame
    chain: nx.DiGraph
    reasons: pd.DataFrame = field(default_factory=pd.DataFrame)
    attempt_penalty: float = 0.0
    notes: tuple[str, ...] = ()
    quality: Mapping[str, Any] = field(default_factory=dict)
    overlap: pd.DataFrame = field(default_factory=pd.DataFrame)
    sampler: Callable[[int, int], ExperienceDraws] | None = None
    bias_sampler: Callable[[int, int], ExperienceDraws] | None = None

    def _repr_html_(self) -> str:
        rows = self.table if self.reasons.empty else self.reasons
        columns = ("reason", "channel", "segment", "mean", "lower", "upper", "raw_mean", "n_answers", "support")
        title = f"Experience: {self.outcome}"
        return notebook.shown(title, notebook.table(rows, columns), notebook.sentences(self.notes))

    def draws(self, n: int, seed: int, *, bias: bool = True) -> ExperienceDraws:
        """Draw `n` joint posterior samples; independent normals per row where no joint posterior exists.

        With `bias`, each holds what nobody observed could do to it, where that was worked out.
        """
        plain = self._sampled(n, seed)
        if not bias or self.bias_sampler is None:
            return plain
        extra = self.bias_sampler(n, seed)
        return ExperienceDraws(plain.scores + extra.scores, plain.move_scores + extra.move_scores)

    def _sampled(self, n: int, seed: int) -> ExperienceDraws:
        if self.sampler is not None:
            return self.sampler(n, seed)
        rng = np.random.default_rng([seed, 7])
        score = self.outcomes["score"].to_numpy(float)
        sd = self.outcomes["score_sd"].fillna(0.0).to_numpy(float)
        moved = self.moves["score"].to_numpy(float)
        moved_sd = self.moves["sd"].fillna(0.0).to_numpy(float)
        return ExperienceDraws(
            scores=score + sd * rng.standard_normal((n, len(score))),
            move_scores=moved + moved_sd * rng.standard_normal((n, len(moved))),
        )
