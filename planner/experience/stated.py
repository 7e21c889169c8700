"""The experience a scenario states by itself: outcomes, moves and wait curves without any history."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from planner.errors import Issue, ScenarioError
from planner.experience.chain import contacts_per_issue, next_contact_chain
from planner.experience.model import STAGES, ExperienceModel, Stage, Support
from planner.experience.moves import stated_moves
from planner.experience.serving import serving_table
from planner.experience.statements import stated_sampler
from planner.scenario import Scenario
from planner.scenario.quantities import Provenance
from planner.scenario.scenario import OutcomeRow

VALUES = ("aht_s", "p_escalate", "p_return", "score", "score_sd")
_SELECTORS = ("reason", "channel", "segment", "pool")
_FLAT_WAIT_S = 3600.0


def stated_model(scenario: Scenario) -> ExperienceModel:
    """Build the experience model of a scenario that has no history.

    Every pool x type it may serve x stage gets its values from `experience.outcomes` (later rows win). Unresolved
    contacts come back with the same reason in the same channel; escalated contacts go where `escalations` says,
    in equal parts; the reason known at routing is taken to be the true one.

    Raises
    ------
    ScenarioError
        A staffed pool may serve a reason whose handle time nobody states, or escalates to nowhere.
    """
    returns = same_returns(scenario)
    escalations = escalation_shares(scenario)
    given = overlay_stated(blank_outcomes(scenario), scenario)
    outcomes, notes = complete_outcomes(given, scenario, set(escalations["channel"]))
    chain, moves = next_contact_chain(outcomes, returns, escalations), stated_moves(outcomes)
    return ExperienceModel(
        outcome=scenario.experience.metric.value,
        table=_reading_table(outcomes),
        outcomes=outcomes,
        moves=moves,
        wait_curve=stated_wait_curve(scenario),
        returns=returns,
        escalations=escalations,
        patience=stated_patience(scenario),
        confusion=pd.DataFrame(
            {"entry_reason": list(scenario.reasons), "reason": list(scenario.reasons), "share": 1.0}
        ),
        issues=_stated_issues(outcomes, contacts_per_issue(chain)),
        chain=chain,
        notes=("everything is stated by the scenario: nothing was measured", *notes),
        quality={"history": False},
        sampler=stated_sampler(outcomes, moves),
    )


def blank_outcomes(scenario: Scenario) -> pd.DataFrame:
    """Return every row of the outcomes table with no value yet: NaN, support none, source default."""
    stages = pd.DataFrame({"stage": [stage.value for stage in STAGES]})
    frame = serving_table(scenario).merge(stages, how="cross")
    frame[list(VALUES)] = np.nan
    frame["n_contacts"] = 0.0
    frame["support"] = Support.NONE.value
    frame["source"] = Provenance.DEFAULT.value
    return frame


def overlay_stated(outcomes: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Put the stated rows over the table: later rows win, what nobody states stays.

    A row that names the stage first holds for redialed contacts too (nothing was handled before). A later stage
    nobody gives a value takes the value of the first stage. A stated score makes the row usable: support ok,
    source stated; its sd is 0 where none is stated. Column `statement`: which stated row the score is from, −1 none.
    """
    frame = outcomes.assign(statement=-1)
    named: dict[str, pd.Series] = {name: pd.Series(False, index=frame.index) for name in VALUES}
    for number, row in enumerate(scenario.experience.outcomes):
        mask = _matches(frame, row)
        for name in VALUES:
            value = getattr(row, name)
            if value is not None:
                frame.loc[mask, name] = value
                named[name] |= mask
        if row.score is not None:
            frame.loc[mask, "statement"] = number
            frame.loc[mask, "score_sd"] = row.score_sd or 0.0
    for name in VALUES:
        known = named[name] & (frame["stage"] == Stage.FIRST.value)
        first = _first_values(frame, known, name)
        fill = frame[name].isna() & first.notna()
        frame.loc[fill, name] = first[fill]
        if name == "score":
            frame.loc[fill, "statement"] = _first_values(frame, known, "statement")[fill].astype(int)
        named[name] |= fill
    frame.loc[named["score"], "support"] = Support.OK.value
    untouched = frame["source"] == Provenance.DEFAULT.value
    spoken = pd.concat(named, axis=1).any(axis=1) & untouched
    frame.loc[named["score"] | spoken, "source"] = Provenance.STATED.value
    return frame


def _matches(frame: pd.DataFrame, row: OutcomeRow) -> pd.Series:
    mask = pd.Series(True, index=frame.index)
    for name in _SELECTORS:
        wanted = getattr(row, name)
        if wanted is not None:
            mask &= frame[name] == wanted
    if row.stage is not None:
        stages = [row.stage, Stage.REDIALED.value] if row.stage == Stage.FIRST.value else [row.stage]
        mask &= frame["stage"].isin(stages)
    return mask


def _first_values(frame: pd.DataFrame, known: pd.Series, name: str) -> pd.Series:
    """Return, aligned with `frame`, the value of the same pool and type at the first stage, where it is known."""
    keys = ["reason", "segment", "pool"]
    first = frame.loc[known, [*keys, name]]
    joined = frame[keys].merge(first, on=keys, how="left", validate="many_to_one")[name]
    return pd.Series(joined.to_numpy(float), index=frame.index)


