"""Wrong values of a scenario file are named at their exact position, all of them at once."""

from __future__ import annotations

import pytest
from scenario_center import Center, Replace

from planner.errors import ScenarioError
from planner.scenario import load_scenario

WRONG = [
    ("shrinkage: 0.3", "shrinkage: 80", "36:16", "pools.voice_core.shrinkage: 80 is outside 0..1 (write 0.8, not 80)"),
    ("shrinkage: 0.3", "shrinkage: 28%", "36:16", "write 0.28, not 28%"),
    ("shrinkage: 0.3", "shrinkage: {value: 0.3, high: 30}", "36:35", "shrinkage.high: 30 is outside 0..1 (write 0.3"),
    ("shrinkage: 0.3", "shrinkage: {value: 0.3, low: 0.4}", "36:24", "range 0.4..0.3 does not hold value 0.3"),
    ("shrinkage: 0.3", "shrinkage: {low: 0.3}", "36:5", "key 'value' is missing"),
    ("shrinkage: 0.3", "shrinkage: 1", "36:16", "shrinkage must stay below 1"),
    ("occupancy_max: 0.85", "occupancy_max: 85", "37:20", "write 0.85, not 85"),
    ("occupancy_max: 0.85", "occupancy_max: 1.3", "37:20", "1.3 is not a ratio in 0..1"),
    ("occupancy_max: 0.85", "occupancy_max: -0.1", "37:20", "found -0.1; must be above 0"),
    ("occupancy_max: 0.85", "occupancy_max: 0", "37:20", "found 0; must be above 0"),
    ("discipline: automated", "discipline: automated\n    wage_per_h: 30", "43:17", "wage_per_h: belongs to pools"),
    ("discipline: automated", "discipline: automated\n    shifts: [morning]", "43:13", "shifts: belongs to pools"),
    ("patience_s: 180", "patience_s: 0", "17:23", "nobody is patient for 0 s; write more than 0, or leave it out"),
    ("patience_s: 180", "patience_s: {value: 9, low: -3}", "17:23", "nobody is patient for -3 s"),
    ("promises:", "limits: {abandon_rate_max: 0}\npromises:", "51:28", "found 0; must be above 0"),
    ("promises:", "frontier: {headroom_levels: [0, -1]}\npromises:", "51:33", "a headroom of -1 leaves no demand"),
    ("occupancy_max: 0.85", 'occupancy_max: "0,85"', "37:20", "without quotes and with a decimal point: 0.85"),
    ("occupancy_max: 0.85", "occupancy_max: .nan", "37:20", "found nan"),
    ("occupancy_max: 0.85", "occupancy_max: yes", "37:20", "found the text 'yes'; write a number"),
    ("occupancy_max: 0.85", "occupancy_max: true", "37:20", "found true; write a number"),
    ("  occupancy_max", "  ocupancy_max", "37:5", "unknown key 'ocupancy_max'; did you mean 'occupancy_max'?"),
    ("target: 0.8", "target: 80", "55:13", "target 80 is not a ratio in 0..1 (write 0.8, not 80)"),
    ("    kind: human\n", "", "32:3", "key 'kind' is missing from pool 'voice_core'; add it"),
    ("kind: human", "kind: Human", "33:11", "did you mean 'human'? (one of: human, ai_assisted, automated, vendor)"),
    ("    shrinkage: 0.3\n", "", "32:3", "shrinkage must be stated for a pool of people (there is no default)"),
    ("last: 11:00", "last: 10:00", "28:34", "the last start 10:00 lies before the first start 10:30"),
    ("after_h: 0.5, length_min: 30", "after_h: 1, length_min: 30", "30:9", "a break ends 30 min after the shift"),
    ("closes: 12:00", "closes: 10:00", "7:11", "closes before it opens"),
    ("closes: 12:00", "closes: 06:00", "7:11", "30:00 is 6:00 of the next day"),
    ("closes: 12:00", "closes: 35:00", "7:11", "a day is longer than 24 hours"),
    ("closes: 12:00", "closes: 48:30", "7:11", "is not a clock time"),
    ("opens: 10:30", "opens: 8", "6:10", "8 is not a clock time"),
    ("interval_min: 30", "interval_min: 25", "8:17", "interval_min 25 must be 5, 6, 10, 15, 20, 30 or 60"),
    ("start: 2026-01-05", "start: 2026-02-30", "4:10", "write a date that exists as YYYY-MM-DD"),
    ("days: 1", "days: 1.5", "5:9", "found 1.5; write a whole number (Number of days.)"),
    ("days: 1", "days: 99", "5:9", "found 99; must be at most 31"),
    ("days: 1", "days: '1'", "5:9", "without quotes"),
    ("reasons: [billing]", "reasons: billing", "43:14", "found the text 'billing'; write a list, e.g. [a, b]"),
    ("reasons: [billing]", "reasons: [1999]", "43:15", 'found 1999; write it in quotes: "1999"'),
    ("steers:\n", "steers: 3\nlimits:\n", "44:9", "found 3; write a mapping of keys"),
    ("name: small", "name: ../small", "2:7", "letters, digits, - and _"),
    ("name: small\n", "name: small\ncurrency: eur\n", "3:11", "currency: found the text 'eur'; not allowed (ISO code"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), WRONG)
