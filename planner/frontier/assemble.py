"""From found plans to a `Frontier`: judge again, certify, name, weigh risk, explain, and fill every table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.assumptions import swings
from planner.frontier.bound_table import bound_table
from planner.frontier.bridge import bridge_table, bridge_words
from planner.frontier.carry_over import carry_over_tables
from planner.frontier.certificate import certify
from planner.frontier.explain import (
    axis_sentence,
    certificate_words,
    contract_sentences,
    explain_plan,
    initiatives_sentence,
    largest_moves,
    next_point_price,
    prices_table,
    room_words,
    titled_moves,
)
from planner.frontier.frontier import Frontier
from planner.frontier.held import held_bytes
from planner.frontier.objectives import described
from planner.frontier.overflow import overflow_table, overflow_types_table
from planner.frontier.plan_rows import headline_of, plans_table
from planner.frontier.rescore import (
    SecondLook,
    add_gains,
    optimism,
    optimism_words,
    problem_with,
    rescored_cx,
    sampling_sd,
)
from planner.frontier.risk import Stand, risk_of
from planner.frontier.risk_tables import attainment_table, risk_facts, risk_table
from planner.frontier.rounding import rounding_words
from planner.frontier.says import add_sayings
from planner.frontier.search import Found
from planner.frontier.shown import Shown, show_solution, show_today
from planner.frontier.tables import (
    contracts_table,
    costs_table,
    demand_table,
    flows_table,
    hires_table,
    mix_table,
    promises_table,
    rules_table,
    segments_table,
    service_table,
    shifts_table,
    stack,
    staffing_table,
)
from planner.frontier.work import Work
from planner.heap import give_back
from planner.operation.problem import FlowProblem
from planner.operation.today import Today
from planner.simulation.center import center_tables
from solvers.flow.evaluate import evaluate
from solvers.flow.network import Floats
from solvers.flow.solution import Solution


def assemble(
    problem: FlowProblem, today: Today, found: Found, work: Work, meta: Mapping[str, Any], look: SecondLook
) -> Frontier:
    """Assemble the frontier of found plans; Today comes first."""
    problems = [found.problems[record.portfolio] for record in found.records]
    solutions = [record.judged(own.instance) for record, own in zip(found.records, problems, strict=True)]
    keys = [f"p{k + 1:03d}" for k in range(len(solutions))]
    shown = [show_today(problem, today)] + [
        show_solution(key, own, s) for key, own, s in zip(keys, problems, solutions, strict=True)
    ]
    risk = risk_of(_stands(today, solutions, shown), problem.scenario.frontier.risk_draws, work)
    plans = plans_table(today, solutions, shown, risk, found)
    second = _second_look(problem, shown, plans, look, work.seed)
    assumptions = _assumptions(problems, solutions, plans, work)
    give_back()  # draws are done; tables need room
    certificate = _certificate(found, plans)
    tables = _detail_tables(problem, today, solutions, shown)
    give_back()
    tables |= carry_over_tables([view for view, name in zip(shown, plans["name"], strict=True) if name])
    tables["plans"] = plans
    tables["risk"] = risk_table(plans, risk, _further(found), found.objectives.senses)
    tables["attainment"] = attainment_table(risk, problem.scenario.frontier.headroom_levels)
    tables["prices"] = prices_table(plans, found.surface, problem.scenario.currency, _cx_step(problem))
    tables["assumptions"] = assumptions
    tables["bound"] = bound_table(found.surface)
    used = _used(problem, problems)
    tables["demand"] = stack([demand_table(one) for one in used])
    tables["bridge"] = _bridge(problem, shown[0], look)
    add_sayings(found.problems, shown, tables, headline_of(plans), work)
    tables |= center_tables(used)
    explanations = _explanations(problem, plans, tables, enumerated=found.enumerated)
    why = "" if found.enumerated else rounding_words(problems, solutions, found.surface)
    explanations["today"] = "\n".join([explanations["today"], *bridge_words(tables["bridge"])])
    proof = certificate_words(certificate, keys, enumerated=found.enumerated)
    facts = dict(meta) | {
        "certificate_words": " ".join(filter(None, (proof, why, *axis_sentence(problem)))),
        "skipped": list(work.skipped),
        "enumerated": found.enumerated,
        "objectives": described(found.objectives),
        "rescored": second,
        "risk": risk_facts(risk, problem.scenario.frontier.headroom_levels),
    }
    model = held_bytes(found.problems, keys, found.records, today.routing.split)
    return Frontier(tables, certificate, explanations, facts, model)


def _stands(today: Today, solutions: list[Solution], shown: list[Shown]) -> list[Stand]:
    money = [today.cost - today.evaluation.variable_cost, *(s.people_cost.money for s in solutions)]
    return [Stand(view.decision, view.scheduled, paid, view.problem) for view, paid in zip(shown, money, strict=True)]


def _further(found: Found) -> Floats:
    """Further objectives of Today (not known) and the plans, shape (plan, objective)."""
    unknown = np.full(len(found.objectives.names), np.nan)
    return np.array([unknown, *(record.extra for record in found.records)])


def _used(base: FlowProblem, problems: Sequence[FlowProblem]) -> list[FlowProblem]:
    """Problems that a plan or Today is of, each once, the one without initiatives first."""
    return list({one.initiatives: one for one in (base, *problems)}.values())


def _second_look(
    problem: FlowProblem, shown: list[Shown], plans: pd.DataFrame, look: SecondLook, seed: int
) -> dict[str, Any]:
    """Score plans again with the customers who did not choose them; `{}` where nobody was left to do so."""
    if look.rescored is None:
        add_gains(plans, None)
        return {}
    add_gains(plans, rescored_cx(shown, look.rescored))
    chosen = plans[plans["origin"] != "today"]
    found = optimism(
        chosen["gain"].to_numpy(float),
        chosen["gain_rescored"].to_numpy(float),
        sampling_sd(problem, problem_with(problem, look.rescored), [view.evaluation for view in shown], seed),
    )
    return {**found, "plans": len(chosen), "words": optimism_words(found, plans)}


def _bridge(problem: FlowProblem, today: Shown, look: SecondLook) -> pd.DataFrame:
    """From the survey's mean to Today's CX; with the scores of all customers up to the last step."""
    whole, now = problem, today.evaluation
    if look.rescored is not None:
        whole = problem_with(problem, look.whole)
        now = evaluate(whole.network, whole.instance.promises, today.decision, known_headroom=np.nan, guess=now.state)
    return bridge_table(look.survey, whole, today.decision, now, today.evaluation.cx)


def _certificate(found: Found, plans: pd.DataFrame) -> Mapping[str, Any]:
    """The certificate; an enumerated grid is complete by construction."""
    rows = plans[plans["origin"] != "today"]
    if found.surface is None or rows.empty:
        return {}
    certificate = certify(found.surface, rows[["cx", "cost", "headroom"]].to_numpy(float))
    if found.enumerated:
        return {"model": 1.0, "resolution": 1.0, "ratio": 1.0, "reference": certificate["reference"]}
    return certificate


def _detail_tables(
    problem: FlowProblem, today: Today, solutions: list[Solution], shown: list[Shown]
) -> dict[str, pd.DataFrame]:
    none = np.zeros(len(problem.pools), dtype=np.int64)
    payroll = problem.instance.payroll
    heads = np.nan_to_num(np.where(payroll.rostered, payroll.heads, 0)).astype(np.int64)
    hires = [hires_table(shown[0], heads, none, today.overtime_h, today.paid_h)]
    for view, solution in zip(shown[1:], solutions, strict=True):
        cost = solution.people_cost
        hires.append(hires_table(view, cost.heads_needed, cost.hires, cost.overtime_h, cost.paid_h))
    makers = {
        "staffing": staffing_table,
        "shifts": shifts_table,
        "flows": flows_table,
        "channel_mix": mix_table,
        "service": service_table,
        "costs": costs_table,
        "contracts": contracts_table,
        "promises": promises_table,
        "segments": segments_table,
        "rules": rules_table,
        "overflow": overflow_table,
        "overflow_types": overflow_types_table,
    }
    tables = {name: stack([make(view) for view in shown]) for name, make in makers.items()}
    tables["hires"] = stack(hires)
    return tables


def _assumptions(
    problems: list[FlowProblem], solutions: list[Solution], plans: pd.DataFrame, work: Work
) -> pd.DataFrame:
    """Swings of the headline plan (cheapest no worse than Today, else the first); none once the time is over."""
    columns = ["input", "value", "low", "high", "source", "swing_cx", "swing_cost", "swing_headroom"]
    if work.out_of_time:
        work.skipped.append("assumptions")
    if not solutions or work.out_of_time:
        return pd.DataFrame(columns=columns)
    headline = plans["plan"].tolist().index(headline_of(plans)) - 1
    rows = [
        (a.path, a.value, a.low, a.high, a.source or "stated", a.swing_cx, a.swing_cost, a.swing_headroom)
        for a in swings(problems[headline], solutions[headline])
    ]
    return pd.DataFrame(rows, columns=columns)


def _cx_step(problem: FlowProblem) -> float:
    """A step of CX worth talking about: an eightieth of the scale (0.05 points on 1-5)."""
    low, high = problem.scenario.experience.scale
    return (high - low) / 80


def _explanations(
    problem: FlowProblem, plans: pd.DataFrame, tables: Mapping[str, pd.DataFrame], *, enumerated: bool
) -> dict[str, str]:
    today = plans.iloc[0]
    words = {"today": _today_words(today)}
    by_plan = dict(tuple(tables["channel_mix"].groupby("plan")))
    for _, row in plans.iloc[1:].iterrows():
        price = next_point_price(plans, str(row["plan"]), problem.scenario.currency, _cx_step(problem))[0]
        moves = titled_moves(problem, largest_moves(by_plan[row["plan"]]))
        more = initiatives_sentence(problem, row["initiatives"])
        more += [f"It keeps {row['closed']}." for _ in range(bool(row["closed"]))]
        more += contract_sentences(problem, tables["contracts"].query("plan == @row.plan"))
        said = explain_plan(row, today, moves, price, problem.scenario.currency, more, enumerated=enumerated)
        words[str(row["plan"])] = " ".join([said, *axis_sentence(problem)])
    return words


def _today_words(today: pd.Series) -> str:
    lost = f"{today['abandon_rate']:.1%} of waiting contacts abandon"
    return f"Today, evaluated by the same rules as every plan: it {room_words(today['headroom'])}; {lost}."
