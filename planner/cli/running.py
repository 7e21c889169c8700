"""The commands that make plans: `run` and `demo`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli import console
from planner.cli.adopting import adopted_before
from planner.cli.durations import seconds_of
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.cli.facts import facts_csv
from planner.cli.progress import Report, progress_bar
from planner.cli.taking_up import Wanted, tell_nearest, with_choice
from planner.errors import Infeasible, NothingFound, PlanError, PlannerError, RunError, Stopped

if TYPE_CHECKING:
    from planner.frontier.earlier import Earlier
    from planner.frontier.frontier import Frontier
    from planner.runs import PreparedRun, RunOutcome
    from planner.scenario import Scenario
    from planner.scenario.load import LoadedScenario

_PANEL = "Plan"
_RUN_EXAMPLES = examples(
    "planner run center/scenario.yaml --seed 7",
    "planner run center/scenario.yaml --set demand.growth=0.1 --dry-run",
    "planner run center/scenario.yaml --time-limit 2min --workers 2 --resume",
    "planner run center/scenario.yaml --from RUN --plan p003 --keep offers,shifts:phone",
    "planner run center/scenario.yaml --from-choice RUN-choice.json",
)
_DEMO_EXAMPLES = examples("planner demo", "planner demo --scenario minimal")

Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random draw.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print the plans as CSV, with the run directory.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes; left out: all cores. Never changes a result.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("demo", rich_help_panel="Start", epilog=_DEMO_EXAMPLES)(demo)
    app.command("run", rich_help_panel=_PANEL, epilog=_RUN_EXAMPLES)(run)


def run(
    file: Annotated[Path, typer.Argument(help="Scenario file (YAML), or a filled workbook (.xlsx).")],
    out: Annotated[Path, typer.Option("--out", help="Folder that gets the run directory NAME-KEY.")] = Path("runs"),
    seed: Seed = 0,
    workers: Workers = None,
    time_limit: Annotated[
        str | None, typer.Option("--time-limit", help='Stop after so long: "60s", "5min", "1h". Left out: no limit.')
    ] = None,
    variant: Annotated[str | None, typer.Option("--variant", help="Named variant of the scenario.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Replace one value; may be repeated.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a run that did not finish.")] = False,
    start: Annotated[
        Path | None, typer.Option("--from", metavar="RUN", help="Start from the plans of an earlier run.")
    ] = None,
    plan: Annotated[str, typer.Option("--plan", help="With --from: the plan whose parts --keep keeps.")] = "",
    keep: Annotated[
        str, typer.Option("--keep", help="With --plan: offers, shares, priority, shifts, shifts:POOL, by comma.")
    ] = "",
    from_choice: Annotated[
        Path | None,
        typer.Option("--from-choice", metavar="FILE", help="Take up a choice that a report page saved."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and plan nothing.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    progress_json: Annotated[
        bool, typer.Option("--progress-json", help="Tell progress on stderr as lines of JSON, for programs.")
    ] = False,
) -> int:
    """Plan a scenario: write a run directory with the frontier of plans.

    The same scenario, inputs and seed always give the same directory and the same result files.
    """
    limit = None if time_limit is None else seconds_of(time_limit)
    if file.suffix.lower() == ".xlsx":
        from planner.cli.starters import scenario_of_workbook

        file = scenario_of_workbook(file)
    wanted = Wanted(start, plan, keep, variant, tuple(overrides or ()))
    if from_choice is not None:
        wanted = with_choice(wanted, from_choice, out)
    prepared = _prepare(
        file,
        out=out,
        seed=seed,
        workers=workers,
        limit=limit,
        variant=wanted.variant,
        overrides=list(wanted.overrides),
        resume=resume,
        earlier=_earlier(wanted.start, wanted.plan, wanted.keep),
        more_files=() if wanted.start is None else (wanted.start / "model.npz",),
    )
    if dry_run:
        return _tell_dry_run(prepared, as_json, as_csv)
    outcome = _execute(prepared, progress_json)
    _tell_outcome(outcome, as_json, as_csv)
    tell_nearest(outcome.frontier, wanted.choice)
    return exit_code_of(outcome.frontier)


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the scenario, its history and the run.")] = Path(
        "demo"
    ),
    scenario: Annotated[str, typer.Option("--scenario", help="Scenario that comes with the planner.")] = "retail_bank",
    seed: Seed = 0,
    workers: Workers = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> int:
    """Plan a scenario that comes with the planner, and write its report and workbook."""
    from planner.cli.starters import copy_example
    from planner.report import backtest_lines, summary_lines, write_report, write_workbook

    file = copy_example(scenario, out / scenario, keep=True)
    prepared = _prepare(
        file, out=out / "runs", seed=seed, workers=workers, limit=None, variant=None, overrides=None, resume=True
    )
    outcome = _execute(prepared)
    report, workbook = outcome.path / "report.html", outcome.path / "plans.xlsx"
    write_report(outcome.frontier, report)
    write_workbook(outcome.frontier, workbook)
    console.say(f"Run:      {outcome.path}\nWorkbook: {workbook}")
    if as_json or as_csv:
        console.say(f"Report:   {report}")
        _tell_outcome(outcome, as_json, as_csv)
        return exit_code_of(outcome.frontier)
    console.give(f"Report:   {report}")
    for line in summary_lines(outcome.frontier):
        console.give(console.inert(line))
    for line in backtest_lines(outcome.frontier):
        console.say(line)
    return exit_code_of(outcome.frontier)


def exit_code_of(frontier: Frontier) -> int:
    """Return 5 where a check of the finished plans failed materially (`meta.failed_checks`), else 0."""
    failed = frontier.meta.get("failed_checks") or []
    for check in failed:
        console.complain(f"check failed: {check}")
    return int(Exit.CHECK_FAILED if failed else Exit.DONE)


def _prepare(
    file: Path,
    *,
    out: Path,
    seed: int,
    workers: int | None,
    limit: float | None,
    variant: str | None,
    overrides: list[str] | None,
    resume: bool,
    earlier: Earlier | None = None,
    more_files: tuple[Path, ...] = (),
) -> PreparedRun:
    from planner.runs import RunRequest, prepare
    from planner.runs.manifest import cores
    from planner.scenario.load import load_scenario_record

    loaded = load_scenario_record(file, overrides=tuple(overrides or ()), variant=variant)
    for warning in loaded.warnings:
        console.say(warning)
    _generate_missing_history(loaded.scenario)
    request = RunRequest(
        scenario=loaded.scenario,
        name=loaded.scenario.name,
        scenario_text=loaded.resolved_text,
        files=_input_files(loaded) + more_files,
        base=file.parent,
        seed=seed,
        out=out,
        workers=workers or cores(),
        time_limit_s=limit,
        resume=resume,
        variant=variant,
        changes=tuple(overrides or ()),
        overrides=tuple(f"{a.source}: {a.path}: {a.old!r} -> {a.new!r}" for a in loaded.applied),
        command=("planner", *sys.argv[1:]),
        earlier=earlier,
        adopted=adopted_before(
            loaded.scenario.name, list(dict.fromkeys([out, *(p.absolute().parent.parent for p in more_files)]))
        ),
    )
    return prepare(request)


def _earlier(start: Path | None, plan: str, keep: str) -> Earlier | None:
    """Read the run to start from, and the parts of one of its plans to keep."""
    parts = tuple(part.strip() for part in keep.split(",") if part.strip())
    if start is None:
        if plan or parts:
            raise PlanError("--plan and --keep need --from RUN, the run the plan is of")
        return None
    if bool(plan) != bool(parts):
        raise PlanError("--plan and --keep belong together: write both, or neither")
    from planner.frontier.earlier import Earlier
    from planner.frontier.held import held_from
    from planner.runs import load_run

    loaded = load_run(start)
    if not loaded.model:
        raise RunError(f"{start}: holds no model to start from (written by an earlier version); run it again")
    return Earlier(held_from(loaded.model, str(start / "model.npz")), loaded.plan(plan).id if plan else "", parts)


def _generate_missing_history(scenario: Scenario) -> None:
    """Generate the history of a scenario that names a declared truth, unless somebody's own file stands there."""
    source = scenario.history
    if source is None or source.truth is None:
        return
    from planner.history.synthetic import ensure_history

    contacts, truth = scenario.resolve(source.contacts), scenario.resolve(source.truth)
    own_file = contacts.exists() and not (contacts.parent / "generated.json").exists()
    if own_file or not truth.exists():
        return
    if not contacts.exists():
        console.say(f"Generating the history {source.contacts} from {source.truth}")
    ensure_history(truth, contacts.parent)


