"""One split for all contacts of a type in a channel: rules divide them among pools whatever stage they are at.

flow[n,g] = share[g]·v[n] for all nodes n of a (type, channel), which is not linear; with bounds L <= v[n] <= U on the
contacts of a node its product with the share lies in the envelope of McCormick (1976), L·share[g] <= flow[n,g] <=
U·share[g]. The two other sides of the envelope are sums of these over the other pools.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyomo.core as pyo
from scipy import sparse

from solvers.flow.network import Floats, FlowNetwork, Ints

Row = Iterator[tuple[Any, Any]]
SAFE = 1e-6  # by which bounds on contacts are widened, relative
UNIT = 100.0  # rows are in hundredths of a node's most contacts: a held program may miss a millionth of these
ROUNDS = 500  # passes of contacts on to the next ones, until these are bounded
LEAST = 1e-3  # contacts; a node that never gets more has no rows


def divided_splits(network: FlowNetwork) -> list[int]:
    """Shares of (type, channel) pairs that several pools serve, which are decided."""
    keys = list(zip(network.split_kind.tolist(), network.split_channel.tolist(), strict=True))
    members: dict[tuple[int, int], list[int]] = defaultdict(list)
    for split, key in enumerate(keys):
        members[key].append(split)
    return sorted(split for own in members.values() if len(own) > 1 for split in own)


def whole_shares(model: Any) -> Row:
    """Σ_g share[i,c,g] = 1: all contacts of a type in a channel are served somewhere."""
    members: dict[tuple[int, int], list[int]] = defaultdict(list)
    for split in model.share:
        members[int(model.net.split_kind[split]), int(model.net.split_channel[split])].append(split)
    for key, own in members.items():
        yield key, pyo.quicksum(model.share[split] for split in own) == 1.0


def one_split(model: Any) -> Row:
    """L[n]·share[g] <= flow[n,g] <= U[n]·share[g], in hundredths of U[n]."""
    net = model.net
    least, most = node_bounds(net)
    for n, flows in model.flows_at.items():
        if len(flows) < 2 or not LEAST < most[n] < np.inf:
            continue
        for f in flows:
            contacts, share = float(UNIT / most[n]) * model.flow[f], model.share[int(net.flows.split[f])]
            yield (n, f, 1), contacts <= UNIT * share
            if least[n] > LEAST:
                yield (n, f, 0), contacts >= float(UNIT * least[n] / most[n]) * share


def node_bounds(network: FlowNetwork) -> tuple[Floats, Floats]:
    """Least and most contacts of each node that any plan has, (node,) each, at nominal demand; inf: not bounded.

    Who comes first is moved at most as far as acceptance, support and "one offer each" allow. Of the served at most
    all go on, at least those whom waiting has left; of the waiting at most `abandon_max` give up and redial.
    """
    nodes = network.nodes
    steered = nodes.steer >= 0
    possible = network.first_volume
    most = np.where(steered, np.minimum(possible * nodes.acceptance, nodes.most), possible)
    least = np.where(steered, 0.0, possible)
    for stay, moved in _most_moved(network).items():
        least[stay] = max(0.0, least[stay] - moved)
    floor, ceiling = _onward(network)
    return _summed(floor, least) * (1 - SAFE), _summed(ceiling, most) * (1 + SAFE)


def _most_moved(network: FlowNetwork) -> dict[int, float]:
    """Most customers that steers can move away from each node of those who stay: best acceptance first."""
    nodes, possible = network.nodes, network.first_volume
    members: dict[tuple[int, int], list[int]] = defaultdict(list)
    for n in map(int, np.flatnonzero(nodes.steer >= 0)):
        members[int(nodes.kind[n]), int(nodes.natural[n])].append(n)
    moved = {}
    for stay in map(int, np.flatnonzero((nodes.stage == 0) & (nodes.steer < 0))):
        offers, total = 1.0, 0.0
        own = members.get((int(nodes.kind[stay]), int(nodes.natural[stay])), [])
        for n in sorted(own, key=lambda n: -nodes.acceptance[n]):
            whole = float(possible[n] * nodes.acceptance[n])
            offered = min(offers, float(nodes.most[n]) / whole if whole > 0 else 0.0)
            offers, total = offers - offered, total + offered * whole
        moved[stay] = total
    return moved


def _onward(network: FlowNetwork) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Least and most contacts of a node (row) that follow from one of another (column), whichever pool serves it."""
    flows, size = network.flows, len(network.nodes.kind)
    patient = np.isfinite(network.pools.patience_s) & network.pools.waits
    lost = np.where(patient[flows.pool], network.abandon_max, 0.0)
    pools_at = np.bincount(flows.node, minlength=size)
    here, share = network.served_from, network.served_share
    tried = np.flatnonzero(network.pools.redial[flows.pool] * lost > 0)
    edges = [
        (flows.node[here], network.served_to, share, share * (1.0 - lost[here])),
        (flows.node[tried], network.redial_to[tried], (network.pools.redial[flows.pool] * lost)[tried], 0.0 * tried),
    ]
    low, high = sparse.csr_matrix((size, size)), sparse.csr_matrix((size, size))
    for at, to, most, least in edges:
        key, place = np.unique(at * size + to, return_inverse=True)
        largest, smallest = np.zeros(len(key)), np.full(len(key), np.inf)
        np.maximum.at(largest, place, most)
        np.minimum.at(smallest, place, least)
        everywhere = np.bincount(place, minlength=len(key)) == pools_at[key // size]
        where: tuple[Ints, Ints] = (key % size, key // size)
        high = high + sparse.csr_matrix((largest, where), shape=(size, size))
        low = low + sparse.csr_matrix((np.where(everywhere, smallest, 0.0), where), shape=(size, size))
    return low, high


def _summed(onward: sparse.csr_matrix, first: Floats) -> Floats:
    """First contacts and all that follow from them; infinite where they do not die out."""
    total = first.copy()
    for _ in range(ROUNDS):
        following = first + onward @ total
        if np.abs(following - total).max(initial=0.0) <= 1e-12 * (1.0 + total.max(initial=0.0)):
            return np.asarray(following)
        total = following
    return np.full(len(first), np.inf)
