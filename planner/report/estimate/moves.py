"""Effects of moves as a table with their intervals, with and without the bias nobody could observe."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from planner.report.estimate.blocks import Cell, Section, Table
from planner.report.estimate.dots import Axis, interval_dot
from planner.report.estimate.numbers import between, share, signed
from planner.report.estimate.words import MOVE_HEADS, MOVES

_MOST = 40


def moves_section(moves: pd.DataFrame, digits: int, one_channel: bool) -> Section:
    """Show the moves with the most customers: effect, interval, interval with bias, P(better) and what to do.

    Parameters
    ----------
    moves
        `reason, segment, from_channel, to_channel, effect, lower, upper, support` and, where they are known,
        `lower_total, upper_total, p_gain, advice, contacts`.
    """
    found = moves[moves["effect"].notna()]
    if found.empty:
        sentence = MOVES["one_channel"] if one_channel else MOVES["none"]
        return Section("moves", MOVES["title"], MOVES["help"], (sentence,))
    if "contacts" in found:
        found = found.sort_values("contacts", ascending=False, kind="stable")
    top = found.head(_MOST)
    low = float(top.get("lower_total", top["lower"]).quantile(0.05))
    high = float(top.get("upper_total", top["upper"]).quantile(0.95))
    axis = Axis(min(low, 0.0), max(high, 0.0), 120.0)
    body = tuple(_row(row, axis, digits) for row in top.to_dict("records"))
    table = Table(MOVES["title"], MOVE_HEADS, body, labels=4)
    sentences = (MOVES["shown"].format(n=len(top), all=len(found)),) if len(found) > len(top) else ()
    return Section("moves", MOVES["title"], MOVES["help"], sentences, (table,), folded=False)


def _row(row: Mapping[Hashable, Any], axis: Axis, digits: int) -> tuple[Cell, ...]:
    def number(name: str) -> float:
        value = row.get(name)
        return float(value) if isinstance(value, (int, float)) else float("nan")

    effect, lower, upper = number("effect"), number("lower"), number("upper")
    flag = str(row["support"])
    picture = interval_dot(effect, lower, upper, None, axis, zero=0.0)
    return (
        Cell(str(row["reason"])),
        Cell(str(row["segment"])),
        Cell(str(row["from_channel"])),
        Cell(str(row["to_channel"])),
        Cell(signed(effect, digits), flag="" if flag == "ok" else flag, picture=picture),
        Cell(between(lower, upper, digits)),
        Cell(between(number("lower_total"), number("upper_total"), digits)),
        Cell(share(number("p_gain"))),
        Cell(str(row.get("advice") or "")),
    )
