"""The sheets of the workbook template: columns with their meaning and unit, and example rows that run."""

from __future__ import annotations

import datetime as dt
from typing import Any

README: tuple[str, ...] = (
    "A contact center for planner: fill the sheets, save, then: planner init my-center --from-xlsx THIS_FILE",
    "Keep the names of sheets and columns; delete the example rows. Money is in the currency of the sheet center.",
    "Shares are ratios: write 0.3, not 30. Clock times are local time. Empty cells are left out.",
    "forecast needs a row for every interval of the opening hours, reason and channel; 0 where nothing is expected.",
    "Columns:",
)

SHEETS: dict[str, dict[str, str]] = {
    "center": {
        "setting": "name, currency, start, days, opens, closes, interval_min, timezone, uncertainty, metric, "
        "scale_low, scale_high, score_given_up, score_abandoned, loss_per_hour_waited or shift_h",
        "value": "start: first planned day; opens, closes: HH:MM; scores: points; shift_h: hours of a shift",
    },
    "forecast": {
        "interval_start": "start of the interval, local date and time",
        "reason": "what the contact is about",
        "channel": "channel it comes in by itself",
        "contacts": "first contacts in the interval",
        "segment": "value segment; leave the column empty if there is none",
    },
    "roster": {
        "pool": "name of the team",
        "channel": "channel it serves",
        "discipline": "live_voice, live_chat, deferred or automated",
        "heads": "people on the payroll",
        "contract_h_per_week": "paid hours of one of them a week",
        "days_per_week": "most working days of one of them a week",
        "shrinkage": "share of scheduled time not on task (ratio)",
        "occupancy_max": "most load per agent on task (ratio)",
        "hires_max": "people who could be added",
        "speed_with_two": "live_chat: total speed with two chats at once, one chat alone is 1",
        "deadline_h": "deferred: open hours within which it is answered",
        "promise_target": "share answered in time that is promised (ratio)",
        "promise_within_s": "seconds within which",
    },
    "costs": {
        "pool": "name of the team",
        "wage_per_h": "fully loaded cost of a paid hour",
        "cost_per_contact": "telephony, license or AI cost of a contact",
        "fixed_cost": "cost for the planned time, whatever the load",
        "cost_per_hire": "recruiting and training of one person",
    },
    "outcomes": {
        "channel": "channel; later rows win over earlier ones",
        "reason": "reason; empty for all",
        "aht_s": "mean handle time, seconds",
        "score": "score of a resolved contact without waiting",
        "score_sd": "how far that statement may be off, points",
        "p_return": "share that comes back (ratio)",
        "p_escalate": "share escalated (ratio)",
        "patience_s": "mean patience before giving up, seconds (one per channel)",
    },
    "steers": {
        "steer": "name of the offer",
        "from_channel": "channel in which the customer arrives",
        "to_channel": "channel that is offered",
        "offered_at": "where: menu, web page, app, agent",
        "acceptance": "share of those offered who accept (ratio)",
        "low": "lower end of the believed range",
        "high": "upper end of the believed range",
        "cost_per_offer": "cost of one offer",
    },
    "staffing": {
        "weekday": "0 is Monday",
        "time": "start of the interval, HH:MM",
        "pool": "name of the team",
        "scheduled": "people scheduled today; an empty sheet means the work of the forecast at 80 % occupancy",
    },
}

NEEDED: dict[str, tuple[str, ...]] = {
    "center": ("setting", "value"),
    "forecast": ("interval_start", "reason", "channel", "contacts"),
    "roster": ("pool", "channel", "discipline"),
    "costs": ("pool",),
    "outcomes": ("channel",),
    "steers": (),
    "staffing": (),
}
"""Columns that must be filled; an empty tuple: the sheet may be empty."""

_FORECAST = {("billing", "voice"): 22, ("fault", "voice"): 10, ("billing", "chat"): 8, ("fault", "chat"): 4}
_STARTS = tuple(dt.datetime(2026, 1, 5, 9) + dt.timedelta(minutes=30 * k) for k in range(4))

EXAMPLE: dict[str, list[dict[str, Any]]] = {
    "center": [
        {"setting": name, "value": value}
        for name, value in {
            "name": "my-center",
            "currency": "EUR",
            "start": dt.datetime(2026, 1, 5),
            "days": 1,
            "opens": "09:00",
            "closes": "11:00",
            "interval_min": 30,
            "timezone": "Europe/Zurich",
            "uncertainty": 0.05,
            "metric": "csat",
            "scale_low": 1,
            "scale_high": 5,
            "score_given_up": 2,
            "score_abandoned": 1.5,
            "loss_per_hour_waited": 2,
            "shift_h": 2,
        }.items()
    ],  # fmt: skip
    "forecast": [
        {"interval_start": at, "reason": reason, "channel": channel, "contacts": contacts}
        for (reason, channel), contacts in _FORECAST.items()
        for at in _STARTS
    ],
    "roster": [
        {
            "pool": "phone",
            "channel": "voice",
            "discipline": "live_voice",
            "heads": 8,
            "contract_h_per_week": 2,
            "days_per_week": 1,
            "shrinkage": 0,
            "occupancy_max": 0.85,
            "hires_max": 5,
            "promise_target": 0.8,
            "promise_within_s": 20,
        },
        {
            "pool": "desk",
            "channel": "chat",
            "discipline": "live_chat",
            "heads": 5,
            "contract_h_per_week": 2,
            "days_per_week": 1,
            "shrinkage": 0,
            "occupancy_max": 0.85,
            "hires_max": 3,
            "speed_with_two": 1.6,
            "promise_target": 0.8,
            "promise_within_s": 60,
        },
    ],  # fmt: skip
    "costs": [
        {"pool": "phone", "wage_per_h": 40, "cost_per_contact": 0.1, "cost_per_hire": 520},
        {"pool": "desk", "wage_per_h": 36, "cost_per_contact": 0.05, "cost_per_hire": 520},
    ],
    "outcomes": [
        {
            "channel": "voice",
            "aht_s": 300,
            "score": 4.2,
            "score_sd": 0.05,
            "p_return": 0.1,
            "p_escalate": 0,
            "patience_s": 180,
        },
        {
            "channel": "chat",
            "aht_s": 360,
            "score": 4.0,
            "score_sd": 0.08,
            "p_return": 0.15,
            "p_escalate": 0,
            "patience_s": 240,
        },
        {"channel": "chat", "reason": "billing", "score": 4.3, "score_sd": 0.08},
    ],  # fmt: skip
    "steers": [
        {
            "steer": "offer_chat",
            "from_channel": "voice",
            "to_channel": "chat",
            "offered_at": "phone menu",
            "acceptance": 0.5,
            "low": 0.3,
            "high": 0.7,
            "cost_per_offer": 0.05,
        },
    ],  # fmt: skip
    "staffing": [],
}
