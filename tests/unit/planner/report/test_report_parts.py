"""Flow pictures, maps of people and service, gains, and the picture of checks: recounted from their tables."""

from __future__ import annotations

import dataclasses
import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from sample import CHANNELS, HOSTILE, POOLS, numbers_of, sample_frontier

from planner.report import build_payload
from planner.report.agreement import agreement_section
from planner.report.channel_flow import HEIGHT, flow_picture, moved_issues, share_moved
from planner.report.heat import heat_maps, written_short
from planner.report.journey_map import journey_picture
from planner.report.page import render_page
from planner.report.parts import report_parts
from planner.report.payload import SCRIPT_KEYS
from planner.report.text import units_of


def test_moves_are_the_issues_of_the_plan() -> None:
    frontier = sample_frontier(12)
    plan = frontier.plan("cheapest")
    moves, mix = moved_issues(frontier, plan.id), plan.channel_mix
    for (a, b), issues in mix.groupby(["from_channel", "channel"])["issues"].sum().items():
        assert moves.loc[a, b] == pytest.approx(issues)
    assert moves.to_numpy().sum() == pytest.approx(mix["issues"].sum())
    off = mix["from_channel"] != mix["channel"]
    assert share_moved(moves) == pytest.approx(mix.loc[off, "issues"].sum() / mix["issues"].sum())
    assert share_moved(moved_issues(frontier, "today")) == 0.0


def test_bands_leave_and_reach_the_bars_whole() -> None:
    """On each side the widths of all bands are the height of the bars, and nothing leaves the picture."""
    names = ["a", "b", HOSTILE]
    moves = pd.DataFrame([[50.0, 30.0, 0.0], [0.0, 20.0, 5.0], [0.0, 0.0, 45.0]], index=names, columns=names)
    text = flow_picture(moves, HOSTILE)
    assert "<img" not in text
    assert "a to b: 30; b to " in text
    bars = [
        tuple(map(float, m)) for m in re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="10" height="([\d.]+)"', text)
    ]
    sides = {x: [(y, h) for at, y, h in bars if at == x] for x in {bar[0] for bar in bars}}
    heights = [sum(h for _, h in side) for side in sides.values()]
    assert len(heights) == 2
    assert heights[0] == pytest.approx(heights[1], abs=0.5)
    assert max(y + h for _, y, h in bars) <= HEIGHT
    assert (text.count('class="stays"'), text.count('class="moves"')) == (3, 2)
    assert flow_picture(moves * 0, "nothing") == ""


def test_flow_pictures_stand_for_named_plans_that_move_somebody() -> None:
    frontier = sample_frontier(12)
    (flows,) = report_parts(frontier, units_of(frontier))
    named = set(frontier.table.loc[frontier.table["name"] != "", "plan"]) - {"today"}
    assert {re.search(r"\((p\d+)\)", picture.caption)[1] for picture in flows.pictures} == named
    assert set(CHANNELS) <= set(moved_issues(frontier, "today").index)


def service(plans: list[str], pools: tuple[str, ...], level: float) -> pd.DataFrame:
    starts = [pd.Timestamp("2026-01-05 07:00"), pd.Timestamp("2026-01-05 07:30")]
    rows = [(p, g, t, 10.0 * k, level + 0.1 * k) for p in plans for g in pools for k, t in enumerate(starts)]
    return pd.DataFrame(rows, columns=["plan", "pool", "interval", "offered", "service_level"])


def test_maps_hold_people_needs_and_the_best_figure_of_service() -> None:
    frontier = sample_frontier(6, days=1)
    plans = ["today", "p001"]
    tables = dict(frontier.tables) | {
        "service": service(plans, POOLS[:2], 0.5),
        "carry_over": service(plans, POOLS[:1], 0.7),
    }
    maps = heat_maps(dataclasses.replace(frontier, tables=tables), plans)
    own = frontier.plan("p001").staffing
    for line, pool in enumerate(maps["pools"]):
        rows = own[own["pool"] == pool]
        assert maps["people"]["p001"][line] == list(rows["scheduled"])
        assert maps["needed"]["p001"][line] == list(rows["required"].round())
    # Nobody comes in the first interval; carry-over counts where it is known, formulas elsewhere.
    assert maps["service"]["today"][0][:3] == [None, 80, None]
    assert maps["service"]["today"][1][:2] == [None, 60]
    assert set(maps["service"]["today"][2]) == {None}
    assert "carry-over" in maps["source"]["p001"]
    tables["simulated"] = service(plans, POOLS[:2], 0.8)
    simulated = heat_maps(dataclasses.replace(frontier, tables=tables), plans)
    assert simulated["service"]["today"][0][1] == 90
    assert simulated["source"]["today"].startswith("simulated")


