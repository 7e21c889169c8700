"""Every word of the reading page; `{name}` marks what is filled in. A term is explained where it stands."""

from __future__ import annotations

FLAGS = {
    "sparse": "fewer than 20 effective observations stand behind the number: the interval is wide and says so",
    "extrapolated": "hardly anybody like these customers was served there: plans may move only few of them",
    "never-served": "nobody with this reason was ever served there: no estimate, and no plan sends customers there "
    "unless you state a score",
    "too-few-answers": "customers with this reason were served there, but too few of that channel's survey answers are "
    "known for an estimate",
    "not-followed": "customers with this reason were served there, but of too few it is known what followed",
    "part-unknown": "customers with this reason were served there, but too little is known of a part of the composite",
    "not-recorded": "customers with this reason were served there, but too few contacts record the outcome",
    "model-dependent": "two methods that should agree differ by more than two standard errors: look "
    "before you trust it",
}

PAGE = {
    "title": "What contacts do to customers",
    "facts": "{source}: {contacts} contacts, {period}. {outcome}: {known}.{unit}",
    "answers": "{answers} answers ({rate} of served contacts)",
    "recorded": "known for {answers} served contacts ({rate} of them)",
    "composite": "put together from its parts, each estimated on its own",
    "lead": "First",
    "terms": "Words",
    "footer": "Intervals hold the truth in about nine of ten cases, for sampling error alone unless "
    "a column says more.",
}

CHANGE = {
    "points": " points",
    "share": " in the share",
    "composite": " of the composite",
    "seconds": " seconds",
}
"""How a change of an outcome is read, by its unit."""

FIRST = {
    "counts": "Of {all} moves of a reason between two channels, {better} are better, {worse} worse "
    "and {unsure} cannot be "
    "told apart, with what nobody observed in the reckoning.",
    "counts_parts": "Of {all} moves of a reason and segment between two channels, {better} are better, {worse} worse "
    "and {unsure} cannot be told apart, with what nobody observed in the reckoning.",
    "counts_sampling": "Of {all} moves of a reason and segment between two channels, {better} are better, {worse} "
    "worse and {unsure} cannot be told apart, by sampling error alone: what nobody observed (unseen causes of the "
    "choice) is not in the reckoning for this outcome.",
    "gain": "Surest large gain: {reason} from {source} to {to}, {effect} ({lower} to {upper}) for {contacts} "
    "contacts a week.",
    "loss": "Largest mistake to avoid: {reason} from {source} to {to}, {effect} ({lower} to "
    "{upper}) for {contacts} "
    "contacts a week.",
    "gain_thin": "Better moves: {n}, but none of them rests on enough customers like those who would move. They are "
    "extrapolated or sparse: try them, promise nothing.",
    "loss_thin": "Worse moves: {n}, but none of them rests on enough customers like those who would move. They are "
    "extrapolated or sparse.",
    "no_moves": "No move between channels can be estimated from this history.",
    "alarm": "{n} checks say that the scores may mislead, first: {first}",
}

GAPS = {
    "never": "Of {all} pairs of reason and channel, {n} were never served: no plan sends customers there unless you "
    "state a score.",
    "too-few-answers": "Of {all} pairs of reason and channel, {n} were served but have no estimate, because too few "
    "survey answers are known in that channel: no plan sends customers there unless you state a score.",
    "not-followed": "Of {all} pairs of reason and channel, {n} were served but have no estimate, because it is known "
    "of too few contacts what followed them.",
    "not-recorded": "Of {all} pairs of reason and channel, {n} were served but have no estimate, because too few "
    "contacts record the outcome.",
    "part-unknown": "Of {all} pairs of reason and channel, {n} were served but have no estimate, because too little is "
    "known of a part of the composite.",
    "read": "Of {all} pairs of reason and channel, {n} were served but hardly ever asked: the tables hold a score read "
    "off first-contact resolution, marked extrapolated, and plans may move few customers there.",
    "thin": "Of {all} pairs of reason and channel, {n} rest on few observations or few such customers: plans may move "
    "few customers there.",
}