def test_wrong_value_is_named_at_its_place(center: Center, old: str, new: str, place: str, words: str) -> None:
    center.write((old, new))
    said = [line for line in center.said() if line.startswith(f"small.yaml:{place}: error: ")]
    assert len(said) == 1, center.said()
    assert words in said[0]


def test_valid_center_says_nothing(center: Center) -> None:
    assert center.said() == []


def test_all_problems_come_at_once_in_the_order_of_lines(center: Center) -> None:
    center.write(
        ("Europe/Zurich", "Europe/Zuric"),
        ("score: 4.2", "score: 42"),
        ("last: 11:00", "last: 11:30"),
        ("channel: voice\n    disc", "channel: vioce\n    disc"),
        ("shrinkage: 0.3", "shrinkage: 30"),
        ("  occupancy_max", "  ocupancy_max"),
        ("target: 0.8", "target: 80"),
    )
    assert [line.split(": ")[0] for line in center.said()] == [
        "small.yaml:9:13",
        "small.yaml:23:43",
        "small.yaml:28:34",
        "small.yaml:34:14",
        "small.yaml:36:16",
        "small.yaml:37:5",
        "small.yaml:55:13",
    ]


def test_tables_are_checked_beside_an_unknown_key(center: Center) -> None:
    center.write(("  occupancy_max", "  ocupancy_max"))
    center.write_csv("demand", (",12\n", ",-12\n"))
    assert [line.split(": ")[0] for line in center.said()] == ["demand.csv:4:4", "small.yaml:37:5"]


def test_message_has_place_value_and_advice(center: Center) -> None:
    center.write(("shrinkage: 0.3", "shrinkage: 80"))
    with pytest.raises(ScenarioError, match=r"small\.yaml:36:16: error: .*80 is outside 0\.\.1 \(write 0\.8, not 80\)"):
        load_scenario(center.path)


HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "__proto__",
    "no",
    "1999",
    "Störung · 故障",
    "a.b.c",
    "${x}",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_odd_names_stay_as_written(center: Center, name: str) -> None:
    quoted = "'" + name.replace("'", "''") + "'"
    rename: list[Replace] = [("  fault: {must", f"  {quoted}: {{must")]
    center.write(*rename)
    for table in ("demand", "routing"):
        cell = f'"{name}"' if "," in name else name
        changes = [("fault,", f"{cell},")] * (3 if table == "demand" else 1)
        center.write_csv(table, *changes)
    assert center.said() == []
    assert list(load_scenario(center.path).reasons) == ["billing", name]


@pytest.mark.parametrize("name", ['" fault"', '""', '"a\\nb"', '"a\\u202Eb"', "x" * 81])
def test_names_that_would_mislead_are_refused(center: Center, name: str) -> None:
    center.write(("  fault: {must", f"  {name}: {{must"))
    assert any(
        line.startswith("small.yaml:15:3: error: reasons.") and "cannot be a key" in line for line in center.said()
    )


def test_key_with_dots_is_found_by_overrides(center: Center) -> None:
    center.write(("  fault: {must", "  a.b.c: {must"))
    for table in ("demand", "routing"):
        center.write_csv(table, *[("fault,", "a.b.c,")] * (3 if table == "demand" else 1))
    scenario = load_scenario(center.path, ["reasons.a.b.c.title=Dots"])
    assert scenario.reasons["a.b.c"].title == "Dots"
