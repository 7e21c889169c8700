"""The doubly robust means: closed forms, right with either model wrong, covering, and quiet where nothing happens."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from row_worlds import make_rows

from planner.experience.rows import CellMeans, RowData, doubly_robust
from planner.experience.rows.design import after_design, before_design
from planner.experience.rows.dr_eb import _hajek


def arrays(rows: pd.DataFrame, column: str, *, names: tuple[str, ...] = ("severity",), survey: bool = True) -> RowData:
    frame = rows.assign(later="no", hour=0.0)
    reason, channel, segment = (
        pd.factorize(frame[name], sort=True)[0] for name in ("reason", "channel", "segment")
    )  # fmt: skip
    return RowData(
        reason=reason,
        channel=channel,
        y=frame[column].to_numpy(float),
        before=before_design(reason, segment, frame, names),
        after=after_design(frame) if survey else None,
        fold=np.arange(len(frame)) % 2,
    )


def shaped(truth: pd.DataFrame, found: CellMeans) -> np.ndarray:
    return truth["truth"].to_numpy().reshape(found.mean.shape)


def test_hajek_with_equal_weights_is_the_mean_and_its_variance() -> None:
    rng = np.random.default_rng(1)
    value = rng.normal(0.0, 2.0, 5_000)
    mean, variance, effective = _hajek(np.zeros(5_000, dtype=np.intp), value, np.full(5_000, 3.0), 2)
    assert mean[0] == pytest.approx(value.mean())
    assert variance[0] == pytest.approx(value.var() / 5_000)
    assert effective.tolist() == pytest.approx([5_000, 0.0])
    assert variance[1] == np.inf


def test_kish_counts_unequal_weights() -> None:
    _, _, effective = _hajek(np.zeros(3, dtype=np.intp), np.zeros(3), np.array([1.0, 1.0, 4.0]), 1)
    assert effective[0] == pytest.approx(36 / 18)


def test_random_channels_and_full_response_give_the_plain_means() -> None:
    rows, _, _ = make_rows(1, 12_000, confounding=0.0, response=50.0)
    found = doubly_robust(arrays(rows, "csat"))
    plain = rows.groupby(["reason", "channel"])["csat"].mean().to_numpy().reshape(found.raw.shape)
    assert np.abs(found.raw - plain).max() < 2.5 * np.nanmax(found.raw_se)
    assert found.n_effective.sum() == pytest.approx(12_000, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(("column", "position"), [("csat", 0), ("resolved", 1)])
def test_intervals_hold_the_truth_and_beat_naive_means(column: str, position: int) -> None:
    inside, squares, errors, plain = [], [], [], []
    for seed in range(20, 36):
        rows, *truths = make_rows(seed)
        found = doubly_robust(arrays(rows, column, survey=column == "csat"))
        true = shaped(truths[position], found)
        z = (found.mean - true) / found.sd
        naive = rows.groupby(["reason", "channel"])[column].mean().to_numpy(float).reshape(true.shape)
        inside.append(np.mean(np.abs(z) < 1.645))
        squares.append(np.mean(z**2))
        errors.append(np.sqrt(np.mean((found.mean - true) ** 2)))
        plain.append(np.sqrt(np.mean((naive - true) ** 2)))
    assert 0.85 <= np.mean(inside) <= 0.95
    assert 0.8 <= np.mean(squares) <= 1.3
    assert np.mean(errors) < 0.5 * np.mean(plain)


@pytest.mark.parametrize("wrong", ["means", "chances"])
def test_one_wrong_model_is_forgiven(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors stay far below those of naive means when either all mean models or all chance models know nothing."""
    module = "planner.experience.rows.dr_eb"
    rows, truth, _ = make_rows(5, 40_000, response=1.0)
    data = arrays(rows, "csat")
    if wrong == "means":
        monkeypatch.setattr(f"{module}.fit_ridge", lambda x, y, scale: np.zeros(x.shape[1]))
    else:
        monkeypatch.setattr(f"{module}.fit_softmax", lambda x, choice, n, scale: np.zeros((x.shape[1], n)))
        monkeypatch.setattr(f"{module}.fit_logit", lambda x, happened, scale: np.zeros(x.shape[1]))
    found = doubly_robust(data)
    true = shaped(truth, found)
    naive = rows.groupby(["reason", "channel"])["csat"].mean().to_numpy().reshape(true.shape)
    assert np.sqrt(np.mean((found.raw - true) ** 2)) < 0.45 * np.sqrt(np.mean((naive - true) ** 2))


def test_a_cell_without_answers_leans_on_its_neighbors() -> None:
    rows, truth, _ = make_rows(7)
    empty = (rows["reason"] == "r1") & (rows["channel"] == "c2")
    rows.loc[empty, "csat"] = np.nan
    found = doubly_robust(arrays(rows, "csat"))
    assert found.raw_se[1, 2] == np.inf
    assert found.n_effective[1, 2] == 0
    assert found.sd[1, 2] >= 1.5 * np.median(found.sd)
    assert abs(found.mean[1, 2] - shaped(truth, found)[1, 2]) < 3 * found.sd[1, 2]


def test_a_channel_nobody_answered_in_rests_on_the_surface_alone() -> None:
    rows, _, _ = make_rows(8)
    rows.loc[rows["channel"] == "c0", "csat"] = np.nan
    found = doubly_robust(arrays(rows, "csat"))
    assert np.isinf(found.raw_se[:, 0]).all()
    assert (found.sd[:, 0] > 3 * found.sd[:, 1:].max()).all()


def test_customers_who_never_choose_a_channel_are_counted() -> None:
    rows, _, _ = make_rows(9, confounding=3.0)
    found = doubly_robust(arrays(rows, "resolved", survey=False))
    assert found.share_clipped.max() > 0.2
    mild = doubly_robust(arrays(make_rows(9, confounding=0.2)[0], "resolved", survey=False))
    assert mild.share_clipped.max() < 0.02


def test_missing_covariates_are_no_obstacle() -> None:
    rows, truth, _ = make_rows(10)
    rows.loc[::3, "severity"] = np.nan
    found = doubly_robust(arrays(rows, "csat"))
    naive = rows.groupby(["reason", "channel"])["csat"].mean().to_numpy().reshape(found.mean.shape)
    true = shaped(truth, found)
    assert np.mean((found.mean - true) ** 2) < 0.6 * np.mean((naive - true) ** 2)
