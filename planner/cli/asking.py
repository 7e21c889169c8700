"""The command that asks about a plan: `what-if`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.errors import PlanError

if TYPE_CHECKING:
    from planner.frontier.frontier import Frontier
    from planner.frontier.what_if import Answer

_PANEL = "Read"
_EXAMPLES = examples(
    "planner what-if RUN --plan cheapest --volume +5%",
    "planner what-if RUN --plan cheapest --volume billing=+10% --aht -3% --keep offers,shares",
    "planner what-if RUN --plan p003 --budget 250000 --keep shifts:phone --json",
)
_CHANGE = re.compile(r"^(?:(?P<reason>[^=]+)=)?(?P<value>[-+]?\d+(?:\.\d+)?)(?P<percent>%?)$")


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("what-if", rich_help_panel=_PANEL, epilog=_EXAMPLES)(what_if)


def what_if(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")],
    plan: Annotated[str, typer.Option("--plan", help="Plan id (p003) or name (cheapest, ...).")],
    volume: Annotated[
        list[str] | None, typer.Option("--volume", help="Growth of contacts: +5%, or of one reason: billing=+10%.")
    ] = None,
    aht: Annotated[
        list[str] | None, typer.Option("--aht", help="Change of handle times: -3%, or of one reason: billing=-10%.")
    ] = None,
    shrinkage: Annotated[str, typer.Option("--shrinkage", help="Points of shrinkage more or less: +2%.")] = "0%",
    budget: Annotated[float | None, typer.Option("--budget", help="Most cost, currency per horizon.")] = None,
    headroom: Annotated[str, typer.Option("--headroom", help="Headroom to staff for: 10% (default: the plan's).")] = "",
    keep: Annotated[
        str, typer.Option("--keep", help="Parts of the plan that stay: offers, shares, priority, shifts, shifts:POOL.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> int:
    """Ask what a change does to a plan, in seconds: as it stands, staffed anew, planned anew with parts kept."""
    from planner.frontier.what_if import Question
    from planner.runs import load_run

    loaded = load_run(run)
    question = Question(
        volume=_changes("--volume", volume or ()),
        aht=_changes("--aht", aht or ()),
        shrinkage=_ratio("--shrinkage", shrinkage),
        budget=budget,
        headroom=_ratio("--headroom", headroom) if headroom else None,
        keep=tuple(part.strip() for part in keep.split(",") if part.strip()),
    )
    answers = loaded.what_if(plan, question)
    if as_json or as_csv:
        _give_data(answers, as_csv)
        return int(Exit.DONE)
    _give_answers(loaded, loaded.plan(plan).id, answers)
    return int(Exit.DONE)


def _changes(option: str, texts: Sequence[str]) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        match = _CHANGE.match(text.strip())
        if match is None:
            raise PlanError(f"{option} {text!r} — write a change such as +5%, or for one reason billing=+10%")
        reason = (match["reason"] or "").strip()
        if reason in found:
            raise PlanError(f"{option} {text!r} — {reason or 'every reason'} is changed twice; write it once")
        found[reason] = _ratio(option, text.rpartition("=")[2])
    return found


def _ratio(option: str, text: str) -> float:
    match = _CHANGE.match(text.strip())
    if match is None or match["reason"]:
        raise PlanError(f"{option} {text!r} — write a percentage such as +5%, or a ratio such as 0.05")
    value = float(match["value"])
    if not match["percent"] and abs(value) > 1:
        raise PlanError(f"{option} {text!r} — is {value:g} a percentage? write {value:g}%, or a ratio such as 0.05")
    return value / 100 if match["percent"] else value


def _give_data(answers: Sequence[Answer], as_csv: bool) -> None:
    import pandas as pd

    from planner.runs.tables import csv_text, plain

    rows = [{**{name: getattr(a, name) for name in a.__dataclass_fields__}, "gap": a.gap} for a in answers]
    console.give(csv_text(pd.DataFrame(rows))) if as_csv else console.give_json(plain(rows))


def _give_answers(loaded: Frontier, plan: str, answers: Sequence[Answer]) -> None:
    from planner.frontier.what_if import CASES
    from planner.report.text import percent, units_of

    units = units_of(loaded)
    before = answers[0]

    def row(answer: Answer) -> list[Any]:
        moved = "" if answer is before else units.cx(answer.cx - before.cx, signed=True)
        dearer = "" if answer is before else units.money(answer.cost - before.cost)
        return [
            answer.case,
            units.cx(answer.cx),
            moved,
            units.money(answer.cost),
            dearer,
            percent(answer.headroom, 1),
            "yes" if answer.feasible else "no",
            answer.hires,
            percent(answer.gap, 1),
        ]

    heads = [
        "",
        units.cx_name,
        "change",
        f"cost {units.per}",
        "change",
        "headroom",
        "all kept",
        "hires",
        "gap at most",
    ]
    console.give_table(f"What if: {plan}", heads, [row(answer) for answer in answers])
    for answer in answers:
        console.say(f"{answer.case}: {CASES[answer.case]}")
    console.say("all kept: promises, limits and rosters hold at planned demand")
    console.say(
        "gap at most: what it costs above the bound of all plans with its CX and headroom that keep the same parts"
    )
    missing = [case for case in CASES if case not in {a.case for a in answers}]
    if missing:
        console.say(f"no plan was found for: {', '.join(missing)}")
