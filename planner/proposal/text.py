"""The proposed scenario as commented YAML; what nobody but the center can say carries `# TODO`."""

from __future__ import annotations

import math

from planner.proposal.experience_text import add_experience
from planner.proposal.page import Page, quoted
from planner.proposal.pools import PoolSeen, shrinkage_guess
from planner.proposal.seen import Seen
from planner.proposal.steers_text import add_steers
from planner.scenario.opening_hours import CLOSED
from planner.scenario.quantities import clock_text

_CONTRACT_H = 38.0
PART_H = 4.0
"""Length of the short shift that is proposed, hours."""


def scenario_text(seen: Seen) -> tuple[str, tuple[str, ...]]:
    """Write the scenario; returns the text and what is to be done, in words."""
    page = Page()
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
    for part in (_when, _sources, _names, _channels, add_experience, _pools, _rest):
        part(seen, page)
    return "\n".join(page.lines) + "\n", tuple(page.todo)


def _when(seen: Seen, page: Page) -> None:
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


def _sources(seen: Seen, page: Page) -> None:
    if seen.files:
        page.add("", "history:", *(f"  {name}: {quoted(file)}" for name, file in seen.files.items()))
        page.add("", "demand: {source: history}      # the mean week of the past; growth: 0.03 adds 3 %")
        return
    page.add("", "demand:                        # the mean week of the counts", "  source: data/demand.csv")
    page.mark("  counts: contacts", "issues, if your volumes hold first contacts only")
    page.mark("  uncertainty: 0.05", "how far a week's total may be off (coefficient of variation)")


def _names(seen: Seen, page: Page) -> None:
    page.add("", "segments:")
    for name, volume in seen.segments.items():
        page.add(f"  {quoted(name)}: {{}}   # {volume:,.0f} contacts a week")
    page.add("", "reasons:                       # as known when the contact is routed")
    for name, volume in seen.reasons.items():
        page.add(f"  {quoted(name)}: {{}}   # {volume:,.0f} contacts a week")
    whole = seen.counts.table["contacts"].sum() / seen.counts.weeks
    rest = 1 - float(seen.reasons.sum()) / whole
    if rest > 0.005:
        page.mark(
            "  # not listed",
            f"{rest:.0%} of the contacts have no reason or a rare one; merge rare ones with a reason map",
        )


def _channels(seen: Seen, page: Page) -> None:
    page.add("", "channels:")
    waiting = {pool.channel for pool in seen.pools if pool.discipline in ("live_voice", "live_chat")}
    for name, volume in seen.channels.items():
        page.add(f"  {quoted(name)}:   # {volume:,.0f} contacts a week")
        before = len(page.lines)
        if str(name) in waiting:
            _waiting(seen, str(name), page)
        if len(page.lines) == before:
            page.lines[-1] = f"  {quoted(name)}: {{}}   # {volume:,.0f} contacts a week; nobody waits here"


def _waiting(seen: Seen, name: str, page: Page) -> None:
    if name in seen.patience:
        mean, low, high, left = seen.patience[name]
        words = f"total waiting / {left:,} abandonments, those served before as censored"
        page.add(
            f"    patience_s: {{value: {mean:.0f}, low: {math.floor(low)}, high: {math.ceil(high)}, "
            f"source: {quoted(words)}}}"
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
        page.add(f"    redial: {{value: {share:.2f}, low: {low:g}, high: {high:g}, source: {quoted(words)}}}")
    else:
        page.mark(
            "    redial: {value: 0.3, low: 0.1, high: 0.6}", f"share of abandoned contacts in {name} that try again"
        )


def _shifts(seen: Seen, page: Page) -> tuple[float, str]:
    """Add the shifts; their longest, hours, and their names as a pool lists them."""
    horizon = seen.horizon
    length = min(8.0, (horizon.closes - horizon.opens) / 60)
    last = clock_text(horizon.closes - int(length * 60))
    page.add("", "shifts:")
    page.mark(
        f'  day: {{length_h: {length:g}, starts: {{first: "{clock_text(horizon.opens)}", last: "{last}"}}}}',
        "your shifts, with breaks",
    )
    if length <= PART_H:
        return length, "[day]"
    last = clock_text(horizon.closes - int(PART_H * 60))
    page.add(
        "  # PROPOSED: Today's people follow the demand by the half hour; long shifts alone would cost more to plan"
    )
    page.mark(
        f'  part: {{length_h: {PART_H:g}, starts: {{first: "{clock_text(horizon.opens)}", last: "{last}"}}}}',
        "does anybody work short shifts? else delete them here and in the pools",
    )
    return length, "[day, part]"


def _pools(seen: Seen, page: Page) -> None:
    length, names = _shifts(seen, page)
    page.add("", "pools:")
    for pool in seen.pools:
        aht = "handle time unknown" if pool.aht_s is None else f"mean handle time {pool.aht_s:.0f} s"
        page.add(f"  {quoted(pool.key)}:   # {pool.contacts_per_week:,.0f} contacts a week, {aht}")
        if pool.name and pool.name != pool.key:
            words = f"{pool.name} serves several channels, and a pool serves one: is {pool.key} a team of its own?"
            page.mark(f"    title: {quoted(pool.name)}", words)
        kind = "automated" if pool.discipline == "automated" else "human"
        page.add(f"    kind: {kind}", f"    channel: {quoted(pool.channel)}")
        page.mark(
            f"    discipline: {pool.discipline}", f"{pool.key}: is it {pool.discipline}? judged by the channel's name"
        )
        page.mark("    cost_per_contact: 0.1", f"{pool.key}: telephony, license or AI cost of a contact")
        if pool.discipline != "automated":
            _people(pool, length, names, page)


def _people(pool: PoolSeen, length: float, shifts: str, page: Page) -> None:
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


def _rest(seen: Seen, page: Page) -> None:
    page.add("", "promises:                      # none is in a log")
    for pool in seen.pools:
        name = quoted(f"{pool.key}_promise"[:80])
        if pool.discipline in ("live_voice", "live_chat"):
            within = 20 if pool.discipline == "live_voice" else 60
            share = seen.answered.get((pool.channel, within))
            told = "" if share is None else f" {share:.0%} were answered within {within} s"
            page.mark(
                f"  {name}: {{pools: [{quoted(pool.key)}], measure: service_level, target: {_target(share):g}, "
                f"answer_within_s: {within}, period: week}}",
                f"{pool.key}: what do you promise?{told}",
            )
    if page.lines[-1].startswith("promises:"):
        page.lines.pop()
    add_steers(seen, page)
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
