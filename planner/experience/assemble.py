"""The experience model of a history: fits, stated overrides and side tables put together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from planner.experience import estimated as est
from planner.experience import flows
from planner.experience.anonymous import fill_unfollowed
from planner.experience.chain import next_contact_chain, spectral_radius
from planner.experience.chance import looked_up, without_chance
from planner.experience.design import Posterior
from planner.experience.evidence import Evidence
from planner.experience.fallback import fill_unsurveyed, read_off, selection_sd
from planner.experience.handle_times import handle_times
from planner.experience.hierarchical import Array
from planner.experience.issues import issues_table, resolved_first
from planner.experience.model import ExperienceModel, Support
from planner.experience.moves import MOVE_COLUMNS, spoken_moves, stated_moves
from planner.experience.samplers import ScoreSampler
from planner.experience.serving import serving_table
from planner.experience.stated import (
    blank_outcomes,
    complete_outcomes,
    escalation_shares,
    overlay_stated,
    own_wait_curves,
    stated_patience,
    stated_wait_curve,
)
from planner.experience.targets import interval_columns
from planner.experience.waits import with_stated
from planner.history.outcomes import Outcome
from planner.scenario import Scenario


@dataclass(frozen=True)
class Journeys:
    """What stitched issues say: where contacts go next, and issues per type.

    `follow`: `reason, channel, kind (return | escalation), to_reason, to_channel, contacts`; `volumes`: as from
    `issues.with_issues`, every label known; `chance`: per reason, the probability that a contact is followed by chance.
    """

    follow: pd.DataFrame
    volumes: pd.DataFrame
    chance: pd.Series


def estimated_model(
    evidence: Evidence,
    journeys: Journeys,
    fits: est.Fits,
    asked: Asked,
    *,
    outcome: Outcome,
    scenario: Scenario | None,
) -> ExperienceModel:
    """Put together the experience model of a history; what the scenario states overrides it, row by row."""
    better = outcome.higher_is_better
    notes = [*evidence.notes, *fits.notes, *_unseen_returns(journeys.volumes)]
    if scenario is not None:
        fits = replace(fits, waits=with_stated(fits.waits, own_wait_curves(scenario), fits.last))
    escalations, more = _escalations(journeys, scenario)
    notes += more
    outcomes, moves, sampler = _estimates(fits, evidence, asked, better)
    outcomes, more = fill_unfollowed(outcomes, evidence.cells)
    notes += more
    _take_chance_out(outcomes, moves, journeys.chance)
    unheard = ~outcomes["channel"].isin(escalations["channel"])
    outcomes["p_escalate"] = outcomes["p_escalate"].mask(unheard & outcomes["p_escalate"].notna(), 0.0)
    outcomes, more = fill_unsurveyed(outcomes, fits.surveyed, evidence.cells.scale)
    notes += more
    table = read_off(asked.read.table, outcomes, evidence.cells.scale)
    if scenario is not None:
        outcomes = overlay_stated(outcomes, scenario)
        outcomes, more = complete_outcomes(outcomes, scenario, set(escalations["channel"]))
        notes += more
    moves = _completed_moves(moves, outcomes, selection_sd(evidence.cells.scale))
    places = serving_table(scenario) if scenario is not None else outcomes
    returns = flows.return_shares(journeys.follow, places[["reason", "channel"]])
    chain = next_contact_chain(outcomes, returns, escalations)
    waits = fits.waits.curve if scenario is None else _wait_curves(fits.waits.curve, scenario)
    given = None if scenario is None else stated_patience(scenario)
    channels = list(scenario.channels) if scenario is not None else sorted(evidence.waited["channel"])
    return ExperienceModel(
        outcome=outcome.name,
        table=table,
        reasons=est.reasons_table(fits),
        outcomes=outcomes,
        moves=moves,
        wait_curve=waits,
        returns=returns,
        escalations=escalations,
        patience=flows.patience_table(channels, evidence.waited, given),
        confusion=flows.confusion_shares(evidence.cells, None if scenario is None else list(scenario.reasons)),
        issues=issues_table(journeys.volumes, resolved_first(evidence.cells.frame, journeys.chance)),
        chain=chain,
        notes=tuple(dict.fromkeys(notes)),
        quality=_quality(fits, evidence, spectral_radius(chain)),
        sampler=_sampler(sampler, outcomes, moves),
    )


@dataclass(frozen=True)
class Asked:
    """What is to be estimated: outcome rows with the contacts history has of each, moves, and what is read off both."""

    outcomes: pd.DataFrame
    moves: pd.DataFrame
    read: est.Readings


def asked_of(evidence: Evidence, fits: est.Fits, scenario: Scenario | None) -> Asked:
    """List the outcome rows and moves to be estimated, and read off what the model and its bias both need."""
    rows = outcome_rows(evidence, scenario)
    moves = est.move_rows(rows)
    return Asked(rows, moves, est.readings(fits, moves))


def outcome_rows(evidence: Evidence, scenario: Scenario | None) -> pd.DataFrame:
    """List the outcome rows to be estimated, with the contacts history has of each."""
    rows = est.seen_outcomes(evidence.cells) if scenario is None else blank_outcomes(scenario)
    frame = evidence.cells.frame
    counts = frame.groupby(["entry_reason", "segment", "channel", "pool", "stage"])["contacts"].sum()
    keys = pd.MultiIndex.from_frame(rows[["reason", "segment", "channel", "pool", "stage"]])
    return rows.assign(n_contacts=counts.reindex(keys).fillna(0.0).to_numpy())


def _unseen_returns(volumes: pd.DataFrame) -> tuple[str, ...]:
    share = float(volumes["anonymous_contacts"].sum() / max(float(volumes["contacts"].sum()), 1.0))
    if not 0.02 < share < 1:
        return ()
    return (
        f"returns in one of the {share:.0%} anonymous contacts are not seen: "
        f"where identification is chance, true return shares are up to {1 / (1 - share):.2f} times the estimates",
    )


def _take_chance_out(outcomes: pd.DataFrame, moves: pd.DataFrame, chance: pd.Series) -> None:
    for frame in (outcomes, moves):
        frame["p_return"] = without_chance(frame["p_return"], looked_up(frame["reason"], chance))


def _escalations(journeys: Journeys, scenario: Scenario | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    measured = flows.measured_escalations(journeys.follow)
    if scenario is None:
        return measured, ()
    measured = measured[measured["to_channel"].isin(list(scenario.channels))]
    measured = measured[measured["channel"].isin(list(scenario.channels))].reset_index(drop=True)
    return flows.combined_escalations(measured, escalation_shares(scenario))


@dataclass(frozen=True)
class _Sample:
    """The joint posterior of outcome rows, then moves, with the shift from the posterior's mean to zero wait."""

    posterior: Posterior
    rows: int
    shift: Array


