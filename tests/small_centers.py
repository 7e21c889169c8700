"""Small random centers, stated in full: two segments, voice, chat, e-mail and a bot that escalates; two short days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import planner
from planner.demand import demand_for
from planner.experience import model_for
from planner.operation import FlowProblem, build_problem
from solvers.errors import NoSolution
from solvers.flow.covering import day_covers
from solvers.flow.decode import even_split, normalize_split, priorities, snap_offers
from solvers.flow.master import Master
from solvers.flow.network import FlowNetwork
from solvers.flow.solution import Instance, Routing, Solution, judge
from solvers.flow.staff import route_and_staff

DAYS, INTERVALS = 2, 5
ROOT = Path(__file__).resolve().parents[1]


def write_center(folder: Path, seed: int, links: bool = False) -> Path:
    """Write a random scenario and its demand; the same seed writes the same files.

    With `links` the partner is on the phone team's platform, and both may send each other contacts.
    """
    rng = np.random.default_rng([seed, 7])

    def some(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 3)

    def crew(heads: int) -> dict:
        return {
            "heads": heads,
            "contract_h_per_week": some(12, 20),
            "days_per_week": 5,
            "min_rest_h": 11,
            "overtime_h_per_week_max": some(3, 8),
            "overtime_premium": 0.5,
            "hires_max": 60,
            "cost_per_hire": some(200, 900),
        }

    def people(channel: str, discipline: str, heads: int, **more) -> dict:
        return {
            "kind": "human",
            "channel": channel,
            "discipline": discipline,
            "wage_per_h": some(20, 40),
            "shrinkage": some(0.1, 0.35),
            "occupancy_max": some(0.75, 0.95),
            "shifts": ["long", "short"],
            "roster": crew(heads),
            **more,
        }

    def curve(channel: str) -> dict:
        knots = np.cumsum(rng.uniform(20, 150, 3)).round().tolist()
        return {"channel": channel, "wait_s": [0, *knots], "loss": [0, 0, some(0.1, 0.5), some(0.6, 1.2)]}

    document = {
        "version": 1,
        "name": f"small_{seed}",
        "horizon": {"start": "2026-01-05", "days": DAYS, "opens": "09:00", "closes": "14:00", "interval_min": 60},
        "demand": {"source": "demand.csv", "uncertainty": 0.05},
        "segments": {"gold": {}, "basic": {}},
        "reasons": {"order": {}, "fault": {}},
        "channels": {
            "voice": {"patience_s": some(60, 400), "redial": some(0.2, 0.7)},
            "chat": {"patience_s": some(60, 400), "redial": some(0.0, 0.5)},
            "email": {},
            "bot": {},
        },
        "experience": {
            "metric": "csat",
            "scale": [1, 5],
            "score_given_up": some(1.6, 2.2),
            "score_abandoned": some(1.1, 1.5),
            "give_up_share": some(0.0, 0.4),
            "effort_per_extra_contact": some(0.0, 0.1),
            "outcomes": [
                {"channel": "voice", "aht_s": some(200, 500), "score": some(3.8, 4.4), "p_return": some(0.05, 0.2)},
                {"channel": "chat", "aht_s": some(300, 700), "score": some(3.5, 4.3), "p_return": some(0.05, 0.25)},
                {"channel": "email", "aht_s": some(300, 700), "score": some(3.2, 4.0), "p_return": some(0.1, 0.3)},
                {"channel": "bot", "score": some(3.2, 4.2), "p_return": 0.1, "p_escalate": some(0.15, 0.5)},
                {"reason": "fault", "channel": "bot", "score": 3.0, "p_escalate": 0.6},
                {"segment": "gold", "channel": "voice", "score": some(4.0, 4.6)},
                {"pool": "partner", "aht_s": some(300, 600), "score": some(3.3, 4.0), "p_return": 0.2},
                {"channel": "voice", "stage": "escalated", "score": 3.4, "aht_s": some(400, 700)},
                {"channel": "voice", "stage": "returned", "score": 3.6},
            ],
            "wait_loss": [curve("voice"), curve("chat")],
        },
        "shifts": {
            "long": {
                "length_h": 5,
                "starts": {"first": "09:00", "last": "09:00", "every_min": 60},
                "breaks": [{"after_h": int(rng.integers(2, 4)), "length_min": 60}],
            },
            "short": {"length_h": 3, "starts": {"first": "09:00", "last": "11:00", "every_min": 60}},
        },
        "pools": {
            "phone": people("voice", "live_voice", 8),
            "partner": people(
                "voice", "live_voice", 4, kind="vendor", platform="partner", cost_per_contact=0.4, reasons=["order"]
            ),
            "desk": people("chat", "live_chat", 4, chat={"total_speed": [1, some(1.3, 1.7), some(1.8, 2.2)]}),
            "office": people("email", "deferred", 3, deadline_h=some(5, 9)),
            "robot": {
                "kind": "automated",
                "channel": "bot",
                "discipline": "automated",
                "cost_per_contact": 0.3,
                "fixed_cost": 20,
                "max_contacts_per_interval": 90,
            },
        },
        "escalations": [{"from_channel": "bot", "to_channel": "voice"}, {"from_channel": "bot", "to_channel": "chat"}],
        "steers": {
            "to_chat": {
                "from_channel": "voice",
                "to_channel": "chat",
                "offered_at": "menu",
                "acceptance": some(0.2, 0.6),
                "cost_per_offer": 0.05,
            },
            "to_bot": {
                "from_channel": "voice",
                "to_channel": "bot",
                "offered_at": "menu",
                "reasons": ["order"],
                "acceptance": some(0.2, 0.5),
                "cost_per_offer": 0.02,
            },
            "form": {
                "from_channel": "email",
                "to_channel": "chat",
                "offered_at": "form",
                "acceptance": 0.4,
                "cost_per_offer": 0.01,
            },
        },
        "promises": {
            "phone": {"pools": ["phone", "partner"], "measure": "service_level", "target": 0.7, "period": "week"},
            "chat": {"pools": ["desk"], "measure": "abandon_rate", "target": 0.1, "period": "day"},
            "mail": {"pools": ["office"], "measure": "deadline_kept", "target": 0.9, "period": "week"},
        },
        "limits": {
            "seats": {"site": {"pools": ["phone", "desk", "office"], "max": 80}},
            "abandon_rate_max": 0.25,
            "budget_max": 60000,
        },
        "today": {"staffing": "staffing.csv", "routing": "routing.csv"},
        "frontier": {"headroom_levels": [0, 0.2], "priority_classes": 2},
    }
    if links:
        document["pools"]["partner"]["platform"] = "main"
        both = ("phone", "partner")
        document["overflow"] = [{"from_pool": a, "to_pool": b} for a, b in (both, both[::-1])]
    rows = ["interval_start,reason,channel,segment,contacts"]
    for day in range(DAYS):
        for hour in range(INTERVALS):
            for reason in ("order", "fault"):
                for channel, size in (("voice", 14), ("chat", 8), ("email", 5), ("bot", 9)):
                    for segment, weight in (("gold", 0.4), ("basic", 1.0)):
                        count = round(size * weight * float(rng.uniform(0.4, 1.6)), 2)
                        rows.append(f"2026-01-{5 + day:02d} {9 + hour:02d}:00,{reason},{channel},{segment},{count}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demand.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    lines = [
        f"{day},{9 + k:02d}:00,{pool},9"
        for day in range(DAYS)
        for k in range(INTERVALS)
        for pool in ("phone", "partner", "desk", "office")
    ]
    (folder / "staffing.csv").write_text("\n".join(["weekday,time,pool,scheduled", *lines]) + "\n", encoding="utf-8")
    routes = [
        f"{r},{s},{c},{p},1"
        for r in ("order", "fault")
        for s in ("gold", "basic")
        for c, p in (("voice", "phone"), ("chat", "desk"), ("email", "office"), ("bot", "robot"))
    ]
    (folder / "routing.csv").write_text(
        "\n".join(["reason,segment,channel,pool,share", *routes]) + "\n", encoding="utf-8"
    )
    path = folder / "center.yaml"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


def problem_of(path: Path, *overrides: str) -> FlowProblem:
    """The flow network of a stated scenario."""
    scenario = planner.load_scenario(path, overrides)
    experience = model_for(scenario, None, seed=1)
    return build_problem(scenario, experience, demand_for(scenario, None, experience))


class OpenMaster(Master):
    """A master that keeps its Pyomo model, `model`, with every column and row."""

    def _compile(self, model) -> None:
        self.model = model
        super()._compile(model)


def open_master(instance: Instance) -> OpenMaster:
    """The master of an instance with its model."""
    return OpenMaster(
        instance.network, instance.limits, instance.payroll, list(instance.catalogues), instance.pins, instance.doubt
    )


def random_routing(network: FlowNetwork, rng: np.random.Generator, classes: int = 2) -> Routing:
    """Offers that respect "one offer each", shares with a few zeros, sometimes priority classes."""
    steered = network.nodes.steer >= 0
    wish = np.where(steered, rng.uniform(0, 1, len(steered)) * (rng.random(len(steered)) < 0.7), 0.0)
    share = rng.uniform(0, 1, len(network.split_kind)) * (rng.random(len(network.split_kind)) < 0.8)
    split = normalize_split(network, share, even_split(network))
    routing = Routing(snap_offers(network, wish, None), split, np.zeros(len(network.pair_pool), dtype=np.int64))
    if classes > 1 and rng.random() < 0.5:
        routing = Routing(routing.offer, routing.split, priorities(network, routing, classes))
    return routing


def random_plans(instance: Instance, seed: int, count: int) -> list[Solution]:
    """Judged plans: staffed for some headroom, then a few people more or fewer on some shifts."""
    rng = np.random.default_rng([seed, 13])
    covers, plans = day_covers(instance), []
    for _ in range(count):
        routing = random_routing(instance.network, rng)
        margin = rng.uniform(0, 0.4, len(instance.network.pools.queue)) * (rng.random() < 0.5)
        try:
            routing, people = route_and_staff(instance, routing, float(rng.uniform(0, 0.5)), covers, margin=margin)
        except NoSolution:
            continue
        if rng.random() < 0.4:
            people = tuple(
                None if p is None else np.maximum(0, p + rng.integers(-1, 2, p.shape) * (rng.random(p.shape) < 0.3))
                for p in people
            )
        plans.append(judge(instance, routing, people, "search"))
    return plans


def write_one_pool(folder: Path, *, p_return: float, redial: float, patience_s: float | None = 60) -> Path:
    """Write one voice pool with 1,000 contacts in each of two hours, no roster, no promise and a cap of 1."""
    document = {
        "version": 1,
        "name": "one_pool",
        "horizon": {"start": "2026-01-05", "days": 1, "opens": "09:00", "closes": "11:00", "interval_min": 60},
        "demand": {"source": "demand.csv", "uncertainty": 0.0},
        "segments": {"all": {}},
        "reasons": {"order": {}},
        "channels": {"voice": {"patience_s": patience_s, "redial": redial}},
        "experience": {
            "metric": "csat",
            "scale": [1, 5],
            "score_given_up": 2,
            "score_abandoned": 1.5,
            "outcomes": [{"channel": "voice", "aht_s": 300, "score": 4.2, "p_return": p_return}],
            "wait_loss": [{"channel": "voice", "wait_s": [0, 20, 90, 240], "loss": [0, 0, 0.5, 0.9]}],
        },
        "shifts": {"two": {"length_h": 2, "starts": {"first": "09:00", "last": "09:00", "every_min": 60}}},
        "pools": {
            "phone": {
                "kind": "human",
                "channel": "voice",
                "discipline": "live_voice",
                "wage_per_h": 30,
                "shrinkage": 0.0,
                "occupancy_max": 1.0,
                "shifts": ["two"],
            }
        },
        "limits": {"abandon_rate_max": 0.25},
        "today": {"staffing": "staffing.csv", "routing": "routing.csv"},
    }
    tables = {
        "demand.csv": "interval_start,reason,channel,segment,contacts\n"
        "2026-01-05 09:00,order,voice,all,1000\n2026-01-05 10:00,order,voice,all,1000\n",
        "staffing.csv": "weekday,time,pool,scheduled\n0,09:00,phone,130\n0,10:00,phone,130\n",
        "routing.csv": "reason,segment,channel,pool,share\norder,all,voice,phone,1\n",
        "center.yaml": json.dumps(document),
    }
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "center.yaml"


def one_pool_plan(instance: Instance, people: int) -> Solution:
    """Judge so many people for the two hours."""
    network = instance.network
    routing = Routing(np.zeros(len(network.nodes.kind)), np.ones(1), np.zeros(1, dtype=np.int64))
    return judge(instance, routing, (np.array([[people]]),), "search")


ADVISERS = """\
  advisers:
    kind: human
    channel: voice
    discipline: live_voice
    reasons: [fault]
    wage_per_h: 44
    cost_per_contact: 0.3
    shrinkage: 0
    occupancy_max: 0.9
    shifts: [morning]
