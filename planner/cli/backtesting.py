"""The command `backtest`: whether the planner would have predicted the last weeks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.examples import examples
from planner.errors import RunError

if TYPE_CHECKING:
    from planner.backtest.record import BacktestRecord

_EXAMPLES = examples(
    "planner backtest bank/scenario.yaml",
    "planner backtest bank/scenario.yaml --weeks 8 --csv",
    "planner backtest RUN --intervals --csv",
)
_SCENARIOS = (".yaml", ".yml")


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("backtest", rich_help_panel="Read", epilog=_EXAMPLES)(backtest)


def backtest(
    file: Annotated[Path, typer.Argument(metavar="FILE_OR_RUN", help="Scenario file (YAML), or run directory.")],
    weeks: Annotated[
        int | None, typer.Option("--weeks", min=1, help="Weeks to predict; left out: 4, or those of the run.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the simulated weeks (scenario file).")] = 0,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Replace one value; may be repeated.")
    ] = None,
    variant: Annotated[str | None, typer.Option("--variant", help="Named variant of the scenario.")] = None,
    intervals: Annotated[bool, typer.Option("--intervals", help="With --json or --csv: every half hour.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> int:
    """Predict the last weeks of a history from what came before, and compare with what was seen.

    Exit code 5: a result is off by more than its tolerance, and significantly so.
    """
    if file.suffix in _SCENARIOS and not file.is_dir():
        record, titles = _fresh(file, weeks or 4, seed, tuple(overrides or ()), variant)
    else:
        record, titles = _kept(file, weeks, bool(overrides or variant))
    _give(record, titles, intervals, as_json, as_csv)
    missed = bool(record.tables["backtest"]["missed"].any()) if record.tables else False
    return int(Exit.CHECK_FAILED if missed else Exit.DONE)


def _fresh(
    file: Path, weeks: int, seed: int, overrides: tuple[str, ...], variant: str | None
) -> tuple[BacktestRecord, dict[str, str]]:
    from planner.backtest import BacktestSettings, facts_of
    from planner.backtest import backtest as predict
    from planner.backtest.record import record_of
    from planner.history.scenario_history import history_of
    from planner.scenario.load import load_scenario_record

    loaded = load_scenario_record(file, overrides=overrides, variant=variant)
    for warning in loaded.warnings:
        console.say(warning)
    scenario = loaded.scenario
    history = history_of(scenario)
    if history is None:
        raise RunError(f"{file}: names no history, so there is nothing to look back on; add history.contacts")
    titles = {key: pool.title or key for key, pool in scenario.pools.items()}
    return record_of(predict(history, facts_of(scenario), BacktestSettings(weeks=weeks), seed=seed)), titles


def _kept(run: Path, weeks: int | None, changed: bool) -> tuple[BacktestRecord, dict[str, str]]:
    from planner.backtest.record import BacktestRecord
    from planner.report.backtest import pool_titles, weeks_words
    from planner.runs import load_run

    loaded = load_run(run)
    if changed:
        raise RunError(f"{run}: a run is as it is; --set and --variant need the scenario file")
    facts = loaded.meta.get("backtest")
    if not facts:
        raise RunError(f"{run}: this run has no backtest, because its scenario names no history")
    tables = {name: loaded.tables[name] for name in ("backtest", "backtest_intervals") if name in loaded.tables}
    if not tables:
        raise RunError(f"{run}: {weeks_words(facts)}")
    if weeks is not None and weeks != len(facts["weeks"]):
        raise RunError(
            f"{run}: this run predicted {len(facts['weeks'])} weeks; --weeks {weeks} needs the scenario file"
        )
    return BacktestRecord(tables, facts), pool_titles(loaded.meta)


def _give(record: BacktestRecord, titles: dict[str, str], intervals: bool, as_json: bool, as_csv: bool) -> None:
    from planner.report.backtest import backtest_rows, missed_words, weeks_words
    from planner.report.check_words import BACKTEST
    from planner.runs.tables import csv_text, plain, records

    summary = record.tables["backtest"]
    missed = missed_words(summary, titles)
    if as_json:
        shown = {"summary": records(summary), "missed": missed} | plain(record.facts)
        console.give_json(shown | ({"intervals": records(record.tables["backtest_intervals"])} if intervals else {}))
    elif as_csv:
        console.give(csv_text(record.tables["backtest_intervals"] if intervals else summary))
    else:
        rows = [(r["pool"], r["measure"], *r["cells"], r["verdict"]) for r in backtest_rows(summary, titles)]
        console.give_table(f"Backtest: {weeks_words(record.facts)}", BACKTEST["heads"], rows, left=(0, 1))
    for note in record.facts["notes"]:
        console.say(f"note: {note}")
    if missed:
        console.complain("\n".join([BACKTEST["banner"], *(f"  {line}" for line in missed)]))