def test_gains_of_named_plans_are_the_table() -> None:
    frontier = sample_frontier(12)
    found = build_payload(frontier)["details"]["gains"]
    assert found["segments"] == ["gold", "basic"]
    plan = frontier.plan("cheapest")
    for reason, row in zip(found["reasons"], found["change"][plan.id], strict=True):
        own = plan.gains[plan.gains["reason"] == reason].set_index("segment")["change"]
        assert row == [own["gold"], own["basic"]]
    assert "today" not in found["change"]
    many = pd.concat([frontier.tables["gains"].assign(reason=f"r{k}", issues=1.0 + k) for k in range(20)])
    wide = dataclasses.replace(frontier, tables={**frontier.tables, "gains": many})
    kept = build_payload(wide)["details"]["gains"]
    assert (len(kept["reasons"]), kept["left"], kept["reasons"][0]) == (15, 5, "r19")


def checks(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"plan": ["p001"] * n, "what": "", "pool": POOLS[0], "period": "horizon", "measure": "service_level"}
    )
    frame["said"], frame["carried"] = 0.8, np.nan
    frame["simulated"] = 0.8 + rng.uniform(-0.04, 0.04, n)
    frame["half_width"], frame["tolerance"], frame["p_value"] = 0.01, 0.05, 0.5
    frame["failed"] = False
    return frame


def test_checks_are_all_drawn_and_the_farthest_listed_with_all_that_failed() -> None:
    frontier, table = sample_frontier(6), checks(40)
    table.loc[[7, 9], ["simulated", "failed"]] = [0.6, True]
    found = agreement_section(dataclasses.replace(frontier, tables={**frontier.tables, "agreement": table}))
    assert found["summary"].startswith("38 of 40 checks of 1 plans agree")
    (line,) = found["lines"]
    assert len(line["dots"]) == 40
    outside = [dot for dot in line["dots"] if not found["edges"][0] <= dot["x"] <= found["edges"][1]]
    assert [dot["failed"] for dot in outside] == [True, True]
    assert len(found["rows"]) == 10
    assert [row["failed"] for row in found["rows"]] == [True] * 2 + [False] * 8
    off = (table.loc[~table["failed"], "simulated"] - 0.8).abs().max()
    assert found["rows"][2]["cells"][2].split(" ±")[0] in (f"{100 * (0.8 + off):.1f}%", f"{100 * (0.8 - off):.1f}%")


def test_the_script_gets_only_what_it_reads() -> None:
    page = render_page(sample_frontier(3))
    inlined = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    assert set(inlined) == set(SCRIPT_KEYS)
    script = page.rpartition("<script>")[2]
    assert all(re.search(rf"\bdata\.{key}\b", script) for key in SCRIPT_KEYS)


def test_the_journey_map_draws_what_it_is_given() -> None:
    """Boxes hold bars that add up, lines are as wide as their contacts, rare ways are left out, names stay text."""
    points = pd.DataFrame(
        [
            ("voice", 1, 900.0, 300.0, 90.0, 40.0),
            (HOSTILE, 1, 100.0, 10.0, 0.0, 0.0),
            ("voice", 2, 310.0, 1.0, 0.0, 8e3),
        ],
        columns=["channel", "attempt", "contacts", "goes_on", "lost", "wait_s"],
    )
    steps = pd.DataFrame(
        [("voice", 1, "voice", 2, 300.0), (HOSTILE, 1, "voice", 2, 10.0), ("voice", 2, "voice", 3, 1.0)],
        columns=["channel", "attempt", "to_channel", "to_attempt", "contacts"],
    )
    root = ElementTree.fromstring(journey_picture(sample_frontier(1, days=1), (points, steps), "A & B"))
    assert root.find("title").text == "A & B"
    assert root.find("desc").text == "1,000 issues, 1.31 contacts per issue."
    lines = root.findall("path")
    assert [float(line.get("stroke-width")) for line in lines] == [16.0, 1.0]  # 10 of 300 is thinner than can be seen
    assert lines[1].find("title").text == f"{HOSTILE} to voice: 10 contacts"
    boxes = root.findall("g")
    assert len(boxes) == 3
    wide = {bar.get("class"): float(bar.get("width")) for bar in boxes[0].findall("rect")[1:]}
    inner = sum(wide.values())
    assert wide == pytest.approx({"settled": inner * 51 / 90, "on": inner / 3, "lost": inner / 10}, abs=0.2)
    assert boxes[0].find("title").text == "voice, first contact"
    assert [text.text for text in boxes[0].findall("text")] == ["900 contacts", "33% go on · wait 40 s"]
    assert boxes[2].findall("text")[1].text == "0% go on · wait 2 h"
    assert [bar.get("class") for bar in boxes[1].findall("rect")] == ["box", "settled", "on"]
    assert {element.tag for element in root.iter()} == {"svg", "title", "desc", "text", "path", "g", "rect"}


def test_rows_of_maps_are_written_short_and_read_back() -> None:
    rows = [[0, 35, None, 36, 1295], [None, None], [7, 100, 0], [1.5, None], [2_000_000, 0], []]
    short = written_short({"people": {"p": rows}, "needed": {}, "service": {}, "pools": ["a"]})["people"]["p"]
    assert short[:3] == ["200" + "0z" + "--" + "10" + "zz", "1--", "2072s00"]
    assert short[3] == [1.5, None]
    assert [numbers_of(row) for row in short] == rows
