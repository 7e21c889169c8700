"""What is true of the generated customers: potential scores, moves, wait loss, journeys.

All means are computed from the declared truth on the generated customers, without sampling noise of answers.
"Final" contacts are those without a later contact of their issue. Names of entry level carry the reason *as known
when routed*, the others the true reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from planner.history.synthetic.loop_state import ESCALATES, RETURNS, SERVED
from planner.history.synthetic.scores import contact_points, mean_score, noise_sd, static_points, wait_points
from planner.history.synthetic.simulate_center import Center
from planner.history.synthetic.tables import FIRST, Floats, entry_shares
from planner.history.synthetic.truth import Truth

_KNOTS_S = (0.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 3600.0, 14400.0, 43200.0, 86400.0)
LEVELS = ("reason", "entry_reason")


@dataclass(frozen=True, slots=True)
class _Firsts:
    """First contacts of issues in the written weeks, and what any pool would make of them; shape (issue, pool)."""

    reason: NDArray[np.int64]
    entry: NDArray[np.int64]
    segment: NDArray[np.int64]
    channel: NDArray[np.int64]
    share: Floats  # share of pool within its channel under today's routing
    final: Floats  # P(no later contact)
    final_score: Floats  # P(no later contact) · mean score then, at zero wait
    escalated: Floats
    returned: Floats  # P(not escalated, comes back)


def make_true_tables(truth: Truth, center: Center, rows: NDArray[np.int64]) -> dict[str, pd.DataFrame]:
    """Compute all true tables.

    `scores`, `moves`, `pools`: potential scores of first contacts (final, zero wait), by level of reason;
    `wait_curve`: points of the score lost at a wait; `reported`: mean score of today's contacts, waits included;
    `issues`: contacts per issue and first-contact resolution; `confusion`: true reason given entry reason.
    """
    firsts = _first_contacts(truth, center, rows)
    sums = {level: _sums(truth, center, firsts, level) for level in LEVELS}
    return {
        "scores": pd.concat([_scores(truth, sums[level], level) for level in LEVELS], ignore_index=True),
        "moves": pd.concat([_moves(truth, sums[level], level) for level in LEVELS], ignore_index=True),
        "pools": pd.concat([_pools(truth, center, firsts, level) for level in LEVELS], ignore_index=True),
        "wait_curve": _wait_curve(truth, center, rows),
        "reported": _reported(truth, center, rows),
        "issues": _issues(truth, center, rows),
        "confusion": _confusion(truth, center, rows),
    }


def _first_contacts(truth: Truth, center: Center, rows: NDArray[np.int64]) -> _Firsts:
    book, issues, tables = center.book, center.issues, center.tables
    rows = rows[(book.attempt[rows] == 1) & (book.stage[rows] == FIRST)]
    # A redial after an abandoned first contact is the same issue; its first row stands for it.
    rows = rows[np.sort(np.unique(book.issue[rows], return_index=True)[1])]
    issue = book.issue[rows]
    reason, entry = book.reason[rows].astype(np.int64), book.entry[rows].astype(np.int64)
    segment, severity = issues.segment[issue], issues.severity[issue]
    pools = len(tables.pool_channel)
    share, final, final_score, escalated, returned = (np.zeros((len(rows), pools)) for _ in range(5))
    sd, lost = noise_sd(truth), truth.experience.unresolved
    for g, channel in enumerate(tables.pool_channel):
        share[:, g] = tables.pool_share[entry, segment, channel, g]
        own = np.full(len(rows), g)
        points = static_points(truth, tables, reason, own, severity, issues.affinity[issue], issues.peak[issue])
        out = expit(tables.escalated_logit[reason, g] + tables.escalated_severity[channel] * severity)
        solved = expit(tables.resolved_logit[reason, g] + tables.resolved_severity[channel] * severity)
        silent = (1 - out) * (1 - solved) * (1 - tables.returns_if_unresolved)
        escalated[:, g] = out
        returned[:, g] = (1 - out) * (1 - solved) * tables.returns_if_unresolved
        final[:, g] = (1 - out) * solved + silent
        final_score[:, g] = (1 - out) * solved * mean_score(points, sd) + silent * mean_score(points + lost, sd)
    channel_now = book.channel[rows].astype(np.int64)
    return _Firsts(reason, entry, segment, channel_now, share, final, final_score, escalated, returned)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over first contacts, shape (reason, segment or all, channel now, channel served in)."""

    n: Floats
    allowed: Floats
    final: Floats
    final_score: Floats
    escalated: Floats
    returned: Floats


