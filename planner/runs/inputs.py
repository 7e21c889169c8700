"""What went into a run: hashes of every input file, and the key that names a run by its inputs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from planner.runs.atomic import explained

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class InputFile:
    """One input file: `name` as seen from the scenario file (no absolute path), size in bytes, SHA-256."""

    name: str
    size: int
    sha256: str


def hash_inputs(files: Iterable[Path], base: Path) -> list[InputFile]:
    """Hash input files, in name order; a folder (a Parquet data set) counts with every file in it."""
    found: dict[str, InputFile] = {}
    for entry in files:
        members = sorted(p for p in entry.rglob("*") if p.is_file()) if entry.is_dir() else [entry]
        for path in members:
            name = _name(path, base)
            found[name] = InputFile(name, *_size_and_hash(path))
    return [found[name] for name in sorted(found)]


def run_key(scenario_text: str, inputs: Iterable[InputFile], seed: int, settings: Mapping[str, Any]) -> str:
    """Name a run by what decides its result: 8 hex digits over scenario, inputs, seed and settings."""
    content = {
        "scenario": hashlib.sha256(scenario_text.encode("utf-8")).hexdigest(),
        "inputs": [asdict(file) for file in inputs],
        "seed": seed,
        "settings": dict(settings),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()[:8]


def _name(path: Path, base: Path) -> str:
    try:
        name = Path(os.path.relpath(path.resolve(), base.resolve()))
    except ValueError:  # another drive on Windows
        return path.name
    # Far away means the name would spell out somebody's folders.
    return path.name if name.parts.count("..") > 2 else name.as_posix()


def _size_and_hash(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    with explained(path, "read"), open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
