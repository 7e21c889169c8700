"""The chain built from counted steps: rows, priors, ends, scores, costs, draws and adjusted first contacts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.journeys.contact_costs import HANDLE_SECONDS, MONEY, contact_costs
from planner.experience.journeys.issue_chain import issue_chains, with_first_rows

ROWS = [
    ("card", "bot", 1, "voice", 40),
    ("card", "bot", 1, "bot", 10),
    ("card", "bot", 1, "solved", 45),
    ("card", "bot", 1, "gave_up", 5),
    ("card", "voice", 1, "voice", 20),
    ("card", "voice", 1, "solved", 180),
    ("card", "bot", 2, "solved", 10),
    ("card", "voice", 2, "solved", 50),
    ("card", "voice", 2, "voice", 10),
    ("card", "voice", 3, "solved", 10),
    ("loan", "voice", 1, "solved", 1),
]
HANDLED = {
    "n_handle": [row[-1] for row in ROWS],
    "sum_handle_s": [row[-1] * (30.0 if row[1] == "bot" else 300.0) for row in ROWS],
    "sum_handle2": [row[-1] * (30.0**2 if row[1] == "bot" else 2 * 300.0**2) for row in ROWS],
}
ANSWERS = {
    "answers": [row[-1] if row[3] == "solved" else 0 for row in ROWS],
    "s1": [4.0 * row[-1] if row[3] == "solved" else 0 for row in ROWS],
    "s2": [17.0 * row[-1] if row[3] == "solved" else 0 for row in ROWS],
}


def test_the_chain_of_all_reasons_is_what_was_counted(steps) -> None:
    frame = steps(ROWS, **HANDLED)
    chain = issue_chains(frame, contact_costs(frame))[None]
    assert chain.states == (("bot", 1), ("voice", 1), ("bot", 2), ("voice", 2), ("voice", 3))
    bot = dict(zip([*chain.states, "solved", "gave_up"], chain.rows[chain.state("bot")], strict=True))
    assert bot == pytest.approx(
        {
            ("bot", 1): 0,
            ("voice", 1): 0,
            ("bot", 2): 0.1,
            ("voice", 2): 0.4,
            ("voice", 3): 0,
            "solved": 0.45,
            "gave_up": 0.05,
        }
    )
    assert chain.starts.tolist() == pytest.approx([100 / 301, 201 / 301, 0, 0, 0])
    found = chain.solved()
    # By hand: voice 2 takes 1 + 1/6 contacts, so bot takes 1 + .1 + .4 * 7/6.
    assert found.contacts[chain.state("bot")] == pytest.approx(1 + 0.1 + 0.4 * 7 / 6)
    assert found.cost[chain.state("bot")] == pytest.approx(30 + 0.1 * 30 + 0.4 * 7 / 6 * 300)
    assert found.ends[chain.state("bot"), 1] == pytest.approx(0.05)


def test_a_thin_reason_leans_on_the_others(steps) -> None:
    frame = steps(ROWS, **HANDLED)
    chains = issue_chains(frame, contact_costs(frame))
    overall, loan = chains[None], chains["loan"]
    assert set(chains) == {None, "card", "loan"}
    solved = loan.rows[loan.state("voice"), len(loan.states)]
    prior = overall.rows[overall.state("voice"), len(overall.states)]
    # What leads to states never seen for this reason is left out of its prior: all of it ends.
    assert prior < solved == pytest.approx(1.0)
    assert loan.issues == 1


def test_anonymous_and_young_contacts_are_left_out(steps) -> None:
    frame = steps([*ROWS, ("card", "voice", 1, "solved", 5000), ("card", "voice", 1, "solved", 7000)])
    frame.loc[len(ROWS), "anonymous"] = True
    frame.loc[len(ROWS) + 1, "censored"] = True
    assert issue_chains(frame, contact_costs(frame))[None].issues == 301
    assert issue_chains(frame[frame["anonymous"]], contact_costs(frame)) == {}


def test_states_without_an_exit_get_one(steps) -> None:
    frame = steps(
        [("card", "voice", 1, "voice", 50), ("card", "voice", 2, "voice", 50), ("card", "voice", 3, "voice", 9)]
    )
    chain = issue_chains(frame, contact_costs(frame))[None]
    assert chain.rows[:, -2:].sum(axis=1) == pytest.approx([0.01, 0.01, 0.01])
    assert np.isfinite(chain.solved().contacts).all()
    assert "1 % is taken to end" in chain.notes[0]


def test_costs_are_money_wage_or_handle_seconds(steps) -> None:
    frame = steps(ROWS, **HANDLED)
    states = (("bot", 1), ("voice", 1))
    seconds = contact_costs(frame)
    assert seconds.unit == HANDLE_SECONDS
    assert seconds.of(frame, states)[0] == pytest.approx([30.0, 300.0])
    assert seconds.of(frame, states)[1] == pytest.approx([900.0, 180_000.0])
    money = contact_costs(frame, {"bot": 0.35}, 36.0)
    assert money.unit == MONEY
    assert money.of(frame, states)[0] == pytest.approx([0.35, 3.0])
    assert money.of(frame, states)[1] == pytest.approx([0.35**2, 18.0])
    assert np.isnan(contact_costs(frame, {"bot": 0.35}).of(frame, states)[0][1])
    with pytest.raises(ValueError, match="no contact in channel 'fax'; there are bot, voice"):
        contact_costs(frame, {"fax": 1.0})
    with pytest.raises(ValueError, match="'bot' costs -1"):
        contact_costs(frame, {"bot": -1.0})


def test_scores_after_the_last_contact(steps) -> None:
    frame = steps(ROWS, **ANSWERS)
    chain = issue_chains(frame, contact_costs(frame), effort=0.5)[None]
    assert chain.score[:, 0] == pytest.approx(np.full(5, 4.0))
    assert chain.score_var[:, 0] == pytest.approx(np.full(5, 1.0))
    # Nobody who gave up answered: no better off than the worst of the solved, and said so.
    assert chain.score[:, 1] == pytest.approx(np.full(5, 4.0))
    assert "no score of anybody who gave up" in " ".join(chain.notes)
    found = chain.solved()
    assert found.final_score == pytest.approx(4.0 - 0.5 * (found.contacts - 1))
    assert np.isnan(issue_chains(steps(ROWS), contact_costs(steps(ROWS)))[None].solved().final_score).all()


def test_draws_are_centered_spread_as_a_binomial_and_repeat(steps) -> None:
    frame = steps(ROWS, **HANDLED)
    chain = issue_chains(frame, contact_costs(frame))[None]
    drawn, _, _ = chain.draws(4_000, 1)
    at = chain.state("voice")
    gave_up = drawn.ends[:, chain.state("bot"), 1]
    assert gave_up.mean() == pytest.approx(0.05, abs=0.003)
    assert gave_up.std() == pytest.approx(np.sqrt(0.05 * 0.95 / 101.5), rel=0.1)
    assert drawn.contacts[:, at].mean() == pytest.approx(chain.solved().contacts[at], abs=0.01)
    assert np.array_equal(drawn.contacts, chain.draws(4_000, 1)[0].contacts)
    wide = chain.draws(4_000, 1, design_effect=4.0)[0].ends[:, chain.state("bot"), 1]
    assert wide.std() == pytest.approx(2 * gave_up.std(), rel=0.1)


def test_adjusted_first_contacts_keep_the_later_rows(steps) -> None:
    frame = steps(ROWS, **HANDLED, **ANSWERS)
    chain = issue_chains(frame, contact_costs(frame))[None]
    adjusted = pd.DataFrame({"channel": ["bot"], "fcr": [0.7], "fcr_sd": [0.05], "score": [3.5], "score_sd": [0.1]})
    moved = with_first_rows(chain, adjusted)
    at, k = chain.state("bot"), len(chain.states)
    assert moved.rows[at, k:] == pytest.approx([0.63, 0.07])
    assert moved.rows[at, :k].sum() == pytest.approx(0.3)
    assert moved.rows[at, 3] / moved.rows[at, 2] == pytest.approx(4.0)
    others = [j for j in range(k) if j != at]
    assert np.array_equal(moved.rows[others], chain.rows[others])
    assert moved.score[at, 0] == 3.5
    with pytest.raises(ValueError, match="must be in"):
        with_first_rows(chain, pd.DataFrame({"channel": ["bot"], "fcr": [1.2]}))
    with pytest.raises(ValueError, match="'fax'.*bot, voice"):
        with_first_rows(chain, pd.DataFrame({"channel": ["fax"], "fcr": [0.5]}))


def test_the_deviation_of_an_adjusted_resolution_is_kept(steps) -> None:
    """Where what goes on ends at once, contacts per issue are 2 - fcr: their spread is that of the fcr given."""
    frame = steps(
        [("card", "bot", 1, "bot", 50), ("card", "bot", 1, "solved", 50), ("card", "bot", 2, "solved", 10**7)]
    )
    chain = issue_chains(frame, contact_costs(frame))[None]
    moved = with_first_rows(chain, pd.DataFrame({"channel": ["bot"], "fcr": [0.7], "fcr_sd": [0.03]}))
    contacts = moved.draws(8_000, 2)[0].contacts[:, 0]
    assert contacts.mean() == pytest.approx(1.3, abs=0.002)
    assert contacts.std() == pytest.approx(0.03, rel=0.04)


def test_the_order_of_rows_does_not_matter(steps) -> None:
    frame = steps(ROWS, **HANDLED, **ANSWERS)
    mixed = frame.sample(frac=1, random_state=3)
    one, two = (issue_chains(f, contact_costs(f))["card"].draws(20, 5)[0] for f in (frame, mixed))
    assert one.final_score == pytest.approx(two.final_score, rel=1e-12)