def _sums(truth: Truth, center: Center, firsts: _Firsts, level: str) -> _Sums:
    """Sum what each channel would do to each group of customers, pools as routed today."""
    key = firsts.reason if level == "reason" else firsts.entry
    r, s, c = len(truth.reasons), len(truth.segments), len(truth.channels)
    place = np.ravel_multi_index((key, firsts.segment, firsts.channel), (r, s, c))

    def total(weights: Floats) -> Floats:
        return np.asarray(np.bincount(place, weights=weights, minlength=r * s * c).reshape(r, s, c), dtype=np.float64)

    def per_channel(values: Floats) -> Floats:
        by_channel = []
        for to in range(c):
            pools = center.tables.pool_channel == to
            by_channel.append(total((firsts.share[:, pools] * values[:, pools]).sum(axis=1)))
        stacked = np.stack(by_channel, axis=-1)
        return np.concatenate([stacked, stacked.sum(axis=1, keepdims=True)], axis=1)

    count = total(np.ones(len(key)))
    return _Sums(
        n=np.concatenate([count, count.sum(axis=1, keepdims=True)], axis=1),
        allowed=per_channel(np.ones_like(firsts.share)),
        final=per_channel(firsts.final),
        final_score=per_channel(firsts.final_score),
        escalated=per_channel(firsts.escalated),
        returned=per_channel(firsts.returned),
    )


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Quotient, NaN where there is nothing to divide by."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bottom > 0, top / bottom, np.nan)


def _names(keys: Iterable[str], code: NDArray[np.integer]) -> NDArray[np.object_]:
    """Labels for codes."""
    return np.asarray(np.array(list(keys), dtype=object)[code])


def _with_all(truth: Truth) -> list[str]:
    return [*truth.segments, "all"]


def _scores(truth: Truth, sums: _Sums, level: str) -> pd.DataFrame:
    """Per reason × segment × channel: today's users of the channel (`users`), and all customers of the reason."""
    grid = pd.MultiIndex.from_product(
        [truth.reasons, _with_all(truth), truth.channels], names=["reason", "segment", "channel"]
    )
    parts: dict[str, Floats] = {"n": sums.n.ravel()}
    for name, sum_over in (("users", "own"), ("all", "every")):

        def pick(x: Floats, how: str = sum_over) -> Floats:
            return np.asarray(np.einsum("rscc->rsc", x) if how == "own" else x.sum(axis=2))

        allowed, stays = pick(sums.allowed), pick(sums.allowed) - pick(sums.escalated)
        parts[f"score_{name}"] = _ratio(pick(sums.final_score), pick(sums.final)).ravel()
        parts[f"p_escalate_{name}"] = _ratio(pick(sums.escalated), allowed).ravel()
        parts[f"p_return_{name}"] = _ratio(pick(sums.returned), stays).ravel()
    table = pd.DataFrame(parts, index=grid).reset_index()
    return table.assign(level=level)


def _moves(truth: Truth, sums: _Sums, level: str) -> pd.DataFrame:
    """Today's users of one channel, served in another: score there and its difference from here."""
    score = _ratio(sums.final_score, sums.final)
    here = np.einsum("rscc->rsc", score)[..., None]
    grid = pd.MultiIndex.from_product(
        [truth.reasons, _with_all(truth), truth.channels, truth.channels],
        names=["reason", "segment", "from_channel", "to_channel"],
    )
    parts = {
        "n": np.repeat(sums.n[..., None], len(truth.channels), axis=-1).ravel(),
        "effect": (score - here).ravel(),
        "score": score.ravel(),
        "p_escalate": _ratio(sums.escalated, sums.allowed).ravel(),
        "p_return": _ratio(sums.returned, sums.allowed - sums.escalated).ravel(),
    }
    table = pd.DataFrame(parts, index=grid).reset_index().assign(level=level)
    return table[(table["from_channel"] != table["to_channel"]) & table["score"].notna()].reset_index(drop=True)


