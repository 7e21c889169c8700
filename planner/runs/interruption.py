"""Ctrl-C that cannot get lost: compiled code may swallow the exception, or turn it into another one."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from planner.runs.chunks import ChunkStore


class Interruption:
    """Whether an interrupt has come; whatever is computed after it may be wrong and must not be kept."""

    def __init__(self) -> None:
        self.seen = False

    def check(self) -> None:
        """Raise `KeyboardInterrupt` (again) if an interrupt has come."""
        if self.seen:
            raise KeyboardInterrupt


class InterruptibleChunks:
    """A checkpoint that keeps nothing once an interrupt has come."""

    def __init__(self, chunks: ChunkStore, interruption: Interruption) -> None:
        self._chunks = chunks
        self._interruption = interruption

    def get(self, key: str) -> bytes | None:
        """Return the chunk of `key`, or None where it is absent."""
        self._interruption.check()
        return self._chunks.get(key)

    def put(self, key: str, data: bytes) -> None:
        """Store a chunk for good."""
        self._interruption.check()
        self._chunks.put(key, data)


@contextlib.contextmanager
def interruptible() -> Iterator[Interruption]:
    """Remember interrupts (SIGINT, and SIGTERM where it acts like one) while the block runs.

    The block ends in `KeyboardInterrupt` if one came, whatever else it raised or returned because of it. Handlers
    that somebody else installed are left alone, and so is everything outside the main thread.
    """
    interruption = Interruption()

    def note(number: int, frame: FrameType | None) -> None:
        interruption.seen = True
        raise KeyboardInterrupt

    with _handled_by(note):
        try:
            yield interruption
        except Exception as err:
            if interruption.seen:
                raise KeyboardInterrupt from err
            raise
        interruption.check()


@contextlib.contextmanager
def _handled_by(handler: object) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [s for s in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(s) is signal.default_int_handler]
    for number in ours:
        signal.signal(number, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.default_int_handler)
