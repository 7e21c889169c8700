"""Everything a frontier says of its plans in words, topic by topic, and the tables behind the words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import pandas as pd

from planner.frontier.break_even import BreakEven, break_even_words
from planner.frontier.changes import change_words, changes_table, gain_words, gains_table, neighbors_of
from planner.frontier.frontier import TOPICS
from planner.frontier.initiative_worth import initiative_words
from planner.frontier.labels import label, labels_of_changes
from planner.frontier.promise_price import price_words
from planner.frontier.promise_slack import slack_table, slack_words
from planner.frontier.say_jobs import Said, ask
from planner.frontier.shown import Shown
from planner.frontier.tables import stack
from planner.frontier.withstand import withstood_columns, withstood_words
from planner.frontier.work import Work
from planner.operation.problem import FlowProblem

Saying = tuple[str, str, str]


def add_sayings(
    problems: Sequence[FlowProblem],
    shown: Sequence[Shown],
    tables: dict[str, pd.DataFrame],
    headline: str,
    work: Work,
) -> None:
    """Add `neighbors, changes, gains, slack, initiatives, promise_prices, break_even, says`, three columns of `plans`.

    Figures of every plan come from its tables; what needs the evaluator or new staffing is done for Today and the named
    plans alone, as jobs, and left out when the time is over. `headline` is the plan whose break-evens are sought;
    `problems` one per portfolio of initiatives, the first without any.
    """
    plans, problem = tables["plans"], problems[0]
    name_of = dict(zip(plans["plan"], plans["name"], strict=True))
    named = [view for view in shown if name_of[view.key]]
    interval_h = problem.network.interval_s / 3600
    tables["neighbors"] = neighbors_of(plans)
    tables["changes"] = changes_table(tables, interval_h)
    tables["gains"] = gains_table(shown)
    tables["slack"] = stack([slack_table(view) for view in shown])
    said = ask(problems, named, headline, work)
    withstood = {view.key: said.withstood(view.key) for view in named}
    found = {plan: one for plan, one in withstood.items() if one is not None}
    for column, values in _columns(withstood_columns(found)).items():
        plans[column] = plans["plan"].map(values)
    says: list[Saying] = [(plan, "withstands", line) for plan, one in found.items() for line in withstood_words(one)]
    says += _words_of_tables(problem, tables, [view.key for view in named])
    says += _restaffed(problem, named, tables, headline, said)
    order = {topic: place for place, topic in enumerate(TOPICS)}
    says.sort(key=lambda saying: (list(name_of).index(saying[0]), order[saying[1]]))
    tables["says"] = pd.DataFrame(says, columns=["plan", "topic", "words"])


def _columns(by_plan: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    names = ("weeks_seen", "weeks_kept", "fewer_staff")
    return {name: {plan: figures[name] for plan, figures in by_plan.items()} for name in names}


def _words_of_tables(problem: FlowProblem, tables: dict[str, pd.DataFrame], named: list[str]) -> Iterable[Saying]:
    currency, measures, names = problem.scenario.currency, _measures(problem), labels_of_changes(problem)
    pools, reasons, segments = (
        {key: label(problem, group, key) for key in getattr(problem.scenario, group)}
        for group in ("pools", "reasons", "segments")
    )
    for plan in named:
        own = {name: tables[name][tables[name]["plan"] == plan] for name in ("neighbors", "changes", "gains", "slack")}
        for line in change_words(own["neighbors"], own["changes"], currency, names):
            yield plan, "changes", line
        if plan != named[0]:
            gains = own["gains"].replace({"reason": reasons, "segment": segments})
            for line in gain_words(gains):
                yield plan, "gains", line
        for line in slack_words(own["slack"].replace({"pool": pools}), measures):
            yield plan, "promises", line


def _restaffed(
    problem: FlowProblem, named: Sequence[Shown], tables: dict[str, pd.DataFrame], headline: str, said: Said
) -> Iterable[Saying]:
    """Prices of promises and initiatives for the named plans, break-evens of the headline plan: by staffing anew."""
    currency, per, says = problem.scenario.currency, per_horizon(problem), list[Saying]()
    prices, worth = [said.prices(view.key) for view in named], [said.worth(view.key) for view in named]
    for view, price, worths in zip(named, prices, worth, strict=True):
        says += [(view.key, "relax", line) for line in price_words(price, _measures(problem), currency, per)]
        says += [(view.key, "initiatives", line) for line in initiative_words(worths, problem, per)]
    evens = said.break_evens(headline)
    says += [(headline, "break_even", break_even_words(one, problem, per)) for one in evens]
    tables["promise_prices"], tables["initiatives"] = stack(prices), stack(worth)
    columns = ["plan", *BreakEven.__dataclass_fields__]
    tables["break_even"] = pd.DataFrame([{"plan": headline} | asdict(one) for one in evens], columns=columns)
    return says


def _measures(problem: FlowProblem) -> dict[str, int]:
    measures = problem.instance.promises.measure
    return {name: int(k) for name, k in zip(problem.promise_names, measures, strict=True)}


def per_horizon(problem: FlowProblem) -> str:
    """Say what an amount of the horizon is per: a day, a week, so many days."""
    days = problem.scenario.horizon.days
    return {1: "a day", 5: "a week", 6: "a week", 7: "a week"}.get(days, f"in {days} days")
