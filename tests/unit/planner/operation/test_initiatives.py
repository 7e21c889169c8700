"""A network under initiatives: against the same center stated anew, and against its own balance."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of, random_plans, write_center  # noqa: E402

from planner.errors import ScenarioError  # noqa: E402
from planner.frontier.tables import demand_table  # noqa: E402
from planner.operation import portfolio_problems, rebuilt, under_initiatives  # noqa: E402
from solvers.flow.evaluate import evaluate  # noqa: E402
from solvers.flow.master import Master  # noqa: E402
from solvers.flow.solution import judge  # noqa: E402

FIX, GUIDE, TOOL = "fix", "guide", "tool"
INITIATIVES = {
    FIX: {"cost": 70, "effects": [{"reasons": ["order"], "volume": -0.2}, {"channels": ["voice"], "volume": -0.1}]},
    GUIDE: {"cost": 40, "effects": [{"pools": ["phone"], "handle_time": -0.1, "unresolved": -0.25, "score": 0.2}]},
    TOOL: {
        "cost": 25,
        "effects": [
            {"handle_time": -0.05, "channels": ["voice"]},
            {"channels": ["bot"], "escalated": -0.4},
            {"segments": ["gold"], "reasons": ["fault"], "score": -0.1},
        ],
    },
}


def center(folder: Path, seed: int, change=None) -> Path:
    path = write_center(folder, seed)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["initiatives"] = INITIATIVES
    if change:
        change(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_effects_equal_the_center_stated_anew(tmp_path: Path) -> None:
    """Handle times, scores and shares that return, written by hand into the stated outcomes, give the same plans."""
    plain = problem_of(center(tmp_path / "a", 2))
    problem = under_initiatives(plain, (GUIDE, TOOL))

    def state(document: dict) -> None:
        rows = []
        comeback = 1 - document["experience"]["give_up_share"]
        stages = ("first", "redialed", "returned", "escalated")
        flows, nodes = plain.network.flows, plain.network.nodes
        for f, n in enumerate(flows.node):
            if nodes.steer[n] >= 0:
                continue
            reason, segment = plain.types[nodes.kind[n]]
            pool, stage = plain.pools[flows.pool[f]], stages[nodes.stage[n]]
            aht, score = float(flows.aht_s[f]), float(flows.score[f])
            unresolved, escalate = 1 - float(flows.resolve[f]), float(flows.escalate[f])
            aht *= {"phone": 0.9 * 0.95, "partner": 0.95}.get(pool, 1.0)
            unresolved *= 0.75 if pool == "phone" else 1.0
            escalate *= 0.6 if pool == "robot" else 1.0
            score += (0.2 if pool == "phone" else 0.0) - (0.1 if (reason, segment) == ("fault", "gold") else 0.0)
            row = {"reason": reason, "segment": segment, "pool": pool, "stage": stage, "score": score}
            row |= {"p_escalate": escalate, "p_return": unresolved * comeback}
            rows.append(row | ({"aht_s": aht} if aht > 0 else {}))
        document["experience"]["outcomes"] = rows

    again = problem_of(center(tmp_path / "b", 2, state))
    for k, plan in enumerate(random_plans(plain.instance, 4, 6)):
        routing = dataclasses.replace(plan.routing, offer=plan.routing.offer * (k % 2))
        mine = judge(problem.instance, routing, plan.staffing.people, "search")
        other = judge(again.instance, routing, plan.staffing.people, "search")
        here, there = mine.evaluation, other.evaluation
        np.testing.assert_allclose(here.state.volume, there.state.volume, rtol=1e-9, atol=1e-9)
        assert mine.cost - 65 == pytest.approx(other.cost, rel=1e-12)
        assert here.headroom == pytest.approx(there.headroom, abs=2e-5)
        if k % 2 == 0:  # nobody moves, whose score is another matter
            np.testing.assert_allclose(here.cx_segment, there.cx_segment, atol=1e-9)


def test_prevented_issues_leave_the_mix_of_experience_as_it_was(tmp_path: Path) -> None:
    """20 % of orders and 10 % of all that come by voice never arise; with endless staff CX per type decides alone."""
    plain = problem_of(center(tmp_path, 1))
    problem = under_initiatives(plain, (FIX,))
    before, after = plain.network, problem.network
    arrivals = before.issues[:, None] * before.natural
    voice = plain.channels.index("voice")
    for kind, (reason, _) in enumerate(plain.types):
        expected = arrivals[kind] * (0.8 if reason == "order" else 1.0)
        expected[voice] *= 0.9
        np.testing.assert_allclose(after.issues[kind] * after.natural[kind], expected, rtol=1e-12)
    np.testing.assert_allclose(after.counted_issues, before.issues, rtol=1e-12)
    for plan in random_plans(plain.instance, 2, 4):
        here = evaluate(after, problem.instance.promises, _crowd(problem, plan))
        there = evaluate(before, plain.instance.promises, _crowd(plain, plan))
        share = np.bincount(before.segment, before.issues) / before.issues.sum()
        assert here.cx == pytest.approx(float(here.cx_segment @ share), abs=1e-12)
        # Nobody waits: what is left of the difference is the mix of channels within a type.
        assert here.cx == pytest.approx(there.cx, abs=0.03)
        assert here.variable_cost - 70 < there.variable_cost


def _crowd(problem, plan):
    network = problem.network
    people = np.where(network.pools.staffed[:, None], 400.0, 0.0) * np.ones((1, network.profile.shape[1]))
    return plan.routing.with_people(people)


def test_balance_holds_under_every_portfolio(tmp_path: Path) -> None:
    """Exactly one contact of each issue is its last, whatever the initiatives scale."""
    plain = problem_of(center(tmp_path, 3))
    problems = portfolio_problems(plain)
    assert [p.initiatives for p in problems][:4] == [(), (FIX,), (GUIDE,), (TOOL,)]
    assert len(problems) == 8
    assert problems[0] is plain
    plan = random_plans(plain.instance, 5, 1)[0]
    for problem in problems:
        network = problem.network
        state = judge(problem.instance, plan.routing, plan.staffing.people, "search").evaluation.state
        lost = state.lost[network.flows.pair] * state.volume
        gone = lost * (1 - network.pools.redial[network.flows.pool])
        last = (state.volume - lost) * network.flows.final_share + gone
        by_type = np.bincount(network.flow_kind, last, len(network.issues))
        np.testing.assert_allclose(by_type, network.issues, rtol=1e-7)
        frame = demand_table(problem)
        assert frame["mean"].sum() == pytest.approx(network.issues.sum(), abs=1e-3)
        assert network.program_cost == sum(INITIATIVES[name]["cost"] for name in problem.initiatives)


def test_scores_of_the_experience_model_get_the_same_shift(tmp_path: Path) -> None:
    plain = problem_of(center(tmp_path, 4))
    problem = under_initiatives(plain, (GUIDE, TOOL))
    outcomes = plain.experience.outcomes["score"].to_numpy(float)[None]
    moves = plain.experience.moves["score"].to_numpy(float)[None]
    scores = np.clip(problem.flow_scores(outcomes, moves)[0], *plain.scenario.experience.scale)
    np.testing.assert_allclose(scores, problem.network.flows.score, atol=1e-12)
    again = rebuilt(problem, problem.scenario, problem.experience)
    assert again.initiatives == problem.initiatives
    for name in ("issues", "natural", "issue_weight", "served_share"):
        np.testing.assert_array_equal(getattr(again.network, name), getattr(problem.network, name))
    np.testing.assert_array_equal(again.network.flows.aht_s, problem.network.flows.aht_s)


def test_master_prices_and_scores_what_the_evaluator_does(tmp_path: Path) -> None:
    """The least cost rises by exactly what an initiative without effect costs, and its best CX stays."""
    idle = {"idle": {"cost": 123.0, "effects": [{"score": 0.0}]}}

    def change(document: dict) -> None:
        document["initiatives"] = idle

    plain = problem_of(center(tmp_path, 1, change))
    points = []
    for problem in portfolio_problems(plain):
        instance = problem.instance
        level = Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues)).level(0.1)
        points.append((level.cheapest(), level.point(np.inf, 1e-9)))
    assert points[1][0].cost - points[0][0].cost == pytest.approx(123.0, abs=1e-3)
    assert points[1][1].cx == pytest.approx(points[0][1].cx, abs=1e-6)


def test_an_initiative_that_sends_contacts_round_and_round_is_refused(tmp_path: Path) -> None:
    """Of 100 contacts some 40 come back; quick answers leave twice as much unresolved: chains without end in sight."""

    def hurry(document: dict) -> None:
        document["initiatives"] = {
            "hurry": {"cost": 5, "effects": [{"handle_time": -0.3, "unresolved": 1.0}]},
            GUIDE: INITIATIVES[GUIDE],
        }
        for row in document["experience"]["outcomes"]:
            row["p_return"] = 0.4

    problem = problem_of(center(tmp_path, 2, hurry))
    with pytest.raises(ScenarioError) as caught:
        portfolio_problems(problem)
    (issue,) = caught.value.issues
    assert issue.path == "initiatives.hurry"
    assert "at most 60 in 100" in str(caught.value)
    calm = problem_of(center(tmp_path / "calm", 2, lambda document: document["initiatives"].pop(FIX)))
    assert len(portfolio_problems(calm)) == 4
