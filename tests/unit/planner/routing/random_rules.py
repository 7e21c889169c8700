"""Random rule sets and contacts with hostile names, for tests and the benchmark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from planner.routing import RuleSet

HOSTILE = (
    "it's late",
    'say "hi"',
    "both ' and \"",
    "a, b; c",
    "</script><b>",
    "Überweisung ÄÖß",
    "שלום \u202eעולם",
    "=1+1",
    "-1",
    "back\\slash",
    "x" * 200,
    " padded ",
    "$.Attributes.x",
    "null",
    "tab\tand\rreturn",
    "1",
)
TAME = (
    "billing",
    "a loan",
    "card-lost",
    "it, and more",
    "/path (x)",
    "日本",
    "Zürich",
    "vip_1",
    "=1+1",
    "<b>",
    "-",
    "null",
)
FACTS = ("entry_reason", "channel", "segment", "day_part", "queue_state", "closed_pool", "must_human")


def random_rules(seed: int, rows: int = 12, names: Sequence[str] = TAME, rich: bool = True) -> RuleSet:
    """Rules over a few facts with shares, value ranges, several names in a condition and optional actions."""
    rng = np.random.default_rng(seed)
    pools = [str(name) for name in rng.permutation(np.array(names, dtype=object))[:5]]
    table = [_row(rng, number, names, pools, rich) for number in range(1, rows + 1)]
    table.append(
        {name: "*" for name in FACTS}
        | {"rule": rows + 1, "pool": pools[0], "priority": 1, "why": "default"}
        | {"offer_from": 0.0, "offer_to": 1.0, "pool_from": 0.0, "pool_to": 1.0}
    )
    frame = pd.DataFrame(table)
    dropped = [] if rich else [*FACTS[3:], "value_from", "value_to", "skill", "level"]
    frame = frame.drop(columns=[name for name in dropped if name in frame])
    return RuleSet("p007", frame.astype(object).where(frame.notna(), None))


def _row(rng: np.random.Generator, number: int, names: Sequence[str], pools: list[str], rich: bool) -> dict:
    row: dict = {"rule": number, "why": f"because {rng.choice(names)}"}
    for position, fact in enumerate(FACTS):
        row[fact] = _label(rng, names, 0.4 if position < 3 else 0.85)
    for low, high in (("offer_from", "offer_to"), ("pool_from", "pool_to")):
        row[low], row[high] = (0.0, 1.0) if rng.random() < 0.5 else _ends(rng)
    draw = rng.random()
    ends = np.sort(rng.choice(1000, 2, replace=False)).astype(float)
    row["value_from"] = ends[0] if draw < 0.3 else None
    row["value_to"] = ends[1] if 0.2 < draw < 0.4 else None
    row["pool"], row["priority"] = str(rng.choice(pools)), int(rng.integers(3))
    row["channel_offer"] = None if rng.random() < 0.7 else str(rng.choice(names))
    over = rng.random() < 0.3
    row["overflow_pool"] = str(rng.choice(pools)) if over else None
    row["overflow_after_s"] = float(rng.integers(300)) if over else None
    skilled = rich and rng.random() < 0.3
    row["skill"] = str(rng.choice(names)) if skilled else None
    row["level"] = int(rng.integers(1, 6)) if skilled and rng.random() < 0.5 else None
    return row


def _label(rng: np.random.Generator, names: Sequence[str], any_: float) -> str | tuple[str, ...]:
    if rng.random() < any_:
        return "*"
    chosen = [str(name) for name in rng.choice(np.array(names, dtype=object), int(rng.integers(1, 4)), replace=False)]
    return chosen[0] if len(chosen) == 1 else tuple(chosen)


def _ends(rng: np.random.Generator) -> tuple[float, float]:
    low, high = sorted(rng.choice(10_001, 2, replace=False) / 10_000)
    return float(low), float(high)


def random_contacts(seed: int, size: int, names: Sequence[str] = TAME) -> pd.DataFrame:
    """Contacts that bear the names of the rules, gaps and a name nobody knows; some are unidentified."""
    rng = np.random.default_rng(seed)
    some = np.array([*names, None, "never seen"], dtype=object)
    frame = pd.DataFrame({fact: pd.Series(rng.choice(some, size), dtype=object) for fact in FACTS})
    for fact in FACTS[3:]:
        frame.loc[rng.random(size) < 0.7, fact] = None
    frame["contact_id"] = [f"c{number}" for number in range(size)]
    frame["value"] = np.where(rng.random(size) < 0.2, np.nan, rng.integers(0, 1000, size))
    known = rng.random(size) < 0.9
    frame["customer_id"] = pd.Series(np.where(known, frame["contact_id"], None), dtype=object)
    return frame
