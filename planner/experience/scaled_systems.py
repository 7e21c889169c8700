"""Symmetric systems (R G R + I) x = b with R = diag root: well conditioned for any root, as Cholesky factors."""

from __future__ import annotations

import numpy as np

from planner.experience import lapack
from planner.experience.blocks import Array
from planner.experience.cell_kernels import mirror, scaled_triangle


def scaled_factor(gram: Array, root: Array) -> Array:
    """Lower Cholesky factor of R gram R + I, shape (column, column); what stands above its diagonal is undefined.

    Raises
    ------
    ValueError
        If the matrix is not positive definite.
    """
    # What stands above the diagonal is, in the column order of LAPACK, the lower triangle: it is overwritten.
    factor = scaled_triangle(gram, root).T
    status = lapack.factorize(factor)
    if status:
        raise ValueError(f"the cell system is not positive definite (LAPACK status {status})")
    return factor


def log_determinant(factor: Array) -> float:
    """Logarithm of the determinant of the system."""
    return float(2 * np.log(np.diag(factor)).sum())


def solved(factor: Array, right: Array) -> Array:
    """Solution of the system for one right-hand side, shape (column,), or several, shape (column, side)."""
    return lapack.solve(factor, right)


def inverted(factor: Array) -> Array:
    """Inverse of the system, whole and symmetric; overwrites the factor."""
    whole = inverted_triangle(factor)
    mirror(whole)
    return whole


def inverted_triangle(factor: Array) -> Array:
    """Inverse of the system on and above the diagonal, what stands below is undefined; overwrites the factor."""
    status = lapack.invert(factor)
    if status:
        raise ValueError(f"the cell system is singular (LAPACK status {status})")
    # LAPACK's columns are the rows of the transpose.
    return factor.T
