"""The page of an estimate: names stay inert, numbers are those of the tables, every part of the study is there."""

from __future__ import annotations

import html
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from study_sample import FORMULA, HOSTILE, contacts, studied

from planner.experience.study import Study
from planner.history import load_history, stitch_issues
from planner.report.estimate.content import digits_of, page_of
from planner.report.estimate.files import study_tables, write_study
from planner.report.estimate.first import first_sentences
from planner.report.estimate.page import render_page
from planner.report.estimate.terminal import matrix_rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return studied(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def text(found: Study) -> str:
    return render_page(page_of(found))


def test_names_from_the_file_are_escaped_and_nothing_is_loaded(text: str) -> None:
    assert HOSTILE not in text
    assert html.escape(HOSTILE, quote=False) in text.replace("&#34;", '"')
    assert "<img" not in text
    assert "<script" not in text
    assert re.search(r'content="default-src \'none\'', text)
    assert not re.search(r'(src|href)="(?!#)', text)


def test_the_matrix_shows_the_table_raw_beside_adjusted(found: Study, text: str) -> None:
    row = found.model.reasons.set_index(["reason", "channel"]).loc[("billing", "voice")]
    for shown in (f"{row['mean']:.2f}", f"{row['lower']:.2f} to {row['upper']:.2f}",
                  f"raw {row['raw_mean']:.2f}, n {row['n_answers']:,.0f}"):  # fmt: skip
        assert shown in text


def test_raw_means_are_a_recount_of_first_contacts(found: Study, tmp_path: Path) -> None:
    contacts().to_parquet(tmp_path / "contacts.parquet")
    history = load_history(tmp_path / "contacts.parquet", salt="pepper")
    rows = stitch_issues(history, 7.0).execute()
    first = rows[rows["stage"] == "first"]
    own = first.groupby(["reason", "channel"])["csat"].agg(["mean", "count"])
    table = found.model.reasons.set_index(["reason", "channel"]).loc[own.index]
    assert (table["n_answers"] == own["count"]).all()
    assert np.allclose(table["raw_mean"], own["mean"], atol=1e-9)


def test_every_part_of_the_study_is_on_the_page(text: str) -> None:
    for key in ("matrix", "moves", "pilots", "waits", "journeys", "guards", "basis", "answers", "quality", "notes"):
        assert f'<details id="{key}"' in text
    assert text.count("<svg") > 6
    assert "Kaplan" in text


def test_the_first_sentences_name_the_sure_gain(found: Study) -> None:
    said = " ".join(first_sentences(found, digits_of(found)))
    assert re.search(r"from bot to voice, \+0\.\d\d points", said)
    assert "cannot be told apart" in said


def test_the_move_is_known_from_the_generator(found: Study) -> None:
    moves = found.moves_by_reason.set_index(["reason", "from_channel", "to_channel"])
    row = moves.loc[("billing", "bot", "voice")]
    # a point, less what voice's mean wait of a minute costs (0.3 points), a little less at the ends of the scale
    assert row["lower_total"] < 0.7 < row["upper_total"]
    assert row["p_gain"] > 0.95
    assert row["advice"] == "better"
    back = moves.loc[("billing", "voice", "bot")]
    assert back["advice"] in ("worse", "probably worse")


def test_files_hold_every_table_and_formulas_are_inert(found: Study, tmp_path: Path) -> None:
    page = write_study(found, tmp_path / "out")
    assert page.name == "report.html"
    for name, table in study_tables(found).items():
        back = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        assert len(back) == len(table)
        assert (tmp_path / "out" / f"{name}.csv").exists()
    lines = (tmp_path / "out" / "reasons.csv").read_text(encoding="utf-8")
    assert f"'{FORMULA}" in lines
    assert not re.search(r"(^|,)=cmd", lines, re.MULTILINE)
    summary = json.loads((tmp_path / "out" / "estimate.json").read_text(encoding="utf-8"))
    assert summary["outcome"] == "csat"
    assert summary["notes"]


def test_the_same_study_gives_the_same_bytes(found: Study, text: str) -> None:
    assert render_page(page_of(found)) == text


def test_the_terminal_shows_the_same_numbers(found: Study) -> None:
    heads, rows = matrix_rows(found.model.reasons, 2)
    assert heads[0] == "reason"
    line = next(line for line in rows if line[0] == "billing")
    row = found.model.reasons.set_index(["reason", "channel"]).loc[("billing", heads[1])]
    assert line[1].startswith(f"{row['mean']:.2f} ±{(row['upper'] - row['lower']) / 2:.2f}")


def test_one_channel_says_that_no_move_can_be_estimated(found: Study) -> None:
    none = found.moves_by_reason.iloc[:0]
    voice = replace(
        found,
        model=replace(found.model, reasons=found.model.reasons[found.model.reasons["channel"] == "voice"]),
        moves=found.moves.iloc[:0],
        moves_by_reason=none,
    )
    assert "There is one channel only" in render_page(page_of(voice))