OUTCOMES = {
    "csat": "Satisfaction (CSAT) of {low:g} to {high:g}, higher is better",
    "csat_top": "Share of the two best satisfaction scores, higher is better",
    "nps": "Net promoter score of −100 to 100, higher is better",
    "ces": "Effort score (CES) of {low:g} to {high:g}, {better} is better",
    "fcr": "Share of issues resolved at first contact",
    "repeat": "Share of contacts followed by another of the same issue, lower is better",
    "resolved": "Share of contacts coded as resolved",
    "transferred": "Share of contacts transferred, lower is better",
    "abandoned": "Share of contacts abandoned, lower is better",
    "handle_s": "Handle time in seconds",
    "composite": "Declared composite",
}

UNITS = {
    "points": "",
    "share": " Shares are written from 0 to 1: a change of 0.010 is one percentage point.",
    "composite": " It runs from 0 (worst) to 1 (best).",
    "seconds": " Changes are in seconds.",
}
"""How numbers of an outcome are written, by its unit."""

MATRIX = {
    "title": "Every reason in every channel",
    "reason": "reason",
    "contacts": "{n} first contacts",
    "nothing": "–",
    "raw": "raw {raw}, n {n}",
    "biased": "bias {interval}",
    "help": "Large: what all customers with this reason would report if this channel served them (potential mean), "
    "adjusted for who answers and for who chooses the channel. Below: its 90 % interval, and the one with the bias "
    "that nobody can observe (answers that depend on the score, unseen causes of the choice). Small: the raw mean of "
    "the n who answered there.",
    "help_recorded": "Large: what would come out on average if this channel served all customers with this reason "
    "(potential mean), adjusted for who chooses the channel. Below: its 90 % interval, and where it is worked out the "
    "one with the bias that nobody can observe (unseen causes of the choice). Small: the raw mean of the n contacts "
    "whose outcome is known.",
    "picture": "In the picture the filled dot is the adjusted mean, the hollow one the raw mean, all on one scale.",
}

MOVE_HEADS = ("reason", "move", "contacts a week", "effect", "90 % interval", "with bias", "P(better)", "advice")
MOVES = {
    "title": "What a move would do",
    "help": "Today's users of one channel, served in another: the number the optimizer plans with. It is not the "
    "difference of two columns above, because those who move are not those who are there already. The interval with "
    "bias adds what nobody could observe: unseen causes of the choice, and, of surveys, answers that depend on the "
    "score itself. A dash: not worked out for this outcome.",
    "one_channel": "There is one channel only: no move can be estimated. Everything else on this page stands.",
    "none": "No move has an estimate: see the flags above.",
    "shown": "The {n} moves with the most customers of {all}; all of them, and by segment, are in the tables beside.",
    "picture": "Effect of each move",
}

WAITS = {
    "title": "What waiting costs",
    "help": "What is lost by waiting so long, compared with the shortest waits, for the same customers in the same "
    "hour of the day: callers at peak hours are other customers. The band is the 90 % interval. A channel "
    "whose waits hardly "
    "vary within an hour has no curve, rather than a guessed one.",
    "x": "wait before the answer",
    "within": "Share of the variation of waits that lies within hours of the day: {shares}. Below 20 "
    "% no curve is drawn.",
    "none": "No curve: {why}.",
}

EFFECTS = {
    "title": "What attempts and handlers do",
    "help": "In one fit with channels, reasons, waits and hours, so that nothing is counted twice: what a later "
    "attempt of the same issue brings against the first, and what a pool brings against the mean of its channel, other "
    "things being equal.",
    "attempts": "Later attempts",
    "pools": "Pools within their channel",
}
EFFECT_HEADS = ("", "contacts", "effect", "90 % interval")

JOURNEYS = {
    "title": "What happens after the first contact",
    "help": "Contacts of one customer about one thing make an issue. The map shows where issues "
    "start, where they go on "
    "and where they end; wider lines carry more contacts.",
    "map": "The journey map",
    "resolution": "Resolved at first contact, by definition",
    "tax": "What an issue costs, by the channel it starts in",
    "tax_help": "The escalation tax is what the later contacts of an issue add to the first: in money (or handle time "
    "where no cost is given) and in the final score.",
    "lengths": "Contacts per issue",
    "lengths_help": "Issues as counted, beside what the chain of next contacts predicts: large gaps "
    "would mean that the "
    "chain leaves something out.",
    "map_help": "Columns are the first, second and later contact of an issue, rows the channels.",
    "resolution_help": "Nobody is resolved just because the data end: contacts near the end count for as long as they "
    "were seen (Kaplan–Meier). Anonymous contacts cannot be followed and are never counted as resolved.",
    "chance": "{share} without returns by chance",
    "anonymous": "{share} of first contacts anonymous",
    "all": "all channels",
    "channel": "first channel",
}

