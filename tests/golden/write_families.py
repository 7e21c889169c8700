"""LP text of each constraint family of the master on the toy: all columns, only that family's rows.

After a deliberate change of a family, write the files anew and read the difference before committing it:

    python tests/golden/write_families.py
"""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyomo.environ  # noqa: F401  (registers the writer of LP files, which the product does without)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_centers import open_master, problem_of  # noqa: E402

from planner.operation import under_closings  # noqa: E402
from solvers.flow.doubt import Doubt  # noqa: E402
from solvers.flow.families import FAMILIES  # noqa: E402
from solvers.flow.pins import Pins  # noqa: E402

FOLDER = Path(__file__).resolve().parent / "families"
TOY = Path(__file__).resolve().parents[2] / "scenarios/minimal.yaml"
HEADROOM = 0.25

# What the toy lacks, so that no family is empty: a second offer, a rate, seats, floor, budget, overtime, a contract.
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
    'pools.phone.day_parts={early: {starts: "09:00", ends: "09:30", people_min: 2}, '
    'late: {starts: "10:30", ends: "11:00", may_close: true}}',
    "pools.phone.roster.overtime_premium=0.5",
    "limits.seats={room: {pools: [phone, desk], max: 12}}",
    "limits.budget_max=1200",
    "pools.helpers={kind: vendor, channel: voice, discipline: live_voice, wage_per_h: 25, shrinkage: 0.2, "
    "occupancy_max: 0.9, shifts: [morning], contract: {committed_contacts: 15, max_contacts: 40, "
    "tiers: [{above: 0, price: 2}, {above: 10, price: 3}]}}",
    "overflow=[{from_pool: phone, to_pool: helpers}]",
    "segments.all.cx_min=3.5",
)


def toy_model():
    """The master's model of the toy with everything a family can speak about."""
    instance = under_closings(problem_of(TOY, *OVERRIDES), (("phone", "late"),)).instance
    network, pins = instance.network, Pins.none(instance.network)
    # Kept parts: the first offer, the second pool's shares, and three people a shift in the desk.
    offer, split = pins.offer.copy(), pins.split.copy()
    offer[np.flatnonzero(network.nodes.steer == 0)[0]] = 0.5
    split[np.flatnonzero(network.split_pool == network.split_pool.max())[0]] = 0.25
    desk = 1
    people = tuple(
        np.full((network.days, len(catalogue.paid_h)), 3) if g == desk else None
        for g, catalogue in enumerate(instance.catalogues)
    )
    pins = replace(pins, offer=offer, split=split, people=people)
    # Two draws: those who move score 0.5 less in one and 0.5 more in the other.
    moved = np.where(network.nodes.steer[network.flows.node] >= 0, 0.5, 0.0)
    return open_master(replace(instance, pins=pins, doubt=Doubt(np.array([-moved, moved]), 0.75))).model


def family_text(model, family) -> str:
    """LP text of one family; numbers to 9 digits, so that the last bits of a machine do not show."""
    model.shrink.set_value(1 / (1 + HEADROOM))
    blocks = {other.__name__: getattr(model, other.__name__) for other in FAMILIES}
    for name, block in blocks.items():
        (block.activate if name == family.__name__ else block.deactivate)()
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
    model = toy_model()
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.lp"):
        old.unlink()
    for family in FAMILIES:
        text = family_text(model, family)
        (FOLDER / f"{family.__name__}.lp").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_all()
    sys.stderr.write(f"{len(FAMILIES)} families written to {FOLDER}\n")
