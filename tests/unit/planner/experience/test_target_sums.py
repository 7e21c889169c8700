"""Loadings of targets summed term by term against the matrix of all pairs."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from planner.experience.design import Design, Term, make_design, make_targets, posterior, posterior_share
from planner.experience.shares import fit_logit_blocks


def people(rng: np.random.Generator, count: int) -> tuple[Design, pd.DataFrame]:
    frame = pd.DataFrame(
        {
            "channel": rng.choice(["bot", "chat", "voice"], count),
            "reason": rng.choice(["card", "loan"], count),
            "bin": rng.integers(0, 4, count),
            "age": rng.standard_normal(count),
            "target": rng.integers(0, 6, count),
            "weight": rng.uniform(0, 2, count),
        }
    )
    terms = [Term((), 3.0, fixed=True), Term(("channel",), 0.5), Term(("channel", "reason"), 0.3),
             Term(("reason",), 0.2, slope="age")]  # fmt: skip
    return make_design(frame, terms, 1.0), frame


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("contacts", [1e3, 1e6])
def test_loadings_and_residual_weights(seed: int, contacts: float) -> None:
    design, pairs = people(np.random.default_rng(seed), 300)
    targets = make_targets(design, pairs, 8, ["bin"], contacts)  # two targets have nobody
    total = pairs.groupby("target")["weight"].transform("sum")
    share = pairs["weight"] / total
    mix = sparse.csr_matrix((share, (pairs["target"], np.arange(300))), shape=(8, 300))
    np.testing.assert_allclose(targets.loading(targets.weight), (mix @ design.matrix(pairs)).todense(), atol=1e-12)
    by = ["target", "bin"] if contacts > 5e5 else ["target", pairs.index]
    squares = (share.groupby([pairs["target"], pairs["bin"] if contacts > 5e5 else by[1]]).sum() ** 2).groupby(level=0)
    np.testing.assert_allclose(targets.residual_weight[:6], squares.sum(), atol=1e-12)
    np.testing.assert_array_equal(targets.residual_weight[6:], 0.0)


def test_shares_are_means_over_people_and_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.experience.design._PART", 70)  # several parts
    rng = np.random.default_rng(9)
    design, pairs = people(rng, 300)
    share = rng.uniform(0.1, 0.6, 300)
    fit = fit_logit_blocks(share, np.full(300, 40.0), design.blocks(pairs), draws=5, seed=1)
    targets = make_targets(design, pairs, 6, [], 300.0)
    found = posterior_share(fit, targets)
    p = 1 / (1 + np.exp(-(design.matrix(pairs) @ fit.mean.T + fit.center)))
    weight = pairs["weight"].to_numpy() / pairs.groupby("target")["weight"].transform("sum").to_numpy()
    mean = [(p[pairs["target"] == t] * weight[pairs["target"] == t, None]).sum(axis=0).mean() for t in range(6)]
    np.testing.assert_allclose(found.mean, mean)
    middle = p.mean(axis=1)
    slope = weight * middle * (1 - middle)
    loading = np.zeros((6, design.matrix(pairs).shape[1]))
    np.add.at(loading, pairs["target"].to_numpy(), slope[:, None] * design.matrix(pairs).toarray())
    np.testing.assert_allclose(found.loading, loading, atol=1e-12)


def test_shares_take_the_room_of_a_part_but_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.experience.design._PART", 10_000)
    rng = np.random.default_rng(10)
    design, pairs = people(rng, 30_000)
    few = pairs[:300]
    fit = fit_logit_blocks(rng.uniform(0.1, 0.6, 300), np.full(300, 40.0), design.blocks(few), draws=24, seed=1)
    targets = make_targets(design, pairs, 6, [], 300.0)
    assert {block.codes.dtype for block in targets.blocks} == {np.dtype(np.int32)}
    tracemalloc.start()
    posterior_share(fit, targets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3.5 * 10_000 * 24 * 8


def test_variances_hold_levels_without_rows() -> None:
    """Their effects vary with no other one, but count for targets that use them."""
    rng = np.random.default_rng(11)
    design, pairs = people(rng, 300)
    seen = pairs[~((pairs["channel"] == "bot") & (pairs["reason"] == "loan"))]
    fit = fit_logit_blocks(rng.uniform(0.1, 0.6, len(seen)), np.full(len(seen), 40.0), design.blocks(seen), draws=5)
    alone = (np.count_nonzero(fit.covariance[0], axis=0) == 1).sum()
    assert alone == 1
    found = posterior(fit, make_targets(design, pairs, 6, [], 300.0))
    spread = np.diag(found.loading @ fit.covariance[0] @ found.loading.T) + (fit.mean @ found.loading.T).var(axis=0)
    np.testing.assert_allclose(found.sd**2, spread + fit.residual.mean() * found.residual_weight)
