"""Draw up the nodes and flows of a scenario: who may arrive where, and who may serve them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from planner.demand.model import Demand
from planner.errors import Issue, ScenarioError
from planner.experience.certainty.limits import move_limits
from planner.experience.model import STAGES, ExperienceModel, Support
from planner.experience.moves import MOVE_KEYS
from planner.scenario import Scenario

Place = tuple[int, int, int, int]
"""An offer: type, channel the customer chose, steer, channel it leads to (indices)."""


@dataclass
class Draft:
    """Lists of nodes and flows while the network is drawn up."""

    nodes: list[tuple[int, int, int, int, int, float, float, float]] = field(default_factory=list)
    later: dict[tuple[int, int, int], int] = field(default_factory=dict)
    flows: list[dict[str, float]] = field(default_factory=list)
    splits: dict[tuple[int, int, int], int] = field(default_factory=dict)
    pairs: dict[tuple[int, int], int] = field(default_factory=dict)
    support: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Builder:
    """Labels, lookups and the draft; used once by `build_problem`."""

    def __init__(self, scenario: Scenario, experience: ExperienceModel, demand: Demand) -> None:
        self.scenario, self.experience, self.demand = scenario, experience, demand
        self.types = demand.types
        self.channels, self.pools = tuple(scenario.channels), tuple(scenario.pools)
        self.type_at = {key: k for k, key in enumerate(self.types)}
        self.channel_at = {name: c for c, name in enumerate(self.channels)}
        self.segments, self.steers = tuple(scenario.segments), tuple(scenario.steers)
        self.draft = Draft()
        outcomes = experience.outcomes.reset_index(drop=True)
        keys = zip(outcomes["reason"], outcomes["segment"], outcomes["pool"], outcomes["stage"], strict=True)
        self.row_of = {key: k for k, key in enumerate(keys)}
        self.outcomes = {str(name): outcomes[name].to_numpy() for name in outcomes.columns}
        self.p_return = np.nan_to_num(self.outcomes["p_return"].astype(float))
        self.p_escalate = np.nan_to_num(self.outcomes["p_escalate"].astype(float))
        moves = experience.moves
        self.moves = {str(name): moves[name].to_numpy() for name in moves.columns}
        self._serving: dict[tuple[int, int], list[int]] = {}
        self._weights: dict[tuple[int, int], tuple[list[int], np.ndarray]] = {}
        keys = zip(moves["reason"], moves["segment"], moves["from_channel"], moves["to_channel"], strict=True)
        self.move_of = {key: k for k, key in enumerate(keys)}
        self.channel_of = [self.channel_at[scenario.pools[p].channel] for p in self.pools]

    def serving(self, kind: int, channel: int) -> list[int]:
        """Pools that may serve a type in a channel and whose score is known."""
        if (kind, channel) not in self._serving:
            found = []
            for g, name in enumerate(self.pools):
                row = self.row_of.get((*self.types[kind], name, "first"))
                if self.channel_of[g] == channel and row is not None and np.isfinite(self.outcomes["score"][row]):
                    found.append(g)
            self._serving[kind, channel] = found
        return self._serving[kind, channel]

    def channel_weights(self, kind: int, channel: int) -> tuple[list[int], np.ndarray]:
        """Outcome rows whose weighted mean is a channel's, and the weights (by contacts; equal if unknown)."""
        if (kind, channel) not in self._weights:
            rows = [self.row_of[(*self.types[kind], self.pools[g], "first")] for g in self.serving(kind, channel)]
            contacts = np.nan_to_num(self.outcomes["n_contacts"].astype(float)[rows])
            total = contacts.sum()
            weights = contacts / total if total > 0 else np.full(len(rows), 1 / max(1, len(rows)))
            self._weights[kind, channel] = rows, weights
        return self._weights[kind, channel]


def natural_with_pools(maker: Builder) -> np.ndarray:
    """Natural channel shares; arrivals nobody may serve there are handed to where the channel escalates to."""
    natural = maker.demand.natural.copy()
    goes = {e.from_channel: e.to_channel for e in maker.scenario.escalations}
    for row in maker.experience.escalations.sort_values("share").itertuples():
        goes.setdefault(str(row.channel), str(row.to_channel))
    problems = []
    for kind, (reason, segment) in enumerate(maker.types):
        for c, channel in enumerate(maker.channels):
            if natural[kind, c] <= 0 or maker.serving(kind, c):
                continue
            target = maker.channel_at.get(goes.get(channel, ""), -1)
            if target >= 0 and maker.serving(kind, target):
                natural[kind, target] += natural[kind, c]
                maker.draft.notes.append(
                    f"{reason} / {segment}: no pool may serve it in {channel}; its contacts go to {goes[channel]}"
                )
            elif maker.demand.issues[kind] > 0:
                message = (
                    f"{natural[kind, c]:.1%} of {reason} / {segment} arrive in {channel}, where no pool with a known "
                    "score may serve them; state experience.outcomes (score) for it, let a pool serve it, or add an "
                    "escalation from this channel"
                )
                problems.append(Issue(maker.scenario.name, None, None, f"reasons.{reason}", message))
            natural[kind, c] = 0.0
    if problems:
        raise ScenarioError(problems)
    total = natural.sum(axis=1, keepdims=True)
    return np.asarray(natural / np.where(total > 0, total, 1.0))


