"""Words of the checks of a model: the backtest, and formulas beside simulation; `{name}` marks what is filled in."""

from __future__ import annotations

from typing import Any

BACKTEST_MEASURES = {
    "volume": "Contacts a week",
    "aht_s": "Handle time",
    "score": "Score",
    "asa_s": "Mean wait",
    "abandon_rate": "Abandoned",
    "service_level": "Answered in time",
}

BACKTEST: dict[str, Any] = {
    "title": "Would this model have predicted last month?",
    "help": "Every week is predicted from the weeks before it, with the people who really stood there. Errors are "
    "those of a half hour, weighted by contacts; the floor is what a true model would err. “Formula” is the stationary "
    "formula that the plans are searched with, “naive” the same half hour of the weeks before. In the picture the "
    "bar is the error, the line the floor, the ring the naive error.",
    "drawn": "Errors",
    "heads": (
        "Pool",
        "Result",
        "Seen",
        "Predicted",
        "Formula",
        "Naive",
        "Error",
        "Naive error",
        "Floor",
        "Inside 95%",
        "Verdict",
    ),
    "known": "{measure}, volume known",
    "missed": "✗ missed",
    "near": "✓ ok",
    "miss": "{pool}: {measure} predicted {predicted}, seen {seen}",
    "banner": "Today's model misses last month: read every plan with these errors in mind.",
    "fine": "Backtest of the last {n} weeks: no result of any pool is materially off.",
    "weeks": "{n} weeks predicted, the first from Monday {first}, the last from Monday {last}.",
    "refused": "No backtest: {why}",
    "skipped": "the time limit left it out",
}
"""Words of the backtest."""

AGREEMENT: dict[str, Any] = {
    "title": "Do formulas and simulation agree?",
    "help": "Today and the named plans, simulated contact by contact for 20 independent times. The search uses "
    "formulas that take every interval by itself; with carry-over an interval of a phone pool starts with what the one "
    "before left, and the simulation is compared with that where it is known. Redials within minutes and issues that "
    "come back make busy hours busier there, and CX a little lower. A difference counts where it is more than the "
    "tolerance, or breaks a promise by more than two points or a tenth of a wait, and is significant for all checks. "
    "The command “planner simulate” does the same for every other plan.",
    "heads": ("Plan", "About", "Period", "Result", "Formulas", "With carry-over", "Simulated", "Tolerance", "Verdict"),
    "whole": "whole time",
    "summary": "{agree} of {n} checks of {plans} plans agree. Each dot is a check: simulated less analytic, the lines "
    "at both sides are the tolerance. The table has those farthest apart, the workbook all.",
    "drawn": "Simulated less analytic, in tolerances",
    "agree": "✓ agree",
    "differ": "✗ differ",
    "measures": {
        "cx": "CX per issue",
        "asa_s": "Mean wait",
        "abandon_rate": "Abandoned",
        "service_level": "Answered in time",
        "deadline_kept": "Deadline kept",
    },
}
"""Words of the comparison of formulas with simulation."""