def _estimates(
    fits: est.Fits, evidence: Evidence, asked_for: Asked, better: bool
) -> tuple[pd.DataFrame, pd.DataFrame, _Sample | None]:
    """Fill outcomes and moves with what history says; rows it says nothing about keep NaN and support none."""
    cells = evidence.cells
    outcomes, asked, read = asked_for.outcomes.copy(), asked_for.moves, asked_for.read
    outcomes["aht_s"] = handle_times(cells, outcomes)
    outcomes["p_escalate"] = flows.escalation_rates(cells, outcomes)
    p_return, moved_return = est.return_shares_of(fits, cells, outcomes, asked)
    outcomes["p_return"] = p_return
    moves = asked.rename(columns={"entry_reason": "reason"})
    moves = moves.assign(effect=read.effect, sd=read.sd, support=read.support, score=np.nan, p_return=moved_return)
    found = est.final_scores(fits, outcomes, asked)
    sample = None
    if found is not None:
        post, real = found
        rows = len(outcomes)
        sign = 1.0 if better else -1.0
        to = moves.rename(columns={"to_channel": "channel"})[["reason", "channel"]]
        gain = sign * np.concatenate([est.zero_wait_gain(fits, outcomes), est.zero_wait_gain(fits, to)])
        value = np.clip(post.mean + gain, *cells.scale)
        flags = est.outcome_support(fits, outcomes, post.mean[:rows], post.sd[:rows])
        usable = real[:rows] & (flags != Support.NONE.value) & outcomes["channel"].isin(fits.surveyed).to_numpy()
        outcomes["score"] = np.where(usable, value[:rows], np.nan)
        outcomes["score_sd"] = np.where(usable, post.sd[:rows], np.nan)
        outcomes["support"] = np.where(usable, flags, Support.NONE.value)
        outcomes["source"] = np.where(usable, "estimated", outcomes["source"])
        moves["score"] = np.where(moves["support"] != Support.NONE.value, value[rows:], np.nan)
        sample = _Sample(post, rows, value - post.mean)
    return outcomes, moves, sample


