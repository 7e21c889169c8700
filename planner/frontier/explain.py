"""Why a plan, in words: what it gains over Today, what limits it, what the next point costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.changes import LEAST_MONEY
from planner.frontier.envelope import Envelope
from planner.frontier.frontier import NAMED
from planner.frontier.labels import label
from planner.operation.problem import FlowProblem

LEAST_MOVE = 0.5  # issues: less is said as none
LEAST_CX = 5e-4  # points: likewise


def explain_plan(
    row: pd.Series,
    today: pd.Series,
    moves: pd.DataFrame,
    price: str,
    currency: str,
    more: Sequence[str] = (),
    *,
    enumerated: bool = False,
) -> str:
    """Say how good it is, where it stands against Today, its largest moves, the price of the next point, people.

    `more`: sentences on what else it decides, after the moves; `enumerated`: every plan of a grid was looked at.
    """
    sentences = [_standing(row, enumerated)]
    name = NAMED.get(str(row["name"]), "")
    lead = f"{name} ({row['plan']})" if name else f"Plan {row['plan']}"
    cost = float(row["cost"]) - float(today["cost"])
    cx = float(row["cx"]) - float(today["cx"])
    score = f"changes CX by {cx:+.3f} points" if abs(cx) >= LEAST_CX else "leaves CX as it is"
    sentences.append(
        f"{lead} {_cost_words(cost, currency)}, {score} and {room_words(row['headroom'])} "
        f"(Today {today['headroom']:+.0%})."
    )
    if len(moves):
        parts = [f"{m.issues:,.0f} {m.reason} from {m.from_channel} to {m.channel}" for m in moves.itertuples()]
        sentences.append("Largest moves: " + ", ".join(parts) + ".")
    else:
        sentences.append("It moves nobody between channels.")
    sentences += [*more, price]
    hires = f"{int(row['hires']):,} hire{'s' * (int(row['hires']) != 1)}"
    sentences.append("It is doable with the people there are." if row["doable"] else f"It needs {hires} first.")
    return " ".join([*sentences, *_hours_words(row)])


def _cost_words(more: float, currency: str) -> str:
    """Say what a plan costs `more` than Today."""
    if abs(more) < LEAST_MONEY:
        return "costs as much as Today"
    verb = f"saves {-more:,.0f} {currency}" if more < 0 else f"costs {more:,.0f} {currency} more"
    return f"{verb} over the horizon against Today"


def room_words(headroom: float) -> str:
    """Say what growth of demand a plan can take, or how far it falls short of today's."""
    if round(100 * headroom) >= 0:
        return f"can take {max(headroom, 0.0):.0%} more demand"
    return f"keeps its caps and promises only at {-headroom:.0%} less demand"


def initiatives_sentence(problem: FlowProblem, chosen: str) -> list[str]:
    """Name the initiatives of a plan (keys, a comma between) and what they cost; nothing where there are none."""
    currency, known = problem.scenario.currency, problem.scenario.initiatives
    parts = [
        f"{label(problem, 'initiatives', name)} ({known[name].cost:,.0f} {currency})"
        for name in chosen.split(", ")
        if name
    ]
    return [f"It includes {', '.join(parts)}."] if parts else []


def axis_sentence(problem: FlowProblem) -> list[str]:
    """Say what CX is where plans are chosen by its worst draws; nothing where it is the expected one."""
    robust = problem.scenario.frontier.robust
    return [] if robust is None else [f"CX is its mean over the worst {robust.share:.0%} of what may be."]


def contract_sentences(problem: FlowProblem, contracts: pd.DataFrame) -> list[str]:
    """Say how much of what vendors are paid for a plan uses, from its rows of the table `contracts`."""
    currency, words = problem.scenario.currency, []
    for row in contracts.to_dict("records"):
        lead = f"{label(problem, 'pools', row['pool'])} takes {row['contacts']:,.0f} contacts"
        lead += f" of at most {row['most']:,.0f}" if np.isfinite(row["most"]) else ""
        paid = f"for {row['paid']:,.0f} {currency}"
        unused = f", {row['unused']:,.0f} of it for committed ones that do not come" if row["unused"] >= 0.5 else ""
        words.append(f"{lead} {paid}{unused}.")
    return words


def _hours_words(row: pd.Series) -> list[str]:
    """Say how the payroll bends: overtime worked, hires that would save more of it than they cost, time off."""
    words = []
    if row["overtime_h"] >= 0.5:
        words.append(f"People work {row['overtime_h']:,.0f} h of overtime.")
    if row["doable"] and row["hires"] > 0:
        words.append(f"Its cost counts {int(row['hires'])} hires that save more overtime than they cost.")
    if row["time_off_h"] >= 0.5:
        words.append(f"It leaves room for {row['time_off_h']:,.0f} h of voluntary time off.")
    return words


