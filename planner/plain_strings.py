"""Many small tables of text, without the cost of a columnar library's round trip for each of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import pandas as pd

_P = ParamSpec("_P")
_T = TypeVar("_T")


def plain_strings(work: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let the texts a function makes be held as plain Python strings inside their columns.

    Tables of a few hundred rows are indexed, joined and copied thousands of times in an estimate; Arrow's strings pay
    off in millions of rows, and these are codes here.
    """

    @wraps(work)
    def plain(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with pd.option_context("mode.string_storage", "python"):
            return work(*args, **kwargs)

    return plain
