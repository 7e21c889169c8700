"""`planner export` of rules: exceptional rows, ids of the target, proof by replay, what a target cannot say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli import console
from planner.cli.endings import Exit
from planner.cli.starting import refuse_existing

if TYPE_CHECKING:
    from planner.frontier.frontier import Frontier, Plan
    from planner.routing import RuleSet
    from planner.routing.binding import Binding
    from planner.routing.export import Exported
    from planner.routing.pools import Center
    from planner.routing.proof import Proof


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


def export_rule_files(
    loaded: Frontier, run: Path, plan: Plan, form: str, out: Path, fingerprint: str, options: RuleOptions
) -> int:
    """Write the rules of a plan for a router, say what the files leave out, and prove them on past contacts."""
    from planner.routing import make_export
    from planner.routing.exceptions import with_exceptions
    from planner.routing.export import write_export
    from planner.routing.export_cells import write_whole
    from planner.routing.table import rounded
    from planner.runs.atomic import explained

    center = _center(run)
    rules = replace(plan.rules, rows=rounded(plan.rules.rows))
    report = None
    if options.max_rules is not None:
        rules, report = _fewer(loaded, run, plan, rules, options)
    if options.exceptions or (options.exceptions is None and options.max_rules is None):
        rules = with_exceptions(rules, center.pools, center.must_human)
    binding = None if options.binding is None else _binding(options.binding, rules, center)
    made = make_export(rules, form, binding=binding, facts=center.pools, manifest_hash=fingerprint)
    refuse_existing(out)
    with explained(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    write_export(made, out)
    console.give(out.as_posix())
    if report is not None:
        beside = out / "fewer-rules.md" if out.is_dir() else out.with_name(f"{out.name}-fewer-rules.md")
        write_whole(beside, report.encode("utf-8"))
        console.say(report)
    _say_limits(made)
    if options.replay is None:
        return int(Exit.DONE)
    proofs = _replayed(loaded, plan, rules, made, options)
    return int(Exit.DONE if all(proof.holds for proof in proofs) else Exit.CHECK_FAILED)


def _fewer(loaded: Frontier, run: Path, plan: Plan, rules: RuleSet, options: RuleOptions) -> tuple[RuleSet, str | None]:
    """Say the rules in fewer rows; needs the network, and so the scenario the run was made from."""
    from planner.errors import PlanError
    from planner.pipeline import draw_problem
    from planner.routing.budget import fewer_rules
    from planner.scenario.load import load_scenario_record

    if options.scenario is None:
        raise PlanError("--max-rules weighs what each rule is worth and needs the run's scenario: --scenario FILE")
    assert options.max_rules is not None
    record = load_scenario_record(options.scenario)
    kept = (run if run.is_dir() else run.parent) / "scenario.yaml"
    if record.resolved_text != kept.read_text(encoding="utf-8"):
        raise PlanError(
            f"{options.scenario}: is not the scenario this run was made from ({kept}); a run with --set or a variant "
            "needs a copy of that file beside its inputs"
        )
    problem, _ = draw_problem(record.scenario, seed=int(loaded.meta["seed"]))
    found = fewer_rules(loaded, plan, problem, rules, options.max_rules)
    return found.compressed.rules, found.words()


def _center(run: Path) -> Center:
    """Read the center from the scenario a run keeps; a run without one has nothing but names."""
    from planner.routing.pools import Center, center_of
    from planner.scenario.document import read_document

    path = (run if run.is_dir() else run.parent) / "scenario.yaml"
    return center_of(read_document(path, str(path)).data) if path.is_file() else Center({})


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


def _say_limits(made: Exported) -> None:
    from planner.routing.export import TARGETS

    for line in made.lossy:
        console.say(f"not in the files: {line}")
    if made.unbound and TARGETS[made.fmt].vendor:
        shown = ", ".join(made.unbound[:8]) + (" ..." if len(made.unbound) > 8 else "")
        console.say(f"not deployable: no id for {shown}; name them in a binding file (--binding)")


def _replayed(loaded: Frontier, plan: Plan, rules: RuleSet, made: Exported, options: RuleOptions) -> list[Proof]:
    from planner.history import load_history
    from planner.routing.flows import flow_table
    from planner.routing.past import past_contacts
    from planner.routing.proof import prove
    from planner.routing.replay import replay

    assert options.replay is not None
    history = load_history(options.replay, options.mapping, timezone=str(loaded.meta["timezone"]))
    intervals = list(plan.service["interval"].drop_duplicates())
    contacts = past_contacts(history, intervals, options.contacts)
    proofs = prove(made, contacts)
    for proof in proofs:
        console.say(proof.words())
    open_ = contacts[contacts["day_part"].isna()]
    table = flow_table(replay(rules, open_), open_, plan.flows)
    console.say("Share of contacts per pool, of the plan and of the replay on the plan's volumes (opening hours):")
    for row in table.to_dict("records"):
        shares = f"{row['plan_share']:.1%} and {row['replayed_share']:.1%} ({100 * row['difference']:+.2f} points)"
        console.say(f"  {row['pool']}: {shares}, {row['contacts']:,} contacts replayed")
    return proofs
