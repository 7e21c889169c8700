"""From those who answer to all contacts: expected answers, unbiased means, weights that know nothing of luck."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.cells import Cells, served_first
from planner.experience.response import NO_ANSWER, adjust, before_keys, expected_answers, split_cells
from planner.experience.scores import fit_scores, response_of

RATE = {"solved": 0.35, "open": 0.08}
SCORE = {"solved": 4.4, "open": 3.1}


def small_groups(seed: int, *, groups: int = 400, size: int = 12) -> tuple[Cells, float]:
    """Many small groups of one law: each is resolved by luck, the resolved answer four times as often.

    Returns the cells and the mean score of all contacts.
    """
    rng = np.random.default_rng(seed)
    rows = []
    total = 0.0
    for k in range(groups):
        solved = rng.binomial(size, 0.6)
        for code, n in (("solved", solved), ("open", size - solved)):
            scores = SCORE[code] + 0.7 * rng.standard_normal(n)
            total += SCORE[code] * n
            answered = scores[rng.random(n) < RATE[code]]
            rows.append((f"r{k % 10}", f"c{k % 3}", f"s{k // 30 % 4}", k // 120, code, n, len(answered),
                         answered.sum(), (answered**2).sum()))  # fmt: skip
    columns = ["reason", "channel", "segment", "bin_x", "disposition", "contacts", "answers", "sum_score", "sum_score2"]
    frame = pd.DataFrame(rows, columns=columns).astype({"contacts": float, "answers": float})
    frame = frame[frame["contacts"] > 0].reset_index(drop=True)
    frame = frame.assign(
        entry_reason=frame["reason"], pool=frame["channel"], stage="first", wait_band=-1, hour_band=-1, later="no",
        sum_wait_s=0.0, handled=0.0, sum_handle_s=0.0, sum_handle2=0.0, sum_x=frame["bin_x"] * frame["contacts"],
    )  # fmt: skip
    return Cells(frame, ("x",), (1.0, 5.0)), total / (groups * size)


def test_weights_do_not_follow_the_luck_of_a_group() -> None:
    """The precision-weighted mean over groups is that of all contacts; by realized answers it is .1 too high."""
    errors, naive, by_answers = [], [], []
    for seed in range(6):
        cells, truth = small_groups(seed)
        split = split_cells(cells, before_keys(cells))
        adjusted = adjust(split, response_of(cells))
        assert adjusted.known.all()
        errors.append(np.average(adjusted.y, weights=1 / adjusted.v) - truth)
        n = split.groups["answers"].to_numpy(float)
        by_answers.append(np.average(adjusted.y, weights=n) - truth)
        naive.append(split.groups["sum_score"].sum() / n.sum() - truth)
    assert abs(np.mean(errors)) < 0.03
    assert np.mean(by_answers) > np.mean(errors) + 0.03
    assert np.mean(naive) > 0.25


def test_the_fit_is_not_tilted_either() -> None:
    biases = []
    for seed in range(4):
        cells, truth = small_groups(seed + 20)
        fit = fit_scores(cells, draws=4)
        fitted = fit.fit.center + fit.design.matrix(fit.groups) @ fit.fit.mean.mean(axis=0)
        biases.append(np.average(fitted, weights=fit.groups["contacts"]) - truth)
    assert abs(np.mean(biases)) < 0.04


def test_expected_answers_reproduce_margins_and_know_silent_channels() -> None:
    cells, _ = small_groups(3)
    groups = cells.summed(["reason", "channel", "segment", "pool", "stage", "bin_x"])
    silent = groups.assign(channel="mail", answers=0.0)
    both = pd.concat([groups, silent], ignore_index=True)
    expected = expected_answers(both)
    assert (expected[len(groups) :] == 0).all()
    for name in ("reason", "channel", "segment"):
        own = both[: len(groups)].assign(expected=expected[: len(groups)]).groupby(name)[["answers", "expected"]].sum()
        np.testing.assert_allclose(own["expected"], own["answers"], rtol=0.03)


def test_channels_without_answers_are_unknown() -> None:
    cells, _ = small_groups(4)
    mail = cells.frame.assign(channel="mail", pool="mail", answers=0.0, sum_score=0.0, sum_score2=0.0)
    more = Cells(pd.concat([cells.frame, mail], ignore_index=True), ("x",), (1.0, 5.0))
    split = split_cells(more, before_keys(more))
    adjusted = adjust(split, response_of(more))
    quiet = (split.groups["channel"] == "mail").to_numpy()
    assert (adjusted.v[quiet] == NO_ANSWER).all()
    assert adjusted.known[~quiet].all()


def test_answers_keep_their_own_covariates() -> None:
    """Within a bin those with a low covariate answer: their own mean carries the difference to all contacts."""
    rng = np.random.default_rng(9)
    rows = []
    for reason in ("card", "loan", "fees"):
        for channel in ("voice", "chat"):
            for level in range(5):
                z = level - 2 + rng.uniform(-0.5, 0.5, 2000)
                score = 4 - 0.4 * z + 0.6 * rng.standard_normal(2000)
                who = rng.random(2000) < 0.2 * np.exp(-1.5 * (z - level + 2))
                rows.append((reason, channel, level, 2000.0, who.sum(), score[who].sum(), (score[who] ** 2).sum(),
                             z.sum(), z[who].sum()))  # fmt: skip
    columns = ["reason", "channel", "bin_x", "contacts", "answers", "sum_score", "sum_score2", "z_x", "z_ans_x"]
    frame = pd.DataFrame(rows, columns=columns).astype({"answers": float})
    frame = frame.assign(
        entry_reason=frame["reason"], segment="all", pool=frame["channel"], stage="first", wait_band=-1, hour_band=-1,
        later="no", disposition="", sum_wait_s=0.0, handled=0.0, sum_handle_s=0.0, sum_handle2=0.0, sum_x=0.0,
        n_x=frame["contacts"], n_ans_x=frame["answers"],
    )  # fmt: skip
    own = served_first(Cells(frame, ("x",), (1.0, 5.0)))
    blind = Cells(frame.drop(columns=["n_ans_x", "z_ans_x"]), ("x",), (1.0, 5.0))
    found = [
        np.average(adjust(split_cells(c, before_keys(c)), response_of(c)).y, weights=frame["contacts"])
        for c in (own, blind)
    ]
    assert found[0] == pytest.approx(4.0, abs=0.02)
    assert found[1] > 4.03
