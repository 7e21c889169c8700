"""How far steers may go, by hand: thin channels double once, unknown ones stay closed, and a plan says why."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of, write_center  # noqa: E402

from planner.experience import ExperienceModel  # noqa: E402
from planner.experience.moves import MOVE_KEYS  # noqa: E402
from planner.frontier.shown import show_today  # noqa: E402
from planner.frontier.tables import mix_table  # noqa: E402
from planner.operation import FlowProblem, baseline, build_problem  # noqa: E402

USERS = {"voice": 800.0, "email": 200.0, "chat": 100.0, "bot": 50.0}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> FlowProblem:
    return problem_of(write_center(tmp_path_factory.mktemp("center"), 1))


def seen(experience: ExperienceModel, **support: str) -> ExperienceModel:
    """The stated model as if a history with these first contacts per channel stood behind it."""
    outcomes = experience.outcomes
    pools = outcomes.groupby(["reason", "segment", "channel", "stage"])["pool"].transform("size")
    outcomes = outcomes.assign(n_contacts=outcomes["channel"].map(USERS) / pools)
    moves = experience.moves
    flags = [support.get(f"{a}_{c}", "ok") for a, c in zip(moves["from_channel"], moves["to_channel"], strict=True)]
    return dataclasses.replace(experience, outcomes=outcomes, moves=moves.assign(support=flags))


def rebuilt(problem: FlowProblem, experience: ExperienceModel) -> FlowProblem:
    return build_problem(problem.scenario, experience, problem.demand)


def bounds(problem: FlowProblem) -> pd.DataFrame:
    """Every steered node: who, from where to where, by which steer, and the most share of them it may move."""
    nodes = problem.network.nodes
    steered = np.flatnonzero(nodes.steer >= 0)
    kind, a = nodes.kind[steered], nodes.natural[steered]
    there = problem.network.issues[kind] * problem.network.natural[kind, a]
    to = [problem.channels[c] for c in nodes.channel[steered]]
    return pd.DataFrame(
        {
            "kind": kind,
            "move": [f"{problem.channels[x]}_{c}" for x, c in zip(a, to, strict=True)],
            "to": to,
            "steer": [problem.steers[k] for k in nodes.steer[steered]],
            "there": there,
            "most": nodes.most[steered],
            "why": [problem.limits[n] for n in steered],
        }
    )


def test_what_is_stated_is_not_bounded(small: FlowProblem) -> None:
    found = bounds(small)
    assert len(found) > 0
    assert np.isinf(found["most"]).all()
    assert set(small.limits) == {""}
    assert len(small.limits) == len(small.network.nodes.most)


def test_a_thin_channel_doubles_once_whoever_leads_into_it(small: FlowProblem) -> None:
    """800 on the phone, 100 in chat: one move may take an eighth; shared with others, all together 100 of history's."""
    moves = set(bounds(small)["move"])
    thin = rebuilt(small, seen(small.experience, **{move: "extrapolated" for move in moves}))
    found = bounds(thin)
    users = found["move"].str.partition("_")[0].map(USERS)
    taken = users.groupby([found["kind"], found["to"]]).transform("sum")
    share = np.minimum(1.0, found["to"].map(USERS) / taken)
    assert (share < 1).any()
    expected = np.where(share < 1, share * found["there"], np.inf)
    np.testing.assert_allclose(found["most"], expected)
    tight = found[share < 1]
    assert tight["why"].str.contains("may at most double its").all()
    # In contacts of the history: never more than are there today.
    moved = (tight["most"] / tight["there"] * users[share < 1]).groupby([tight["kind"], tight["to"]]).sum()
    assert (moved <= moved.index.get_level_values("to").map(USERS) * (1 + 1e-9)).all()


