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


def test_sentences_of_tables_lie_in_view_and_names_stay_whole(open_file: Callable[..., Any], path: Path) -> None:
    page = open_file(path, width=1280).page
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    for key in ("moves", "pilots", "guards"):
        wide = page.evaluate(
            f"[...document.querySelectorAll('#{key} .scroll')].map(x => x.scrollWidth - x.clientWidth)"
        )
        assert all(over <= 0 for over in wide), f"{key}: {wide}"
    assert page.evaluate(
        "[...document.querySelectorAll('td.words')].every(x => getComputedStyle(x).whiteSpace === 'normal')"
    )
    assert page.locator("td.words").count() > 0
    # A name without a space stands on one line.
    assert page.evaluate(LINES, "#moves th.entry") == 1


def test_a_phone_breaks_no_name_either(open_file: Callable[..., Any], path: Path) -> None:
    page = open_file(path, width=390).page
    assert page.evaluate(LINES, "#moves th.entry") == 1


LINES = """css => Math.max(...[...document.querySelectorAll(css)].filter(x => !x.textContent.includes(' '))
  .map(x => { const range = document.createRange(); range.selectNodeContents(x);
    return range.getClientRects().length }))"""


def test_text_of_the_journey_map_stays_in_its_boxes(open_file: Callable[..., Any], path: Path) -> None:
    page = open_file(path).page
    room = page.evaluate(
        "[...document.querySelectorAll('#journeys svg g')].flatMap(box => { const edge = box.querySelector('rect')"
        ".getBBox(); return [...box.querySelectorAll('text')].map(x => edge.x + edge.width - x.getBBox().x -"
        " x.getBBox().width) })"
    )
    assert room
    assert min(room) > 4
