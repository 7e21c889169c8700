"""What the operation stage yields: the flow network with its labels."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.scenario import Scenario
from solvers.flow.network import FlowNetwork
from solvers.flow.solution import Instance

if TYPE_CHECKING:  # workers load this module, and need no tables
    from planner.demand.model import Demand
    from planner.experience.model import ExperienceModel


@dataclass(frozen=True)
class Weights:
    """How the score of each flow comes from the rows of the experience model.

    score[flow] = scores[row] + (move_scores[move] − Σ_k scores[base_row_k]·base_weight_k where move >= 0) + shift: a
    customer who moved scores what today's users of the old channel would score in the new one, plus how far the pool
    lies from its channel's mean. `base` (flow, row of the outcomes) is sparse: a flow knows a few rows of one channel.
    `shift` (flow,) is what initiatives add, points.
    """

    row: NDArray[np.int64]
    move: NDArray[np.int64]
    base: sparse.csr_array
    shift: NDArray[np.float64]


@dataclass(frozen=True)
class FlowProblem:
    """The network of a scenario: arrays for the solvers, labels for people.

    `types` (reason, segment) pairs; `channels`, `pools`, `segments`, `steers`, `promise_names`, `seat_names` keys;
    `shift_kinds` keys per catalogue index; `starts` local start of each interval; `instance` the arrays; `weights` the
    link to the experience model; `support` flag of each flow; `limits` why the contacts of each node are
    bounded ("": they are not); `notes` what was assumed on the way; `initiatives` keys of those in force: network and
    weights are what they make of it, while `demand` stays what is expected without them; `closed` (pool, day part) that
    are closed.
    """

    scenario: Scenario
    experience: ExperienceModel
    demand: Demand
    types: tuple[tuple[str, str], ...]
    channels: tuple[str, ...]
    pools: tuple[str, ...]
    segments: tuple[str, ...]
    steers: tuple[str, ...]
    promise_names: tuple[str, ...]
    seat_names: tuple[str, ...]
    shift_kinds: tuple[str, ...]
    starts: tuple[dt.datetime, ...]
    instance: Instance
    weights: Weights
    support: tuple[str, ...]
    limits: tuple[str, ...]
    notes: tuple[str, ...]
    initiatives: tuple[str, ...] = ()
    closed: tuple[tuple[str, str], ...] = ()

    @property
    def choice(self) -> tuple[str, ...]:
        """What is chosen for the whole plan: initiatives, and closed day parts by `closing_words`."""
        return (*self.initiatives, *(closing_words(*one) for one in self.closed))

    @property
    def network(self) -> FlowNetwork:
        """The arrays of the network."""
        return self.instance.network

    @property
    def to_send(self) -> FlowProblem:
        """The same for a job that neither draws nor builds anew: without the experience model, which is tables."""
        return replace(self, experience=cast("ExperienceModel", None))

    def flow_scores(self, scores: NDArray[np.float64], move_scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score of every flow under draws of the experience model, shape (draw, flow)."""
        weights = self.weights
        values = scores[:, weights.row]
        moved = weights.move >= 0
        if moved.any():
            channel_mean = np.nan_to_num(scores) @ weights.base[moved].toarray().T
            values[:, moved] += move_scores[:, weights.move[moved]] - channel_mean
        return np.asarray(values + weights.shift)


def closing_words(pool: str, part: str) -> str:
    """Name the choice to close a pool in a part of its day."""
    return f"{pool} closed {part}"
