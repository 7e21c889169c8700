"""The runs of one folder: which there are, and the last few opened, kept in memory."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.errors import PlannerError, RunError
from planner.frontier.frontier import Frontier
from planner.report.page import runs_page, served_page
from planner.report.text import named_rows
from planner.runs import RunDirectory, load_run
from planner.runs.tables import plain
from planner.serve.downloads import export_formats

AXES = ("cx", "cost", "headroom")


@dataclass(frozen=True)
class OpenedRun:
    """A finished run in memory: its frontier, its page with the policy it is sent with, its plans as JSON."""

    path: Path
    frontier: Frontier
    page: bytes
    policy: str
    plans: bytes


class Shelf:
    """Runs of a folder by name. A name is only ever looked up among those that are there, so none leads elsewhere."""

    def __init__(self, folder: Path, keep: int = 6) -> None:
        self.folder, self._keep = folder.resolve(), keep
        self._opened: OrderedDict[str, tuple[int, OpenedRun]] = OrderedDict()
        self._told: dict[str, tuple[Any, dict[str, Any]]] = {}
        self._page: tuple[list[dict[str, Any]], tuple[bytes, str]] = ([], (b"", ""))
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Names of the run directories, in order; links and hidden folders are no runs."""
        try:
            with os.scandir(self.folder) as entries:
                found = [e.name for e in entries if e.is_dir(follow_symlinks=False) and not e.name.startswith(".")]
        except OSError as err:
            raise RunError(f"{self.folder}: cannot read: {err.strerror}; name the folder of runs") from err
        return sorted(name for name in found if name.isprintable() and (self.folder / name / "manifest.json").is_file())

    def path(self, name: str) -> Path:
        """Directory of a run.

        Raises
        ------
        RunError
            No run of this folder has the name.
        """
        known = self.names()
        if name not in known:
            listed = ", ".join(known[:5]) + ("…" if len(known) > 5 else "")
            raise RunError(f"no run {name[:80]!r} in this folder; there are {listed or 'none yet'}")
        return self.folder / name

    def summaries(self) -> list[dict[str, Any]]:
        """What each run is, the newest first: name, scenario, title, state, when, axes of Today and the named plans."""
        found = [self._summary(name) for name in self.names()]
        return sorted(found, key=lambda run: str(run["started"]), reverse=True)

    def page(self) -> tuple[bytes, str]:
        """Return the page that lists the runs, and its policy; made again when a run has changed."""
        runs = self.summaries()
        if not self._page[1][0] or self._page[0] != runs:
            text, policy = runs_page(runs)
            self._page = (runs, (text.encode("utf-8"), policy))
        return self._page[1]

    def open(self, name: str) -> OpenedRun:
        """Load a finished run, or take it from memory where its result is still the same."""
        path = self.path(name)
        stamp = _stamp(path / "result.json")
        with self._lock:
            known = self._opened.get(name)
            if known is not None and known[0] == stamp:
                self._opened.move_to_end(name)
                return known[1]
            frontier = load_run(path)
            page, policy = served_page(frontier, name, export_formats())
            opened = OpenedRun(path, frontier, page.encode("utf-8"), policy, _plans_json(frontier))
            self._opened[name] = (stamp, opened)
            while len(self._opened) > self._keep:
                self._opened.popitem(last=False)
            return opened

    def _summary(self, name: str) -> dict[str, Any]:
        run = RunDirectory(self.folder / name)
        stamps = (_stamp(run.manifest_path), _stamp(run.result_path))
        known = self._told.get(name)
        if known is None or known[0] != stamps:
            known = (stamps, _summary_of(name, run))
            self._told[name] = known
        return known[1]


def _plans_json(frontier: Frontier) -> bytes:
    told = {"plans": plain(frontier.table.to_dict("records")), "certificate": plain(frontier.certificate)}
    return json.dumps(told, ensure_ascii=False, allow_nan=False).encode("utf-8")


def _summary_of(name: str, run: RunDirectory) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": name, "scenario": "", "title": "", "state": "unreadable", "started": "", "variant": "", "set": [],
        "complete": False, "plans": [], "error": "",
    }  # fmt: skip
    try:
        manifest = run.manifest()
        for key in ("state", "started", "variant"):
            told[key] = str(manifest.get(key) or "")
        told["scenario"] = str(manifest.get("name") or "")
        changes = manifest.get("set")
        told["set"] = [str(change) for change in changes] if isinstance(changes, list) else []
        if not run.complete:
            return told
        frontier = load_run(run.path)
    except PlannerError as err:
        return told | {"error": str(err).replace(str(run.path), name)}
    title = frontier.meta.get("title") or frontier.meta.get("scenario") or name
    return told | {"complete": True, "title": str(title), "plans": named_plans(frontier)}


def named_plans(frontier: Frontier) -> list[dict[str, Any]]:
    """Today and the named plans: `key, plan, cx, cost, headroom`."""
    return [
        plain({"key": key, "plan": str(row["plan"]), **{axis: float(row[axis]) for axis in AXES}})
        for key, row in named_rows(frontier).items()
    ]


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return -1
