"""Day parts in a scenario: wrong ones are named at their place, and choices are those somebody stands in for."""

from __future__ import annotations

import pytest
from scenario_center import Center

from planner.scenario import load_scenario
from planner.scenario.day_parts import closings

CORE = """\
kind: human
    day_parts:
      early: {starts: "10:30", ends: "11:30", people_min: 1, fixed_cost: 9, may_close: true}
      late: {starts: "11:30", ends: "12:00"}
"""
HELP = """\
  helpers: {kind: human, channel: voice, discipline: live_voice, shrinkage: 0.3, shifts: [morning]}
  bot:
"""
LINK = "overflow: [{from_pool: voice_core, to_pool: helpers}]\npromises:\n"
WRONG = [
    (
        'starts: "10:30"',
        'starts: "10:40"',
        "35:23",
        "10:40 is not the edge of an interval of 30 min from 10:30 to 12:00",
    ),
    ('ends: "12:00"', 'ends: "13:00"', "36:37", "13:00 is not the edge of an interval of 30 min from 10:30 to 12:00"),
    ('ends: "11:30"', 'ends: "10:30"', "35:38", "ends at 10:30, not after it starts at 10:30"),
    ('starts: "11:30"', 'starts: "11:00"', "36:7", "'late' overlaps 'early'"),
    ("people_min: 1", "people_min: -1", "35:59", "found -1; must be at least 0"),
    ("fixed_cost: 9", "fixed_cost: -9", "35:74", "found -9; must be at least 0"),
    ("may_close: true", "may_close: 1", "35:88", "write true or false"),
]


def write(center: Center, core: str, link: str = LINK) -> None:
    center.write(("kind: human\n", core), ("  bot:\n", HELP), ("promises:\n", link))


@pytest.mark.parametrize(("old", "new", "place", "words"), WRONG)
def test_wrong_day_part_is_named_at_its_place(center: Center, old: str, new: str, place: str, words: str) -> None:
    assert old in CORE
    write(center, CORE.replace(old, new))
    said = center.said()
    assert any(line.startswith(f"small.yaml:{place}: error: ") and words in line for line in said), said


def test_closing_needs_somebody_who_stands_in(center: Center) -> None:
    write(center, CORE, "promises:\n")
    assert any("nobody could stand in for 'voice_core'" in line for line in center.said())


def test_choices_are_those_with_an_open_pool_to_go_to(center: Center) -> None:
    """Core may close early; where helpers may close too and stand in for core, not both at once."""
    write(center, CORE)
    assert not center.said()
    scenario = load_scenario(center.path)
    assert closings(scenario) == [(), (("voice_core", "early"),)]
    both = LINK.replace("}]", "}, {from_pool: helpers, to_pool: voice_core}]")
    helpers = HELP.replace(
        "shifts: [morning]}",
        'shifts: [morning], day_parts: {early: {starts: "10:30", ends: "11:00", may_close: true}}}',
    )
    center.write(("kind: human\n", CORE), ("  bot:\n", helpers), ("promises:\n", both))
    found = closings(load_scenario(center.path))
    assert found == [(), (("voice_core", "early"),), (("helpers", "early"),)]
