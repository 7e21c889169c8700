"""No accessibility violation of any level in any state of the page: by axe-core, all its rules."""

from __future__ import annotations

from collections.abc import Callable

from axe_rules import violations
from sample import sample_frontier
from test_report_browser import set_limit


def test_every_state_of_the_page_has_no_violation(open_report: Callable, axe: str) -> None:
    opened = open_report(sample_frontier(26, days=1), unfold="")
    page = opened.page
    assert violations(page, axe) == [], "fresh"
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    assert violations(page, axe) == [], "compare, all parts open"
    page.emulate_media(color_scheme="dark")
    assert violations(page, axe) == [], "dark"
    page.emulate_media(color_scheme="light")
    set_limit(page, "headroom", 50)
    assert violations(page, axe) == [], "filtered"
    set_limit(page, "cx", 100)
    set_limit(page, "cost", 0)
    assert page.locator("#table-body").inner_text() == "No plan meets the limits."
    assert violations(page, axe) == [], "nothing left"
    page.set_viewport_size({"width": 400, "height": 800})
    page.locator("#reset").click()
    assert violations(page, axe) == [], "phone"
    assert opened.faults == []


def test_axe_finds_what_is_wrong(open_report: Callable, axe: str) -> None:
    page = open_report(sample_frontier(3)).page
    page.evaluate("document.getElementById('choice').labels[0].remove(); document.getElementById('one').open = true")
    page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    assert {fault.split(":")[0] for fault in violations(page, axe)} == {"color-contrast", "select-name"}
