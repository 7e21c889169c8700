"""Differences between scenarios: the words for changes whose answer is known, and nothing where nothing changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from planner.cli import main
from planner.scenario.difference import scenario_differences
from planner.scenario.difference_words import amount
from planner.scenario.load import load_scenario
from planner.scenario.table_difference import table_differences

ROOT = Path(__file__).resolve().parents[4]
TOY = ROOT / "scenarios/minimal.yaml"


def words_of(*overrides: str) -> list[str]:
    return [one.words for one in scenario_differences(load_scenario(TOY), load_scenario(TOY, overrides))]


@pytest.mark.parametrize("name", ["minimal", "retail_bank", "vendor", "hours", "improve", "weekdays"])
def test_a_scenario_does_not_differ_from_itself(name: str) -> None:
    scenario = load_scenario(ROOT / f"scenarios/{name}.yaml")
    assert scenario_differences(scenario, scenario) == []
    assert table_differences(scenario, scenario) == []


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("pools.phone.wage_per_h=42", "wage per hour of phone +5 % (40 → 42)"),
        ("pools.phone.shrinkage=0.25", "shrinkage of phone +25 points (0 % → 25 %)"),
        ("pools.phone.roster.heads=9", "people on the payroll of phone +50 % (6 → 9)"),
        ("channels.voice.patience_s=90", "patience of channel voice -50 % (180 s → 90 s)"),
        ("promises.phone_80_20.target=0.7", "target of promise phone_80_20 -10 points (80 % → 70 %)"),
        ("promises.phone_80_20.period=week", "period of promise phone_80_20: day → week"),
        ("pools.phone.platform=other", "platform of phone: main → other"),
        ("demand.growth=0.1", "demand: growth +10 points (0 % → 10 %)"),
        ("horizon.timezone=UTC", "horizon: timezone: Europe/Zurich → UTC"),
        ("title=Another", "title: Two reasons, two channels, one morning → Another"),
        ("frontier.cost_points=9", "frontier: cost points +50 % (6 → 9)"),
        ("shifts.morning.length_h=1.5", "length of shift morning -25 % (2 h → 1.5 h)"),
    ],
)
def test_one_value_is_one_sentence(override: str, words: str) -> None:
    assert words_of(override) == [words]


def test_a_range_and_its_source_are_said_apart_from_the_value() -> None:
    found = words_of("steers.offer_chat.acceptance={value: 0.6, low: 0.3, high: 0.8, source: a guess}")
    assert found == [
        "acceptance of steer offer_chat +10 points (50 % → 60 %)",
        "range of acceptance of steer offer_chat: 30 % to 70 % → 30 % to 80 %",
        "source of acceptance of steer offer_chat: pilot of last spring → a guess",
    ]


def test_stated_outcomes_are_compared_as_they_take_effect(tmp_path: Path) -> None:
    """A row that restates what holds anyway is no change; one for a reason is named by reason and channel."""
    shutil.copytree(TOY.parent, tmp_path / "center", ignore=shutil.ignore_patterns("generated"))
    text = TOY.read_text(encoding="utf-8")
    rows = "    - {reason: billing, channel: voice, aht_s: 336}\n    - {reason: fault, channel: voice, aht_s: 300}\n"
    other = tmp_path / "center/other.yaml"
    other.write_text(text.replace("  wait_loss:", rows + "  wait_loss:"), encoding="utf-8")
    found = scenario_differences(load_scenario(TOY), load_scenario(other))
    assert [one.words for one in found] == ["voice handle time of billing +12 % (300 s → 336 s)"]
    other.write_text(text.replace("aht_s: 300", "aht_s: 330"), encoding="utf-8")
    found = scenario_differences(load_scenario(TOY), load_scenario(other))
    assert [one.words for one in found] == ["voice handle time +10 % (300 s → 330 s)"]


def test_entries_and_rows_that_come_and_go(tmp_path: Path) -> None:
    shutil.copytree(TOY.parent, tmp_path / "center", ignore=shutil.ignore_patterns("generated"))
    other = tmp_path / "center/other.yaml"
    other.write_text(
        "extends: minimal.yaml\nreasons: {loans: , cards: }\n"
        "overflow: [{from_pool: phone, to_pool: second}]\n"
        "pools: {second: {kind: human, channel: voice, discipline: live_voice, shrinkage: 0, shifts: [morning]}}\n",
        encoding="utf-8",
    )
    old, new = load_scenario(TOY), load_scenario(other)
    assert [one.words for one in scenario_differences(old, new)] == [
        "2 reasons added: loans, cards",
        "1 pool added: second",
        "overflow added: from_pool phone, to_pool second",
    ]
    assert [one.words for one in scenario_differences(new, old)][0] == "2 reasons removed: loans, cards"


def _two_days(folder: Path, name: str, sunday_chat: int, voice: int) -> Path:
    """A scenario of Saturday and Sunday with one interval each."""
    (folder / f"{name}.csv").write_text(
        "interval_start,reason,channel,contacts\n"
        f"2026-01-03 09:00,billing,voice,{voice}\n2026-01-04 09:00,billing,voice,{voice}\n"
        f"2026-01-03 09:00,billing,chat,8\n2026-01-04 09:00,billing,chat,{sunday_chat}\n",
        encoding="utf-8",
    )
    file = folder / f"{name}.yaml"
    file.write_text(
        "extends: minimal.yaml\nhorizon: {start: 2026-01-03, days: 2, closes: '09:30'}\n"
        f"demand: {{source: {name}.csv}}\ntoday: {{staffing: null, routing: null}}\n"
        "shifts: {morning: {length_h: 0.5}}\n",
        encoding="utf-8",
    )
    return file


def test_demand_is_compared_by_what_the_tables_hold(tmp_path: Path) -> None:
    shutil.copytree(TOY.parent, tmp_path / "center", ignore=shutil.ignore_patterns("generated"))
    folder = tmp_path / "center"
    old = load_scenario(_two_days(folder, "old", 8, 50))
    closed = load_scenario(_two_days(folder, "closed", 0, 50))
    more = load_scenario(_two_days(folder, "more", 8, 60))
    assert [one.words for one in table_differences(old, closed)] == [
        "channel chat closed on Sundays: no contacts come (before 8)",
        "demand in all -6.9 % (116 → 108 contacts)",
        "demand of billing in chat -50 % (16 → 8 contacts)",
    ]
    assert [one.words for one in table_differences(old, more)] == [
        "demand in all +17 % (116 → 136 contacts)",
        "demand of billing in voice +20 % (100 → 120 contacts)",
    ]


def test_the_command_says_the_same_in_words_and_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["diff", str(TOY), str(TOY), "--set", "pools.phone.wage_per_h=42"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "wage per hour of phone +5 % (40 → 42)\n"
    assert main([*arguments, "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["place"], one["old"], one["new"]) == ("pools.phone.wage_per_h", 40.0, 42.0)
    assert main([*arguments, "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "place,words,old,new"
    assert main(["diff", str(TOY), str(TOY)]) == 0
    assert "say the same" in capsys.readouterr().err


def test_no_share_is_said_of_what_is_below_nothing() -> None:
    place = ("experience", "score_given_up", "value")
    assert amount(place, -60.0, 1.8) == ": -60 → 1.8"
    assert amount(place, -60.0, -30.0) == ": -60 → -30"
    assert amount(place, 2.0, 2.2) == " +10 % (2 → 2.2)"
