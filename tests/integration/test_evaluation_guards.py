"""Guards on public contact logs: real surveys of one month, and generated ones as a negative control."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from planner.experience.guards import check_guards
from planner.history import load_history

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PLANNER_EVAL_DATA") or ROOT.parent / "shared" / "data")

pytestmark = [
    pytest.mark.evaluation,
    pytest.mark.skipif(not DATA.is_dir(), reason="set PLANNER_EVAL_DATA to the folder of the evaluation data"),
]

GENERATED = """\
version: 1
scales: {csat: [1, 10]}
columns:
  contact_id: call_code
  started_at: date
  reason: reason
  channel: channel
  agent_id: call_center
  csat: csat
"""


def test_real_surveys_raise_no_alarm_that_is_not_there() -> None:
    mapping = ROOT / "scenarios" / "mappings" / "shopzilla_csat.yaml"
    history = load_history(DATA / "shopzilla_csat.parquet", mapping, salt="evaluation")
    table = check_guards(history, outcome="csat", window_days=7)
    notes = table[table["level"] == "note"].set_index("guard")["finding"]
    assert "only surveyed contacts" in notes["response_shifts"]
    assert "not compared" in notes["score_repeat_divergence"]
    # About fifteen answers an agent: agents differ, but hardly one of them may be ranked.
    assert table.loc[table["finding"].str.startswith("reliability"), "size"].between(0.2, 0.6).all()
    assert "must not be ranked" in notes["agent_skew"]
    assert (table["level"] == "alarm").sum() == 0


def test_generated_surveys_raise_hardly_an_alarm(tmp_path: Path) -> None:
    """Scores there depend on nothing that is known: neither agent, nor reason, nor day."""
    path = DATA / "multichannel_calls_10k.parquet"
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(GENERATED, encoding="utf-8")
    table = check_guards(load_history(path, mapping, salt="evaluation"), outcome="csat", window_days=7)
    found = table[table["level"] != "note"]
    assert len(found) <= 1, pd.DataFrame(found).to_string()
