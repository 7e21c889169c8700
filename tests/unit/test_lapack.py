"""LAPACK without the interpreter's lock gives what SciPy's wrappers give, and other threads run meanwhile."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from scipy import linalg

from planner.experience import lapack


def _system(size: int, seed: int = 0) -> np.ndarray:
    root = np.random.default_rng(seed).standard_normal((size, size))
    return np.asfortranarray(root @ root.T + size * np.eye(size))


@pytest.mark.parametrize("size", [1, 2, 7, 64, 257])
def test_factor_solution_and_inverse_equal_those_of_scipy_to_the_last_bit(size: int) -> None:
    matrix = _system(size)
    expected, _ = linalg.lapack.dpotrf(matrix, lower=1, clean=0)
    factor = matrix.copy(order="F")
    assert lapack.factorize(factor) == 0
    assert np.array_equal(np.tril(factor), np.tril(expected))
    for right in (np.arange(size, dtype=float), np.random.default_rng(1).random((size, 3))):
        assert np.array_equal(lapack.solve(factor, right), linalg.lapack.dpotrs(expected, right, lower=1)[0])
    inverse = factor.copy(order="F")
    assert lapack.invert(inverse) == 0
    assert np.array_equal(np.tril(inverse), np.tril(linalg.lapack.dpotri(expected, lower=1)[0]))


def test_what_is_not_positive_definite_is_told_by_its_minor() -> None:
    matrix = np.asfortranarray(np.diag([1.0, 2.0, -1.0, 3.0]))
    assert lapack.factorize(matrix) == 3
    singular = np.asfortranarray(np.diag([1.0, 0.0]))
    assert lapack.invert(singular) == 2


def test_wrong_shapes_and_orders_are_refused() -> None:
    with pytest.raises(ValueError, match="square"):
        lapack.factorize(np.zeros((2, 3), order="F"))
    with pytest.raises(ValueError, match="column order"):
        lapack.factorize(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="float64"):
        lapack.factorize(np.zeros((3, 3), dtype=np.float32, order="F"))
    with pytest.raises(ValueError, match="2 numbers on the right for a system of 3"):
        lapack.solve(np.eye(3, order="F"), np.zeros(2))


def test_other_threads_run_while_a_matrix_is_inverted() -> None:
    factor = _system(1_600)  # long enough for many turns, on a busy machine too
    lapack.factorize(factor)
    ticks, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            ticks[0] += 1
            time.sleep(0)

    other = threading.Thread(target=count)
    other.start()
    before = ticks[0]
    lapack.invert(factor)
    during = ticks[0] - before
    stop.set()
    other.join()
    # With the lock held the other thread gets at most a turn before and one after.
    assert during > 20
