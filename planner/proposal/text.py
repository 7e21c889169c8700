"""The proposed scenario as commented YAML; what nobody but the center can say carries `# TODO`."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from planner.history.week_counts import Counts
from planner.proposal.offers import LEAST_CONTACTS, MOST_ACCEPT, Offer, offers_of
from planner.proposal.pools import PoolSeen, shrinkage_guess
from planner.scenario.opening_hours import CLOSED
from planner.scenario.quantities import clock_text
from planner.scenario.scenario import Horizon

_CONTRACT_H = 38.0
PART_H = 4.0
"""Length of the short shift that is proposed, hours."""
_AHT_S = 300


@dataclass(frozen=True)
class Seen:
    """What the past tells of a center; names by contacts per week, the most frequent first.

    `answered`: channel and seconds -> share of the contacts answered within so long, where waits were measured.
    """

    counts: Counts
    horizon: Horizon
    reasons: pd.Series
    segments: pd.Series
    channels: pd.Series
    pools: tuple[PoolSeen, ...]
    files: dict[str, str]
    answers: dict[str, dict[str, int]]
    scale: dict[str, tuple[float, float]]
    identified: bool
    patience: dict[str, tuple[float, float, float, int]]
    redial: dict[str, tuple[float, int]]
    outcomes: pd.DataFrame | None
    timezone_known: bool
    waited: frozenset[str] = frozenset()
    staffing_from: str = ""
    answered: dict[tuple[str, int], float] = field(default_factory=dict)


@dataclass
class _Page:
    """Lines of the file, and the marks made so far."""

    lines: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)

    def add(self, *lines: str) -> None:
        """Add lines."""
        self.lines += lines

    def mark(self, line: str, words: str) -> None:
        """Add a line with a value that stands in for what only the center knows."""
        self.lines.append(f"{line}   # TODO {words}")
        self.todo.append(words)


def scenario_text(seen: Seen) -> tuple[str, tuple[str, ...]]:
    """Write the scenario; returns the text and what is to be done, in words."""
    page = _Page()
    page.add(
        "# yaml-language-server: $schema=scenario.schema.json",
        f"# Proposed from {seen.counts.table['contacts'].sum():,.0f} contacts, {seen.counts.first:%Y-%m-%d} to "
        f"{seen.counts.last:%Y-%m-%d}.",
        "# Numbers with a comment were counted. A TODO marks what no log tells: correct it, then delete the mark.",
        "version: 1",
        "name: my-center",
        "title: My center",
    )
    page.mark("currency: USD", "your currency")
    for part in (_when, _sources, _names, _channels, _experience, _pools, _rest):
        part(seen, page)
    return "\n".join(page.lines) + "\n", tuple(page.todo)


def _when(seen: Seen, page: _Page) -> None:
    horizon = seen.horizon
    page.add(
        "",
        "horizon:                       # the week after the past; hours in which all but 1 % of the contacts came",
        f"  start: {horizon.start}",
        f"  days: {horizon.days}",
        f'  opens: "{clock_text(horizon.opens)}"',
        f'  closes: "{clock_text(horizon.closes)}"',
        f"  interval_min: {horizon.interval_min}",
    )
    if horizon.hours:
        page.add(
            "  hours:                       # days on which nearly all contacts came in fewer hours, or next to none"
        )
    for day, own in horizon.hours.items():
        times = f'{{opens: "{clock_text(own.opens)}", closes: "{clock_text(own.closes)}"}}'
        page.add(f"    {day}: {CLOSED if own.closed else times}")
    zone = f"  timezone: {horizon.timezone}"
    page.add(zone) if seen.timezone_known else page.mark(zone, "your time zone; the past does not name one")


def _sources(seen: Seen, page: _Page) -> None:
    if seen.files:
        page.add("", "history:", *(f"  {name}: {_q(file)}" for name, file in seen.files.items()))
        page.add("", "demand: {source: history}      # the mean week of the past; growth: 0.03 adds 3 %")
        return
    page.add("", "demand:                        # the mean week of the counts", "  source: data/demand.csv")
    page.mark("  counts: contacts", "issues, if your volumes hold first contacts only")
    page.mark("  uncertainty: 0.05", "how far a week's total may be off (coefficient of variation)")


def _names(seen: Seen, page: _Page) -> None:
    page.add("", "segments:")
    for name, volume in seen.segments.items():
        page.add(f"  {_q(name)}: {{}}   # {volume:,.0f} contacts a week")
    page.add("", "reasons:                       # as known when the contact is routed")
    for name, volume in seen.reasons.items():
        page.add(f"  {_q(name)}: {{}}   # {volume:,.0f} contacts a week")
    whole = seen.counts.table["contacts"].sum() / seen.counts.weeks
    rest = 1 - float(seen.reasons.sum()) / whole
    if rest > 0.005:
        page.mark(
            "  # not listed",
            f"{rest:.0%} of the contacts have no reason or a rare one; merge rare ones with a reason map",
        )


def _channels(seen: Seen, page: _Page) -> None:
    page.add("", "channels:")
    waiting = {pool.channel for pool in seen.pools if pool.discipline in ("live_voice", "live_chat")}
    for name, volume in seen.channels.items():
        page.add(f"  {_q(name)}:   # {volume:,.0f} contacts a week")
        before = len(page.lines)
        if str(name) in waiting:
            _waiting(seen, str(name), page)
        if len(page.lines) == before:
            page.lines[-1] = f"  {_q(name)}: {{}}   # {volume:,.0f} contacts a week; nobody waits here"


def _waiting(seen: Seen, name: str, page: _Page) -> None:
    if name in seen.patience:
        mean, low, high, left = seen.patience[name]
        words = f"total waiting / {left:,} abandonments, those served before as censored"
        page.add(
            f"    patience_s: {{value: {mean:.0f}, low: {math.floor(low)}, high: {math.ceil(high)}, "
            f"source: {_q(words)}}}"
        )
    else:
        page.mark(
            "    patience_s: {value: 180, low: 90, high: 360}", f"mean patience in {name}: no abandoned wait was seen"
        )
    share, n = seen.redial.get(name, (0.0, 0))
    if n >= 20:
        spread = 1.96 * math.sqrt(share * (1 - share) / n)
        low, high = math.floor(100 * max(share - spread, 0.0)) / 100, math.ceil(100 * min(share + spread, 1.0)) / 100
        words = f"{n:,} abandoned contacts of known customers"
        page.add(f"    redial: {{value: {share:.2f}, low: {low:g}, high: {high:g}, source: {_q(words)}}}")
    else:
        page.mark(
            "    redial: {value: 0.3, low: 0.1, high: 0.6}", f"share of abandoned contacts in {name} that try again"
        )


def _experience(seen: Seen, page: _Page) -> None:
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
    for name in waits_of(seen, metric):
        page.add("  wait_loss:") if not any(line == "  wait_loss:" for line in page.lines) else None
        page.mark(
            f"    - {{channel: {_q(name)}, wait_s: [0, 60, 300], loss: [0, 0, {0.1 * span:g}]}}",
            f"points lost by waiting in {name}: no answers or waits to estimate it from",
        )


def waits_of(seen: Seen, metric: str) -> list[str]:
    """Channels whose wait curve cannot be estimated: nobody answered there, or nobody measured the waits."""
    answers = seen.answers.get(metric, {})
    return [str(name) for name in seen.channels.index if not answers.get(str(name)) or str(name) not in seen.waited]


def _outcome(seen: Seen, name: str, metric: str, page: _Page) -> None:
    low, high = seen.scale[metric]
    aht = any(pool.channel == name and pool.aht_s for pool in seen.pools)
    parts, words = [f"channel: {_q(name)}"], []
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


def _counted_outcome(row: dict[Any, Any], seen: Seen, page: _Page) -> None:
    """One row of an aggregate: its handle time, and its score with the error that its answers leave."""
    number = {name: float(row[name]) for name in ("aht_s", "csat", "csat_sd", "csat_n", "contacts")}
    names = [f"{key}: {_q(row[key])}" for key in ("reason", "channel", "segment") if row[key] != "all"]
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


def _pools(seen: Seen, page: _Page) -> None:
    horizon = seen.horizon
    length = min(8.0, (horizon.closes - horizon.opens) / 60)
    last = clock_text(horizon.closes - int(length * 60))
    page.add("", "shifts:")
    page.mark(
        f'  day: {{length_h: {length:g}, starts: {{first: "{clock_text(horizon.opens)}", last: "{last}"}}}}',
        "your shifts, with breaks",
    )
    names = "[day]"
    if length > PART_H:
        names = "[day, part]"
        last = clock_text(horizon.closes - int(PART_H * 60))
        page.add(
            "  # PROPOSED: Today's people follow the demand by the half hour; long shifts alone would cost more to plan"
        )
        page.mark(
            f'  part: {{length_h: {PART_H:g}, starts: {{first: "{clock_text(horizon.opens)}", last: "{last}"}}}}',
            "does anybody work short shifts? else delete them here and in the pools",
        )
    page.add("", "pools:")
    for pool in seen.pools:
        aht = "handle time unknown" if pool.aht_s is None else f"mean handle time {pool.aht_s:.0f} s"
        page.add(f"  {_q(pool.key)}:   # {pool.contacts_per_week:,.0f} contacts a week, {aht}")
        if pool.name and pool.name != pool.key:
            words = f"{pool.name} serves several channels, and a pool serves one: is {pool.key} a team of its own?"
            page.mark(f"    title: {_q(pool.name)}", words)
        kind = "automated" if pool.discipline == "automated" else "human"
        page.add(f"    kind: {kind}", f"    channel: {_q(pool.channel)}")
        page.mark(
            f"    discipline: {pool.discipline}", f"{pool.key}: is it {pool.discipline}? judged by the channel's name"
        )
        page.mark("    cost_per_contact: 0.1", f"{pool.key}: telephony, license or AI cost of a contact")
        if pool.discipline != "automated":
            _people(pool, length, names, page)


def _people(pool: PoolSeen, length: float, shifts: str, page: _Page) -> None:
    if pool.discipline == "live_chat":
        page.mark("    chat: {total_speed: [1, 1.6]}", f"{pool.key}: chats at once and the speed they leave")
    if pool.discipline == "deferred":
        page.mark("    deadline_h: 8", f"{pool.key}: open hours within which it is answered")
    page.mark("    wage_per_h: 30", f"{pool.key}: fully loaded cost of a paid hour")
    guess = shrinkage_guess(pool)
    if pool.shrinkage is None:
        page.mark(
            f"    shrinkage: {{value: {guess:g}, low: 0.2, high: 0.4}}",
            f"{pool.key}: shrinkage; no staffing table says it",
        )
    else:
        page.add(f"    shrinkage: {guess:.3f}           # measured: scheduled time not on task")
    page.add("    occupancy_max: 0.87", f"    shifts: {shifts}")
    contract = min(_CONTRACT_H, 5 * length)
    heads = max(1, math.ceil(pool.hours_per_week / contract))
    page.mark(
        f"    roster: {{heads: {heads}, contract_h_per_week: {contract:g}, days_per_week: 5, "
        f"hires_max: {max(heads, 5)}, cost_per_hire: 5000}}",
        f"{pool.key}: people on the payroll ({pool.hours_per_week:,.0f} paid hours a week now), contract, hire",
    )


def _rest(seen: Seen, page: _Page) -> None:
    page.add("", "promises:                      # none is in a log")
    for pool in seen.pools:
        name = _q(f"{pool.key}_promise"[:80])
        if pool.discipline in ("live_voice", "live_chat"):
            within = 20 if pool.discipline == "live_voice" else 60
            share = seen.answered.get((pool.channel, within))
            told = "" if share is None else f" {share:.0%} were answered within {within} s"
            page.mark(
                f"  {name}: {{pools: [{_q(pool.key)}], measure: service_level, target: {_target(share):g}, "
                f"answer_within_s: {within}, period: week}}",
                f"{pool.key}: what do you promise?{told}",
            )
    if page.lines[-1].startswith("promises:"):
        page.lines.pop()
    _steers(seen, page)
    page.add(
        "",
        f"today:                         # people from {seen.staffing_from}",
        "  staffing: data/today_staffing.csv",
        "  routing: data/today_routing.csv",
        "",
        "frontier:                      # a first look; the defaults look harder",
        "  headroom_levels: [0, 0.1, 0.2]",
        "  cost_points: 4",
        "  plans: 10",
        "  search_evaluations: 0",
        "  risk_draws: 20",
        "  priority_classes: 1",
    )


def _target(share: float | None) -> float:
    """80 %, or what was kept so far where that is less: a promise that Today breaks makes every plan dearer than it."""
    return 0.8 if share is None else min(0.8, max(math.floor(20 * share) / 20, 0.05))


def _steers(seen: Seen, page: _Page) -> None:
    """The offers the past supports, or how one would be written."""
    offers = offers_of(seen)
    if not offers:
        page.add(
            "",
            "# steers:                      # offers that move contacts; the past supports none: no other channel",
            f"#                              # served {LEAST_CONTACTS} contacts of the same reason",
            "#   offer_chat: {from_channel: voice, to_channel: chat, offered_at: phone menu,",
            "#     acceptance: {value: 0.3, low: 0.1, high: 0.5, source: a pilot}, cost_per_offer: 0.05}",
        )
        return
    page.add(
        "",
        "# PROPOSED offers, each into a channel that already serves the same reasons: delete those you cannot make.",
        "# No log tells who accepts; what stands here is the share that chooses the channel unasked, of the reason",
        f"# with the least, at most {MOST_ACCEPT:.0%}. A pilot tells more.",
        "steers:",
    )
    for offer in offers:
        _steer(offer, seen, page)


def _steer(offer: Offer, seen: Seen, page: _Page) -> None:
    key = re.sub(r"\W+", "_", f"{offer.from_channel}_to_{offer.to_channel}")[:80]
    page.add(
        f"  {_q(key)}:   # {offer.to_channel} served {offer.served:,} contacts of these reasons; of each at least "
        f"{offer.choose:.0%} chose it over {offer.from_channel}"
    )
    for reason, n in offer.left_out.items():
        page.add(f"    # without {_q(reason)}: too few choose {offer.to_channel} ({n:,} contacts)")
    page.add(f"    from_channel: {_q(offer.from_channel)}", f"    to_channel: {_q(offer.to_channel)}")
    if len(offer.reasons) < len(seen.reasons):
        page.add(f"    reasons: [{', '.join(map(_q, offer.reasons))}]")
    page.mark(
        f"    offered_at: {_q(offer.from_channel)}", f"{key}: can you offer this, where, at what cost, and who accepts?"
    )
    low = math.floor(100 * offer.acceptance / 3) / 100
    page.add(
        f"    acceptance: {{value: {offer.acceptance:g}, low: {low:g}, high: {offer.acceptance:g}, "
        "source: proposed from the share that chooses it unasked}",
        "    cost_per_offer: 0.05",
    )


def _q(name: object) -> str:
    """Quote a name where YAML would read it as something else."""
    text = str(name)
    plain = text.replace("_", "a").replace("/", "a").replace(".", "a")
    safe = plain.isascii() and plain.isalnum() and text[:1].isalpha() and text.lower() not in _YAML_WORDS
    return text if safe else json.dumps(text, ensure_ascii=False)


_YAML_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])
