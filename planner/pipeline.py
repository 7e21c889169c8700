"""The whole line: history → experience, demand; scenario → operation → frontier."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from planner.collector import collector_apart
from planner.frontier.work import Checkpoint, Progress, Work, silent
from planner.heap import clear_out, give_back
from planner.scenario import Scenario
from solvers.executor import run_apart

if TYPE_CHECKING:
    from planner.frontier.adopted import Adopted
    from planner.frontier.earlier import Earlier
    from planner.frontier.frontier import Frontier
    from planner.frontier.wish import Reach, Wish
    from planner.known import Known


@collector_apart
def plan(
    scenario: Scenario,
    *,
    seed: int,
    executor: Executor | None = None,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    earlier: Earlier | None = None,
    adopted: Adopted | None = None,
    first_look: Callable[[Frontier], None] | None = None,
) -> Frontier:
    """Return the frontier of whole plans of a scenario.

    Parameters
    ----------
    scenario
        A loaded scenario.
    seed
        Seed of everything random; the same seed gives the same frontier with any number of workers.
    executor
        Where independent jobs run; None: here, one after the other.
    time_limit_s
        No further job is started that would probably end after so many seconds; what is there is kept and valid.
    progress, checkpoint
        Told about finished jobs; keeps them so that a killed run resumes.
    earlier
        A run to start from: its plans are staffed anew instead of a coarse sweep, and parts of one may be kept.
    adopted
        A plan that was adopted: shown in this world beside Today, with how far every plan would move from it.
    first_look
        Given the plans there are before the bound is known, as a frontier without bound and risk; not called where the
        plans are few enough to look at all of them.

    Raises
    ------
    ScenarioError
        The scenario and its inputs do not fit together.
    Infeasible
        Proven: no plan keeps every promise.
    Stopped
        Out of time before any plan was found; `NothingFound`: there was time, and none is proven impossible.
    """
    deadline = None if time_limit_s is None else time.monotonic() + time_limit_s
    work = Work(seed, executor, progress or silent, checkpoint, deadline)
    work.progress("experience", 0, 1, "")
    known = _known(scenario, work)
    from planner.planning import agreed, frontier_of  # lazy: while others estimate, this process stays small

    frontier = frontier_of(scenario, known, work, earlier=earlier, adopted=adopted, first_look=first_look)
    del known
    clear_out()  # models, plans and what they do: a simulation needs the tables alone
    return agreed(frontier, work)


def _known(scenario: Scenario, work: Work) -> Known:
    """Estimate; beside workers in a process of its own, because that takes many times the memory of planning."""
    if work.executor is None or scenario.history is None:
        return _known_here(scenario, work.seed)
    known = run_apart(_known_here, scenario, work.seed)
    give_back()  # what it was sent in
    return known


def _known_here(scenario: Scenario, seed: int) -> Known:
    from planner.drawing import known_of  # lazy: what reads and estimates takes room that planning needs not give

    return known_of(scenario, seed)


def reach_wish(scenario: Scenario, wish: Wish, *, seed: int, frontier: Frontier | None = None) -> list[Reach]:
    """Return the least change of the scenario, lever by lever, with which a wished-for point can be reached.

    `frontier`: a run of the scenario, whose plans nearest to the wish are tried in every changed world.

    Raises
    ------
    ScenarioError
        The scenario and its inputs do not fit together.
    """
    from planner.drawing import draw_problem  # lazy: as above
    from planner.frontier.held import held_from
    from planner.frontier.wish import what_would_it_take

    problem, today = draw_problem(scenario, seed=seed)
    if frontier is None or not frontier.model:
        return what_would_it_take(problem, today.routing.split, wish)
    plans, reached = held_from(frontier.model, "model.npz").plans, frontier.reached(wish.limits)
    nearest = sorted(plans, key=lambda plan: -reached[plan])
    return what_would_it_take(problem, today.routing.split, wish, [plans[plan] for plan in nearest])
