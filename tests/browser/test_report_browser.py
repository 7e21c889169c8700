"""The report in a real browser: offline, by keyboard, with hostile names, fast, on paper and on a phone."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from axe_rules import violations
from sample import HOSTILE, POOLS, sample_frontier

from planner.choice import read_choice

UNNAMED = """() => [...document.querySelectorAll('button, input, select, svg[role=img], table, [role=region]')]
    .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length
        || e.querySelector('title, caption'))).map(e => e.outerHTML.slice(0, 120))"""
CONTRAST = """() => {
  const lum = c => { const v = c.map(x => (x /= 255) <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
    return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
  const rgb = s => (s.match(/[\\d.]+/g) || []).map(Number);
  const back = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  return [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.disabled && !e.closest('svg')
      && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())).map(e => {
    const [a, b] = [lum(rgb(getComputedStyle(e).color).slice(0, 3)), lum(back(e))].sort((x, y) => y - x);
    return [(a + .05) / (b + .05), e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 30)]; })
    .filter(([ratio]) => ratio < 4.5); }"""


def set_limit(page: Any, key: str, position: int) -> None:
    page.locator(f"#limit-{key}").evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", position
    )


def until(page: Any, holds: str, patience_s: float = 30.0) -> None:
    """Ask from here until `holds`: the pages forbid the evaluation that a browser's own waiting needs."""
    end = time.monotonic() + patience_s
    while not page.evaluate(holds):
        assert time.monotonic() < end, f"never came true: {holds}"
        page.wait_for_timeout(20)


def unpin_all(page: Any) -> None:
    while page.locator("#compare-head button").count():
        page.locator("#compare-head button").first.click()


def test_page_opens_offline_without_a_request_or_an_error(open_report: Callable) -> None:
    opened = open_report(sample_frontier(40))
    assert [url for url in opened.requests if not url.startswith("file:")] == []
    assert len(opened.requests) == 1
    assert opened.faults == []
    policy = opened.page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy.startswith("default-src 'none'")
    assert opened.page.locator("#s-cx circle[data-id]").count() == 40
    # The decision asked and the options, whole, on the first screen of a small notebook.
    for part in ("#brief .asked", "#brief .options"):
        box = opened.page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 900, part


def test_policy_blocks_a_load_from_outside(open_report: Callable) -> None:
    opened = open_report(sample_frontier(3))
    opened.page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://x.example/a.png'}))")
    opened.page.wait_for_timeout(200)
    assert any("Content Security Policy" in fault for fault in opened.faults)


def test_limits_reduce_the_count_and_name_the_nearest_plan(open_report: Callable) -> None:
    page = open_report(sample_frontier(60)).page
    assert page.locator("#count").inner_text() == "60 of 60 plans meet these limits."
    set_limit(page, "headroom", 50)
    fewer = int(page.locator("#count").inner_text().split()[0])
    assert 0 < fewer < 60
    assert page.locator("#s-cap circle[data-id]:not(.out)").count() == fewer
    assert f"{fewer} of 60 plans" in page.locator("#s-cx desc").text_content()
    set_limit(page, "cx", 100)
    set_limit(page, "cost", 0)
    assert page.locator("#count").inner_text().startswith("No plan meets these limits. Nearest is ")
    assert page.locator("#table-body").inner_text() == "No plan meets the limits."
    page.locator("#reset").click()
    assert page.locator("#count").inner_text().startswith("60 of 60")


def test_today_button_sets_exactly_todays_value(open_report: Callable) -> None:
    frontier = sample_frontier(60)
    page = open_report(frontier).page
    page.get_by_role("button", name="Cost at most: Today").click()
    others = frontier.table.iloc[1:]
    assert page.locator("#count").inner_text().startswith(f"{(others['cost'] <= 112_000).sum()} of 60")


def test_table_sorts_both_ways_and_pages(open_report: Callable) -> None:
    frontier = sample_frontier(60)
    page = open_report(frontier).page
    assert page.locator("#table-body tr").count() == 25
    button = page.locator("#table-head th[data-key=cx] button")
    button.click()
    best = frontier.table.iloc[1:].sort_values("cx", ascending=False)["plan"]
    assert page.locator("#table-body tr").first.get_attribute("data-id") == best.iloc[0]
    assert page.locator("#table-head th[data-key=cx]").get_attribute("aria-sort") == "descending"
    button.click()
    assert page.locator("#table-body tr").first.get_attribute("data-id") == best.iloc[-1]
    page.locator("#next").click()
    page.locator("#next").click()
    assert page.locator("#page-of").inner_text() == "Plans 51–60 of 60"
    assert page.locator("#next").is_disabled()


