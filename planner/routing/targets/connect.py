"""Rule sets as an Amazon Connect bundle: API requests in dependency order and the flow module that decides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from planner.routing.check import refuse
from planner.routing.columns import Columns
from planner.routing.pools import PoolFacts
from planner.routing.targets.bundle import Bundle, Job, as_json, not_carried
from planner.routing.targets.connect_flow import ACTIONS_MAX, CARRIES, flow_module, lint, walk
from planner.routing.targets.connect_model import model_faults, model_known

MODULE_FILE = "4-flow-module.json"
QUEUES_PER_CALL, DELAY_MAX = 10, 9999
CRITERIA_NAME_MAX = 64
_CHANNELS = {"live_voice": "VOICE", "live_chat": "CHAT", "deferred": "TASK", "automated": "CHAT"}


def export_connect(job: Job) -> Bundle:
    """Write queues, predefined attributes, routing profiles and the flow module, one request a file.

    Queues that have an id already exist and are not created again. An overflow pool's routing profile lists the queue
    it helps with the delay after which it may; the flow module sets priority, routing criteria and working queue and
    leaves offer and overflow as contact attributes for the flow that calls it.

    Raises
    ------
    PlanError
        With the list: what the API's own model forbids (names, lengths, ranges), more than 250 actions, text that the
        flow language would read as a path.
    """
    carries = tuple(name for name in CARRIES if name in ("rule", *job.rules.actions))
    refuse("Amazon Connect", [*_paths(job), *_overflow_faults(job), *_skill_faults(job)])
    content = flow_module(job, carries)
    if len(content["Actions"]) > ACTIONS_MAX:
        carries = tuple(name for name in carries if name != "rule")
        content = flow_module(job, carries)
    notes: list[str] = []
    requests = dict(_requests(job, content))
    faults = lint(content)
    for name, (operation, request) in requests.items():
        faults += [f"{name}: {fault}" for fault in model_faults(operation, request)]
    refuse("Amazon Connect", faults)
    files = {name: as_json({"operation": op, "request": request}) for name, (op, request) in requests.items()}
    if "rule" not in carries:
        notes = ["the number of the rule is left out, so that rules with the same actions share them"]
    lossy = [*notes, *not_carried(job, carries, "it stands in the routing profile of the pool"), *_notes(job)]
    checked = "module linted and walked by ours; requests checked against " + (
        "botocore's service model" if model_known() else "nothing: botocore is not installed (extra `connect`)"
    )
    return Bundle(files, carries, tuple(lossy), tuple(_unbound(job)), checked)


def _unbound(job: Job) -> list[str]:
    wanted = ("instance_id", "hours_of_operation_id", "default_outbound_queue_id")
    missing = [pool for pool in job.pools() if not job.binding.has("pools", pool)]
    return missing + [name for name in wanted if not job.binding.has("settings", name)]


def _notes(job: Job) -> list[str]:
    notes = []
    if any(rule.actions["overflow_pool"] for rule in job.table):
        notes.append(
            "overflow: a routing profile has one delay per queue, so the shortest overflow_after_s of the rules counts "
            "for all contacts of that queue; the rule's own stands in the attribute cx_overflow_after_s"
        )
    if any(rule.ranges for rule in job.table):
        notes.append(
            "offer_bucket, pool_bucket and value are contact attributes that the calling flow must set (a Lambda "
            "function computes a bucket from the contact's id: the first 52 bits of SHA-256 of `NAME|ID`)"
        )
    return notes


def _paths(job: Job) -> Iterator[str]:
    """Text that a flow would take for a reference."""
    for rule in job.table:
        texts = [name for wanted in rule.labels.values() for name in wanted]
        texts += [value for value in rule.actions.values() if isinstance(value, str)]
        for text in texts:
            if text.startswith("$.") or any(ord(char) < 32 for char in text):
                yield f"rule {rule.number}: {text!r} would be read as a path, or holds a control character"


def _skill_faults(job: Job) -> Iterator[str]:
    """The flow language takes shorter names than the API does."""
    for skill in _skills(job):
        if len(skill) > CRITERIA_NAME_MAX:
            yield f"skill {skill!r} has {len(skill)} characters; routing criteria take {CRITERIA_NAME_MAX}"


def _overflow_faults(job: Job) -> Iterator[str]:
    for rule in job.table:
        after = rule.actions["overflow_after_s"]
        if after is not None and (after != int(after) or after > DELAY_MAX):
            yield f"rule {rule.number}: overflow_after_s = {after:g} must be whole seconds up to {DELAY_MAX}"


def _requests(job: Job, content: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    setting = {name: job.binding.id("settings", name) for name in ("instance_id", "hours_of_operation_id")}
    instance: dict[str, Any] = {"InstanceId": setting["instance_id"]}
    new = [pool for pool in job.own_pools() if not job.binding.has("pools", pool)]
    for k, pool in enumerate(new, 1):
        request = {**instance, "Name": pool, "HoursOfOperationId": setting["hours_of_operation_id"]}
        yield f"1-queue-{k:02d}.json", ("CreateQueue", request)
    for k, skill in enumerate(_skills(job), 1):
        request = {**instance, "Name": skill, "Values": {"StringList": [skill]}, "Purposes": ["Routing"]}
        yield f"2-attribute-{k:02d}.json", ("CreatePredefinedAttribute", request)
    for k, pool in enumerate(job.own_pools(), 1):
        queues = list(_queue_configs(job, pool))
        profile = {
            **instance,
            "Name": pool,
            "Description": f"agents of {pool}, plan {job.rules.plan}"[:250],
            "DefaultOutboundQueueId": job.binding.id("settings", "default_outbound_queue_id"),
            "QueueConfigs": queues[:QUEUES_PER_CALL],
            "MediaConcurrencies": [_media(job, pool)],
        }
        yield f"3-routing-profile-{k:02d}.json", ("CreateRoutingProfile", profile)
        for part in range(QUEUES_PER_CALL, len(queues), QUEUES_PER_CALL):
            more = {
                **instance,
                "RoutingProfileId": f"<routing profile: {pool}>",
                "QueueConfigs": queues[part : part + QUEUES_PER_CALL],
            }
            name = f"3-routing-profile-{k:02d}-more-{part // QUEUES_PER_CALL}.json"
            yield name, ("AssociateRoutingProfileQueues", more)
    module = {
        **instance,
        "Name": f"routing rules {job.rules.plan} {job.platform}",
        "Description": f"run {job.manifest_hash}",
        "Content": json.dumps(content, ensure_ascii=False),
    }
    yield MODULE_FILE, ("CreateContactFlowModule", module)


def _skills(job: Job) -> list[str]:
    return list(dict.fromkeys(str(rule.actions["skill"]) for rule in job.table if rule.actions.get("skill")))


def _queue_configs(job: Job, pool: str) -> Iterator[dict[str, Any]]:
    """The pool's own queue first, then those it helps after a delay."""
    channel = _channel(job, pool)
    own = {"QueueId": job.binding.id("pools", pool), "Channel": channel}
    yield {"QueueReference": own, "Priority": 1, "Delay": 0}
    helped: dict[str, int] = {}
    for rule in job.table:
        if rule.actions["overflow_pool"] == pool and rule.actions["pool"] != pool:
            source, after = str(rule.actions["pool"]), int(rule.actions["overflow_after_s"])
            helped[source] = min(after, helped.get(source, after))
    for source, after in helped.items():
        reference = {"QueueId": job.binding.id("pools", source), "Channel": channel}
        yield {"QueueReference": reference, "Priority": 2, "Delay": after}


def _channel(job: Job, pool: str) -> str:
    facts = job.facts.get(pool, PoolFacts())
    return job.binding.value("channel", facts.channel) if facts.channel in _bound(job) else _CHANNELS[facts.discipline]


def _bound(job: Job) -> Mapping[str, str]:
    return job.binding.ids.get("channels", {})


def _media(job: Job, pool: str) -> dict[str, Any]:
    channel = _channel(job, pool)
    caps = [rule.actions.get("concurrency_cap") for rule in job.table if rule.actions["pool"] == pool]
    given = [int(cap) for cap in caps if cap is not None]
    cap = min(given) if given else job.facts.get(pool, PoolFacts()).concurrency
    return {"Channel": channel, "Concurrency": 1 if channel == "VOICE" else cap}


def run_connect(files: Mapping[str, str], columns: Columns, job: Job) -> list[Mapping[str, Any]]:
    """Walk every contact through the module's content, as it stands in the request."""
    return walk(json.loads(json.loads(files[MODULE_FILE])["request"]["Content"]), columns, job)
