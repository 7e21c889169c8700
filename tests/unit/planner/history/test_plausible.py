"""What can be read but is hardly meant is said in the quality report, with the number and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.history import History

Load = Callable[..., History]


def contacts(n: int = 400, seed: int = 0, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "started_at": pd.Timestamp("2024-03-04") + pd.to_timedelta(np.arange(n) * 20, unit="min"),
            "channel": rng.choice(["voice", "chat"], n),
            "reason": rng.choice(["fees", "card"], n),
            "handle_s": rng.exponential(300, n) + 20,
            "csat": np.where(rng.random(n) < 0.6, rng.integers(1, 6, n), np.nan),
        }
    )
    return frame.assign(**columns)


def report(load: Load, frame: pd.DataFrame, **options: Any) -> str:
    return "\n".join(load(frame.to_dict("records"), **options).quality.lines())


def test_an_ordinary_history_is_left_in_peace(load: Load) -> None:
    found = load(contacts().to_dict("records")).quality
    assert not [text for text in found.warnings if text.startswith(("csat", "handle_s"))]
    assert not [text for text in found.notes if "left out" in text or "only one" in text or "survey" in text]


@pytest.mark.parametrize(
    ("change", "scale"), [(lambda c: c * 20, "0 to 100"), (lambda c: c * 2, "1 to 10"), (lambda c: c - 1, "0 to 5")]
)
def test_scores_on_another_scale_are_recognized(load: Load, change: Callable, scale: str) -> None:
    frame = contacts()
    answers = int(frame["csat"].notna().sum())
    text = report(load, frame.assign(csat=change(frame["csat"]).where(np.arange(400) % 3 == 0)))
    assert f"as on a scale of {scale}" in text
    assert "these answers count as missing, and the others are no fair sample" in text
    assert answers > 200


def test_contacts_with_a_mistyped_score_stay_without_it(load: Load) -> None:
    frame = contacts()
    typed = frame.assign(csat=frame["csat"].mask(frame.index.isin([3, 5]), 11.0))
    answers = int(typed["csat"].between(1, 5).sum())
    history = load(typed.to_dict("records"))
    assert history.quality.rows_kept == len(frame)
    assert history.materialize()["csat"].max() <= 5
    assert int(history.materialize()["csat"].notna().sum()) == answers
    told = "\n".join(history.quality.lines())
    assert f"csat: 2 of {answers + 2} answers lie outside its scale 1 to 5" in told
    assert "declare `scales" not in told


def test_a_declared_scale_or_none_at_all_is_believed(load: Load, yaml: Callable) -> None:
    frame = contacts()
    frame["csat"] = frame["csat"] * 20
    text = report(load, frame, mapping=yaml("scales: {csat: [0, 100]}\n"))
    assert "csat:" not in text
    frame["csat"] = frame["csat"].where(frame.index % 4 == 0, np.nan) * 50
    assert "no usual scale" in report(load, frame)


def test_few_equal_and_never_high_answers_are_said(load: Load) -> None:
    frame = contacts()
    assert "csat: only 12 answers, at least 30" in report(
        load, frame.assign(csat=np.where(np.arange(400) < 12, 3.0, np.nan))
    )
    assert "csat: all 400 answers are 5" in report(load, frame.assign(csat=5.0))
    short = report(load, frame.assign(csat=np.nan, ces=np.resize([1.0, 2.0, 3.0, 4.0, 5.0], 400)))
    assert "ces: none of 400 answers is above 5" in short
    assert "where it counts effort, declare `scales: {ces: {low: 1, high: 7, better: low}}`" in short


@pytest.mark.parametrize(
    ("factor", "said"), [(1 / 300, "below 2 s, as if they were written in minutes"), (1000, "above 8 hours")]
)
def test_handle_times_in_another_unit_are_said(load: Load, factor: float, said: str) -> None:
    frame = contacts()
    assert said in report(load, frame.assign(handle_s=(frame["handle_s"] - 20) * factor))


def test_negative_times_are_left_out_and_counted(load: Load) -> None:
    frame = contacts()
    frame.loc[::50, "handle_s"] = -5.0
    assert "8 rows left out: handle_s is negative (row 1: -5.0)" in report(load, frame)


def test_nothing_to_compare_is_said_with_what_is_left(load: Load) -> None:
    frame = contacts()
    assert "only one channel (voice): no move can be estimated" in report(load, frame.assign(channel="voice"))
    assert "only one reason" in report(load, frame.assign(reason="fees"))
    silent = report(load, frame.drop(columns="csat"))
    assert "no survey answers: csat, nps and ces cannot be estimated; transferred" in silent
    known = report(load, frame.drop(columns="csat").assign(customer_id="k1"))
    assert "fcr, repeat and composite can" in known
