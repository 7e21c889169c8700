"""Journeys on the reading page: the map, resolution by definition, costs and taxes by first channel, issue lengths."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from planner.experience.journeys import JourneyReport, render_map
from planner.report.estimate.blocks import Cell, Picture, Section, Table, row
from planner.report.estimate.numbers import between, count, known, points, seconds, share
from planner.report.estimate.words import DEFINITIONS, JOURNEYS


def journeys_section(report: JourneyReport, digits: int) -> Section:
    """Show what happens after a first contact."""
    tables = (_resolution(report.resolution), _channels(report.first_channels, digits), _lengths(report.issue_lengths))
    pictures = (Picture(JOURNEYS["map"], render_map(report.map, JOURNEYS["map"]), JOURNEYS["map_help"]),)
    some = report.map.number_of_nodes() > 0
    return Section(
        "journeys", JOURNEYS["title"], JOURNEYS["help"], report.notes, tables, pictures if some else (), folded=False
    )


def _resolution(found: pd.DataFrame) -> Table:
    """One row per level: the whole, then channels; one column per definition."""
    shown = found[found["level"].isin(["all", "channel"])]
    names = list(dict.fromkeys(shown["definition"]))
    places = shown["channel"].where(shown["channel"].notna(), JOURNEYS["all"])
    body = []
    for place in dict.fromkeys(places):
        own = shown[places == place].set_index("definition")
        cells = [_resolved(own.loc[name]) if name in own.index else Cell("–") for name in names]
        body.append((Cell(str(place)), *cells))
    heads = (JOURNEYS["channel"], *(DEFINITIONS.get(name, name) for name in names))
    return Table(JOURNEYS["resolution"], heads, tuple(body), help=JOURNEYS["resolution_help"])


def _resolved(row_: pd.Series) -> Cell:
    hidden = JOURNEYS["anonymous"].format(share=share(row_["share_anonymous"])) if row_["share_anonymous"] > 0 else ""
    interval = f"{share(row_['lower'], 1)} to {share(row_['upper'], 1)}"
    lucky = JOURNEYS["chance"].format(share=share(row_["fcr_high"], 1)) if known(row_["fcr_high"]) else ""
    return Cell(share(row_["fcr"], 1), tuple(text for text in (interval, lucky, hidden) if text))


def _channels(found: pd.DataFrame, digits: int) -> Table:
    every = found[found["reason"].isna()]
    body = tuple(_channel(r, digits) for r in every.to_dict("records"))
    unit = str(every["cost_unit"].iloc[0]) if len(every) else ""
    heads = tuple(head.format(unit=unit) for head in JOURNEY_HEADS)
    return Table(JOURNEYS["tax"], heads, body, help=JOURNEYS["tax_help"])


JOURNEY_HEADS = (
    "first channel", "issues", "contacts per issue", "cost ({unit})", "tax ({unit})", "final score", "tax (score)",
    "given up",
)  # fmt: skip


def _channel(r: Mapping[Hashable, Any], digits: int) -> tuple[Cell, ...]:
    timed = r["cost_unit"] != "money"

    def cost(name: str) -> Cell:
        show = seconds if timed else (lambda value: points(value, 2))
        return Cell(show(r[name]), (f"{show(r[f'{name}_lower'])} to {show(r[f'{name}_upper'])}",))

    def score(name: str) -> Cell:
        return Cell(points(r[name], digits), (between(r[f"{name}_lower"], r[f"{name}_upper"], digits),))

    return row(
        r["channel"],
        count(r["issues"]),
        Cell(points(r["contacts"]), (f"sd {points(r['contacts_sd'])}",)),
        cost("cost"),
        cost("tax_money"),
        score("final_score"),
        score("tax_points"),
        share(r["p_gave_up"], 1),
    )


def _lengths(found: pd.DataFrame) -> Table:
    every = found[found["reason"].isna()]
    last = every["contacts"].max()
    body = tuple(
        row(f"{r['contacts']:.0f}" + ("+" if r["contacts"] == last else ""), count(r["issues"]), share(r["share"], 1),
            share(r["predicted"], 1))
        for r in every.to_dict("records")
    )  # fmt: skip
    return Table(JOURNEYS["lengths"], LENGTH_HEADS, body, help=JOURNEYS["lengths_help"])


LENGTH_HEADS = ("contacts", "issues", "share", "as the chain predicts")