def _pools(truth: Truth, center: Center, firsts: _Firsts, level: str) -> pd.DataFrame:
    """Per reason × segment × pool: what the pool makes of today's users of its channel, whoever serves them now."""
    key = firsts.reason if level == "reason" else firsts.entry
    frames = []
    for g, (name, pool) in enumerate(truth.pools.items()):
        users = firsts.channel == center.tables.pool_channel[g]
        frame = pd.DataFrame(
            {
                "reason": key[users],
                "segment": firsts.segment[users],
                "n": 1.0,
                "final": firsts.final[users, g],
                "final_score": firsts.final_score[users, g],
                "escalated": firsts.escalated[users, g],
                "returned": firsts.returned[users, g],
            }
        )
        sums = frame.groupby(["reason", "segment"], as_index=False).sum()
        frames.append(sums.assign(pool=name, channel=pool.channel))
    table = pd.concat(frames, ignore_index=True)
    return pd.DataFrame(
        {
            "reason": _names(truth.reasons, table["reason"].to_numpy()),
            "segment": _names(truth.segments, table["segment"].to_numpy()),
            "channel": table["channel"],
            "pool": table["pool"],
            "n": table["n"],
            "score": table["final_score"] / table["final"],
            "p_escalate": table["escalated"] / table["n"],
            "p_return": table["returned"] / (table["n"] - table["escalated"]),
            "level": level,
        }
    )


def _later_contact(center: Center) -> NDArray[np.bool_]:
    return (center.book.outcome == RETURNS) | (center.book.outcome == ESCALATES)


def _wait_curve(truth: Truth, center: Center, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Mean loss of score by a wait, final contacts of today; points of the rounded score."""
    book = center.book
    final = rows[(book.status[rows] == SERVED) & ~_later_contact(center)[rows]]
    reason, channel = book.reason[final].astype(np.int64), book.channel[final].astype(np.int64)
    free = contact_points(truth, center)[final] + wait_points(truth, reason, channel, book.wait_s[final])
    base = mean_score(free, noise_sd(truth))
    frames = []
    for wait_s in _KNOTS_S:
        loss = wait_points(truth, reason, channel, np.full(len(final), wait_s))
        lost = base - mean_score(free - loss, noise_sd(truth))
        frames.append(pd.DataFrame({"reason": reason, "channel": channel, "wait_s": wait_s, "loss": lost, "n": 1.0}))
    table = pd.concat(frames).groupby(["reason", "channel", "wait_s"], as_index=False).agg({"loss": "mean", "n": "sum"})
    return table.assign(
        reason=_names(truth.reasons, table["reason"].to_numpy()),
        channel=_names(truth.channels, table["channel"].to_numpy()),
    )


def _reported(truth: Truth, center: Center, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Mean score all served customers would report today, by true reason × channel × segment, waits included."""
    book, issues = center.book, center.issues
    served = rows[book.status[rows] == SERVED]
    frame = pd.DataFrame(
        {
            "reason": _names(truth.reasons, book.reason[served]),
            "channel": _names(truth.channels, book.channel[served]),
            "segment": _names(truth.segments, issues.segment[book.issue[served]]),
            "score": mean_score(contact_points(truth, center)[served], noise_sd(truth)),
        }
    )
    grouped = frame.groupby(["reason", "channel", "segment"])["score"]
    return grouped.agg(mean="mean", n="size").reset_index()


def _issues(truth: Truth, center: Center, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Per reason × segment of issues begun early enough to have ended: contacts per issue and share with one only."""
    book, issues = center.book, center.issues
    # Time for two returns in a row; in a short history half of it.
    settling_days = min(2.0 * len(truth.journey.return_day_weights), 3.5 * truth.calendar.weeks)
    begun = (issues.time_s >= book.arrival_s[rows].min()) & (
        issues.time_s < center.clock.end_s - 86400.0 * settling_days
    )
    contacts = np.bincount(book.issue, minlength=len(issues.time_s))
    frame = pd.DataFrame(
        {
            "reason": _names(truth.reasons, issues.reason[begun]),
            "segment": _names(truth.segments, issues.segment[begun]),
            "contacts": contacts[begun],
            "one": contacts[begun] == 1,
        }
    )
    grouped = frame.groupby(["reason", "segment"])
    table = grouped.agg(issues=("contacts", "size"), contacts=("contacts", "sum"), fcr=("one", "mean")).reset_index()
    table["contacts_per_issue"] = table["contacts"] / table["issues"]
    return table


def _confusion(truth: Truth, center: Center, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Share of true reasons per entry reason, as it turned out, beside the declared share of entry choices."""
    reasons = list(truth.reasons)
    book = center.book
    counts = np.zeros((len(reasons), len(reasons)))
    np.add.at(counts, (book.entry[rows], book.reason[rows]), 1.0)
    declared = entry_shares(truth)[:, 0, :].T
    entry, reason = np.nonzero((counts > 0) | (declared > 0))
    share = counts / counts.sum(axis=1, keepdims=True)
    return pd.DataFrame(
        {
            "entry_reason": np.array(reasons)[entry],
            "reason": np.array(reasons)[reason],
            "share": share[entry, reason],
            "declared_entry_share": declared[entry, reason],
        }
    )
