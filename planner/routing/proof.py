"""Proof of an export: its files are executed over contacts and compared, contact by contact, with the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.errors import PlanError
from planner.routing.columns import Columns, columns_of
from planner.routing.export import TARGETS, Exported
from planner.routing.facts import LABELS, RANGES
from planner.routing.replay import CHUNK, replay
from planner.routing.targets.bundle import Job

SHOWN = 5


@dataclass(frozen=True)
class Proof:
    """What a replay found for one bundle.

    `contacts` replayed, `agreed` of them decided alike in everything the files carry, `differing` the first contacts
    that are not (position, field, rules, file); `executed` False where nothing here can run the format.
    """

    fmt: str
    platform: str
    contacts: int
    agreed: int
    differing: tuple[tuple[int, str, Any, Any], ...]
    executed: bool
    checked: str

    @property
    def holds(self) -> bool:
        """True unless a contact was decided differently."""
        return not self.executed or self.agreed == self.contacts

    def words(self) -> str:
        """Say it in one sentence."""
        name = self.fmt if self.platform == "main" else f"{self.fmt} ({self.platform})"
        if not self.executed:
            return f"{name}: {self.checked}"
        said = f"{name}: {self.agreed:,} of {self.contacts:,} contacts decided as the rules decide ({self.checked})"
        if self.differing:
            position, field, ours, theirs = self.differing[0]
            said += f"; first difference: contact {position}, {field} is {theirs!r} instead of {ours!r}"
        return said


def prove(made: Exported, contacts: pd.DataFrame) -> list[Proof]:
    """Execute every bundle of an export over contacts.

    Parameters
    ----------
    contacts
        As for `replay`.

    Raises
    ------
    PlanError
        An engine that a format needs is not installed.
    """
    run, proofs = TARGETS[made.fmt].run, []
    for platform, bundle in made.bundles.items():
        job = made.jobs[platform]
        if run is None:
            proofs.append(Proof(made.fmt, platform, len(contacts), 0, (), False, bundle.checked))
            continue
        rules = job.rules if made.fmt == "jdm" else replace(job.rules, overflow=None)
        agreed, differing = 0, []
        for start in range(0, len(contacts), CHUNK):
            part = contacts.iloc[start : start + CHUNK]
            expected = replay(rules, part)
            answers = run(bundle.files, translated(columns_of(part), job), job)
            found = _differing(expected, answers, bundle.carries, start)
            agreed += len(part) - len({position for position, *_ in found})
            differing += found[:SHOWN]
        proofs.append(Proof(made.fmt, platform, len(contacts), agreed, tuple(differing), True, bundle.checked))
    return proofs


def translated(columns: Columns, job: Job) -> Columns:
    """Name facts and their values as the vendor's system does."""
    turn = {fact: job.binding.attribute(fact) for fact in (*LABELS, *RANGES)}
    known = {
        turn.get(fact, fact): {job.binding.value(fact, name): code for name, code in labels.items()}
        for fact, labels in columns.known.items()
    }
    codes = {turn.get(fact, fact): found for fact, found in columns.codes.items()}
    return Columns(columns.size, codes, known, {turn.get(fact, fact): v for fact, v in columns.numbers.items()})


def _differing(
    expected: pd.DataFrame, answers: Sequence[Mapping[str, Any]], carries: Sequence[str], start: int
) -> list[tuple[int, str, Any, Any]]:
    """Contacts and fields that differ; each pair of a decision and an answer is compared once."""
    if len(answers) != len(expected):
        raise PlanError(f"the export decided {len(answers)} of {len(expected)} contacts")
    names = [name for name in carries if name in expected]
    ours = list(expected[names].itertuples(index=False, name=None))
    known: dict[tuple[Any, ...], list[str]] = {}
    found = []
    for position, (one, answer) in enumerate(zip(ours, answers, strict=True)):
        key = (one, id(answer))
        if key not in known:
            known[key] = [n for n, value in zip(names, one, strict=True) if not _same(value, answer.get(n))]
        found += [(start + position, n, one[names.index(n)], answer.get(n)) for n in known[key]]
    return found


def _same(ours: Any, theirs: Any) -> bool:
    if ours is None or theirs is None:
        return ours is None and theirs is None
    if isinstance(ours, (int, float, np.number)) and isinstance(theirs, (int, float)):
        return float(ours) == float(theirs)
    return bool(ours == theirs)
