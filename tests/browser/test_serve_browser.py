"""The served page in a real browser: aspire, ask what if, plan again, reload meanwhile, open what was made."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_report_browser import CONTRAST, UNNAMED, set_limit, until

pytest.importorskip("fastapi", reason="the extra web is not installed")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "scenarios/minimal.yaml"


@pytest.fixture(scope="module")
def address(quick_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real `planner serve` with one run, its token behind the #."""
    folder = tmp_path_factory.mktemp("served") / "runs"
    shutil.copytree(quick_run, folder / quick_run.name)
    command = [sys.executable, "-m", "planner", "serve", str(folder), "--port", "0", "--scenario", str(TOY)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(
        [*command, "--workers", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    line = server.stdout.readline().strip()
    assert line.startswith("http://127.0.0.1:"), server.stderr.read()
    yield line
    server.send_signal(signal.SIGINT)
    _, told = server.communicate(timeout=60)
    assert server.returncode == 0, told
    assert "job 00001: running" in told
    assert "Stopped." in told


class Visit:
    """A page of the server, with every request and complaint."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" else None)
        self.page.goto(address)


def open_first_run(page: Any) -> None:
    """Follow the first link of the list and wait until the run's page is there: a click only starts the way."""
    page.locator(".runs a").first.click()
    page.wait_for_url("**/runs/*")


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Any]:
    visits = []

    def visiting(**options: Any) -> Visit:
        visits.append(Visit(browser, address, **options))
        return visits[-1]

    yield visiting
    for one in visits:
        one.context.close()


def test_ask_plan_again_reload_and_open(visit: Any, address: str) -> None:
    one = visit()
    page = one.page
    assert "#" not in page.url, "the token must leave the address at once"
    open_first_run(page)
    assert "Two reasons" in page.locator("h1").inner_text()

    set_limit(page, "headroom", 60)
    page.locator("#nearest button").wait_for()
    assert page.locator("#nearest").inner_text().startswith("Nearest plan to what you aspire to: ")
    page.locator("#reset").click()
    until(page, "document.querySelector('#nearest').childNodes.length === 0")

    # The map of a plan that is pinned here comes from the server, simulated a little later.
    plan = page.evaluate("plans.find((plan) => plan !== today && !plan.name).id")
    page.evaluate("id => { document.getElementById('one').open = true; togglePin(id); }", plan)
    page.select_option("#choice", plan)
    page.locator("#detail figure.service figcaption", has_text="simulated").wait_for(timeout=120_000)
    drawn = page.locator("#detail figure").evaluate_all("all => all.map(e => e.className)")
    assert drawn == ["people", "change", "needed", "service"]

    page.fill("#if-volume", "lots")
    page.click("#if-ask")
    assert "is not a percentage" in page.locator("#if-told").inner_text()
    page.fill("#if-volume", "5")
    page.click("#if-ask")
    page.locator("#if-answer tbody tr").first.wait_for(timeout=120_000)
    rows = page.locator("#if-answer tbody tr").all_inner_texts()
    assert rows[0].startswith("Before")
    assert rows[1].startswith("As it stands")
    before, stands = (float(rows[k].split("\t")[3].split("%")[0].replace("−", "-")) for k in (0, 1))
    assert stands == pytest.approx(100 * ((1 + before / 100) / 1.05 - 1), abs=1.1)

    page.check("#take-parts input[value=offers]")
    page.click("#take-plan-again")
    page.locator("#jobs-list .job").first.wait_for()
    page.reload()
    job = page.locator("#jobs-list .job").first
    job.wait_for()
    assert "keeping offers of" in job.inner_text()
    job.locator("a").wait_for(timeout=180_000)
    job.locator("a").click()
    page.locator("#compare-body tr").nth(5).wait_for(state="attached")  # folded, drawn once the page is there
    assert one.faults == []
    assert all(url.startswith((address.split("/#")[0], "blob:")) for url in one.requests)


def test_runs_are_compared_and_a_file_is_downloaded(visit: Any) -> None:
    page = visit().page
    boxes = page.locator("input[name=compare]")
    page.click("#compare-runs")
    assert page.locator("#compare-told").inner_text() == "Mark two to four runs."
    if boxes.count() >= 2:
        boxes.nth(0).check()
        boxes.nth(1).check()
        page.click("#compare-runs")
        page.locator("#comparison table").first.wait_for()
        assert "Today: cost" in page.locator("#comparison").inner_text()
    open_first_run(page)
    page.select_option("#take-format", "staffing")
    with page.expect_download(timeout=60_000) as waiting:
        page.click("#take-download")
    assert Path(waiting.value.path()).read_text().startswith("plan,pool,interval")


def test_without_the_token_reading_works_and_asking_is_refused_in_words(browser: Any, address: str) -> None:
    one = Visit(browser, address.split("#")[0])
    open_first_run(one.page)
    one.page.click("#take-simulate")
    until(one.page, "document.querySelector('#take-told').textContent.includes('token')")
    one.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_reads_well_in_every_theme_and_size(visit: Any, scheme: str, width: int) -> None:
    one = visit(viewport={"width": width, "height": 900}, color_scheme=scheme)
    for step in ("list", "run"):
        if step == "run":
            open_first_run(one.page)
        one.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert one.page.evaluate(UNNAMED) == []
        assert one.page.evaluate(CONTRAST) == []
        assert one.page.evaluate("document.documentElement.scrollWidth") <= width
    assert one.faults == []


def test_what_is_typed_becomes_the_question(visit: Any) -> None:
    page = visit().page
    open_first_run(page)
    ratios = {
        "5": 0.05,
        "-3.5": -0.035,
        "+2%": 0.02,
        "−4": -0.04,
        "1,5": 0.015,
        "": 0,
        "5 5": None,
        "1e3": None,
        "x": None,
    }
    assert page.evaluate("texts => texts.map(ratioOf)", list(ratios)) == pytest.approx(list(ratios.values()))
    texts = {
        "plan": "p001",
        "keep": ["offers"],
        "volume": "5",
        "aht": "",
        "shrinkage": "1",
        "headroom": "",
        "budget": "",
    }
    asked = {"plan": "p001", "keep": ["offers"], "volume": {"": 0.05}, "aht": {}, "shrinkage": 0.01}
    assert page.evaluate("questionOf", texts) == asked
    more = page.evaluate("questionOf", texts | {"headroom": "0", "budget": "250'000.50"})
    assert more == asked | {"headroom": 0, "budget": 250000.5}
    refused = "texts => { try { questionOf(texts); } catch (error) { return error.message; } }"
    assert "is not an amount" in page.evaluate(refused, texts | {"budget": "-1"})
    assert "Handle times, % more or less" in page.evaluate(refused, texts | {"aht": "fast"})
