"""Sentences of an estimate's page say what is true: what was never served, what is sure, what is not worked out."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from study_sample import contacts, studied

from planner.experience.study import Study, study
from planner.history import load_history
from planner.report.estimate.content import digits_of, page_of
from planner.report.estimate.files import write_study
from planner.report.estimate.first import first_sentences
from planner.report.estimate.gaps import gap_flags, gap_sentences
from planner.report.estimate.guards import guard_words, quality_section
from planner.report.estimate.matrix import matrix_section
from planner.report.estimate.page import render_page
from planner.report.estimate.terminal import matrix_legend, matrix_rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return studied(tmp_path_factory.mktemp("study"))


def pairs(**columns: list[object]) -> pd.DataFrame:
    count = len(columns["support"])
    base = {"reason": "card", "channel": [f"c{k}" for k in range(count)], "mean": np.nan, "lower": np.nan,
            "upper": np.nan, "raw_mean": np.nan, "n_answers": 0.0, "n_contacts": 100.0}  # fmt: skip
    return pd.DataFrame(base | columns)


def said(study: Study) -> str:
    return " ".join(first_sentences(study, digits_of(study)))


@pytest.mark.parametrize(
    ("outcome", "flag", "words"),
    [
        ("csat", "too-few-answers", "too few survey answers"),
        ("any_column", "too-few-answers", "too few survey answers"),
        ("fcr", "not-followed", "too few contacts what followed"),
        ("handle_s", "not-recorded", "too few contacts record"),
        ("composite:csat=.5,fcr=.5", "part-unknown", "a part of the composite"),
    ],
)
def test_a_pair_that_was_served_is_not_called_never_served(outcome: str, flag: str, words: str) -> None:
    reasons = pairs(support=["none", "none", "none", "sparse", "ok"], n_contacts=[0.0, 900.0, 800.0, 50.0, 70.0])
    assert list(gap_flags(reasons, outcome)) == ["never-served", flag, flag, "sparse", "ok"]
    sentences = gap_sentences(reasons, reasons, outcome)
    assert sentences[0].startswith("Of 5 pairs of reason and channel, 1 were never served")
    assert "2 were served but have no estimate" in sentences[1]
    assert words in sentences[1]
    assert sentences[2].startswith("Of 5 pairs of reason and channel, 1 rest on few")
    section = matrix_section(reasons, 2, outcome)
    assert flag in dict(section.terms)
    assert section.tables[0].rows[0][2].flag in (flag, "sparse", "ok", "")


def test_scores_read_off_resolution_are_not_denied() -> None:
    reasons = pairs(support=["none", "none"], n_contacts=[900.0, 800.0])
    table = reasons.assign(segment="all", mean=[3.5, np.nan])
    read = [text for text in gap_sentences(reasons, table, "csat") if "read off" in text]
    assert read
    assert read[0].startswith("Of 2 pairs of reason and channel, 1 were served but hardly ever asked")


def test_effects_without_their_bias_are_still_moves(found: Study) -> None:
    """Times and composites have no table of whole reasons."""
    by_segment = found.moves.drop(columns=["total_sd", "lower_total", "upper_total"])
    bare = replace(found, moves=by_segment, moves_by_reason=found.moves_by_reason.iloc[:0])
    assert "No move" not in said(bare)
    assert "by sampling error alone" in said(bare)
    whole = replace(found, moves_by_reason=found.moves_by_reason.iloc[:0])
    assert "with what nobody observed in the reckoning" in said(whole)
    none = replace(whole, moves=found.moves.assign(effect=np.nan))
    assert "No move between channels can be estimated" in said(none)


def test_the_headline_rests_on_moves_with_support(found: Study) -> None:
    moves = found.moves_by_reason
    sure = moves[moves["p_gain"] >= 0.95].assign(gain=lambda frame: frame["effect"] * frame["contacts"])
    best = sure.sort_values("gain").iloc[-1]
    assert f"{best['reason']} from {best['from_channel']} to {best['to_channel']}" in said(found)
    thin = moves["reason"] == best["reason"]
    flagged = replace(found, moves_by_reason=moves.assign(support=np.where(thin, "extrapolated", "ok")))
    assert f"Surest large gain: {best['reason']} from" not in said(flagged)
    assert "Surest large gain" in said(flagged)
    every = replace(found, moves_by_reason=moves.assign(support="extrapolated"))
    assert "Surest large gain" not in said(every)
    assert f"Better moves: {len(sure)}, but none of them rests on enough customers" in said(every)


def test_findings_of_guards_are_sentences() -> None:
    row = {"guard": "score_repeat_divergence", "where": "channel=voice, against=resolved", "finding": "who is asked?"}
    assert guard_words(row) == "score repeat divergence, channel voice, compared with resolved: who is asked?"
    assert guard_words(row | {"where": "agent=a=b", "finding": "is high"}).endswith("agent a=b: is high.")


def test_what_has_no_pilot_says_why(found: Study) -> None:
    blank = replace(found, pilots=found.pilots.iloc[:0])
    assert "nothing to try" in render_page(page_of(blank))
    composite = replace(blank, moves_by_reason=found.moves_by_reason.iloc[:0])
    page = render_page(page_of(composite))
    assert "Trials are sized for survey scores and shares" in page
    assert "nothing to try" not in page


def test_gaps_and_bins_of_covariates_are_declared(found: Study, tmp_path: Path) -> None:
    text = " ".join(
        quality_section([], {"covariate_known": {"age": 0.856}, "covariate_bins": {"age": [30, 50.5]}}).sentences
    )
    assert "age: known for 85.6% of the contacts. The others (missing or infinite)" in text
    assert "age: adjusted for in 3 groups, with the upper ends 30.00, 50.50" in text
    write_study(found, tmp_path / "out")
    quality = json.loads((tmp_path / "out" / "estimate.json").read_text(encoding="utf-8"))["quality"]
    assert quality["covariate_known"] == {"severity": 1.0}
    assert quality["covariate_bins"]["severity"] == sorted(quality["covariate_bins"]["severity"])
    assert "severity: adjusted for in" in render_page(page_of(found))


def test_shares_are_neither_points_nor_answers(tmp_path: Path) -> None:
    rows = contacts(2_500).assign(severity=lambda frame: frame["severity"].where(frame.index % 7 > 0))
    rows.to_parquet(tmp_path / "contacts.parquet")
    history = load_history(tmp_path / "contacts.parquet", salt="pepper")
    shares = study(history, outcome="fcr", covariates=("severity",), seed=1)
    page = re.sub(r"<[^>]+>", " ", render_page(page_of(shares)))
    assert "points" not in page
    assert "answers" not in page_of(shares).facts
    assert "known for" in page_of(shares).facts
    assert "who answers and for who chooses" not in page
    assert "Shares are written from 0 to 1" in page
    assert shares.model.quality["covariate_known"]["severity"] == pytest.approx(6 / 7, abs=0.001)


def test_one_channel_speaks_of_no_moves(tmp_path: Path) -> None:
    contacts(1_500).assign(channel="voice").to_parquet(tmp_path / "contacts.parquet")
    alone = study(load_history(tmp_path / "contacts.parquet", salt="pepper"), outcome="csat", covariates=("severity",))
    assert not any("moves" in note for note in alone.model.notes)
    assert any("scores shift by" in note for note in alone.model.notes)


def test_marks_of_the_terminal_are_explained() -> None:
    reasons = pairs(support=["ok", "sparse", "none"], mean=[4.0, 3.0, np.nan], lower=[3.9, 2.0, np.nan],
                    upper=[4.1, 4.0, np.nan])  # fmt: skip
    _, rows = matrix_rows(reasons, 2)
    assert matrix_legend(rows) == "s: sparse, few answers behind it; –: no estimate, see below"
    assert matrix_legend([["card", "4.00 ±0.10 (4.00, 9)"]]) == ""


def test_sentences_in_tables_are_no_numbers(found: Study) -> None:
    page = page_of(found)
    kinds = {
        section.key: [section.tables[0].kind(k) for k in range(len(section.tables[0].heads))]
        for section in page.sections
        if section.key in ("moves", "pilots") and section.tables
    }
    assert kinds["moves"][0] == "entry"
    assert kinds["moves"][-1] == "words"
    assert set(kinds["moves"][2:-1]) == {"num"}
    assert '<td dir="auto" class="words">' in render_page(page)