def test_moves_that_are_not_offered_take_no_part_of_the_doubling(small: FlowProblem) -> None:
    """Thin moves nobody steers leave the offered one its whole doubling."""
    found = bounds(small)
    one = str(found["move"].iloc[0])
    to = one.partition("_")[2]
    others = {f"{a}_{to}" for a in USERS} - set(found["move"])
    assert others
    flags = [dict.fromkeys(names, "sparse") for names in ([one], [one, *others])]
    alone, crowd = (bounds(rebuilt(small, seen(small.experience, **names))) for names in flags)
    pd.testing.assert_frame_equal(alone, crowd)


def test_two_steers_on_one_move_share_what_it_may_take(small: FlowProblem) -> None:
    name, steer = next(iter(small.scenario.steers.items()))
    twice = small.scenario.model_copy(update={"steers": {**small.scenario.steers, "again": steer}})
    move = f"{steer.from_channel}_{steer.to_channel}"
    model = seen(small.experience, **{move: "extrapolated"})
    model = dataclasses.replace(model, outcomes=model.outcomes.assign(
        n_contacts=model.outcomes["n_contacts"].where(model.outcomes["channel"] != steer.to_channel, 5.0)))  # fmt: skip
    one = bounds(build_problem(small.scenario, model, small.demand)).set_index(["kind", "steer"])["most"]
    two = bounds(build_problem(twice, model, small.demand)).set_index(["kind", "steer"])["most"]
    kinds = one.xs(name, level="steer").index
    assert np.isfinite(one.xs(name, level="steer")).all()
    for kind in kinds:
        assert two[kind, name] == pytest.approx(one[kind, name] / 2)
        assert two[kind, "again"] == pytest.approx(one[kind, name] / 2)


def test_poor_overlap_bounds_what_the_flag_calls_ok(small: FlowProblem) -> None:
    model = seen(small.experience)
    assert np.isinf(bounds(rebuilt(small, model))["most"]).all()
    one = model.moves[MOVE_KEYS].assign(verdict="extrapolated", why="only 4 comparable contacts")
    found = bounds(rebuilt(small, dataclasses.replace(model, overlap=one)))
    assert np.isfinite(found["most"]).any()
    assert found.loc[np.isfinite(found["most"]), "why"].str.startswith("only 4 comparable contacts").all()


def test_a_move_nobody_knows_is_closed_and_says_so(small: FlowProblem) -> None:
    model = seen(small.experience)
    found = bounds(rebuilt(small, dataclasses.replace(model, moves=model.moves.iloc[:0])))
    assert (found["most"] == 0).all()
    assert found["why"].str.contains("state a score for it or try it in a pilot").all()


def test_a_plan_that_goes_to_the_bound_says_why(small: FlowProblem) -> None:
    """The table of whom a plan moves names the bound where it is reached, and only there."""
    thin = rebuilt(small, seen(small.experience, **{move: "extrapolated" for move in bounds(small)["move"]}))
    blank = pd.DataFrame(columns=["pool", "interval", "scheduled", "on_task"])
    today = baseline(thin, blank, pd.DataFrame(columns=["reason", "segment", "channel", "pool", "share"]))
    nodes = thin.network.nodes
    for part in (1.0, 0.5):
        reach = thin.network.first_volume * nodes.acceptance
        finite = np.isfinite(nodes.most) & (nodes.steer >= 0) & (nodes.most < reach)
        assert finite.any()
        offer = np.where(finite, part * nodes.most / np.maximum(reach, 1e-12) * nodes.acceptance, 0.0)
        offer = np.where(finite, offer / nodes.acceptance, 0.0)
        shown = show_today(thin, dataclasses.replace(today, routing=dataclasses.replace(today.routing, offer=offer)))
        mix = mix_table(shown)
        moved = mix[(mix["from_channel"] != mix["channel"]) & (mix["issues"] > 0)]
        assert len(moved) > 0
        assert (moved["limit"] != "").all() == (part == 1.0)
        assert (mix.loc[mix["from_channel"] == mix["channel"], "limit"] == "").all()
