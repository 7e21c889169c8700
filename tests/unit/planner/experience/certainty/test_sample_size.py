"""Answers needed: closed forms, simulated decisions, and the hierarchical fit with the answers really added."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import Known
from hidden_worlds import make_hidden_world, to_cells
from scipy.stats import norm

from planner.experience.certainty.growth import growth_of_answers
from planner.experience.certainty.sample_size import (
    AnswerGoal,
    answers_for_difference,
    answers_for_sd,
    answers_needed,
    prior_spread,
    sd_for_decision,
)
from planner.experience.certainty.weekly import weekly_volumes
from planner.experience.scores import fit_scores
from planner.experience.targets import channel_targets, evaluate, population


def test_answers_without_pooling_follow_the_textbook() -> None:
    """Half-width .1 at 90 % with sd 1: (1.645/.1)^2 = 270.6 answers."""
    goal = np.array([AnswerGoal(half_width=0.1).sd(0.2)])
    assert answers_for_sd(goal, 1.0, np.array([np.inf]))[0] == pytest.approx(270.55, abs=0.01)


def test_a_pooled_cell_needs_fewer_and_what_is_known_needs_none() -> None:
    goal = np.full(3, 0.1)
    got = answers_for_sd(goal, 1.0, np.array([np.inf, 0.2, 0.1]))
    np.testing.assert_allclose(got, [100, 75, 0])
    assert np.isinf(answers_for_sd(np.array([np.nan]), 1.0, np.array([0.3])))[0]


def test_simulated_shrinkage_reaches_the_goal() -> None:
    rng = np.random.default_rng(1)
    tau, sigma, goal = 0.25, 1.0, 0.12
    n = answers_for_sd(np.array([goal]), sigma, np.array([tau]))[0]
    theta = tau * rng.standard_normal(200_000)
    mean = theta + sigma / np.sqrt(n) * rng.standard_normal(len(theta))
    shrunk = mean * tau**2 / (tau**2 + sigma**2 / n)
    assert np.std(shrunk - theta) == pytest.approx(goal, rel=0.01)


@pytest.mark.parametrize("p_wrong", [0.05, 0.1, 0.3])
def test_simulated_choices_are_wrong_as_often_as_wanted(p_wrong: float) -> None:
    """Two channels, scores N(0, tau^2), n answers each: n = (sigma/tau)^2 cot^2(pi p)."""
    rng = np.random.default_rng(2)
    tau, sigma = 0.2, 1.1
    n = answers_for_sd(np.array([sd_for_decision(tau, p_wrong)]), sigma, np.array([tau]))[0]
    assert n == pytest.approx((sigma / tau) ** 2 / np.tan(np.pi * p_wrong) ** 2)
    theta = tau * rng.standard_normal((400_000, 2))
    seen = theta + sigma / np.sqrt(n) * rng.standard_normal(theta.shape)
    wrong = (np.diff(seen, axis=1) > 0) != (np.diff(theta, axis=1) > 0)
    assert wrong.mean() == pytest.approx(p_wrong, abs=0.003)


def test_a_fixed_difference_is_told_apart_as_often_as_wanted() -> None:
    n = answers_for_difference(0.2, 1.0, 0.1)
    assert n == pytest.approx(2 * (norm.ppf(0.9) / 0.2) ** 2)
    rng = np.random.default_rng(3)
    seen = 0.2 + np.sqrt(2 / n) * rng.standard_normal(200_000)
    assert (seen < 0).mean() == pytest.approx(0.1, abs=0.003)


def test_the_stricter_goal_counts() -> None:
    both = AnswerGoal(half_width=0.1, p_wrong=0.1)
    assert both.sd(0.05) == pytest.approx(sd_for_decision(0.05, 0.1))
    assert both.sd(9.0) == pytest.approx(0.1 / 1.6448536)


@pytest.mark.parametrize(
    ("goal", "match"),
    [({}, "half_width"), ({"half_width": 0.0}, "half_width = 0"), ({"p_wrong": 0.5}, "p_wrong = 0.5")],
)
def test_impossible_goals_are_refused(goal: dict[str, float], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        AnswerGoal(**goal)


def test_growth_starts_at_the_posterior_and_only_falls(known: Known) -> None:
    assert known.fits.total is not None
    rows, curves = growth_of_answers(known.fits.total, known.fits.first)
    np.testing.assert_allclose([curve.sd(0.0) for curve in curves], rows["sd"])
    path = np.array([[curve.sd(n) for n in (0, 1, 10, 100, 1_000, 1e5)] for curve in curves])
    assert (np.diff(path, axis=1) < 0).all()
    for curve in curves[:3]:
        goal = curve.sd(50.0)
        assert curve.needed(goal) == pytest.approx(50.0, abs=1.0)
        assert curve.needed(curve.sd(0.0)) == 0
        assert np.isinf(curve.needed(0.5 * np.sqrt(curve.rest)) if curve.rest > 0 else np.inf)


def test_growth_agrees_with_the_posterior_computed_in_full(known: Known) -> None:
    """(V^-1 + Z' diag(d) Z)^-1 by inversion instead of Woodbury."""
    fit = known.fits.total
    assert fit is not None
    rows, curves = growth_of_answers(fit, known.fits.first)
    k = 2
    own = fit.groups[(fit.groups["reason"] == rows["reason"][k]) & (fit.groups["channel"] == rows["channel"][k])]
    z = fit.design.matrix(own).toarray()
    v = fit.fit.covariance.mean(axis=0) + np.cov(fit.fit.mean.T, bias=True)
    n, part = own["answers"].to_numpy(), (own["contacts"] / own["contacts"].sum()).to_numpy()
    ex = fit.fit.residual.mean()
    before = np.where(n > 0, 1 / (fit.variance / np.where(n > 0, n, 1) + ex), 0.0)
    added = 1 / (fit.variance / (n + 80 * part) + ex) - before
    full = np.linalg.inv(np.linalg.inv(v) + z.T @ np.diag(added) @ z)
    asked = rows.rename(columns={"channel": "to_channel"})
    people, mix = population(fit, known.fits.first, ["reason"]), known.fits.first.pools_by_reason
    post = evaluate(fit, channel_targets(fit, people, asked, ["reason"], mix), len(asked))
    by_hand = np.sqrt(post.loading[k] @ full @ post.loading[k] + ex * post.residual_weight[k])
    assert curves[k].sd(80.0) == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.slow
def test_answers_really_added_narrow_the_fit_as_foretold() -> None:
    """A fifth of the answers is fitted; then two or all fifths of one reason and channel come in and all is refitted.

    New answers, not old ones counted twice: those would pass for misfit of the model.
    """
    foretold, found = [], []
    for seed in (1, 2, 3):
        world = make_hidden_world(seed, contacts=20_000, reasons=4, response=-0.8)
        fifth = np.random.default_rng(seed).integers(0, 5, len(world.rows))
        few = world.rows["answered"] & (fifth == 0)
        cells = to_cells(world.rows.assign(answered=few))
        rows, curves = growth_of_answers(fit_scores(cells), cells)
        for k in (0, 5, 10):
            at = (world.rows["reason"] == rows["reason"][k]) & (world.rows["channel"] == rows["channel"][k])
            for fifths in (2, 5):
                more = few | (world.rows["answered"] & at & (fifth < fifths))
                grown = to_cells(world.rows.assign(answered=more))
                found.append(growth_of_answers(fit_scores(grown), grown)[0]["sd"][k])
                foretold.append(curves[k].sd(float((more & at).sum() - (few & at).sum())))
    ratio = np.array(found) / np.array(foretold)
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.06)
    assert (np.abs(ratio - 1) < 0.15).all()


