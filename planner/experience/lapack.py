"""Cholesky factors and what follows from them by LAPACK, while other threads of Python go on.

SciPy's own wrappers of these routines hold the interpreter's lock, so that two fits side by side would take turns.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cython_lapack

Array = NDArray[np.float64]

_LOWER = ctypes.byref(ctypes.c_char(b"L"))
_NAME, _POINTER = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
_NAME.restype, _NAME.argtypes = ctypes.c_char_p, [ctypes.py_object]
_POINTER.restype, _POINTER.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def _routine(name: str, arguments: int) -> Callable[..., Any]:
    """A LAPACK routine as SciPy hands it to compiled code; all arguments are pointers."""
    capsule = cython_lapack.__pyx_capi__[name]
    address = _POINTER(capsule, _NAME(capsule))
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * arguments)(address)


_POTRF, _POTRI, _POTRS = _routine("dpotrf", 5), _routine("dpotri", 5), _routine("dpotrs", 8)


def _number(value: int) -> Any:
    return ctypes.byref(ctypes.c_int(value))


def factorize(matrix: Array) -> int:
    """Overwrite the lower triangle of a symmetric matrix in column order with its Cholesky factor.

    Returns
    -------
        LAPACK's status: 0, or the order of the leading minor that is not positive definite.

    Raises
    ------
    ValueError
        If the matrix is not square, of float64 and in column order.
    """
    return _on_square(_POTRF, matrix)


def invert(factor: Array) -> int:
    """Overwrite a lower Cholesky factor in column order with the lower triangle of the inverse; status as above."""
    return _on_square(_POTRI, factor)


def _on_square(routine: Callable[..., Any], matrix: Array) -> int:
    _checked(matrix)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"the matrix is not square: {matrix.shape}")
    size, status = len(matrix), ctypes.c_int(0)
    routine(_LOWER, _number(size), matrix.ctypes.data, _number(max(size, 1)), ctypes.byref(status))
    return status.value


def solve(factor: Array, right: Array) -> Array:
    """Solution of L L' x = b for one right-hand side, shape (column,), or several, shape (column, side)."""
    _checked(factor)
    size, status = len(factor), ctypes.c_int(0)
    if len(right) != size:
        raise ValueError(f"{len(right)} numbers on the right for a system of {size}")
    solution = np.array(right, dtype=np.float64, order="F")
    sides = 1 if right.ndim == 1 else right.shape[1]
    lead = _number(max(size, 1))
    _POTRS(
        _LOWER, _number(size), _number(sides), factor.ctypes.data, lead, solution.ctypes.data, lead,
        ctypes.byref(status),
    )  # fmt: skip
    return solution


def _checked(matrix: Array) -> None:
    if matrix.ndim != 2 or matrix.dtype != np.float64 or not matrix.flags.f_contiguous:
        raise ValueError(f"LAPACK takes float64 in column order, not {matrix.dtype} of shape {matrix.shape}")
