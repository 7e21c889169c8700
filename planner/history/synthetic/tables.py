"""The declared truth as dense arrays: what the simulation and the true tables compute with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.history.synthetic.truth import Effect, Truth

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STAGES = ("first", "redialed", "returned", "escalated")
FIRST, REDIALED, RETURNED, ESCALATED = range(4)


class Tables(NamedTuple):
    """Arrays of the truth; axes: r reason, e entry reason, s segment, c channel, g pool, w weekday, k day interval.

    Arrays ending in `_cum` are cumulative shares over their last axis. All times are seconds; a patience of inf
    means that nobody abandons, an escalation logit of -inf that nobody is escalated.
    """

    pool_channel: Ints  # (g)
    automated: NDArray[np.bool_]  # (g)
    score: Floats  # (r, g) points, solved at the first contact, no wait
    handle_s: Floats  # (r, g) mean of a first contact, alone
    resolved_logit: Floats  # (r, g)
    escalated_logit: Floats  # (r, g)
    resolved_severity: Floats  # (c)
    escalated_severity: Floats  # (c)
    stage_handle: Floats  # (stage)
    stage_resolved: Floats  # (stage)
    entry_cum: Floats  # (r, automated channel, e)
    pool_share: Floats  # (e, s, c, g); all zero where no pool may serve
    pool_cum: Floats  # (e, s, c, g)
    return_reason_cum: Floats  # (r, r)
    return_channel_cum: Floats  # (r, c, c)
    escalate_cum: Floats  # (c, c)
    weekday: Floats  # (w) relative to the busiest
    time_cum: Floats  # (r, k)
    delay_cum: Floats  # (days later)
    patience_s: Floats  # (c)
    redial: Floats  # (c)
    redial_delay_s: float
    returns_if_unresolved: float
    handle_log_sd: float
    handle_severity: float
    slots: Ints  # (g) contacts an agent handles at once
    slowdown: Floats  # (g, at once) duration against being alone


def make_tables(truth: Truth) -> Tables:
    """Compute the arrays of a truth."""
    channels, pools = list(truth.channels), list(truth.pools.values())
    speeds = max(len(p.total_speed) for p in pools)
    at_once = np.arange(1, speeds + 1)
    slowdown = np.ones((len(pools), speeds))
    for g, pool in enumerate(pools):
        slowdown[g, : len(pool.total_speed)] = at_once[: len(pool.total_speed)] / np.array(pool.total_speed)
    journey, per_channel = truth.journey, list(truth.channels.values())
    pool_share = _pool_shares(truth)
    profile = interval_profile(truth)
    return Tables(
        pool_channel=np.array([channels.index(p.channel) for p in pools]),
        automated=np.array([p.staffing is None for p in pools]),
        score=_by_pool(truth, "score") + _effects(truth, "score"),
        handle_s=_handle_times(truth),
        resolved_logit=_logit(_by_pool(truth, "resolved")) + _effects(truth, "resolved"),
        escalated_logit=_logit(_by_pool(truth, "escalated")),
        resolved_severity=np.array([c.severity_resolved for c in per_channel]),
        escalated_severity=np.array([c.severity_escalated for c in per_channel]),
        stage_handle=np.array([1.0, 1.0, journey.aht_returned, journey.aht_escalated]),
        stage_resolved=np.array([0.0, 0.0, journey.resolved_returned, journey.resolved_escalated]),
        entry_cum=_cumulative(entry_shares(truth)),
        pool_share=pool_share,
        pool_cum=_cumulative(pool_share),
        return_reason_cum=_cumulative(_return_reasons(truth)),
        return_channel_cum=_cumulative(_return_channels(truth)),
        escalate_cum=_cumulative(_escalations(truth)),
        weekday=np.array(truth.volume.weekday) / max(truth.volume.weekday),
        time_cum=_cumulative(profile),
        delay_cum=_cumulative(np.array(journey.return_day_weights)),
        patience_s=np.array([np.inf if c.patience_s is None else c.patience_s for c in per_channel]),
        redial=np.array([c.redial for c in per_channel]),
        redial_delay_s=journey.redial_delay_min * 60.0,
        returns_if_unresolved=journey.returns_if_unresolved,
        handle_log_sd=journey.handle_log_sd,
        handle_severity=journey.handle_per_severity,
        slots=np.array([len(p.total_speed) for p in pools]),
        slowdown=slowdown,
    )


def interval_profile(truth: Truth) -> Floats:
    """Relative volume per reason and interval of a day, shape (reason, interval), rows sum to 1."""
    per_day = truth.calendar.intervals_per_day
    hour = (np.arange(per_day) + 0.5) * truth.calendar.interval_min / 60.0
    rows = []
    for reason in truth.reasons.values():
        by_hour = np.array(truth.volume.profiles[reason.profile])
        row = np.interp(hour, np.arange(len(by_hour)) + 0.5, by_hour)
        rows.append(row / row.sum())
    return np.array(rows)


def entry_shares(truth: Truth) -> Floats:
    """Share of menu choices per true reason, shape (reason, automated channel, entry reason).

    An automaton never sees a reason that needs a human: there such a wrong choice does not happen.
    """
    keys = list(truth.reasons)
    shares = np.zeros((len(keys), 2, len(keys)))
    for r, reason in enumerate(truth.reasons.values()):
        for automated in range(2):
            wrong = [k for k in reason.confused_with if not (automated and k in truth.must_human)]
            part = reason.confused * len(wrong) / len(reason.confused_with)
            shares[r, automated, r] = 1.0 - part
            for key in wrong:
                shares[r, automated, keys.index(key)] += part / len(wrong)
    return shares


def forbid_automata(truth: Truth, shares: Floats, reason_axis: int, channel_axis: int) -> Floats:
    """Copy shares, with zero where an automaton would meet a reason that needs a human."""
    allowed = np.ones((len(truth.reasons), len(truth.channels)))
    for key in truth.must_human:
        allowed[list(truth.reasons).index(key), automated_channels(truth)] = 0.0
    axes = [axis for axis in range(shares.ndim) if axis not in (reason_axis, channel_axis)]
    return shares * np.expand_dims(allowed, axes)


def automated_channels(truth: Truth) -> NDArray[np.bool_]:
    """Channels no human serves, shape (channel)."""
    staffed = {pool.channel for pool in truth.pools.values() if pool.staffing is not None}
    return np.array([channel not in staffed for channel in truth.channels])


def _cumulative(shares: Floats) -> Floats:
    """Cumulative shares along the last axis; rows without any share stay zero."""
    total = shares.sum(axis=-1, keepdims=True)
    return np.cumsum(shares / np.where(total > 0, total, 1.0), axis=-1)


def _logit(p: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.log(p) - np.log1p(-p)


def _by_pool(truth: Truth, field: str) -> Floats:
    """A reason's list per channel, read for each pool; shape (reason, pool)."""
    channels = list(truth.channels)
    columns = [channels.index(pool.channel) for pool in truth.pools.values()]
    return np.array([getattr(reason, field) for reason in truth.reasons.values()])[:, columns]


