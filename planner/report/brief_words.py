"""Words of the decision brief; `{name}` marks what is filled in."""

from __future__ import annotations

BRIEF = {
    "title": "Decision brief",
    "options": "Today and the options",
    "must": "What must be true",
    "ask": "The decision asked",
    "no_bridge": "Nobody was asked in a survey, or this run is from before the table.",
    "today": "Today",
    "year": "A year is {years} planned {horizons} like this one, a month {months}. Committed is pay of people on the "
    "payroll, due whichever plan is chosen; avoidable changes with the plan. While today's payroll stays, people "
    "without shifts are paid on top. Equal plans have the same CX and headroom.",
    "satisfied_help": "Satisfied customers count by their place on the scale from {low} to {high}: a score of {high} "
    "counts as one, {low} as none, the middle as half.",
    "none": "{title}: no other plan of this run qualifies.",
    "cost": "Cost a year",
    "committed": "of it committed",
    "avoidable": "of it avoidable",
    "paid": "Paid while payroll stays",
    "cx": "{cx}, points",
    "satisfied": "Satisfied a month",
    "p_cx": "CX at least today's",
    "headroom": "Headroom",
    "shortfall": "A promise is missed",
    "certificate": "Certificate",
    "loses": "Who loses",
    "first": "Must happen first",
    "in_none": "in none of {n} simulated {horizons}",
    "in_weeks": "in {k} of {n} simulated {horizons}",
    "in_all": "in all {n} simulated {horizons}",
    "nothing_spare": "without headroom, {horizons} busier than planned or with more people away can miss one",
    "absorbs": "absorbs {headroom} more demand",
    "falls_short": "keeps caps and promises only at {headroom} less demand",
    "exact": "just keeps caps and promises as planned",
    "proven": "proven: no equal plan is cheaper",
    "within_gap": "an equal plan can be {gap} cheaper at most",
    "found": "found by search, without proof",
    "nobody": "no reason and segment scores lower",
    "losers": "{share} of issues score lower, most of all:",
    "loser": "{reason}, {segment} ({change}; {issues} a month)",
    "hires": "{n:,} hires: {pools}",
    "hire": "1 hire: {pools}",
    "idle": "no shifts for {n:,} people: {pools}",
    "idle_one": "no shifts for 1 person: {pools}",
    "pool": "{n:,} {pool}",
    "initiatives": "initiatives: {names}",
    "steers": "offers: {names}",
    "move": "{from} to {to}",
    "rules": "new routing for {share} of contacts, {n} of {total} kinds",
    "nothing": "nothing: it can start at once",
    "assumptions_help": "The inputs that move {plan} most over their ranges; CX of Today moves with most of them.",
    "assumption_heads": "Input, range and source|Moves the result by",
    "swing_cx": "CX {value}",
    "swing_cost": "cost {value} {per}",
    "swing_headroom": "headroom {value} points",
    "no_assumptions": "This run holds no assumptions whose range moves a result.",
    "assumptions_left_out": "There was no time yet to see which inputs move a plan most.",
    "ask_later": "None yet: the run still goes on.",
    "ask_plans": "Start {plans}, or stay with Today. A yes to a plan is a yes to what must happen first. Whoever "
    "decides records it: planner adopt {run} --plan {plan} --by NAME --why REASON.",
    "ask_none": "None: no plan of this run beats Today on what was asked. Relax a promise or a limit and plan again.",
    "or": " or ",
    "more": "{n} more",
}
"""Words of the brief."""

EFFECTS = {
    "volume": "the issues that arise",
    "handle_time": "handle times",
    "unresolved": "contacts not resolved the first time",
    "escalated": "escalations",
    "score": "scores",
}
"""What an initiative changes, by its key in the scenario."""

INPUTS = {
    "steers": "Acceptance: {title}",
    "shrinkage": "Shrinkage: {title}",
    "redial": "Callers who try again: {title}",
    "scores": "Scores: {title}",
    "effect": "{title}: change of {what}",
    "experience.score_given_up": "Score of customers who give up",
    "experience.score_abandoned": "Score of customers lost in the queue",
    "experience.give_up_share": "Share of the unsolved who give up",
    "demand (factor on the planned)": "Demand, times the planned",
    "handle time (factor)": "Handle time, times the planned",
}
"""Inputs of the assumptions as people read them."""
