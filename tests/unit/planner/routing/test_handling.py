"""People or automation: scores recounted by hand, weights explicit, and what the plan does beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlanError
from planner.frontier.frontier import Frontier
from planner.routing.handling import DEFAULT, handling, handling_words, scoring_from


def _side(run: Frontier, plan: str, reason: str, segment: str, pools: list[str]) -> tuple[np.ndarray, float]:
    """Dimensions and contacts of some pools, row by row."""
    center = run.tables["center_flows"]
    center = center[center["stage"] == "first"]
    longest, flows, found = 0.0, run.plan(plan).flows, []
    for _, rows in center.groupby(["reason", "segment", "channel", "pool"]):
        own = rows[rows["from_channel"] == rows["channel"]]
        longest = max(longest, (own if len(own) else rows)["aht_s"].mean())
    for pool in pools:
        rows = center[(center["reason"] == reason) & (center["segment"] == segment) & (center["pool"] == pool)]
        if rows.empty:
            continue
        own = rows[rows["from_channel"] == rows["channel"]]
        rows = own if len(own) else rows
        mine = (flows["reason"] == reason) & (flows["segment"] == segment) & (flows["pool"] == pool)
        sent = flows.loc[mine & (flows["stage"] == "first"), "contacts"].sum()
        low, high = run.meta["scale"]
        score = 10 * (rows["points"].mean() - low) / (high - low)
        found.append((score, 10 * rows["final_share"].mean(), 10 * rows["aht_s"].mean() / longest, sent))
    table = np.array(found)
    weight = table[:, 3] if table[:, 3].sum() > 0 else np.ones(len(table))
    return np.average(table[:, :3], weights=weight, axis=0), float(table[:, 3].sum())


def test_scores_of_the_toy_equal_a_recount(toy_planned: Frontier) -> None:
    run, plan = toy_planned, toy_planned.plan("best_cx")
    pools = sorted(run.tables["center_flows"]["pool"].unique())
    chats = [name for name in pools if name == "desk"]
    people = [name for name in pools if name not in chats]
    found = handling(run, plan, chats)
    assert len(found) > 0
    weights = np.array([0.5, 0.3, 0.2])
    for row in found.to_dict("records"):
        (human, sent), (bot, automated) = (
            _side(run, plan.id, row["reason"], row["segment"], some) for some in (people, chats)
        )
        scores = [weights @ np.array([side[0], side[1], 10 - side[2]]) for side in (human, bot)]
        assert [row["people"], row["automation"]] == pytest.approx(scores)
        assert row["differential"] == pytest.approx(scores[0] - scores[1])
        assert row["contacts"] == pytest.approx(sent + automated)
        assert row["plan_automated"] == pytest.approx(automated / (sent + automated))
        assert row["capability"] == pytest.approx(bot[1] / 10)
        expected = "specialist" if row["differential"] > 1 else "autonomous" if row["differential"] < -1 else "collab"
        assert row["handling"].startswith(expected)


def test_nobody_automated_is_an_empty_table_and_a_sentence(toy_planned: Frontier) -> None:
    found = handling(toy_planned, toy_planned.plan("best_cx"), [])
    assert found.empty
    assert "both people and automation" in handling_words(found)


def test_where_the_plan_does_otherwise_is_said() -> None:
    found = pd.DataFrame(
        {"reason": ["fees", "fraud"], "segment": "all", "contacts": [10.0, 30.0], "handling": ["autonomous"] * 2,
         "plan_automated": [0.9, 0.2], "plan_agrees": [True, False]}
    )  # fmt: skip
    words = handling_words(found, DEFAULT)
    assert "- autonomous: 2 of 2 types, 40 contacts; the plan automates 38% of them" in words
    assert "of 1 types" in words
    assert "fraud (all)" in words
    assert "experience 0.5, resolution 0.3, handle_time 0.2 (low is good); differences up to 1 of 10" in words
    assert "agrees with every type" in handling_words(found[:1], DEFAULT)


def test_weights_are_read_and_refused_in_words() -> None:
    scoring = scoring_from("experience=1,tie=.5")
    assert (scoring.tie_band, [one.weight for one in scoring.dimensions]) == (0.5, [1.0, 0.0, 0.0])
    for text, said in (("experience=a", "NAME=NUMBER"), ("tone=1", "unknown 'tone'"), ("experience=.5", "sum to 1")):
        with pytest.raises(PlanError, match=said):
            scoring_from(text)
