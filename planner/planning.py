"""From what is known of a center to its frontier: plans found, predicted, assembled and simulated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from planner.agreement import check_agreement, with_agreement
from planner.backtest.record import BacktestRecord, look_back
from planner.backtest.rolling import Past
from planner.errors import Stopped
from planner.experience.model import ExperienceModel
from planner.frontier.adopted import Adopted, with_adopted
from planner.frontier.assemble import assemble
from planner.frontier.earlier import Earlier, seeds_of, with_kept_parts
from planner.frontier.frontier import Frontier
from planner.frontier.infeasible import explain_infeasible
from planner.frontier.rescore import SecondLook
from planner.frontier.search import Found, Standing, find_plans, sweep_settings
from planner.frontier.work import Work
from planner.heap import clear_out
from planner.known import Known
from planner.operation.problem import FlowProblem
from planner.scenario import Scenario
from solvers.flow.doubt import axis_of


def frontier_of(
    scenario: Scenario,
    known: Known,
    work: Work,
    *,
    earlier: Earlier | None = None,
    adopted: Adopted | None = None,
    first_look: Callable[[Frontier], None] | None = None,
) -> Frontier:
    """Return the frontier of whole plans of a scenario; parameters and errors as those of `pipeline.plan`."""
    problem, today, halves = known.problem, known.today, known.halves
    if earlier is not None:
        problem = with_kept_parts(problem, earlier)
    seeds = None if earlier is None else seeds_of(problem, earlier, today.routing.split)
    seen = today.evaluation
    now = Standing(axis_of(problem.instance.doubt, seen), today.cost, seen.headroom, seen.cx_segment)

    look_so_far = None if first_look is None else lambda found: first_look(_so_far(problem, known, found, work))
    found = find_plans(problem, today.routing.split, work, seeds, now, look_so_far)
    if not found.records:
        if work.skipped:
            raise Stopped("out of time before a plan was found; run again with a longer --time-limit and --resume")
        level, settings = min(scenario.frontier.headroom_levels), sweep_settings(problem, today.routing.split)
        raise explain_infeasible(problem, level, settings, work)
    back = _backtest(scenario, known.past, work)
    clear_out()  # what searching and predicting have left: tables are many
    work.progress("report", 0, 1, "")
    look = SecondLook(known.experience, halves.rescored, known.survey)
    notes = (*today.notes, halves.note) if halves.note else today.notes
    frontier = assemble(problem, today, found, work, _meta(problem, work.seed, known.notes, notes), look)
    if adopted is not None:
        frontier = with_adopted(frontier, found.problems, adopted, today.routing.split)
    return frontier if back is None else with_backtest(frontier, back)


def _so_far(problem: FlowProblem, known: Known, found: Found, work: Work) -> Frontier:
    """Show what there is as if the time were over: without bound, risk and what else takes long."""
    over = Work(work.seed, deadline=-math.inf)
    meta = _meta(problem, work.seed, known.notes, known.today.notes) | {"so_far": True}
    return assemble(problem, known.today, found, over, meta, SecondLook(known.experience, None, known.survey))


def agreed(frontier: Frontier, work: Work) -> Frontier:
    """Simulate the plans shown in detail beside what the formulas say, unless the time is over."""
    work.progress("simulation", 0, 1, "")
    if work.out_of_time:
        skipped = [*frontier.meta["skipped"], "agreement"]
        return replace(frontier, meta={**frontier.meta, "skipped": skipped})
    return with_agreement(frontier, check_agreement(frontier, seed=work.seed, executor=work.executor))


def _backtest(scenario: Scenario, past: Past | str | None, work: Work) -> BacktestRecord | None:
    """Predict the last weeks of the history, unless there is none or the time is over."""
    if past is None:
        return None
    work.progress("backtest", 0, 1, "")
    if work.out_of_time:
        work.skipped.append("backtest")
        return BacktestRecord({}, {})
    return look_back(scenario, past, seed=work.seed, executor=work.executor)


def with_backtest(frontier: Frontier, record: BacktestRecord) -> Frontier:
    """Keep a backtest with the plans it stands behind."""
    facts = dict(record.facts) or {"weeks": [], "refused": None}
    return replace(frontier, tables={**frontier.tables, **record.tables}, meta={**frontier.meta, "backtest": facts})


def _meta(
    problem: FlowProblem, seed: int, history_notes: tuple[str, ...], today_notes: tuple[str, ...]
) -> dict[str, Any]:
    scenario, experience, demand = problem.scenario, problem.experience, problem.demand
    effects = [effect for one in scenario.initiatives.values() for effect in one.effects]
    left_out = (*LEFT_OUT, PREVENTED) if any(effect.volume is not None for effect in effects) else LEFT_OUT
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "currency": scenario.currency,
        "metric": str(scenario.experience.metric),
        "scale": list(scenario.experience.scale),
        "robust": None if scenario.frontier.robust is None else scenario.frontier.robust.model_dump(),
        "days": scenario.horizon.days,
        "start": scenario.horizon.start.isoformat(),
        "interval_min": scenario.horizon.interval_min,
        "timezone": scenario.horizon.timezone,
        "seed": seed,
        "demand_source": demand.source,
        "notes": list(
            dict.fromkeys([*history_notes, *demand.notes, *experience.notes, *problem.notes, *today_notes, *left_out])
        ),
        "experience_table": _readable(experience),
        "titles": {
            group: {key: item.title or key for key, item in getattr(scenario, group).items()}
            for group in ("reasons", "segments", "channels", "pools", "steers", "initiatives")
        },
    }


def _readable(experience: ExperienceModel) -> list[dict[str, Any]]:
    columns = ["reason", "channel", "segment", "mean", "lower", "upper", "n_contacts", "n_effective", "support"]
    table = experience.table.reindex(columns=columns)
    return [
        {str(k): (None if isinstance(v, float) and v != v else v) for k, v in row.items()}  # noqa: PLR0124
        for row in table.to_dict("records")
    ]


LEFT_OUT = (
    "Waiting is stationary within each interval; what one interval hands to the next is not carried over.",
    "Returns and redials follow the daily profile of their type; a month is this horizon repeated.",
    "What waiting costs takes waits as exponential around the mean of all, also of those who give up; CX is a little "
    "too low where many do (the simulation beside it has their true waits).",
)

PREVENTED = "Issues that an initiative prevents count in CX as those of their reason and segment that still arise."
