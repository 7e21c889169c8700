"""PyAUGMECON 2 in exact mode, run by an interpreter that has it; prints JSON as its last line.

    python augmecon_peer.py solvers
    python augmecon_peer.py instance 2kp50
    python augmecon_peer.py solve 2kp50 highs

It needs Python 3.12 and does not import this project.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import tempfile
from importlib import resources

NADIR = {"3kp40": [1031, 1069], "3kp50": [1124, 1041]}
"""Lower ends that PyAUGMECON's own benchmark gives it for these instances; they save it many programs."""


def processor_s() -> float:
    """Processor time of this process and its children so far, seconds."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


def solvers() -> list[str]:
    from pyaugmecon import PyAugmeconConfig
    from pyaugmecon.solver.adapter import SOLVER_FALLBACKS, select_solver

    usable = []
    for name in SOLVER_FALLBACKS:
        with contextlib.suppress(Exception):
            select_solver(PyAugmeconConfig(solver_name=name))
            usable.append(name)
    return usable


def instance(name: str) -> dict[str, list]:
    from pyaugmecon.example_models import _load_kp_matrices, _read_indexed_csv

    weights, room, values = _load_kp_matrices(name)
    with resources.files("pyaugmecon").joinpath("data", name, "pareto_sols.csv").open() as file:
        front = _read_indexed_csv(file)
    return {
        "weights": weights.tolist(),
        "room": room.ravel().tolist(),
        "values": values.tolist(),
        "front": front.tolist(),
    }


def solve(name: str, solver: str) -> dict[str, object]:
    from pyaugmecon import PyAugmecon
    from pyaugmecon.example_models import kp_model

    settings = {"mode": "exact", "workers": 1, "solver_name": solver, "write_csv": False, "progress_bar": False}
    settings |= {"log_to_console": False, "artifact_folder": tempfile.mkdtemp()}
    if name in NADIR:
        settings["nadir_points"] = NADIR[name]
    model = kp_model(name, int(name[0]))
    began = processor_s()
    result = PyAugmecon(model, settings).solve()
    spent = processor_s() - began
    points = sorted([round(float(v)) for v in point] for point in result.points)
    return {"seconds": spent, "programs": result.models_solved, "points": points}


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    answer = {"solvers": solvers, "instance": instance, "solve": solve}[task](*arguments)
    print("\n" + json.dumps(answer))
