"""One world through the public doors: estimates of every method against the truth, as flat records."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from experience_peers import PEERS
from experience_worlds import WINDOW_DAYS, World, make_world

import planner
from planner.errors import PlannerError
from planner.experience.chance import chance_links
from planner.experience.issues import labeled_volumes, with_issues
from planner.experience.rows import over_segments, row_means
from planner.history import first_contact_volumes
from planner.history.rows import contact_rows

Z90 = 1.6448536269514722
OURS, ROWS = "planner.estimate", "row-level doubly robust"
ALL = 10**9
REASON, SEGMENT = ("reason",), ("reason", "segment")

Record = dict[str, str | float]


def world_records(seed: int, family: str, contacts: int) -> list[Record]:
    """Score every method on one world; a record per outcome, level and method."""
    world = make_world(seed, family, contacts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.parquet"
        world.rows.to_parquet(path)
        records = []
        for outcome, truth in (("csat", world.truth_scores), ("fcr", world.truth_fcr)):
            history = planner.load_history(path, salt="benchmark")
            records += _outcome_records(world, history, outcome, truth)
    return [{**record, "family": family, "contacts": contacts, "seed": seed} for record in records]


def _outcome_records(world: World, history: object, outcome: str, truth: pd.DataFrame) -> list[Record]:
    covariates = world.covariates
    asked = {"outcome": outcome, "covariates": covariates}
    model, seconds, failure = _timed(lambda: planner.estimate(history, **asked))
    frame = contact_rows(history, **asked, window_days=WINDOW_DAYS, at_most=ALL, seed=0).frame
    records: list[Record] = []
    for level, by in (("reason x channel", REASON), ("reason x channel x segment", SEGMENT)):
        true = _truth_by(truth, by)
        tables: dict[str, tuple[pd.DataFrame, float]] = {}
        for name, method in PEERS.items():
            table, spent, _ = _timed(partial(method, frame, covariates, by))
            tables[name] = (table, spent)
        if by == REASON:
            found, spent, _ = _timed(lambda: row_means(history, **asked, at_most=ALL, chance=_chance(history)))
            tables[ROWS] = (found.table, spent)
        if model is not None:
            own = model.table if by == SEGMENT else over_segments(model.table)
            tables[OURS] = (own, seconds)
        else:
            records.append({"outcome": outcome, "level": level, "method": OURS, "failure": failure})
        records += [{"outcome": outcome, "level": level, **record} for record in _scored(tables, true, by)]
    if model is not None:
        records += _moves(model, world, outcome)
        records += _waits(model, world) if outcome == "csat" else []
    return records


def _chance(history: object) -> pd.Series:
    """Probability per reason that a contact is followed by chance: first-contact resolution is blind to it else."""
    volumes, _ = with_issues(labeled_volumes(first_contact_volumes(history, window_days=WINDOW_DAYS), None))
    return chance_links(history, volumes, WINDOW_DAYS)[0]


def _timed(work: Callable[[], object]) -> tuple[object, float, str]:
    """Result (None where it fails), seconds of processor time, what went wrong."""
    began = time.process_time()
    try:
        return work(), time.process_time() - began, ""
    except (PlannerError, ValueError, np.linalg.LinAlgError) as error:
        return None, time.process_time() - began, f"{type(error).__name__}: {error}"


def _truth_by(truth: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    weighted = truth.assign(total=truth["truth"] * truth["people"])
    sums = weighted.groupby([*by, "channel"], as_index=False)[["total", "people", "users"]].sum()
    sums = sums[sums["users"] > 0]
    return sums.assign(truth=sums["total"] / sums["people"])[[*by, "channel", "truth"]].reset_index(drop=True)


def _scored(tables: dict[str, tuple[pd.DataFrame, float]], truth: pd.DataFrame, by: tuple[str, ...]) -> list[Record]:
    """Score all methods on the cells for which every one of them has an answer."""
    keys = [*by, "channel"]
    joined = {name: truth.merge(table, on=keys, how="left") for name, (table, _) in tables.items()}
    usable = np.all([(t["mean"].notna() & (t["sd"] > 0)).to_numpy() for t in joined.values()], axis=0)
    naive = _rmse((joined["naive mean"]["mean"] - truth["truth"])[usable])
    records = []
    for name, table in joined.items():
        error = (table["mean"] - truth["truth"])[usable]
        records.append(
            {"method": name, **_figures(error, table["sd"][usable]), "ratio": _rmse(error) / naive,
             "seconds": tables[name][1], "left_out": float((~usable).mean())}
        )  # fmt: skip
    return records


def _figures(error: pd.Series, sd: pd.Series) -> Record:
    z = error / sd
    return {
        "rmse": _rmse(error),
        "bias": float(error.mean()),
        "coverage": float((z.abs() <= Z90).mean()),
        "z2": float((z**2).mean()),
        "width": float(2 * Z90 * sd.median()),
        "cells": float(len(error)),
    }


def _rmse(error: pd.Series) -> float:
    return float(np.sqrt(np.mean(np.square(error))))


def _moves(model: object, world: World, outcome: str) -> list[Record]:
    """Effects of moves (>= 100 users) beside the difference of the means of all customers."""
    column = "score" if outcome == "csat" else "fcr"
    keys = ["reason", "segment", "from_channel", "to_channel"]
    truth = world.truth_moves[world.truth_moves["users"] >= 100].rename(columns={column: "truth"})[[*keys, "truth"]]
    joined = truth.merge(model.moves[[*keys, "effect", "sd"]], on=keys, how="inner").dropna()
    means = model.table.set_index(["reason", "segment", "channel"])["mean"]
    here, there = (
        means.reindex(pd.MultiIndex.from_frame(joined[["reason", "segment", name]])).to_numpy()
        for name in ("from_channel", "to_channel")
    )
    wrong = _rmse((there - here - joined["truth"]).dropna())
    error = joined["effect"] - joined["truth"]
    return [{"outcome": outcome, "level": "moves", "method": OURS, **_figures(error, joined["sd"]), "wrong": wrong}]


def _waits(model: object, world: World) -> list[Record]:
    """Loss of each wait band against the channel's first band, mean curve over reasons."""
    if model.wait_curve.empty:
        return []
    curve = model.wait_curve.groupby(["channel", "wait_s"], as_index=False)[["loss", "sd"]].mean()
    errors, sds, losses = [], [], []
    for channel, bands in world.truth_waits.groupby("channel"):
        own = curve[curve["channel"] == channel]
        if own.empty:
            continue
        wait = bands["wait_s"].to_numpy(float)
        loss = np.interp(wait, own["wait_s"], own["loss"])
        errors += list((loss - loss[0] - bands["loss"].to_numpy(float))[1:])
        sds += list(np.interp(wait, own["wait_s"], own["sd"])[1:])
        losses += list(bands["loss"].to_numpy(float)[1:])
    if not errors:
        return []
    figures = _figures(pd.Series(errors), pd.Series(sds).where(lambda s: s > 0))
    return [{"outcome": "csat", "level": "wait curve", "method": OURS, **figures, "wrong": _rmse(pd.Series(losses))}]
