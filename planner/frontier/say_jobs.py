"""What is said of plans by the evaluator or by staffing anew, dealt out as jobs: a plan and a topic each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from planner.frontier.break_even import Asked, BreakEven, asked_of, break_even
from planner.frontier.initiative_worth import COLUMNS as WORTH
from planner.frontier.initiative_worth import initiatives_worth
from planner.frontier.promise_price import COLUMNS as PRICES
from planner.frontier.promise_price import promise_prices
from planner.frontier.shown import Shown
from planner.frontier.withstand import Withstood, withstood
from planner.frontier.work import Work
from planner.operation.problem import FlowProblem
from solvers.flow.covering import day_covers

if TYPE_CHECKING:
    import pandas as pd


def say_job(topic: str, view: Shown, more: Any) -> bytes:
    """Records of one topic of a plan as JSON; `more`: problems of all portfolios, or what is asked to break even."""
    records: list[dict[Any, Any]]
    if topic == "withstands":
        records = [asdict(withstood(view))]
    elif topic == "relax":
        records = promise_prices(view, day_covers(view.problem.instance))
    elif topic == "initiatives":
        records = initiatives_worth(view, more, day_covers(view.problem.instance))
    else:
        found = break_even(view, day_covers(view.problem.instance), more)
        records = [] if found is None else [asdict(found)]
    return json.dumps(records).encode()


class Said:
    """Answers of the jobs of some plans; what the deadline left out is empty."""

    def __init__(self, found: dict[tuple[str, str], list[Any]]) -> None:
        self._found = found

    def withstood(self, plan: str) -> Withstood | None:
        """What a plan withstands."""
        records = self._records("withstands", plan)
        return Withstood(**records[0] | {"first": tuple(records[0]["first"])}) if records else None

    def prices(self, plan: str) -> pd.DataFrame:
        """Prices of the promises of a plan."""
        import pandas as pd  # lazy: workers load this module, and need no tables

        return pd.DataFrame(self._records("relax", plan), columns=list(PRICES))

    def worth(self, plan: str) -> pd.DataFrame:
        """Worth of every initiative to a plan."""
        import pandas as pd  # lazy: as above

        return pd.DataFrame(self._records("initiatives", plan), columns=list(WORTH))

    def break_evens(self, plan: str) -> list[BreakEven]:
        """Break-evens of a plan."""
        return [BreakEven(**record) for record in self._records("break_even", plan)]

    def _records(self, topic: str, plan: str) -> list[Any]:
        return self._found.get((topic, plan), [])


def ask(problems: Sequence[FlowProblem], named: Sequence[Shown], headline: str, work: Work) -> Said:
    """Find what is said of Today and the named plans; break-evens of the headline plan alone.

    `problems`: one per portfolio of initiatives, the first without any.
    """
    asked = list(_asked([one.to_send for one in problems], [_to_send(view) for view in named], headline))
    jobs = [(f"says/{view.key}/{topic}/{k}", (topic, view, more)) for k, (topic, view, more) in enumerate(asked)]
    found: dict[tuple[str, str], list[Any]] = {}
    for (topic, view, _), data in zip(asked, work.run("explanations", say_job, jobs), strict=True):
        if data is not None:
            found.setdefault((topic, view.key), []).extend(json.loads(data))
    return Said(found)


def _to_send(view: Shown) -> Shown:
    sent = copy(view)
    sent.problem = view.problem.to_send
    return sent


def _asked(
    problems: Sequence[FlowProblem], named: Sequence[Shown], headline: str
) -> Iterator[tuple[str, Shown, Sequence[FlowProblem] | Asked | None]]:
    """Topics of plans, and what a topic asks more; the longest jobs first, so that no worker is left with one."""
    whole = [view for view in named if view.people is not None]
    for view in whole:
        if view.key == headline:
            yield from (("break_even", view, one) for one in asked_of(view))
    yield from (("relax", view, None) for view in whole if view.problem.promise_names)
    if len(problems) > 1:
        yield from (("initiatives", view, problems) for view in whole)
    yield from (("withstands", view, None) for view in named)
