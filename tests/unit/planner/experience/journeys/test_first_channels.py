"""Escalation taxes with their intervals, moves between channels, and lengths of issues."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.journeys.contact_costs import contact_costs
from planner.experience.journeys.first_channels import first_channel_table, widened
from planner.experience.journeys.issue_chain import issue_chains, with_first_rows
from planner.experience.journeys.lengths import length_table, mean_contacts
from planner.experience.journeys.shift import shift_first_contacts
from planner.experience.journeys.state_table import chain_state_table

ROWS = [
    ("card", "bot", 1, "voice", 400),
    ("card", "bot", 1, "solved", 600),
    ("card", "voice", 1, "voice", 100),
    ("card", "voice", 1, "solved", 900),
    ("card", "voice", 2, "solved", 400),
    ("card", "voice", 2, "gave_up", 100),
]
COSTS = {"bot": 0.5, "voice": 6.0}
ANSWERS = {
    "answers": [0, 600, 0, 900, 400, 100],
    "s1": [0, 2400, 0, 3600, 1400, 200],
    "s2": [0, 9600, 0, 14400, 4900, 400],
}


def _chains(frame: pd.DataFrame) -> dict:
    return issue_chains(frame, contact_costs(frame, COSTS))


def test_taxes_in_money_and_points_by_hand(steps) -> None:
    table = first_channel_table(_chains(steps(ROWS, **ANSWERS)), cost_unit="money", seed=0)
    bot = table[table["reason"].isna() & (table["channel"] == "bot")].iloc[0]
    assert bot["issues"] == 1000
    assert bot["contacts"] == pytest.approx(1.4)
    assert bot["contacts_sd"] == pytest.approx(np.sqrt(0.4 * 0.6))
    assert bot["tax_money"] == pytest.approx(0.4 * 6.0)
    assert bot["cost"] == pytest.approx(0.5 + 2.4)
    assert bot["cost_sd"] == pytest.approx(6 * np.sqrt(0.4 * 0.6))
    assert bot["p_gave_up"] == pytest.approx(0.4 * 0.2)
    # Scores lean on the mean of all with 20 answers: 4.0 moves little, 3.5 a little more.
    assert bot["final_score"] == pytest.approx(0.6 * 4 + 0.4 * (0.8 * 3.5 + 0.2 * 2), abs=0.02)
    assert bot["tax_points"] == pytest.approx(4 - bot["final_score"], abs=0.02)
    for name in ("contacts", "cost", "p_gave_up", "final_score", "tax_money", "tax_points"):
        assert bot[f"{name}_lower"] < bot[name] < bot[f"{name}_upper"]
    width = bot["tax_money_upper"] - bot["tax_money_lower"]
    assert width == pytest.approx(2 * 1.645 * 6 * np.sqrt(0.4 * 0.6 / 1000), rel=0.15)
    assert set(table["cost_unit"]) == {"money"}


@pytest.mark.slow
def test_intervals_cover_the_tax_over_many_samples(steps) -> None:
    rng = np.random.default_rng(8)
    inside = 0
    for _ in range(100):
        on = rng.binomial(200, 0.3)
        rows = [("r", "a", 1, "a", on), ("r", "a", 1, "solved", 200 - on), ("r", "a", 2, "solved", 60)]
        frame = steps([row for row in rows if row[-1] > 0])
        chains = {None: issue_chains(frame, contact_costs(frame, {"a": 2.0}))[None]}
        row = first_channel_table(chains, cost_unit="money", seed=1).iloc[0]
        inside += row["tax_money_lower"] <= 0.6 <= row["tax_money_upper"]
    assert 82 <= inside <= 97


def test_other_assumptions_widen_intervals_to_their_side_only(steps) -> None:
    frame = steps(ROWS, **ANSWERS)
    table = first_channel_table(_chains(frame), cost_unit="money", seed=0)
    more = steps([("card", "bot", 1, "voice", 500), ("card", "bot", 1, "solved", 500), *ROWS[2:]], **ANSWERS)
    wide = widened(table, [_chains(more)])
    bot = (table["reason"] == "card") & (table["channel"] == "bot")
    shift = wide.loc[bot, "tax_money_upper"] - table.loc[bot, "tax_money_upper"]
    assert shift.iloc[0] == pytest.approx(0.1 * 6, rel=0.01)
    assert wide.loc[bot, "tax_money_lower"].iloc[0] == pytest.approx(table.loc[bot, "tax_money_lower"].iloc[0])
    pd.testing.assert_frame_equal(widened(table, []), table)
    unpriced = issue_chains(frame, contact_costs(steps(ROWS)))
    blank = first_channel_table(unpriced, cost_unit="handle seconds", seed=0)
    assert widened(blank, [unpriced])[["tax_money_lower", "tax_money_upper"]].isna().all(axis=None)
    assert first_channel_table({}, cost_unit="money", seed=0).empty


def test_moving_first_contacts_by_hand(steps) -> None:
    chain = _chains(steps(ROWS, **ANSWERS))["card"]
    found = shift_first_contacts(chain, "voice", "bot", 0.2)
    assert found.cost == pytest.approx(0.2 * ((0.5 + 2.4) - (6 + 0.6)), rel=1e-3)
    volume = found.volume.set_index("channel")["contacts"]
    assert volume["bot"] == pytest.approx(0.2)
    assert volume["voice"] == pytest.approx(0.2 * (0.4 - 1.1), rel=1e-3)
    assert found.cost_lower < found.cost < found.cost_upper < 0
    assert found.final_score_lower < found.final_score < found.final_score_upper < 0


def test_moved_customers_are_harder_when_the_adjusted_values_say_so(steps) -> None:
    chain = _chains(steps(ROWS, **ANSWERS))["card"]
    harder = with_first_rows(chain, pd.DataFrame({"channel": ["bot"], "fcr": [0.3], "score": [3.0]}))
    plain = shift_first_contacts(chain, "voice", "bot", 0.2)
    found = shift_first_contacts(chain, "voice", "bot", 0.2, adjusted=harder)
    assert found.cost == pytest.approx(0.2 * ((0.5 + 0.7 * 6) - (6 + 0.6)), rel=1e-3)
    assert found.cost > plain.cost
    assert found.final_score < plain.final_score


def test_moving_nothing_changes_nothing_and_more_than_there_is_is_refused(steps) -> None:
    chain = _chains(steps(ROWS, **ANSWERS))["card"]
    found = shift_first_contacts(chain, "voice", "bot", 0.0)
    assert found.cost == found.cost_lower == found.cost_upper == 0
    assert (found.volume["contacts"] == 0).all()
    with pytest.raises(ValueError, match=r"0\.6 of the issues cannot move from 'voice': 0\.5 begin there"):
        shift_first_contacts(chain, "voice", "bot", 0.6)
    with pytest.raises(ValueError, match="'fax'"):
        shift_first_contacts(chain, "voice", "fax", 0.1)


def test_lengths_counted_and_predicted(steps) -> None:
    chains = _chains(steps(ROWS))
    counted = pd.DataFrame({"reason": "card", "contacts": [1, 2], "issues": [1500, 500], "still_open": [0, 3]})
    table = length_table(counted, chains)
    mine = table[table["reason"].isna()].set_index("contacts")
    assert mine["share"].tolist() == [0.75, 0.25]
    assert mine["predicted"].tolist() == pytest.approx([0.75, 0.25], abs=1e-3)
    assert mean_contacts(table) == pytest.approx((1.25, 1.25), abs=1e-3)
    assert length_table(counted.iloc[:0], chains).empty


def test_states_as_a_table(steps) -> None:
    frame = steps(ROWS, **ANSWERS)
    table = chain_state_table(frame, _chains(frame))
    first = table[table["reason"].isna() & (table["attempt"] == 1)].set_index("channel")
    assert first["contacts"].to_dict() == {"bot": 1000, "voice": 1000}
    assert first["p_goes_on"].to_dict() == pytest.approx({"bot": 0.4, "voice": 0.1})
    assert first["score"].to_dict() == pytest.approx({"bot": 4.0, "voice": 4.0})
    assert first["cost"].to_dict() == COSTS
    shares = table[["p_goes_on", "p_solved", "p_gave_up"]].sum(axis=1)
    assert shares.to_numpy() == pytest.approx(np.ones(len(table)))
    assert chain_state_table(frame, {}).empty


def test_issues_without_a_chain_are_not_compared() -> None:
    counted = pd.DataFrame({"reason": ["a"], "contacts": [1], "issues": [3], "still_open": [3]})
    assert length_table(counted, {}).empty
