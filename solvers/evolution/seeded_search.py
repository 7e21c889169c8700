"""The one door to pymoo: a seeded evolutionary search whose whole population is evaluated in one call.

NSGA-II (Deb et al. 2002) started from given points: seeding decides, an unseeded search reaches a quarter of the
hypervolume in the same time. Variation keeps blocks of genes together: crossover blends or swaps blocks, mutation
moves a few genes of one block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.crossover import Crossover
from pymoo.core.mutation import Mutation
from pymoo.core.problem import Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Space:
    """Bounds (gene,) of the genome and `block` (gene,), the index of the block a gene belongs to."""

    lower: Floats
    upper: Floats
    block: NDArray[np.int64]


class _BlockCrossover(Crossover):
    """Per block: child takes one parent's genes, or a blend of both."""

    def __init__(self, space: Space) -> None:
        super().__init__(2, 2)
        self.space = space

    def _do(self, problem: Any, X: Floats, *args: Any, random_state: Any = None, **kwargs: Any) -> Floats:  # noqa: N803
        children = X.copy()
        blocks = self.space.block.max() + 1
        for m in range(X.shape[1]):
            weight = random_state.choice([0.0, 1.0, -1.0], size=blocks)
            blend = random_state.random(blocks)
            share = np.where(weight < 0, blend, weight)[self.space.block]
            children[0, m] = share * X[0, m] + (1 - share) * X[1, m]
            children[1, m] = share * X[1, m] + (1 - share) * X[0, m]
        return children


class _FewGenes(Mutation):
    """Move a few genes of one block, by a Gaussian step of a fifth of their range or to an end of it."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space

    def _do(self, problem: Any, X: Floats, *args: Any, random_state: Any = None, **kwargs: Any) -> Floats:  # noqa: N803
        space, moved = self.space, X.copy()
        for row in moved:
            members = np.flatnonzero(space.block == random_state.integers(space.block.max() + 1))
            count = min(len(members), 1 + int(random_state.geometric(0.4)))
            genes = random_state.choice(members, size=count, replace=False)
            step = random_state.normal(size=count) * 0.2 * (space.upper - space.lower)[genes]
            ends = np.where(random_state.random(count) < 0.5, space.lower[genes], space.upper[genes])
            row[genes] = np.where(random_state.random(count) < 0.3, ends, row[genes] + step)
        return np.clip(moved, space.lower, space.upper)


def evolve(
    evaluate: Callable[[Floats], tuple[Floats, Floats]],
    space: Space,
    seeds: Floats,
    *,
    population: int,
    evaluations: int,
    seed: int,
    pays: Callable[[], bool] | None = None,
) -> None:
    """Run the search; `evaluate` sees every population, shape (individual, gene), and keeps what it likes.

    It returns minimized objectives (individual, objective) and violations (individual, constraint), <= 0 when kept.
    The budget counts evaluations, never seconds, so a seed gives the same search. After the seeds and after every
    generation it is asked whether the search still `pays`; left out: it always does.
    """
    first = np.clip(seeds[:population], space.lower, space.upper)
    objectives, violations = evaluate(first)

    class _Batch(Problem):
        def __init__(self) -> None:
            super().__init__(
                n_var=len(space.lower),
                n_obj=objectives.shape[1],
                n_ieq_constr=violations.shape[1],
                xl=space.lower,
                xu=space.upper,
            )

        def _evaluate(self, X: Floats, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:  # noqa: N803
            if X.shape == first.shape and np.array_equal(X, first):
                out["F"], out["G"] = objectives, violations
            else:
                out["F"], out["G"] = evaluate(X)

    algorithm = NSGA2(
        pop_size=len(first),
        sampling=first,
        crossover=_BlockCrossover(space),
        mutation=_FewGenes(space),
        eliminate_duplicates=True,
    )
    algorithm.setup(_Batch(), termination=("n_eval", evaluations), seed=seed, verbose=False)
    algorithm.next()  # the seeds
    while algorithm.has_next() and (pays is None or pays()):
        algorithm.next()
