"""Today's rules in, and against the recommended ones: imports, inference, difference, staged rollout, rollback."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from random_rules import TAME, random_contacts, random_rules

from planner.errors import PlanError
from planner.routing import make_export, prove
from planner.routing.answers import answers_of
from planner.routing.difference import diff_rules
from planner.routing.pools import PoolFacts
from planner.routing.replay import replay
from planner.routing.rollout import HARM_Z, pilot_for, staged
from planner.routing.sources.connect import connect_configuration, rules_from_connect
from planner.routing.sources.genesys import rules_from_genesys
from planner.routing.sources.seen import rules_seen
from planner.routing.today import configuration_diff, todays_routing


def genesys_document(rules) -> dict:
    files = make_export(rules, "genesys").files
    return {"table": json.loads(files["2-decision-table.json"]), "rows": json.loads(files["3-rows.json"])}


@pytest.mark.parametrize("seed", range(6))
def test_an_exported_genesys_table_comes_back_as_the_same_decisions(seed: int) -> None:
    rules, contacts = random_rules(seed, 6, TAME), random_contacts(seed + 1, 300, TAME)
    document = genesys_document(rules)
    pools = {str(rule.actions[n]) for rule in rules.table for n in ("pool", "overflow_pool")} - {"None"}
    queues = {pool: f"<pool: {pool}>" for pool in pools}
    back = rules_from_genesys(document["table"], document["rows"], queues)
    names = ["pool", "channel_offer", "overflow_pool", "overflow_after_s", "skill", "level"]
    ours, theirs = replay(rules, contacts), replay(back, contacts)
    assert theirs[names].equals(ours[names])
    gap = (theirs["priority"].astype(int) - ours["priority"].astype(int)).unique()
    assert len(gap) == 1  # classes keep their order; a table does not say how many there are in all


def test_todays_files_are_told_apart(tmp_path: Path) -> None:
    def routing(document: object):
        path = tmp_path / "today.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return todays_routing(path)

    rules = random_rules(1, 3, TAME, False)
    assert routing(genesys_document(rules)).rules is not None
    assert routing({"entities": [{"id": "q1", "name": "phone"}]}).queues == {"phone": "q1"}
    served = [
        {"QueueId": "1", "QueueName": "phone", "Channel": "VOICE", "Priority": 1, "Delay": 0},
        {"QueueId": "2", "QueueName": "gold", "Channel": "VOICE", "Priority": 2, "Delay": 30},
    ]
    listed = {"QueueSummaryList": [{"Id": "1", "Arn": "arn:1", "Name": "phone", "QueueType": "STANDARD"},
                                   {"Id": "9", "QueueType": "AGENT"}]}  # fmt: skip
    found = routing([listed, {"RoutingProfile": {"Name": "p"}, "RoutingProfileQueueConfigSummaryList": served}])
    assert found.queues == {"phone": "arn:1"}
    assert found.helpers == {"gold": ("phone", 30)}
    words = configuration_diff(found, rules)
    assert "queue phone: no rule sends contacts there any more" in words
    assert f"queue {rules.table[-1].actions['pool']}: **new**" in words
    assert "phone helps gold after 30 s today" in words
    assert connect_configuration([]).helpers() == {}
    for wrong in ({"x": 1}, [1], []):
        with pytest.raises(PlanError, match="holds neither a Genesys decision table"):
            routing(wrong)
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(PlanError, match="cannot be read as JSON"):
        todays_routing(tmp_path / "broken.json")


def test_comparators_that_rules_do_not_have_are_refused() -> None:
    document = genesys_document(random_rules(1, 3, TAME, False))
    document["table"]["columns"]["inputs"][0]["expression"]["comparator"] = "StartsWith"
    with pytest.raises(PlanError, match="StartsWith is not a condition of rules here"):
        rules_from_genesys(document["table"], document["rows"], {})


def test_rules_seen_are_the_most_frequent_pools_with_their_share() -> None:
    shares = pd.DataFrame(
        [("a", "x", "voice", "p1", 0.7, 100), ("a", "x", "voice", "p2", 0.3, 100), ("b", "x", "voice", "p2", 1.0, 500),
         ("b", None, "chat", "c1", 1.0, 40), (None, "x", "voice", "p1", 1.0, 5)],
        columns=["reason", "segment", "channel", "pool", "share", "contacts"],
    )  # fmt: skip
    rules = rules_seen(shares)
    assert rules.decide({"entry_reason": "a", "segment": "x", "channel": "voice"})["pool"] == "p1"
    assert rules.decide({"entry_reason": "b", "segment": "x", "channel": "voice"})["pool"] == "p2"
    assert rules.decide({"entry_reason": "?", "channel": "voice"})["pool"] == "p2"
    assert rules.decide({"channel": "chat"})["pool"] == "c1"
    assert rules.decide({"channel": "fax"})["pool"] == "p2"
    assert rules.rows["why"].iloc[0] == "70% of 100 contacts went there"
    assert all(
        p.holds for p in prove(make_export(rules, "dmn"), pd.DataFrame({"contact_id": ["1"], "channel": "chat"}))
    )
    with pytest.raises(PlanError, match="names no pool"):
        rules_seen(shares.assign(pool=None))


def connect_documents() -> list[dict]:
    def serves(profile: str, *queues: tuple[str, str, int, int]) -> dict:
        names = ("QueueName", "Channel", "Priority", "Delay")
        found = [dict(zip(names, queue, strict=True)) for queue in queues]
        return {"RoutingProfileName": profile, "RoutingProfileQueueConfigSummaryList": found}

    queues = [{"Name": name, "Arn": f"arn:{name}"} for name in ("core", "premium", "loans", "chat", "old")]
    return [
        {"QueueSummaryList": queues},
        serves("generalists", ("core", "VOICE", 2, 0), ("premium", "VOICE", 1, 30), ("chat", "CHAT", 1, 0)),
        serves("advisers", ("premium", "VOICE", 1, 0), ("loans", "VOICE", 2, 0)),
    ]


CONNECT_POOLS = {
    "core": PoolFacts("voice"),
    "premium": PoolFacts("voice", segments=("gold",)),
    "loans": PoolFacts("voice", reasons=("loan", "mortgage")),
    "chat": PoolFacts("chat", reasons=("fees",)),
    "robot": PoolFacts("chat", kind="automated"),
}


def test_queues_and_profiles_of_connect_are_todays_rules(tmp_path: Path) -> None:
    rules = rules_from_connect(connect_configuration(connect_documents()), CONNECT_POOLS)
    assert rules is not None
    answers = {
        ("loan", "basic", "voice"): ("loans", 1),
        ("loan", "gold", "voice"): ("loans", 1),  # made for fewer reasons than premium, which takes them all
        ("fees", "gold", "voice"): ("premium", 0),
        ("fees", "basic", "voice"): ("core", 1),
        ("fees", "gold", "chat"): ("chat", 0),
        ("loan", "gold", "chat"): ("chat", 0),
        ("fees", "gold", "fax"): ("core", 1),
    }
    for (reason, segment, channel), expected in answers.items():
        said = rules.decide({"entry_reason": reason, "segment": segment, "channel": channel, "contact_id": "1"})
        assert (said["pool"], said["priority"]) == expected, (reason, segment, channel)
    helped = rules.decide({"entry_reason": "fees", "segment": "gold", "channel": "voice", "contact_id": "1"})
    assert (helped["overflow_pool"], helped["overflow_after_s"]) == ("core", 30.0)
    cells = [(r, s, c) for r in ("loan", "fees") for s in ("basic", "gold") for c in ("voice", "chat")]
    other = diff_rules(rules, rules_from_connect(connect_configuration(connect_documents()[:2]), CONNECT_POOLS), cells)
    assert set(other["after"]) == {"core (class 1)", "premium"}  # nobody serves loans any more
    assert proved(rules)
    path = tmp_path / "connect.json"
    path.write_text(json.dumps(connect_documents()), encoding="utf-8")
    found = todays_routing(path, pools=CONNECT_POOLS)
    assert found.rules is not None
    assert found.rules.rows.equals(rules.rows)
    assert "queue loans: no rule sends contacts there" not in configuration_diff(found, rules)
    assert todays_routing(path).rules is None  # without a scenario nobody knows whom a queue is for
    assert rules_from_connect(connect_configuration(connect_documents()), {"x": PoolFacts("voice")}) is None


def proved(rules) -> bool:
    contacts = pd.DataFrame({"contact_id": [str(k) for k in range(60)], "channel": ["voice", "chat", "fax"] * 20})
    contacts = contacts.assign(entry_reason=["fees", "loan"] * 30, segment=["gold", "basic", None] * 20)
    return all(prove(make_export(rules, fmt), contacts)[0].holds for fmt in ("dmn", "connect", "taskrouter", "csv"))


def test_differences_are_those_of_the_answers() -> None:
    before, after = random_rules(1, 6, TAME, False), random_rules(2, 6, TAME, False)
    cells = [(r, s, c) for r in TAME[:4] for s in TAME[:3] for c in TAME[:3]]
    volume = {cell: float(k) for k, cell in enumerate(cells)}
    found = diff_rules(before, after, cells, volume)
    old, new = answers_of(before.table, cells), answers_of(after.table, cells)
    assert len(found) == sum(old[cell] != new[cell] for cell in cells)
    assert (found["moved"] > 0).all()
    assert (found["moved"] <= 1 + 1e-9).all()
    weight = (found["moved"] * found["contacts"]).to_numpy()
    assert (np.diff(weight) <= 1e-9).all()
    assert diff_rules(before, before, cells).empty


def test_a_staged_rollout_gives_its_share_the_new_rules_and_keeps_contacts_in_their_group() -> None:
    new, today = random_rules(1, 5, TAME, False), random_rules(2, 5, TAME, True)
    contacts = random_contacts(3, 4000, TAME)
    some, more = staged(new, today, 0.1), staged(new, today, 0.3)
    last = max(rule.number for rule in new.table)
    treated, later = replay(some, contacts)["rule"] <= last, replay(more, contacts)["rule"] <= last
    assert treated.mean() == pytest.approx(0.1, abs=0.02)
    assert later.mean() == pytest.approx(0.3, abs=0.03)
    assert later[treated].all()
    names = ["pool", "priority", "channel_offer", "overflow_pool", "overflow_after_s"]
    assert replay(some, contacts).loc[treated, names].equals(replay(new, contacts).loc[treated, names])
    assert replay(some, contacts).loc[~treated, names].equals(replay(today, contacts).loc[~treated, names])
    for fmt in ("jdm", "dmn", "genesys", "taskrouter", "csv"):
        assert prove(make_export(some, fmt), contacts.head(500))[0].holds, fmt
    everybody = replay(staged(new, today, 1.0), contacts)
    assert everybody[names].equals(replay(new, contacts)[names])
    with pytest.raises(ValueError, match="share = 0"):
        staged(new, today, 0)


def test_pilots_have_the_size_that_shows_the_effect() -> None:
    """By simulation: with the answers asked for, the wanted power; without an effect, the error, harm rule included."""
    pilot = pilot_for(0.2, 1.0, 500.0, 0.2, 0.2, error=0.05, power=0.8)
    rng, runs = np.random.default_rng(1), 4000
    weeks, weekly = int(pilot.weeks), 500.0 * 0.2
    small, large = weekly * 0.2, weekly * 0.8
    assert pilot.answers == pytest.approx(weeks * small, rel=0.06)
    for effect, low, high in ((0.2, 0.78, 0.87), (0.0, 0.035, 0.065)):
        steps = rng.normal(effect, np.sqrt(1 / small + 1 / large), (runs, weeks))
        mean = steps.cumsum(axis=1) / np.arange(1, weeks + 1)
        z = mean / np.sqrt((1 / small + 1 / large) / np.arange(1, weeks + 1))
        harmed = (z[:, :-1] < -HARM_Z).any(axis=1)
        decided = ~harmed & (np.abs(z[:, -1]) > 1.96)
        assert low < (decided if effect else decided | harmed).mean() < high
    assert np.isinf(pilot_for(0.0, 1.0, 500.0, 0.2, 0.2).weeks)
    assert np.isinf(pilot_for(0.1, 1.0, 500.0, 0.0, 0.2).weeks)
    with pytest.raises(ValueError, match="share = 1"):
        pilot_for(0.1, 1.0, 500.0, 0.2, 1)
