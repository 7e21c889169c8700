"""Fewer rules: exact merging changes no decision, every step is evaluated, budgets are met."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.frontier.rules import rules_of
from planner.operation import FlowProblem
from planner.routing import RuleSet, make_export, prove
from planner.routing.answers import Answer, answers_of, blocks_of, make_answer, rows_needed, table_of
from planner.routing.areas import areas
from planner.routing.compress import Judge, compress, make_judge
from planner.routing.decision import routing_by_rules
from planner.routing.replay import replay
from solvers.flow.evaluate import evaluate
from solvers.flow.solution import Routing

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of, random_routing, write_center  # noqa: E402

REASONS, SEGMENTS, CHANNELS = ("a", "b", "c", "d"), ("x", "y", "z"), ("voice", "chat")
POOLS = {"voice": ("v1", "v2"), "chat": ("c1", "bot")}
PEOPLE = {"v1": True, "v2": True, "c1": True, "bot": False}
CELLS = list(itertools.product(REASONS, SEGMENTS, CHANNELS))


def random_answers(seed: int, kinds: int) -> dict[tuple[str, str, str], Answer]:
    """A few answers per channel, dealt out to cells."""
    rng = np.random.default_rng(seed)
    menu: dict[str, list[Answer]] = {}
    for channel, pools in POOLS.items():
        menu[channel] = []
        for _ in range(kinds):
            share = float(rng.choice([0.0, 0.25, 0.4, 1.0]))
            lanes = {(pools[0], int(rng.integers(2))): 1 - share, (pools[1], 0): share}
            offers = {None: 0.5, "chat": 0.5} if channel == "voice" and rng.random() < 0.4 else {None: 1.0}
            menu[channel].append(make_answer(offers, {k: v for k, v in lanes.items() if v > 0}))
    return {cell: menu[cell[2]][int(rng.integers(kinds))] for cell in CELLS}


@pytest.mark.parametrize("seed", range(12))
def test_exact_merging_keeps_every_answer_in_as_many_rows_as_it_says(seed: int) -> None:
    answers = random_answers(seed, 1 + seed % 3)
    blocks = blocks_of(answers, PEOPLE)
    rules = table_of(blocks, PEOPLE, "v1", "p")
    assert len(rules.rows) == rows_needed(blocks, PEOPLE)
    assert answers_of(rules.table, CELLS) == answers
    one_by_one = sum(answer.rows for answer in answers.values())
    assert len(rules.rows) <= one_by_one + 1
    unknown = replay(rules, pd.DataFrame({"contact_id": [str(k) for k in range(200)], "channel": "chat"}))
    assert set(unknown["pool"]) == {"c1"} or all(a.pools == {"bot"} for c, a in answers.items() if c[2] == "chat")
    contacts = pd.DataFrame(CELLS, columns=["entry_reason", "segment", "channel"]).assign(contact_id="7")
    assert all(p.holds for fmt in ("jdm", "dmn", "genesys") for p in prove(make_export(rules, fmt), contacts))


def test_shares_of_areas_are_what_buckets_decide() -> None:
    rules = table_of(blocks_of(random_answers(3, 3), PEOPLE), PEOPLE, "v1", "p")
    grid = (np.arange(50) + 0.5) / 50
    offers, pools = (side.ravel() for side in np.meshgrid(grid, grid))
    for reason, segment, channel in CELLS[:6]:
        facts = {"entry_reason": reason, "segment": segment, "channel": channel}
        seen = replay(rules, pd.DataFrame(facts | {"offer_bucket": offers, "pool_bucket": pools}))["rule"]
        found = {rule.number: part for rule, part in areas(rules.table, facts)}
        assert sum(found.values()) == pytest.approx(1.0)
        assert seen.value_counts(normalize=True).to_dict() == pytest.approx(found, abs=0.011)
    with pytest.raises(ValueError, match="no rule decides"):
        areas(rules.table[:1], {"channel": "fax"})


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> FlowProblem:
    return problem_of(write_center(tmp_path_factory.mktemp("small"), 3))


@pytest.fixture(scope="module")
def plan(problem: FlowProblem) -> tuple[RuleSet, Routing, Judge]:
    routing = random_routing(problem.network, np.random.default_rng(5))
    rules = RuleSet("p", rules_of(problem, routing))
    people = np.where(problem.network.pools.staffed[:, None], 30.0, 0.0) * np.ones(problem.network.profile.shape[1])
    wages = problem.network.pools.wage_per_h * people.sum(axis=1)
    return rules, routing, make_judge(problem, rules, people, wages, 5_000.0)


def test_rules_read_back_are_the_routing_they_came_from(
    problem: FlowProblem, plan: tuple[RuleSet, Routing, Judge]
) -> None:
    """Edges are rounded to 10,000ths; steers with one way between two channels come back as they were."""
    rules, routing, judge = plan
    back = routing_by_rules(problem, rules)
    assert np.allclose(back.split, routing.split, atol=2e-4)
    assert np.allclose(back.offer, routing.offer, atol=2e-4)
    used = routing.split > 1e-3
    pairs = set(zip(problem.network.split_pool[used], problem.network.split_kind[used], strict=True))
    ours = [
        p
        for p, pair in enumerate(zip(problem.network.pair_pool, problem.network.pair_kind, strict=True))
        if pair in pairs
    ]
    assert (back.priority[ours] == routing.priority[ours]).all()
    planned = evaluate(
        problem.network, problem.instance.promises, routing.with_people(judge.on_task), known_headroom=0.0
    )
    assert judge.evaluation(rules).cx == pytest.approx(planned.cx, abs=2e-4)


def misrouted(problem: FlowProblem, rules: RuleSet) -> list[tuple]:
    """Types that rules send to a pool of their channel that may not serve them."""
    network, found = problem.network, []
    splits = zip(network.split_kind, network.split_channel, network.split_pool, strict=True)
    allowed = {(problem.types[k], problem.channels[c], problem.pools[g]) for k, c, g in splits}
    for kind, channel in {(kind, channel) for kind, channel, _ in allowed}:
        facts = {"entry_reason": kind[0], "segment": kind[1], "channel": channel}
        used = [(kind, channel, rule.actions["pool"]) for rule, _ in areas(rules.table, facts)]
        found += [one for one in used if one not in allowed]
    return found


def test_budgets_are_met_and_every_step_is_the_evaluators(
    problem: FlowProblem, plan: tuple[RuleSet, Routing, Judge]
) -> None:
    rules, _, judge = plan
    whole = compress(judge, rules, 1000)
    assert whole.steps.empty
    assert whole.reached
    assert judge.evaluation(whole.rules).cx == pytest.approx(judge.evaluation(rules).cx, abs=1e-9)
    assert len(whole.rules.rows) == whole.exact_rows <= len(rules.rows)
    for most in (14, 10, 6):
        found = compress(judge, rules, most)
        assert found.reached
        assert len(found.rules.rows) <= most
        value, cx, cost = judge.value(found.rules)
        step = found.steps.iloc[-1]
        assert (cx, cost) == pytest.approx((step["cx"], step["cost"]), abs=1e-9)
        assert found.steps["loss"].sum() == pytest.approx(judge.value(whole.rules)[0] - value, abs=1e-6)
        assert found.steps["rows"].is_monotonic_decreasing
        assert not misrouted(problem, found.rules)
    assert not compress(judge, rules, 1).reached
    with pytest.raises(ValueError, match="most = 0"):
        compress(judge, rules, 0)
