"""Priority extends < file < variant < --set, and what is recorded about each replaced value."""

from __future__ import annotations

import datetime as dt

import pytest
from scenario_center import Center

from planner.errors import ScenarioError
from planner.scenario import Applied, load_scenario, load_scenario_record
from planner.scenario.quantities import Stated

CHILD = """\
extends: small.yaml
name: child
pools:
  voice_core: {shrinkage: 0.28}
"""


def _child(center: Center, text: str = CHILD, name: str = "child.yaml") -> str:
    path = center.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_each_layer_wins_over_the_one_below(center: Center) -> None:
    child = _child(center)
    assert load_scenario(center.path).pools["voice_core"].shrinkage.value == 0.3
    assert load_scenario(child).pools["voice_core"].shrinkage.value == 0.28
    assert load_scenario(child, variant="lean").pools["voice_core"].shrinkage.value == 0.25
    last = load_scenario(child, ["pools.voice_core.shrinkage=0.2"], variant="lean")
    assert last.pools["voice_core"].shrinkage == Stated(value=0.2)


def test_every_replaced_value_is_listed_in_order(center: Center) -> None:
    record = load_scenario_record(_child(center), ["pools.voice_core.shrinkage=0.2", "demand.growth=0.1"], "lean")
    child = str(center.folder / "child.yaml")
    assert record.applied == (
        Applied(child, "name", "small", "child"),
        Applied(child, "pools.voice_core.shrinkage", 0.3, 0.28),
        Applied("variant lean", "pools.voice_core.shrinkage", 0.28, 0.25),
        Applied("variant lean", "steers.offer_chat.acceptance", 0.5, {"value": 0.4, "low": 0.3, "high": 0.5}),
        Applied("--set", "pools.voice_core.shrinkage", 0.25, 0.2),
        Applied("--set", "demand.growth", 0.0, 0.1),
    )


def test_range_of_a_single_number_can_be_set(center: Center) -> None:
    record = load_scenario_record(center.path, ["steers.offer_chat.acceptance.low=.1"])
    assert record.scenario.steers["offer_chat"].acceptance == Stated(value=0.5, low=0.1)
    assert record.applied == (Applied("--set", "steers.offer_chat.acceptance.low", None, 0.1),)


def test_list_items_are_named_by_number(center: Center) -> None:
    overrides = ["experience.outcomes.0.aht_s=280", "experience.outcomes.2={channel: voice, stage: returned, score: 3}"]
    outcomes = load_scenario(center.path, overrides).experience.outcomes
    assert [row.aht_s for row in outcomes] == [280, 360, None]
    assert center.only(["experience.outcomes.3.aht_s=280"]) == (
        "--set experience.outcomes.3.aht_s=280: error: experience.outcomes.3.aht_s: "
        "'3' is no place in the list experience.outcomes of 2 items; write 0 to 2"
    )


def test_default_lists_can_be_changed_by_item(center: Center) -> None:
    scenario = load_scenario(center.path, ["frontier.headroom_levels.4=0.4"])
    assert scenario.frontier.headroom_levels == (0, 0.05, 0.1, 0.2, 0.4)


def test_null_takes_an_entry_away(center: Center) -> None:
    text = "extends: small.yaml\nname: nosteer\nsteers: {offer_chat: null}\npools: {bot: null}\nvariants: null\n"
    scenario = load_scenario(_child(center, text), ["channels.chat=null", "experience.outcomes=null"])
    assert not scenario.steers
    assert list(scenario.pools) == ["voice_core"]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("pools.voice_cor.shrinkage=0.28", "'voice_cor' is not among pools; did you mean 'voice_core'?"),
        ("pools.voice_core.shrinkge=0.28", "unknown key 'shrinkge' in pools.voice_core; did you mean 'shrinkage'?"),
        ("pool.voice_core.shrinkage=0.28", "unknown key 'pool' in the scenario; did you mean 'pools'?"),
        ("pools.voice_core.shrinkage=28", "28 is outside 0..1 (write 0.28, not 28)"),
        ("pools.voice_core.wage_per_h.x=1", "pools.voice_core.wage_per_h is a single value; it has no part 'x'"),
        ("pools.voice_core.shrinkage", "write --set path=value"),
        ("pools.voice_core.shrinkage=", "write --set path=value"),
        ("=3", "write --set path=value"),
        ("limits.budget_max=[1", "a list opened with '[' is not closed"),
        ("pools.bot.reasons=[biling]", "unknown reason 'biling'; did you mean 'billing'?"),
        ("extends=other.yaml", "'extends' cannot be replaced; change the file"),
    ],
)
def test_wrong_override_is_shown_as_written(center: Center, override: str, words: str) -> None:
    said = center.only([override])
    assert said.startswith(f"--set {override}: error: ")
    assert words in said


