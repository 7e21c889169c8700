"""Every word that people read in the page, the workbook and the summary lines; `{name}` marks what is filled in."""

from __future__ import annotations

TITLES = {
    "cheapest": "Cheapest no worse than today",
    "best_cx": "Best CX at today's cost",
    "resilient": "Most resilient",
}
"""The three plans that answer a leader first, in this order."""

RULES_OF_CHOICE = {
    "cheapest": "The lowest cost among plans whose customer experience and headroom are not below today's.",
    "best_cx": "The highest customer experience, not below today's, among plans that cost no more than today.",
    "resilient": "The most headroom, not below today's, among plans that cost no more than today and whose customer "
    "experience is not below today's; where there is none, among plans that cost no more than today.",
    "balanced": "The plan closest to the best value of all three results at once, each on the range of this frontier, "
    "among plans whose customer experience is not below today's, where there are any; one view of balance, not an "
    "optimum.",
}

SUMMARY = {
    "none": "{title}: no other plan of this run qualifies.",
    "same": "{title}: the same plan as “{other}” ({plan}).",
    "saves": "saves {amount} {per} ({share})",
    "more": "costs {amount} more {per} ({share})",
    "equal": "costs the same as Today",
    "cx": "CX {delta} points, at least today's in {times}",
    "cx_tied": "CX {delta} points, too close to Today to tell apart ({times} at least today's)",
    "cx_same": "CX as today's ({times} at least today's)",
    "cx_bare": "CX {delta} points",
    "cx_again": "{words}; {delta} scored again by other customers",
    "headroom": "absorbs {headroom} more demand (Today {today})",
    "headroom_short": "falls short at planned demand (headroom {headroom}, Today {today})",
    "doable": "doable this {horizon}",
    "doable_long": "doable with the people there are",
    "hires_pools": "needs {pools}",
    "hire": "{n} hire in {pool}",
    "hires": "{n} hires in {pool}",
    "hires_total": "needs {n} hires",
    "hires_some": "needs hires",
    "idle": "{people}; until the payroll follows, {idle} {per} is owed on top to people it does not schedule (Today "
    "{today}): {end}",
    "idle_more": "{change} {per} more than Today in all",
    "idle_less": "{change} {per} less than Today in all",
    "idle_equal": "as much as Today in all",
    "split": "{committed} of its cost is committed either way, {avoidable} can be avoided",
    "endless": "no end",
    "times": "{k} of {n} cases",
    "times_of": "{k} of {n} cases simulated",
    "times_always": "practically all cases",
    "times_never": "practically no case",
    "times_always_of": "all {n} cases simulated",
    "times_never_of": "none of {n} cases simulated",
}

PLAN_COUNT = ("{n} plan", "{n} plans")
PAGE_FACTS = "{n} for one {horizon}. Today costs {cost} {per}, reaches {cx_name} {cx} and headroom {headroom}."

