"""Staffing maps of plans a reader pins: what the page carries for named plans, for any plan of the run."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from planner.frontier.frontier import Frontier
from planner.report.heat import heat_maps
from planner.report.text import named_rows
from planner.serve.asking import Asker
from planner.serve.shelf import OpenedRun

MOST_PLANS = 4
"""Plans that are pinned at once."""
_KEPT = 32


class Maps:
    """Maps of named and pinned plans; the last simulations are kept, by run as it was loaded and plan."""

    def __init__(self, simulator: Asker) -> None:
        self._simulator = simulator
        self._lock = threading.Lock()
        self._simulated: OrderedDict[tuple[str, str, str], pd.DataFrame] = OrderedDict()

    def shown(self, opened: OpenedRun, plans: Sequence[str]) -> bytes:
        """Return `heat_maps` of the named plans and these as JSON.

        Raises
        ------
        PlanError
            The run has no such plan.
        """
        frontier = opened.frontier
        named = [str(row["plan"]) for row in named_rows(frontier).values()]
        chosen = list(dict.fromkeys([*named, *(frontier.plan(plan).id for plan in plans)]))
        found = [frame for plan in chosen if (frame := self._simulated.get(_key(frontier, plan))) is not None]
        known = frontier.tables.get("simulated")
        if found:
            table = pd.concat([*([] if known is None else [known]), *found], ignore_index=True)
            frontier = replace(frontier, tables={**frontier.tables, "simulated": table})
        return json.dumps(heat_maps(frontier, chosen), ensure_ascii=False, allow_nan=False).encode("utf-8")

    def simulate(self, opened: OpenedRun, plan: str) -> None:
        """Simulate a plan, unless that was done; `shown` has it from then on."""
        key = _key(opened.frontier, opened.frontier.plan(plan).id)
        with self._lock:
            if key not in self._simulated:
                self._simulated[key] = self._simulator.simulate(opened.path, key[-1])
                while len(self._simulated) > _KEPT:
                    self._simulated.popitem(last=False)


def _key(frontier: Frontier, plan: str) -> tuple[str, str, str]:
    return frontier.run, frontier.fingerprint, plan
