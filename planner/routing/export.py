"""Rules as files for routing engines and change boards; every format is a projection of the one rule table."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from planner.errors import PlanError
from planner.routing.binding import Binding
from planner.routing.check import check_rules
from planner.routing.columns import Columns
from planner.routing.export_cells import write_whole
from planner.routing.platforms import platforms_of, seen_from
from planner.routing.pools import PoolFacts
from planner.routing.ruleset import RuleSet
from planner.routing.targets.bundle import Bundle, Job
from planner.routing.targets.connect import export_connect, run_connect
from planner.routing.targets.dmn import export_dmn, run_dmn
from planner.routing.targets.genesys import export_genesys, run_genesys
from planner.routing.targets.jdm import export_jdm, run_jdm
from planner.routing.targets.plain import export_csv, run_csv
from planner.routing.targets.salesforce import export_salesforce
from planner.routing.targets.taskrouter import export_taskrouter, run_taskrouter
from planner.routing.targets.zendesk import export_zendesk


@dataclass(frozen=True)
class Format:
    """One format: who writes it, who executes it (None: nobody can here), and whether it is a vendor's.

    A vendor's format has a bundle per platform and its own ids; the others have one file in our names.
    """

    export: Callable[[Job], Bundle]
    run: Callable[[Mapping[str, str], Columns, Job], list[Mapping[str, Any]]] | None
    vendor: bool = True


TARGETS: Mapping[str, Format] = {
    "jdm": Format(export_jdm, run_jdm, vendor=False),
    "dmn": Format(export_dmn, run_dmn, vendor=False),
    "connect": Format(export_connect, run_connect),
    "genesys": Format(export_genesys, run_genesys),
    "taskrouter": Format(export_taskrouter, run_taskrouter),
    "zendesk": Format(export_zendesk, None),
    "salesforce": Format(export_salesforce, None),
    "csv": Format(export_csv, run_csv, vendor=False),
}

FORMATS = tuple(TARGETS)
"""Formats of `export_rules`."""


@dataclass(frozen=True)
class Exported:
    """The bundles of one format by platform, with the job each was written for."""

    fmt: str
    bundles: Mapping[str, Bundle]
    jobs: Mapping[str, Job] = field(repr=False)

    @property
    def files(self) -> dict[str, str]:
        """All files; each platform has a folder where there is more than one."""
        several = len(self.bundles) > 1
        return {
            f"{_folder(platform)}/{name}" if several else name: text
            for platform, bundle in self.bundles.items()
            for name, text in bundle.files.items()
        }

    @property
    def lossy(self) -> list[str]:
        """What the files do not say."""
        several = len(self.bundles) > 1
        return [f"{platform}: {line}" if several else line for platform, b in self.bundles.items() for line in b.lossy]

    @property
    def unbound(self) -> list[str]:
        """Names without an id of the system."""
        return list(dict.fromkeys(name for bundle in self.bundles.values() for name in bundle.unbound))

    @property
    def words(self) -> str:
        """Say what these files are, for the people who deploy them (Markdown)."""
        lines = [f"# Routing rules for {self.fmt}", ""]
        for platform, bundle in self.bundles.items():
            job = self.jobs[platform]
            lines += [f"## Platform {platform}", "", f"- plan {job.rules.plan}, run {job.manifest_hash or 'unknown'}"]
            lines += [f"- checked: {bundle.checked}"]
            state = "yes" if bundle.deployable else f"**not deployable**: no id for {', '.join(bundle.unbound)}"
            lines += [f"- deployable: {state}", f"- carries: {', '.join(bundle.carries)}"]
            lines += [f"- not in these files: {line}" for line in bundle.lossy] + [""]
        return "\n".join(lines)


def _folder(platform: str) -> str:
    return "".join(char if char.isalnum() or char in "-_" else "_" for char in platform) or "_"


def make_export(
    rules: RuleSet,
    fmt: str,
    *,
    binding: Binding | None = None,
    facts: Mapping[str, PoolFacts] | None = None,
    manifest_hash: str = "",
) -> Exported:
    """Turn the rules of a plan into files, in memory.

    Parameters
    ----------
    binding
        Ids of the vendor's system; left out: readable placeholders, and the bundle is not deployable.
    facts
        What is known of pools; a vendor's format then has one bundle per platform.
    manifest_hash
        Hash of the run's manifest; it travels with the rules, so that they can be traced back to their run.

    Raises
    ------
    PlanError
        The format is unknown, the rules are not fit for a router, overflow leads to another platform without a
        declared way, or the format cannot say something that it must.
    """
    if fmt not in TARGETS:
        raise PlanError(f"export format {fmt!r} is not known; known are {', '.join(FORMATS)}")
    check_rules(rules)
    target, facts, binding = TARGETS[fmt], facts or {}, binding or Binding()
    last = max(int(rule.actions["priority"]) for rule in rules.table)
    job = Job(rules, binding, "main", last, manifest_hash, facts)
    if not target.vendor:
        return Exported(fmt, {"main": target.export(job)}, {"main": job})
    jobs = {}
    for platform in platforms_of(rules, facts):
        seen, ways = seen_from(platform, rules, facts, binding)
        jobs[platform] = replace(job, rules=seen, binding=ways, platform=platform)
    return Exported(fmt, {platform: target.export(one) for platform, one in jobs.items()}, jobs)


def export_rules(
    rules: RuleSet,
    fmt: str,
    path: str | os.PathLike[str],
    manifest_hash: str = "",
    *,
    binding: Binding | None = None,
    facts: Mapping[str, PoolFacts] | None = None,
) -> Path:
    """Write the rules of a plan and return the path: a file, or a folder where the format has several files.

    See `make_export` for the parameters and what is refused; also refused: a place that cannot be written.
    """
    made = make_export(rules, fmt, binding=binding, facts=facts, manifest_hash=manifest_hash)
    return write_export(made, path)


def write_export(made: Exported, path: str | os.PathLike[str]) -> Path:
    """Write an export to a file, or to a folder where it has several files.

    Raises
    ------
    PlanError
        The place cannot be written.
    """
    target, files = Path(path), made.files
    if len(files) == 1:
        return write_whole(target, next(iter(files.values())).encode("utf-8"))
    if not target.parent.is_dir():
        raise PlanError(f"{target}: cannot write here (no such folder); choose another path")
    for name, text in {**files, "README.md": made.words}.items():
        place = target / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PlanError(f"{place}: cannot write here ({error.strerror}); choose another path") from error
        write_whole(place, text.encode("utf-8"))
    return target
