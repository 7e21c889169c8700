"""Words of what a frontier says of its plans: risk, explanations and preferences; see `strings` for all others."""

from __future__ import annotations

RISK = {
    "title": "How sure are these numbers?",
    "band_help": "The shaded band shows how far the frontier itself is uncertain: plans with headroom of at least "
    "{headroom} reach its upper edge in 1 of 10 of {draws} simulated futures, the line inside in 5, its lower edge "
    "in 9 of 10.",
}
"""Words of the risk draws."""

TABLE_SHEETS = {
    "says": "Explanations",
    "changes": "Changes",
    "initiatives": "Initiatives",
    "contracts": "Contracts",
    "promise_prices": "Promise prices",
    "risk": "Risk",
    "gains": "Gains by reason",
    "assumptions": "Assumptions",
    "agreement": "Simulation",
}
"""Tables of the run that have a sheet of their own -> its title."""

WITH_INITIATIVES = "{doable}, with {initiatives}"
"""How the initiatives of a plan are added to whether it is doable."""

MORE_COLUMNS = {
    "initiatives": "initiatives that are part of the plan",
    "closed": "pools that are closed in a part of the day",
    "time_off_h": "voluntary unpaid time off that people on the payroll could take, hours",
    "weeks_seen": "past weeks looked at, the last 52 at most; named plans only",
    "weeks_kept": "of them those whose demand would keep every promise",
    "fewer_staff": "largest share of people on task that may be missing with caps and promises kept; negative: so many "
    "more are needed",
    "p_shortfall_choosing": "share of the draws that helped to choose plans in which a promise is missed",
    "employee_experience": "1 less the mean of the five burdens below",
    "occupancy_peak": "highest occupancy of a live pool in an interval, ratio",
    "occupancy_spread": "standard deviation of occupancy over live pools and intervals, ratio",
    "long_shifts": "share of shifts with more than 8 paid hours",
    "odd_hours": "share of time at work before 7:00 or after 19:00",
    "weekend_share": "share of shifts on Saturdays and Sundays",
}
"""Columns of what a frontier says of its plans -> their meaning, for the workbook's Read me."""
