"""Outcomes take scale and good end from the mapping file; what does not vary is refused."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from planner.errors import HistoryError
from planner.history import History, contact_cells, stitch_issues
from planner.history.outcomes import check_varies, outcome_named, outcome_value, polarity_words, top_box

Load = Callable[..., History]


def scored(load: Load, scores: list[float], name: str = "csat", **options: object) -> History:
    return load([{"started_at": "2024-03-04", "channel": "voice", name: score} for score in scores], **options)


def values(history: History, outcome: str) -> list[float]:
    stitched = stitch_issues(history, 7)
    return stitched.mutate(y=outcome_value(history, stitched, outcome)).order_by("row_id").execute()["y"].tolist()


def test_the_declared_scale_and_end_are_used(load: Load, yaml: Callable) -> None:
    history = scored(load, [1.0, 2.0, 4.0, 5.0], "ces", mapping=yaml("scales: {ces: {low: 1, high: 5, better: low}}\n"))
    found = outcome_named(history, "ces")
    assert (found.scale, found.higher_is_better) == ((1.0, 5.0), False)
    assert polarity_words(found) == "ces: low is good on its scale of 1 to 5"
    assert values(history, "ces") == [1.0, 2.0, 4.0, 5.0]
    assert outcome_named(history, "csat").higher_is_better
    assert outcome_named(history, "csat").scale == (1.0, 5.0)


@pytest.mark.parametrize(
    ("scale", "scores", "top"),
    [
        ("[1, 5]", [1, 3, 4, 5], [0, 0, 1, 1]),
        ("[1, 7]", [4, 5, 6, 7], [0, 0, 1, 1]),
        ("[1, 10]", [1, 7, 8, 10], [0, 0, 1, 1]),
        ("[0, 100]", [0, 74, 75, 100], [0, 0, 1, 1]),
        ("[0, 1]", [0, 0, 1, 1], [0, 0, 1, 1]),
        ("{low: 1, high: 5, better: low}", [1, 2, 3, 5], [1, 1, 0, 0]),
    ],
)
def test_top_box_is_the_good_quarter_of_the_scale(
    load: Load, yaml: Callable, scale: str, scores: list[float], top: list[float]
) -> None:
    history = scored(load, [float(score) for score in scores], mapping=yaml(f"scales: {{csat: {scale}}}\n"))
    assert values(history, "csat_top") == top
    least = top_box(outcome_named(history, "csat"))
    assert least in (4.0, 5.5, 7.75, 75.0, 0.75, 2.0)


@pytest.mark.parametrize("scale", ["[1, 5]", "[0, 100]", "{low: 0, high: 10, better: low}"])
def test_nps_has_one_scale(load: Load, yaml: Callable, scale: str) -> None:
    history = scored(load, [1.0, 3.0], "nps", mapping=yaml(f"scales: {{nps: {scale}}}\n"))
    with pytest.raises(HistoryError, match="NPS is defined on 0 to 10, high is good"):
        outcome_named(history, "nps")


def test_nps_on_ten_points_is_still_nps(load: Load, yaml: Callable) -> None:
    history = scored(load, [6.0, 7.0, 9.0], "nps", mapping=yaml("scales: {nps: [1, 10]}\n"))
    assert values(history, "nps") == [-100.0, 0.0, 100.0]


def test_outcomes_of_which_little_is_good_say_so(load: Load) -> None:
    history = scored(load, [1.0, 3.0])
    low = [name for name in ("repeat", "transferred", "abandoned", "handle_s", "wait_s")
           if not outcome_named(history, name).higher_is_better]  # fmt: skip
    assert low == ["repeat", "transferred", "abandoned", "handle_s", "wait_s"]
    assert polarity_words(outcome_named(history, "handle_s")) == "handle_s: low is good"


def test_an_outcome_that_does_not_vary_is_refused(load: Load) -> None:
    rows = [{"started_at": f"2024-03-04 09:{k:02d}", "channel": "voice", "csat": 4.0, "nps": float(k % 10),
             "abandoned": k % 5 == 0} for k in range(50)]  # fmt: skip
    history = load(rows)
    with pytest.raises(HistoryError, match="csat is 4 for all 50 contacts that tell it.*tells nothing about"):
        check_varies(history, "csat", contact_cells(history, outcome="csat").frame)
    check_varies(history, "abandoned", contact_cells(history, outcome="abandoned").frame)
    check_varies(history, "nps", contact_cells(history, outcome="nps").frame)
    check_varies(history, "ces", contact_cells(history, outcome="ces").frame)  # no answers: said elsewhere


def test_a_low_good_score_mirrors_a_high_good_one(load: Load, yaml: Callable) -> None:
    """The same answers turned round give the same cells, but for the score."""
    scores = [1.0, 2.0, 2.0, 5.0, 4.0]
    high = contact_cells(scored(load, scores), outcome="csat").frame
    turned = [6 - score for score in scores]
    low = scored(load, turned, mapping=yaml("scales: {csat: {low: 1, high: 5, better: low}}\n"))
    cells = contact_cells(low, outcome="csat").frame
    assert cells["s1"].sum() == 6 * cells["ans"].sum() - high["s1"].sum()
    assert not outcome_named(low, "csat").higher_is_better
    pd.testing.assert_series_equal(cells["cnt"], high["cnt"])