def draw_first_nodes(maker: Builder, natural: np.ndarray) -> None:
    """Add a node per type and natural channel, and one per steer that may be offered there."""
    draft, steers = maker.draft, list(maker.scenario.steers.values())
    offers = _offers(maker, natural)
    bounds = _bounds(maker, natural, offers)
    heard: dict[tuple[int, int], list[Place]] = {}
    for place in offers:
        heard.setdefault(place[:2], []).append(place)
    for kind in range(len(maker.types)):
        for a in range(len(maker.channels)):
            if natural[kind, a] <= 0:
                continue
            draft.nodes.append((kind, a, 0, a, -1, 1.0, 0.0, np.inf))
            draft.limits.append("")
            for place in heard.get((kind, a), []):
                _, _, k, c = place
                most, why = bounds[place]
                draft.nodes.append((kind, c, 0, a, k, steers[k].acceptance.value, steers[k].cost_per_offer, most))
                draft.limits.append(why)


def _offers(maker: Builder, natural: np.ndarray) -> list[Place]:
    """Every steer that may really be made: somebody is there to hear it, and somebody to serve those who follow it."""
    offers = []
    for kind, (reason, segment) in enumerate(maker.types):
        for k, steer in enumerate(maker.scenario.steers.values()):
            a, c = maker.channel_at[steer.from_channel], maker.channel_at[steer.to_channel]
            offered = (
                natural[kind, a] > 0
                and (steer.reasons is None or reason in steer.reasons)
                and (steer.segments is None or segment in steer.segments)
                and steer.acceptance.value > 0
            )
            if offered and maker.serving(kind, c):
                offers.append((kind, a, k, c))
    return offers


def _bounds(maker: Builder, natural: np.ndarray, offers: list[Place]) -> dict[Place, tuple[float, str]]:
    """Most contacts each steer may move, and why where that is bounded: see `certainty.move_limits`.

    What a thin channel may take is shared among the steers that lead into it. A move history does not know is closed.
    """
    if not offers:
        return {}
    asked = pd.DataFrame(
        [(*maker.types[kind], maker.channels[a], maker.channels[c]) for kind, a, _, c in offers], columns=MOVE_KEYS
    )
    known = maker.experience.moves[[*MOVE_KEYS, "effect", "support"]]
    rows = asked.merge(known, on=MOVE_KEYS, how="left", validate="many_to_one")
    rows["support"] = rows["support"].fillna(Support.NONE.value)
    overlap = maker.experience.overlap
    limits = move_limits(rows, maker.experience.outcomes, None if overlap.empty else overlap)
    bounds = {}
    for place, share, why in zip(offers, limits["max_share"], limits["why"], strict=True):
        kind, a = place[:2]
        free = share >= 1.0
        there = maker.demand.issues[kind] * natural[kind, a]
        bounds[place] = (np.inf, "") if free else (float(share * there), str(why))
    return bounds


def draw_later_nodes(maker: Builder) -> None:
    """Add a node per type, channel and later stage wherever somebody could serve it."""
    draft = maker.draft
    for kind in range(len(maker.types)):
        for c in range(len(maker.channels)):
            if maker.serving(kind, c):
                for stage in (1, 2, 3):
                    draft.later[kind, c, stage] = len(draft.nodes)
                    draft.nodes.append((kind, c, stage, -1, -1, 1.0, 0.0, np.inf))
                    draft.limits.append("")


def draw_flows(maker: Builder) -> None:
    """Add a flow per node and pool that may serve it, with its outcomes."""
    draft = maker.draft
    for n, (kind, c, stage, a, steer, *_) in enumerate(draft.nodes):
        reason, segment = maker.types[kind]
        for g in maker.serving(kind, c):
            row = maker.row_of[reason, segment, maker.pools[g], str(STAGES[stage])]
            aht_s = float(maker.outcomes["aht_s"][row])
            move = -1
            if steer >= 0:
                move = maker.move_of.get((reason, segment, maker.channels[a], maker.channels[c]), -1)
            split = draft.splits.setdefault((kind, c, g), len(draft.splits))
            pair = draft.pairs.setdefault((g, kind), len(draft.pairs))
            draft.flows.append(
                {
                    "node": n,
                    "pool": g,
                    "split": split,
                    "pair": pair,
                    "row": row,
                    "move": move,
                    "aht_s": aht_s if np.isfinite(aht_s) else 0.0,
                    "escalate": float(maker.p_escalate[row]),
                    "p_return": _p_return(maker, kind, c, float(maker.p_return[row]), move),
                }
            )
            support = maker.outcomes["support"][row] if move < 0 else maker.moves["support"][move]
            draft.support.append(str(support))


def _p_return(maker: Builder, kind: int, c: int, own: float, move: int) -> float:
    """Share that returns; for those who moved the mover's share, shifted by how far the pool lies from its channel."""
    if move < 0:
        return own
    moved = float(maker.moves["p_return"][move])
    if not np.isfinite(moved):
        return own
    rows, weights = maker.channel_weights(kind, c)
    return min(max(moved + own - float(weights @ maker.p_return[rows]), 0.0), 0.95)
