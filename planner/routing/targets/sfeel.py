"""The portable subset of S-FEEL (DMN 1.3, chapter 9) that our tables use: string lists, comparisons, ranges, dash."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from planner.errors import PlanError
from planner.routing.columns import Bools, Columns

_NUMBER = r"-?\d+(?:\.\d+)?"
_STRINGS = re.compile(r'\s*"([^"\\]*)"\s*(,|$)')
_COMPARISON = re.compile(rf"\s*(<=|>=|<|>)\s*({_NUMBER})\s*$")
_RANGE = re.compile(rf"\s*([\[\](])\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*([\[\])])\s*$")


def unary_test(cell: str, columns: Columns, fact: str, text: bool) -> Bools:
    """Test a cell on the values of a fact.

    A missing value passes only the dash: comparisons with null are null in FEEL, and null is not true.

    Raises
    ------
    PlanError
        The cell is outside the subset.
    """
    if cell.strip() == "-":
        return np.ones(columns.size, dtype=bool)
    if text:
        return columns.among(fact, strings(cell))
    value = columns.number(fact)
    if match := _COMPARISON.match(cell):
        limit = float(match[2])
        return np.asarray(
            {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[match[1]]
        )
    if match := _RANGE.match(cell):
        low, high = float(match[2]), float(match[3])
        above = value >= low if match[1] == "[" else value > low
        below = value <= high if match[4] == "]" else value < high
        return np.asarray(above & below)
    raise PlanError(f"cell {cell!r} is outside the portable S-FEEL subset")


def strings(cell: str) -> list[str]:
    """Read a list of strings.

    Raises
    ------
    PlanError
        The cell is no list of plain strings.
    """
    found, position = [], 0
    while True:
        match = _STRINGS.match(cell, position)
        if match is None:
            raise PlanError(f"cell {cell!r} is no list of S-FEEL strings")
        found.append(match[1])
        position = match.end()
        if match[2] == "":
            return found


def literal(cell: str) -> Any:
    """Read an output: a string, a number or null."""
    if cell.strip() == "null":
        return None
    if cell.lstrip().startswith('"'):
        return strings(cell)[0]
    number = float(cell)
    return int(number) if number == int(number) else number
