"""The files a center would keep: contacts and staffing in canonical columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.history.synthetic.loop_state import ABANDONED, ESCALATES, GIVES_UP, RESOLVED, SERVED
from planner.history.synthetic.scores import Voices
from planner.history.synthetic.simulate_center import Center
from planner.history.synthetic.tables import STAGES
from planner.history.synthetic.truth import Truth

_OUTCOMES = ("none", "resolved", "returns", "gives_up", "escalated")
_DISPOSITIONS = ("solved", "follow_up", "no_solution", "transferred")


def kept_rows(truth: Truth, center: Center) -> NDArray[np.int64]:
    """Rows of the book that lie in the written weeks, in order of arrival."""
    start_s = 7 * truth.calendar.warmup_weeks * 86400.0
    order = np.argsort(center.book.arrival_s, kind="stable")
    return order[center.book.arrival_s[order] >= start_s]


def contacts_frame(truth: Truth, center: Center, voices: Voices, rows: NDArray[np.int64], seed: int) -> pd.DataFrame:
    """Contacts in the canonical columns; `issue_id` is empty, because few centers know it."""
    rng = np.random.default_rng([seed, 6])
    book, issues, customers = center.book, center.issues, center.customers
    served = book.status[rows] == SERVED
    issue = book.issue[rows]
    customer = issues.customer[issue]
    measured = _measured(center, truth.covariate_noise_sd, rng)
    no_reason = ~served | (rng.random(len(rows)) < truth.missing.reason)
    coded, disposition = _codes(truth, book.outcome[rows], rng)
    agent = voices.agent[rows]
    return pd.DataFrame(
        {
            "contact_id": _ids("c", np.arange(len(rows))),
            "customer_id": _ids("k", customer, rng.random(len(rows)) < truth.missing.customer_id),
            "started_at": _stamps(truth, book.arrival_s[rows]),
            "entry_reason": _labels(
                truth.reasons, book.entry[rows], rng.random(len(rows)) < truth.missing.entry_reason
            ),
            "reason": _labels(truth.reasons, book.reason[rows], no_reason),
            "disposition": _labels(_DISPOSITIONS, disposition, ~served),
            "channel": _labels(truth.channels, book.channel[rows]),
            "segment": _labels(truth.segments, customers.segment[customer]),
            "pool": _labels(truth.pools, book.pool[rows]),
            "agent_id": _ids("a", agent, agent < 0),
            "wait_s": np.round(book.wait_s[rows], 1),
            "handle_s": np.round(book.handle_s[rows], 1),
            "abandoned": book.status[rows] == ABANDONED,
            "transferred": book.outcome[rows] == ESCALATES,
            "resolved": pd.arrays.BooleanArray(coded, ~served),
            "escalated_from": _parents(book.parent[rows], rows, len(book.parent)),
            "issue_id": pd.array([None] * len(rows), dtype="str"),
            "csat": voices.csat[rows],
            "nps": voices.nps[rows],
            "ces": voices.ces[rows],
            "value": np.round(customers.value[customer], 2),
            "severity": np.round(measured["severity"][issue], 4),
            "affinity": np.round(measured["affinity"][issue], 4),
        }
    )


def journeys_frame(truth: Truth, center: Center, rows: NDArray[np.int64]) -> pd.DataFrame:
    """What no center knows about its contacts: `contact_id`, `issue_id`, `reason`, `stage`, `attempt`, `outcome`."""
    book = center.book
    return pd.DataFrame(
        {
            "contact_id": _ids("c", np.arange(len(rows))),
            "issue_id": _ids("i", book.issue[rows]),
            "reason": _labels(truth.reasons, book.reason[rows]),
            "stage": _labels(STAGES, book.stage[rows]),
            "attempt": book.attempt[rows].astype(np.int64),
            "outcome": _labels(_OUTCOMES, book.outcome[rows]),
        }
    )


def staffing_frame(truth: Truth, center: Center) -> pd.DataFrame:
    """Staffing that really stood there: `interval_start, pool, scheduled, on_task`."""
    calendar = truth.calendar
    first = 7 * calendar.warmup_weeks
    scheduled, on_task = center.staffing.scheduled[first:], center.staffing.on_task[first:]
    staffed = np.array([p.staffing is not None for p in truth.pools.values()])
    day, interval, pool = np.nonzero(np.ones_like(scheduled, dtype=bool) & staffed)
    seconds = (day + first) * 86400.0 + calendar.opens * 60.0 + interval * calendar.interval_min * 60.0
    return pd.DataFrame(
        {
            "interval_start": _stamps(truth, seconds),
            "pool": _labels(truth.pools, pool),
            "scheduled": scheduled[day, interval, pool],
            "on_task": on_task[day, interval, pool],
        }
    )


def _measured(center: Center, noise: dict[str, float], rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Covariates as the center measures them, per issue."""
    issues = center.issues
    n = len(issues.severity)
    return {
        "severity": issues.severity + noise.get("severity", 0.0) * rng.standard_normal(n),
        "affinity": issues.affinity + noise.get("affinity", 0.0) * rng.standard_normal(n),
    }


def _codes(
    truth: Truth, outcome: NDArray[np.int8], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """What agents write down: the code "resolved" and a disposition, both kinder than the truth."""
    honest = outcome == RESOLVED
    chance = np.where(honest, truth.codes.solved_if_resolved, truth.codes.solved_if_unresolved)
    coded = (rng.random(len(outcome)) < chance) & (outcome != ESCALATES)
    silent = np.where(outcome == GIVES_UP, 2, 1)
    mixed = np.where(rng.random(len(outcome)) < 0.75, silent, 3 - silent)
    return coded, np.where(outcome == ESCALATES, 3, np.where(coded, 0, mixed))


def _ids(prefix: str, number: NDArray[np.int64], missing: NDArray[np.bool_] | None = None) -> pd.Series:
    """Text ids such as c0000012, empty where missing."""
    text = pd.Series(number.astype(np.int64)).astype("str").str.zfill(7)
    ids = prefix + text
    return ids if missing is None else ids.mask(pd.Series(missing))


def _parents(parent: NDArray[np.int64], rows: NDArray[np.int64], size: int) -> pd.Series:
    """Ids of the contacts handed over, empty for the others and for parents before the first day."""
    place = np.full(size + 1, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    number = place[parent]
    return _ids("c", number, number < 0)


def _labels(keys: object, code: NDArray[np.integer], missing: NDArray[np.bool_] | None = None) -> pd.Categorical:
    """Names for codes, empty where missing."""
    codes = code.astype(np.int64) if missing is None else np.where(missing, -1, code.astype(np.int64))
    return pd.Categorical.from_codes(codes, categories=list(keys))  # type: ignore[call-overload]


def _stamps(truth: Truth, seconds: NDArray[np.float64]) -> pd.Series:
    """UTC stamps of seconds of local clock since the first simulated midnight."""
    first = pd.Timestamp(truth.calendar.first_day) - pd.Timedelta(weeks=truth.calendar.warmup_weeks)
    local = pd.Series(first + pd.to_timedelta(np.floor(seconds), unit="s")).astype("datetime64[us]")
    return local.dt.tz_localize(truth.calendar.timezone).dt.tz_convert("UTC")
