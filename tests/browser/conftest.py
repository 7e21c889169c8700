"""A browser, and pages opened in it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from planner.frontier.frontier import Frontier
from planner.report import write_report

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/unit/planner/report"))
sys.path.insert(0, str(ROOT / "tests/unit/planner/report/estimate"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    path = os.environ.get("PLANNER_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with api.sync_playwright() as playwright:
        path = path or shutil.which("google-chrome") or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("Chromium is missing: apt-get install chromium, or name it in PLANNER_CHROMIUM")
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """Source of axe-core."""
    pytest.importorskip("axe_playwright_python", reason="axe-core is missing: pip install axe-playwright-python")
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


class Opened:
    """A page opened from its file, with everything it asked for and complained about."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page = page
        self.requests: list[str] = []
        self.faults: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: (self.faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.goto(path.as_uri())


@pytest.fixture
def open_file(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Open a page from its file: `open_file(path, width=1280)`."""
    contexts = []

    def opened(path: Path, width: int = 1280, height: int = 900) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        return Opened(context.new_page(), path)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def open_report(open_file: Callable[..., Opened], tmp_path: Path) -> Callable[..., Opened]:
    """Write the report of a frontier, open it and unfold pins and table: `open_report(frontier, width=1280)`."""

    def opened(frontier: Frontier, width: int = 1280, height: int = 900, unfold: str = "#compare, #all") -> Opened:
        report = open_file(write_report(frontier, tmp_path / "report.html"), width, height)
        if unfold:
            report.page.evaluate("s => document.querySelectorAll(s).forEach(part => { part.open = true; })", unfold)
        return report

    return opened
