"""Words of the served page and of what a reader takes along from any page; `{name}` marks what is filled in."""

from __future__ import annotations

from typing import Any

from planner.frontier.frontier import NAMED
from planner.frontier.what_if import CASES

TAKE = {
    "title": "Take it further",
    "help": "Choose a plan and what of it must stay. The file holds your pins, your limits and the parts to keep; "
    "“planner run FILE --from-choice CHOICE” takes it up.",
    "plan": "Plan",
    "keep": "Parts that stay",
    "parts": {
        "offers": "who is offered which channel",
        "shares": "who is served by which pool",
        "priority": "priorities",
    },
    "shifts": "Shifts that stay",
    "no_shifts": "none",
    "all_shifts": "all of them",
    "pool_shifts": "those of {pool}",
    "limits": "With these limits: {limits}.",
    "no_limits": "No limit is set above.",
    "save": "Save as a file",
    "saved": "The choice is saved.",
}

SERVE: dict[str, Any] = {
    "back": "All runs",
    "reached": "Nearest plan to what you aspire to: {plan} reaches it all (CX {cx}, {cost}, headroom {headroom}).",
    "not_reached": "Nearest plan to what you aspire to: {plan} (CX {cx}, {cost}, headroom {headroom}).",
    "what_if": "What if …",
    "what_if_help": "Asked about the plan chosen above, with the parts that stay. The answer comes in seconds: the "
    "plan as it stands in the changed world, staffed anew, and planned anew.",
    "fields": {
        "volume": "Contacts, % more or less",
        "aht": "Handle times, % more or less",
        "shrinkage": "Shrinkage, points more or less",
        "budget": "Budget, at most",
        "headroom": "Headroom to staff for, %",
    },
    "ask": "Ask",
    "busy": "Working …",
    "no_percentage": "{name}: “{text}” is not a percentage; write 5 or -3.5",
    "no_money": "Budget: “{text}” is not an amount; write 250000",
    "answer_heads": ["", "CX", "Cost", "Headroom", "All kept", "Hires", "At most above the bound"],
    "cases": {
        "before": ["Before", CASES["before"]],
        "as it stands": ["As it stands", CASES["as it stands"]],
        "staffed anew": ["Staffed anew", CASES["staffed anew"]],
        "same money": ["Same money", CASES["same money"]],
        "same CX": ["Same CX", CASES["same CX"]],
    },
    "answer_help": "All kept: promises, limits and rosters hold at planned demand. At most above the bound: what it "
    "costs above the bound of all plans with its CX and headroom that keep the same parts.",
    "none_found": "No plan was found for: {cases}.",
    "yes": "yes",
    "no": "no",
    "plan_again": "Plan again",
    "simulate": "Simulate",
    "download": "Download",
    "format": "File",
    "downloaded": "{name} is downloaded.",
    "formats": {
        "report": "Report that works offline",
        "xlsx": "Workbook",
        "staffing": "Staffing (CSV)",
        "shifts": "Shifts (CSV)",
        "jdm": "Rules (JDM)",
        "csv": "Rules (CSV)",
    },
    "queued": "It is in the list of jobs.",
    "jobs": "Jobs",
    "jobs_help": "One runs at a time, the others wait. They go on when this page is closed.",
    "no_jobs": "No job yet.",
    "cancel": "Cancel",
    "again": "Do again",
    "open_run": "Open {run}",
    "states": {
        "queued": "waiting",
        "running": "running",
        "done": "done",
        "failed": "failed",
        "cancelled": "cancelled",
        "interrupted": "interrupted",
    },
    "simulation_heads": ["Promise", "Period", "Target", "Plan", "Simulated", "Verdict"],
    "simulation_kept": "Every promise that the plan keeps held in the simulation.",
    "simulation_failed": "Kept by the plan, clearly missed in the simulation: {promises}.",
    "gone": "The server does not answer; is “planner serve” still running?",
}

RUNS: dict[str, Any] = {
    "runs": "Runs",
    "runs_help": "Every run of this folder. Open one to look at its plans, ask what if, and plan again.",
    "noscript": "Jobs and comparisons need JavaScript; it comes from this server only.",
    "finished": "Finished and begun",
    "run": "Run",
    "changed": "Variant and changes",
    "variant": "variant",
    "when": "Begun",
    "state": "State",
    "no_runs": "No run yet: planner run FILE makes one.",
    "compare": "Compare",
    "compare_run": "Compare {run}",
    "compare_runs": "Compare the marked runs",
    "choose_runs": "Mark two to four runs.",
    "plans_of_runs": "Today and the named plans of each run",
    "differences": "What their scenarios differ in",
    "left_out": "{n} more differences are not shown.",
    "result": "Result",
    "named": dict(NAMED),
    "axes": {"cx": "CX", "cost": "cost", "headroom": "headroom"},
    "run_states": {
        "done": "finished",
        "running": "running, or cut off",
        "interrupted": "interrupted",
        "out_of_time": "out of time",
        "infeasible": "no plan keeps every promise",
        "nothing_found": "no plan was found",
        "failed": "failed",
        "unreadable": "cannot be read",
    },
}
