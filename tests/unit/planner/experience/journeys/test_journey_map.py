"""The journey map: flows in and out of every touchpoint, friction, layout, and SVG that survives hostile names."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import networkx as nx
import pytest

from planner.experience.journeys.map_svg import render_map
from planner.experience.journeys.touchpoints import START, journey_map, map_edges, map_layout, worst_friction

ROWS = [
    ("card", "bot", 1, "voice", 60),
    ("card", "bot", 1, "solved", 30),
    ("card", "bot", 1, "gave_up", 10),
    ("card", "voice", 1, "voice", 20),
    ("card", "voice", 1, "solved", 280),
    ("loan", "voice", 2, "voice", 10),
    ("loan", "voice", 2, "solved", 70),
    ("loan", "voice", 3, "voice", 2),
    ("loan", "voice", 3, "solved", 10),
]
SVG = "{http://www.w3.org/2000/svg}"


def test_contacts_flow_through_every_touchpoint(steps) -> None:
    graph = journey_map(steps(ROWS))
    for node, data in graph.nodes(data=True):
        if data["kind"] == "touchpoint":
            assert graph.out_degree(node, "contacts") == data["contacts"]
            assert sum(p for _, _, p in graph.out_edges(node, "probability")) == pytest.approx(1.0)
    assert graph.nodes[START]["contacts"] == 400
    assert graph.nodes["solved"]["contacts"] == 390
    assert graph.nodes["gave_up"]["contacts"] == 10
    assert all(nx.has_path(graph, node, "solved") for node, d in graph.nodes(data=True) if d["kind"] == "touchpoint")


def test_friction_is_what_goes_on_beyond_the_usual(steps) -> None:
    graph = journey_map(steps(ROWS))
    bot, voice = graph.nodes["bot", 1], graph.nodes["voice", 1]
    assert (bot["goes_on"], bot["drop_out"]) == (0.6, 0.1)
    assert bot["friction"] == pytest.approx(60 - 100 * 80 / 400)
    assert bot["friction"] + voice["friction"] == pytest.approx(0)
    assert worst_friction(graph) == ("bot", 1)
    assert worst_friction(journey_map(steps([("card", "voice", 1, "solved", 5)]))) is None


def test_means_are_of_those_known(steps) -> None:
    rows = [("card", "voice", 1, "voice", 10), ("card", "voice", 1, "solved", 30)]
    frame = steps(
        rows, n_gap=[10, 0], sum_gap_s=[9e4, 0], n_wait=[5, 15], sum_wait_s=[100, 500], answers=[2, 8], s1=[6, 34]
    )
    node = journey_map(frame).nodes["voice", 1]
    assert (node["next_s"], node["wait_s"], node["score"], node["answers"]) == (9_000, 30, 4.0, 10)


def test_one_reason_and_what_was_only_seen_to_follow(steps) -> None:
    graph = journey_map(steps(ROWS), "card")
    assert graph.graph["reason"] == "card"
    assert graph.nodes["voice", 2]["contacts"] == 0
    assert graph.in_degree(("voice", 2), "contacts") == 80
    assert "too young to tell" in render_map(graph)
    empty = journey_map(steps(ROWS), "nothing of the kind")
    ET.fromstring(render_map(empty))


def test_layout_puts_attempts_in_columns_and_busy_channels_on_top(steps) -> None:
    table = map_layout(journey_map(steps(ROWS))).set_index("node")
    assert table.loc["start", "column"] == 0
    assert table.loc[["bot 1", "voice 1", "voice 2", "voice 3"], "column"].tolist() == [1, 1, 2, 3]
    assert table.loc[["voice 1", "voice 3", "bot 1"], "row"].tolist() == [0, 0, 1]
    assert table.loc[["solved", "gave_up"], "column"].tolist() == [4, 4]
    edges = map_edges(journey_map(steps(ROWS))).set_index(["origin", "target"])["contacts"]
    assert edges["bot 1", "voice 2"] == 60
    assert edges["voice 3", "voice 3"] == 2


def test_the_picture_has_a_box_per_touchpoint_and_marks_the_worst(steps) -> None:
    root = ET.fromstring(render_map(journey_map(steps(ROWS)), "Card & loan"))
    assert root.find(f"{SVG}title").text == "Card & loan"
    assert "Most friction: bot, first contact." in root.find(f"{SVG}desc").text
    boxes = [group for group in root.iter(f"{SVG}g")]
    assert len(boxes) == 4
    marked = [g.find(f"{SVG}title").text for g in boxes if g.find(f"{SVG}rect").get("stroke-width") == "3"]
    assert len(marked) == 1
    assert marked[0].startswith("bot, first contact: 100 contacts")
    paths = {p.find(f"{SVG}title").text: float(p.get("stroke-width")) for p in root.iter(f"{SVG}path")}
    assert paths["bot, first contact to voice, second contact: 60 contacts"] == 18
    assert paths["voice, first contact to voice, second contact: 20 contacts"] == pytest.approx(6)


def test_everything_stays_within_900_px(steps) -> None:
    rows = [("r", f"channel {k}", a, f"channel {(k + 1) % 6}", 10) for k in range(6) for a in (1, 2, 3)]
    rows += [("r", f"channel {k}", a, "solved", 1_000_000) for k in range(6) for a in (1, 2, 3)]
    text = render_map(journey_map(steps(rows)))
    root = ET.fromstring(text)
    assert root.get("viewBox").split()[2] == "900"
    for rect in root.iter(f"{SVG}rect"):
        assert float(rect.get("x")) + float(rect.get("width")) <= 900
    assert "on rare ways are not drawn" in text


def test_hostile_names_are_text(steps) -> None:
    name = "</text><script>alert('x')</script>&\"" + "long" * 20
    rows = [(name, name, 1, name, 10), (name, name, 1, "solved", 30), (name, name, 2, "solved", 9)]
    text = render_map(journey_map(steps(rows), name), name)
    assert "<script" not in text
    root = ET.fromstring(text)
    assert root.find(f"{SVG}title").text == name
    assert "…" in text
