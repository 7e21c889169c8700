"""Plans in brief: what must be kept to judge a plan again, and its three axes; as bytes between processes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solvers.flow.network import Floats, Ints
from solvers.flow.solution import Instance, Routing, Solution, judge
from solvers.flow.sweep import Plane


@dataclass(frozen=True)
class Record:
    """A plan in brief: routing, people on shifts, (cx, cost, headroom), feasibility, origin, further objectives.

    `portfolio` is the index of its initiatives among the portfolios of the run; it is not packed.
    """

    routing: Routing
    people: tuple[Ints | None, ...]
    objectives: tuple[float, float, float]
    feasible: bool
    origin: str
    extra: tuple[float, ...] = ()
    portfolio: int = 0

    def judged(self, instance: Instance) -> Solution:
        """Evaluate the plan in full again."""
        return judge(instance, self.routing, self.people, self.origin, self.objectives[2])

    def named(self, origin: str) -> Record:
        """Return the same plan under another origin."""
        return replace(self, origin=origin)


def brief(solution: Solution, extra: tuple[float, ...] = ()) -> Record:
    """Keep what is needed to judge a plan again, and the values of its further objectives."""
    routing, people = solution.routing, solution.staffing.people
    return Record(routing, people, solution.objectives, solution.feasible, solution.origin, extra)


def pack(records: Sequence[Record], planes: Sequence[Plane] = (), cheapest: float = np.nan) -> bytes:
    """Write records and bounds as bytes (a NumPy archive without pickles)."""
    arrays: dict[str, NDArray[np.generic]] = {
        "planes": np.array([astuple(p) for p in planes], dtype=float).reshape(-1, 5),
        "cheapest": np.array(cheapest),
        "objectives": np.array([r.objectives for r in records], dtype=float).reshape(-1, 3),
        "extra": _extra(records),
        "feasible": np.array([r.feasible for r in records], dtype=bool),
        "origin": np.array([r.origin for r in records], dtype="U16"),
    }
    if records:
        arrays["offer"] = np.array([r.routing.offer for r in records])
        arrays["split"] = np.array([r.routing.split for r in records])
        arrays["priority"] = np.array([r.routing.priority for r in records])
        sent = [r.routing.overflow for r in records if r.routing.overflow is not None]
        if sent:
            nobody = np.zeros_like(sent[0])
            rows = [nobody if r.routing.overflow is None else r.routing.overflow for r in records]
            arrays["overflow"] = np.array(rows)
        for g, counts in enumerate(records[0].people):
            if counts is not None:
                arrays[f"people_{g}"] = np.array([r.people[g] for r in records])
        arrays["pools"] = np.array(len(records[0].people))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack(data: bytes) -> tuple[list[Record], list[Plane], float]:
    """Read records and bounds back."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        planes = [Plane(*map(float, row)) for row in arrays["planes"]]
        records = []
        stored = {name: arrays[name] for name in arrays.files}
    for k in range(len(stored["feasible"])):
        over = stored["overflow"][k] if "overflow" in stored and stored["overflow"][k].any() else None
        routing = Routing(stored["offer"][k], stored["split"][k], stored["priority"][k].astype(np.int64), over)
        people = tuple(
            stored[f"people_{g}"][k].astype(np.int64) if f"people_{g}" in stored else None
            for g in range(int(stored["pools"]))
        )
        cx, cost, headroom = map(float, stored["objectives"][k])
        records.append(
            Record(
                routing,
                people,
                (cx, cost, headroom),
                bool(stored["feasible"][k]),
                str(stored["origin"][k]),
                tuple(map(float, stored["extra"][k])),
            )
        )
    return records, planes, float(stored["cheapest"])


def axes(records: Sequence[Record]) -> Floats:
    """Objectives as an array, shape (plan, 3): cx, cost, headroom."""
    return np.array([r.objectives for r in records], dtype=float).reshape(-1, 3)


def all_axes(records: Sequence[Record]) -> Floats:
    """Objectives with the further ones, shape (plan, 3 + further)."""
    return np.column_stack([axes(records), _extra(records)])


def _extra(records: Sequence[Record]) -> Floats:
    further = len(records[0].extra) if records else 0
    return np.array([r.extra for r in records], dtype=float).reshape(len(records), further)
