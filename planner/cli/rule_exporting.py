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


def export_rule_files(
    loaded: Frontier, run: Path, plan: Plan, form: str, out: Path, fingerprint: str, options: RuleOptions
) -> int:
    """Write the rules of a plan for a router, say what the files leave out, and prove them on past contacts."""
    from planner.routing import make_export
    from planner.routing.exceptions import with_exceptions
    from planner.routing.export import write_export
    from planner.routing.table import rounded
    from planner.runs.atomic import explained

    center = _center(run)
    rules = replace(plan.rules, rows=rounded(plan.rules.rows))
    if options.exceptions is not False:
        rules = with_exceptions(rules, center.pools, center.must_human)
    binding = None if options.binding is None else _binding(options.binding, rules, center)
    made = make_export(rules, form, binding=binding, facts=center.pools, manifest_hash=fingerprint)
    refuse_existing(out)
    with explained(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    write_export(made, out)
    console.give(out.as_posix())
    _say_limits(made)
    if options.replay is None:
        return int(Exit.DONE)
    proofs = _replayed(loaded, plan, rules, made, options)
    return int(Exit.DONE if all(proof.holds for proof in proofs) else Exit.CHECK_FAILED)


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
