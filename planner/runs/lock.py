"""The lock that keeps two runs out of one directory; the system frees it when its process dies, however it dies."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from planner.errors import RunError
from planner.runs.atomic import explained

# Far behind the text, so that others can still read who holds the lock (Windows locks byte ranges exclusively).
_LOCKED_BYTE = 1 << 30
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, which names this process and its start, or refuse with a `RunError`.

    A file system without locks (some network shares) is used without one.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(handle, path)
    except BaseException:
        os.close(handle)
        raise
    try:
        os.ftruncate(handle, 0)
        started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        os.write(handle, json.dumps({"pid": os.getpid(), "started": started}).encode("utf-8"))
        yield
    finally:
        os.ftruncate(handle, 0)
        os.close(handle)


def holder(path: Path) -> str:
    """Say who holds a lock, as far as its file tells."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return f"process {content['pid']}, since {content['started']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _take(handle: int, path: Path) -> None:
    try:
        _lock_without_waiting(handle)
    except OSError as err:
        if err.errno in _TAKEN:
            raise RunError(f"{path.parent}: {holder(path)}, is running here; wait for it or stop it") from err


def _lock_without_waiting(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt  # exists on Windows only

        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        import fcntl  # exists everywhere but on Windows

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
