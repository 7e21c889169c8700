"""One thread for linear algebra: its matrices are too small to share, and sums then have one order on any machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

_P = ParamSpec("_P")
_T = TypeVar("_T")


def on_one_thread(work: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let a function run its linear algebra on one thread.

    Two threads on a matrix of a few hundred columns gain a third at best, and lose a factor of three where another
    process wants the second processor.
    """

    @wraps(work)
    def limited(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with ThreadpoolController().limit(limits=1, user_api="blas"):
            return work(*args, **kwargs)

    return limited
