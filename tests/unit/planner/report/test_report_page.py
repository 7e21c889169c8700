"""The page holds everything, loads nothing and lets no name act."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest
from sample import HOSTILE, POOLS, numbers_of, sample_frontier

from planner.errors import PlanError
from planner.report import build_payload, summary_lines, write_report
from planner.report.page import inline_json, render_page

OPTIONAL = (
    "staffing", "shifts", "flows", "channel_mix", "service", "costs", "promises", "segments", "risk", "hires",
    "prices", "assumptions", "bound", "demand",
)  # fmt: skip


def inlined(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def test_payload_is_strict_json_with_equal_columns() -> None:
    payload = build_payload(sample_frontier(40))
    json.dumps(payload, allow_nan=False)
    assert {len(values) for values in payload["plans"].values()} == {41}
    assert payload["plans"]["gap"][0] is None


def test_payload_numbers_are_the_table_to_shown_precision() -> None:
    frontier = sample_frontier(40)
    plans = build_payload(frontier)["plans"]
    assert plans["id"] == list(frontier.table["plan"])
    np.testing.assert_allclose(plans["cost"], frontier.table["cost"], atol=0.5)
    np.testing.assert_allclose(plans["cx"], frontier.table["cx"], atol=1e-4)
    np.testing.assert_allclose(plans["headroom"], frontier.table["headroom"], atol=1e-4)


def test_details_recount_the_tables() -> None:
    frontier = sample_frontier(12)
    details = build_payload(frontier)["details"]
    plan = frontier.plan("p003")
    assert sum(details["costs"]["p003"]) == pytest.approx(plan.costs["amount"].sum(), abs=3)
    assert sum(details["mix"]["p003"]) == pytest.approx(plan.channel_mix["issues"].sum(), abs=3)
    voice = plan.promises[plan.promises["promise"] == "voice answered in 20 s"]
    worst, missed, periods = details["kept"]["p003"][0]
    assert worst == pytest.approx(voice["value"].min(), abs=1e-4)
    assert (missed, periods) == ((~voice["kept"]).sum(), 3)
    assert details["promises"][1]["atMost"]


def test_staffing_maps_are_drawn_for_named_plans_only_and_hold_their_people() -> None:
    frontier = sample_frontier(40)
    heat = build_payload(frontier)["details"]["heat"]
    assert set(heat["people"]) == set(frontier.table.loc[frontier.table["name"] != "", "plan"])
    today = frontier.plan("today").staffing
    row = heat["people"]["today"][heat["pools"].index(POOLS[0])]
    assert numbers_of(row) == list(today.loc[today["pool"] == POOLS[0], "scheduled"])


def test_bound_lines_stand_above_the_plans_they_bind() -> None:
    frontier = sample_frontier(60)
    lines = build_payload(frontier)["bound"]
    assert lines[0]["headroom"] == 0.0
    values = np.array([[v for _, v in line["points"]] for line in lines])
    assert (np.diff(values, axis=0) <= 1e-9).all()


def test_bound_lines_are_drawn_at_headrooms_that_are_easily_said() -> None:
    """Of 61 levels up to 30 % the lowest, 10 % and 20 %: not the first three of a fine ladder."""
    frontier = sample_frontier(60)
    fine = np.linspace(0.0, 0.3, 61)
    low, high = frontier.table["cost"].min(), frontier.table["cost"].max()
    slope = float(np.ptp(frontier.table["cx"]) / (high - low))
    rows = [
        row for level in fine for row in (("", level, np.nan, low), ("", level, slope, 4.0 - 3.0 * level - slope * low))
    ]
    bound = pd.DataFrame(rows, columns=["choice", "headroom", "slope", "intercept"])
    drawn = build_payload(dataclasses.replace(frontier, tables={**frontier.tables, "bound": bound}))["bound"]
    assert [line["headroom"] for line in drawn] == [0.0, 0.1, 0.2]


def test_bound_lines_go_below_corners_and_no_line_is_drawn_for_one() -> None:
    frontier = sample_frontier(60)
    bound = frontier.tables["bound"]
    low, high = (float(value) for value in frontier.table["cost"].quantile([0.25, 0.75]))
    least = float(frontier.table["cx"].min())
    corner = pd.DataFrame([{"headroom": 0.0, "slope": np.nan, "intercept": high, "from_cx": least}])
    more = pd.concat([bound, corner.assign(headroom=0.0123), corner], ignore_index=True)
    drawn = build_payload(dataclasses.replace(frontier, tables={**frontier.tables, "bound": more}))["bound"]
    plain = build_payload(frontier)["bound"]
    assert 0.0123 not in [line["headroom"] for line in drawn]
    inside = [(cost, cx, old[1]) for (cost, cx), old in zip(drawn[0]["points"], plain[0]["points"], strict=True)]
    low_down = [cx for cost, cx, _ in inside if low < cost < high]
    assert low_down == pytest.approx([least] * len(low_down), abs=1e-4)
    assert low_down
    assert all(cx == old for cost, cx, old in inside if cost > high)


@pytest.mark.parametrize("missing", OPTIONAL)
def test_each_optional_table_may_be_missing(missing: str) -> None:
    assert "</html>" in render_page(sample_frontier(6, without=(missing,)))


@pytest.mark.parametrize("n", [0, 1, 12])
def test_small_frontiers_render(n: int) -> None:
    frontier = sample_frontier(n, without=OPTIONAL)
    page = render_page(dataclasses.replace(frontier, meta={}, certificate={}, explanations={}))
    assert len(inlined(page)["plans"]["id"]) == n + 1
    assert "carries no certificate" in page


def test_gaps_become_null() -> None:
    frontier = sample_frontier(6)
    holes = frontier.table.assign(p_cx_at_least_today=np.nan, gap=np.inf, peak_fte=np.nan, hires=np.nan)
    page = render_page(dataclasses.replace(frontier, tables={**frontier.tables, "plans": holes}))
    assert set(inlined(page)["plans"]["gap"]) == {None}
    assert "NaN" not in page.split('id="data">')[1].split("</script>")[0]


def test_hostile_names_cannot_leave_their_place() -> None:
    frontier = sample_frontier(12, pools=(HOSTILE, '"><b>bold', "=cmd()", "שלום עולם", "x" * 80))
    meta = {**frontier.meta, "title": HOSTILE, "notes": [HOSTILE], "versions": {HOSTILE: HOSTILE}}
    page = render_page(dataclasses.replace(frontier, meta=meta, explanations={"today": HOSTILE}))
    assert HOSTILE not in page
    assert page.count("</script>") == 2
    assert "<b>bold" not in page
    assert HOSTILE in inlined(page)["details"]["heat"]["pools"]


def test_inline_json_refuses_nan_and_escapes_tags() -> None:
    assert inline_json({"a": "</script>"}) == '{"a":"\\u003c/script>"}'
    with pytest.raises(ValueError, match="JSON"):
        inline_json(float("nan"))


def test_page_is_one_file_under_its_size_and_the_same_twice(tmp_path) -> None:
    frontier = sample_frontier(300)
    path = write_report(frontier, tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 400_000
    assert not re.search(r"(?:src|href)=.(?!#)", text.split('id="data"')[0])
    assert "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:" in text
    assert render_page(frontier) == text
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_script_never_sets_markup() -> None:
    page = render_page(sample_frontier(2))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", page)


def test_cards_say_what_the_summary_lines_say() -> None:
    frontier = sample_frontier(30)
    payload = build_payload(frontier)
    for line, answer in zip(summary_lines(frontier), payload["headline"], strict=True):
        assert answer["line"] == line
        told = answer["plan"] is None or "the same plan as" in line
        assert told or all(answer[part] in line for part in ("cost", "cx", "headroom", "doable"))


def test_long_explanations_are_kept_for_named_plans_only() -> None:
    frontier = sample_frontier(100)
    long = dataclasses.replace(frontier, explanations={plan: "x" * 2000 for plan in frontier.table["plan"]})
    why = build_payload(long)["details"]["why"]
    assert set(why) == set(frontier.table.loc[frontier.table["name"] != "", "plan"])


def test_experience_is_a_matrix_with_support_flags() -> None:
    seen = {"reason": "fees", "segment": "gold", "channel": "voice", "support": "ok"}
    unseen = {"reason": "fees", "segment": "gold", "channel": "bot", "support": "none"}
    gap = dict.fromkeys(("mean", "lower", "upper"), np.nan)
    records = [seen | {"mean": 4.1, "lower": 4.0, "upper": 4.2}, unseen | gap]
    payload = build_payload(sample_frontier(40, meta={"experience_table": pd.DataFrame(records)}))
    (row,) = payload["experience"]["rows"]
    assert row["cells"]["voice"] == {"mean": "4.10", "interval": "4.00 to 4.20", "flag": ""}
    assert row["cells"]["bot"]["flag"] == "none"


def test_unwritable_place_is_named(tmp_path) -> None:
    with pytest.raises(PlanError, match="cannot write here"):
        write_report(sample_frontier(2), tmp_path / "no" / "report.html")


def test_the_band_has_the_curves_of_the_lowest_level_and_says_so_in_words() -> None:
    frontier = sample_frontier(6)
    band = build_payload(frontier)["band"]
    assert band["headroom"] == 0.0
    for curve in ("p10", "p50", "p90"):
        own = frontier.tables["attainment"].query("curve == @curve and headroom == 0")
        assert band[curve] == [[c, pytest.approx(v, abs=1e-4)] for c, v in zip(own["cost"], own["cx"], strict=True)]
    page = render_page(frontier)
    assert "at least 0% reach its upper edge in 1 of 10 of 60 simulated futures" in page
    assert "60 draws of everything" in page
    assert build_payload(dataclasses.replace(frontier, meta={}))["band"] == {}


def test_what_is_said_of_plans_stands_by_topic() -> None:
    frontier = sample_frontier(4)
    says = pd.DataFrame(
        [
            ("p002", "gains", "B."),
            ("p001", "changes", HOSTILE),
            ("p001", "withstands", "A."),
            ("p001", "changes", "C."),
        ],
        columns=["plan", "topic", "words"],
    )
    page = render_page(dataclasses.replace(frontier, tables={**frontier.tables, "says": says}))
    assert inlined(page)["details"]["says"] == {
        "p002": [["Who gains and who loses", ["B."]]],
        "p001": [["What it withstands", ["A."]], ["What it changes, and its neighbors", [HOSTILE, "C."]]],
    }
    assert HOSTILE not in page


def test_further_objectives_have_columns_of_their_own() -> None:
    frontier = sample_frontier(4)
    plans = frontier.table.assign(odd_hours=[np.nan, 0.1, 0.2, 0.3, 0.4])
    names = {"odd_hours": "min", "p_shortfall": "min", "retained_value": "max"}
    chosen = [{"name": name, "sense": sense} for name, sense in names.items()]
    payload = build_payload(
        dataclasses.replace(
            frontier,
            tables={**frontier.tables, "plans": plans},
            meta={**frontier.meta, "objectives": chosen},
        )
    )
    assert payload["plans"]["odd_hours"] == [None, 0.1, 0.2, 0.3, 0.4]
    assert payload["objectives"] == [
        {"key": "odd_hours", "title": "odd hours", "better": -1, "money": False},
        {"key": "retained_value", "title": "retained value", "better": 1, "money": True},
    ]
    assert payload["measures"]["odd_hours"] == "odd hours"
