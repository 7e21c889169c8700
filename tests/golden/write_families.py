"""LP text of each constraint family of the master on the toy: all columns, only that family's rows.

After a deliberate change of a family, write the files anew and read the difference before committing it:

    python tests/golden/write_families.py
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import numpy as np

import planner
from planner.demand import demand_for
from planner.experience import model_for
from planner.operation import build_problem
from solvers.flow.families import FAMILIES
from solvers.flow.master import add_families, declare

FOLDER = Path(__file__).resolve().parent / "families"
TOY = Path(__file__).resolve().parents[2] / "scenarios/minimal.yaml"
HEADROOM = 0.25

# What the toy lacks, so that no family is empty: a second offer, a rate, seats, a floor, a budget, overtime.
OVERRIDES = (
    "steers.offer_video={from_channel: voice, to_channel: chat, offered_at: app, reasons: [fault], "
    "acceptance: {value: 0.25, source: test}, cost_per_offer: 0.1}",
    "pools.bot={kind: automated, channel: chat, discipline: automated, reasons: [billing], cost_per_contact: 0.3, "
    "fixed_cost: 20, max_contacts_per_interval: 12}",
    "escalations=[{from_channel: chat, to_channel: voice}]",
    "experience.give_up_share.value=0.2",
    "experience.effort_per_extra_contact=0.05",
    "pools.phone.shrinkage.value=0.2",
    "pools.phone.roster.overtime_h_per_week_max=1",
    "pools.phone.roster.overtime_premium=0.5",
    "limits.seats={room: {pools: [phone, desk], max: 12}}",
    "limits.budget_max=1200",
    "segments.all.cx_min=3.5",
)


def toy_problem():
    """The toy with everything a family can speak about."""
    scenario = planner.load_scenario(TOY, OVERRIDES)
    experience = model_for(scenario, None, seed=1)
    return build_problem(scenario, experience, demand_for(scenario, None, experience))


def family_text(problem, family) -> str:
    """LP text of one family; numbers to 9 digits, so that the last bits of a machine do not show."""
    instance, network = problem.instance, problem.network
    ratio = np.zeros(len(network.pools.queue))
    reachable = np.zeros((len(ratio), network.profile.shape[1]), dtype=bool)
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is not None:
            ratio[g] = (catalogue.paid_h / catalogue.cover.sum(axis=1)).min()
            reachable[g] = np.tile(catalogue.reachable, network.days)
    model = declare(network, instance.limits, instance.payroll, ratio, reachable)
    model.h.set_value(HEADROOM)
    add_families(model, [family])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "family.lp"
        model.write(str(path), io_options={"symbolic_solver_labels": True})
        text = path.read_text(encoding="utf-8")
    return re.sub(r"[-+]?\d+\.\d+(e[-+]?\d+)?", _short, text)


def _short(found: re.Match[str]) -> str:
    number = float(found.group())
    return f"{number:+.9g}" if found.group()[0] in "+-" else f"{number:.9g}"


def write_all() -> None:
    """Write every file anew and drop those of families that are gone."""
    problem = toy_problem()
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.lp"):
        old.unlink()
    for family in FAMILIES:
        text = family_text(problem, family)
        (FOLDER / f"{family.__name__}.lp").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_all()
    sys.stderr.write(f"{len(FAMILIES)} families written to {FOLDER}\n")
