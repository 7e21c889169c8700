"""The whole line: history → experience, demand; scenario → operation → frontier."""

from __future__ import annotations

import time
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from planner.agreement import check_agreement, with_agreement
from planner.backtest.record import BacktestRecord, look_back
from planner.collector import collector_apart
from planner.demand import demand_for
from planner.errors import Stopped
from planner.experience import model_for
from planner.experience.halves import halved_models
from planner.experience.model import ExperienceModel
from planner.experience.survey import survey_means
from planner.frontier.adopted import Adopted, with_adopted
from planner.frontier.assemble import assemble
from planner.frontier.earlier import Earlier, seeds_of, with_kept_parts
from planner.frontier.frontier import Frontier
from planner.frontier.infeasible import explain_infeasible
from planner.frontier.rescore import SecondLook
from planner.frontier.risk import with_doubt
from planner.frontier.search import Standing, find_plans
from planner.frontier.wish import Reach, Wish, what_would_it_take
from planner.frontier.work import Checkpoint, Progress, Work, silent
from planner.history.scenario_history import history_of, seen_routing, seen_staffing, shrinkage_notes
from planner.operation import FlowProblem, baseline, build_problem
from planner.operation.today import Today
from planner.scenario import Scenario, read_today_routing, read_today_staffing
from solvers.flow.doubt import axis_of


@collector_apart
def plan(
    scenario: Scenario,
    *,
    seed: int,
    executor: Executor | None = None,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    earlier: Earlier | None = None,
    adopted: Adopted | None = None,
) -> Frontier:
    """Return the frontier of whole plans of a scenario.

    Parameters
    ----------
    scenario
        A loaded scenario.
    seed
        Seed of everything random; the same seed gives the same frontier with any number of workers.
    executor
        Where independent jobs run; None: here, one after the other.
    time_limit_s
        No further job is started that would probably end after so many seconds; what is there is kept and valid.
    progress, checkpoint
        Told about finished jobs; keeps them so that a killed run resumes.
    earlier
        A run to start from: its plans are staffed anew instead of a coarse sweep, and parts of one may be kept.
    adopted
        A plan that was adopted: shown in this world beside Today, with how far every plan would move from it.

    Raises
    ------
    ScenarioError
        The scenario and its inputs do not fit together.
    Infeasible
        Proven: no plan keeps every promise.
    Stopped
        Out of time before any plan was found.
    """
    deadline = None if time_limit_s is None else time.monotonic() + time_limit_s
    work = Work(seed, executor, progress or silent, checkpoint, deadline)
    history, experience, halves, problem, today = _draw(scenario, work)
    if earlier is not None:
        problem = with_kept_parts(problem, earlier)
    seeds = None if earlier is None else seeds_of(problem, earlier, today.routing.split)
    now = Standing(axis_of(problem.instance.doubt, today.evaluation), today.cost, today.evaluation.cx_segment)
    found = find_plans(problem, today.routing.split, work, seeds, now)
    if not found.records:
        if work.skipped:
            raise Stopped("out of time before a plan was found; run again with a longer --time-limit and --resume")
        raise explain_infeasible(problem, min(scenario.frontier.headroom_levels))
    back = _backtest(scenario, history, work)
    work.progress("report", 0, 1, "")
    survey = None if history is None else survey_means(history, scenario, experience, seed=seed)
    look = SecondLook(experience, halves.rescored, survey)
    notes = (*today.notes, halves.note) if halves.note else today.notes
    frontier = assemble(problem, today, found, work, _meta(problem, seed, history, notes), look)
    if adopted is not None:
        frontier = with_adopted(frontier, found.problems, adopted, today.routing.split)
    return _agreed(frontier if back is None else with_backtest(frontier, back), work)


class _Drawn(NamedTuple):
    history: Any
    experience: ExperienceModel
    halves: Any
    problem: FlowProblem
    today: Today


def _draw(scenario: Scenario, work: Work) -> _Drawn:
    """Estimate, and draw up the network that plans are sought on."""
    work.progress("history", 0, 1, "")
    history = history_of(scenario)
    work.progress("experience", 0, 1, "")
    experience = model_for(scenario, history, seed=work.seed)
    halves = halved_models(scenario, history, experience, seed=work.seed)
    problem = with_doubt(build_problem(scenario, halves.chosen, demand_for(scenario, history, experience)), work.seed)
    today = baseline(problem, today_staffing(scenario, history), today_routing(scenario, history))
    return _Drawn(history, experience, halves, problem, today)


def draw_problem(scenario: Scenario, *, seed: int) -> tuple[FlowProblem, Today]:
    """Return the network that plans of a scenario are sought on, and Today on it; the same as in a run with this seed.

    Raises
    ------
    ScenarioError
        The scenario and its inputs do not fit together.
    """
    drawn = _draw(scenario, Work(seed))
    return drawn.problem, drawn.today


def reach_wish(scenario: Scenario, wish: Wish, *, seed: int) -> list[Reach]:
    """Return the least change of the scenario, lever by lever, with which a wished-for point can be reached.

    Raises
    ------
    ScenarioError
        The scenario and its inputs do not fit together.
    """
    drawn = _draw(scenario, Work(seed))
    return what_would_it_take(drawn.problem, drawn.today.routing.split, wish)


def _agreed(frontier: Frontier, work: Work) -> Frontier:
    """Simulate the plans shown in detail beside what the formulas say, unless the time is over."""
    work.progress("simulation", 0, 1, "")
    if work.out_of_time:
        skipped = [*frontier.meta["skipped"], "agreement"]
        return replace(frontier, meta={**frontier.meta, "skipped": skipped})
    return with_agreement(frontier, check_agreement(frontier, seed=work.seed, executor=work.executor))


def _backtest(scenario: Scenario, history: Any, work: Work) -> BacktestRecord | None:
    """Predict the last weeks of the history, unless there is none or the time is over."""
    if history is None:
        return None
    work.progress("backtest", 0, 1, "")
    if work.out_of_time:
        work.skipped.append("backtest")
        return BacktestRecord({}, {})
    return look_back(scenario, history, seed=work.seed, executor=work.executor)


def with_backtest(frontier: Frontier, record: BacktestRecord) -> Frontier:
    """Keep a backtest with the plans it stands behind."""
    facts = dict(record.facts) or {"weeks": [], "refused": None}
    return replace(frontier, tables={**frontier.tables, **record.tables}, meta={**frontier.meta, "backtest": facts})


def today_staffing(scenario: Scenario, history: Any) -> pd.DataFrame:
    """Today's people per pool and interval: `pool, interval, scheduled` and, where measured, `on_task`."""
    if scenario.today.staffing != "history":
        return read_today_staffing(scenario)
    return seen_staffing(scenario, history)


def today_routing(scenario: Scenario, history: Any) -> pd.DataFrame:
    """Today's shares of pools: `reason, segment, channel, pool, share`."""
    if scenario.today.routing != "history":
        return read_today_routing(scenario)
    return seen_routing(scenario, history)


def _meta(problem: FlowProblem, seed: int, history: Any, today_notes: tuple[str, ...]) -> dict[str, Any]:
    scenario, experience, demand = problem.scenario, problem.experience, problem.demand
    quality = [] if history is None else [*history.quality.lines(), *shrinkage_notes(scenario, history)]
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
            dict.fromkeys([*quality, *demand.notes, *experience.notes, *problem.notes, *today_notes, *left_out])
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
    "Returns and redials follow the daily profile of their type; a month is this week repeated.",
)

PREVENTED = "Issues that an initiative prevents count in CX as those of their reason and segment that still arise."
