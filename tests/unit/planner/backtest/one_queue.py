"""A center of one phone team whose every law is known, lived through for some weeks by the simulator."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd

from planner.backtest import CenterFacts, PoolFacts
from planner.history import History, load_history
from solvers.simulation import exponential, log_normal, make_network, simulate

MONDAY = pd.Timestamp("2026-03-02")
OPENS, CLOSES = 8, 18
SLOTS = 2 * (CLOSES - OPENS)
AHT_S, PATIENCE_S = 240.0, 300.0


def one_pool(**changed: object) -> CenterFacts:
    """Facts of the center."""
    pool = PoolFacts("phone", "voice", True, (1.0,), 0.3, 20.0)
    values: dict[str, object] = {"pools": (pool,), "opens": OPENS * 60, "closes": CLOSES * 60, "interval_min": 30}
    return CenterFacts(**{**values, **changed})  # type: ignore[arg-type]


def mean_day() -> np.ndarray:
    """Expected contacts per half hour of every day."""
    return 30.0 + 18.0 * np.sin(np.linspace(0.0, 2.0 * np.pi, SLOTS))


def agents() -> np.ndarray:
    """Agents per half hour of every day."""
    return np.ceil(mean_day() * AHT_S / 1800.0 + 0.4)


@functools.cache
def lived_weeks(weeks: int, seed: int, growth_last: float = 1.0) -> pd.DataFrame:
    """Contacts of some weeks; in the last one volume is multiplied by `growth_last`."""
    day, people = mean_day(), agents()
    volume = np.tile(np.r_[day, 0.0], 7 * weeks)
    volume[-7 * (SLOTS + 1) :] *= growth_last
    network = make_network(
        interval_s=1800.0,
        arrivals=volume[None],
        agents=np.tile(np.r_[people, people[-1]], 7 * weeks)[None],
        distributions=(log_normal(AHT_S, 0.9), exponential(PATIENCE_S)),
        service=[[0]],
        patience=[1],
        starts_s=(np.arange(7 * weeks)[:, None] * 86_400.0 + np.arange(SLOTS + 1) * 1800.0).ravel(),
        cycle_s=weeks * 604_800.0,
    )
    rows = pd.DataFrame(simulate(network, replications=1, seed=seed, records=True).records)
    rng = np.random.default_rng(seed)
    gone = (rows["pool"] < 0).to_numpy()
    score = np.where(gone | (rng.random(len(rows)) < 0.6), np.nan, rng.integers(3, 6, len(rows)))
    start = MONDAY + pd.Timedelta(hours=OPENS) + pd.to_timedelta(rows["arrival_s"], unit="s")
    frame = pd.DataFrame({"started_at": start.dt.round("ms"), "channel": "voice", "pool": "phone"})
    frame["wait_s"] = rows["wait_s"].round(3)
    frame["handle_s"] = np.where(gone, np.nan, rows["work_s"].round(3))
    frame["abandoned"], frame["csat"] = gone, score
    frame = frame.sort_values("started_at", kind="stable", ignore_index=True)
    frame.insert(0, "contact_id", [f"c{k}" for k in range(len(frame))])
    return frame


def stood(weeks: int) -> pd.DataFrame:
    """The staffing table of these weeks."""
    day = MONDAY + pd.to_timedelta(np.arange(7 * weeks), unit="D")
    times = pd.to_timedelta(OPENS * 60 + 30 * np.arange(SLOTS), unit="min")
    at = (day.to_numpy()[:, None] + times.to_numpy()).ravel()
    people = np.tile(agents(), 7 * weeks)
    return pd.DataFrame({"interval_start": at, "pool": "phone", "scheduled": people / 0.7, "on_task": people})


def write_history(folder: Path, contacts: pd.DataFrame, staffing: pd.DataFrame | None) -> History:
    """Load it through files, as a user would."""
    contacts.to_parquet(folder / "contacts.parquet", index=False)
    if staffing is None:
        return load_history(folder / "contacts.parquet", salt="pepper")
    staffing.to_parquet(folder / "staffing.parquet", index=False)
    return load_history(folder / "contacts.parquet", staffing=folder / "staffing.parquet", salt="pepper")