PAGE = {
    "pictures": "Every plan at a glance",
    "contents": "Contents",
    "beaten": "A plan that looks beaten on the left – same cost, lower CX – is on the frontier because it is safer: "
    "look for it higher up on the right. Brighter points absorb more demand.",
    "cx_axis": "{cx} per issue (higher is better)",
    "cost_axis": "Cost {per} (lower is better)",
    "headroom_axis": "Headroom: growth of demand absorbed",
    "cx_title": "Experience against cost",
    "capacity_title": "Capacity against cost",
    "bound": "no plan can be above",
    "bound_at": "headroom ≥ {headroom}",
    "bound_help": "Gray lines are proven limits: no plan lies above the solid one, none with at least that headroom "
    "above a broken one.",
    "today": "Today",
    "limits": "What must a plan reach?",
    "limit_cx": "{cx} at least",
    "limit_cost": "Cost at most",
    "limit_headroom": "Headroom at least",
    "count": "{n} of {total} plans meet these limits.",
    "nearest": "No plan meets these limits. Nearest is {plan}: it misses {misses}.",
    "reset": "Clear limits",
    "desc_cx": "Scatter of {n} of {total} plans: CX from {cx_min} to {cx_max}, cost from {cost_min} to {cost_max}. "
    "Today stands at CX {cx_today} and cost {cost_today}. "
    "The table of all plans has the same numbers.",
    "desc_cap": "Scatter of {n} of {total} plans: headroom from {h_min} to {h_max}, cost from {cost_min} to "
    "{cost_max}. Today stands at headroom {h_today} and cost {cost_today}. "
    "The table of all plans has the same numbers.",
    "compare": "Pinned plans against Today",
    "compare_help": "Up to four plans are pinned; a fifth replaces the oldest. "
    "✓ better, ✗ worse, ≈ too close to tell apart.",
    "measure": "Result",
    "no_pins": "No plan is pinned. Pin one from the brief, the pictures or the table.",
    "pin": "Pin",
    "unpin": "Unpin",
    "pin_plan": "Pin plan {plan}",
    "unpin_plan": "Unpin plan {plan}",
    "pinned_now": "Pinned {plan} as {letter}.",
    "unpinned_now": "Unpinned {plan}.",
    "better": "better",
    "worse": "worse",
    "tied": "too close to tell apart",
    "table": "All plans",
    "table_help": "Sort by any column. The table follows the limits above.",
    "page_of": "Plans {first}–{last} of {n}",
    "previous": "Previous",
    "next": "Next",
    "none_left": "No plan meets the limits.",
    "parallel": "How results are reached",
    "parallel_help": "One line per plan over its results and levers: channels as shares of issues, people as counts. "
    "Results are turned so that up is better. Lines follow the limits and the pins; Today is dotted. A click pins.",
    "details": "One plan in detail",
    "choose": "Plan",
    "why": "Why this plan",
    "no_why": "The explanation of this plan is in the run: planner explain.",
    "mix": "Channels, in issues {per}",
    "moves": "Largest moves",
    "move": "{reason}, {segment}: {from} to {to}, {issues} issues",
    "staffing": "People and service over time",
    "no_heat": "Staffing maps are drawn for Today and the named plans. “planner serve” fetches those of any plan that "
    "is pinned; “planner show” and the workbook have the numbers.",
    "heat_desc": "{pool}: {low} to {high} people, most at {peak}.",
    "fewer": "fewer people",
    "more_people": "more people",
    "most": "most {n}",
    "least": "least {n}",
    "under": "under 80%",
    "over": "over 80%",
    "gains": "CX against Today, by reason and segment",
    "reasons_left": "{n} more reasons, where less is at stake, are in the table gains of the run.",
    "promises": "Service promises",
    "promise": "Promise",
    "target": "Target",
    "value": "Value",
    "kept": "Kept",
    "kept_all": "✓ kept",
    "kept_some": "✗ missed in {missed} of {n} {what}",
    "missed": "✗ missed",
    "worst": "{value} at worst",
    "costs": "Where the money goes",
    "item": "Item",
    "total": "Total",
    "committed": "Committed either way",
    "avoidable": "Avoidable",
    "risk": "What could go otherwise",
    "risk_promises": "Promises are missed in {k} of {n} simulated {horizons}.",
    "risk_cx": "CX is at least today's in {k} of {n} simulated cases.",
    "risk_range": "In 8 of 10 cases {axis} lies between {low} and {high}.",
    "risk_efficient": "It stays on the frontier in {k} of {n} simulated cases.",
    "people": "People",
    "prices": "What limits this plan",
    "segments": "CX by segment",
    "segment": "Segment",
    "assumptions": "What was assumed",
    "assumptions_help": "Swing: how far the result of the headline plan moves between the low and the high value.",
    "bridge": "From the survey to the axis",
    "bridge_help": "Step by step from the mean a survey report shows to Today's CX. Bars show changes on one common "
    "scale; the line in each row is the score reached.",
    "bridge_step": "Step",
    "bridge_change": "Change",
    "bridge_value": "Score",
    "again": "Scored again by other customers",
    "again_help": "Of many estimates the best ones are partly lucky. So one half of the customers chose the plans, and "
    "the other half, which had no part in it, scored them again. That takes the luck out, not an error that both "
    "halves share.",
    "again_gain": "Gain over Today, where chosen",
    "again_other": "Gain over Today, scored again",
    "experience": "Experience by reason and channel",
    "experience_help": "Estimated score with its 90% interval. “Sparse” and “extrapolated” numbers lean on little "
    "or no history; “none” has no score, as nobody was served there or too little is known of it, and is not used.",
    "failed_check": "A check of the finished plans failed: {check}",
    "notes": "Quality of the data",
    "no_notes": "Nothing was noted.",
    "certificate": "How good is this frontier?",
    "glossary": "Words",
    "points": "{value} pts",
    "chosen_by": "How the named plans were chosen",
    "reason": "Reason",
    "periods": "periods",
    "channel": "Channel",
    "drawn": "Drawn",
    "about": "About this run",
    "print_more": "The page itself shows more: all plans, staffing maps and the experience matrix.",
    "noscript": "The pictures and tables need JavaScript; everything is inside this file, nothing is loaded.",
    "so_far": "The run still goes on. These are some of its plans so far, which get other numbers in the end: without "
    "the bound, the ranges of risk and the simulation. The finished run takes this page away.",
    "in_print": "The first 15 plans in the order chosen; the page and the workbook have them all.",
}

