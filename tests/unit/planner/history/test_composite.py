"""Composites: what is written is read, parts add up exactly, low-is-good parts count the other way round."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from planner.errors import HistoryError
from planner.history import History
from planner.history.composite import Composite, combine, composite_named, is_composite
from planner.history.outcomes import Outcome, OutcomeKind

CSAT = Outcome("csat", OutcomeKind.SCORE, (1.0, 5.0))
FCR = Outcome("fcr", OutcomeKind.SHARE, (0.0, 1.0))
CES = Outcome("ces", OutcomeKind.SCORE, (1.0, 7.0), higher_is_better=False)
LOST = Outcome("abandoned", OutcomeKind.SHARE, (0.0, 1.0), higher_is_better=False)


@pytest.fixture
def history(load: Callable, yaml: Callable) -> History:
    mapping = yaml(
        "composites: {cx: {csat: 5, fcr: 3, ces: 2}}\nscales: {ces: {low: 1, high: 7, better: low}, csat: [1, 10]}\n"
    )
    return load([{"started_at": "2024-03-04", "channel": "voice", "csat": 4.0, "ces": 2.0}], mapping=mapping)


def table(mean: list[float], sd: list[float], support: str = "ok", order: tuple[int, ...] = (0, 1)) -> pd.DataFrame:
    frame = pd.DataFrame({"reason": ["a", "b"], "channel": "voice", "segment": "all", "mean": mean, "sd": sd,
                          "n_effective": [50.0, 60.0], "support": support})  # fmt: skip
    return frame.iloc[list(order)].reset_index(drop=True)


def test_a_composite_is_read_and_weights_are_relative(history: History) -> None:
    found = composite_named(history, "composite: csat = 2 , fcr=1,abandoned=1")
    assert [part.name for part in found.parts] == ["csat", "fcr", "abandoned"]
    assert found.weights == (0.5, 0.25, 0.25)
    assert found.parts[0].scale == (1.0, 10.0)
    assert composite_named(history, found.as_outcome).weights == found.weights
    assert found.lines()[2] == "25% abandoned, 0 to 1, low is good"
    assert is_composite("composite:csat=1")
    assert not is_composite("composite")


def test_a_declared_composite_takes_scales_and_good_ends_from_the_mapping(history: History) -> None:
    found = composite_named(history, "composite:cx")
    assert (found.name, found.weights) == ("cx", (0.5, 0.3, 0.2))
    assert not found.parts[2].higher_is_better


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("composite:csta=1", "no outcome 'csta' (did you mean csat?)"),
        ("composite:csat=high", "csat has the weight 'high'; write a positive number"),
        ("composite:csat=-1,fcr=1", "csat has the weight '-1'"),
        ("composite:csat=inf", "csat has the weight 'inf'"),
        ("composite:csat=1,csat=2", "csat stands there twice"),
        ("composite:handle_s=1", "handle_s has no scale with two ends"),
        ("composite:composite=1", "no scale with two ends"),
        ("composite:cxx", "no composite 'cxx' (did you mean cx?); the mapping file declares cx"),
        ("composite:", "no composite ''"),
        ("composite:csat=1,=2", "no outcome ''"),
    ],
)
def test_mistakes_are_said_in_words(history: History, text: str, said: str) -> None:
    with pytest.raises(HistoryError) as caught:
        composite_named(history, text)
    assert said in str(caught.value)


def test_all_mistakes_are_said_at_once(history: History) -> None:
    with pytest.raises(HistoryError) as caught:
        composite_named(history, "composite:csta=1,fcr=x,handle_s=2")
    assert len(caught.value.issues) == 3


def test_parts_add_up_exactly_and_both_ends_are_right() -> None:
    whole = Composite("cx", (CSAT, FCR, CES, LOST), (0.4, 0.3, 0.2, 0.1))
    best = combine(
        {"csat": table([5, 1], [0, 0]), "fcr": table([1, 0], [0, 0]), "ces": table([1, 7], [0, 0]),
         "abandoned": table([0, 1], [0, 0])},
        whole,
    )  # fmt: skip
    assert best["mean"].tolist() == pytest.approx([1.0, 0.0], abs=1e-12)
    rng = np.random.default_rng(0)
    tables = {part.name: table(list(rng.uniform(*part.scale, 2)), [0.1, 0.2]) for part in whole.parts}
    found = combine(tables, whole)
    parts = found[[f"part_{part.name}" for part in whole.parts]]
    assert (parts.sum(axis=1) == found["mean"]).all()
    csat, ces = tables["csat"]["mean"], tables["ces"]["mean"]
    assert found["part_csat"].tolist() == pytest.approx((0.4 * (csat - 1) / 4).tolist())
    assert found["part_ces"].tolist() == pytest.approx((0.2 * (7 - ces) / 6).tolist())
    assert found["n_ces"].tolist() == [50.0, 60.0]


def test_rows_are_joined_by_label_and_strange_rows_are_refused() -> None:
    pair = Composite("cx", (CSAT, FCR), (0.5, 0.5))
    straight = combine({"csat": table([4, 2], [0.1, 0.1]), "fcr": table([0.9, 0.5], [0, 0])}, pair)
    turned = combine({"csat": table([4, 2], [0.1, 0.1]), "fcr": table([0.9, 0.5], [0, 0], order=(1, 0))}, pair)
    pd.testing.assert_frame_equal(straight.drop(columns="n_fcr"), turned.drop(columns="n_fcr"))
    for other in (table([0.9, 0.5], [0, 0]).head(1), table([0.9, 0.5], [0, 0]).assign(reason="a")):
        with pytest.raises(ValueError, match="the table of fcr has other rows"):
            combine({"csat": table([4, 2], [0.1, 0.1]), "fcr": other}, pair)
    with pytest.raises(ValueError, match="no table for fcr"):
        combine({"csat": table([4, 2], [0.1, 0.1])}, pair)


def test_without_joint_draws_the_sd_is_a_bound_with_them_it_is_theirs() -> None:
    pair = Composite("cx", (CSAT, LOST), (0.5, 0.5))
    tables = {"csat": table([4, 2], [0.4, 0.8]), "abandoned": table([0.1, 0.2], [0.02, 0.04])}
    bound = combine(tables, pair)
    assert bound["sd"].tolist() == pytest.approx([0.5 * 0.4 / 4 + 0.5 * 0.02, 0.5 * 0.8 / 4 + 0.5 * 0.04])
    assert (bound["upper"] - bound["mean"]).tolist() == pytest.approx((1.6448536 * bound["sd"]).tolist())
    shared = np.random.default_rng(1).standard_normal((4000, 2))
    # Abandoning falls exactly as scores rise: perfectly correlated goodness reaches the bound.
    draws = {"csat": [4, 2] + [0.4, 0.8] * shared, "abandoned": [0.1, 0.2] - [0.02, 0.04] * shared}
    assert combine(tables, pair, draws=draws)["sd"].tolist() == pytest.approx(bound["sd"].tolist(), rel=0.05)
    against = {**draws, "abandoned": [0.1, 0.2] + [0.02, 0.04] * shared}
    assert (combine(tables, pair, draws=against)["sd"] < 0.9 * bound["sd"]).all()


def test_effects_have_no_start_and_keep_their_sign() -> None:
    moves = pd.DataFrame({"reason": ["a"], "segment": "all", "from_channel": "voice", "to_channel": "chat", "sd": 0.1,
                          "support": "ok"})  # fmt: skip
    pair = Composite("cx", (CSAT, CES), (0.5, 0.5))
    found = combine({"csat": moves.assign(effect=-0.4), "ces": moves.assign(effect=-1.2)}, pair, value="effect")
    assert found["effect"].item() == pytest.approx(0.5 * -0.4 / 4 + 0.5 * 1.2 / 6)
    assert "n_csat" not in found
    assert list(found.columns[:4]) == ["reason", "segment", "from_channel", "to_channel"]


def test_a_part_that_cannot_be_told_leaves_the_whole_untold_and_support_is_the_weakest() -> None:
    pair = Composite("cx", (CSAT, FCR), (0.5, 0.5))
    found = combine({"csat": table([np.nan, 3], [np.nan, 0.1]), "fcr": table([0.9, 0.5], [0, 0], "extrapolated")}, pair)
    assert found["support"].tolist() == ["none", "extrapolated"]
    assert found[["mean", "sd", "lower"]].isna().all(axis=1).tolist() == [True, False]
    assert found["part_fcr"].tolist() == [0.45, 0.25]
