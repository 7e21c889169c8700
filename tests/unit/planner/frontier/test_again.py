"""Later contacts per first channel: they add up to the plan's own contacts and money, on a real run and by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from planner.frontier.again import journey_steps, later_contacts
from planner.frontier.frontier import Frontier


def by_hand(redial: float = 0.5) -> Frontier:
    """100 chats, half of the served escalate to voice; of the voice served a tenth returns; 10 callers abandon.

    voice contacts v = 45 + redials + returns; here the tables are filled with their exact fixed point.
    """
    chat, lost = 100.0, 10.0
    escalated = 0.5 * (chat - lost)
    # escalated callers never abandon here; a tenth of the served voice contacts returns as `returned` voice.
    returned = 0.1 * escalated / (1 - 0.1)
    redialed = redial * lost
    again = 0.5 * redialed
    escalated, returned = escalated + again, returned + 0.1 * again / 0.9
    rows = [
        ("today", "fees", "all", "chat", "chat", "desk", "first", chat, lost),
        ("today", "fees", "all", None, "chat", "desk", "redialed", redialed, 0.0),
        ("today", "fees", "all", None, "voice", "phone", "escalated", escalated, 0.0),
        ("today", "fees", "all", None, "voice", "phone", "returned", returned, 0.0),
    ]
    names = ["plan", "reason", "segment", "from_channel", "channel", "pool", "stage", "contacts", "abandoned"]
    center = [(*row[1:7], 300.0, "redialed") for row in rows]
    columns = [*names[1:7], "aht_s", "redial_stage"]
    steps = [(0, 0.5, "voice", "escalated"), (1, 0.5, "voice", "escalated")]
    steps += [(2, 0.1, "voice", "returned"), (3, 0.1, "voice", "returned")]
    following = pd.DataFrame(steps, columns=["flow", "share", "to_channel", "to_stage"])
    tables = {
        "plans": pd.DataFrame({"plan": ["today"], "name": ["today"], "origin": ["today"]}),
        "flows": pd.DataFrame(rows, columns=names).assign(wait_s=[30.0, 20.0, 60.0, 60.0]),
        "center_flows": pd.DataFrame(center, columns=columns),
        "center_next": following.assign(to_reason="fees", to_segment="all"),
        "center_pools": pd.DataFrame({"pool": ["desk", "phone"], "redial": [redial, 0.0]}),
        "costs": pd.DataFrame(
            [("today", "wages", "desk", 950.0), ("today", "wages", "phone", 530.0), ("today", "fixed", "phone", 99.0)],
            columns=["plan", "item", "pool", "amount"],
        ),
    }
    return Frontier(tables=tables, certificate={}, explanations={}, meta={})


def test_a_chain_small_enough_to_solve_by_hand() -> None:
    (row,) = later_contacts(by_hand(), "today").to_dict("records")
    # 100 chats, 5 redials, 45 + 2.5 escalations, each 1/0.9 voice contacts in all.
    voice = 47.5 / 0.9
    assert row["issues"] == 100.0
    assert row["contacts"] == pytest.approx((105.0 + voice) / 100.0)
    assert row["escalated"] == pytest.approx(0.475)
    assert row["minutes"] == pytest.approx(5.0 * (90.0 + 5.0 + voice) / 100.0)
    assert row["later_minutes"] == pytest.approx(5.0 * (5.0 + voice) / 100.0)
    assert row["cost"] == pytest.approx((950.0 + 530.0) / 100.0)
    assert row["later_cost"] == pytest.approx((950.0 * 5.0 / 95.0 + 530.0) / 100.0)


def test_journeys_small_enough_to_draw_by_hand() -> None:
    """50 of 100 chats go on: 5 try again, 45 go to voice; then 2.5 and 4.5, of all later ones a tenth once more."""
    points, steps = journey_steps(by_hand(), "today")
    known = points.set_index(["channel", "attempt"])
    assert known["contacts"].to_dict() == pytest.approx(
        {("chat", 1): 100.0, ("chat", 2): 5.0, ("voice", 2): 45.0, ("voice", 3): 7.0 / 0.9}
    )
    assert known["goes_on"].to_dict() == pytest.approx(
        {("chat", 1): 50.0, ("chat", 2): 2.5, ("voice", 2): 4.5, ("voice", 3): 0.7 / 0.9}
    )
    assert known["lost"].to_dict() == pytest.approx(
        {("chat", 1): 5.0, ("chat", 2): 0.0, ("voice", 2): 0.0, ("voice", 3): 0.0}
    )
    assert known["wait_s"].to_dict() == pytest.approx(
        {("chat", 1): 30.0, ("chat", 2): 20.0, ("voice", 2): 60.0, ("voice", 3): 60.0}
    )
    ways = {tuple(row)[:4]: row[4] for row in steps.itertuples(index=False)}
    assert ways == pytest.approx(
        {("chat", 1, "chat", 2): 5.0, ("chat", 1, "voice", 2): 45.0, ("chat", 2, "voice", 3): 2.5,
         ("voice", 2, "voice", 3): 4.5, ("voice", 3, "voice", 3): 0.7 / 0.9}
    )  # fmt: skip


def test_nobody_redials() -> None:
    (row,) = later_contacts(by_hand(redial=0.0), "today").to_dict("records")
    assert row["contacts"] == pytest.approx((100.0 + 45.0 / 0.9) / 100.0)


@pytest.mark.parametrize("missing", ["flows", "center_flows", "center_next", "center_pools", "costs"])
def test_runs_without_the_tables_say_nothing(missing: str) -> None:
    frontier = by_hand()
    tables = {name: frame for name, frame in frontier.tables.items() if name != missing}
    rest = Frontier(tables=tables, certificate={}, explanations={}, meta={})
    assert later_contacts(rest, "today").empty
    assert all(table.empty for table in journey_steps(rest, "today"))