MAPS = {
    "people": "{plan}: people scheduled",
    "change": "{plan}: people scheduled, change against Today",
    "needed": "{plan}: people on task that the load needs",
    "service": "{plan}: answered in time, {source}",
}
"""Titles of the maps per pool and interval."""

BRIDGE = {
    "end": "CX of Today",
    "end_words": "The number on the axis.",
    "sheet": "Bridge",
}
"""Words of the way from the survey's mean to Today's CX; its steps carry their own."""

ASSUMPTION_HEADS = ("Input", "Value", "Range", "Source", "Swing of CX", "Swing of cost", "Swing of headroom")

SHORT_NAMES = {"cheapest": "Cheapest", "best_cx": "Best CX", "resilient": "Most resilient", "balanced": "Best balance"}
"""Names of plans inside pictures."""

MEASURES = {
    "plan": "Plan",
    "name": "Name",
    "cx": "CX",
    "cost": "Cost",
    "headroom": "Headroom",
    "cx_again": "CX, scored again",
    "p_cx": "CX ≥ Today",
    "p_shortfall": "Promise missed",
    "peak_fte": "Peak people",
    "abandon": "Abandoned",
    "hires": "Hires",
    "overtime": "Overtime, h",
    "committed": "Committed",
    "avoidable": "Avoidable",
    "status": "Proof",
    "people": "People",
}

STATUS = {
    "proven": "proven",
    "within_gap": "within {gap} of the bound",
    "found": "found by search",
    "gap": "within gap",
}

SUPPORT = {"ok": "", "sparse": "sparse", "extrapolated": "extrapolated", "none": "none"}

CERTIFICATE = {
    "ratio": "The plans reach {ratio} of everything a proven bound leaves possible.",
    "model": "Of what is possible at the same points, the plans reach {model}; the rest is rounding to whole people "
    "and waiting that the bound cannot see.",
    "resolution": "The plans cover {resolution} of the surface; more plans would close the rest.",
    "none": "This run carries no certificate.",
}

GLOSSARY = {
    "CX": "Customer experience per issue on the scale of the scenario; an issue counts once, however often "
    "the customer calls.",
    "Issue": "One problem of a customer; it may take several contacts.",
    "Scored again": "Plans are chosen with one half of the customers; the other half scores them once more, so that "
    "the luck of the choice cannot flatter the second number.",
    "Cost": "Fully loaded money over the planned time: paid hours with shrinkage, contacts, vendors, hiring, licenses.",
    "Headroom": "The largest uniform growth of demand at which every promise and every occupancy cap is still kept.",
    "Today": "The center as it runs now, evaluated by the same model as every plan.",
    "Promise missed": "Share of simulated futures in which a service promise is missed in at least one period.",
    "Committed": "Pay of people on the payroll; it is due whichever plan is chosen.",
    "Avoidable": "What changes with the plan: overtime, vendors, hires, contacts.",
    "Proof": "Proven: no cheaper plan exists at this CX and headroom. Within a gap: at most that much cheaper. "
    "Found by search: good, without proof.",
    "Frontier": "The plans that cannot be improved on one result without giving up another.",
    "Measured, estimated, stated, default": "Where a number comes from: counted in the logs, inferred from them, "
    "given by the scenario, or our own default.",
}

