"""The command that simulates a plan contact by contact: `simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.cli.looking import AsCsv, AsJson, RunPath
from planner.cli.running import Seed, Workers

if TYPE_CHECKING:
    from planner.simulation import PlanSimulation, SimulationSettings

_PANEL = "Read"
_MOST_ROWS = 60
_EXAMPLES = examples(
    "planner simulate RUN --plan cheapest",
    "planner simulate RUN --plan today --surge 1.2 --replications 50",
    "planner simulate RUN --plan best_cx --csv",
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("simulate", rich_help_panel=_PANEL, epilog=_EXAMPLES)(simulate)


def simulate(
    run: RunPath,
    plan: Annotated[str, typer.Option("--plan", help="Plan id (p003) or name (today, cheapest, ...).")],
    surge: Annotated[float, typer.Option("--surge", min=0.0, help="Factor on demand: 1.2 is 20 % more.")] = 1.0,
    replications: Annotated[
        int, typer.Option("--replications", min=2, help="Independent horizons; more make intervals narrower.")
    ] = 20,
    handle_cv: Annotated[
        float | None,
        typer.Option("--handle-cv", min=0.01, help="Log-normal handle times of this spread; left out: exponential."),
    ] = None,
    intervals: Annotated[bool, typer.Option("--intervals", help="Print every interval, however many.")] = False,
    seed: Seed = 0,
    workers: Workers = 1,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> int:
    """Simulate a plan contact by contact, and set service beside what the plan says and promises.

    Exit code 5 where, at a surge of 1, a promise that the plan keeps is clearly missed.
    """
    from planner.simulation import Assumptions, SimulationSettings

    settings = SimulationSettings(replications, seed, surge, assumptions=Assumptions(handle_cv))
    found = _simulated(run, plan, settings, workers or 1)
    if as_json:
        _give_json(plan, found)
    elif as_csv:
        from planner.runs.tables import csv_text

        console.give(csv_text(found.intervals))
    else:
        _give_tables(found, intervals)
    console.say(settings.assumptions.words())
    for promise in found.failed:
        console.complain(f"check failed: the plan keeps {promise}, the simulation clearly misses it")
    return int(Exit.CHECK_FAILED if found.failed else Exit.DONE)


def _simulated(run: Path, plan: str, settings: SimulationSettings, workers: int) -> PlanSimulation:
    from planner.runs import load_run
    from planner.simulation import simulate_plan
    from solvers.executor import local_executor

    loaded = load_run(run)
    executor = local_executor(workers)
    try:
        return simulate_plan(loaded, plan, settings, executor)
    finally:
        if executor is not None:
            executor.shutdown(wait=True)


def _give_json(plan: str, found: PlanSimulation) -> None:
    from planner.runs.tables import records

    settings = found.settings
    console.give_json(
        {
            "plan": plan,
            "surge": settings.surge,
            "seed": settings.seed,
            "replications": found.replications,
            "confidence": settings.confidence,
            "assumptions": settings.assumptions.words(),
            "failed": found.failed,
            "promises": records(found.promises),
            "cx": records(found.cx),
            "flow_error": found.flow_error,
            "pools": records(found.pools),
            "intervals": records(found.intervals),
        }
    )


def _give_tables(found: PlanSimulation, intervals: bool) -> None:
    from planner.cli import simulation_page as page

    share = f"{found.settings.confidence:.0%}"
    often = f"{found.replications} replications, ± {share} interval, in brackets what the plan says"
    console.give_table(f"Service per pool ({often})", page.POOL_HEADS, page.service_rows(found.pools))
    console.say(f"Contacts of a pool are at most {found.flow_error:.1%} off the plan's.")
    if len(found.cx):
        console.give_table("CX per issue", page.CX_HEADS, page.cx_rows(found.cx))
    if intervals or len(found.intervals) <= _MOST_ROWS:
        rows = page.service_rows(found.intervals)
        console.give_table("Service per pool and interval", page.INTERVAL_HEADS, rows, left=(0, 1))
    else:
        console.say(f"{len(found.intervals)} intervals: --intervals prints them, --csv writes them as CSV")
    console.give_table("Promises", page.PROMISE_HEADS, page.promise_rows(found.promises), left=(0, 1, 5))
