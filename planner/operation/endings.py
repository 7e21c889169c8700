"""Contacts lead to further contacts; every chain of them must come to an end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from planner.errors import Issue, ScenarioError
from planner.operation.draft import Builder
from solvers.flow.network import Floats, FlowNetwork

MOST_GROWTH = 0.6  # contacts that a contact leads to, in the long run of a chain of them
NEVER_ENDING = 0.95  # the same where a history counted them: it may hold such chains, but hardly longer ones
STEPS = 200  # of such a chain


def check_endings(maker: Builder, network: FlowNetwork) -> None:
    """Refuse contacts of which too many lead to another one, and that to another, round and round; note those counted.

    The long-run factor of such a chain is the spectral radius of the matrix of next contacts; of nodes (type, channel,
    stage) it is taken with the pool from which most go on, so that whatever a plan decides its contacts end.

    Raises
    ------
    ScenarioError
        The factor is above 0.6 for some reasons and channels, or above 0.95 where a history counted what comes back.
    """
    growth, share = _chains(network)
    worst: dict[tuple[str, str], float] = {}
    for n in np.flatnonzero(growth > MOST_GROWTH):
        place = maker.types[int(network.nodes.kind[n])][0], maker.channels[int(network.nodes.channel[n])]
        worst[place] = max(worst.get(place, 0.0), float(share[n]))
    if not worst:
        return
    if maker.scenario.history is None or growth.max() > NEVER_ENDING:
        raise ScenarioError([_issue(maker, *place, most) for place, most in worst.items()])
    named = ", ".join(f"{reason} in {channel} ({most:.0%})" for (reason, channel), most in worst.items())
    maker.draft.notes.append(
        f"more than {MOST_GROWTH:.0%} of served contacts come back or are escalated, round and round: {named}; look "
        "whether the history joins different customers, for plans rest on these chains"
    )


def check_initiatives(base: FlowNetwork, changed: FlowNetwork, scenario: str, chosen: Sequence[str]) -> None:
    """Refuse a choice of initiatives under which chains of contacts grow past the limit, and past what they were.

    Raises
    ------
    ScenarioError
        The factor is above 0.6 under the choice, and higher than without it.
    """
    after = float(_chains(changed)[0].max(initial=0.0))
    if after > MOST_GROWTH and after > float(_chains(base)[0].max(initial=0.0)) + 1e-9:
        message = (
            f"with {' and '.join(chosen)} up to {100 * after:.0f} of 100 contacts come back or are escalated, round "
            f"and round; at most {100 * MOST_GROWTH:.0f} in 100 may go on like that: lower unresolved or escalated of "
            "the effects, or let the initiatives exclude each other"
        )
        raise ScenarioError([Issue(scenario, None, None, f"initiatives.{chosen[-1]}", message)])


def _chains(network: FlowNetwork) -> tuple[Floats, Floats]:
    """Long-run factor of the chains through each node, and the share of its contacts that go on, (node,) each."""
    onward = _onward(network)
    return np.minimum(_growth(onward), _growth(onward.T)), onward.sum(axis=1)


def _onward(network: FlowNetwork) -> sparse.csr_array:
    """Contacts that one contact of a node leads to at each other, at most over its pools, shape (node, node)."""
    count = len(network.nodes.kind)
    here = network.flows.node[network.served_from]
    key, place = np.unique(here * count + network.served_to, return_inverse=True)
    most = np.zeros(len(key))
    np.maximum.at(most, place, network.served_share)
    return sparse.csr_array((most, (key // count, key % count)), shape=(count, count))


def _growth(matrix: sparse.csr_array) -> Floats:
    """Factor a step by which chains from each row grow, (row,): the root of their size (Gelfand 1941)."""
    size, log = np.ones(matrix.shape[0]), np.zeros(matrix.shape[0])
    for _ in range(STEPS):
        size = matrix @ size
        scale = size.max(initial=0.0)
        if scale <= 0.0:
            return size
        size, log = size / scale, log + np.log(scale)
    return np.asarray(np.where(size > 0.0, np.exp((log + np.log(np.maximum(size, 1e-300))) / STEPS), 0.0))


def _issue(maker: Builder, reason: str, channel: str, share: float) -> Issue:
    message = (
        f"of 100 contacts of {reason} served in {channel} up to {100 * share:.0f} come back or are escalated, and "
        f"round and round; at most {100 * MOST_GROWTH:.0f} in 100 may go on like that: lower p_return or p_escalate, "
        "or let escalations end in a channel that resolves"
    )
    return Issue(maker.scenario.name, None, None, f"reasons.{reason}", message)
