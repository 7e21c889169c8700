"""What happens at and past the documented limits of each target system."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from planner.errors import PlanError
from planner.routing import RuleSet, make_export
from planner.routing.binding import Binding
from planner.routing.targets.connect import QUEUES_PER_CALL
from planner.routing.targets.connect_flow import ACTIONS_MAX, lint
from planner.routing.targets.connect_model import model_faults
from planner.routing.targets.salesforce import developer_name
from planner.routing.targets.zendesk import percentages

ROW = {
    "entry_reason": "*", "channel": "*", "segment": "*", "offer_from": 0.0, "offer_to": 1.0, "pool_from": 0.0,
    "pool_to": 1.0, "pool": "phone", "priority": 0, "channel_offer": None, "overflow_pool": None,
    "overflow_after_s": None, "why": "",
}  # fmt: skip


def rules_for(*rows: dict) -> RuleSet:
    frame = pd.DataFrame([ROW | {"rule": k} | row for k, row in enumerate([*rows, {}], 1)])
    return RuleSet("p1", frame.astype(object).where(frame.notna(), None))


def files_of(fmt: str, *rows: dict, binding: Binding | None = None) -> dict[str, str]:
    return dict(make_export(rules_for(*rows), fmt, binding=binding).bundles["main"].files)


def request_of(files: dict[str, str], name: str) -> dict:
    return json.loads(files[name])["request"]


@pytest.mark.parametrize(
    ("fits", "too_much", "message"),
    [
        ({"pool": "q" * 127}, {"pool": "q" * 128}, "Name has 128 characters; at most 127"),
        ({"skill": "s" * 64}, {"skill": "s" * 65}, "has 65 characters; routing criteria take 64"),
        (
            {"overflow_pool": "b", "overflow_after_s": 9999.0},
            {"overflow_pool": "b", "overflow_after_s": 10000.0},
            "overflow_after_s = 10000 must be whole seconds up to 9999",
        ),
        (
            {"overflow_pool": "b", "overflow_after_s": 7.0},
            {"overflow_pool": "b", "overflow_after_s": 7.5},
            "overflow_after_s = 7.5 must be whole",
        ),
        ({"concurrency_cap": 10, "pool": "chats"}, {"concurrency_cap": 11, "pool": "chats"}, "Concurrency has 11"),
        ({"channel_offer": "$x"}, {"channel_offer": "$.x"}, "would be read as a path"),
        ({"entry_reason": "a b"}, {"entry_reason": "a\nb"}, "control character"),
    ],
)
def test_connect_names_and_numbers_at_and_past_the_limit(fits: dict, too_much: dict, message: str) -> None:
    binding = Binding({"channels": {"": "CHAT"}})
    assert files_of("connect", fits, binding=binding)
    with pytest.raises(PlanError, match=message):
        files_of("connect", too_much, binding=binding)


def test_connect_action_cap_is_met_by_sharing_and_then_refused() -> None:
    def split(count: int) -> list[dict]:
        return [{"entry_reason": f"r{k}", "priority": k % 3, "pool": f"q{k % 5}"} for k in range(count)]

    content = json.loads(request_of(files_of("connect", *split(60)), "4-flow-module.json")["Content"])
    assert len(content["Actions"]) <= ACTIONS_MAX
    assert lint(content) == []
    made = make_export(rules_for(*split(240)), "connect").bundles["main"]
    assert "rule" not in made.carries
    assert any("number of the rule is left out" in line for line in made.lossy)
    with pytest.raises(PlanError, match=r"\d+ actions; a flow takes 250: fewer rules \(--max-rules\)"):
        files_of("connect", *[row | {"channel_offer": f"offer {k}"} for k, row in enumerate(split(260))])


def test_connect_routing_profiles_take_ten_queues_a_call_and_the_rest_after() -> None:
    rows = [
        {"pool": f"q{k}", "entry_reason": f"r{k}", "overflow_pool": "help", "overflow_after_s": 5.0} for k in range(12)
    ]
    files = files_of("connect", *rows)
    profiles = {name: request_of(files, name) for name in files if name.startswith("3-")}
    main = next(p for p in profiles.values() if p.get("Name") == "help")
    more = [p for p in profiles.values() if "RoutingProfileId" in p]
    assert len(main["QueueConfigs"]) == QUEUES_PER_CALL
    assert [len(p["QueueConfigs"]) for p in more] == [3]
    assert {c["Delay"] for c in main["QueueConfigs"][1:]} == {5}
    assert all(c["Priority"] in (1, 2) for c in main["QueueConfigs"])


def test_what_botocore_leaves_out_is_found() -> None:
    pytest.importorskip("botocore", reason="botocore is not installed")
    queue = {"QueueReference": {"QueueId": "q", "Channel": "FAX"}, "Priority": 100, "Delay": 10000}
    request = {
        "InstanceId": "i", "Name": "n" * 128, "Description": "d" * 251, "DefaultOutboundQueueId": "q",
        "QueueConfigs": [queue] * 11, "MediaConcurrencies": [{"Channel": "VOICE", "Concurrency": 11}],
    }  # fmt: skip
    text = "\n".join(model_faults("CreateRoutingProfile", request))
    for fault in ("'FAX' is none of VOICE", "Priority has 100", "Delay has 10000", "QueueConfigs has 11 items",
                  "Name has 128 characters", "Description has 251 characters", "Concurrency has 11"):  # fmt: skip
        assert fault in text
    assert "HoursOfOperationId" in "\n".join(model_faults("CreateQueue", {"InstanceId": "i", "Name": "n"}))
    values = {"InstanceId": "i", "Name": "n", "Values": {"StringList": ["v" * 101] * 501}, "Purposes": ["p"] * 11}
    text = "\n".join(model_faults("CreatePredefinedAttribute", values))
    assert "StringList has 501 items" in text
    assert "has 101 characters" in text
    assert "Purposes has 11 items" in text
    assert any("Content has 256001" in f for f in model_faults(
        "CreateContactFlowModule", {"InstanceId": "i", "Name": "n", "Content": "x" * 256001}))  # fmt: skip


def test_the_linter_finds_what_a_contact_would_fall_into() -> None:
    content = json.loads(
        request_of(files_of("connect", {"entry_reason": "a", "pool": "b"}), "4-flow-module.json")["Content"]
    )
    assert lint(content) == []
    broken = json.loads(json.dumps(content))
    broken["Actions"][0]["Identifier"] = "a" * 51
    broken["Actions"].append({"Identifier": "toString", "Type": "Compare", "Parameters": {}, "Transitions": {}})
    text = "\n".join(lint(broken))
    for fault in ("longer than 50", "'toString'", "leads nowhere", "is never reached", "which does not exist"):
        assert fault in text


def test_genesys_takes_ten_decimals_and_twenty_texts() -> None:
    assert files_of("genesys", {"pool_from": 0.1234567891})
    with pytest.raises(PlanError, match="0.12345678912 has more than 10 decimals"):
        files_of("genesys", {"pool_from": 0.12345678912})
    from planner.routing.targets import genesys

    names = [f"f{k}" for k in range(40)]
    inputs = [(name, "segment" if k == 0 else name, "Equals") for k, name in enumerate(names)]
    with pytest.raises(PlanError, match="41 attributes; a table takes 30"):
        genesys._check_limits(genesys_job(), inputs, ["rule"])


def genesys_job() -> object:
    return make_export(rules_for(), "genesys").jobs["main"]


def test_genesys_ranges_take_two_columns_and_several_names_several_rows() -> None:
    files = files_of("genesys", {"entry_reason": ("a", "b"), "segment": ("x", "y", "z"), "value_from": 5.0})
    table, rows = json.loads(files["2-decision-table.json"]), json.loads(files["3-rows.json"])
    comparators = [column["expression"]["comparator"] for column in table["columns"]["inputs"]]
    assert comparators == ["Equals", "Equals", "GreaterThanOrEquals", "LessThan"]
    assert len(rows) == 7
    assert [row["rowIndex"] for row in rows] == list(range(1, 8))
    assert {queue["scoringMethod"] for queue in json.loads(files["0-queues.json"])} == {"PriorityOnly"}


def test_zendesk_splits_into_five_subqueues_of_whole_percents() -> None:
    def split(parts: int) -> list[dict]:
        ends = [k / parts for k in range(parts + 1)]
        return [
            {"entry_reason": "a", "pool": f"q{k}", "pool_from": ends[k], "pool_to": ends[k + 1]} for k in range(parts)
        ]

    files = files_of("zendesk", *split(3))
    queue = json.loads(files["queue-001.json"])["queue"]
    assert [sub["percentage"] for sub in queue["subqueues"]] == [34, 33, 33]
    assert any("rounded to [34, 33, 33] percent" in line for line in make_export(rules_for(*split(3)), "zendesk").lossy)
    assert len(json.loads(files_of("zendesk", *split(5))["queue-001.json"])["queue"]["subqueues"]) == 5
    with pytest.raises(PlanError, match="6 pools share them; a queue is split into 5"):
        files_of("zendesk", *split(6))
    assert percentages([0.005, 0.005, 0.99]) == [1, 0, 99]
    assert "value of rule 1 is left out" in "\n".join(make_export(rules_for({"value_to": 3.0}), "zendesk").lossy)


def test_salesforce_has_five_outputs_and_developer_names() -> None:
    made = make_export(rules_for({"skill": "loans", "level": 2}), "salesforce")
    assert any("skill of rule 1 is not in these files: a decision table has 5 outputs" in line for line in made.lossy)
    head = made.files["decision-table.csv"].splitlines()[0]
    assert head == "sequence,pool,priority,channel_offer,overflow_pool,overflow_after_s"
    assert developer_name("9 Überweisung // x_") == "Q_9_berweisung_x"
    assert len(developer_name("a" * 200)) == 80
    with pytest.raises(PlanError, match="is another pool's; rename one"):
        files_of("salesforce", {"entry_reason": "a", "pool": "p-1"}, {"entry_reason": "b", "pool": "p 1"})
    config = make_export(rules_for(), "salesforce").files["queueRoutingConfigs/phone_0.queueRoutingConfig"]
    assert "<capacityPercentage>100</capacityPercentage>" in config
    assert "capacityWeight" not in config
    assert "<routingPriority>1</routingPriority>" in config


def test_taskrouter_keys_and_texts() -> None:
    assert files_of("taskrouter", {"entry_reason": "it's"})
    with pytest.raises(PlanError, match="it holds both quotes, a backslash or a control character"):
        files_of("taskrouter", {"entry_reason": 'it\'s "x"'})
    with pytest.raises(PlanError, match="'contact-reason' of entry_reason must be letters"):
        files_of("taskrouter", {"entry_reason": "a"}, binding=Binding({"facts": {"entry_reason": "contact-reason"}}))
    routing = json.loads(
        files_of("taskrouter", {"priority": 2, "overflow_pool": "b", "overflow_after_s": 30.0})["workflow.json"]
    )
    first = routing["task_routing"]["filters"][0]
    assert first["targets"] == [
        {"queue": "<pool: phone>", "priority": 0, "timeout": 30.0}, {"queue": "<pool: b>", "priority": 0},
    ]  # fmt: skip
    assert routing["task_routing"]["filters"][1]["targets"][0]["priority"] == 2
    assert routing["task_routing"]["default_filter"] == {"queue": "<pool: phone>"}


def test_dmn_refuses_what_engines_read_differently() -> None:
    assert files_of("dmn", {"entry_reason": "it's, (x) / ü 日本"})
    for name in ('say "hi"', "back\\slash", "new\nline", "\x00"):
        with pytest.raises(PlanError, match="cannot be written in DMN"):
            files_of("dmn", {"entry_reason": name})