"""


def write_linked(folder: Path) -> Path:
    """Write the toy with a second voice pool, better and slower with the one reason it serves, and links both ways."""
    text = (ROOT / "scenarios" / "minimal.yaml").read_text(encoding="utf-8")
    links = "overflow: [{from_pool: phone, to_pool: advisers}, {from_pool: advisers, to_pool: phone}]\n\n"
    own = "    - {pool: advisers, aht_s: 400, score: 4.6, p_return: 0.06}\n  wait_loss:"
    changes = {"  desk:\n": ADVISERS + "  desk:\n", "steers:": links + "steers:", "  wait_loss:": own}
    return _write_changed(text, changes, folder / "linked.yaml")


def _write_changed(text: str, changes: Mapping[str, str], path: Path) -> Path:
    """Write a scenario of the house with pieces of its text replaced, its tables where they are."""
    for old, new in {**changes, "data/": f"{ROOT / 'scenarios' / 'data'}/"}.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


TEAM = """\
  team:
    kind: human
    channel: voice
    discipline: live_voice
    wage_per_h: 34
    shrinkage: 0
    occupancy_max: 0.85
    shifts: [full, part]
    roster: {heads: 6, contract_h_per_week: 36, days_per_week: 5, hires_max: 9, cost_per_hire: 4000}
"""


def write_team(folder: Path) -> Path:
    """Write the week with a short Saturday with a second phone team that has no shift on it, and links both ways."""
    text = (ROOT / "scenarios" / "weekdays.yaml").read_text(encoding="utf-8")
    links = "overflow: [{from_pool: phone, to_pool: team}, {from_pool: team, to_pool: phone}]\n\n"
    changes = {
        "  mail:\n": TEAM + "  mail:\n",
        "steers:": links + "steers:",
        "pools: [phone], measure": "pools: [phone, team], measure",
    }
    return _write_changed(text, changes, folder / "team.yaml")


def random_overflow(network: FlowNetwork, rng: np.random.Generator) -> np.ndarray:
    """Shares by link and interval, half of them 0; those of one pool sum to at most 1."""
    count, intervals = len(network.overflow_from), network.profile.shape[1]
    share = rng.uniform(0, 1, (count, intervals)) * (rng.random((count, intervals)) < 0.5)
    links = np.bincount(network.overflow_from, minlength=len(network.pools.queue))[network.overflow_from]
    return share / links[:, None]
