"""How the fits use processors: linear algebra on one thread each, two fits that do not need each other side by side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

_P = ParamSpec("_P")
_T = TypeVar("_T")
_S = TypeVar("_S")


def on_one_thread(work: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let a function run its linear algebra on one thread, so that its sums have one order on any machine.

    Two threads on a matrix of a few hundred columns gain a third at best, and lose a factor of three where another
    process wants the second processor.
    """

    @wraps(work)
    def limited(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with ThreadpoolController().limit(limits=1, user_api="blas"):
            return work(*args, **kwargs)

    return limited


def side_by_side(one: Callable[[], _T], other: Callable[[], _S]) -> tuple[_T, _S]:
    """Run two pieces of work that need nothing of each other; linear algebra lets go of the interpreter."""
    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(other)
        return one(), later.result()
