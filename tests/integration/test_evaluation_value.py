"""A public (fictional) telco sample: technical tickets drive churn and value, administrative ones do not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from planner.experience.value import ValueLink, ValueSpec, value_link

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PLANNER_EVAL_DATA") or ROOT.parent / "shared" / "data")

pytestmark = [
    pytest.mark.evaluation,
    pytest.mark.skipif(not DATA.is_dir(), reason="set PLANNER_EVAL_DATA to the folder of the evaluation data"),
]

TECHNICAL = ValueSpec(
    churned="churned",
    exposures=("tech_tickets",),
    basis="tech_tickets",
    negative_controls=("admin_tickets",),
    value="cltv",
)
ADMINISTRATIVE = replace(TECHNICAL, exposures=("admin_tickets",), basis="admin_tickets", negative_controls=())
DRIVERS = ("contract", "tenure_months", "monthly_charges")


def link(spec: ValueSpec, **changes: object) -> ValueLink:
    frame = pd.read_parquet(DATA / "telco_contacts_churn_value.parquet")
    frame["churned"] = frame["churned"].astype(int)
    frame["price_driven"] = frame["churn_reason"].eq("Price too high").astype(int)
    return value_link(frame, replace(spec, **changes))


@pytest.mark.parametrize("covariates", [(), DRIVERS])
def test_technical_tickets_drive_churn_and_cost_value(covariates: tuple[str, ...]) -> None:
    found = link(TECHNICAL, covariates=covariates)
    row = found.effects.iloc[0]
    assert 0.2 < row["lower"] < row["adjusted"] < row["upper"] < 0.55
    assert row["weight"] == 1
    checks = found.checks.set_index("check")
    assert checks["passed"].all()
    assert "no step down" in checks.loc["dose-response", "words"]
    value, lower, upper = found.worth(0.1)
    assert 0 < lower < value < upper
    assert any("associations" in note for note in found.notes)


def test_the_plain_difference_is_what_was_published() -> None:
    """Churn at no ticket 20 %, at one 66 %."""
    assert link(TECHNICAL).effects.loc[0, "naive"] == pytest.approx(0.66 - 0.20, abs=0.01)


@pytest.mark.parametrize("covariates", [(), DRIVERS])
def test_administrative_tickets_are_worth_nothing(covariates: tuple[str, ...]) -> None:
    found = link(ADMINISTRATIVE, covariates=covariates)
    row = found.effects.iloc[0]
    assert row["lower"] < 0
    assert row["weight"] == 0
    assert found.worth(0.1) == (0.0, 0.0, 0.0)
    assert link(TECHNICAL, covariates=covariates).checks.set_index("check").loc["negative control", "passed"]


def test_contract_tenure_and_charges_explain_part_of_the_difference() -> None:
    row = link(TECHNICAL, covariates=DRIVERS).effects.iloc[0]
    assert row["upper"] < row["naive"]
    admin = link(ADMINISTRATIVE, covariates=DRIVERS).effects.iloc[0]
    assert admin["lower"] < 0 < admin["upper"]
