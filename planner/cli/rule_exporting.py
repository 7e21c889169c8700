"""`planner export` of rules: exceptional rows, ids of the target, guards, proof by replay, what a target cannot say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.starting import refuse_existing
from planner.errors import PlanError

if TYPE_CHECKING:
    import pandas as pd

    from planner.frontier.frontier import Frontier, Plan
    from planner.history.history import History
    from planner.routing import RuleSet
    from planner.routing.binding import Binding
    from planner.routing.export import Exported
    from planner.routing.pools import Center
    from planner.routing.proof import Proof
    from planner.routing.today import TodaysRouting

SHEET = "markdown"


@dataclass(frozen=True)
class RuleOptions:
    """What was asked for beside the format."""

    binding: Path | None = None
    replay: Path | None = None
    mapping: Path | None = None
    contacts: int | None = None
    exceptions: bool | None = None
    max_rules: int | None = None
    scenario: Path | None = None
    today: Path | None = None
    rollback: Path | None = None
    share: float | None = None
    agent_index: Path | None = None
    overflow_after_s: float | None = None
    handling: str | None = None


@dataclass(frozen=True)
class _Run:
    """A run, its plan and what its scenario says of the center."""

    frontier: Frontier
    folder: Path
    plan: Plan
    center: Center
    fingerprint: str

    @cached_property
    def minutes(self) -> pd.DataFrame | None:
        """Prices of minutes by the master's duals; None where the run does not hold the plan's model."""
        from planner.frontier.held import held_from
        from planner.frontier.pool_price import minute_prices

        if not self.frontier.model:
            return None
        held = held_from(self.frontier.model, str(self.folder / "model.npz"))
        return minute_prices(held, self.plan.id) if self.plan.id in held.plans else None


def export_rule_files(
    loaded: Frontier, run: Path, plan: Plan, form: str, out: Path, fingerprint: str, options: RuleOptions
) -> int:
    """Write the rules of a plan for a router, say what the files leave out, and prove them on past contacts."""
    folder = run if run.is_dir() else run.parent
    here = _Run(loaded, folder, plan, _center(folder), fingerprint)
    today = _today(here, options)
    rules, report = _rules(here, today, options)
    _guard(rules, here.center)
    if options.agent_index is not None and options.replay is None:
        raise PlanError("--agent-index ranks the agents of a history: name it with --replay HISTORY")
    for target in (out, options.rollback, options.agent_index):
        if target is not None:
            refuse_existing(target)
    history = _past(here, options)  # read, and agents ranked, before anything is written
    ranked = None if history is None or options.agent_index is None else _ranked(here, history)
    extras = {} if report is None else {"fewer-rules.md": report}
    if form == SHEET:
        _write_sheet(here, today, rules, out, extras, options)
        _write_agents(ranked, options)
        return int(Exit.DONE if _replayed(here, today, rules, None, out, options, history) else Exit.CHECK_FAILED)
    made = _made(here, today, rules, form, options)
    if options.today is not None:
        extras["configuration-diff.md"] = _configuration_diff(today, rules)
    _write(made, out, extras)
    if options.rollback is not None:
        _write(_made(here, today, _todays(today), form, options), options.rollback, {})
    _say_limits(made)
    _write_agents(ranked, options)
    return int(Exit.DONE if _replayed(here, today, rules, made, out, options, history) else Exit.CHECK_FAILED)


def _center(folder: Path) -> Center:
    """Read the center from the scenario a run keeps; a run without one has nothing but names."""
    from planner.routing.pools import Center, center_of
    from planner.scenario.document import read_document

    path = folder / "scenario.yaml"
    return center_of(read_document(path, str(path)).data) if path.is_file() else Center({})


def _today(here: _Run, options: RuleOptions) -> TodaysRouting:
    """Today's rules: imported, inferred, or the run's own of Today; None where a configuration has none in it."""
    from planner.routing.table import rounded
    from planner.routing.today import TodaysRouting, todays_routing

    own = here.frontier.plan("today").rules
    own = replace(own, rows=rounded(own.rows))
    if options.today is None:
        return TodaysRouting("Today of the run", own)
    found = todays_routing(options.today, str(here.frontier.meta["timezone"]), here.center.pools)
    return replace(found, rules=found.rules or own)


def _todays(today: TodaysRouting) -> RuleSet:
    assert today.rules is not None
    return today.rules


def _rules(here: _Run, today: TodaysRouting, options: RuleOptions) -> tuple[RuleSet, str | None]:
    """The plan's rules as asked for: fewer, for a share of contacts, with exceptional rows."""
    from planner.routing.exceptions import with_exceptions
    from planner.routing.rollout import staged
    from planner.routing.table import rounded

    rules, report = replace(here.plan.rules, rows=rounded(here.plan.rules.rows)), None
    if options.max_rules is not None:
        rules, report = _fewer(here, rules, options)
    if options.overflow_after_s is not None:
        rules = _helped(here, rules, options.overflow_after_s)
    if options.share is not None:
        try:
            rules = staged(rules, _todays(today), options.share)
        except ValueError as err:
            raise PlanError(f"export: {err}") from err
    if options.exceptions or (options.exceptions is None and options.max_rules is None):
        rules = with_exceptions(rules, here.center.pools, here.center.must_human)
    return _worthy(here, rules), report


