"""Words of the report's parts on channels and later contacts; `{name}` marks what is filled in."""

from __future__ import annotations

FLOWS = {
    "title": "Channels before and after",
    "help": "Left where customers come to by themselves, right where the plan serves their first contact, in issues "
    "{per}. Gray stays, blue is moved by an offer.",
    "caption": "{name}: {share} of issues are served in another channel than they came to",
    "said": "{from} to {to}: {issues}",
}
"""Words of the flow pictures."""

JOURNEYS = {
    "title": "The journey of an issue",
    "help": "What becomes of issues, contact by contact; numbers are contacts {per}. The bar in a box: gray is settled "
    "or given up, blue goes on to another contact, orange is lost in the queue. Lines are as wide as contacts take "
    "that way; rare ways are left out.",
    "caption": "{name}: {contacts} contacts per issue",
    "columns": "First contact|Second contact|Third and later",
    "described": "{issues} issues, {contacts} contacts per issue.",
    "contacts": "{n} contacts",
    "on": "{share} go on",
    "wait": "wait {wait}",
    "way": "{from} to {to}: {contacts} contacts",
}
"""Words of the journey map."""

LATER = {
    "title": "What unsettled first contacts cost",
    "help": "The escalation tax. An issue that its first contact does not settle comes back, tries again or is handed "
    "on; these contacts cost minutes and money. Money is that of the pools without what is fixed.",
    "caption": "{name}",
    "sentence": "{name}: {contacts} contacts per issue; what comes after the first takes {share} of the handled time "
    "and {money} {per}.",
    "heads": "First contact in|Issues {per}|Contacts per issue|Handed on|Minutes per issue|of them later|Money per "
    "issue|of it later",
}
"""Words of the tax of later contacts."""

HEAT = {
    "simulated": "simulated contact by contact",
    "carry_over": "by formulas, phone with carry-over from interval to interval",
    "service": "by formulas, each interval by itself",
}
"""Where the map of answers in time comes from."""
