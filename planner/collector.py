"""Long work without Python's garbage collector walking through all that was there before, again and again."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


def collector_apart(work: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let a function run with what is there when it starts left out of collections; what it makes itself is not.

    Modules and tables stay anyway, and no other thread goes on while the collector looks through them: a tenth of the
    time of an estimate.
    """

    @wraps(work)
    def apart(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        if gc.get_freeze_count():
            return work(*args, **kwargs)
        gc.freeze()
        try:
            return work(*args, **kwargs)
        finally:
            gc.unfreeze()

    return apart
