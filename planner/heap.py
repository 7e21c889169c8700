"""Memory that was freed, given back to the machine: by themselves its keepers hold most of it for later."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys


def give_back() -> None:
    """Give freed memory back: that of Arrow, where it is loaded, and where it can be asked (glibc) the C library's."""
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, TypeError, AttributeError):  # no such library, or no such function in it
        ctypes.CDLL(None).malloc_trim(0)


def clear_out() -> None:
    """Free what only refers to itself any more, which takes tens of milliseconds, and give it back with the rest."""
    gc.collect()
    give_back()
