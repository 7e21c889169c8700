"""The journeys of a history in one value: resolution, chain, escalation taxes, lengths and the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import networkx as nx
import numpy as np
import pandas as pd

from planner.experience.journeys.chance_steps import steps_without_chance
from planner.experience.journeys.contact_costs import HANDLE_SECONDS, ContactCosts, contact_costs
from planner.experience.journeys.first_channels import first_channel_table, widened
from planner.experience.journeys.issue_chain import IssueChain, issue_chains
from planner.experience.journeys.late_links import Place, chance_per_day, chance_within, first_contact_chance
from planner.experience.journeys.lengths import length_table, mean_contacts
from planner.experience.journeys.resolution import resolution_counts, resolution_table
from planner.experience.journeys.state_table import chain_state_table
from planner.experience.journeys.touchpoints import journey_map
from planner.history import History
from planner.history.issue_steps import issue_lengths, issue_steps

SILENCE_DAYS = 14.0
"""An issue is over when its customer was silent about it for so long, days, unless the window is longer."""

_CHAIN_TOLERANCE = 0.05
_FEW_UNCENSORED = 0.5
_CHANCE_UNSURE = 0.3
"""Relative error of the chance of a link that intervals of the chain allow for, on either side."""


@dataclass(frozen=True)
class JourneyReport:
    """What happens to issues from their first contact to their end.

    Tables (pandas):

    resolution
        First-contact resolution, see `resolution.resolution_table`.
    chain_states
        See `state_table.chain_state_table`: what happens after each (channel, attempt), per reason.
    first_channels
        See `first_channels.first_channel_table`: contacts, cost, score and escalation tax by first channel.
    issue_lengths
        See `lengths.length_table`: issues by number of contacts, counted beside predicted.

    map
        The journey map of all reasons (`touchpoints.journey_map`).
    chains
        Reason (None: all) -> chain, for moves (`shift.shift_first_contacts`).
    steps
        Counted steps without those by chance (`chance_steps`), from which the map of a reason can be drawn.

    Notes
    -----
        What was assumed, left out or looks wrong, in words.
    """

    window_days: float
    silence_days: float
    resolution: pd.DataFrame
    chain_states: pd.DataFrame
    first_channels: pd.DataFrame
    issue_lengths: pd.DataFrame
    map: nx.DiGraph
    chains: Mapping[str | None, IssueChain] = field(repr=False)
    steps: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()


def journey_report(
    history: History,
    *,
    window_days: float,
    outcome: str | None = None,
    seed: int = 0,
    cost_per_contact: Mapping[str, float] | None = None,
    wage_per_hour: Mapping[str, float] | float | None = None,
    silence_days: float | None = None,
    effort: float = 0.0,
    gave_up_dispositions: Sequence[str] = (),
) -> JourneyReport:
    """Follow the issues of a history.

    Parameters
    ----------
    window_days
        First-contact resolution: nothing follows within so many days.
    outcome
        Score at the end of an issue, e.g. `csat`; None: no scores.
    cost_per_contact, wage_per_hour
        Money, see `contact_costs.contact_costs`; without both, costs are handle seconds.
    silence_days
        An issue is over after so many days without a contact about it; left out, 14 or the window if it is longer.
    effort
        Scale points an issue loses per contact beyond the first.
    gave_up_dispositions
        Closing codes that say that the customer left without a solution.

    Raises
    ------
    ValueError
        If a window is not positive, the silence is shorter than the window, or a cost is not usable.
    """
    silence = _silence(window_days, silence_days)
    linked = issue_steps(
        history, silence_days=silence, outcome=outcome, gave_up_dispositions=tuple(gave_up_dispositions)
    )
    chance = chance_per_day(linked)
    resolution = resolution_table(
        resolution_counts(history, window_days),
        window_days=window_days,
        chance=first_contact_chance(chance_within(chance, window_days)),
        history=history,
    )
    by_chance = chance_within(chance, silence)
    steps = steps_without_chance(linked, by_chance, silence_days=silence)
    costs = contact_costs(steps, cost_per_contact, wage_per_hour)
    chains = issue_chains(steps, costs, effort=effort)
    # Counted issues hold their chance links, so they are held against a chain that does.
    linked_chains = issue_chains(linked, costs)
    lengths = length_table(issue_lengths(history, silence_days=silence), linked_chains)
    firsts = first_channel_table(chains, cost_unit=costs.unit, seed=seed, design_effect=_design_effect(resolution))
    return JourneyReport(
        window_days=window_days,
        silence_days=silence,
        resolution=resolution,
        chain_states=chain_state_table(steps, chains),
        first_channels=widened(firsts, _variants(linked, by_chance, silence, costs, effort)),
        issue_lengths=lengths,
        map=journey_map(steps),
        chains=chains,
        steps=steps,
        notes=(
            *_following(steps, silence),
            *_by_chance(linked, chance, window_days, silence),
            *_ends(history, steps, gave_up_dispositions),
            *_values(costs.unit, outcome, chains),
            *_agreement(lengths),
            *_without_chance(linked_chains, chains),
            *(note for chain in chains.values() for note in chain.notes),
        ),
    )


def _silence(window_days: float, silence_days: float | None) -> float:
    """Days after which an issue is over; refused where they are shorter than the window."""
    silence = max(SILENCE_DAYS, window_days) if silence_days is None else silence_days
    if not 0 < window_days <= silence:
        raise ValueError(
            f"window_days = {window_days:g}, silence_days = {silence:g}; "
            "the window must be positive and no longer than the silence that ends an issue"
        )
    return silence


def _variants(
    linked: pd.DataFrame, chance: dict[Place, float], silence: float, costs: ContactCosts, effort: float
) -> list[dict[str | None, IssueChain]]:
    """Chains with fewer and with more links taken for chance: how many are is known only roughly."""
    found = []
    for factor in (1 - _CHANCE_UNSURE, 1 + _CHANCE_UNSURE):
        scaled = {place: min(factor * b, 1.0) for place, b in chance.items()}
        steps = steps_without_chance(linked, scaled, silence_days=silence)
        found.append(issue_chains(steps, costs, effort=effort))
    return found


def _design_effect(resolution: pd.DataFrame) -> float:
    """How much more the contacts of same customers vary than independent ones, over all reasons and channels."""
    mine = resolution[(resolution["definition"] == "no_return") & (resolution["level"] == "all")]["design_effect"]
    return float(mine.iloc[0]) if len(mine) and np.isfinite(mine.iloc[0]) else 1.0


def _following(steps: pd.DataFrame, silence: float) -> list[str]:
    total = float(steps["contacts"].sum())
    anonymous = steps["anonymous"].astype(bool)
    known = steps[~anonymous]
    notes = []
    if anonymous.any():
        share = float(steps.loc[anonymous, "contacts"].sum()) / max(total, 1.0)
        notes.append(f"{share:.1%} of the contacts are anonymous: not followed, and never counted as solved")
    if known.empty:
        return [*notes, "no customer is identified: there are no journeys to follow"]
    young = float(known.loc[known["censored"].astype(bool), "contacts"].sum()) / float(known["contacts"].sum())
    notes.append(
        f"{young:.1%} of the identified contacts are less than {silence:g} days old at the end of the data: "
        "left out of chain and map"
    )
    if young > _FEW_UNCENSORED:
        notes.append("more than half of the contacts are too young: the chain rests on the beginning of the data alone")
    return notes


def _by_chance(steps: pd.DataFrame, chance: dict[Place, float], window_days: float, silence: float) -> list[str]:
    if not chance:
        return ["the data are too short to tell links by chance from returns: none are taken out"]
    first = steps[(steps["attempt"] == 1) & ~steps["anonymous"].astype(bool) & steps["reason"].notna()]
    rates = [chance.get((str(reason), 1), 0.0) for reason in first["reason"]]
    share = 1 - np.exp(-np.average(rates, weights=first["contacts"].to_numpy(float)) * window_days)
    text = f"{share:.1%} of the first contacts are linked on within {window_days:g} days by chance"
    if silence < 2 * window_days:
        text += "; with a silence shorter than two windows slow returns are taken for chance"
    return [text]


def _ends(history: History, steps: pd.DataFrame, dispositions: Sequence[str]) -> list[str]:
    known = steps[~steps["anonymous"].astype(bool)]
    if known.empty:
        return []
    missing = history.quality.missing.set_index("column")["share_missing"]
    told = ["was abandoned"] if missing.get("abandoned", 0.0) < 1 else []
    told += ["was coded as not resolved (agents' word)"] if missing.get("resolved", 0.0) < 1 else []
    told += [f"was closed as {', '.join(dispositions)}"] if dispositions else []
    if not told:
        return ["nothing in the data tells who gave up: every silence counts as solved"]
    return [f"an issue gave up if its last contact {' or '.join(told)}; any other silence counts as solved"]


def _values(unit: str, outcome: str | None, chains: Mapping[str | None, IssueChain]) -> list[str]:
    notes: list[str] = []
    if not chains:
        return notes
    if unit == HANDLE_SECONDS:
        notes.append("no cost per contact is given: costs and taxes are in handle seconds, not in money")
    if np.isnan(chains[None].cost).any():
        priced = zip(chains[None].states, chains[None].cost, strict=True)
        blank = sorted({channel for (channel, _), cost in priced if np.isnan(cost)})
        notes.append(f"no cost and no handle time is known in {', '.join(blank)}: costs per issue are not available")
    if outcome is not None:
        notes.append(
            f"scores per issue are means of the {outcome} answers after last contacts, as surveyed: "
            "they describe who answers and who uses a channel today, not what a move would do"
        )
    return notes


def _agreement(lengths: pd.DataFrame) -> list[str]:
    if lengths.empty:
        return []
    counted, predicted = mean_contacts(lengths)
    text = f"contacts per issue as linked, long issues cut short: {counted:.3f} counted, {predicted:.3f} by the chain"
    far = abs(counted - predicted) > _CHAIN_TOLERANCE
    return [f"{text}; they should agree: do not rely on the chain" if far else text]


def _without_chance(linked: Mapping[str | None, IssueChain], chains: Mapping[str | None, IssueChain]) -> list[str]:
    if not chains:
        return []
    before, after = (float(c[None].starts @ c[None].solved().contacts) for c in (linked, chains))
    return [
        f"contacts per issue by the chain: {before:.3f} as linked, {after:.3f} without links by chance; "
        "chain, map and taxes rest on the latter"
    ]
