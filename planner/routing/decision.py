"""From rules back to the arrays of a decision, so that the one evaluator can judge any rule set."""

from __future__ import annotations

import numpy as np

from planner.operation.problem import FlowProblem
from planner.routing.areas import areas
from planner.routing.ruleset import RuleSet
from solvers.flow.decode import even_split, normalize_split
from solvers.flow.solution import Routing


def routing_by_rules(problem: FlowProblem, rules: RuleSet) -> Routing:
    """Return offers, shares of pools and priority classes that rules give the contacts of a center.

    Overflow by interval is not part of it. Shares of pools that may not serve a type are left out, and so are offers
    that no steer makes.
    """
    network = problem.network
    nodes = network.nodes
    offer, share = np.zeros(len(nodes.kind)), np.zeros(len(network.split_kind))
    priority = np.zeros(len(network.pair_pool), dtype=np.int64)
    pool_of = {name: g for g, name in enumerate(problem.pools)}
    pair = {(int(g), int(k)): p for p, (g, k) in enumerate(zip(network.pair_pool, network.pair_kind, strict=True))}
    for kind, c in sorted({(int(k), int(c)) for k, c in zip(network.split_kind, network.split_channel, strict=True)}):
        reason, segment = problem.types[kind]
        here = np.flatnonzero((network.split_kind == kind) & (network.split_channel == c))
        place = {int(network.split_pool[k]): int(k) for k in here}
        steers = {
            problem.channels[int(nodes.channel[n])]: int(n)
            for n in np.flatnonzero((nodes.steer >= 0) & (nodes.kind == kind) & (nodes.natural == c))[::-1]
        }
        facts = {"entry_reason": reason, "segment": segment, "channel": problem.channels[c]}
        for rule, part in areas(rules.table, facts):
            g = pool_of.get(str(rule.actions["pool"]), -1)
            if g in place:
                share[place[g]] += part
                priority[pair[g, kind]] = int(rule.actions["priority"])
            if rule.actions["channel_offer"] in steers:
                offer[steers[rule.actions["channel_offer"]]] += part
    return Routing(offer, normalize_split(network, share, even_split(network)), priority)
