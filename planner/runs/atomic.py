"""Files that are either whole or absent, also after a power cut; every failure is a `RunError` that says what to do."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from planner.errors import RunError


@contextlib.contextmanager
def explained(path: Path, verb: str = "write") -> Iterator[None]:
    """Turn an operating-system error about `path` into a `RunError` with the reason and the way out."""
    try:
        yield
    except OSError as err:
        reason = err.strerror or type(err).__name__
        way_out = "choose another folder with --out" if verb == "write" else "check the path and its permissions"
        raise RunError(f"{path}: cannot {verb}: {reason}; {way_out}") from err


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file by a temporary neighbor, fsync and rename, so that readers never see half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with explained(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with line feeds on every system."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write JSON in the order given, indented, without NaN (strict JSON)."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file, or say in a `RunError` that it is not one."""
    with explained(path, "read"):
        data = path.read_bytes()
    try:
        return json.loads(data.decode("utf-8"))
    except ValueError as err:
        raise RunError(f"{path}: is not JSON ({err}); it was changed by hand or is damaged") from err
