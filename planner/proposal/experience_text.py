"""The proposed experience: scores of who is lost, and the outcomes and waits that the past does not tell."""

from __future__ import annotations

from typing import Any

from planner.proposal.page import Page, quoted
from planner.proposal.seen import Seen

_AHT_S = 300


def add_experience(seen: Seen, page: Page) -> None:
    """Add the scale, what a lost contact is worth, and rows for what the past does not tell."""
    metric = next(iter(seen.answers), "csat")
    low, high = seen.scale[metric]
    span = high - low
    page.add("", "experience:", f"  metric: {metric}", f"  scale: [{low:g}, {high:g}]")
    up, lost = low + 0.25 * span, low + 0.125 * span
    page.mark(
        f"  score_given_up: {{value: {up:g}, low: {lost:g}, high: {low + 0.375 * span:g}}}",
        "score of a customer not helped",
    )
    page.mark(
        f"  score_abandoned: {{value: {lost:g}, low: {low:g}, high: {up:g}}}", "score of a customer lost while waiting"
    )
    page.add("  outcomes:                    # what the past does not tell; later rows win")
    for name in seen.channels.index:
        _outcome(seen, str(name), metric, page)
    for row in () if seen.outcomes is None else seen.outcomes.to_dict("records"):
        _counted_outcome(row, seen, page)
    for name in _waits_unknown(seen, metric):
        page.add("  wait_loss:") if not any(line == "  wait_loss:" for line in page.lines) else None
        page.mark(
            f"    - {{channel: {quoted(name)}, wait_s: [0, 60, 300], loss: [0, 0, {0.1 * span:g}]}}",
            f"points lost by waiting in {name}: no answers or waits to estimate it from",
        )


def _waits_unknown(seen: Seen, metric: str) -> list[str]:
    """Channels whose wait curve cannot be estimated: nobody answered there, or nobody measured the waits."""
    answers = seen.answers.get(metric, {})
    return [str(name) for name in seen.channels.index if not answers.get(str(name)) or str(name) not in seen.waited]


def _outcome(seen: Seen, name: str, metric: str, page: Page) -> None:
    low, high = seen.scale[metric]
    aht = any(pool.channel == name and pool.aht_s for pool in seen.pools)
    parts, words = [f"channel: {quoted(name)}"], []
    if not aht or seen.outcomes is not None:
        parts.append(f"aht_s: {_AHT_S}")
        words += [] if aht else ["mean handle time"]
    if not seen.answers.get(metric, {}).get(name):
        parts.append(f"score: {low + 0.75 * (high - low):g}, score_sd: {0.1 * (high - low):g}")
        words += [] if _has_score(seen, name) else ["score of a resolved contact"]
    if not seen.identified:
        parts.append("p_return: 0.1")
        words.append("share that comes back")
    line = f"    - {{{', '.join(parts)}, p_escalate: 0}}"
    page.mark(line, f"{name}: {', '.join(words)}, share escalated") if words else page.mark(
        line, f"{name}: share escalated"
    )


def _has_score(seen: Seen, name: str) -> bool:
    return seen.outcomes is not None and bool(
        (seen.outcomes["csat"].notna() & (seen.outcomes["channel"] == name)).any()
    )


def _counted_outcome(row: dict[Any, Any], seen: Seen, page: Page) -> None:
    """One row of an aggregate: its handle time, and its score with the error that its answers leave."""
    number = {name: float(row[name]) for name in ("aht_s", "csat", "csat_sd", "csat_n", "contacts")}
    names = [f"{key}: {quoted(row[key])}" for key in ("reason", "channel", "segment") if row[key] != "all"]
    if row["reason"] != "all" and row["reason"] not in seen.reasons.index:
        return
    parts, words = [], []
    if number["aht_s"] == number["aht_s"]:
        parts.append(f"aht_s: {max(number['aht_s'], 1.0):.0f}")
        words.append(f"{number['contacts']:,.0f} contacts")
    if number["csat"] == number["csat"]:
        low, high = seen.scale["csat"]
        floor = low + 0.25 * (high - low)
        error = number["csat_sd"] if number["csat_sd"] == number["csat_sd"] else 0.25 * (high - low)
        parts.append(f"score: {max(number['csat'], floor):.2f}, score_sd: {error:.3f}")
        words.append(f"{number['csat_n']:,.0f} answers")
        words += ["raised to the score of those not helped"] if number["csat"] < floor else []
    if parts:
        page.add(f"    - {{{', '.join([*names, *parts])}}}   # {', '.join(words)}")