def test_two_pins_show_their_differences_with_sign_and_mark(open_report: Callable) -> None:
    frontier = sample_frontier(60)
    page = open_report(frontier).page
    unpin_all(page)
    assert page.locator("#no-pins").is_visible()
    page.locator("#table-body tr").nth(0).locator("button").click()
    page.locator("#table-body tr").nth(3).locator("button").click()
    heads = page.locator("#compare-head th .who").all_inner_texts()
    assert [re.sub(r"\s+", " ", head) for head in heads] == ["A p001", "B p004"]
    cell = page.locator("#compare-body tr", has_text="Cost").first.locator("td").nth(1).inner_text()
    saved = 112_000 - frontier.plan("p001").cost
    assert f"−${saved:,.0f}" in cell
    assert "✓" in cell
    assert "better" in cell


def test_a_fifth_pin_replaces_the_oldest(open_report: Callable) -> None:
    page = open_report(sample_frontier(60)).page
    unpin_all(page)
    for row in range(5):
        page.locator("#table-body tr").nth(row).locator("button").click()
    heads = [re.sub(r"\s+", " ", text) for text in page.locator("#compare-head th .who").all_inner_texts()]
    assert heads == ["A p005", "B p002", "C p003", "D p004"]
    assert page.locator("#s-cx .letter").all_text_contents() == ["B", "C", "D", "A"]
    dashes = page.locator("#s-cx .guide").evaluate_all("all => all.map(e => e.getAttribute('stroke-dasharray'))")
    assert len(set(dashes)) == 4


def test_a_click_on_a_point_pins_it_in_both_pictures(open_report: Callable) -> None:
    page = open_report(sample_frontier(12)).page
    unpin_all(page)
    page.locator("#s-cap circle[data-id=p007]").click(force=True)
    assert page.locator("#compare-head .who").inner_text().split() == ["A", "p007"]
    assert page.locator("#s-cx .letter").count() == page.locator("#s-cap .letter").count() == 1


def press_until(page: Any, selector: str, key: str = "Tab", limit: int = 150) -> None:
    for _ in range(limit):
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} is not reached by {key}")


def test_keyboard_alone_limits_sorts_pins_two_and_reads(open_report: Callable) -> None:
    page = open_report(sample_frontier(60), unfold="").page
    press_until(page, "#limit-cx")
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    assert int(page.locator("#count").inner_text().split()[0]) < 60
    outline = page.locator("#limit-cx").evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline != "none"
    press_until(page, "#compare > summary")
    page.keyboard.press("Enter")
    press_until(page, "#compare-head button")
    for _ in range(3):
        page.keyboard.press("Enter")
        press_until(page, "#compare-head button") if page.locator("#compare-head button").count() else None
    press_until(page, "#all > summary")
    page.keyboard.press("Enter")
    press_until(page, "#table-head th[data-key=headroom] button")
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
        press_until(page, "#table-body button[aria-pressed=false]")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.matches('#table-body button[aria-pressed=true]')")
    assert page.locator("#compare-head .who").count() == 2
    assert page.locator("#live").inner_text().endswith("as B.")
    assert "✓" in page.locator("#compare-body").inner_text()


