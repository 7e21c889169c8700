"""Memory that was freed, given back to the machine: by itself the C library keeps most of it for later."""

from __future__ import annotations

import contextlib
import ctypes


def give_back() -> None:
    """Give freed memory back where the C library can be asked to (glibc); elsewhere nothing happens."""
    with contextlib.suppress(OSError, TypeError, AttributeError):  # no such library, or no such function in it
        ctypes.CDLL(None).malloc_trim(0)