def complete_outcomes(
    outcomes: pd.DataFrame, scenario: Scenario, escalating: Collection[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Check what every row must have and fill what may be left out; returns the table and notes.

    Return and escalation probabilities nobody gives are 0, and a note says so. Handle times of automated pools may
    be missing (NaN): no agent is busy there. `escalating` names the channels whose escalated contacts have
    somewhere to go.
    """
    staffed = outcomes["pool"].map({key: pool.staffed for key, pool in scenario.pools.items()}).astype(bool)
    issues = [_handle_time_issue(*pair) for pair in _pairs(outcomes[staffed & outcomes["aht_s"].isna()])]
    targets = outcomes["channel"].isin(list(escalating))
    stray = outcomes[(outcomes["p_escalate"] > 0) & ~targets]
    issues += [_escalation_issue(channel) for channel in dict.fromkeys(stray["channel"])]
    if issues:
        raise ScenarioError(issues)
    frame = outcomes.copy()
    notes = []
    for name, words in (("p_return", "share of contacts that return"), ("p_escalate", "share of contacts escalated")):
        missing = frame[name].isna()
        needed = missing & (targets if name == "p_escalate" else True)
        if needed.any():
            notes.append(f"{words}: not given for {int(needed.sum())} of {len(frame)} outcomes, taken as 0")
        frame.loc[missing, name] = 0.0
    silent = frame.loc[frame["score"].isna(), ["reason", "channel"]].drop_duplicates()
    if len(silent):
        named = ", ".join(f"{r} in {c}" for r, c in silent.head(8).itertuples(index=False))
        notes.append(f"no score, so plans do not use it: {named}{' ...' if len(silent) > 8 else ''}")
    return frame, tuple(notes)


def _pairs(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return list(frame[["reason", "pool"]].drop_duplicates().itertuples(index=False, name=None))


def _handle_time_issue(reason: str, pool: str) -> Issue:
    return Issue(
        file="scenario",
        line=None,
        column=None,
        path="experience.outcomes",
        message=f"no aht_s for reason {reason} in pool {pool}; a staffed pool needs a handle time in seconds: "
        f"add {{reason: {reason}, pool: {pool}, aht_s: ...}} or take {reason} off the pool's reasons",
    )


def _escalation_issue(channel: str) -> Issue:
    return Issue(
        file="scenario",
        line=None,
        column=None,
        path="escalations",
        message=f"contacts of channel {channel} escalate, but no escalation starts there; "
        f"add {{from_channel: {channel}, to_channel: ...}} or set p_escalate to 0",
    )


def same_returns(scenario: Scenario) -> pd.DataFrame:
    """Say that unresolved contacts come back with the same reason in the same channel."""
    rows = [(r, c, r, c, 1.0) for r in scenario.reasons for c in scenario.channels]
    return pd.DataFrame(rows, columns=["reason", "channel", "to_reason", "to_channel", "share"])


def escalation_shares(scenario: Scenario) -> pd.DataFrame:
    """Split the escalated contacts of a channel equally over the channels the scenario names."""
    rows = list(dict.fromkeys((e.from_channel, e.to_channel) for e in scenario.escalations))
    frame = pd.DataFrame(rows, columns=["channel", "to_channel"])
    frame["share"] = 1.0 / frame.groupby("channel")["to_channel"].transform("size")
    return frame.astype({"share": float})


def stated_patience(scenario: Scenario) -> pd.DataFrame:
    """Return mean patience per channel, seconds; infinite where the scenario names none."""
    rows = [
        (key, np.inf, 0.0, Provenance.DEFAULT.value)
        if channel.patience_s is None
        else (key, channel.patience_s.value, 0.0, Provenance.STATED.value)
        for key, channel in scenario.channels.items()
    ]
    return pd.DataFrame(rows, columns=["channel", "patience_s", "n_abandoned", "source"])


def stated_wait_curve(scenario: Scenario) -> pd.DataFrame:
    """Return the stated wait curves for every reason; no loss at any wait where none is stated."""
    knots = {curve.channel: list(zip(curve.wait_s, curve.loss, strict=True)) for curve in scenario.experience.wait_loss}
    rows = [
        (reason, channel, wait_s, loss, 0.0)
        for reason in scenario.reasons
        for channel in scenario.channels
        for wait_s, loss in knots.get(channel, [(0.0, 0.0), (_FLAT_WAIT_S, 0.0)])
    ]
    return pd.DataFrame(rows, columns=["reason", "channel", "wait_s", "loss", "sd"])


def own_wait_curves(scenario: Scenario) -> pd.DataFrame:
    """Return the stated wait curves of those channels for which the scenario states one."""
    curves = stated_wait_curve(scenario)
    return curves[curves["channel"].isin([curve.channel for curve in scenario.experience.wait_loss])]


def _reading_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    first = outcomes[outcomes["stage"] == Stage.FIRST.value]
    keys = ["reason", "channel", "segment"]
    table = first.groupby(keys, sort=False, as_index=False).agg(mean=("score", "mean"), sd=("score_sd", "mean"))
    table["lower"] = table["mean"] - 1.645 * table["sd"]
    table["upper"] = table["mean"] + 1.645 * table["sd"]
    table["n_contacts"] = 0.0
    table["n_effective"] = 0.0
    table["support"] = np.where(table["mean"].notna(), Support.OK.value, Support.NONE.value)
    return table


def _stated_issues(outcomes: pd.DataFrame, per_issue: pd.DataFrame) -> pd.DataFrame:
    first = outcomes[outcomes["stage"] == Stage.FIRST.value]
    resolved = (1 - first["p_escalate"]) * (1 - first["p_return"])
    frame = first.assign(fcr=resolved).groupby(["reason", "segment"], sort=False, as_index=False)[["fcr"]].mean()
    mean = per_issue.groupby("reason", sort=False)["contacts_per_issue"].mean()
    frame["issues"] = np.nan
    frame["contacts"] = np.nan
    frame["contacts_per_issue"] = frame["reason"].map(mean).astype(float)
    frame["share_anonymous"] = np.nan
    return frame[["reason", "segment", "issues", "contacts", "contacts_per_issue", "fcr", "share_anonymous"]]
