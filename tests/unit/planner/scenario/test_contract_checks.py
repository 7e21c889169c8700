"""Contracts with vendors in a scenario: wrong ones are named at their place."""

from __future__ import annotations

import pytest
from scenario_center import Center

GOOD = "kind: vendor\n    contract: {committed_contacts: 5, max_contacts: 9, tiers: [{price: 2}, {above: 4, price: 3}]}"
WRONG = [
    ("kind: vendor", "kind: human", "34:15", "contract: belongs to pools of kind vendor"),
    ("{price: 2}", "{above: 1, price: 2}", "34:72", "the first tier starts above 1 contacts; it must start above 0"),
    ("above: 4", "above: 0", "34:84", "tiers must rise: 0 contacts come after 0"),
    ("price: 3", "price: 1", "34:94", "the price falls from 2 to 1; a discount for volume cannot be planned"),
    ("max_contacts: 9", "max_contacts: 4", "34:36", "5 committed contacts are more than the 4 it takes"),
    ("committed_contacts: 5", "committed_contacts: -5", "34:36", "found -5; must be at least 0"),
    ("price: 2", "price: -2", "34:72", "found -2; must be at least 0"),
    ("tiers: [{price: 2}, {above: 4, price: 3}]", "tiers: []", "34:63", "found 0 of at least 1"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), WRONG)
def test_wrong_contract_is_named_at_its_place(center: Center, old: str, new: str, place: str, words: str) -> None:
    assert old in GOOD
    center.write(("kind: human", GOOD.replace(old, new)))
    said = center.said()
    assert len(said) == 1, said
    assert said[0].startswith(f"small.yaml:{place}: error: "), said
    assert words in said[0]


def test_good_contract_says_nothing(center: Center) -> None:
    center.write(("kind: human", GOOD))
    assert not center.said()
