"""The staffing gap against an example worked out by hand, and the inputs that lead to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from planner.cli import main
from planner.errors import PlanError, ScenarioError
from planner.frontier.frontier import Plan
from planner.hiring import PoolOutlook, gap_of_pool, gap_table, outlooks_of
from planner.hiring.gap import gap_words
from planner.hiring.outlook import Asked
from planner.report.gap import gap_page, write_gap
from planner.scenario import load_scenario

SCENARIOS = Path(__file__).resolve().parents[4] / "scenarios"

# 760 paid hours a week at 38 hours: 20 FTE, growing 1 % a month; 2 % leave a month; two start in month 1.
HAND = PoolOutlook(
    pool="phone",
    paid_h_per_week=760,
    contract_h_per_week=38,
    heads=20,
    growth_per_year=1.01**12 - 1,
    attrition_per_year=0.24,
    ramp=(0.0, 0.5),
    starters=(2.0,),
)


def test_the_example_worked_by_hand() -> None:
    found = gap_of_pool(HAND, 3)
    assert found["required"].tolist() == pytest.approx([20.2, 20.402, 20.60602])
    # trained: 19.6, 19.208, 18.82384; the class of two: 2 (useless), 1.96 (half), 1.9208 (full)
    assert found["available"].tolist() == pytest.approx([19.6, 19.208 + 0.98, 18.82384 + 1.9208])
    assert found["gap"].tolist() == pytest.approx([-0.6, -0.214, 0.13862])
    assert found["heads"].tolist() == pytest.approx([21.6, 21.168, 20.74464])
    assert found["starters"].tolist() == [2.0, 0.0, 0.0]
    assert found["leavers"].tolist() == pytest.approx([0.4, 0.432, 0.42336])


def test_more_shrinkage_takes_more_people_and_heads_balance() -> None:
    more = gap_of_pool(replace(HAND, shrinkage_of_plan=0.2, shrinkage=0.36), 12)
    assert more["required"].to_numpy() == pytest.approx(gap_of_pool(HAND, 12)["required"].to_numpy() * 0.8 / 0.64)
    moved = more["heads"].diff().iloc[1:] - (more["starters"] - more["leavers"]).iloc[1:]
    assert moved.abs().max() < 1e-12


def test_bad_numbers_are_refused() -> None:
    for wrong, words in (({"contract_h_per_week": 0.0}, "not above 0"), ({"shrinkage": 1.0}, "below 1")):
        with pytest.raises(ValueError, match=words):
            gap_of_pool(replace(HAND, **wrong), 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="months is 0"):
        gap_of_pool(HAND, 0)


def test_sentences_name_the_first_and_the_worst_month() -> None:
    table = gap_table([HAND, replace(HAND, pool="desk", heads=40.0)], 3)
    assert gap_words(table) == [
        "phone: short from month 1, in 2 of 3 months; at worst 0.6 FTE in month 1.",
        "desk: enough people in every month; least to spare in month 3: 19.0 FTE.",
    ]


@pytest.fixture
def plan() -> Plan:
    """A plan of the toy: six people on the phone for two hours, four at the desk."""
    rows = [(pool, k, people) for pool, people in (("phone", 6.0), ("desk", 4.0)) for k in range(4)]
    return Plan("p001", {}, {"staffing": pd.DataFrame(rows, columns=["pool", "interval", "scheduled"])})


def test_inputs_win_in_order(plan: Plan, tmp_path: Path) -> None:
    text = (SCENARIOS / "minimal.yaml").read_text(encoding="utf-8")
    text += "staffing_plan:\n  {attrition_per_year: 0.1, ramp: [0.5], "
    text += "pools: {desk: {attrition_per_year: 0.2, starters: [1]}}}\n"
    (tmp_path / "s.yaml").write_text(text.replace("data/", f"{(SCENARIOS / 'data').as_posix()}/"), encoding="utf-8")
    scenario = load_scenario(tmp_path / "s.yaml")
    phone, desk = outlooks_of(scenario, plan, Asked())
    assert (phone.paid_h_per_week, phone.contract_h_per_week, phone.heads) == (12.0, 2.0, 6.0)
    assert (phone.attrition_per_year, desk.attrition_per_year, desk.starters) == (0.1, 0.2, (1.0,))
    table = tmp_path / "t.csv"
    table.write_text("pool;month;starters;attrition_per_year\nphone;2;3;0,4\n", encoding="utf-8-sig")
    phone, desk = outlooks_of(scenario, plan, Asked(growth_per_year=0.5, starters={"desk": (0.0, 2.0)}), table)
    assert (phone.attrition_per_year, phone.starters, phone.growth_per_year) == (0.4, (0.0, 3.0), 0.5)
    assert (desk.attrition_per_year, desk.starters) == (0.2, (0.0, 2.0))
    with pytest.raises(PlanError, match="no pool 'fax'"):
        outlooks_of(scenario, plan, Asked(starters={"fax": (1.0,)}))
    table.write_text("pool,month,starters\nfax,1,2\nphone,x,2\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="known are phone, desk") as caught:
        outlooks_of(scenario, plan, Asked(), table)
    assert len(caught.value.issues) == 2


def test_page_and_workbook_hold_the_same_numbers_and_inert_names(tmp_path: Path) -> None:
    table = gap_table([replace(HAND, pool="<script>x</script>")], 3)
    page = gap_page(table, gap_words(table), "People & plans")
    assert "<script>" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<polyline") == 2
    book = openpyxl.load_workbook(write_gap(table, ["=1+1"], "People", tmp_path / "gap.xlsx"), data_only=True)
    rows = list(book["Gap"].iter_rows(min_row=2, values_only=True))
    assert [row[4] for row in rows] == pytest.approx(table["gap"].tolist())
    assert book["Read me"]["A2"].value == "=1+1"
    assert book["Read me"]["A2"].data_type == "s"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--ramp", "0,50"], "write 0.5, not 50"),
        (["--ramp", "a"], "not a list of numbers"),
        (["--shrinkage", "30"], "write 0.3, not 30"),
        (["--growth", "-2"], "leaves no work"),
    ],
)
def test_options_that_make_no_sense_exit_2(
    toy_run: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    assert main(["gap", str(toy_run), "--plan", "p001", *more]) == 2
    assert words in capsys.readouterr().err
