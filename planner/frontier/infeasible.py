"""When no plan keeps every promise: the smallest set of promises to relax and by how much, if that is proven."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np

from planner.errors import Infeasible, NothingFound, Stopped
from planner.frontier import levers
from planner.frontier.enough import enough_limits, enough_promises
from planner.frontier.levers import Change, least_ratio
from planner.frontier.uncovered import uncovered
from planner.frontier.work import Work
from planner.operation import portfolio_problems
from planner.operation.problem import FlowProblem
from solvers.flow.solution import Instance, pool_people
from solvers.flow.sweep import SweepSettings, master_of

SOFT = {
    ("budget",): "limits.budget_max (the budget)",
    ("seats",): "limits.seats (workplaces)",
    ("segment_floor",): "segments.*.cx_min (the floors of segments)",
    ("roster_hours", "roster_days"): "roster.heads, hires_max and overtime (the people that can be had)",
    ("automated_rate",): "pools.*.max_contacts_per_interval (rates of automated pools and vendors)",
    ("contract_volume",): "pools.*.contract.max_contacts (what vendors take)",
    ("least_people",): "pools.*.day_parts.*.people_min (least people while open)",
    ("occupancy",): "pools.*.occupancy_max (the occupancy caps)",
    ("wait_limit",): "limits.abandon_rate_max (no type may lose more)",
}
"""Families a person could relax together -> what they are called in the scenario."""

CHANGES: dict[tuple[str, ...], Change] = {
    ("budget",): levers.budget,
    ("seats",): levers.seats,
    ("segment_floor",): levers.segment_floor,
    ("roster_hours", "roster_days"): levers.heads,
    ("automated_rate",): levers.automated_rate,
    ("contract_volume",): levers.contract_volume,
    ("least_people",): levers.least_people,
    ("occupancy",): levers.occupancy,
    ("wait_limit",): levers.wait_limit,
}
"""The same families -> how an instance is relaxed by a share."""

MEANS = {
    ("budget",): "money",
    ("seats",): "seats in all",
    ("segment_floor",): "the highest floor",
    ("roster_hours", "roster_days"): "people on the payroll and to hire, all pools,",
    ("automated_rate",): "contacts per interval",
    ("contract_volume",): "contacts of the horizon",
    ("least_people",): "people at least, in all intervals,",
    ("occupancy",): "the highest cap",
    ("wait_limit",): "the share",
}
"""The same families -> the number that says by how much."""

NOBODY_THERE = "proven: no plan exists even without limits; some work has no shift that covers it"
SHIFTS = "pools.*.shifts (the shifts that people may work)"

LIMITS = (("roster_hours", "roster_days"), ("seats",), ("budget",), ("wait_limit",))
"""Those of them that whole people in whole shifts are likely to break."""

WHOLE = (("roster_hours", "roster_days"), ("seats",))
"""Those of them that come in whole numbers."""


def explain_infeasible(problem: FlowProblem, level: float, settings: SweepSettings, work: Work) -> Infeasible | Stopped:
    """Find the smallest set of families without which the master has a plan, by trying sets in order of size.

    Contacts that come when no shift has people on the floor are looked for first: fractions of people do not see them.
    Any portfolio of initiatives will do; by how much each must be relaxed at least, and by how much a plan with whole
    people was found, is said without initiatives.

    Where the master has plans but none was found that keeps every promise with whole people, nothing is proven: that
    is `NothingFound`, not `Infeasible`, and says what was found to be enough.
    """
    gaps = uncovered(problem)
    if gaps:
        return Infeasible(NOBODY_THERE, [SHIFTS], "\n".join(gaps))
    masters = [master_of(one.instance) for one in portfolio_problems(problem)]

    def possible(dropped: frozenset[str] = frozenset()) -> bool:
        return any(master.level(level, dropped).cheapest() is not None for master in masters)

    if possible():
        return _nothing_found(problem, level, settings, work)
    free = replace(problem, instance=replace(problem.instance, pins=None))
    if problem.instance.pins is not None and any(
        _has_plan(one.instance, [], level) for one in portfolio_problems(free)
    ):
        return Infeasible(
            f"proven: no plan that keeps these parts keeps every promise at headroom {level:.0%}",
            ["--keep (the kept parts of the earlier plan)"],
            "\n".join(_kept_beyond_payroll(problem)) or _shortfall(problem),
        )
    for size in range(1, len(SOFT) + 1):
        for group in combinations(SOFT, size):
            if possible(frozenset(f for families in group for f in families)):
                amounts, enough = _amounts(problem, group, level, settings, work)
                return Infeasible(
                    f"proven: no plan keeps every promise at headroom {level:.0%}",
                    [SOFT[g] for g in group],
                    _shortfall(problem),
                    amounts,
                    enough,
                )
    return Infeasible(NOBODY_THERE, [SHIFTS], _shortfall(problem))


def _nothing_found(problem: FlowProblem, level: float, settings: SweepSettings, work: Work) -> Stopped:
    """Say that no plan was found, and which promises and limits, eased one at a time, were found to give one."""
    instance = problem.instance
    limits = [one for one in LIMITS if np.isfinite(_value(instance, one)) and _value(instance, one) > 0]
    enough = enough_promises(problem, settings, level, work)
    changes = {CHANGES[one].__name__: CHANGES[one] for one in limits}
    shares = enough_limits(instance, changes, settings, level, work)
    enough += [
        _amount(instance, CHANGES[one](instance, share), one, share)
        for one, share in zip(limits, shares, strict=True)
        if share is not None
    ]
    if work.skipped:
        return Stopped("no plan was found, and out of time before it was tried what would be enough")
    less = "keep less of the earlier plan, " if instance.pins is not None else ""
    finer = "raise frontier.cost_points or search_evaluations"
    more = less + (finer if settings.step is None else "make frontier.share_step finer, or leave it out")
    return NothingFound(
        "one may still exist, for fractions of people keep every promise and limit; whole people in whole shifts were "
        "not found to",
        enough,
        f"Or {more}." if enough else f"Nothing eased alone was found to help: ease several, or {more}.",
    )


def least_relaxation(instance: Instance, group: Sequence[tuple[str, ...]], level: float) -> tuple[float, ...] | None:
    """Find by what share each family must be relaxed: the elastic version of the master.

    First each family's own least share with the others switched off, below which nothing helps; then all of them
    together, grown by one factor until the master has a plan. None where no share within reason helps (an occupancy cap
    ends at 1).
    """
    own = []
    for families in group:
        others = frozenset(f for other in group if other != families for f in other)
        found = least_ratio(partial(_alone, instance, families, level, others))
        if found is None:
            return None
        own.append(found[1])
    together = least_ratio(
        lambda more: _has_plan(instance, [(f, r * (1 + more)) for f, r in zip(group, own, strict=True)], level)
    )
    return None if together is None else tuple(share * (1 + together[1]) for share in own)


def _alone(instance: Instance, families: tuple[str, ...], level: float, dropped: frozenset[str], share: float) -> bool:
    return _has_plan(instance, [(families, share)], level, dropped)


def _has_plan(
    instance: Instance,
    shares: Sequence[tuple[tuple[str, ...], float]],
    level: float,
    dropped: frozenset[str] = frozenset(),
) -> bool:
    return master_of(_relaxed(instance, shares)).level(level, dropped).cheapest() is not None


def _relaxed(instance: Instance, shares: Sequence[tuple[tuple[str, ...], float]]) -> Instance:
    for families, share in shares:
        instance = CHANGES[families](instance, share)
    return instance


def _amounts(
    problem: FlowProblem, group: Sequence[tuple[str, ...]], level: float, settings: SweepSettings, work: Work
) -> tuple[list[str], list[str]]:
    """By how much families must be relaxed at least, in words, and by how much more a plan was found with."""
    found, instance = least_relaxation(problem.instance, group, level), problem.instance
    if found is None:
        return [], []
    further = partial(_further, tuple(zip(group, found, strict=True)))
    more = enough_limits(instance, {"together": further}, settings, level, work)[0]
    amounts = []
    for factor in [0.0] if more is None else [0.0, more]:
        shares = [share * (1 + factor) for share in found]
        after = _relaxed(instance, list(zip(group, shares, strict=True)))
        amounts.append([_amount(instance, after, one, share) for one, share in zip(group, shares, strict=True)])
    return amounts[0], amounts[1] if more is not None else []


def _further(shares: Sequence[tuple[tuple[str, ...], float]], instance: Instance, more: float) -> Instance:
    return _relaxed(instance, [(families, share * (1 + more)) for families, share in shares])


def _amount(before: Instance, after: Instance, families: tuple[str, ...], share: float) -> str:
    now, then = (_value(instance, families) for instance in (before, after))
    then = math.ceil(then - 1e-9) if families in WHOLE else _written(now, then)
    change = f"{now:,.4g} to {then:,.4g}" if max(abs(now), abs(then)) < 1e4 else f"{now:,.0f} to {then:,.0f}"
    return f"{SOFT[families]}: by {share:.1%}, {MEANS[families]} from {change}"


def _written(now: float, then: float) -> float:
    """Round to four digits, farther from where it is now: whoever types what is said gets no less."""
    if then == 0 or then == now:
        return then
    step = 10.0 ** min(0, math.floor(math.log10(abs(then))) - 3)
    return (math.ceil(then / step - 1e-6) if then > now else math.floor(then / step + 1e-6)) * step


def _value(instance: Instance, families: tuple[str, ...]) -> float:
    network = instance.network
    finite = network.segment_min[np.isfinite(network.segment_min)]
    rates = network.pools.rate_max[np.isfinite(network.pools.rate_max)]
    taken = network.pools.contract_max[np.isfinite(network.pools.contract_max)]
    payroll = instance.payroll
    values = {
        ("budget",): instance.limits.budget,
        ("seats",): instance.limits.seat_max.sum(),
        ("segment_floor",): finite.max(initial=-np.inf),
        ("roster_hours", "roster_days"): np.nansum((payroll.heads + payroll.hires_max)[payroll.rostered]),
        ("automated_rate",): rates.sum(),
        ("contract_volume",): taken.sum(),
        ("least_people",): network.people_min.sum(),
        ("occupancy",): network.pools.occupancy_max[network.pools.staffed].max(initial=0.0),
        ("wait_limit",): network.abandon_max,
    }
    return float(values[families])


def _kept_beyond_payroll(problem: FlowProblem) -> Iterator[str]:
    """Name pools whose kept shifts ask for more people than their roster has and may hire."""
    instance, payroll = problem.instance, problem.instance.payroll
    for g, counts in enumerate(() if instance.pins is None else instance.pins.people):
        if counts is None or not payroll.rostered[g]:
            continue
        needed, heads, hires = pool_people(instance, g, counts)[1], int(payroll.heads[g]), int(payroll.hires_max[g])
        if needed > heads + hires:
            pool = problem.pools[g]
            yield (
                f"the kept shifts of {pool} need {needed} people, and its roster has {heads} and may hire {hires}: "
                f"keep others than shifts:{pool}, or raise pools.{pool}.roster.heads or hires_max"
            )


def _shortfall(problem: FlowProblem) -> str:
    """Name the pool and interval with the most natural work per person who could be there."""
    network, payroll = problem.network, problem.instance.payroll
    worst, words = -1.0, ""
    for g in np.flatnonzero(network.pools.staffed & payroll.rostered):
        flows = network.flows.pool == g
        first = flows & (network.nodes.steer[network.flows.node] < 0) & (network.nodes.stage[network.flows.node] == 0)
        kinds = network.flow_kind[first]
        volume = network.first_volume[network.flows.node[first]] * network.flows.aht_s[first]
        load = (volume[:, None] * network.profile[kinds]).sum(axis=0) / network.interval_s
        people = max(float(payroll.heads[g] + payroll.hires_max[g]), 1e-9)
        t = int(load.argmax())
        if load[t] / people > worst:
            worst = float(load[t] / people)
            words = f"tightest: pool {problem.pools[g]} at {problem.starts[t]:%Y-%m-%d %H:%M}"
    return words