def _effects(truth: Truth, field: str) -> Floats:
    """Effects of the pools per reason, shape (reason, pool)."""
    effects: list[Effect] = [getattr(pool, field) for pool in truth.pools.values()]
    complexity = np.array([reason.complexity for reason in truth.reasons.values()])
    return np.array([e.base for e in effects]) + complexity[:, None] * np.array([e.per_complexity for e in effects])


def _handle_times(truth: Truth) -> Floats:
    """Mean handle time of a first contact, shape (reason, pool), seconds."""
    return np.array(
        [
            [p.aht_s if p.aht_s is not None else reason.aht_s * p.aht_factor for p in truth.pools.values()]
            for reason in truth.reasons.values()
        ]
    )


def _pool_shares(truth: Truth) -> Floats:
    """Today's routing, shape (entry reason, segment, channel, pool)."""
    reasons, segments, pools = list(truth.reasons), list(truth.segments), list(truth.pools)
    channels = list(truth.channels)
    shares = np.zeros((len(reasons), len(segments), len(channels), len(pools)))
    for route in truth.routing:
        row = np.array([route.shares.get(pool, 0.0) for pool in pools])
        e = [reasons.index(k) for k in route.reasons or reasons]
        s = [segments.index(k) for k in route.segments or segments]
        for one in e:
            shares[one, s, channels.index(route.channel)] = row / row.sum()
    return forbid_automata(truth, shares, 0, 2)


def _return_reasons(truth: Truth) -> Floats:
    """True reason of a returned contact, shape (reason, reason)."""
    keys = list(truth.reasons)
    shares = np.eye(len(keys))
    for r, reason in enumerate(truth.reasons.values()):
        for key, part in reason.returns_as.items():
            shares[r, keys.index(key)] += part
            shares[r, r] -= part
    return shares


def _return_channels(truth: Truth) -> Floats:
    """Channel of a returned contact, shape (reason, channel, channel)."""
    channels = list(truth.channels)
    rows = np.array([[c.returns_to.get(to, 0.0) for to in channels] for c in truth.channels.values()])
    return forbid_automata(truth, np.repeat(rows[None], len(truth.reasons), axis=0), 0, 2)


def _escalations(truth: Truth) -> Floats:
    """Channel that takes over, shape (channel, channel)."""
    channels = list(truth.channels)
    return np.array([[c.escalates_to.get(to, 0.0) for to in channels] for c in truth.channels.values()])