def _standing(row: pd.Series, enumerated: bool) -> str:
    """How good it is, first: gap = (cost − bound) / bound, so cost could fall by gap / (1 + gap) at most."""
    if enumerated:
        return "No plan of the decision grid does better on one axis without losing on another."
    if row["status"] == "proven":
        return "No plan with this CX and headroom is cheaper (proven)."
    if not np.isfinite(row["gap"]):
        return "It was found by search; no bound is known at its headroom."
    cheaper = float(row["gap"]) / (1 + float(row["gap"]))
    return f"No plan with this CX and headroom is more than {cheaper:.1%} cheaper."


def largest_moves(mix: pd.DataFrame, count: int = 3) -> pd.DataFrame:
    """Largest moves of a plan by reason and channel pair, of at least half an issue."""
    moved = mix[mix["channel"] != mix["from_channel"]]
    keys = ["reason", "from_channel", "channel"]
    total = moved.groupby(keys)[["issues"]].sum().reset_index()
    total = total[total["issues"] >= LEAST_MOVE]
    return total.sort_values(["issues", *keys], ascending=[False, True, True, True]).head(count)


def titled_moves(problem: FlowProblem, moves: pd.DataFrame) -> pd.DataFrame:
    """The same moves with the titles of reasons and channels instead of their keys."""
    kinds = {"reason": "reasons", "from_channel": "channels", "channel": "channels"}
    return moves.assign(**{name: [label(problem, kind, key) for key in moves[name]] for name, kind in kinds.items()})


def next_point_price(plans: pd.DataFrame, plan: str, currency: str, step: float) -> tuple[str, float, float, float]:
    """What more CX costs at a plan: the cheapest plan with at least `step` more, headroom held within 2 points.

    Returns the sentence, the price per CX point and its range over half and double the step; NaN at the top.
    """
    here = plans[plans["plan"] == plan].iloc[0]
    others = plans[(plans["origin"] != "today") & (plans["headroom"] >= here["headroom"] - 0.02)]
    rates, steps = dict[float, float](), (step / 2, step, 2 * step)
    for reach in steps:
        better = others[others["cx"] >= here["cx"] + reach]
        if len(better):
            best = better.loc[better["cost"].idxmin()]
            rates[reach] = max(0.0, float(best["cost"] - here["cost"])) / float(best["cx"] - here["cx"])
    if not rates:
        top = float(others["cx"].max()) - float(here["cx"]) if len(others) else 0.0
        return f"No plan with this headroom has {step / 2:g} more CX (the most is {top:+.3f}).", np.nan, np.nan, np.nan
    price, low, high = list(rates.values())[min(1, len(rates) - 1)], min(rates.values()), max(rates.values())
    reached = f"{low:,.0f} to {high:,.0f} for steps of {steps[0]:g} to {max(rates):g} points"
    span = reached if len(rates) > 1 else f"for a step of {steps[0]:g} points"
    end = "" if len(rates) == len(steps) else f"; none has {steps[len(rates)]:g} more"
    return (
        f"The next CX point costs about {price:,.0f} {currency} here, headroom held within 2 points ({span}{end}).",
        price,
        low,
        high,
    )


def prices_table(plans: pd.DataFrame, surface: Envelope | None, currency: str, step: float) -> pd.DataFrame:
    """Prices in words: the next CX point between plans, and how the bound rises at a plan's CX and headroom (dual)."""
    rows = []
    for _, row in plans[plans["origin"] != "today"].iterrows():
        plan = str(row["plan"])
        sentence, best, _, _ = next_point_price(plans, plan, currency, step)
        rows.append((plan, sentence, best, f"{currency} per CX point"))
        dual = np.nan if surface is None else surface.price(float(row["cx"]), float(row["headroom"]))
        if np.isfinite(dual):
            words = "Rise of the least cost of any plan, by the master's dual"
            rows.append((plan, words, dual, f"{currency} per CX point"))
    return pd.DataFrame(rows, columns=["plan", "what", "price", "unit"])


def certificate_words(certificate: Mapping[str, Any], plans: Sequence[str], *, enumerated: bool) -> str:
    """The certificate in a sentence."""
    if enumerated:
        return f"{len(plans)} plans, proven: every plan of the decision grid was looked at."
    if not certificate:
        return f"{len(plans)} plans; no bound is known."
    if not math.isfinite(certificate["model"]):
        return (
            f"{len(plans)} plans, all below the worst corner of the bound, so their volumes cannot be compared: the "
            "bound sees too little of their waits. The gap of each plan stands."
        )
    return (
        f"{len(plans)} plans reach {certificate['ratio']:.1%} of what no plan can exceed: "
        f"{certificate['model']:.1%} at their own CX and headroom, {certificate['resolution']:.1%} by how densely they "
        "fill the surface."
    )
