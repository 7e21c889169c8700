"""The one door to CBC, through the C interface of the library that the package cbcbox ships; optional (extra `cbc`).

A second engine beside HiGHS for integer programs: the same program gives the same optimum, by other code. Each solve
builds its model anew, because a CBC model may not be reused after a solve.
"""

from __future__ import annotations

import ctypes
import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.errors import SolverFailed, SolverMissing, Termination
from solvers.highs import Answer, Program

__all__ = ["HeldCbc"]

Floats = NDArray[np.float64]
_FINISHED, _STOPPED = 0, 1
# The size from which CBC takes a bound as open.
_OPEN = 1e50
_ONE_MODEL = [
    "Cbc_solve",
    "Cbc_status",
    "Cbc_isProvenOptimal",
    "Cbc_isProvenInfeasible",
    "Cbc_isContinuousUnbounded",
    "Cbc_secondaryStatus",
    "Cbc_isInitialSolveProvenPrimalInfeasible",
]


@functools.cache
def _library() -> Any:
    try:
        import cbcbox  # lazy: optional, and loading the library takes 40 ms
    except ImportError as err:
        raise SolverMissing("engine = 'cbc' needs the package cbcbox: pip install 'cxfrontier[cbc]'") from err
    folders = [Path(cbcbox.cbc_lib_dir()), Path(cbcbox.cbc_bin_path()).parent]
    names = ("libCbc.so", "libCbc.dylib", "libCbc.dll", "Cbc.dll", "libCbc-3.dll")
    found = [folder / name for folder in folders for name in names if (folder / name).exists()]
    if not found:
        raise SolverMissing(f"cbcbox ships no CBC library in {folders[0]}; reinstall cbcbox")
    library = ctypes.CDLL(str(found[0]))
    pointer, real = ctypes.c_void_p, ctypes.c_double
    library.Cbc_newModel.restype = pointer
    library.Cbc_deleteModel.argtypes = [pointer]
    library.Cbc_loadProblem.argtypes = [pointer, ctypes.c_int, ctypes.c_int, *[pointer] * 8]
    library.Cbc_setInteger.argtypes = [pointer, ctypes.c_int]
    library.Cbc_setLogLevel.argtypes = [pointer, ctypes.c_int]
    library.Cbc_setParameter.argtypes = [pointer, ctypes.c_char_p, ctypes.c_char_p]
    for name in ("AllowableGap", "AllowableFractionGap", "PrimalTolerance", "MaximumSeconds"):
        getattr(library, f"Cbc_set{name}").argtypes = [pointer, real]
    for name in _ONE_MODEL:
        getattr(library, name).argtypes = [pointer]
    library.Cbc_getBestPossibleObjValue.argtypes, library.Cbc_getBestPossibleObjValue.restype = [pointer], real
    library.Cbc_bestSolution.argtypes, library.Cbc_bestSolution.restype = [pointer], ctypes.POINTER(real)
    return library


class HeldCbc:
    """An integer program for CBC with the face of `solvers.highs.HeldProgram`: costs and rows may change."""

    def __init__(self, program: Program, *, absolute_gap: float = 1e-7, row_tolerance: float = 1e-6) -> None:
        """Keep a program; `absolute_gap` is in units of cost."""
        self._library = _library()
        self._gap, self._tolerance = absolute_gap, row_tolerance
        columns = program.matrix.tocsc()
        self._start = columns.indptr.astype(np.int32)
        self._index = columns.indices.astype(np.int32)
        self._value = columns.data.astype(np.float64)
        self._cost = program.cost.astype(np.float64)
        self._sides = [side.astype(np.float64) for side in (program.row_lower, program.row_upper)]
        self._bounds = [side.astype(np.float64) for side in (program.lower, program.upper)]
        whole = np.zeros(len(self._cost), dtype=bool) if program.integer is None else program.integer
        self._integer = np.flatnonzero(whole)

    def set_cost(self, cost: Floats) -> None:
        """Replace all objective coefficients."""
        self._cost = cost.astype(np.float64)

    def set_rows(self, index: NDArray[np.int32], lower: Floats, upper: Floats) -> None:
        """Replace the bounds of several rows."""
        for side, values in zip(self._sides, (lower, upper), strict=True):
            side[index] = values

    def solve(self, *, cold: bool = True, time_limit_s: float = math.inf) -> Answer:
        """Solve from scratch; every solve is cold.

        Parameters
        ----------
        cold
            Accepted for the common face; there is no warm start to forget.
        time_limit_s
            Wall time, seconds.
        """
        model = self._library.Cbc_newModel()
        try:
            self._load(model, time_limit_s)
            self._library.Cbc_solve(model)
            return self._answer(model)
        finally:
            self._library.Cbc_deleteModel(model)

    def _load(self, model: Any, time_limit_s: float) -> None:
        library = self._library
        closed = [np.ascontiguousarray(np.clip(a, -_OPEN, _OPEN)) for a in (*self._bounds, self._cost, *self._sides)]
        arrays = [self._start, self._index, self._value, *closed]
        library.Cbc_setLogLevel(model, 0)
        library.Cbc_loadProblem(
            model, len(self._cost), len(self._sides[0]), *[a.ctypes.data_as(ctypes.c_void_p) for a in arrays]
        )
        for column in self._integer:
            library.Cbc_setInteger(model, int(column))
        # The preprocessing of CBC (development branch, cbcbox 2.935) has called infeasible points optimal.
        library.Cbc_setParameter(model, b"preprocess", b"off")
        # Its strengthening of cliques ends the whole process on a matrix without entries.
        library.Cbc_setParameter(model, b"clqstr", b"off")
        library.Cbc_setAllowableGap(model, self._gap)
        library.Cbc_setAllowableFractionGap(model, 0.0)
        library.Cbc_setPrimalTolerance(model, self._tolerance)
        if math.isfinite(time_limit_s):
            library.Cbc_setParameter(model, b"timeMode", b"elapsed")
            library.Cbc_setMaximumSeconds(model, time_limit_s)

    def _answer(self, model: Any) -> Answer:
        library = self._library
        best = library.Cbc_bestSolution(model)
        columns = len(self._cost)
        x = np.array(best[:columns]) if best else np.full(columns, np.nan)
        termination = self._termination(model, bool(best))
        if termination not in (Termination.OPTIMAL, Termination.TIME_LIMIT):
            x = np.full(columns, np.nan)
        bound = float(library.Cbc_getBestPossibleObjValue(model))
        return Answer(
            termination, x, np.full(len(self._sides[0]), np.nan), float(self._cost @ x), bound if best else np.nan
        )

    def _termination(self, model: Any, found: bool) -> Termination:
        library = self._library
        status = library.Cbc_status(model)
        if status == _STOPPED:
            # Out of time within the first relaxation CBC calls that infeasible, too: no flag counts here.
            return Termination.TIME_LIMIT
        if library.Cbc_isContinuousUnbounded(model):
            return Termination.INFEASIBLE_OR_UNBOUNDED
        if library.Cbc_isProvenInfeasible(model) or library.Cbc_isInitialSolveProvenPrimalInfeasible(model):
            return Termination.INFEASIBLE
        if status == _FINISHED and found and library.Cbc_isProvenOptimal(model):
            return Termination.OPTIMAL
        if status in (_FINISHED, _STOPPED):
            return Termination.ERROR
        raise SolverFailed(f"CBC stopped with status {status}; report the program")
