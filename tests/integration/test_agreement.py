"""Formulas beside simulation: they agree on a real plan, and what is planted is found."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import jsonschema
import pytest

import planner
from planner.agreement import COLUMNS, check_agreement, shown_plans, with_agreement
from planner.cli.running import exit_code_of
from planner.frontier.again import journey_steps, later_contacts
from planner.frontier.frontier import TABLES, Frontier
from planner.report.agreement import agreement_section
from planner.report.heat import heat_maps
from planner.report.page import render_page

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def toy() -> Frontier:
    settings = [
        "frontier.share_step=0.5",
        "frontier.headroom_levels=[0]",
        "frontier.cost_points=2",
        "frontier.search_evaluations=0",
        "frontier.bound_plans=0",
        "frontier.plans=6",
        "frontier.bound_prices=2",
        "frontier.bound_boxes=2",
        "frontier.bound_steps=1",
    ]
    scenario = planner.load_scenario(
        ROOT / "scenarios" / "minimal.yaml", overrides=[*settings, "frontier.risk_draws=0"]
    )
    return planner.plan(scenario, seed=1)


def starved(frontier: Frontier, plan: str) -> Frontier:
    """The same run, but fewer people stand in one plan than its service was computed with."""
    staffing = frontier.tables["staffing"].copy()
    own = staffing["plan"] == plan
    staffing.loc[own, "on_task"] = (staffing.loc[own, "on_task"] * 0.5).round()
    return dataclasses.replace(frontier, tables={**frontier.tables, "staffing": staffing})


def test_every_run_compares_its_named_plans_with_simulation(toy: Frontier) -> None:
    table = toy.tables["agreement"]
    assert tuple(table.columns) == COLUMNS
    assert set(table["plan"]) == set(shown_plans(toy))
    assert not table["failed"].any()
    assert toy.meta["failed_checks"] == []
    assert exit_code_of(toy) == 0
    experience = table[table["measure"] == "cx"].set_index("plan")
    plans = toy.table.set_index("plan")["cx"]
    assert list(experience.index) == shown_plans(toy)
    assert experience["said"].to_numpy() == pytest.approx(plans[experience.index].to_numpy())
    assert experience["tolerance"].iloc[0] == pytest.approx(0.05 * (plans.max() - plans.min()))
    promises = table[~table["what"].isin(["", "CX"])]
    assert set(promises["what"]) == set(toy.tables["promises"]["promise"])
    said = toy.tables["promises"].set_index(["plan", "promise", "period"])["value"]
    for row in promises.itertuples():
        assert row.said == pytest.approx(said[row.plan, row.what, row.period])


def test_carry_over_stands_beside_the_formulas(toy: Frontier) -> None:
    """Live voice only; what the tables say per interval and promise is what the checks compare with."""
    table, carried = toy.tables["agreement"], toy.tables["carry_over"]
    assert list(carried.columns) == TABLES["carry_over"].split(" (")[0].replace(",", "").split()
    assert set(carried["plan"]) == set(shown_plans(toy))
    assert set(carried["pool"]) == {"phone"}
    assert set(carried["method"]) == {"chain"}
    assert {"stationary", "chain"} <= set(carried["advised"]) <= {"stationary", "offered_load", "chain"}
    known = table["carried"].notna()
    assert (known == ~(table["pool"].str.contains("desk") | (table["measure"] == "cx"))).all()
    assert (table["carried"] != table["said"])[known].all()
    of_promises = toy.tables["carry_over_promises"].set_index(["plan", "promise", "period"])["value"]
    for row in table[known].itertuples():
        if row.what:
            assert row.carried == of_promises[row.plan, row.what, row.period]
        else:
            own = carried[carried["plan"] == row.plan]
            expected = (own[row.measure] * own["offered"]).sum() / own["offered"].sum()
            assert row.carried == pytest.approx(expected)


def test_later_contacts_add_up_to_every_contact_and_all_money_of_pools(toy: Frontier) -> None:
    for plan in shown_plans(toy):
        found, own = later_contacts(toy, plan), toy.plan(plan)
        assert (found["issues"] * found["contacts"]).sum() == pytest.approx(own.flows["contacts"].sum(), rel=1e-6)
        pools = own.costs["pool"].isin(own.flows["pool"]) & (own.costs["item"] != "fixed")
        assert (found["issues"] * found["cost"]).sum() == pytest.approx(own.costs.loc[pools, "amount"].sum(), rel=1e-6)


def test_maps_show_the_service_that_was_simulated(toy: Frontier) -> None:
    maps = heat_maps(toy, shown_plans(toy))
    assert set(maps["source"].values()) == {"simulated contact by contact"}
    table = toy.tables["simulated"]
    assert list(table.columns) == ["plan", "pool", "interval", "offered", "abandon_rate", "asa_s", "service_level"]
    own = table.query("plan == 'today' and pool == 'phone' and offered >= 0.05")
    drawn = [
        v
        for v in maps["service"]["today"][list(toy.tables["staffing"]["pool"].unique()).index("phone")]
        if v is not None
    ]
    assert drawn == list((100 * own.sort_values("interval")["service_level"]).round())


def test_objectives_and_promises_stay_stationary(toy: Frontier) -> None:
    """The promises of a plan are those of its service table, half hour by half hour."""
    service = toy.tables["service"].query("pool == 'phone'")
    stated = toy.tables["promises"].query("promise == 'phone_80_20'").set_index("plan")["value"]
    for plan, own in service.groupby("plan"):
        expected = (own["service_level"] * own["offered"]).sum() / own["offered"].sum()
        assert stated[plan] == pytest.approx(expected, abs=1e-6)


def test_simulation_is_compared_with_carry_over(toy: Frontier) -> None:
    """Formulas that are off do not count where the figure with carry-over is right, nor the other way round."""
    service = toy.tables["service"].copy()
    service.loc[service["pool"] == "phone", "service_level"] -= 0.2
    found = check_agreement(dataclasses.replace(toy, tables={**toy.tables, "service": service}), seed=1)
    assert not found.table["failed"].any()
    carried = toy.tables["carry_over"].copy()
    carried["service_level"] -= 0.2
    found = check_agreement(dataclasses.replace(toy, tables={**toy.tables, "carry_over": carried}), seed=1)
    failed = found.table[found.table["failed"]]
    assert set(failed["plan"]) == set(shown_plans(toy))
    assert set(failed["measure"]) == {"service_level"}
    assert all("with carry-over" in line for lines in found.findings.values() for line in lines)


def test_the_page_shows_all_three_figures(toy: Frontier) -> None:
    section = agreement_section(toy)
    place = section["heads"].index("With carry-over") - section["heads"].index("Formulas")
    assert sum(len(line["dots"]) for line in section["lines"]) == len(toy.tables["agreement"])
    known = toy.tables["agreement"].dropna(subset=["carried"])
    carried = set(known["what"].where(known["what"] != "", known["pool"]))
    for row in section["rows"]:
        assert len(row["cells"]) == 4
        assert (row["cells"][place] == "–") == (row["about"].lower() not in {name.lower() for name in carried})
    old = toy.tables["agreement"].drop(columns="carried")
    rows = agreement_section(dataclasses.replace(toy, tables={**toy.tables, "agreement": old}))["rows"]
    assert {row["cells"][place] for row in rows} == {"–"}


def test_runs_without_carry_over_compare_with_the_formulas(toy: Frontier) -> None:
    tables = {name: frame for name, frame in toy.tables.items() if not name.startswith("carry_over")}
    table = check_agreement(dataclasses.replace(toy, tables=tables), seed=1).table
    assert table["carried"].isna().all()
    assert not table["failed"].any()


def test_a_plan_short_of_people_is_found(toy: Frontier) -> None:
    plan = shown_plans(toy)[1]
    found = check_agreement(starved(toy, plan), seed=1)
    assert set(found.findings) == {plan}
    failed = found.table[found.table["failed"]]
    assert {"service_level", "abandon_rate"} <= set(failed["measure"])
    assert (failed["simulated"] < failed["said"])[failed["measure"] == "service_level"].all()
    told = with_agreement(starved(toy, plan), found)
    assert "Simulation disagrees" in told.explain(plan)
    assert "Simulation disagrees" not in told.explain("today")
    assert len(told.meta["failed_checks"]) == len(failed)
    assert exit_code_of(told) == 5
    page = render_page(told)
    assert "Do formulas and simulation agree?" in page
    assert page.index("A check of the finished plans failed") < page.index("Decision brief")


def test_a_promise_that_simulation_breaks_fails_although_the_values_are_near(toy: Frontier) -> None:
    """The formulas claim to keep a target that lies just above what the simulation finds."""
    simulated = toy.tables["agreement"].query("plan == 'today' and what == 'chat_90_60'").iloc[0]
    target = float(simulated["simulated"]) + 0.024
    tables = dict(toy.tables)
    for name, column in (("center_promises", "target"), ("promises", "target")):
        frame = tables[name].copy()
        frame.loc[frame["promise"] == "chat_90_60", column] = target
        tables[name] = frame
    own = (tables["promises"]["plan"] == "today") & (tables["promises"]["promise"] == "chat_90_60")
    tables["promises"].loc[own, "value"] = target
    found = check_agreement(dataclasses.replace(toy, tables=tables), seed=1, replications=400)
    row = found.table.query("plan == 'today' and what == 'chat_90_60'").iloc[0]
    assert abs(row["said"] - row["simulated"]) < row["tolerance"]
    assert row["failed"]


def test_same_seed_same_table(toy: Frontier) -> None:
    again = check_agreement(toy, seed=1).table
    assert again.equals(toy.tables["agreement"])


def test_the_page_of_a_real_run_keeps_its_contract(toy: Frontier) -> None:
    schema = json.loads((ROOT / "planner/report/page.schema.json").read_text(encoding="utf-8"))
    data = json.loads(re.search(r'id="data">(.*?)</script>', render_page(toy), re.S)[1])
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(data)] == []
    assert data["details"]["heat"]["service"]


def test_journeys_add_up_contact_by_contact(toy: Frontier) -> None:
    """Every contact is at one touchpoint, and as many come to one as the ways to it bring and do not end before."""
    for plan in shown_plans(toy):
        points, steps = journey_steps(toy, plan)
        flows = toy.plan(plan).flows
        assert points["contacts"].sum() == pytest.approx(flows["contacts"].sum(), rel=1e-6)
        first = points[points["attempt"] == 1].set_index("channel")["contacts"]
        begun = flows[flows["stage"] == "first"].groupby("channel")["contacts"].sum()
        assert dict(first) == pytest.approx(dict(begun[begun > 1e-9]))
        spots = points.set_index(["channel", "attempt"])
        assert (spots["goes_on"] + spots["lost"] <= spots["contacts"] * (1 + 1e-9)).all()
        came = steps.groupby(["to_channel", "to_attempt"])["contacts"].sum()
        left = steps.groupby(["channel", "attempt"])["contacts"].sum()
        for spot, row in spots.iterrows():
            assert left.get(spot, 0.0) == pytest.approx(row["goes_on"], rel=1e-6)
            assert spot[1] == 1 or came.get(spot, 0.0) == pytest.approx(row["contacts"], rel=1e-6)
