"""What this machine offers: what the planner needs, and what only some exports, tests or pages need."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from planner import __version__
from planner.runs.manifest import PACKAGES, cores, package_versions

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: `needed` is False where the planner works without it."""

    name: str
    ok: bool
    needed: bool
    found: str
    advice: str = ""


def examine(folder: Path) -> list[Check]:
    """Examine this machine; `folder` is where runs would be written."""
    return [_python(), _cores(), *_packages(), _solver(), _writable(folder), _compiled(), *_optional()]


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}, planner {__version__}"
    return Check("Python", sys.version_info >= (3, 11), True, found, "install Python 3.11 or newer")


def _cores() -> Check:
    return Check("cores", True, True, str(cores()))


def _packages() -> list[Check]:
    versions = package_versions(PACKAGES)
    return [
        Check(name, version is not None, True, version or "not installed", "pip install cxfrontier")
        for name, version in versions.items()
    ]


def _solver() -> Check:
    advice = "pip install --force-reinstall highspy"
    try:
        importlib.import_module("highspy")
    except ImportError as err:
        return Check("solver HiGHS", False, True, f"does not load: {err}", advice)
    return Check("solver HiGHS", True, True, f"loads, {metadata.version('highspy')}", advice)


def _writable(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as err:
        return Check("write access", False, True, f"this folder: {err.strerror}", "change to a folder of your own")
    return Check("write access", True, True, "this folder")


def _compiled() -> Check:
    """Numba keeps compiled code beside the package; a read-only installation compiles anew in every process."""
    place = os.environ.get("NUMBA_CACHE_DIR")
    package = util.find_spec("solvers.queueing")
    beside = Path(package.origin).parent if package and package.origin else Path()
    ok = bool(place) or os.access(beside, os.W_OK)
    found = "NUMBA_CACHE_DIR" if place else ("beside the package" if ok else "the package folder is read-only")
    return Check("cache of compiled code", ok, False, found, "set NUMBA_CACHE_DIR to a folder of your own")


def _optional() -> list[Check]:
    browser = next((name for name in _BROWSERS if shutil.which(name)), None)
    postgres = shutil.which("postgres") or next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), None)
    zen = util.find_spec("zen") is not None
    return [
        Check("Chromium", browser is not None, False, browser or "not found", "only the page's tests need it"),
        Check("PostgreSQL", bool(postgres), False, "present" if postgres else "not found", "only some tests need it"),
        Check(
            "zen-engine",
            zen,
            False,
            "present" if zen else "not installed",
            "pip install zen-engine: executes exported rules (JDM)",
        ),
    ]
