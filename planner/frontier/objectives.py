"""Objectives beside CX, cost and headroom: built in, or a user's own function; used in dominance and shown."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.errors import PlanError
from planner.frontier.retained import Retained, retained_of
from planner.frontier.risk import Draws, draw_world, present, under_draw
from planner.scenario.objectives import AXES, BUILT_IN
from planner.scenario.quantities import DAY_MIN
from solvers.flow.evaluate import evaluate
from solvers.flow.kept import promises_kept
from solvers.flow.network import Floats
from solvers.flow.solution import Instance, Solution, decision_of

if TYPE_CHECKING:  # as in `risk`
    from planner.operation.problem import FlowProblem

LONG_H = 8.0  # paid hours; a longer shift is a long one
EARLY_MIN, LATE_MIN = 7 * 60, 19 * 60  # work before or after is at odd hours
CHOOSING_DRAWS = 20
_CHOOSING = 7919  # added to the seed, so that the draws that choose are not the draws that are reported


@dataclass(frozen=True)
class Objectives:
    """The objectives on top of the three axes: `names`, `senses` ("min", "max"), `functions` ("" where built in).

    `first_weekday` of the horizon (0 = Monday), `folder` where users' modules lie, `draws` that `p_shortfall` counts
    promises over, `retained` that `retained_value` is computed from (None: they are not chosen). Plain data, so that it
    travels to workers.
    """

    names: tuple[str, ...] = ()
    senses: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    first_weekday: int = 0
    folder: str = ""
    draws: Draws | None = None
    retained: Retained | None = None

    def values(self, instance: Instance, solution: Solution) -> tuple[float, ...]:
        """Values of a plan, in the order of `names`.

        Raises
        ------
        PlanError
            A user's function cannot be found, fails or yields no finite number.
        """
        return tuple(
            _users(function, self.folder, name, instance, solution)
            if function
            else float(MEASURES[name](self, instance, solution))
            for name, function in zip(self.names, self.functions, strict=True)
        )


def objectives_of(problem: FlowProblem, seed: int, cx_today: Floats) -> Objectives:
    """Read the objectives a scenario chooses; the draws that choose are drawn apart from those that are reported.

    `cx_today` (segment,) is the experience that the stated retention of segments belongs to.
    """
    chosen = [one for one in problem.scenario.frontier.objectives if one.name not in AXES]
    draws = None
    if any(one.name == "p_shortfall" for one in chosen):
        draws = draw_world(problem, CHOOSING_DRAWS, seed + _CHOOSING)
    valued = any(one.name == "retained_value" for one in chosen)
    return Objectives(
        names=tuple(one.name for one in chosen),
        senses=tuple(str(one.sense or BUILT_IN[one.name]) for one in chosen),
        functions=tuple(one.function for one in chosen),
        first_weekday=problem.starts[0].weekday(),
        folder=str(problem.scenario.folder.resolve()) if any(one.function for one in chosen) else "",
        draws=draws,
        retained=retained_of(problem.scenario.segments, cx_today) if valued else None,
    )


def described(objectives: Objectives) -> list[dict[str, str]]:
    """List the objectives on top of the three axes, for the run's facts: name, sense, function."""
    rows = zip(objectives.names, objectives.senses, objectives.functions, strict=True)
    return [{"name": name, "sense": sense, "function": function} for name, sense, function in rows]


def occupancy(instance: Instance, solution: Solution) -> tuple[Floats, Floats]:
    """Occupancy (handled work / time on task) of pools and intervals with people and work, and the people: 1-D."""
    network, state = instance.network, solution.evaluation.state
    agents = decision_of(instance, solution.routing, solution.staffing.scheduled).on_task
    offered = state.arrivals.sum(axis=1)
    lost = (state.p_abandon * state.arrivals).sum(axis=1) / np.maximum(offered, 1e-300)
    capacity = agents * network.pools.speed[:, None] * network.interval_s
    there = (network.pools.queue <= 1)[:, None] & (agents > 1e-9) & (offered > 1e-9)
    ratio = np.minimum(state.work_s[there] * (1 - lost[there]) / capacity[there], 1.0)
    return ratio, agents[there]


def occupancy_peak(_: Objectives, instance: Instance, solution: Solution) -> float:
    """Highest occupancy of a live pool in an interval, ratio."""
    return float(occupancy(instance, solution)[0].max(initial=0.0))


def occupancy_spread(_: Objectives, instance: Instance, solution: Solution) -> float:
    """Standard deviation of occupancy over live pools and intervals, weighted by people: uneven work, ratio."""
    ratio, people = occupancy(instance, solution)
    if not len(ratio):
        return 0.0
    mean = np.average(ratio, weights=people)
    return float(np.sqrt(np.average(np.square(ratio - mean), weights=people)))


def _shifts(instance: Instance, solution: Solution) -> list[tuple[Any, Any]]:
    pairs = zip(solution.staffing.people, instance.catalogues, strict=True)
    return [(counts, catalogue) for counts, catalogue in pairs if counts is not None and catalogue is not None]