def _helped(here: _Run, rules: RuleSet, after_s: float) -> RuleSet:
    """Let contacts overflow after a wait instead of by interval, and say what that does in the simulation."""
    from planner.routing.waiting_overflow import with_waiting_overflow
    from planner.simulation import SimulationSettings, simulate_plan
    from planner.simulation.simulated import with_rules

    changed = with_waiting_overflow(rules, after_s)
    settings = SimulationSettings(seed=int(here.frontier.meta["seed"]))
    for what, one in (("by interval, as planned", rules), (f"after {after_s:g} s", changed)):
        found = simulate_plan(with_rules(here.frontier, here.plan.id, one), here.plan.id, settings)
        cx = "".join(f", CX {row.cx:.3f} ± {row.half_width:.3f}" for row in found.cx.head(1).itertuples())
        console.say(f"overflow {what}, simulated: contacts of a pool at most {found.flow_error:.1%} off the plan's{cx}")
    return changed


def _worthy(here: _Run, rules: RuleSet) -> RuleSet:
    """Say in every rule what it is worth, where the run holds what that takes."""
    from planner.routing.budget import price_of_cx
    from planner.routing.worth import rule_worth, with_worth

    if "center_flows" not in here.frontier.tables or "segments" not in here.plan.tables:
        return rules
    price, minutes = price_of_cx(here.frontier, here.plan), here.minutes
    worth = rule_worth(here.frontier, here.plan, rules, price, minutes=minutes)
    return with_worth(rules, worth, str(here.frontier.meta.get("currency", "")))


def _guard(rules: RuleSet, center: Center) -> None:
    """Refuse rules that send people to an automaton who must not meet one, or that ask what must not count."""
    from planner.routing.check import refuse
    from planner.routing.guards import must_human_faults, not_to_be_used

    faults = not_to_be_used(rules, center.protected)
    if "must_human" in rules.rows or not center.pools:
        faults += must_human_faults(rules, center)
    else:
        faults += must_human_faults(rules, replace(center, reasons=()))
    refuse(f"plan {rules.plan}: the guards do not hold", faults)


def _fewer(here: _Run, rules: RuleSet, options: RuleOptions) -> tuple[RuleSet, str | None]:
    """Say the rules in fewer rows; needs the network, and so the scenario the run was made from."""
    from planner.drawing import draw_problem
    from planner.routing.budget import fewer_rules
    from planner.scenario.load import load_scenario_record

    if options.scenario is None:
        raise PlanError("--max-rules weighs what each rule is worth and needs the run's scenario: --scenario FILE")
    assert options.max_rules is not None
    record = load_scenario_record(options.scenario)
    kept = here.folder / "scenario.yaml"
    if not kept.is_file() or record.resolved_text != kept.read_text(encoding="utf-8"):
        raise PlanError(
            f"{options.scenario}: is not the scenario this run was made from ({kept}); a run with --set or a variant "
            "needs a copy of that file beside its inputs"
        )
    problem, _ = draw_problem(record.scenario, seed=int(here.frontier.meta["seed"]))
    found = fewer_rules(here.frontier, here.plan, problem, rules, options.max_rules)
    return found.compressed.rules, found.words()