def test_controls_have_names_and_text_has_contrast(open_report: Callable) -> None:
    page = open_report(sample_frontier(60)).page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("document.documentElement.lang") == "en"
    assert (
        page.evaluate("(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))")
        == 0
    )
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(e => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("width", [1280, 400])
def test_hostile_names_are_inert_and_nothing_overflows(open_report: Callable, width: int) -> None:
    pools = (HOSTILE, "=cmd()", "שלום עולם", "x" * 80, "' onclick='alert(1)")
    opened = open_report(sample_frontier(40, pools=pools, meta={"title": HOSTILE, "notes": [HOSTILE * 3]}), width=width)
    opened.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert opened.page.locator("h1").inner_text() == HOSTILE
    assert opened.page.locator("img").count() == 0
    assert opened.faults == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("n", [0, 1, 12])
def test_small_frontiers_work(open_report: Callable, n: int) -> None:
    opened = open_report(sample_frontier(n))
    assert opened.faults == []
    assert opened.page.locator("#table-body tr").count() == max(1, n)


def test_odd_frontiers_draw_count_and_mark(open_report: Callable) -> None:
    """Three pieces apart, ties, one result that does not vary, and nobody named: drawn inside the frame, counted."""
    frontier = sample_frontier(30)
    plans = frontier.table.copy()
    piece = plans.index % 3
    alike = "all => all.map(e => e.textContent).filter((text, i, every) => every.indexOf(text) !== i)"
    plans["cost"] = [112_000.0, *(90_000.0 + 20_000 * piece[1:] + 100.0 * (plans.index[1:] // 6))]
    plans["cx"] = [3.8, *(3.5 + 0.2 * piece[1:])]
    plans["headroom"], plans["name"] = 0.1, ["today", *([""] * 30)]
    opened = open_report(replace(frontier, tables={**frontier.tables, "plans": plans}), unfold="details")
    page = opened.page
    assert opened.faults == []
    for chart in ("s-cx", "s-cap"):
        places = page.locator(f"#{chart} circle[data-id]").evaluate_all(
            "all => all.map(e => [+e.getAttribute('cx'), +e.getAttribute('cy')])"
        )
        box = [float(v) for v in page.locator(f"#{chart} svg").get_attribute("viewBox").split()]
        assert len(places) == 30
        assert all(0 <= x <= box[2] and 0 <= y <= box[3] for x, y in places)
        assert page.locator(f"#{chart} .frame text[text-anchor=end]").evaluate_all(alike) == []
    assert page.locator("#parallel-lines polyline").count() == 31
    assert "NaN" not in page.locator("#parallel-lines svg").inner_html()
    page.get_by_role("button", name="Headroom at least: Today").click()
    assert page.locator("#count").inner_text() == "30 of 30 plans meet these limits."
    set_limit(page, "cx", 60)
    fit = int((plans["cx"].iloc[1:] >= 3.5 + 0.6 * 0.4).sum())
    assert page.locator("#count").inner_text() == f"{fit} of 30 plans meet these limits."
    assert page.locator("#parallel-lines .out").count() + page.locator("#parallel-lines .pinned").count() >= 30 - fit


def test_contents_open_what_they_name(open_report: Callable) -> None:
    page = open_report(sample_frontier(6), unfold="").page
    assert page.locator("main > details[open]").count() == 0
    assert page.locator("#contents a").count() == page.locator("main > details").count() + 1
    page.locator("#contents a", has_text="All plans").click()
    assert page.locator("#table-body tr").first.is_visible()
    page.locator("#contents a", has_text="How results are reached").click()
    until(page, "document.querySelectorAll('#parallel-lines polyline').length === 7")
    pinned = page.locator("#parallel-lines .pinned").count()
    page.locator("#parallel-lines .line").first.dispatch_event("click")
    assert page.locator("#parallel-lines .pinned").count() == pinned + 1


@pytest.mark.parametrize("missing", ["staffing", "risk", "promises", "channel_mix", "costs", "segments", "bound"])
def test_details_do_without_optional_tables(open_report: Callable, missing: str) -> None:
    opened = open_report(sample_frontier(6, without=(missing,)))
    for plan in ("today", "p001"):
        opened.page.evaluate("id => { state.chosen = id; drawDetail(); }", plan)
    assert opened.faults == []


def test_details_follow_the_choice(open_report: Callable) -> None:
    frontier = sample_frontier(40)
    page = open_report(frontier).page
    page.locator("#one summary").click()
    page.locator("#choice").select_option("today")
    assert page.locator("#detail figure").evaluate_all("all => all.map(e => e.className)") == ["people", "needed"]
    page.locator("#choice").select_option(frontier.plan("resilient").id)
    kinds = page.locator("#detail figure").evaluate_all("all => all.map(e => e.className)")
    assert kinds == ["people", "change", "needed"]
    assert "CX against Today, by reason and segment" in page.locator("#detail").inner_text()
    assert "Promises are missed in" in page.locator("#detail").inner_text()
    assert POOLS[0] in page.locator("#detail .heat desc").first.text_content()


def test_pure_functions(open_report: Callable) -> None:
    page = open_report(sample_frontier(3)).page
    assert page.evaluate("ticks(0, 10, 5)") == [0, 2, 4, 6, 8, 10]
    assert page.evaluate("ticks(3.61, 3.97, 4).map(v => +v.toFixed(3))") == [3.7, 3.8, 3.9]
    assert page.evaluate("ticks(5, 5, 4)") == [5]
    assert page.evaluate("[money(-1234.4), score(null), percent(0.125, 1), signed('0.00', -0.001)]") == [
        "−$1,234", "–", "12.5%", "±0",
    ]  # fmt: skip
    best = page.evaluate(
        """nearestMiss([{cx: 3, cost: 10, headroom: 0}, {cx: 3.9, cost: 9, headroom: null}],
                       {cx: 4, cost: 9, headroom: null}, {cx: 1, cost: 10, headroom: 1})"""
    )
    assert best["misses"] == ["cx"]
    assert best["total"] == pytest.approx(0.1)
    # Of two places on a line the label takes the one that hides no point, and never that of another label.
    beside = "([dots, taken]) => beside([[150, 100], [300, 200]], 60, [dots, [], taken], 600)"
    left, right = [80, 90, 140, 100], [160, 105, 200, 115]
    assert page.evaluate(beside, [[right], []])["anchor"] == "end"
    spot = page.evaluate(beside, [[left], [right]])
    assert (spot["anchor"], spot["px"], spot["cost"]) == ("end", 293, 0)
    assert page.evaluate("beside([[150, 100]], 900, [[], [], []], 600)") is None
    assert page.evaluate("verdict('cx', {cx: today.cx + 1}, 1)") == "better"
    cell = "compareCell({id: 'p', cx: today.cx + 1e-5, tie: false}, MEASURES[0]).textContent"
    assert page.evaluate(cell).endswith("±0"), "what is not shown is neither better nor worse"


@pytest.mark.parametrize(("n", "most"), [(300, 50), (1000, 100)])
def test_plans_redraw_at_once(open_report: Callable, n: int, most: float) -> None:
    """With every part open; the median of ten, for others may be at work on the machine."""
    page = open_report(sample_frontier(n, days=1), unfold="details").page
    until(page, "lines.size > 0")
    spent = page.evaluate(
        """() => { const input = document.getElementById('limit-cx'); const times = [];
        for (const value of [10, 30, 50, 70, 90, 20, 40, 60, 80, 15]) { const start = performance.now();
          input.value = value; input.dispatchEvent(new Event('input')); document.body.getBoundingClientRect();
          times.push(performance.now() - start); }
        return times.sort((a, b) => a - b)[5]; }"""
    )
    print(f"redraw of {n} plans: {spent:.1f} ms")
    assert spent < most


def test_print_takes_at_most_six_pages_with_its_parts_open(open_report: Callable, tmp_path) -> None:
    page = open_report(sample_frontier(300)).page
    data = page.pdf(prefer_css_page_size=True)
    assert 1 < pages_of(data) <= 6
    assert not page.locator("#one").evaluate("part => part.open")


def test_the_brief_prints_on_one_page(open_report: Callable) -> None:
    """Alarms, long names and hostile ones included; nothing is cut off at the side."""
    long = ("Second line of the northern mortgage advisers", HOSTILE, "x" * 80, *POOLS[3:])
    checks = [f"p00{k}: a promise is 81.2% by the formulas, 75.1% ± 0.9% simulated" for k in range(4)]
    frontier = sample_frontier(40, pools=long, meta={"failed_checks": checks})
    rows = [
        (plan, pool, 40.0, 30.0 + 15 * k, 5.0 * k, 0.0, 0.0)
        for plan in frontier.table["plan"]
        for k, pool in enumerate(long)
    ]
    hires = pd.DataFrame(rows, columns=frontier.tables["hires"].columns)
    page = open_report(replace(frontier, tables={**frontier.tables, "hires": hires})).page
    assert page.locator("#brief .options thead th").count() == 5
    page.evaluate("document.querySelectorAll('main > :not(#brief, .alarm), footer').forEach(part => part.remove())")
    assert pages_of(page.pdf(prefer_css_page_size=True)) == 1
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 710, "height": 1046})
    assert page.evaluate("document.documentElement.scrollWidth") <= 710


def pages_of(pdf: bytes) -> int:
    """Count the page objects; they may stand in compressed object streams."""
    text = pdf
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        try:
            text += zlib.decompress(stream)
        except zlib.error:
            continue
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", text))


def test_phone_shows_everything_in_one_column(open_report: Callable) -> None:
    page = open_report(sample_frontier(40), width=400, height=800).page
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    boxes = [page.locator("figure").nth(i).bounding_box() for i in range(2)]
    assert boxes[1]["y"] > boxes[0]["y"] + boxes[0]["height"] - 1


def test_toy_run_opens(open_report: Callable, toy_planned: Any, axe: str) -> None:
    opened = open_report(toy_planned, unfold="details")
    assert opened.faults == []
    assert violations(opened.page, axe) == [], "a real run, all parts open"
    assert opened.page.locator("#journeys svg.journey").count() == 2
    assert "contacts" in opened.page.locator("#journeys svg.journey .strong").first.text_content()
    assert opened.page.locator("#compare-body tr").count() > 5
    opened.page.evaluate("for (const plan of plans) { state.chosen = plan.id; drawDetail(); }")
    assert opened.faults == []


def test_the_band_lies_behind_the_plans_and_is_said_in_words(open_report: Callable) -> None:
    opened = open_report(sample_frontier(12))
    assert opened.faults == []
    band = opened.page.locator("#s-cx .band polygon")
    corners = [tuple(map(float, pair.split(","))) for pair in band.get_attribute("points").split()]
    box = [float(v) for v in opened.page.locator("#s-cx svg").get_attribute("viewBox").split()]
    assert all(0 <= x <= box[2] and 0 <= y <= box[3] for x, y in corners)
    # The upper edge rises to the right in steps, and the lower edge comes back below it.
    upper, lower = corners[: len(corners) // 2], corners[len(corners) // 2 :][::-1]
    for edge in (upper, lower):
        assert all(a[0] <= b[0] and a[1] >= b[1] for a, b in zip(edge, edge[1:], strict=False))
    assert upper[-1][1] < lower[-1][1]
    assert opened.page.locator("#s-cap .band *").count() == 0
    assert "reach its upper edge in 1 of 10 of 60 simulated futures" in opened.page.locator(".reading").inner_text()


def test_a_mailed_page_saves_a_choice_that_a_run_takes_up(open_report: Callable) -> None:
    frontier = replace(sample_frontier(40), run="retail_bank-0a1b2c3d", fingerprint="0123456789abcdef")
    opened = open_report(frontier)
    page = opened.page
    page.locator("#take > summary").click()
    set_limit(page, "headroom", 50)
    page.get_by_role("button", name="Cost at most: Today").click()
    assert "Cost at most $112,000" in page.locator("#take-limits").inner_text()
    plan = page.locator("#take-plan option").first.get_attribute("value")
    page.check("#take-parts input[value=priority]")
    page.select_option("#take-shifts", f"shifts:{POOLS[0]}")
    with page.expect_download() as waiting:
        page.click("#take-save")
    assert waiting.value.suggested_filename == "retail_bank-0a1b2c3d-choice.json"
    choice = read_choice(waiting.value.path())
    assert (choice.run, choice.fingerprint) == (frontier.run, frontier.fingerprint)
    assert (choice.plan, choice.keep) == (plan, ("priority", f"shifts:{POOLS[0]}"))
    assert choice.limits["cost"] == 112_000
    assert set(choice.limits) == {"cost", "headroom"}
    assert len(choice.pins) == page.locator("#compare-head .who").count()
    assert opened.faults == []
    assert len(opened.requests) == 1 + sum(url.startswith("blob:") for url in opened.requests)


def test_the_adopted_plan_stands_beside_today(open_report: Callable) -> None:
    frontier = sample_frontier(12)
    own = {"plan": "adopted", "cx": 3.9, "cost": 100_000.0, "headroom": 0.07, "feasible": True, "promises_kept": True}
    own |= {"hires": 2.0, "shifts_added": 0.0, "shifts_removed": 0.0, "issues_moved": 0.0}
    others = [{**own, "plan": plan, "shifts_added": 3.0, "issues_moved": 40.0} for plan in frontier.table["plan"]]
    axes = {"cx": 3.8, "cost": 99_000.0, "headroom": 0.1}
    facts = {
        "plan": "p009",
        "run": "bank-1",
        "by": HOSTILE,
        "why": HOSTILE,
        "when": "2026-02-03T04:05:06",
        "axes": axes,
    }
    tables = {**frontier.tables, "adopted": pd.DataFrame([own, *others])}
    opened = open_report(replace(frontier, tables=tables, meta={**frontier.meta, "adopted": facts}))
    page = opened.page
    assert opened.faults == []
    assert page.locator("img").count() == 0
    told = page.locator("section[aria-labelledby=adopted]").inner_text()
    assert HOSTILE in told
    assert "by 3 more and 0 fewer people on shifts, 40 issues" in told
    assert page.locator("#compare-head th").nth(2).inner_text() == "Adopted"
    cell = page.locator("#compare-body tr", has_text="Cost").first.locator("td").nth(1).inner_text()
    assert "$100,000" in cell
    assert "−$12,000" in cell