def _share(parts: Sequence[tuple[float, float]]) -> float:
    total = sum(whole for _, whole in parts)
    return sum(part for part, _ in parts) / total if total > 0 else 0.0


def long_shifts(_: Objectives, instance: Instance, solution: Solution) -> float:
    """Share of shifts with more than 8 paid hours."""
    return _share(
        [
            (float(counts[:, catalogue.paid_h > LONG_H].sum()), float(counts.sum()))
            for counts, catalogue in _shifts(instance, solution)
        ]
    )


def odd_hours(_: Objectives, instance: Instance, solution: Solution) -> float:
    """Share of time at work before 7:00 or after 19:00."""
    parts = []
    for counts, catalogue in _shifts(instance, solution):
        length = catalogue.end_min - catalogue.start_min
        usual = np.zeros(len(length))
        for midnight in (0, DAY_MIN):
            ends = np.minimum(catalogue.end_min, midnight + LATE_MIN)
            usual += np.maximum(ends - np.maximum(catalogue.start_min, midnight + EARLY_MIN), 0)
        people = counts.sum(axis=0)
        parts.append((float(people @ (length - usual)), float(people @ length)))
    return _share(parts)


def weekend_share(objectives: Objectives, instance: Instance, solution: Solution) -> float:
    """Share of shifts on Saturdays and Sundays."""
    parts = []
    for counts, _catalogue in _shifts(instance, solution):
        weekday = (objectives.first_weekday + np.arange(len(counts))) % 7
        parts.append((float(counts[weekday >= 5].sum()), float(counts.sum())))
    return _share(parts)


def employee_experience(objectives: Objectives, instance: Instance, solution: Solution) -> float:
    """1 − mean of five burdens, each a ratio: occupancy peak and spread, long shifts, odd hours, weekends.

    All weigh the same: which of them burdens people most is for their own survey to say, and for single objectives.
    """
    burdens = (occupancy_peak, occupancy_spread, long_shifts, odd_hours, weekend_share)
    return 1.0 - float(np.mean([burden(objectives, instance, solution) for burden in burdens]))


def p_shortfall(objectives: Objectives, instance: Instance, solution: Solution) -> float:
    """Share of the choosing draws in which a promise is missed."""
    draws = objectives.draws
    if draws is None:
        return float("nan")
    missed = 0
    decision = decision_of(instance, solution.routing, solution.staffing.scheduled)
    for d in range(len(draws.aht)):
        network = under_draw(instance, draws, d)
        there = present(instance, decision, solution.staffing.scheduled, draws.shrinkage[d])
        found = evaluate(network, instance.promises, there, known_headroom=np.nan, guess=solution.evaluation.state)
        missed += not all(promises_kept(instance.promises, found.promise_values))
    return missed / len(draws.aht)


def retained_value(objectives: Objectives, _: Instance, solution: Solution) -> float:
    """Lifetime value that customers' staying gains against Today, money; modeled, see `Retained.gain`."""
    held = objectives.retained
    return float("nan") if held is None else held.gain(solution.evaluation.cx_segment)


MEASURES: Mapping[str, Callable[[Objectives, Instance, Solution], float]] = {
    "employee_experience": employee_experience,
    "occupancy_peak": occupancy_peak,
    "occupancy_spread": occupancy_spread,
    "long_shifts": long_shifts,
    "odd_hours": odd_hours,
    "weekend_share": weekend_share,
    "p_shortfall": p_shortfall,
    "retained_value": retained_value,
}
"""Built-in objectives -> how they are measured."""


def _users(function: str, folder: str, name: str, instance: Instance, solution: Solution) -> float:
    call = load_function(function, folder)
    try:
        value = float(call(instance, solution))
    except Exception as err:
        raise PlanError(f"frontier.objectives.{name}: {function} failed: {type(err).__name__}: {err}") from err
    if not np.isfinite(value):
        raise PlanError(f"frontier.objectives.{name}: {function} gave {value} — must be a finite number")
    return value


def load_function(function: str, folder: str) -> Callable[[Instance, Solution], float]:
    """Find a user's "module:function": a file beside the scenario first, as it stands now, then an installed module.

    Raises
    ------
    PlanError
        There is no such module or function.
    """
    module_name, _, attribute = function.partition(":")
    file = Path(folder) / f"{module_name.replace('.', '/')}.py"
    try:
        module = _read(str(file), file.stat().st_mtime_ns) if file.is_file() else importlib.import_module(module_name)
        found: Callable[[Instance, Solution], float] | None = getattr(module, attribute, None)
    except Exception as err:
        raise PlanError(f"frontier.objectives: {function}: {type(err).__name__}: {err}") from err
    if found is None:
        raise PlanError(f"frontier.objectives: {function}: {module_name} has no {attribute!r}")
    return found


@functools.lru_cache(maxsize=64)
def _read(file: str, changed_ns: int) -> ModuleType:
    """Execute a user's file; whoever changes it has it executed anew."""
    name = f"_users_{hashlib.blake2b(f'{file} {changed_ns}'.encode(), digest_size=8).hexdigest()}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look for it there
    spec.loader.exec_module(module)
    return module