def test_the_plan_says_what_is_missing_and_how_long_it_takes(known: Known) -> None:
    weekly = weekly_volumes(known.world.cells, 10.0, label="reason")
    plan = answers_needed(known.fits, AnswerGoal(half_width=0.15), weekly)
    assert len(plan) == 9
    assert plan["goal_sd"].to_numpy() == pytest.approx(0.15 / 1.6448536)
    some = plan[(plan["answers_more"] > 0) & np.isfinite(plan["answers_more"])]
    assert len(some)
    np.testing.assert_allclose(
        some["weeks"], some["answers_more"] / (some["contacts_per_week"] * some["response_rate"])
    )
    assert (some["answers_pooled"] <= some["answers_alone"]).all()
    direct = known.world.rows[known.world.rows["answered"]].groupby(["reason", "channel"]).size()
    np.testing.assert_allclose(plan.set_index(["reason", "channel"])["answers"], direct.reindex(
        pd.MultiIndex.from_frame(plan[["reason", "channel"]])))  # fmt: skip
    assert some["words"].iloc[0].endswith("weeks at today's volume")
    wide = answers_needed(known.fits, AnswerGoal(half_width=2.0))
    assert (wide["answers_more"] == 0).all()
    assert wide["words"].str.endswith("enough for +/- 2 points").all()


def test_bias_takes_its_part_of_the_width_and_may_take_it_all(known: Known) -> None:
    plain = answers_needed(known.fits, AnswerGoal(half_width=0.2))
    bias = known.bias.table.assign(bias_unseen=0.05)
    some = answers_needed(known.fits, AnswerGoal(half_width=0.2), bias=bias)
    np.testing.assert_allclose(some["goal_sd"] ** 2, plain["goal_sd"] ** 2 - 0.05**2)
    assert (some["answers_more"] >= plain["answers_more"]).all()
    none = answers_needed(known.fits, AnswerGoal(half_width=0.2), bias=bias.assign(bias_unseen=0.5))
    assert np.isinf(none["answers_more"]).all()
    assert none["words"].str.contains("run a pilot").all()


def test_a_decision_goal_uses_the_spread_found_in_the_history(known: Known) -> None:
    assert known.fits.total is not None
    tau = prior_spread(known.fits.total)
    assert 0.03 < tau < 0.4
    plan = answers_needed(known.fits, AnswerGoal(p_wrong=0.2))
    assert plan["goal_sd"].to_numpy() == pytest.approx(tau * np.sin(0.2 * np.pi))
    assert plan["words"].str.contains("at most 20% wrong choices").all()


def test_without_a_fit_nothing_is_planned(known: Known) -> None:
    with pytest.raises(ValueError, match="no score was estimated"):
        answers_needed(replace(known.fits, total=None), AnswerGoal(half_width=0.1))