def _completed_moves(moves: pd.DataFrame, outcomes: pd.DataFrame, selection: float) -> pd.DataFrame:
    """Let stated or extrapolated scores of a channel stand in where no move effect is estimated.

    A stated score of the new channel wins over the estimate; without an estimate, the effect is the difference of
    the two channels' scores, its sd widened by `selection` as nobody adjusts for who chose them. `unseen_bias_sd` is
    not in here: it is drawn with the risk.
    """
    keys = ["reason", "segment", "from_channel", "to_channel"]
    plain = moves[keys].merge(stated_moves(outcomes), on=keys, how="left", validate="one_to_one")
    spoken = spoken_moves(moves, outcomes) & plain["score"].notna().to_numpy()
    missing = (moves["support"] == Support.NONE.value).to_numpy() & plain["score"].notna().to_numpy()
    out = moves.reset_index(drop=True)
    take = spoken | missing
    for name in ("effect", "sd", "score"):
        out[name] = out[name].where(~take, plain[name])
    out["sd"] = out["sd"].where(spoken | ~missing, np.hypot(out["sd"], selection))
    out["p_return"] = out["p_return"].where(~spoken & out["p_return"].notna(), plain["p_return"])
    flag = np.where(spoken, Support.OK.value, Support.EXTRAPOLATED.value)
    out["support"] = np.where(take, flag, out["support"])
    out = out.assign(**interval_columns(out["effect"].to_numpy(float), out["sd"].to_numpy(float)))
    return out[MOVE_COLUMNS]


def _wait_curves(known: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Channels and reasons history never saw, and for which nothing is stated, lose nothing by waiting."""
    blank = stated_wait_curve(scenario)
    pairs = pd.MultiIndex.from_frame(known[["reason", "channel"]].drop_duplicates())
    missing = ~pd.MultiIndex.from_frame(blank[["reason", "channel"]]).isin(pairs)
    return pd.concat([known[known["channel"].isin(list(scenario.channels))], blank[missing]], ignore_index=True)


def _sampler(sample: _Sample | None, outcomes: pd.DataFrame, moves: pd.DataFrame) -> ScoreSampler | None:
    """Draw jointly what is as estimated, and by itself what something else stands in for."""
    if sample is None:
        return None
    score = np.concatenate([outcomes["score"].to_numpy(float), moves["score"].to_numpy(float)])
    spread = np.concatenate([outcomes["score_sd"].to_numpy(float), moves["sd"].to_numpy(float)])
    joint = np.isclose(score, sample.posterior.mean + sample.shift, equal_nan=False)
    posterior, statement = sample.posterior, np.full(len(score), -1)
    if "statement" in outcomes:
        statement[: len(outcomes)] = outcomes["statement"]
    return ScoreSampler(
        replace(posterior, loading=posterior.loading[:0].copy()), sparse.csr_array(posterior.loading), sample.rows,
        sample.shift, score, spread, joint, statement,
    )  # fmt: skip


def _quality(fits: est.Fits, evidence: Evidence, radius: float) -> dict[str, object]:
    frame = evidence.cells.frame
    contacts = float(frame["contacts"].sum())
    return {
        "history": True,
        "served_contacts": contacts,
        "answers": float(frame["answers"].sum()),
        "response_rate": float(frame["answers"].sum() / max(contacts, 1.0)),
        "covariates": list(evidence.cells.covariates),
        "covariate_bins": {name: list(cuts) for name, cuts in evidence.covariate_bins.items()},
        "covariate_known": dict(evidence.covariate_known),
        "surveyed_channels": list(fits.surveyed),
        "share_followed": float(frame.loc[frame["later"] != "unknown", "contacts"].sum() / max(contacts, 1.0)),
        "wait_variance_within_hours": fits.waits.within_hour,
        "spectral_radius": radius,
        "settled": {
            name: fit.fit.converged
            for name, fit in (("total", fits.total), ("final", fits.final), ("return", fits.back))
            if fit is not None
        },
    }
