"""From a truth and a seed to what happened: issues, contacts and staffing as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.history.synthetic.event_loop import run
from planner.history.synthetic.loop_state import ARRIVAL, Clock, make_world
from planner.history.synthetic.population import DAY_S, Customers, Issues, draw_customers, draw_issues
from planner.history.synthetic.tables import Tables, make_tables
from planner.history.synthetic.today import Staffing, staff_pools
from planner.history.synthetic.truth import Truth


@dataclass(frozen=True, slots=True)
class Center:
    """What happened in the simulated center, warm-up included; `book` has one `CONTACT` record per contact."""

    tables: Tables
    clock: Clock
    customers: Customers
    issues: Issues
    staffing: Staffing
    book: np.recarray


def simulate_center(truth: Truth, seed: int) -> Center:
    """Draw customers and issues, staff the pools and run every contact through them."""
    tables = make_tables(truth)
    calendar = truth.calendar
    clock = Clock(
        opens_s=calendar.opens * 60.0,
        closes_s=calendar.closes * 60.0,
        interval_s=calendar.interval_min * 60.0,
        end_s=7 * (calendar.weeks + calendar.warmup_weeks) * DAY_S,
    )
    customers = draw_customers(truth, np.random.default_rng([seed, 1]))
    issues = draw_issues(truth, customers, np.random.default_rng([seed, 2]))
    arrivals = np.zeros(len(issues.time_s), dtype=ARRIVAL)
    for name in ARRIVAL.names or ():
        arrivals[name] = getattr(issues, name)
    staffing = staff_pools(truth, tables, clock, arrivals, np.random.default_rng([seed, 3]))
    world = make_world(tables, clock, arrivals)
    run(world, *staffing.changes(clock), np.random.default_rng([seed, 4]))
    book = world.book[: int(world.used[0])].view(np.recarray)
    return Center(tables, clock, customers, issues, staffing, book)
