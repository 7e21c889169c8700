"""What was found to be enough where no plan was found and none is proven impossible.

People come whole and in whole shifts, so a promise can be out of reach although the master, which plans fractions of
people, has plans. Then each promise is given up in turn, and each limit raised step by step, until a plan is there:
that plan tells by how much. It is found, not proven to be the least.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from planner.frontier.levers import Change
from planner.frontier.promise_price import RATES, target_words
from planner.frontier.work import Job, Work
from planner.operation.problem import FlowProblem
from solvers.flow.headroom import HEADROOM_TOLERANCE
from solvers.flow.kept import promise_values
from solvers.flow.network import Floats
from solvers.flow.solution import Instance, Solution, decision_of, judge
from solvers.flow.steady_state import steady_state
from solvers.flow.sweep import SweepSettings, sweep_level

STAGE = "what would be enough"
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 4.0, 16.0, 64.0)  # shares a limit is raised by
AT_LEAST = (0, 3)  # measures that must not fall below their target
HALVINGS = 5  # of what lies between a target (or share) that gave a plan and one that did not
FINE_SHARE = 0.005
FARTHER = 4  # times a target is moved twice as far where the search, asked for it, makes no plan
FINE = 1e-3  # ratios are said to a tenth of a percent, waits to a second


def enough_promises(problem: FlowProblem, settings: SweepSettings, level: float, work: Work) -> list[str]:
    """Say which targets would do: of each promise alone, else of pairs, else of all; empty where nothing helps."""
    count = len(problem.promise_names)
    for size in sorted({1, min(2, count), count} - {0}):
        groups = list(combinations(range(count), size))
        jobs: list[Job] = [
            (f"enough/promises/{'+'.join(map(str, group))}", (problem.instance, group, settings, level))
            for group in groups
        ]
        found = [
            words
            for group, data in zip(groups, work.run(STAGE, promise_job, jobs), strict=True)
            if data and (words := _words(problem, dict(zip(group, np.frombuffer(data).tolist(), strict=True))))
        ]
        if found:
            return found
    return []


def enough_limits(
    instance: Instance, changes: Mapping[str, Change], settings: SweepSettings, level: float, work: Work
) -> list[float | None]:
    """Find for each limit, by name, a share by which it is raised that a plan was found with, None: no share.

    The first of some steps, then by halving: less was tried on the way and gave none.
    """
    jobs: list[Job] = [(f"enough/{name}", (instance, change, settings, level)) for name, change in changes.items()]
    return [float(np.frombuffer(data)[0]) if data else None for data in work.run(STAGE, limit_job, jobs)]


def limit_job(instance: Instance, change: Change, settings: SweepSettings, level: float) -> bytes:
    """Find a share of `STEPS`, or between two of them, by which a change gives a plan; empty: none does."""
    low = 0.0
    for share in STEPS:
        if _plans(change(instance, share), settings, level):
            break
        low = share
    else:
        return b""
    for _ in range(HALVINGS):
        if share - low <= FINE_SHARE:
            break
        middle = (low + share) / 2
        low, share = (low, middle) if _plans(change(instance, middle), settings, level) else (middle, share)
    return np.array([share]).tobytes()


def promise_job(instance: Instance, group: Sequence[int], settings: SweepSettings, level: float) -> bytes:
    """Find targets of some promises that, asked for, give a plan; empty: there is none even without them.

    A plan made without them tells targets that may do. Only those count which the sweep a run starts with is asked
    for and makes a plan of: whoever types them gets it. Of a single promise, others between are asked for, too.
    """
    kept = _kept(instance, {k: _any(instance, k) for k in group}, settings, level)
    if kept is None:
        return b""
    missed = {k: float(instance.promises.target[k]) for k in kept}
    best = _asked(instance, missed, kept, settings, level)
    if best is None:
        return b""
    for _ in range(HALVINGS if len(group) == 1 else 0):
        between = {k: _surely(instance, k, (best[k] + missed[k]) / 2) for k in best}
        if between == best:
            break
        if _plans(_with_targets(instance, between), settings, level):
            best = between
        else:
            missed = between
    return np.array([best[k] for k in group]).tobytes()


def _plans(instance: Instance, settings: SweepSettings, level: float) -> list[Solution]:
    return [plan for plan in sweep_level(instance, level, settings).solutions if plan.feasible]


def _asked(
    instance: Instance, missed: dict[int, float], kept: dict[int, float], settings: SweepSettings, level: float
) -> dict[int, float] | None:
    """Find the first targets, farther and farther from those missed, that give a plan when asked for; None: none do."""
    for doubling in range(FARTHER + 1):
        asked = {k: _surely(instance, k, max(0.0, missed[k] + 2**doubling * (kept[k] - missed[k]))) for k in kept}
        if asked != missed and _plans(_with_targets(instance, asked), settings, level):
            return asked
    return None


def _kept(
    instance: Instance, targets: dict[int, float], settings: SweepSettings, level: float
) -> dict[int, float] | None:
    """Targets that the best plan keeps of those made for some targets, judged again by these; None: there is none."""
    best, least = None, np.inf
    for plan in _plans(_with_targets(instance, targets), settings, level):
        reached = _reached(instance, plan, list(targets), level)
        worse = sum(abs(reached[k] / max(float(instance.promises.target[k]), FINE) - 1.0) for k in targets)
        again = judge(_with_targets(instance, reached), plan.routing, plan.staffing.people, plan.origin)
        if worse < least and again.feasible and again.evaluation.headroom >= level - HEADROOM_TOLERANCE:
            best, least = reached, worse
    return best


def _any(instance: Instance, k: int) -> float:
    return 0.0 if instance.promises.measure[k] in AT_LEAST else np.inf


def _with_targets(instance: Instance, targets: dict[int, float]) -> Instance:
    target = instance.promises.target.copy()
    target[list(targets)] = list(targets.values())
    return replace(instance, promises=replace(instance.promises, target=target))


def _reached(instance: Instance, plan: Solution, group: Sequence[int], level: float) -> dict[int, float]:
    """Targets a plan keeps today and at a headroom, the worst period of each, no harder than they are."""
    network, promises = instance.network, instance.promises
    decision = decision_of(instance, plan.routing, plan.staffing.scheduled)
    states = [plan.evaluation.state, steady_state(network, decision, level, plan.evaluation.state)]
    values = [promise_values(network, promises, decision, state) for state in states]
    reached = {}
    for k in group:
        both: Floats = np.concatenate([value[k] for value in values])
        both = both[np.isfinite(both)]
        worst = (both.min if promises.measure[k] in AT_LEAST else both.max)(initial=float(promises.target[k]))
        reached[k] = _surely(instance, k, float(worst))
    return reached


def _surely(instance: Instance, k: int, value: float) -> float:
    """Round a value of a promise to a target that it keeps."""
    measure = int(instance.promises.measure[k])
    step = FINE if measure in RATES else 1.0
    if measure in AT_LEAST:
        return round(max(0.0, math.floor(value / step + 1e-6) * step), 3)
    return round(math.ceil(value / step - 1e-6) * step, 3)


def _words(problem: FlowProblem, targets: dict[int, float]) -> str:
    """Say which targets change, and to what; empty where none does."""
    promises, changes = problem.instance.promises, []
    for k, target in targets.items():
        ratio = int(promises.measure[k]) in RATES
        now, then = (target_words(value, ratio) for value in (float(promises.target[k]), target))
        if now != then:
            changes.append(f"promises.{problem.promise_names[k]}: the target from {now} to {then}")
    return " and ".join(changes)
