"""Gaps of plans to their bounds, also where nobody costs anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from planner.cli import main
from planner.frontier.certificate import gaps

MINIMAL = Path(__file__).resolve().parents[4] / "scenarios" / "minimal.yaml"


def test_gaps_are_shares_of_bounds_that_say_something():
    cost = np.array([103.0, 99.0, 100.0, 10.0, 0.0])
    bound = np.array([100.0, 100.0, np.nan, 1e-12, 1e-13])
    np.testing.assert_allclose(gaps(cost, bound), [0.03, 0.0, np.nan, np.nan, 0.0])


def test_a_center_whose_people_cost_nothing_is_planned(tmp_path, capsys):
    free = [f"--set=pools.{pool}.wage_per_h=0" for pool in ("phone", "desk")]
    few = ["--set=frontier.search_evaluations=0", "--set=frontier.plans=4", "--set=frontier.share_step=null"]
    few += ["--set=frontier.bound_plans=0"]
    given = ["run", str(MINIMAL), *free, *few, "--out", str(tmp_path), "--seed", "1", "--workers", "1"]
    assert main(given) == 0
    (run,) = (path for path in tmp_path.iterdir() if path.is_dir())
    plans = pd.read_csv(run / "plans.csv")
    found = plans[plans["origin"] != "today"]
    assert (found["cost"] < 20.0).all()  # contacts and offers alone
    assert not (found["gap"] > 100.0).any()
    capsys.readouterr()
