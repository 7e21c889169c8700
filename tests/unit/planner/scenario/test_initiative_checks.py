"""Initiatives in a scenario: wrong ones are named at their place, and admissible portfolios match brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scenario_center import Center

from planner.scenario.initiatives import Initiative, portfolios

GOOD = """\
initiatives:
  articles: {cost: 100, effects: [{reasons: [billing], volume: -0.1}]}
  coaching:
    cost: 50
    requires: [articles]
    effects: [{pools: [voice_core], handle_time: {value: -0.1, low: -0.2, high: 0}, score: 0.1}]
  outage_page: {cost: 10, excludes: [coaching], effects: [{unresolved: -0.2, escalated: 0.1}]}
promises:
"""
WRONG = [
    ("reasons: [billing], volume", "reasons: [biling], volume", "52:46", "unknown reason 'biling'; did you mean 'b"),
    ("requires: [articles]", "requires: [article]", "55:16", "unknown initiative 'article'; did you mean 'articles'?"),
    ("pools: [voice_core], handle", "pools: [voice], handle", "56:24", "unknown pool 'voice'"),
    ("requires: [articles]", "requires: [articles]\n    excludes: [articles]", "56:16", "requires and excludes 'art"),
    ("requires: [articles]", "requires: [coaching]", "55:16", "'coaching' requires itself; take it away"),
    ("excludes: [coaching]", "excludes: [articles], requires: [coaching]", "57:59", "'outage_page' can be in no plan"),
    ("cost: 100", "cost: -100", "52:20", "at least 0"),
    ("volume: -0.1}", "volume: -1}", "52:64", "-1 is outside -0.9..1"),
    ("volume: -0.1}", "volume: -0.1, pools: [bot]}", "52:64", "volume cannot be limited to pools"),
    ("volume: -0.1}", "segments: [all]}", "52:35", "changes nothing; state one of volume, handle_time"),
    ("volume: -0.1}", "channels: [], volume: -0.1}", "52:66", "the empty list selects nothing"),
    ("score: 0.1}", "score: 4.2}", "56:92", "score changes by 4.2 points, but the scale is 4 points wide"),
    ("low: -0.2", "low: -20", "56:69", "-20 is outside -0.9..1"),
    ("cost: 10, ", "", "57:3", "key 'cost' is missing from initiative 'outage_page'"),
    ("effects: [{unresolved: -0.2, escalated: 0.1}]", "effects: []", "57:58", "found 0 of at least 1"),
    ("volume: -0.1}", "volumes: -0.1}", "52:56", "unknown key 'volumes'; did you mean 'volume'?"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), WRONG)
def test_wrong_initiative_is_named_at_its_place(center: Center, old: str, new: str, place: str, words: str) -> None:
    assert old in GOOD
    center.write(("promises:\n", GOOD.replace(old, new)))
    said = center.said()
    assert len(said) == 1, said
    assert any(line.startswith(f"small.yaml:{place}: error: ") and words in line for line in said), said


def test_good_initiatives_say_nothing(center: Center) -> None:
    center.write(("promises:\n", GOOD))
    assert not [line for line in center.said() if "initiative" in line]


def test_too_many_portfolios_are_refused_by_number(center: Center) -> None:
    many = "".join(f"  i{k}: {{cost: 1, effects: [{{volume: -0.1}}]}}\n" for k in range(7))
    center.write(("promises:\n", f"initiatives:\n{many}promises:\n"))
    assert any(
        "51:1: error: " in line and "7 initiatives make more than 64 portfolios" in line for line in center.said()
    )


def test_portfolios_are_all_admissible_sets() -> None:
    """Against every subset of six initiatives with random relations, cycles included."""
    rng = np.random.default_rng(5)
    for _ in range(60):
        names = [f"i{k}" for k in range(6)]
        relation = {
            kind: {n: tuple(str(o) for o in names if o != n and rng.random() < share) for n in names}
            for kind, share in (("requires", 0.15), ("excludes", 0.15))
        }
        made = {
            n: Initiative(
                cost=1, effects=({"volume": -0.1},), requires=relation["requires"][n], excludes=relation["excludes"][n]
            )
            for n in names
        }
        expected = [
            chosen
            for size in range(7)
            for chosen in combinations(names, size)
            if all(set(relation["requires"][n]) <= set(chosen) for n in chosen)
            and not any(set(relation["excludes"][n]) & set(chosen) for n in chosen)
        ]
        assert portfolios(made) == expected
    chain = {
        f"i{k}": Initiative(cost=1, effects=({"volume": -0.1},), requires=(f"i{k - 1}",) if k else ())
        for k in range(40)
    }
    assert len(portfolios(chain)) == 41
