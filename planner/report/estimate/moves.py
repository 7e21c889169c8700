"""Effects of moves as a table with their intervals, with and without the bias nobody could observe."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from planner.experience.targets import Z90
from planner.report.estimate.blocks import Cell, Section, Table
from planner.report.estimate.dots import Axis, interval_dot
from planner.report.estimate.numbers import between, count, share, signed
from planner.report.estimate.words import MOVE_HEADS, MOVES

_MOST = 40


def moves_section(by_reason: pd.DataFrame, moves: pd.DataFrame, digits: int, *, one_channel: bool) -> Section:
    """Show the moves with the most customers: effect, interval, interval with bias, P(better) and what to do.

    Parameters
    ----------
    by_reason
        As `Study.moves_by_reason`; where it is empty, `moves` is shown.
    moves
        As `Study.moves`.
    """
    source = moves if by_reason.empty else by_reason
    found = source[source["effect"].notna()].sort_values("contacts", ascending=False, kind="stable")
    if found.empty:
        sentence = MOVES["one_channel"] if one_channel else MOVES["none"]
        return Section("moves", MOVES["title"], MOVES["help"], (sentence,))
    top = found.head(_MOST)
    low = float(top.get("lower_total", top["effect"]).quantile(0.05))
    high = float(top.get("upper_total", top["effect"]).quantile(0.95))
    axis = Axis(min(low, 0.0), max(high, 0.0), 120.0)
    body = tuple(_row(row, axis, digits) for row in top.to_dict("records"))
    table = Table(MOVES["title"], MOVE_HEADS, body, labels=2, sentences=(MOVE_HEADS.index("advice"),))
    if "advice" not in top:
        table = Table(MOVES["title"], MOVE_HEADS[:-1], tuple(row[:-1] for row in body), labels=2)
    sentences = (MOVES["shown"].format(n=len(top), all=len(found)),) if len(found) > len(top) else ()
    return Section("moves", MOVES["title"], MOVES["help"], sentences, (table,), folded=False)


def _row(row: Mapping[Hashable, Any], axis: Axis, digits: int) -> tuple[Cell, ...]:
    def number(name: str) -> float:
        value = row.get(name)
        return float(value) if isinstance(value, (int, float)) else float("nan")

    effect, sd, flag = number("effect"), number("sd"), str(row.get("support") or "ok")
    lower, upper = effect - Z90 * sd, effect + Z90 * sd
    place = f"{row['from_channel']} → {row['to_channel']}"
    segment = str(row["segment"])
    return (
        Cell(str(row["reason"])),
        Cell(place if segment.startswith("all") else f"{place}, {segment}"),
        Cell(count(number("contacts"))),
        Cell(
            signed(effect, digits),
            flag="" if flag == "ok" else flag,
            picture=interval_dot(effect, lower, upper, None, axis, zero=0.0),
        ),
        Cell(between(lower, upper, digits)),
        Cell(between(number("lower_total"), number("upper_total"), digits)),
        Cell(share(number("p_gain"))),
        Cell(str(row.get("advice") or "")),
    )
