"""Finished pieces of a run, kept so that a killed run continues where it stopped.

One file per chunk, written by rename. The first line says what the rest must be; a file that does not keep that
promise (torn by a power cut, edited) counts as absent and is computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from pathlib import Path

from planner.runs.atomic import explained, write_bytes


class ChunkStore:
    """The checkpoint of a run: `get` and `put` bytes by key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> bytes | None:
        """Return the chunk of `key`, or None where it is absent or damaged."""
        path = self._path(key)
        with explained(path, "read"):
            if not path.is_file():
                return None
            head, _, data = path.read_bytes().partition(b"\n")
        with contextlib.suppress(ValueError):
            if json.loads(head) == _head(key, data):
                return data
        return None

    def put(self, key: str, data: bytes) -> None:
        """Store a chunk for good: it is on the disk when this returns."""
        write_bytes(self._path(key), json.dumps(_head(key, data)).encode("utf-8") + b"\n" + data)

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.chunk"))

    def clear(self) -> None:
        """Remove all chunks: the result stands, nothing is left to resume."""
        with explained(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode('utf-8')).hexdigest()[:24]}.chunk"


def _head(key: str, data: bytes) -> dict[str, object]:
    return {"key": key, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
