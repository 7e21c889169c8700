"""What it costs that a first contact does not settle an issue: the contacts, minutes and money that come after it.

The next contacts of a plan make an absorbing Markov chain over states (reason, segment, channel, stage). With P the
expected next contacts per contact, a first contact in state s leads to row s of N = (I − P)⁻¹ contacts in all, itself
included (Kemeny and Snell 1960, fundamental matrix). What lies beyond the first contact is the tax of its channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import SuperLU, splu

from planner.frontier.frontier import Frontier, Plan, with_initiatives

_STATE = ["reason", "segment", "channel", "stage"]
_FLOW = ["reason", "segment", "from_channel", "channel", "pool", "stage"]
NEEDED = ("flows", "center_flows", "center_next", "center_pools", "costs")
"""Tables without which nothing can be said."""


def later_contacts(frontier: Frontier, plan: str) -> pd.DataFrame:
    """Return what follows first contacts, by the channel that serves them.

    Returns
    -------
    DataFrame
        `channel, issues` (first contacts per horizon), `contacts` (per issue, the first included), `escalated` (of them
        handed on to another channel), `minutes, later_minutes` (of handling per issue, those after the first contact)
        and `cost, later_cost` (per issue; a pool's money without what is fixed, spread over its handled time, or its
        contacts where it has no agents). Empty where the run does not hold the tables.
    """
    if any(name not in frontier.tables for name in NEEDED):
        return pd.DataFrame()
    chain = _chain(frontier, plan)
    found = _by_channel(chain)
    order = list(dict.fromkeys(frontier.tables["center_flows"]["channel"]))
    return found.sort_values("channel", key=lambda names: names.map(order.index), kind="stable", ignore_index=True)


ATTEMPTS = 3
"""First, second, and third or later contact of an issue."""


def journey_steps(frontier: Frontier, plan: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the journeys of a plan's issues, contact by contact: touchpoints, and the ways between them.

    With x₁ the first contacts by state, x₂ = Pᵀx₁ are the second ones and x₃ = Nᵀx₁ − x₁ − x₂ all later ones.

    Returns
    -------
    touchpoints, steps
        `channel, attempt` (1, 2, 3: third or later)`, contacts` (per horizon), `goes_on` (of them followed by another
        contact), `lost` (of them abandoned for good), `wait_s` (mean); and `channel, attempt, to_channel, to_attempt,
        contacts`. Both empty where the run does not hold the tables.
    """
    if any(name not in frontier.tables for name in NEEDED):
        return pd.DataFrame(), pd.DataFrame()
    chain = _chain(frontier, plan)
    begun = np.where((chain.states["stage"] == "first").to_numpy(), chain.contacts, 0.0)
    second = chain.steps.T @ begun
    visits = [begun, second, chain.visits(begun) - begun - second]
    named = frontier.tables["center_flows"]["channel"]
    order = [str(channel) for channel in dict.fromkeys(named) if channel in set(chain.states["channel"])]
    of = (chain.states["channel"].to_numpy()[:, None] == np.array(order)).astype(float)  # (state, channel)
    goes_on = np.asarray(chain.steps.sum(axis=1)).ravel()
    points, ways = [], []
    for attempt, amount in enumerate(visits, start=1):
        columns = [of.T @ (amount * per) for per in (1.0, goes_on, chain.per["lost"], chain.per["waited"])]
        points += [
            (channel, attempt, n, on, lost, waited / n)
            for channel, n, on, lost, waited in zip(order, *columns, strict=True)
            if n > 1e-9
        ]
        moved = of.T @ (amount[:, None] * chain.steps.toarray()) @ of
        to = min(attempt + 1, ATTEMPTS)
        ways += [(order[a], attempt, order[b], to, float(moved[a, b])) for a, b in np.argwhere(moved > 1e-9)]
    heads = ["channel", "attempt", "contacts", "goes_on", "lost", "wait_s"]
    return pd.DataFrame(points, columns=heads), pd.DataFrame(ways, columns=[*heads[:2], *_TO, "contacts"])


_TO = ("to_channel", "to_attempt")


@dataclass(frozen=True)
class _Chain:
    """States of a plan with their contacts, expected next contacts per contact (state, state), and means `per` one."""

    states: pd.DataFrame
    contacts: np.ndarray
    steps: csc_array
    per: dict[str, np.ndarray]

    @cached_property
    def _solver(self) -> SuperLU:
        return splu((eye_array(len(self.states), format="csc") - self.steps.T).tocsc())

    def visits(self, begun: np.ndarray) -> np.ndarray:
        """All contacts, by state, of issues that begin with these, shape (state,)."""
        return np.asarray(self._solver.solve(begun))


