"""The commands that read a finished run: `frontier`, `show`, `explain`, `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples

if TYPE_CHECKING:
    import pandas as pd

    from planner.frontier.frontier import Frontier, Plan

_PANEL = "Read"
_EXAMPLES = {
    "frontier": examples(
        "planner frontier RUN --named",
        "planner frontier RUN --min-cx 4.1 --max-cost 250000 --csv",
        'planner frontier RUN --wish "cx>=4.1,cost<=250000,headroom>=10%"',
        'planner frontier RUN --weights "cx=4,cost=3,headroom=2"',
    ),
    "show": examples(
        "planner show RUN cheapest", "planner show RUN p003 --json", "planner show RUN cheapest --table service --csv"
    ),
    "explain": examples(
        "planner explain RUN balanced",
        'planner explain RUN --wish "cx>=4.1,cost<=250000"',
        'planner explain RUN --wish "cx>=4.1,cost<=250000" --scenario center/scenario.yaml',
    ),
    "compare": examples(
        "planner compare RUN cheapest best_cx",
        "planner compare RUN p003 p007 --json",
        "planner compare RUN runs/summer-0a1b2c3d",
    ),
}

RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")]
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="Plan id (p003) or name (today, cheapest, ...).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for name, function in (("frontier", frontier), ("show", show), ("explain", explain), ("compare", compare)):
        app.command(name, rich_help_panel=_PANEL, epilog=_EXAMPLES[name])(function)


def frontier(
    run: RunPath,
    max_cost: Annotated[float | None, typer.Option("--max-cost", help="Most cost, currency per horizon.")] = None,
    min_cx: Annotated[float | None, typer.Option("--min-cx", help="Least CX, points of the scale.")] = None,
    named: Annotated[bool, typer.Option("--named", help="Only the plans with a name.")] = False,
    wish: Annotated[
        str, typer.Option("--wish", help='Find the nearest plan: "cx>=4.1,cost<=400000", any objective.')
    ] = "",
    reservation: Annotated[
        str, typer.Option("--reservation", help='What is just acceptable beside a --wish: "cx>=4,cost<=420000".')
    ] = "",
    weights: Annotated[str, typer.Option("--weights", help='Rank plans by weights: "cx=4,cost=3,headroom=2".')] = "",
    peak_weights: Annotated[
        str, typer.Option("--peak-weights", help="Other weights for peak hours; --weights then are those off-peak.")
    ] = "",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> int:
    """List the plans of a run, Today first."""
    from planner.cli.selection import nearest_miss, select
    from planner.runs import load_run

    loaded = load_run(run)
    chosen = select(loaded.table, max_cost=max_cost, min_cx=min_cx, named=named)
    if wish or reservation or weights or peak_weights:
        from planner.cli.preferring import preferred

        chosen, sentences = preferred(loaded, chosen, (wish, reservation), (weights, peak_weights))
        _give_plans(loaded, chosen, as_json, as_csv)
        for sentence in sentences:
            console.say(sentence)
        return int(Exit.DONE)
    _give_plans(loaded, chosen, as_json, as_csv)
    plans = loaded.table[loaded.table["origin"] != "today"]
    kept = chosen[chosen["origin"] != "today"]
    if len(kept) < len(plans):
        console.say(f"{len(kept)} of {len(plans)} plans meet these limits")
    else:
        told = (loaded.meta.get(name) or {} for name in ("rescored", "risk"))
        for words in (loaded.meta.get("certificate_words"), *(facts.get("words") for facts in told)):
            if words:
                console.say(words)
    if kept.empty and not plans.empty:
        console.say(nearest_miss(plans, max_cost=max_cost, min_cx=min_cx))
    return int(Exit.DONE)


def show(
    run: RunPath,
    plan: PlanId,
    table: Annotated[str, typer.Option("--table", help="Only this table: staffing, service, flows, costs, ...")] = "",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> int:
    """Show one plan: what it costs, whom it moves, who works, which promises it keeps."""
    from planner.cli.plan_page import limit_words, plan_tables, summary_rows
    from planner.runs import load_run
    from planner.runs.tables import plain, records

    loaded = load_run(run)
    chosen = loaded.plan(plan)
    if table or as_csv:
        _give_cells(chosen, table, as_json, as_csv)
        return int(Exit.DONE)
    if as_json:
        tables = {name: records(frame) for name, frame in chosen.tables.items()}
        console.give_json({"plan": plain(chosen.summary), "tables": tables})
        return int(Exit.DONE)
    console.give_table(f"Plan {chosen.id}", ("", ""), summary_rows(loaded, chosen.summary), left=(0, 1))
    for title, heads, rows in plan_tables(chosen):
        console.give_table(title, heads, rows)
    limits = limit_words(chosen)
    if limits:
        console.give("These moves are as large as history allows")
    for words in limits:
        console.give(console.inert(f"  {words}"))
    console.say(f"Next: planner explain {run} {chosen.id}   or: planner export {run} --plan {chosen.id} --format xlsx")
    return int(Exit.DONE)


def explain(
    run: RunPath,
    plan: Annotated[str, typer.Argument(metavar="[PLAN]", help="Plan id (p003) or name (today, cheapest, ...).")] = "",
    wish: Annotated[str, typer.Option("--wish", help='What would it take to reach "cx>=4.1,cost<=400000"?')] = "",
    scenario: Annotated[
        Path | None, typer.Option("--scenario", help="Its file, to look for the least change (takes minutes).")
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> int:
    """Say in words why a plan is on the frontier, what it gives up and what limits it; or what a wish would take."""
    from planner.errors import PlanError

    if wish:
        from planner.cli.wishing import explain_wish

        return explain_wish(run, wish, scenario, as_json)
    if not plan:
        raise PlanError("explain: name a PLAN (p003, cheapest, ...), or a --wish")
    from planner.cli.plan_page import decimal, number, said_by_topic
    from planner.runs import load_run
    from planner.runs.tables import plain, records

    loaded = load_run(run)
    chosen = loaded.plan(plan)
    prices = chosen.tables.get("prices")
    if as_csv:
        _give_cells(chosen, "says", False, True)
        return int(Exit.DONE)
    if as_json:
        found = {"plan": chosen.id, "explanation": loaded.explain(plan)}
        says = chosen.tables.get("says")
        tables = {"prices": prices, "says": says}
        more = {name: [] if table is None else records(table) for name, table in tables.items()}
        console.give_json(plain(found) | more)
        return int(Exit.DONE)
    console.give(console.inert(loaded.explain(plan), keep_lines=True))
    for title, lines in said_by_topic(chosen):
        console.give(f"\n{title}")
        for line in lines:
            console.give(console.inert(f"  {line}"))
    if prices is not None and not prices.empty:
        console.give("\nWhat limits it")
        for row in records(prices):  # a whole sentence stands for itself
            price = f": {decimal(number(row, 'price'), 2)} {row['unit']}" * (not str(row["what"]).endswith("."))
            console.give(console.inert(f"  {row['what']}{price}"))
    return int(Exit.DONE)


def compare(
    run: RunPath,
    plans: Annotated[
        list[str], typer.Argument(metavar="PLAN...", help="Plan ids or names, one to four; or other run directories.")
    ],
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> int:
    """Compare plans with Today: Today first, then each plan with its difference; or runs with each other.

    Of runs (of variants, for example) it says what their scenarios differ in, and sets their named plans side by side.
    """
    from planner.cli.comparison import compare_rows, comparison_json
    from planner.errors import PlanError
    from planner.report import adopted_lines
    from planner.runs import load_run

    others = [Path(name) for name in plans]
    if all((other / "result.json").is_file() for other in others):
        from planner.cli.run_comparison import compare_runs

        compare_runs([run, *others], as_json)
        return int(Exit.DONE)
    if len(plans) > 4:
        raise PlanError(f"compare: {len(plans)} plans are too many to read side by side; name at most 4")
    loaded = load_run(run)
    chosen = [loaded.plan(name).summary for name in plans]
    if as_json:
        console.give_json(comparison_json(loaded, chosen))
        return int(Exit.DONE)
    if as_csv:
        import pandas as pd

        from planner.runs.tables import csv_text

        console.give(csv_text(pd.DataFrame([loaded.baseline.to_dict(), *chosen])))
        return int(Exit.DONE)
    heads, rows = compare_rows(loaded, chosen)
    console.give_table("Against Today", heads, rows)
    for line in adopted_lines(loaded):
        console.say(line)
    return int(Exit.DONE)


def _give_cells(chosen: Plan, table: str, as_json: bool, as_csv: bool) -> None:
    """Print one table of a plan, or its row of the plans, cell by cell."""
    import pandas as pd

    from planner.errors import PlanError
    from planner.runs.tables import csv_text, records

    if table and table not in chosen.tables:
        raise PlanError(f"table {table!r} is none of a plan; known are {', '.join(chosen.tables)}")
    frame = chosen.tables[table] if table else pd.DataFrame([dict(chosen.summary)])
    if as_json:
        console.give_json(records(frame))
    elif as_csv:
        console.give(csv_text(frame))
    else:
        names = [str(name) for name in frame.columns]
        rows = [[row[name] for name in names] for row in records(frame)]
        console.give_table(f"Plan {chosen.id}: {table}", names, rows, left=tuple(range(len(names))))


def _give_plans(loaded: Frontier, chosen: pd.DataFrame, as_json: bool, as_csv: bool) -> None:
    from planner.cli.plan_page import FRONTIER_HEADS, frontier_row, objective_words
    from planner.runs.tables import csv_text, plain, records

    if as_json:
        found: dict[str, Any] = {"plans": records(chosen), "certificate": plain(loaded.certificate)}
        console.give_json(found)
    elif as_csv:
        console.give(csv_text(chosen))
    else:
        rows = [frontier_row(loaded, row) for row in records(chosen)]
        console.give_table(
            str(loaded.meta.get("title") or loaded.meta.get("scenario") or "Frontier"),
            (*FRONTIER_HEADS, *objective_words(loaded).values()),
            rows,
            left=(0, 1, 7),
        )
