"""Customers and the issues they have: reasons, times, severities and the channel first chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.history.synthetic.tables import Floats, forbid_automata, interval_profile
from planner.history.synthetic.truth import Truth

DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Customers:
    """All customers, ordered by value; segments are cut by it."""

    value: Floats
    segment: NDArray[np.int64]
    affinity: Floats
    contact_rate: Floats


@dataclass(frozen=True, slots=True)
class Issues:
    """New issues in order of time; times in seconds of local clock since the first simulated midnight."""

    time_s: Floats
    reason: NDArray[np.int64]
    segment: NDArray[np.int64]
    customer: NDArray[np.int64]
    severity: Floats
    affinity: Floats
    peak: Floats
    channel: NDArray[np.int64]


def draw_customers(truth: Truth, rng: np.random.Generator) -> Customers:
    """Draw customers with skewed value and contact rates, shape (customer)."""
    n, declared = truth.volume.customers, truth.value
    log_value = np.sort(rng.standard_normal(n))
    shares = np.array([s.customers_share for s in truth.segments.values()])
    cuts = np.round(np.cumsum(shares / shares.sum()) * n).astype(np.int64)
    segment = np.searchsorted(cuts, np.arange(n), side="right").clip(max=len(cuts) - 1)
    tilt = declared.affinity_per_log_sd
    rate = np.array([s.contact_rate for s in truth.segments.values()])[segment]
    return Customers(
        value=declared.median * np.exp(declared.log_sd * log_value),
        segment=segment,
        affinity=tilt * log_value + np.sqrt(1 - tilt**2) * rng.standard_normal(n),
        contact_rate=rate * rng.gamma(truth.volume.contact_rate_shape, 1.0, n),
    )


def draw_issues(truth: Truth, customers: Customers, rng: np.random.Generator) -> Issues:
    """Draw the issues of all simulated weeks."""
    mean = _mean_issues(truth, customers, rng)
    counts = rng.poisson(mean)
    day, interval, reason, segment = (np.repeat(axis, counts.ravel()) for axis in _grid(mean.shape))
    length_s = truth.calendar.interval_min * 60.0
    start_s = day * DAY_S + truth.calendar.opens * 60.0 + interval * length_s
    time_s = start_s + length_s * rng.random(len(day))
    order = np.argsort(time_s, kind="stable")
    time_s, interval, reason, segment = time_s[order], interval[order], reason[order], segment[order]
    customer = _pick_customers(customers, segment, rng)
    peak = peak_weight(truth)[interval]
    severity = rng.standard_normal(len(day)) + truth.experience.peak_severity * peak
    affinity = customers.affinity[customer]
    channel = _choose(choice_odds(truth, reason, segment, severity, affinity), rng)
    return Issues(time_s, reason, segment, customer, severity, affinity, peak, channel)


def peak_weight(truth: Truth) -> Floats:
    """How busy an interval of the day is: 0 at the quietest, 1 at the busiest; shape (interval)."""
    volume = issue_shares(truth).sum(axis=1) @ interval_profile(truth)
    return (volume - volume.min()) / (volume.max() - volume.min())


def issue_shares(truth: Truth) -> Floats:
    """Share of all issues per reason and segment, sums to 1."""
    within = np.array([reason.share for reason in truth.reasons.values()])
    within = within / within.sum(axis=0)
    weight = np.array([s.customers_share * s.contact_rate for s in truth.segments.values()])
    return within * weight / weight.sum()


def choice_odds(
    truth: Truth, reason: NDArray[np.int64], segment: NDArray[np.int64], severity: Floats, affinity: Floats
) -> Floats:
    """Relative odds of the channels for each issue, shape (issue, channel)."""
    channels = list(truth.channels.values())
    mix = forbid_automata(truth, np.array([r.mix for r in truth.reasons.values()]), 0, 1)
    odds = mix[reason]
    by_segment = np.exp(np.array([c.segment_choice for c in channels]).T)
    for c, channel in enumerate(channels):
        slope = channel.severity_choice * severity + channel.affinity_choice * affinity
        odds[:, c] *= by_segment[segment, c] * np.exp(slope)
    return odds


def _mean_issues(truth: Truth, customers: Customers, rng: np.random.Generator) -> Floats:
    """Mean number of issues, shape (day, interval, reason, segment)."""
    calendar, volume = truth.calendar, truth.volume
    days = 7 * (calendar.weeks + calendar.warmup_weeks)
    per_hour = 60 // calendar.interval_min
    hours = -(-calendar.intervals_per_day // per_hour)
    weekday = np.array(volume.weekday)
    day_level = weekday[np.arange(days) % 7] / weekday.sum() * np.exp(volume.day_noise_sd * rng.standard_normal(days))
    shock = np.exp(volume.hour_shock_sd * rng.standard_normal((days, hours)) - volume.hour_shock_sd**2 / 2)
    by_interval = np.repeat(shock, per_hour, axis=1)[:, : calendar.intervals_per_day] * day_level[:, None]
    types = volume.issues_per_week * issue_shares(truth)
    return np.einsum("dk,rk,rs->dkrs", by_interval, interval_profile(truth), types)


def _grid(shape: tuple[int, ...]) -> list[NDArray[np.int64]]:
    return [axis.ravel() for axis in np.indices(shape, dtype=np.int64)]


def _pick_customers(customers: Customers, segment: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw a customer of the segment for each issue, by contact rate."""
    picked = np.empty(len(segment), dtype=np.int64)
    for s in range(int(customers.segment.max()) + 1):
        members = np.flatnonzero(customers.segment == s)
        cumulative = np.cumsum(customers.contact_rate[members])
        mine = np.flatnonzero(segment == s)
        place = np.searchsorted(cumulative, rng.random(len(mine)) * cumulative[-1])
        picked[mine] = members[place.clip(max=len(members) - 1)]
    return picked


def _choose(odds: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw one column per row, in proportion to the odds."""
    cumulative = np.cumsum(odds, axis=1)
    point = rng.random(len(odds)) * cumulative[:, -1]
    return (cumulative <= point[:, None]).sum(axis=1)
