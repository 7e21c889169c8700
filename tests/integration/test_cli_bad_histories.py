"""`planner estimate` on wrong or poor histories: in words, with the part that can be done, never a traceback."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.cli import main

Captured = pytest.CaptureFixture[str]
Run = Callable[..., tuple[int, str, list[dict[str, str]]]]


def contacts(n: int = 1500) -> pd.DataFrame:
    """Resolved contacts score higher, voice half a point above chat."""
    rng = np.random.default_rng(3)
    solved, severity = rng.random(n) < 0.7, rng.normal(size=n).round(3)
    channel = rng.choice(["voice", "chat"], n)
    score = 3.0 + 1.0 * solved + 0.5 * (channel == "voice") - 0.3 * severity + rng.normal(0, 0.8, n)
    return pd.DataFrame(
        {
            "contact_id": np.arange(n),
            "customer_id": [f"k{k}" for k in rng.integers(0, n, n)],
            "started_at": pd.Timestamp("2026-03-02 08:00") + pd.to_timedelta(np.arange(n) * 40, unit="min"),
            "reason": rng.choice(["billing", "fault"], n),
            "channel": channel,
            "wait_s": rng.exponential(30, n).round(),
            "handle_s": rng.exponential(300, n).round() + 5,
            "resolved": solved,
            "severity": severity,
            "csat": np.where(rng.random(n) < 0.4, np.clip(score.round(), 1, 5), np.nan),
        }
    )


@pytest.fixture
def run(tmp_path: Path, capsys: Captured) -> Run:
    def _run(frame: pd.DataFrame, *options: str, mapping: str = "") -> tuple[int, str, list[dict[str, str]]]:
        path = tmp_path / "contacts.csv"
        frame.to_csv(path, index=False)
        arguments = ["estimate", str(path), "--csv", *options]
        if mapping:
            (tmp_path / "mapping.yaml").write_text(mapping, encoding="utf-8")
            arguments += ["--mapping", str(tmp_path / "mapping.yaml")]
        code = main(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.err, list(csv.DictReader(io.StringIO(captured.out)))

    return _run


def difference(rows: list[dict[str, str]], column: str = "mean") -> float:
    mean = pd.DataFrame(rows).astype({column: float}).groupby("channel")[column].mean()
    return float(mean["voice"] - mean["chat"])


@pytest.mark.parametrize(
    ("change", "options", "mapping", "said"),
    [
        ({"total_s": lambda f: f.wait_s + f.handle_s, "talk": 1.0}, ["--covariates", "severity,total_s,talk"], "",
         ["covariates.total_s: its rank correlation with handle_s", "covariates.talk: its name says 'talk'"]),
        ({}, ["--covariates", "severity"], "covariates: {severity: {from: severity, known: after}}\n",
         ["covariates.severity: is declared `known: after`"]),
        ({"csat": lambda f: f.csat.where(f.csat.isna(), 4)}, [], "", ["csat is 4 for all"]),
        ({"csat": lambda f: (f.csat > 3).where(f.csat.notna()).astype(float)}, [], "",
         ["as on a scale of 0 to 1", "nothing can be compared"]),
        ({}, ["--outcome", "composite:csat=x,fcrr=1"], "", ["csat has the weight 'x'", "did you mean fcr?"]),
        ({}, ["--outcome", "composite:cx"], "", ["no composite 'cx'"]),
        ({"nps": 4.0}, ["--outcome", "nps"], "scales: {nps: [1, 5]}\n", ["NPS is defined on 0 to 10"]),
        ({}, [], "scales: {csat: {low: 5, high: 1}}\n", ["write the lowest score first"]),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(
    run: Run, change: dict[str, object], options: list[str], mapping: str, said: list[str]
) -> None:
    code, err, rows = run(contacts().assign(**change), *options, mapping=mapping)
    assert code == 2
    assert rows == []
    for words in said:
        assert words in err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channel": "voice"}, "only one channel (voice): no move can be estimated"),
        ({"reason": "billing"}, "only one reason"),
        ({"csat": lambda f: 6 - f.csat}, "csat: high is taken as good, but it falls with resolved contacts"),
        ({"handle_s": lambda f: f.handle_s * 1000}, "above 8 hours"),
        ({"handle_s": lambda f: f.handle_s.where(f.index % 20 > 0, -5)}, "75 rows left out: handle_s is negative"),
    ],
)
def test_what_can_be_done_is_done_and_the_rest_is_said(run: Run, change: dict[str, object], said: str) -> None:
    code, err, rows = run(contacts().assign(**change))
    assert code == 0
    assert said in err
    assert all(row["mean"] for row in rows)
    assert rows


@pytest.mark.parametrize("change", [{"csat": np.nan}, {"csat": lambda f: f.csat.where(f.index < 30)}])
def test_without_enough_answers_no_score_is_made_up(run: Run, change: dict[str, object]) -> None:
    code, err, rows = run(contacts().assign(**change))
    assert code == 0
    assert "no score is estimated there" in err
    assert {(row["mean"], row["support"]) for row in rows} == {("", "none")}


def test_without_a_survey_resolution_still_works(run: Run) -> None:
    code, err, rows = run(contacts().drop(columns="csat"), "--outcome", "resolved")
    assert code == 0
    assert "no survey answers" in err
    assert all(0.6 < float(row["mean"]) < 0.8 for row in rows)


def test_without_a_survey_first_contact_resolution_works(run: Run) -> None:
    code, err, rows = run(contacts().drop(columns="csat"), "--outcome", "fcr")
    assert code == 0
    assert "no survey answers" in err
    assert all(0.5 < float(row["mean"]) <= 1 for row in rows)


def test_effort_is_estimated_the_right_way_round(run: Run) -> None:
    """Answers turned round and declared `better: low` give the same effect with the other sign, and say so."""
    frame = contacts()
    _, _, high = run(frame)
    frame = frame.assign(ces=6 - frame["csat"]).drop(columns="csat")
    low_ces = "scales: {ces: {low: 1, high: 5, better: low}}\n"
    code, err, low = run(frame, "--outcome", "ces", mapping=low_ces)
    assert code == 0
    assert "ces: low is good on its scale of 1 to 5" in err
    assert "taken as good" not in err
    assert difference(low) == pytest.approx(-difference(high), abs=1e-6)
    assert difference(high) > 0.3
    code, err, whole = run(frame, "--outcome", "composite:ces=1", mapping=low_ces)
    assert code == 0
    assert difference(whole) == pytest.approx(difference(high) / 4, abs=1e-6)


def test_a_composite_comes_apart_again(run: Run) -> None:
    code, err, rows = run(contacts(), "--outcome", "composite:csat=3,resolved=1")
    assert code == 0
    assert "75% csat, 1 to 5, high is good, 25% resolved, 0 to 1, high is good" in err
    _, _, csat = run(contacts())
    _, _, resolved = run(contacts(), "--outcome", "resolved")
    for row, own, share in zip(rows, csat, resolved, strict=True):
        assert float(row["part_csat"]) == pytest.approx(0.75 * (float(own["mean"]) - 1) / 4)
        assert float(row["part_resolved"]) == pytest.approx(0.25 * float(share["mean"]))
        assert float(row["mean"]) == pytest.approx(float(row["part_csat"]) + float(row["part_resolved"]), abs=1e-12)
        assert row["n_csat"] != row["n_resolved"]
