"""All non-dominated points of an integer program with two to four objectives, complete by construction.

Why nothing is lost. Let Y be the feasible points in objective space, whole vectors. The region (`region`) holds a set
of boxes such that every point of Y that no known point weakly dominates lies in one of them. That holds at the start
(one box without limits) and after each step: a new point splits boxes so that they cover all it does not weakly
dominate; a box leaves only with a proof that it holds no point of Y. When no box is left, every point of Y is weakly
dominated by a known one. Conversely every point marked proven is efficient: what dominates a point of the box {f < u}
lies in that box too, and the search of the box either minimizes a sum with positive weights over it or ends when
nothing in it dominates the point. Each round takes a point from a box or closes it, and Y is bounded from below, so
the rounds end. No grid is sampled, no gap is open: steps are whole, and proofs are to half a step.

Boxes are searched in rounds of fixed size, whatever the number of workers, so the result does not depend on them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from solvers.errors import NoSolution, SolutionStatus, Termination
from solvers.executor import map_in_order
from solvers.pareto.box import BoxAnswer, BoxStatus
from solvers.pareto.dominance import nondominated
from solvers.pareto.front import Front, PointStatus
from solvers.pareto.milp import Milp, with_variable
from solvers.pareto.mip_search import Engine, MipSearch, deadline_after, measure_objectives, seconds_to
from solvers.pareto.region import Region
from solvers.pareto.tree import TreeSearch, fits_tree
from solvers.problem import Sense, from_minimized

__all__ = ["enumerate_front"]

Floats = NDArray[np.float64]
_ROUND = 8
# The tree search may fail on so many boxes, or on one in so many, before only the engine is asked.
_TREE_FAILURES, _ONE_IN = 3, 4


def enumerate_front(
    milp: Milp,
    *,
    time_limit_s: float | None = None,
    engine: Engine | str = Engine.AUTO,
    executor: Executor | None = None,
) -> Front:
    """Find all non-dominated points of an integer program with two to four objectives.

    Parameters
    ----------
    milp
        Objectives with whole coefficients on integer variables only, so that they move in whole steps.
    time_limit_s
        Wall time, seconds; None for no limit. Whatever was found by then is returned as not complete, with the boxes
        that are still open and, for points whose search was cut short, their gaps.
    engine
        "auto": a tree search of our own for small programs, HiGHS for what it does not suit; "highs"; "cbc".
    executor
        Where to search the boxes of a round; None for this process. The result is the same to the last bit.

    Returns
    -------
    Front
        Empty, with termination `infeasible`, when the problem has no solution; empty and not complete when time ran
        out before the first one.

    Raises
    ------
    ValueError
        If `time_limit_s` is not above 0, or the engine is not known.
    SolverFailed
        If an objective is unbounded or has coefficients too large for the engine to tell whole steps apart (sums of 5e6
        for HiGHS, 5e5 for CBC; the tree search bears 1e12), or the engine returns something that does not check.
    SolverMissing
        If the engine is not installed.
    """
    deadline = deadline_after(time_limit_s)
    if engine not in tuple(Engine):
        raise ValueError(f"engine = {engine!r} — must be one of {', '.join(Engine)}")
    given, milp = milp, with_variable(milp)
    run = _Run(milp, Engine(engine), deadline, executor)
    termination = Termination.OPTIMAL
    try:
        run.measure()
        while len(run.region.bounds):
            run.search_round()
    except TimeoutError:
        termination = Termination.TIME_LIMIT
    except NoSolution:
        return _make_front(given, run, Termination.INFEASIBLE)
    if not run.found and termination is Termination.OPTIMAL:
        termination = Termination.INFEASIBLE
    return _make_front(given, run, termination)


@dataclass(frozen=True)
class _Task:
    """Everything that the search of one box depends on, so that it can be done anywhere."""

    milp: Milp
    engine: Engine
    with_tree: bool
    lowest: Floats
    highest: Floats
    deadline_s: float | None


class _Searcher:
    """The searches of one task, made when first needed."""

    def __init__(self, task: _Task) -> None:
        self._task = task
        self._tree = TreeSearch(task.milp) if task.with_tree else None
        self._mip: MipSearch | None = None

    def search(self, bound: Floats, deadline: float | None) -> tuple[BoxAnswer, bool]:
        """Search one box; also tell whether the tree search failed on it."""
        if deadline is not None and time.monotonic() >= deadline:
            return BoxAnswer(BoxStatus.UNKNOWN), False
        first = BoxAnswer(BoxStatus.UNKNOWN) if self._tree is None else self._tree.search(bound)
        if first.status in (BoxStatus.EMPTY, BoxStatus.EFFICIENT):
            return first, False
        if self._mip is None:
            task = self._task
            engine = Engine.CBC if task.engine is Engine.CBC else Engine.HIGHS
            self._mip = MipSearch(task.milp, engine, task.lowest, task.highest)
        answer = self._mip.search(bound, deadline)
        return (first if answer.status is BoxStatus.UNKNOWN else answer), self._tree is not None


def _search_elsewhere(job: tuple[_Task, Floats]) -> tuple[BoxAnswer, bool]:
    task, bound = job
    deadline = None if task.deadline_s is None else time.monotonic() + task.deadline_s
    return _Searcher(task).search(bound, deadline)


@dataclass
class _Run:
    """One enumeration on its way."""

    milp: Milp
    engine: Engine
    deadline: float | None
    executor: Executor | None
    found: list[BoxAnswer] = field(default_factory=list)
    searches: int = 0
    failures: int = 0

    def __post_init__(self) -> None:
        count = len(self.milp.senses)
        self.lowest, self.highest = np.full(count, -np.inf), np.full(count, np.inf)
        self.region = Region(self.lowest, self.highest)
        self._searchers: dict[bool, _Searcher] = {}
        self._small = self.engine is Engine.AUTO and fits_tree(self.milp)

    def measure(self) -> None:
        """Bound the objectives before anything else: a front without an ideal point has no end."""
        self.lowest, self.highest = measure_objectives(self.milp, self.deadline)
        self.region = Region(self.lowest, self.highest)

    def search_round(self) -> None:
        """Search the loosest boxes, then take in what they brought, in their order."""
        left = None if self.deadline is None else seconds_to(self.deadline)
        boxes = self.region.loosest(_ROUND)
        with_tree = self._small and self.failures <= max(_TREE_FAILURES, self.searches // _ONE_IN)
        task = _Task(self.milp, self.engine, with_tree, self.lowest, self.highest, left)
        if self.executor is not None:
            outcomes = map_in_order(_search_elsewhere, [(task, box) for box in boxes], self.executor)
        else:
            if with_tree not in self._searchers:
                self._searchers[with_tree] = _Searcher(task)
            outcomes = [self._searchers[with_tree].search(box, self.deadline) for box in boxes]
        self.searches += len(boxes)
        self.failures += sum(failed for _, failed in outcomes)
        known = {tuple(answer.point) for answer in self.found if answer.point is not None}
        for box, (answer, _) in zip(boxes, outcomes, strict=True):
            if answer.status is BoxStatus.EMPTY:
                self.region.close(box)
            if answer.floor is not None:
                self.region.learn(box, answer.floor)
            if answer.point is not None and tuple(answer.point) not in known:
                known.add(tuple(answer.point))
                self.found.append(answer)
                self.region.add_point(answer.point)
        if any(answer.status in (BoxStatus.INCUMBENT, BoxStatus.UNKNOWN) for answer, _ in outcomes):
            raise TimeoutError


def _make_front(milp: Milp, run: _Run, termination: Termination) -> Front:
    complete = termination in (Termination.OPTIMAL, Termination.INFEASIBLE)
    senses: tuple[Sense, ...] = tuple(milp.senses)  # type: ignore[arg-type]
    kept = _undominated(run.found, len(senses))
    points = np.array([answer.point for answer in kept]).reshape(-1, len(senses))
    variables = milp.objectives.shape[1]
    solutions = np.array([answer.solution for answer in kept]).reshape(-1, max(variables, 1))[:, :variables]
    ideal = points.min(axis=0) if complete and len(points) else run.lowest
    points = from_minimized(points, senses)
    order = np.lexsort(points.T[::-1])
    status = SolutionStatus.OPTIMAL if complete else SolutionStatus.FEASIBLE
    return Front(
        points=points[order],
        # Adding 0.0 turns -0.0 into 0.0, which would print oddly.
        solutions=solutions[order] + 0.0,
        complete=complete,
        termination=termination,
        status=status if len(points) else SolutionStatus.NONE,
        senses=senses,
        point_status=tuple(PointStatus.GAP if kept[i].gap > 0.0 else PointStatus.PROVEN for i in order),
        gaps=np.array([kept[i].gap for i in order]),
        bounds=from_minimized(run.region.bounds if not complete else np.empty((0, len(senses))), senses),
        ideal=from_minimized(ideal, senses),
        searches=run.searches,
    )


def _undominated(found: Sequence[BoxAnswer], objectives: int) -> list[BoxAnswer]:
    """Drop incumbents that another point dominates."""
    points = np.array([answer.point for answer in found]).reshape(-1, objectives)
    mask = nondominated(points, ["min"] * objectives)
    return [answer for answer, keep in zip(found, mask, strict=True) if keep]
