"""Memory of a process and all it started, as the kernel tells it (Linux)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MB = 1e6


@dataclass(frozen=True)
class Held:
    """What processes hold, MB: `pss` counts pages that several share in parts, `rss` in each of them."""

    pss: float = 0.0
    rss: float = 0.0

    def __add__(self, other: Held) -> Held:
        return Held(self.pss + other.pss, self.rss + other.rss)


def held_by(pid: int) -> Held:
    """What one process holds; nothing where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return Held()
    found = {line.split(":")[0]: int(line.split()[1]) * 1024 / MB for line in lines}
    return Held(found.get("Pss", 0.0), found.get("Rss", 0.0))


def family_of(pid: int) -> list[int]:
    """A process and all that it and its children started, itself first."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        children.setdefault(int(text[text.rindex(")") + 2 :].split()[1]), []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found
