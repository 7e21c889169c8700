"""Every word of the reading page; `{name}` marks what is filled in. A term is explained where it stands."""

from __future__ import annotations

FLAGS = {
    "sparse": "fewer than 20 effective answers stand behind the number: the interval is wide and says so",
    "extrapolated": "hardly anybody like these customers was served there: plans may move only few of them",
    "none": "nobody with this reason was ever served there: no estimate, and no plan uses it unless you state one",
    "model-dependent": "two methods that should agree differ by more than two standard errors: look "
    "before you trust it",
}

PAGE = {
    "title": "What contacts do to customers",
    "facts": "{source}: {contacts} contacts, {period}. {outcome}: {answers} answers ({rate} of served contacts).",
    "lead": "First",
    "terms": "Words",
    "footer": "Intervals hold the truth in about nine of ten cases, for sampling error alone unless "
    "a column says more.",
}

FIRST = {
    "counts": "Of {all} moves of a reason between two channels, {better} are better, {worse} worse "
    "and {unsure} cannot be "
    "told apart, with what nobody observed in the reckoning.",
    "gain": "Surest large gain: {reason} from {source} to {to}, {effect} points ({lower} to {upper}) for {people} "
    "contacts of this history.",
    "loss": "Largest mistake to avoid: {reason} from {source} to {to}, {effect} points ({lower} to "
    "{upper}) for {people} "
    "contacts of this history.",
    "no_moves": "No move between channels can be estimated from this history.",
    "alarm": "{n} checks say that the scores may mislead, first: {first}.",
    "gaps": "Of {all} reason and channel pairs, {bare} were never seen and {thin} rest on few answers or few such "
    "customers: no plan builds on the first, and few customers are moved into the second.",
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
    "the n who answered there. In the picture the filled dot is the adjusted mean, the hollow one the raw mean, all on "
    "one scale.",
}

MOVE_HEADS = ("reason", "move", "contacts a week", "effect", "90 % interval", "with bias", "P(better)", "advice")
MOVES = {
    "title": "What a move would do",
    "help": "Today's users of one channel, served in another: the number the optimizer plans with. It is not the "
    "difference of two columns above, because those who move are not those who are there already. The interval with "
    "bias adds what nobody could observe: unseen causes of the choice, and answers that depend on the score itself.",
    "one_channel": "There is one channel only: no move can be estimated. Everything else on this page stands.",
    "none": "No move has an estimate: see the flags above.",
    "shown": "The {n} moves with the most customers of {all}; all of them, and by segment, are in the tables beside.",
    "picture": "Effect of each move",
}

WAITS = {
    "title": "What waiting costs",
    "help": "Points lost by waiting so long, compared with the shortest waits, for the same customers in the same hour "
    "of the day: callers at peak hours are other customers. The band is the 90 % interval. A channel "
    "whose waits hardly "
    "vary within an hour has no curve, rather than a guessed one.",
    "x": "wait before the answer",
    "y": "points lost",
    "within": "Share of the variation of waits that lies within hours of the day: {shares}. Below 20 "
    "% no curve is drawn.",
    "none": "No curve: {why}.",
}

EFFECTS = {
    "title": "What attempts and handlers do",
    "help": "In one fit with channels, reasons, waits and hours, so that nothing is counted twice: what a later "
    "attempt of the same issue scores against the first, and what a pool scores against the mean of its channel, other "
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
    "where no cost is given) and in points of the final score.",
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

NOTES = {"title": "What was assumed", "help": "Everything the estimate did on the way."}
