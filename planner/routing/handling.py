"""People or automation, type by type: both scored apart on a plan's own numbers, and what the plan does beside it."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from planner.errors import PlanError
from planner.frontier.frontier import Frontier, Plan
from planner.routing.scoring import TOP, Dimension, Handling, Scoring, pool_of

DIMENSIONS = ("experience", "resolution", "handle_time")
DEFAULT = Scoring(
    (Dimension("experience", 0.5), Dimension("resolution", 0.3), Dimension("handle_time", 0.2, False)), tie_band=1.0
)
_TYPE = ["reason", "segment"]


def scoring_from(text: str) -> Scoring:
    """Read weights and the tie band: `experience=.5,resolution=.3,handle_time=.2,tie=1`.

    Raises
    ------
    PlanError
        A name that is none of these, a value that is no number, weights that do not sum to 1.
    """
    allowed = (*DIMENSIONS, "tie")
    given: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            given[name.strip()] = float(value)
        except ValueError as err:
            raise PlanError(f"handling: {part!r} is not NAME=NUMBER; names are {', '.join(allowed)}") from err
    strange = sorted(set(given) - set(allowed))
    if strange:
        raise PlanError(f"handling: unknown {', '.join(map(repr, strange))}; names are {', '.join(allowed)}")
    tie = given.pop("tie", DEFAULT.tie_band)
    polarity = {one.name: one.higher_is_better for one in DEFAULT.dimensions}
    return Scoring(tuple(Dimension(name, given.get(name, 0.0), polarity[name]) for name in DIMENSIONS), tie)


def handling(frontier: Frontier, plan: Plan, automated: Collection[str], scoring: Scoring = DEFAULT) -> pd.DataFrame:
    """Score people and automation apart for every reason and segment that both may serve at the first contact.

    Dimensions from 0 to 10: experience (the score of a contact that settles the issue, on the scale), resolution (share
    of contacts after which nobody comes back or is handed over) and handle time (of the longest there is; low is good).
    Pools count by the plan's contacts, all alike where it sends none. `pool` is the one of `scoring.pool_of` for the
    value people give and the share that automation settles.

    Parameters
    ----------
    automated
        Pools in which no human serves.

    Returns
    -------
    DataFrame
        `reason, segment, contacts` (first ones, per horizon), `people, automation, differential` (0..10), `handling`,
        `capability` (ratio), `pool`, `plan_automated` (share of the contacts the plan has automated) and `plan_agrees`
        (False: the plan does otherwise with most of them); empty where there is no automation.
    """
    rows = _served(frontier, plan, automated)
    groups = {key: part for key, part in rows.groupby(_TYPE) if part["automated"].nunique() == 2}
    sides = {who: [_means(part[part["automated"] == who]) for part in groups.values()] for who in (False, True)}
    scores = {who: np.array([mean for mean, _ in side]).reshape(-1, len(DIMENSIONS)) for who, side in sides.items()}
    sent = {who: np.array([contacts for _, contacts in side]) for who, side in sides.items()}
    people, automation = scoring.value(scores[False]), scoring.value(scores[True])
    capability = np.clip(scores[True][:, DIMENSIONS.index("resolution")] / TOP, 0.0, 1.0)
    contacts, who = sent[False] + sent[True], scoring.handling(scores[False], scores[True])
    part = np.divide(sent[True], contacts, out=np.zeros(len(contacts)), where=contacts > 0)
    against = np.where(who == Handling.SPECIALIST.value, part > 0.5, (who == Handling.AUTONOMOUS.value) & (part < 0.5))
    return pd.DataFrame(list(groups), columns=_TYPE).assign(
        contacts=contacts, people=people, automation=automation, differential=people - automation, handling=who,
        capability=capability, pool=pool_of(people, capability), plan_automated=part,
        plan_agrees=~(against & (contacts > 0)),
    )  # fmt: skip


def handling_words(found: pd.DataFrame, scoring: Scoring = DEFAULT) -> str:
    """Say in Markdown how types were scored and where the plan does otherwise."""
    weights = ", ".join(
        f"{one.name} {one.weight:g}{'' if one.higher_is_better else ' (low is good)'}" for one in scoring.dimensions
    )
    lines = [
        "# People or automation",
        "",
        f"Weights: {weights}; differences up to {scoring.tie_band:g} of 10 are a tie.",
    ]
    if found.empty:
        return "\n".join([*lines, "No reason and segment is served by both people and automation.", ""])
    for kind in Handling:
        part = found[found["handling"] == kind.value]
        contacts = part["contacts"].to_numpy(float)
        share = float(contacts @ part["plan_automated"].to_numpy(float)) / max(float(contacts.sum()), 1e-9)
        lines.append(
            f"- {kind.value}: {len(part)} of {len(found)} types, {contacts.sum():,.0f} contacts; "
            f"the plan automates {share:.0%} of them"
        )
    against = found[~found["plan_agrees"]].sort_values("contacts", ascending=False)
    lines.append(
        "- The plan agrees with every type that is no tie."
        if against.empty
        else f"- The plan does otherwise with most contacts of {len(against)} types, as it weighs the load on people, "
        f"too; most of all {against.iloc[0]['reason']} ({against.iloc[0]['segment']}). See handling.csv."
    )
    return "\n".join([*lines, ""])


def _served(frontier: Frontier, plan: Plan, automated: Collection[str]) -> pd.DataFrame:
    """First contacts by type and pool: dimensions 0..10, contacts of the plan, and whether a human serves."""
    keys = [*_TYPE, "channel", "pool"]
    center = frontier.tables["center_flows"]
    center = center[center["stage"] == "first"]
    # A pool's own customers speak for it; where it has none, those who are sent there.
    own = center["from_channel"] == center["channel"]
    center = center[own | ~own.groupby([center[key] for key in keys]).transform("any")]
    rows = center.groupby(keys, as_index=False)[["points", "final_share", "aht_s"]].mean()
    flows = plan.flows[plan.flows["stage"] == "first"].groupby(keys)["contacts"].sum()
    low, high = frontier.meta.get("scale") or (1.0, 5.0)
    longest = max(float(rows["aht_s"].max()), 1e-9) if len(rows) else 1.0
    return rows.assign(
        contacts=flows.reindex(pd.MultiIndex.from_frame(rows[keys])).fillna(0.0).to_numpy(),
        experience=np.clip((rows["points"] - low) / (high - low), 0.0, 1.0) * TOP,
        resolution=np.clip(rows["final_share"], 0.0, 1.0) * TOP,
        handle_time=rows["aht_s"] / longest * TOP,
        automated=rows["pool"].isin(list(automated)),
    )


def _means(part: pd.DataFrame) -> tuple[list[float], float]:
    """Dimensions of some pools, weighted by their contacts, and these."""
    contacts = part["contacts"].to_numpy(float)
    weight = contacts if contacts.sum() > 0 else np.ones(len(part))
    return [float(np.average(part[name].to_numpy(float), weights=weight)) for name in DIMENSIONS], float(contacts.sum())