def _chain(frontier: Frontier, plan: str) -> _Chain:
    chosen = frontier.plan(plan)
    flows = _known_flows(frontier, chosen)
    states = flows[_STATE].drop_duplicates(ignore_index=True)
    place = {tuple(row): k for k, row in enumerate(states.itertuples(index=False))}
    flows["state"] = [place[tuple(row)] for row in flows[_STATE].itertuples(index=False)]
    contacts = np.bincount(flows["state"], flows["contacts"], len(states))
    following = _following(frontier, chosen, flows, place)
    per = {
        name: np.bincount(flows["state"], flows[name], len(states)) / np.maximum(contacts, 1e-300)
        for name in ("minutes", "money", "lost", "waited")
    }
    return _Chain(states, contacts, csc_array(following / np.maximum(contacts, 1e-300)[:, None]), per)


def _known_flows(frontier: Frontier, plan: Plan) -> pd.DataFrame:
    """Flows of the plan with their row in the center, minutes handled and money."""
    center = with_initiatives(frontier.tables["center_flows"], plan).rename_axis("row").reset_index()
    keys = center[[*_FLOW, "row", "aht_s", "redial_stage"]].drop_duplicates(subset=_FLOW)
    own = plan.tables["flows"]
    flows = own[own["contacts"] > 0].merge(keys, on=_FLOW, how="inner").reset_index(drop=True)
    served = flows["contacts"] - flows["abandoned"]
    flows["minutes"] = served * flows["aht_s"] / 60.0
    costs = plan.tables["costs"]
    money = costs[costs["item"] != "fixed"].groupby("pool")["amount"].sum()
    staffed = set(costs.loc[costs["item"] == "wages", "pool"])
    basis = flows["minutes"].where(flows["pool"].isin(staffed), served)
    total = basis.groupby(flows["pool"]).transform("sum")
    flows["money"] = flows["pool"].map(money).fillna(0.0) * basis / total.clip(lower=1e-300)
    redial = frontier.tables["center_pools"].set_index("pool")["redial"].fillna(0.0)
    flows["tries"] = flows["abandoned"] * flows["pool"].map(redial).fillna(0.0)
    flows["lost"] = flows["abandoned"] - flows["tries"]
    flows["waited"] = flows["contacts"] * flows["wait_s"]
    return flows


def _following(frontier: Frontier, plan: Plan, flows: pd.DataFrame, place: dict[tuple[str, ...], int]) -> np.ndarray:
    """Next contacts from state to state, shape (state, state)."""
    table = np.zeros((len(place), len(place)))
    amounts = zip(flows["state"], flows["contacts"] - flows["abandoned"], strict=True)
    served = dict(zip(flows["row"], amounts, strict=True))
    following = with_initiatives(frontier.tables["center_next"], plan)
    to = following[["to_reason", "to_segment", "to_channel", "to_stage"]]
    steps = zip(following["flow"], following["share"], to.itertuples(index=False), strict=True)
    for row, share, state in steps:
        if row in served and tuple(state) in place:
            start, amount = served[row]
            table[int(start), place[tuple(state)]] += amount * share
    again = flows[flows["abandoned"] > 0]
    ends = again[["reason", "segment", "channel", "redial_stage"]].itertuples(index=False)
    for start, end, amount in zip(again["state"], ends, again["tries"], strict=True):
        if tuple(end) in place:
            table[int(start), place[tuple(end)]] += amount
    return table


def _by_channel(chain: _Chain) -> pd.DataFrame:
    states, contacts, per = chain.states, chain.contacts, chain.per
    first, escalated = (states["stage"] == "first").to_numpy(), (states["stage"] == "escalated").to_numpy()
    rows = []
    for channel in dict.fromkeys(states.loc[first, "channel"]):
        begun = np.where(first & (states["channel"] == channel).to_numpy(), contacts, 0.0)
        issues, visits = float(begun.sum()), chain.visits(begun)
        later = visits - begun
        rows.append(
            {
                "channel": str(channel),
                "issues": issues,
                "contacts": float(visits.sum()) / issues,
                "escalated": float(visits[escalated].sum()) / issues,
                "minutes": float(visits @ per["minutes"]) / issues,
                "later_minutes": float(later @ per["minutes"]) / issues,
                "cost": float(visits @ per["money"]) / issues,
                "later_cost": float(later @ per["money"]) / issues,
            }
        )
    return pd.DataFrame(rows)
