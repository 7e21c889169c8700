"""Rules as each platform sees them: pools of another platform are a transfer, and only where a way is declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from planner.routing.binding import Binding
from planner.routing.check import refuse
from planner.routing.pools import PoolFacts
from planner.routing.ruleset import RuleSet


def platform_of(pool: str, facts: Mapping[str, PoolFacts]) -> str:
    """Return the platform a pool lives on; pools nobody knows live on the main one."""
    return facts[pool].platform if pool in facts else "main"


def platforms_of(rules: RuleSet, facts: Mapping[str, PoolFacts]) -> list[str]:
    """List the platforms of the pools that rules name, in their order."""
    return list(dict.fromkeys(platform_of(str(rule.actions["pool"]), facts) for rule in rules.table))


def transfer_name(platform: str) -> str:
    """Return what stands for all pools of another platform."""
    return f"transfer to {platform}"


def seen_from(
    platform: str, rules: RuleSet, facts: Mapping[str, PoolFacts], binding: Binding
) -> tuple[RuleSet, Binding]:
    """Return the rules and ids as a platform knows them.

    A pool of another platform becomes one transfer to that platform, with the declared address as its id; without one
    it stays a placeholder, so that the bundle cannot be deployed.

    Raises
    ------
    PlanError
        A rule or the planned overflow sends waiting contacts to another platform without a declared way.
    """
    refuse(f"platform {platform}", _crossings(platform, rules, facts, binding))
    others = {
        str(pool): platform_of(str(pool), facts)
        for rule in rules.table
        for pool in (rule.actions["pool"], rule.actions["overflow_pool"])
        if pool is not None and platform_of(str(pool), facts) != platform
    }
    if not others:
        return rules, binding
    rows = rules.rows.copy()
    for name in ("pool", "overflow_pool"):
        rows[name] = [transfer_name(others[pool]) if pool in others else pool for pool in rows[name]]
    pools = dict(binding.ids.get("pools", {}))
    for there in dict.fromkeys(others.values()):
        way = binding.transfer(platform, there)
        if way is not None:
            pools[transfer_name(there)] = way
    return replace(rules, rows=rows), replace(binding, ids={**binding.ids, "pools": pools})


def _crossings(platform: str, rules: RuleSet, facts: Mapping[str, PoolFacts], binding: Binding) -> list[str]:
    faults = []
    for rule in rules.table:
        pool, over = str(rule.actions["pool"]), rule.actions["overflow_pool"]
        if over is None or platform_of(pool, facts) != platform:
            continue
        there = platform_of(str(over), facts)
        if there != platform and binding.transfer(platform, there) is None:
            faults.append(
                f"rule {rule.number} sends waiting contacts of {pool} to {over} on platform {there}; declare the way "
                f"in the binding file (transfers: {{{platform}: {{{there}: ...}}}})"
            )
    if rules.overflow is not None:
        for source, target in sorted(
            set(zip(*(rules.overflow.shares[n] for n in ("from_pool", "to_pool")), strict=True))
        ):
            if platform_of(str(source), facts) != platform_of(str(target), facts):
                faults.append(f"overflow from {source} to {target} leads to another platform")
    return faults
