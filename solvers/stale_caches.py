"""Compiled code kept on disk: let go of what was compiled before a kernel changed.

Numba looks only at the file of a function when it asks whether its cache is fresh. A function whose callee in another
file has changed would go on with the old callee, and with its old numbers.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def drop_stale_caches(package: Path) -> None:
    """Delete the numba indices of a package that are older than its newest file of kernels.

    Does nothing where files may not be deleted: such an installation is replaced as a whole, and never edited.
    """
    indices = [(path, path.stat().st_mtime_ns) for path in package.rglob("__pycache__/*.nbi")]
    if not indices:
        return
    oldest = min(made for _, made in indices)
    newer = [path for path in package.rglob("*.py") if path.stat().st_mtime_ns > oldest]
    changed = [path.stat().st_mtime_ns for path in newer if b"njit" in path.read_bytes()]
    for path, made in indices:
        if any(change > made for change in changed):
            with suppress(OSError):
                path.unlink()
