"""A frontier to a run directory and back."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from planner.errors import RunError
from planner.frontier.frontier import Frontier
from planner.runs.atomic import explained, read_json, write_bytes, write_json
from planner.runs.directory import RunDirectory
from planner.runs.tables import csv_text, parquet_bytes, plain, read_table

FORMAT = 1
MODEL = "model.npz"
_TABLE_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


def save_frontier(frontier: Frontier, directory: Path) -> None:
    """Write every result file of a frontier; `result.json` comes last and makes the run complete.

    The same frontier gives the same bytes in every file.
    """
    run = RunDirectory(directory)
    with explained(run.result_path):
        run.result_path.unlink(missing_ok=True)  # an earlier result must not vouch for the new tables
    recorded = {}
    for name, frame in frontier.tables.items():
        if not _TABLE_NAME.match(name):
            raise ValueError(f"table name {name!r} cannot be a file name; use lower-case letters, digits and _")
        data = parquet_bytes(frame, name)
        write_bytes(run.tables_path / f"{name}.parquet", data)
        recorded[name] = {"rows": len(frame), "sha256": hashlib.sha256(data).hexdigest()}
    write_bytes(directory / "plans.csv", csv_text(frontier.table).encode("utf-8"))
    write_bytes(directory / MODEL, frontier.model)
    result = {
        "format": FORMAT,
        "certificate": plain(frontier.certificate),
        "meta": plain(frontier.meta),
        "explanations": plain(frontier.explanations),
        "tables": recorded,
        "model": hashlib.sha256(frontier.model).hexdigest(),
    }
    write_json(run.result_path, result)


def load_run(path: str | Path) -> Frontier:
    """Load the frontier of a finished run.

    Parameters
    ----------
    path
        A run directory, or any file in it.

    Raises
    ------
    RunError
        If there is no run, the run is unfinished, or a file no longer is what the run wrote.
    """
    run = RunDirectory(_directory_of(Path(path)))
    if not run.complete:
        raise RunError(_why_incomplete(run))
    result = read_json(run.result_path)
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        raise RunError(f"{run.result_path}: is not a result of format {FORMAT}; run the scenario again")
    return Frontier(
        tables={name: _verified(run, name, entry) for name, entry in result["tables"].items()},
        certificate=result["certificate"],
        explanations=result["explanations"],
        meta=result["meta"],
        model=_model(run, result.get("model")),
        run=run.path.absolute().name,
        fingerprint=run.fingerprint(),
    )


def _model(run: RunDirectory, recorded: str | None) -> bytes:
    """Bytes of the held model; none in runs of versions that kept none."""
    if recorded is None:
        return b""
    path = run.path / MODEL
    with explained(path, "read"):
        data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != recorded:
        raise RunError(f"{path}: was changed after the run wrote it; run the scenario again")
    return data


def _directory_of(path: Path) -> Path:
    with explained(path, "read"):
        if not path.exists():
            raise RunError(f"{path}: no such run directory; `planner run FILE` makes one under runs/")
        return path if path.is_dir() else path.parent


def _why_incomplete(run: RunDirectory) -> str:
    if not run.manifest_path.is_file():
        inside = sorted(p.parent.name for p in run.path.glob("*/result.json"))
        hint = f"; it holds runs: {', '.join(inside[:5])}" if inside else ""
        return f"{run.path}: is not a run directory{hint}"
    return (
        f"{run.path}: this run is not finished (state {run.manifest().get('state')}); "
        "repeat its `planner run` with --resume"
    )


def _verified(run: RunDirectory, name: str, entry: dict[str, Any]) -> Any:
    if not _TABLE_NAME.match(name):
        raise RunError(f"{run.result_path}: names a table {name!r}, which no run writes; it was changed by hand")
    path = run.tables_path / f"{name}.parquet"
    with explained(path, "read"):
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != entry["sha256"]:
        raise RunError(f"{path}: was changed after the run wrote it; run the scenario again")
    return read_table(path)
