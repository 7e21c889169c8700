"""The closed forms of absorbing chains against printed values and against simulation."""

from __future__ import annotations

import numpy as np
import pytest

from planner.experience.journeys.absorbing import absorb, length_shares, spectral_radius

# Checked example of three channels (bot, chat, voice); ends solved, lost.
Q = np.array([[0.05, 0.15, 0.30], [0.02, 0.08, 0.20], [0.00, 0.03, 0.12]])
A = np.array([[0.42, 0.08], [0.64, 0.06], [0.80, 0.05]])
COST = np.array([0.35, 4.2, 6.5])
SCORE = np.array([[3.9, 1.8], [4.1, 2.0], [4.2, 2.1]])
EFFORT = 0.25


def test_the_checked_example_to_the_printed_digits() -> None:
    found = absorb(Q, A, cost=COST, end_score=SCORE, effort=EFFORT)
    assert found.contacts.round(4).tolist() == [1.6442, 1.3800, 1.1834]
    assert found.contacts_sd.round(4).tolist() == [0.7684, 0.6597, 0.4822]
    assert found.cost.round(3).tolist() == [3.763, 6.299, 7.601]
    assert found.cost_sd.round(3).tolist() == [4.217, 3.705, 2.885]
    assert found.ends[:, 1].round(4).tolist() == [0.1158, 0.0807, 0.0596]
    assert found.final_score.round(4).tolist() == [3.6244, 3.8552, 4.0263]
    tax = found.cost - COST
    assert tax.round(2).tolist() == [3.41, 2.10, 1.10]
    assert (100 * tax / COST).round().tolist() == [975, 50, 17]


def _simulate(start: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Walk issues contact by contact: contacts, cost, lost, final score of each."""
    rng = np.random.default_rng(seed)
    cumulative = np.cumsum(np.hstack([Q, A]), axis=1)
    state, alive = np.full(n, start), np.ones(n, dtype=bool)
    contacts, cost, lost, score = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    while alive.any():
        who = np.flatnonzero(alive)
        contacts[who] += 1
        cost[who] += COST[state[who]]
        following = (rng.random(len(who))[:, None] > cumulative[state[who]]).sum(axis=1).clip(max=4)
        done = following >= 3
        lost[who[done]] = following[done] - 3
        score[who[done]] = SCORE[state[who[done]], following[done] - 3]
        alive[who[done]] = False
        state[who[~done]] = following[~done]
    return contacts, cost, lost, score - EFFORT * (contacts - 1)


@pytest.mark.parametrize("start", [0, 1, 2])
def test_simulated_issues_agree(start: int) -> None:
    n = 200_000
    contacts, cost, lost, score = _simulate(start, n, 7 + start)
    found = absorb(Q, A, cost=COST, end_score=SCORE, effort=EFFORT)
    for sample, mean in (
        (contacts, found.contacts),
        (cost, found.cost),
        (lost, found.ends[:, 1]),
        (score, found.final_score),
    ):
        assert sample.mean() == pytest.approx(mean[start], abs=4 * sample.std() / np.sqrt(n))
    for sample, sd in ((contacts, found.contacts_sd), (cost, found.cost_sd), (score, found.final_score_sd)):
        assert sample.std() == pytest.approx(sd[start], rel=0.015)
    shares = length_shares(Q, np.eye(3)[start], 4)
    counted = np.bincount(contacts.astype(int).clip(max=4), minlength=5)[1:] / n
    assert np.abs(shares - counted).max() < 4 * 0.5 / np.sqrt(n)


def test_costs_and_scores_that_vary_within_a_state() -> None:
    """One state, one contact: the variance of the issue is that of the contact."""
    found = absorb(
        np.zeros((1, 1)),
        np.array([[0.7, 0.3]]),
        cost=np.array([10.0]),
        cost2=np.array([149.0]),
        end_score=np.array([[4.0, 2.0]]),
        end_score_var=np.array([[0.5, 1.5]]),
    )
    assert found.cost_sd[0] == pytest.approx(7.0)
    assert found.final_score[0] == pytest.approx(3.4)
    assert found.final_score_sd[0] ** 2 == pytest.approx(0.7 * 0.3 * 4 + 0.7 * 0.5 + 0.3 * 1.5)


def test_a_geometric_issue() -> None:
    """Coming back with probability p: contacts are geometric, mean 1/(1 - p), variance p/(1 - p)²."""
    p = 0.6
    found = absorb(np.array([[p]]), np.array([[1 - p]]), cost=np.ones(1), end_score=np.array([[5.0]]), effort=1.0)
    assert found.contacts[0] == pytest.approx(1 / (1 - p))
    assert found.contacts_sd[0] ** 2 == pytest.approx(p / (1 - p) ** 2)
    assert found.final_score[0] == pytest.approx(5 - p / (1 - p))
    assert found.final_score_sd[0] ** 2 == pytest.approx(p / (1 - p) ** 2)


def test_draws_in_front_are_solved_one_by_one() -> None:
    stack = absorb(
        np.stack([Q, 0.5 * Q]), np.stack([A, A + [[0.25, 0], [0.15, 0], [0.075, 0]]]), cost=COST, end_score=SCORE
    )
    assert stack.contacts.shape == (2, 3)
    assert stack.contacts[0] == pytest.approx(absorb(Q, A, cost=COST, end_score=SCORE).contacts)
    assert (stack.contacts[1] < stack.contacts[0]).all()


def test_rows_that_do_not_add_up_and_chains_that_never_end_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        absorb(Q, A / 2, cost=COST, end_score=SCORE)
    with pytest.raises(ValueError, match="never ends"):
        absorb(np.eye(2), np.zeros((2, 1)), cost=np.ones(2), end_score=np.ones((2, 1)))
    assert spectral_radius(np.zeros((0, 0))) == 0.0
