"""Options of `planner export` that concern rules: what routers are given, and what is proved of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

BindingFile = Annotated[
    Path | None, typer.Option("--binding", help="Rules: YAML file with the ids of the target system.")
]
Replay = Annotated[
    Path | None, typer.Option("--replay", help="Rules: past contacts; every written file is executed over them.")
]
ReplayMapping = Annotated[
    Path | None, typer.Option("--mapping", help="With --replay: mapping file for another layout.")
]
Contacts = Annotated[
    int | None, typer.Option("--contacts", min=1, help="With --replay: the last so many contacts; left out: all.")
]
Exceptions = Annotated[
    bool | None,
    typer.Option(
        help="Rules: rows for closed hours, outage, a closed pool and must-human in front; on, but with "
        "--max-rules off."
    ),
]
MaxRules = Annotated[
    int | None, typer.Option("--max-rules", min=1, help="Rules: at most so many rows, with the loss of each step.")
]
ScenarioFile = Annotated[
    Path | None, typer.Option("--scenario", help="With --max-rules: the scenario file of the run.")
]
TodayFile = Annotated[
    Path | None,
    typer.Option("--today", help="Rules: today's configuration (JSON) or history, to compare with and roll back to."),
]
Rollback = Annotated[
    Path | None, typer.Option("--rollback", help="Rules: also write today's rules in the same format.")
]
Share = Annotated[
    float | None, typer.Option("--share", help="Rules: this share of contacts follows them, the others today's.")
]
OverflowAfter = Annotated[
    float | None,
    typer.Option(
        "--overflow-after",
        help="Rules: contacts the plan sends over by interval are helped after so many seconds of waiting instead; "
        "simulated.",
    ),
]
AgentIndex = Annotated[
    Path | None,
    typer.Option(
        "--agent-index",
        help="With --replay: also rank its agents per reason (CSV), for systems that route by agent; refused where "
        "reliability is below 0.7.",
    ),
]
HandlingWeights = Annotated[
    str | None,
    typer.Option(
        "--handling",
        help="With --format markdown: weights by which people and automation are scored apart, and the tie band; left "
        "out: experience=.5,resolution=.3,handle_time=.2,tie=1.",
    ),
]
