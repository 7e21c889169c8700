"""Synthetic histories on disk: written once, generated again only when their truth or this generator changed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from planner.history.synthetic.truth import Truth
from planner.history.synthetic.truth_file import fingerprint, load_truth
from planner.library import scenario_library

if TYPE_CHECKING:
    from planner.history.synthetic.generator import SyntheticHistory

GENERATOR_VERSION = 1
"""Raised whenever the same truth and seed would give another history."""

_STAMP = "generated.json"
_REFERENCE_TRUTH = "retail_bank_truth.yaml"


def write_history(history: SyntheticHistory, folder: Path) -> None:
    """Write `contacts.parquet`, `staffing.parquet` and `truth/*.parquet` into a folder.

    Every file appears whole or not at all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frames = {"contacts.parquet": history.contacts}
    if history.staffing is not None:
        frames["staffing.parquet"] = history.staffing
    frames |= {f"truth/{name}.parquet": table for name, table in history.truth.items()}
    work = Path(tempfile.mkdtemp(prefix=".generating-", dir=folder))
    try:
        for name, frame in frames.items():
            made, wanted = work / Path(name).name, folder / name
            frame.to_parquet(made, compression="zstd", index=False)
            wanted.parent.mkdir(exist_ok=True)
            os.replace(made, wanted)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def ensure_history(truth_file: Path, folder: Path, seed: int | None = None) -> Path:
    """Make sure a folder holds the history a truth file declares; returns the contacts file.

    Nothing is done when the folder's stamp says that the same truth, seed and generator made it.

    Parameters
    ----------
    truth_file
        The declared truth (YAML).
    folder
        Where `contacts.parquet` and `staffing.parquet` belong; made when missing.
    seed
        Seed of all draws; left out: the truth's own.
    """
    truth = load_truth(truth_file)
    contacts = folder / "contacts.parquet"
    wanted = _stamp(truth, truth.seed if seed is None else seed)
    if contacts.exists() and _read_stamp(folder) == wanted:
        return contacts
    from planner.history.synthetic.generator import generate  # lazy: most often the files are there

    folder.mkdir(parents=True, exist_ok=True)
    # Should this be interrupted, the mark says that the files are generated, and to be generated again.
    _write_stamp(folder, {"unfinished": True})
    write_history(generate(truth, seed), folder)
    _write_stamp(folder, wanted)
    return contacts


def ensure_reference_history(folder: Path) -> Path:
    """Make sure a folder holds the history of the reference scenario; returns the contacts file."""
    return ensure_history(scenario_library() / _REFERENCE_TRUTH, folder)


def _stamp(truth: Truth, seed: int) -> dict[str, object]:
    return {"generator": GENERATOR_VERSION, "seed": seed, "truth": fingerprint(truth)}


def _write_stamp(folder: Path, stamp: dict[str, object]) -> None:
    descriptor, made = tempfile.mkstemp(prefix=".generating-", dir=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(stamp, file, indent=2, sort_keys=True)
    os.replace(made, folder / _STAMP)


def _read_stamp(folder: Path) -> object:
    try:
        return json.loads((folder / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