def _input_files(loaded: LoadedScenario) -> tuple[Path, ...]:
    """Every file whose content decides the result, the generated history included."""
    files = list(loaded.files.values())
    source = loaded.scenario.history
    if source is not None:
        named = (source.contacts, source.mapping, source.staffing)
        files += [loaded.scenario.resolve(name) for name in named if name is not None]
    return tuple(path for path in dict.fromkeys(files) if path.exists())


def _execute(prepared: PreparedRun, progress_json: bool = False) -> RunOutcome:
    from planner.pipeline import plan
    from planner.runs import execute

    began = time.monotonic()
    try:
        with progress_bar(progress_json) as report:
            outcome = execute(prepared, plan, report, lambda frontier, page: _show_so_far(frontier, page, report))
    except (Infeasible, NothingFound):
        console.say(f"Recorded in {prepared.directory.manifest_path}")
        raise
    except (KeyboardInterrupt, Stopped) as err:
        raise Stopped(_how_to_resume(prepared, err)) from err
    except PlannerError:
        raise
    except Exception:
        console.complain(f"What happened is in {prepared.directory.path / 'log.txt'}")
        raise
    if outcome.frontier.meta.get("skipped"):
        console.say(
            f"The time limit left out {len(outcome.frontier.meta['skipped'])} pieces of work; what is here is valid. "
            f"Next: {_again(prepared)}, with a longer --time-limit, continues"
        )
    if outcome.fresh:
        console.say(f"Planned in {time.monotonic() - began:.1f} s: {outcome.path}")
    else:
        console.say(f"Already complete: {outcome.path}")
    return outcome