def _made(here: _Run, today: TodaysRouting, rules: RuleSet, form: str, options: RuleOptions) -> Exported:
    from planner.routing import make_export
    from planner.routing.binding import Binding
    from planner.routing.today import with_queues

    binding = Binding() if options.binding is None else _binding(options.binding, rules, here.center)
    binding = with_queues(binding, today.queues, list(dict.fromkeys(str(r.actions["pool"]) for r in rules.table)))
    return make_export(rules, form, binding=binding, facts=here.center.pools, manifest_hash=here.fingerprint)


def _binding(path: Path, rules: RuleSet, center: Center) -> Binding:
    from planner.routing.binding import binding_of
    from planner.routing.facts import LABELS, RANGES
    from planner.scenario.document import read_document

    known = {
        "pools": list(center.pools) or [str(rule.actions["pool"]) for rule in rules.table],
        "facts": [*LABELS, *RANGES],
    }
    named = {"reasons": center.reasons, "segments": center.segments, "channels": center.channels}
    known |= {section: list(names) for section, names in named.items() if names}
    return binding_of(read_document(path, str(path)).data, known, str(path))


def _configuration_diff(today: TodaysRouting, rules: RuleSet) -> str:
    from planner.routing.today import configuration_diff

    return configuration_diff(today, rules)


