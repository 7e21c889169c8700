"""What rules answer per reason, segment and channel, and the fewest rows that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import pandas as pd

from planner.routing.areas import areas
from planner.routing.facts import ANY
from planner.routing.ruleset import RuleSet
from planner.routing.table import EDGE_DECIMALS, Rule

Cell = tuple[str, str, str]
"""Reason, segment, channel."""


@dataclass(frozen=True)
class Answer:
    """Offers as (channel or None, share) and lanes as (pool, priority, share); both sum to 1."""

    offers: tuple[tuple[str | None, float], ...]
    lanes: tuple[tuple[str, int, float], ...]

    @property
    def rows(self) -> int:
        """Rows that a block of this answer takes."""
        return len(self.offers) * len(self.lanes)

    @property
    def pools(self) -> set[str]:
        """Pools it names."""
        return {pool for pool, _, _ in self.lanes}


def answers_of(rules: Sequence[Rule], cells: Sequence[Cell]) -> dict[Cell, Answer]:
    """Read the answer of every cell; offers and lanes are independent of each other."""
    found = {}
    for reason, segment, channel in cells:
        offers: dict[str | None, float] = {}
        lanes: dict[tuple[str, int], float] = {}
        for rule, part in areas(rules, {"entry_reason": reason, "segment": segment, "channel": channel}):
            said = rule.actions
            offers[said["channel_offer"]] = offers.get(said["channel_offer"], 0.0) + part
            lanes[said["pool"], said["priority"]] = lanes.get((said["pool"], said["priority"]), 0.0) + part
        found[reason, segment, channel] = make_answer(offers, lanes)
    return found


def make_answer(offers: Mapping[str | None, float], lanes: Mapping[tuple[str, int], float]) -> Answer:
    """Scale shares to 1 and round them to whole 10,000ths."""
    whole = sum(offers.values()), sum(lanes.values())
    made = [(name, round(share / whole[0], EDGE_DECIMALS)) for name, share in offers.items()]
    split = [(*name, round(share / whole[1], EDGE_DECIMALS)) for name, share in lanes.items()]
    return Answer(tuple(one for one in made if one[1] > 0), tuple(sorted(one for one in split if one[2] > 0)))


def distances(a: Answer, b: Answer) -> tuple[float, float]:
    """Shares of contacts that two answers treat otherwise: total variation of lanes, and of offers."""
    lanes = _variation({lane[:2]: lane[2] for lane in a.lanes}, {lane[:2]: lane[2] for lane in b.lanes})
    return lanes, _variation(dict(a.offers), dict(b.offers))


def _variation(a: Mapping[Any, float], b: Mapping[Any, float]) -> float:
    return sum(abs(a.get(key, 0.0) - b.get(key, 0.0)) for key in {**a, **b}) / 2


@dataclass(frozen=True)
class Block:
    """Cells of one channel that share an answer and one condition: reasons × segments (None: any)."""

    channel: str
    reasons: tuple[str, ...] | None
    segments: tuple[str, ...] | None
    answer: Answer
    cells: tuple[Cell, ...]

    @property
    def rest(self) -> bool:
        """True for the block that takes whatever is left in its channel."""
        return self.reasons is None


def blocks_of(answers: Mapping[Cell, Answer], people: Mapping[str, bool]) -> list[Block]:
    """Cover the cells by few blocks: per channel the answer that would cost most rows is what is left at the end.

    What is left also takes unknown reasons and segments, so where people serve the channel it may not be an automaton's
    (`people`: pool -> people serve it).
    """
    blocks: list[Block] = []
    for channel in dict.fromkeys(cell[2] for cell in answers):
        own = {cell: answer for cell, answer in answers.items() if cell[2] == channel}
        groups: dict[Answer, list[Cell]] = {}
        for cell, answer in own.items():
            groups.setdefault(answer, []).append(cell)
        segments = {cell[1] for cell in own}
        covers = {answer: _rectangles(channel, cells, segments, answer) for answer, cells in groups.items()}
        staffed = any(people.get(pool, True) for answer in groups for pool in answer.pools)
        able = [a for a in groups if not staffed or all(people.get(pool, True) for pool in a.pools)]
        left = max(able, key=lambda a: ((len(covers[a]) - 1) * a.rows, len(groups[a])), default=None)
        blocks += [block for answer, cover in covers.items() if answer != left for block in cover]
        if left is None:
            named = [lane for answer in own.values() for lane in answer.lanes if people.get(lane[0], True)]
            pool = max(dict.fromkeys(lane[0] for lane in named), key=lambda p: sum(n[2] for n in named if n[0] == p))
            left = Answer(((None, 1.0),), ((pool, 0, 1.0),))
        blocks.append(Block(channel, None, None, left, tuple(groups.get(left, ()))))
    return blocks


def _rectangles(channel: str, cells: Sequence[Cell], segments: set[str], answer: Answer) -> list[Block]:
    """Reasons that need the same segments share a block."""
    by_reason: dict[str, list[str]] = {}
    for reason, segment, _ in cells:
        by_reason.setdefault(reason, []).append(segment)
    alike: dict[tuple[str, ...] | None, list[str]] = {}
    for reason, own in by_reason.items():
        alike.setdefault(None if set(own) == segments else tuple(sorted(own)), []).append(reason)
    made = []
    for own_segments, reasons in alike.items():
        mine = tuple(cell for cell in cells if cell[0] in reasons)
        made.append(Block(channel, tuple(reasons), own_segments, answer, mine))
    return made


def rows_needed(blocks: Sequence[Block], people: Mapping[str, bool]) -> int:
    """Rows of the table that blocks become, the default row included."""
    return sum(block.answer.rows for block in blocks) + (0 if _shared(blocks, people) else 1)


def _shared(blocks: Sequence[Block], people: Mapping[str, bool], default_pool: str = "") -> list[Block]:
    """What is left of the channel that can share its row with everything else: one row, served by people."""
    able = [b for b in blocks if b.rest and b.answer.rows == 1 and all(people.get(p, True) for p in b.answer.pools)]
    return sorted(able, key=lambda block: default_pool in block.answer.pools)[-1:]


def table_of(blocks: Sequence[Block], people: Mapping[str, bool], default_pool: str, plan: str) -> RuleSet:
    """Write blocks as rules: special ones first, then what is left per channel, then the default row.

    The channel whose rest is one row and served by people shares it with everything else.
    """
    last = _shared(blocks, people, default_pool)
    ordered = [*(b for b in blocks if not b.rest), *(b for b in blocks if b.rest and b not in last)]
    rows = [row for block in ordered for row in _rows(block)]
    default = _rows(last[0])[0] if last else _row(ANY, ANY, ANY, (0.0, 1.0), (0.0, 1.0), (default_pool, 0, None, ""))
    why = f"{default['why']}; and everything else" if last else "default: everything else"
    rows.append(default | {"channel": ANY, "why": why})
    frame = pd.DataFrame(rows)
    frame.insert(0, "rule", range(1, len(frame) + 1))
    frame["overflow_pool"], frame["overflow_after_s"] = None, None
    return RuleSet(plan, frame.astype(object).where(frame.notna(), None))


def _rows(block: Block) -> list[dict[str, Any]]:
    reasons = ANY if block.reasons is None else _plain(block.reasons)
    segments = ANY if block.segments is None else _plain(block.segments)
    who = ("all others" if block.reasons is None else ", ".join(block.reasons)) + f" in {block.channel}"
    who += "" if block.segments is None else f" ({', '.join(block.segments)})"
    offers = [(name, share) for name, share in block.answer.offers]
    lanes = [((pool, priority), share) for pool, priority, share in block.answer.lanes]
    made = []
    for (offer, offered), ((pool, priority), taken) in product(_ranges(offers), _ranges(lanes)):
        why = f"{who}: {pool}"
        why += "" if taken == (0.0, 1.0) else f" for {taken[1] - taken[0]:.0%} of contacts"
        why += "" if offer is None else f"; {offered[1] - offered[0]:.0%} are offered {offer}"
        made.append(_row(reasons, block.channel, segments, offered, taken, (pool, priority, offer, why)))
    return made


def _ranges(shares: Sequence[tuple[Any, float]]) -> list[tuple[Any, tuple[float, float]]]:
    """Half-open ranges of a bucket, one after the other from 0 to 1."""
    edges = [0.0]
    for _, share in shares:
        edges.append(round(edges[-1] + share, EDGE_DECIMALS))
    edges[-1] = 1.0
    return [(name, ends) for (name, _), ends in zip(shares, pairwise(edges), strict=True)]


def _row(
    reason: Any,
    channel: str,
    segment: Any,
    offered: tuple[float, float],
    taken: tuple[float, float],
    said: tuple[str, int, str | None, str],
) -> dict[str, Any]:
    pool, priority, offer, why = said
    return {
        "entry_reason": reason,
        "channel": channel,
        "segment": segment,
        "offer_from": offered[0],
        "offer_to": offered[1],
        "pool_from": taken[0],
        "pool_to": taken[1],
        "pool": pool,
        "priority": priority,
        "channel_offer": offer,
        "why": why,
    }


def _plain(names: tuple[str, ...]) -> str | tuple[str, ...]:
    return names[0] if len(names) == 1 else names