SUMMARY_ROWS = {
    "cx": ("{cx} per issue", "cx"),
    "cx_rescored": ("{cx}, scored again", "cx"),
    "cost": ("Cost {per}", "money"),
    "headroom": ("Headroom", "ratio"),
    "p_cx_at_least_today": ("P(CX at least today's)", "ratio"),
    "p_shortfall": ("P(a promise is missed)", "ratio"),
    "abandon_rate": ("Abandoned", "ratio"),
    "peak_fte": ("Peak people", "count"),
    "hires": ("Hires", "count"),
    "overtime_h": ("Overtime, hours", "count"),
    "committed": ("Committed cost", "money"),
    "avoidable": ("Avoidable cost", "money"),
    "idle_payroll": ("Idle payroll, on top of cost", "money"),
}
"""Rows of the workbook's summary: column of `plans` -> label and unit."""

HEADS = {
    "cx": "cx (points)",
    "cx_rescored": "cx_rescored (points)",
    "gain": "gain (points)",
    "gain_rescored": "gain_rescored (points)",
    "change": "change (points)",
    "value": "value (points)",
    "cx_low": "cx_low (points)",
    "cx_high": "cx_high (points)",
    "cost": "cost ({money})",
    "committed": "committed ({money})",
    "avoidable": "avoidable ({money})",
    "idle_payroll": "idle_payroll ({money})",
    "cost_bound": "cost_bound ({money})",
    "headroom": "headroom (%)",
    "p_shortfall": "p_shortfall (%)",
    "p_cx_at_least_today": "p_cx_at_least_today (%)",
    "abandon_rate": "abandon_rate (%)",
    "gap": "gap (%)",
    "peak_fte": "peak_fte (people)",
    "hires": "hires (people)",
    "overtime_h": "overtime_h (hours)",
    "on_task": "on_task (people)",
    "scheduled": "scheduled (people)",
    "required": "required (people)",
    "overflow_after_s": "overflow_after_s (seconds)",
}
"""Heads of workbook columns that have a unit."""

STAFFING_HEADS = {"scheduled": "{pool}, scheduled (people)", "on_task": "{pool}, on task (people)"}

WORKBOOK = {
    "measure": "Result",
    "note": "Note",
    "column": "Column",
    "meaning": "Meaning",
    "summary": "Summary",
    "plans": "Plans",
    "staffing": "Staffing",
    "by_day": "Staffing by day",
    "hours": "hours in all",
    "shifts": "Shifts",
    "rules": "Rules",
    "readme": "Read me",
    "difference": "against Today",
    "chart": "CX against cost",
    "other_plans": "Other plans",
    "named_plans": "Named plans",
    "alt": "Chart of CX against cost: all plans in gray, named plans and Today on top.",
}

FOOTER = "&C&A&R&P / &N"
CUT_ROWS = "{printed} of {n} rows"
CUT_COLUMNS = "{printed} of {n} columns"
"""Foot of a printed sheet: its name and page; what of a long or wide table is on paper."""

COLUMNS = {
    "plan": "id of the plan",
    "name": "why the plan has a name: today, cheapest, best_cx, resilient, balanced",
    "cx": "expected experience per issue, points of the scale",
    "gain": "cx less today's",
    "cx_rescored": "cx with the scores of customers who had no part in choosing the plans",
    "gain_rescored": "cx_rescored less today's: free of the luck of the choice",
    "cost": "fully loaded money over the planned time",
    "headroom": "growth of demand absorbed with every promise kept, ratio",
    "peak_fte": "largest number of people scheduled in one interval",
    "p_shortfall": "share of risk draws in which a promise is missed in any period",
    "status": "proven, within_gap or found",
    "gap": "(cost - bound) / bound at the same CX and headroom, ratio",
    "origin": "which step found the plan",
    "committed": "money due whichever plan is chosen",
    "avoidable": "money that changes with the plan",
    "hires": "people to be hired, all pools",
    "overtime_h": "paid overtime, hours",
    "doable": "needs no hire",
    "p_cx_at_least_today": "probability that CX is at least today's",
    "ties_with_today": "CX cannot be told apart from today's",
    "abandon_rate": "share of contacts that abandon",
    "promises_kept": "every promise is kept at planned demand",
    "cost_bound": "no plan of this CX and headroom is cheaper than this",
    "cx_low": "lower end of the 90 % interval of CX",
    "cx_high": "upper end of the 90 % interval of CX",
    "pool": "group of agents or an automated service",
    "interval": "local start of the interval",
    "on_task": "people who serve customers",
    "scheduled": "people scheduled, shrinkage included",
    "required": "agents the load needs at the occupancy cap",
}
