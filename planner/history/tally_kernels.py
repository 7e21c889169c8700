"""Compiled loops over batches of contacts: bands, normal scores, and exact sums per cell."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

COUNT, SUM, SQUARE, LOGARITHM = 0, 1, 2, 3
"""What a measure adds of its column: 1, the value, its square, the logarithm of one more than the value."""

_SCATTER = np.uint64(0x9E3779B97F4A7C15)
_LOW_BITS = (1 << 32) - 1
_BLOCK = 1024
_UNIT = 1e6
"""Sums are whole numbers of millionths."""


@njit(cache=True, nogil=True)
def band_numbers(values: NDArray[np.float64], cuts: NDArray[np.float64]) -> NDArray[np.int16]:
    """Number of cuts below each value, -1 where it is missing."""
    out = np.full(len(values), -1, dtype=np.int16)
    for i in range(len(values)):
        value = values[i]
        if not math.isnan(value):
            band = 0
            for k in range(len(cuts)):
                band += value > cuts[k]
            out[i] = band
    return out


@njit(cache=True, nogil=True)
def band_numbers_by(
    values: NDArray[np.float64], group: NDArray[np.int32], cuts: NDArray[np.float64]
) -> NDArray[np.int16]:
    """Number of cuts of its own group below each value, -1 where it is missing; cuts have shape (group, cut)."""
    out = np.full(len(values), -1, dtype=np.int16)
    for i in range(len(values)):
        value = values[i]
        if not math.isnan(value):
            band = 0
            for k in range(cuts.shape[1]):
                band += value > cuts[group[i], k]
            out[i] = band
    return out


@njit(cache=True, nogil=True)
def corner_scores(
    values: NDArray[np.float64],
    cuts: NDArray[np.float64],
    scores: NDArray[np.float64],
    slopes: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Score of each value, straight between the corners, level beyond them; NaN where it is missing."""
    out = np.empty(len(values))
    for i in range(len(values)):
        value, above = values[i], 0
        for k in range(len(cuts)):
            above += value > cuts[k]
        if math.isnan(value):
            out[i] = math.nan
        elif above == 0 or above == len(cuts):
            out[i] = scores[0] if above == 0 else scores[len(cuts) - 1]
        else:
            out[i] = scores[above - 1] + (value - cuts[above - 1]) * slopes[above - 1]
    return out


@njit(cache=True, nogil=True)
def pack_keys(codes: NDArray[np.int32], keys: NDArray[np.int64], left_out: NDArray[np.bool_]) -> NDArray[np.int64]:
    """One number for the keys of each row, in the order of their values; -1 for rows that are left out.

    Parameters
    ----------
    codes
        Shape (code, row).
    keys
        Shape (key, 3): which code it is, its least value (anything below is missing, and comes last), and how many
        values it has.
    left_out
        Shape (row,), or empty where no row is.
    """
    out = np.zeros(codes.shape[1], dtype=np.int64)
    for k in range(len(keys)):
        row, least, size = keys[k, 0], keys[k, 1], keys[k, 2]
        for i in range(codes.shape[1]):
            place = codes[row, i] - least
            out[i] = out[i] * size + (place if place >= 0 else size - 1)
    for i in range(len(left_out)):
        if left_out[i]:
            out[i] = -1
    return out


@njit(cache=True, nogil=True)
def place_keys(known: NDArray[np.int64], places: NDArray[np.int64]) -> None:
    """Write each key and the number of its cell into an empty table (-1), shape (slot, 2), by open addressing."""
    mask = len(places) - 1
    shift = np.uint64(64 - round(math.log2(len(places))))
    for cell in range(len(known)):
        at = np.int64((np.uint64(known[cell]) * _SCATTER) >> shift)
        while places[at, 0] >= 0:
            at = (at + 1) & mask
        places[at, 0], places[at, 1] = known[cell], cell


@njit(cache=True, nogil=True)
def add_rows(
    first: int,
    count: int,
    keys: NDArray[np.int64],
    values: NDArray[np.float64],
    measures: NDArray[np.int64],
    known: NDArray[np.int64],
    places: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> tuple[int, int]:
    """Add rows from `first` on to the sums of their cells, until a new cell finds no room.

    Parameters
    ----------
    count
        Cells so far.
    keys
        Shape (row,): key of the cell; a negative one leaves the row out.
    values
        Shape (column, row), NaN where missing.
    measures
        Shape (measure, 5): what to add (`COUNT, ...`), of which column, only where which other column is known (-1:
        always), from which place of the sums on, and whether the sum takes two places (low 32 bits, and the rest).
    known, places, sums
        Keys of the cells; table of slots, as of `place_keys`; shape (cell, place), whose place 0 counts rows.

    Returns
    -------
        The first row that is not added, and the cells.
    """
    cells = np.empty(_BLOCK, dtype=np.int64)
    full = False
    while first < len(keys) and not full:
        # Column by column within a block: the many cells are then fetched from memory at the same time.
        block = keys[first : first + _BLOCK]
        found, count = _find_cells(block, count, known, places, cells)
        full = found < len(block)
        for k in range(found):
            if cells[k] >= 0:
                sums[cells[k], 0] += 1
        for j in range(len(measures)):
            _add_measure(first, first + found, cells, values, measures[j], sums)
        first += found
    return first, count


@njit(cache=True, nogil=True)
def _find_cells(
    keys: NDArray[np.int64],
    count: int,
    known: NDArray[np.int64],
    places: NDArray[np.int64],
    cells: NDArray[np.int64],
) -> tuple[int, int]:
    """Write the cells of a block of keys, new ones included; the keys until a new cell finds no room, and the cells."""
    mask = len(places) - 1
    shift = np.uint64(64 - round(math.log2(len(places))))
    for k in range(len(keys)):
        cell, key = -1, keys[k]
        if key >= 0:
            at = np.int64((np.uint64(key) * _SCATTER) >> shift)
            # Key and cell lie side by side: one line of memory is fetched for both.
            while places[at, 0] >= 0 and places[at, 0] != key:
                at = (at + 1) & mask
            cell = places[at, 1]
            if cell < 0:
                if count == len(known):
                    return k, count
                cell = count
                places[at, 0], places[at, 1], known[count] = key, cell, key
                count += 1
        cells[k] = cell
    return len(keys), count


@njit(cache=True, nogil=True)
def _add_measure(
    first: int,
    end: int,
    cells: NDArray[np.int64],
    values: NDArray[np.float64],
    measure: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    """Add one measure of a block of rows."""
    kind, column, gate, place, wide = measure
    for k in range(end - first):
        cell, value = cells[k], values[column, first + k]
        if cell < 0 or math.isnan(value) or (gate >= 0 and math.isnan(values[gate, first + k])):
            continue
        if kind == COUNT:
            sums[cell, place] += 1
            continue
        if kind == SQUARE:
            value *= value
        elif kind == LOGARITHM:
            value = math.log(value + 1.0)
        # To the nearest millionth, halves away from zero: as the engines cast to decimals.
        scaled = value * _UNIT
        whole = np.int64(scaled)
        whole += (scaled - whole >= 0.5) - (scaled - whole <= -0.5)
        if wide:
            sums[cell, place] += whole & _LOW_BITS
            sums[cell, place + 1] += whole >> 32
        else:
            sums[cell, place] += whole