def _show_so_far(frontier: Frontier, page: Path, report: Report | None) -> None:
    """Write a page of the plans so far, and say where it is to whoever watches."""
    from planner.report import write_report

    write_report(frontier, page)
    if report is not None:
        report("first look", 1, 1, f"A first look, while the bound and the risk are still to come: {page}")


def _how_to_resume(prepared: PreparedRun, err: BaseException) -> str:
    kept = len(prepared.directory.chunks)
    why = "interrupted" if isinstance(err, KeyboardInterrupt) else str(err)
    return (
        f"{why}; {kept} finished pieces are kept in {prepared.directory.path}\nNext: {_again(prepared)} continues there"
    )


def _again(prepared: PreparedRun) -> str:
    """Name the command that continues a run; one that resumes by itself is just repeated."""
    return "the same command" if prepared.request.resume else "the same command with --resume"


def _tell_dry_run(prepared: PreparedRun, as_json: bool, as_csv: bool) -> int:
    settings = prepared.request.scenario.frontier
    points = len(settings.headroom_levels) * settings.cost_points
    found: dict[str, Any] = {
        "directory": prepared.directory.path.as_posix(),
        "state": _state(prepared),
        "pieces_kept": len(prepared.directory.chunks),
        "inputs": len(prepared.inputs),
        "master_points": points,
        "search_evaluations": settings.search_evaluations,
        "risk_draws": settings.risk_draws,
    }
    if as_json:
        console.give_json(found)
    elif as_csv:
        console.give(facts_csv(found))
    else:
        console.give("\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in found.items()))
    return int(Exit.DONE)


def _state(prepared: PreparedRun) -> str:
    if prepared.directory.complete:
        return "cut short by its time limit" if prepared.directory.cut_short else "complete"
    return "unfinished" if prepared.directory.unfinished else "new"


def _tell_outcome(outcome: RunOutcome, as_json: bool, as_csv: bool = False) -> None:
    from planner.report import adopted_lines, backtest_lines, summary_lines
    from planner.runs.tables import csv_text, plain

    lines = summary_lines(outcome.frontier)
    if as_json:
        console.give_json(
            {
                "directory": outcome.path.as_posix(),
                "fresh": outcome.fresh,
                "plans": len(outcome.frontier.table),
                "certificate": plain(outcome.frontier.certificate),
                "summary": list(lines),
                "backtest": backtest_lines(outcome.frontier),
                "adopted": adopted_lines(outcome.frontier),
            }
        )
    elif as_csv:
        plans = outcome.frontier.table.copy()
        plans.insert(0, "run", outcome.path.as_posix())
        console.give(csv_text(plans))
    else:
        console.give(outcome.path.as_posix())
        for line in (*lines, *adopted_lines(outcome.frontier), *backtest_lines(outcome.frontier)):
            console.say(line)
    console.say(f"Next: planner frontier {outcome.path}   or: planner report {outcome.path}")
