"""Parts of the report made of sentences, tables and pictures: channel flows, journeys, what later contacts cost."""

from __future__ import annotations

import pandas as pd

from planner.frontier.again import journey_steps, later_contacts
from planner.frontier.frontier import NAMED, Frontier
from planner.report.channel_flow import flow_picture, moved_issues, share_moved
from planner.report.estimate.blocks import Picture, Section, Table, rows
from planner.report.journey_map import journey_picture
from planner.report.part_words import FLOWS, JOURNEYS, LATER
from planner.report.text import Units, label_of, named_rows, percent


def report_parts(frontier: Frontier, units: Units) -> list[Section]:
    """Return the parts that have something to show."""
    parts = (_flows(frontier, units), _journeys(frontier, units), _later(frontier, units))
    return [part for part in parts if not part.empty]


def _shown(frontier: Frontier) -> list[tuple[str, str]]:
    """Plan and title of Today and the named plans, each plan once."""
    named = {str(row["plan"]): NAMED[key] for key, row in reversed(named_rows(frontier).items())}
    titles = {plan: title if title == NAMED["today"] else f"{title} ({plan})" for plan, title in named.items()}
    return list(reversed(titles.items()))


def _flows(frontier: Frontier, units: Units) -> Section:
    pictures = []
    for plan, title in _shown(frontier):
        moves = moved_issues(frontier, plan)
        share = share_moved(moves) if len(moves) else 0.0
        if share > 0:
            caption = FLOWS["caption"].format(name=title, share=percent(share))
            pictures.append(Picture(caption, flow_picture(moves, caption)))
    return Section("flows", FLOWS["title"], FLOWS["help"].format(per=units.per), pictures=tuple(pictures))


def _journeys(frontier: Frontier, units: Units) -> Section:
    """Maps of Today and of the first option."""
    pictures = []
    for plan, title in _shown(frontier)[:2]:
        points, steps = journey_steps(frontier, plan)
        if len(points):
            issues = points.loc[points["attempt"] == 1, "contacts"].sum()
            caption = JOURNEYS["caption"].format(name=title, contacts=f"{points['contacts'].sum() / issues:.2f}")
            pictures.append(Picture(caption, journey_picture(frontier, (points, steps), caption)))
    return Section("journeys", JOURNEYS["title"], JOURNEYS["help"].format(per=units.per), pictures=tuple(pictures))


def _later(frontier: Frontier, units: Units) -> Section:
    sentences, tables = [], []
    heads = tuple(LATER["heads"].format(per=units.per).split("|"))
    for plan, title in _shown(frontier):
        found = later_contacts(frontier, plan)
        if found.empty:
            continue
        sentences.append(_later_words(found, title, units))
        cells = [
            (
                label_of(frontier.meta, "channels", row["channel"]),
                f"{row['issues']:,.0f}",
                f"{row['contacts']:.2f}",
                percent(row["escalated"], 1),
                f"{row['minutes']:.1f}",
                f"{row['later_minutes']:.1f}",
                f"{units.symbol}{row['cost']:,.2f}",
                f"{units.symbol}{row['later_cost']:,.2f}",
            )
            for row in found.to_dict("records")
        ]
        tables.append(Table(LATER["caption"].format(name=title), heads, rows(cells)))
    return Section("later", LATER["title"], LATER["help"], tuple(sentences), tuple(tables))


def _later_words(found: pd.DataFrame, title: str, units: Units) -> str:
    issues = found["issues"]
    return LATER["sentence"].format(
        name=title,
        contacts=f"{(found['contacts'] * issues).sum() / issues.sum():.2f}",
        share=percent(float((found["later_minutes"] * issues).sum() / (found["minutes"] * issues).sum())),
        money=units.money(float((found["later_cost"] * issues).sum())),
        per=units.per,
    )
