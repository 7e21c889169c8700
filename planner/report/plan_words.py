"""Words of what a frontier says of its plans: risk, explanations and preferences; see `strings` for all others."""

from __future__ import annotations

RISK = {
    "title": "How sure are these numbers?",
    "band_help": "The shaded band shows how far the frontier itself is uncertain: plans with headroom of at least "
    "{headroom} reach its upper edge in 1 of 10 of {draws} simulated futures, the line inside in 5, its lower edge "
    "in 9 of 10.",
}
"""Words of the risk draws."""

TABLE_SHEETS = {"says": "Explanations", "changes": "Changes", "promise_prices": "Promise prices", "risk": "Risk"}
"""Tables of the run that have a sheet of their own -> its title."""