DEFINITIONS = {
    "no_return": "nothing more about this issue",
    "no_contact": "no contact about anything",
    "coded": "coded as resolved by the agent",
}

GUARD_HEADS = ("check", "where", "finding", "level")
GUARDS = {
    "title": "Can the numbers be trusted?",
    "help": "Checks that look for what makes surveys lie: changed invitations, agents who pick whom "
    "to ask, missing bad "
    "scores, tired customers, changed scales. Findings are reported, never corrected in silence.",
    "quiet": "No check found anything beyond chance.",
    "more": "{n} more findings are in guards.csv.",
}

PILOTS = {
    "title": "Try before you promise",
    "help": "Moves that are probably, but not surely, better (P(better) of 60 to 95 %, bias "
    "included), and the smallest "
    "trial that would settle each: a share of today's users, drawn at random, is served in the new channel.",
    "none": "No move is both probably better and unsure: nothing to try.",
    "no_moves": "No move can be estimated: nothing to try yet.",
    "not_sized": "Trials are sized for survey scores and shares, not for this outcome.",
    "later": "What follows a contact is known only when the days within which contacts count as one issue are over: "
    "add them to the weeks.",
}
PILOT_HEADS = ("reason", "move", "effect", "P(better)", "share sent", "weeks", "in words")

NEEDS = {
    "title": "How many answers a decision needs",
    "help": "Answers until the 90 % interval of a reason in a channel is narrow enough to decide, "
    "and how long they take "
    "to come in at today's volume.",
    "done": "{n} of {all} reasons in channels are known to ±{goal} already.",
}
NEED_HEADS = ("reason", "channel", "answers", "± today", "more needed", "contacts a week", "answer rate", "weeks")

BASIS = {
    "title": "What the adjustment rests on",
    "help": "Covariates are facts about a customer known before the channel was chosen. The overlap says whether "
    "customers like those who would move are found in the new channel at all. As a check, every mean is estimated a "
    "second time from single contacts by another method (doubly robust).",
    "overlap": "{n} of {all} moves have too few users like those who would move in the new channel.",
    "rows": "{n} of {all} means differ from the second method by more than two joint standard errors.",
    "apart": "Where the two methods disagree",
}
BASIS_HEADS = ("reason", "channel", "adjusted", "from rows", "standard errors apart")

QUALITY = {
    "title": "Quality of the history",
    "help": "What came in, what was kept and what is missing. Rows kept out are counted, never lost.",
}

COVARIATES = {
    "known": "{name}: known for {share} of the contacts.",
    "gap": " The others (missing or infinite) are a group of their own in the adjustment.",
    "bins": "{name}: adjusted for in {n} groups, with the upper ends {cuts} (the last has none).",
    "others": "all further covariates together, by what they say of the outcome",
}

QUALITY_TERMS = {
    "answers": "served contacts whose outcome is known",
    "response_rate": "share of served contacts whose outcome is known",
    "share_followed": "share of contacts of which it is known what followed",
    "wait_variance_within_hours": "share of the variation of waits that is not the time of day's; below 0.2 no wait "
    "curve is drawn",
    "spectral_radius": "how strongly contacts lead to further ones; at 1 issues would never end",
    "settled": "whether the fits of the first, the final contact and of returns came to an end",
    "surveyed_channels": "channels with enough known outcomes for an estimate",
    "covariate_bins": "upper ends of the groups in which a covariate is adjusted for",
    "covariate_known": "share of contacts with a finite value",
}
"""What the facts of a fit mean, beside them in a terminal."""

MATRIX_MARKS = {
    "s": "sparse, few answers behind it",
    "x": "extrapolated, hardly any such customers were served there",
    "–": "no estimate, see below",
}
"""What the marks behind a value of the matrix mean, in a terminal."""

NOTES = {"title": "What was assumed", "help": "Everything the estimate did on the way."}
