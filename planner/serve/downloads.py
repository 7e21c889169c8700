"""Files to take along: what `planner export` writes, made by that command in a process of its own."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

from planner.errors import PlanError, RunError

LONGEST_S = 300.0
_ONE_AT_A_TIME = threading.Semaphore(1)


def export_formats() -> list[str]:
    """Formats that `planner export` knows."""
    from planner.cli.exporting import ExportFormat  # lazy: the command line imports the server

    return [str(one.value) for one in ExportFormat]


def exported(run: Path, plan: str, form: str) -> tuple[str, bytes]:
    """Return name and bytes of an exported file; a folder comes as a ZIP archive.

    Raises
    ------
    PlanError
        Unknown format.
    RunError
        The command refused; its last words.
    """
    if form not in export_formats():
        raise PlanError(f"unknown format {form[:40]!r}; known are {', '.join(export_formats())}")
    command = [sys.executable, "-m", "planner", "export", str(run), "--plan", plan, "--format", form]
    with _ONE_AT_A_TIME, tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_S)
        written = sorted(Path(folder).iterdir())
        if done.returncode not in (0, 5) or len(written) != 1:
            last = (done.stderr.strip().splitlines() or ["nothing was written"])[-1]
            raise RunError(last.removeprefix("planner: "))
        if written[0].is_dir():
            return f"{written[0].name}.zip", _zipped(written[0])
        return written[0].name, written[0].read_bytes()


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
    return buffer.getvalue()
