"""A center with a contact or two in an interval: twenty simulated days say little about its waits."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_centers import write_one_pool  # noqa: E402

import planner  # noqa: E402
from planner import agreement  # noqa: E402
from planner.agreement import check_agreement  # noqa: E402

QUICK = (
    "frontier.search_evaluations=0", "frontier.plans=2", "frontier.risk_draws=2", "frontier.bound_steps=1",
    "frontier.cost_points=2", "frontier.bound_boxes=2", "frontier.headroom_levels=[0]", "frontier.bound_plans=0",
)  # fmt: skip


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> planner.Frontier:
    """Two contacts an hour for one or two people who promise an answer within three minutes in each hour."""
    path = write_one_pool(tmp_path_factory.mktemp("quiet"), p_return=0.0, redial=0.0, patience_s=400)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["promises"] = {"asa": {"pools": ["phone"], "measure": "asa_s", "target": 180, "period": "interval"}}
    path.write_text(json.dumps(document), encoding="utf-8")
    for name, old, new in (("demand.csv", ",1000", ",2"), ("staffing.csv", ",130", ",1")):
        file = path.parent / name
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return planner.plan(planner.load_scenario(path, QUICK), seed=1)


def test_few_who_wait_long_are_no_disagreement(quiet: planner.Frontier) -> None:
    """3,000 replications agree with the formulas, so twenty must not say that they are wrong, whoever the customers."""
    failing = [seed for seed in range(20) if check_agreement(quiet, seed=seed).findings]
    assert failing == []


def test_a_disagreement_must_show_among_other_customers(
    quiet: planner.Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two checks fail, one of them again: that one alone is a finding, and only its plan was simulated again."""
    table, intervals = agreement._checked(quiet, ["today"], agreement.SimulationSettings(seed=1), None)
    seeds: list[int] = []

    def looked(
        _: object, plans: list[str], settings: agreement.SimulationSettings, *__: object
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        assert "today" in plans
        seeds.append(settings.seed)
        return table.assign(failed=np.arange(len(table)) < 3 - len(seeds)), intervals

    monkeypatch.setattr(agreement, "_checked", looked)
    found = check_agreement(quiet, seed=1)
    assert found.table["failed"].tolist() == [True] + [False] * (len(table) - 1)
    assert list(found.findings) == ["today"]
    assert len(set(seeds)) == 2
