"""Columns of the row regressions: what they hold, what they leave out, and that labels alone decide."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.experience.rows.design import after_design, before_design, side_by_side


def frame(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "x": rng.exponential(3.0, rows),
            "disposition": rng.choice(["open", "solved"], rows),
            "later": rng.choice(["no", "yes", "unknown"], rows),
            "wait_s": rng.exponential(60.0, rows),
            "hour": rng.integers(8, 20, rows).astype(float),
        }
    )


REASON = np.arange(400) % 3
SEGMENT = np.arange(400) % 2


def test_before_holds_reasons_segments_and_each_covariate_in_three_shapes() -> None:
    design = before_design(REASON, SEGMENT, frame(), ["x"])
    # constant, 3 reasons, 2 segments, linear, 8 bins, 3 slopes, 3 reasons x 5 bins
    assert design.matrix.shape == (400, 1 + 3 + 2 + 1 + 8 + 3 + 15)
    assert len(design.scale) == design.matrix.shape[1]
    assert np.isinf(design.scale).sum() == 1
    linear = design.matrix[:, 6].toarray().ravel()
    assert linear.mean() == pytest.approx(0.0, abs=1e-9)
    assert linear.std() == pytest.approx(1.0)
    bins = design.matrix[:, 7:15].toarray()
    assert (bins.sum(axis=1) == 1).all()
    assert bins.sum(axis=0).tolist() == pytest.approx([50] * 8, abs=1)


def test_a_missing_value_takes_the_mean_and_a_column_of_its_own() -> None:
    table = frame()
    table.loc[:9, "x"] = np.nan
    design = before_design(REASON, SEGMENT, table, ["x"])
    assert design.matrix[:, 6].toarray().ravel()[:10].tolist() == [0.0] * 10
    assert design.matrix[:, -1].toarray().ravel().tolist() == [1.0] * 10 + [0.0] * 390


def test_a_covariate_nobody_knows_and_one_that_never_varies_are_harmless() -> None:
    for value in (np.nan, 7.0):
        design = before_design(REASON, SEGMENT, frame().assign(x=value), ["x"])
        assert np.isfinite(design.matrix.toarray()).all()


def test_without_covariates_reasons_and_segments_remain() -> None:
    assert before_design(REASON, SEGMENT, frame(), []).matrix.shape[1] == 1 + 3 + 2


def test_after_leaves_out_what_does_not_vary_and_free_text() -> None:
    whole = after_design(frame()).matrix.shape[1]
    dull = frame().assign(later="no", wait_s=np.nan)
    assert after_design(dull).matrix.shape[1] == whole - 3 - (1 + 6)
    text = frame().assign(disposition=[f"note {k}" for k in range(400)])
    assert after_design(text).matrix.shape[1] == whole - 2


def test_a_missing_code_counts_as_a_code() -> None:
    table = frame()
    table.loc[::4, "disposition"] = None
    assert after_design(table).matrix.shape[1] == after_design(frame()).matrix.shape[1] + 1


def test_designs_stand_side_by_side() -> None:
    before, after = before_design(REASON, SEGMENT, frame(), ["x"]), after_design(frame())
    both = side_by_side(before, after)
    assert both.matrix.shape == (400, before.matrix.shape[1] + after.matrix.shape[1])
    assert both.scale.tolist() == [*before.scale, *after.scale]