def test_unknown_variant_and_wrong_paths_in_variants(center: Center) -> None:
    record = center.said(variant="laen")
    assert record == ["small.yaml:59:1: error: variants: no variant 'laen'; did you mean 'lean'?"]
    center.write(("pools.voice_core.shrinkage: 0.25", "pools.voice_cor.shrinkage: 0.25"))
    assert center.only().startswith("small.yaml:61:5: error: variants.lean.pools.voice_cor.shrinkage: 'voice_cor'")


def test_wrong_value_of_a_variant_stands_where_the_variant_says_it(center: Center) -> None:
    center.write(("shrinkage: 0.25", "shrinkage: 25"), ("value: 0.4, low", "value: 40, low"))
    assert center.said() == []
    assert [line.split(": ")[0] for line in center.said(variant="lean")] == ["small.yaml:61:33", "small.yaml:62:43"]


def test_problems_in_a_parent_keep_the_parents_positions(center: Center) -> None:
    center.write(("shrinkage: 0.3", "shrinkage: 0.3\n    wage: 3"), ("closes: 12:00", "closes: 49:00"))
    with pytest.raises(ScenarioError) as caught:
        load_scenario(_child(center))
    places = [(issue.file.rpartition("/")[2], issue.line, issue.column) for issue in caught.value.issues]
    assert places == [("small.yaml", 7, 11), ("small.yaml", 37, 5)]


def test_chain_of_parents_and_files_beside_the_parent(center: Center) -> None:
    _child(center)
    grand = _child(center, "extends: ../child.yaml\nname: grand\n", "sub/grand.yaml")
    record = load_scenario_record(grand)
    assert record.scenario.pools["voice_core"].shrinkage.value == 0.28
    assert record.scenario.demand.source == "../demand.csv"
    assert record.scenario.resolve(record.scenario.demand.source).is_file()
    assert record.scenario.folder == center.folder / "sub"
    names = [path.name for path in record.files.values()]
    assert names == ["grand.yaml", "child.yaml", "small.yaml", "demand.csv", "staffing.csv", "routing.csv"]


def test_circle_of_parents_is_refused(center: Center) -> None:
    _child(center, "name: a\nextends: b.yaml\n", "a.yaml")
    _child(center, "extends: a.yaml\nname: b\n", "b.yaml")
    with pytest.raises(ScenarioError, match=r"b\.yaml:1:10: error: extends: the files extend each other in a circle"):
        load_scenario(center.folder / "a.yaml")


@pytest.mark.parametrize(
    ("parent", "words"), [("gone.yaml", "no such file: gone.yaml"), ("3", "write the name"), ("[a]", "write the name")]
)
def test_parent_that_is_no_file(center: Center, parent: str, words: str) -> None:
    child = _child(center, f"name: a\nextends: {parent}\n")
    with pytest.raises(ScenarioError, match=r"child\.yaml:2:10: error: extends: .*" + words):
        load_scenario(child)


def test_resolved_text_loads_as_the_same_scenario(center: Center) -> None:
    record = load_scenario_record(_child(center), ["horizon.opens=10:30"], "lean")
    path = center.folder / "resolved.yaml"
    path.write_text(record.resolved_text, encoding="utf-8")
    again = load_scenario(path)
    assert again == record.scenario.model_copy(update={"variants": {}})
    assert again.horizon.start == dt.date(2026, 1, 5)
    assert "extends" not in record.resolved_text