def _write(made: Exported, out: Path, extras: dict[str, str]) -> None:
    """Write files; what people read stands inside a folder, or beside a single file."""
    from planner.routing.export import write_export
    from planner.routing.export_cells import write_whole
    from planner.runs.atomic import explained

    with explained(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    write_export(made, out)
    console.give(out.as_posix())
    for name, text in extras.items():
        write_whole(out / name if out.is_dir() else out.with_name(f"{out.name}-{name}"), text.encode("utf-8"))
        console.say(text)


def _write_sheet(
    here: _Run, today: TodaysRouting, rules: RuleSet, out: Path, extras: dict[str, str], options: RuleOptions
) -> None:
    from planner.frontier.pool_price import SOURCE
    from planner.routing.budget import price_of_cx
    from planner.routing.export_cells import safe_frame, write_whole
    from planner.routing.guards import floors, guard_words
    from planner.routing.sheet import change_sheet, sheet_files
    from planner.routing.worth import WAGES, rule_worth
    from planner.runs.atomic import explained

    sheet = change_sheet(here.frontier, here.plan, _todays(today), rules)
    sheet = sheet.with_note(f"Price of a minute in worth.csv: {SOURCE if here.minutes is not None else WAGES}.")
    price = price_of_cx(here.frontier, here.plan)
    worth = rule_worth(here.frontier, here.plan, rules, price, minutes=here.minutes)
    guards = guard_words(floors(here.frontier, here.plan, here.center.cx_min))
    files = sheet_files(sheet) | {"guards.md": guards} | extras
    files["worth.csv"] = safe_frame(worth).to_csv(index=False, lineterminator="\n")
    files |= _handling(here, options)
    with explained(out):
        out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_whole(out / name, text.encode("utf-8"))
    console.give(out.as_posix())
    console.say(guards)
    console.say(files["handling.md"])


def _handling(here: _Run, options: RuleOptions) -> dict[str, str]:
    """People or automation, type by type, as a table and in words."""
    from planner.routing.export_cells import safe_frame
    from planner.routing.handling import DEFAULT, handling, handling_words, scoring_from

    scoring = DEFAULT if options.handling is None else scoring_from(options.handling)
    bots = [name for name, pool in here.center.pools.items() if pool.automated]
    found = handling(here.frontier, here.plan, bots, scoring)
    table = safe_frame(found).to_csv(index=False, lineterminator="\n")
    return {"handling.csv": table, "handling.md": handling_words(found, scoring)}


def _say_limits(made: Exported) -> None:
    from planner.routing.export import TARGETS

    for line in made.lossy:
        console.say(f"not in the files: {line}")
    if made.unbound and TARGETS[made.fmt].vendor:
        shown = ", ".join(made.unbound[:8]) + (" ..." if len(made.unbound) > 8 else "")
        console.say(f"not deployable: no id for {shown}; name them in a binding file (--binding)")


def _past(here: _Run, options: RuleOptions) -> History | None:
    """Read the history to replay; None where none is asked for."""
    from planner.history import load_history

    if options.replay is None:
        return None
    return load_history(options.replay, options.mapping, timezone=str(here.frontier.meta["timezone"]))


def _replayed(
    here: _Run,
    today: TodaysRouting,
    rules: RuleSet,
    made: Exported | None,
    out: Path,
    options: RuleOptions,
    history: History | None,
) -> bool:
    """Prove the files on past contacts and look at what must not count; True where all holds or nothing was asked."""
    from planner.routing.past import past_contacts
    from planner.routing.proof import prove

    if history is None:
        return True
    intervals = list(here.plan.service["interval"].drop_duplicates())
    score = str(here.frontier.meta.get("metric", ""))
    contacts = past_contacts(history, intervals, options.contacts, (*here.center.protected, "wait_s", score))
    contacts = contacts.rename(columns={score: "score"})
    proofs: list[Proof] = [] if made is None else prove(made, contacts)
    for proof in proofs:
        console.say(proof.words())
    _say_flows(here, rules, contacts)
    fair = [_fair(here, today, rules, contacts, name, out) for name in here.center.protected if name in contacts]
    return all(proof.holds for proof in proofs) and all(fair)


def _fair(here: _Run, today: TodaysRouting, rules: RuleSet, contacts: pd.DataFrame, attribute: str, out: Path) -> bool:
    """Test that an attribute has no influence, and write who waits how long by it."""
    from planner.routing.export_cells import write_whole
    from planner.routing.fairness import fairness, fairness_words
    from planner.routing.guards import influence

    test = influence(rules, contacts, attribute)
    console.say(f"protected: {test.words()}")
    if "segments" in here.plan.tables:
        found = fairness(here.frontier, here.plan, rules, contacts, attribute, _todays(today))
        name = f"fairness-{''.join(char if char.isalnum() else '_' for char in attribute)}.md"
        text = fairness_words(attribute, found, test.words())
        write_whole(out / name if out.is_dir() else out.with_name(f"{out.name}-{name}"), text.encode("utf-8"))
        console.say(text)
    return test.holds


def _ranked(here: _Run, history: History) -> pd.DataFrame:
    """Rank the agents of a history; refused where differences may be luck."""
    from planner.routing.agents import agent_index, agents_seen, with_values
    from planner.routing.budget import price_of_cx
    from planner.routing.worth import reason_values

    index = agent_index(agents_seen(history))
    values, patience = reason_values(here.frontier, here.plan, price_of_cx(here.frontier, here.plan))
    return with_values(index, values, patience)


def _write_agents(ranked: pd.DataFrame | None, options: RuleOptions) -> None:
    """Write the index of agents where it is asked for."""
    from planner.routing.export_cells import safe_frame, write_whole

    if ranked is None or options.agent_index is None:
        return
    table = safe_frame(ranked)
    write_whole(options.agent_index, table.to_csv(index=False, lineterminator="\n").encode("utf-8"))
    console.give(options.agent_index.as_posix())
    least = ranked.groupby("entry_reason")["reliability"].first().min()
    reasons = ranked["entry_reason"].nunique()
    console.say(f"Agents, named by the hash of their id, ranked in {reasons} reasons; least reliability {least:.2f}.")


def _say_flows(here: _Run, rules: RuleSet, contacts: pd.DataFrame) -> None:
    from planner.routing.flows import flow_table
    from planner.routing.replay import replay

    open_ = contacts[contacts["day_part"].isna()]
    table = flow_table(replay(rules, open_), open_, here.plan.flows)
    console.say("Share of contacts per pool, of the plan and of the replay on the plan's volumes (opening hours):")
    for row in table.to_dict("records"):
        shares = f"{row['plan_share']:.1%} and {row['replayed_share']:.1%} ({100 * row['difference']:+.2f} points)"
        console.say(f"  {row['pool']}: {shares}, {row['contacts']:,} contacts replayed")
