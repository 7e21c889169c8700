"""The directory of one run: what is in it, who may write it, whether it is finished."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from planner.errors import RunError
from planner.runs.atomic import explained, read_json, write_json, write_text
from planner.runs.chunks import ChunkStore
from planner.runs.inputs import InputFile
from planner.runs.lock import locked
from planner.runs.manifest import RunState

_LOGGERS = ("planner", "solvers", "py.warnings")


class RunDirectory:
    """A run on disk.

    manifest.json       what ran, with which versions and inputs, how it ended
    scenario.yaml       the resolved scenario: parents, variant and overrides applied
    inputs.lock.json    name, size and SHA-256 of every input file
    chunks/             finished pieces, until the result stands
    tables/*.parquet    every table of the frontier;  plans.csv  the plans for a spreadsheet
    result.json         certificate, explanations, meta; written last, so its presence means "finished"
    first_look.html     plans so far, while the run goes on
    log.txt, lock       what happened when; who is writing now
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.chunks = ChunkStore(path / "chunks")

    @property
    def manifest_path(self) -> Path:
        """The record of the run."""
        return self.path / "manifest.json"

    @property
    def result_path(self) -> Path:
        """The file whose presence means that the run is finished."""
        return self.path / "result.json"

    @property
    def tables_path(self) -> Path:
        """The folder of the result tables."""
        return self.path / "tables"

    @property
    def first_look_path(self) -> Path:
        """The page of the plans so far, which the result replaces."""
        return self.path / "first_look.html"

    @property
    def complete(self) -> bool:
        """True once every result file stands."""
        with explained(self.path, "read"):
            return self.result_path.is_file()

    @property
    def cut_short(self) -> bool:
        """True where the result stands but a time limit left work out, so that it can be continued."""
        return self.complete and bool(read_json(self.result_path).get("meta", {}).get("skipped"))

    @property
    def unfinished(self) -> bool:
        """True where a run began and ended neither in a result nor in the answer that no plan is, or was found."""
        with explained(self.path, "read"):
            begun = self.manifest_path.is_file()
        answers = (RunState.INFEASIBLE, RunState.NOTHING_FOUND)
        return begun and not self.complete and self.manifest().get("state") not in answers

    def manifest(self) -> dict[str, Any]:
        """Read the record of the run."""
        found = read_json(self.manifest_path)
        if not isinstance(found, dict):
            raise RunError(f"{self.manifest_path}: is not a run record; it was changed by hand or is damaged")
        return found

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Write the record of the run."""
        write_json(self.manifest_path, manifest)

    def write_inputs(self, scenario_text: str, inputs: Sequence[InputFile]) -> None:
        """Write the resolved scenario and the list of input files."""
        write_text(self.path / "scenario.yaml", scenario_text)
        write_json(self.path / "inputs.lock.json", [asdict(file) for file in inputs])

    def remove(self) -> None:
        """Delete the directory with all it holds."""
        with explained(self.path):
            shutil.rmtree(self.path)

    def fingerprint(self) -> str:
        """Return 16 hex digits that name the finished result; exports carry them."""
        with explained(self.result_path, "read"):
            return hashlib.sha256(self.result_path.read_bytes()).hexdigest()[:16]

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out of this directory."""
        with locked(self.path / "lock"):
            yield

    @contextlib.contextmanager
    def logged(self) -> Iterator[logging.Logger]:
        """Append what the planner and the solvers log, and warnings, to log.txt."""
        with explained(self.path):
            handler = logging.FileHandler(self.path / "log.txt", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        loggers = [logging.getLogger(name) for name in _LOGGERS]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
        try:
            yield logging.getLogger("planner.run")
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.removeHandler(handler)
                logger.setLevel(level)
            handler.close()
