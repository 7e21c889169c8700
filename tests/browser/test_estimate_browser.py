"""The page of an estimate in a real browser: offline, inert, readable, on a phone and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from study_sample import HOSTILE, studied
from test_report_browser import CONTRAST, UNNAMED

from planner.report.estimate.content import page_of
from planner.report.estimate.page import write_page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    return write_page(page_of(studied(folder)), folder / "report.html")


def test_nothing_is_loaded_and_no_name_acts(open_file: Callable[..., Any], path: Path) -> None:
    opened = open_file(path)
    assert len(opened.requests) == 1
    assert opened.faults == []
    assert opened.page.locator("img").count() == 0
    assert HOSTILE in opened.page.locator("#matrix").inner_text()


def test_everything_has_a_name_and_enough_contrast(open_file: Callable[..., Any], path: Path) -> None:
    page = open_file(path).page
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(CONTRAST) == []


def test_a_phone_scrolls_tables_not_the_page(open_file: Callable[..., Any], path: Path) -> None:
    page = open_file(path, width=390).page
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_parts_open_by_keyboard(open_file: Callable[..., Any], path: Path) -> None:
    page = open_file(path).page
    page.locator("#quality > summary").focus()
    assert not page.locator("#quality").evaluate("part => part.open")
    page.keyboard.press("Enter")
    assert page.locator("#quality").evaluate("part => part.open")
