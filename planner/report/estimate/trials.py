"""What to try, how many answers decisions need, and what the adjustment rests on."""

from __future__ import annotations

import pandas as pd

from planner.experience.study import Study
from planner.history.outcomes import FOLLOWED
from planner.report.estimate.blocks import Cell, Section, Table, row
from planner.report.estimate.dots import Axis, interval_dot
from planner.report.estimate.numbers import between, count, points, share, signed
from planner.report.estimate.words import (
    BASIS,
    BASIS_HEADS,
    EFFECT_HEADS,
    EFFECTS,
    NEED_HEADS,
    NEEDS,
    PILOT_HEADS,
    PILOTS,
)

_MOST = 25


def pilots_section(study: Study, digits: int) -> Section:
    """Show trials for moves that are probably, not surely, better; those that can be done first."""
    pilots = study.pilots
    if pilots.empty:
        return Section("pilots", PILOTS["title"], PILOTS["help"], (PILOTS[_why_none(study)],))
    order = pilots.sort_values(["feasible", "value_per_year"], ascending=[False, False], kind="stable").head(_MOST)
    body = tuple(
        row(
            r["reason"],
            f"{r['from_channel']} → {r['to_channel']}",
            Cell(signed(r["effect"], digits)),
            share(r["p_gain"]),
            share(r["split"]) if r["feasible"] else "–",
            count(r["weeks"]) if r["feasible"] else "–",
            Cell(str(r["words"])),
        )
        for r in order.to_dict("records")
    )
    table = Table(PILOTS["title"], PILOT_HEADS, body, labels=2, sentences=(PILOT_HEADS.index("in words"),))
    said = (PILOTS["later"],) if study.model.outcome in FOLLOWED else ()
    return Section("pilots", PILOTS["title"], PILOTS["help"], said, (table,))


def _why_none(study: Study) -> str:
    if study.moves_by_reason["effect"].notna().any() if len(study.moves_by_reason) else False:
        return "none"
    return "not_sized" if study.moves["effect"].notna().any() else "no_moves"


def needs_section(answers: pd.DataFrame, digits: int) -> Section:
    """Show how many answers are missing until a reason in a channel is known well enough."""
    if answers.empty:
        return Section("answers", NEEDS["title"], NEEDS["help"])
    order = answers[answers["answers_more"] > 0].sort_values("answers_more", kind="stable").head(_MOST)
    done = int((answers["answers_more"] <= 0).sum())
    said = (
        NEEDS["done"].format(n=done, all=len(answers), goal=points(1.645 * float(answers["goal_sd"].max()), digits)),
    )
    body = tuple(
        row(r["reason"], r["channel"], count(r["answers"]), points(1.645 * r["sd"], digits), count(r["answers_more"]),
            count(r["contacts_per_week"]), share(r["response_rate"]), count(r["weeks"]))
        for r in order.to_dict("records")
    )  # fmt: skip
    return Section("answers", NEEDS["title"], NEEDS["help"], said, (Table(NEEDS["title"], NEED_HEADS, body, labels=2),))


def basis_section(notes: tuple[str, ...], overlap: pd.DataFrame, row_check: pd.DataFrame, digits: int) -> Section:
    """Show covariates, overlap and where a second method disagrees."""
    thin = overlap[overlap["verdict"] == "extrapolated"] if not overlap.empty else overlap
    said = [*notes]
    if not overlap.empty:
        said.append(BASIS["overlap"].format(n=len(thin), all=len(overlap)))
    apart = row_check[row_check["model_dependent"].astype(bool)] if not row_check.empty else row_check
    if not row_check.empty:
        said.append(BASIS["rows"].format(n=len(apart), all=int(row_check["z"].notna().sum())))
    body = tuple(
        row(r["reason"], r["channel"], points(r["mean"], digits), points(r["mean_rows"], digits), signed(r["z"], 1))
        for r in apart.head(_MOST).to_dict("records")
    )
    tables = (Table(BASIS["apart"], BASIS_HEADS, body, labels=2),)
    return Section("basis", BASIS["title"], BASIS["help"], tuple(said), tables)


def effects_section(attempts: pd.DataFrame, pools: pd.DataFrame, digits: int) -> Section:
    """Show what later attempts and pools do to a score."""
    tables = (
        Table(EFFECTS["attempts"], EFFECT_HEADS, _effect_rows(attempts, ("stage",), digits)),
        Table(EFFECTS["pools"], EFFECT_HEADS, _effect_rows(pools, ("channel", "pool"), digits)),
    )
    return Section("effects", EFFECTS["title"], EFFECTS["help"], tables=tables)


def _effect_rows(found: pd.DataFrame, names: tuple[str, ...], digits: int) -> tuple[tuple[Cell, ...], ...]:
    if found.empty:
        return ()
    axis = Axis(min(float(found["lower"].min()), 0.0), max(float(found["upper"].max()), 0.0), 120.0)
    return tuple(
        row(
            ", ".join(str(r[name]) for name in names),
            count(r["contacts"]),
            Cell(
                signed(r["effect"], digits),
                picture=interval_dot(r["effect"], r["lower"], r["upper"], None, axis, zero=0.0),
            ),
            between(r["lower"], r["upper"], digits),
        )
        for r in found.to_dict("records")
    )
