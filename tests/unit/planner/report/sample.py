"""A seeded, consistent frontier for tests of what people see; its numbers hang together but mean nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.frontier import Frontier

HOSTILE = "</script><img src=x onerror=alert(1)>"
POOLS = ("Billing team", "Care team", "Chat desk", "Vendor north", "Back office", "AI assistant")
CHANNELS = ("voice", "chat", "email", "self_service", "ai_assistant")
REASONS = ("card lost", "balance", "fees", "transfer")


def sample_frontier(
    n: int = 40,
    *,
    seed: int = 0,
    days: int = 7,
    pools: tuple[str, ...] = POOLS,
    currency: str = "USD",
    meta: dict[str, Any] | None = None,
    without: tuple[str, ...] = (),
) -> Frontier:
    """Return Today and `n` plans; `without` names optional tables to leave out."""
    rng = np.random.default_rng(seed)
    plans = _plans(rng, n)
    starts = _starts(days)
    tables = {
        "plans": plans,
        "staffing": _staffing(rng, plans, pools, starts),
        "rules": _rules(plans, pools),
    } | _small_tables(rng, plans, pools)
    tables["shifts"] = _shifts(plans, pools, starts)
    explanations = {
        plan: f"{plan} costs less than Today by moving card losses to chat. "
        "The next CX point costs about 3,440 a week. "
        f"It is limited by {pools[0]} on Monday at 10:00."
        for plan in plans["plan"]
    }
    return Frontier(
        tables={name: frame for name, frame in tables.items() if name not in without},
        certificate={"model": 0.968, "resolution": 0.94, "ratio": 0.91, "reference": [3.5, 130_000.0, -0.05]},
        explanations=explanations,
        meta=_meta(currency) | {"experience_table": _experience(rng)} | (meta or {}),
    )


def _meta(currency: str) -> dict[str, Any]:
    return {
        "scenario": "retail_bank",
        "title": "Retail bank, one week",
        "currency": currency,
        "seed": 1,
        "outcome": "csat",
        "scale": [1.0, 5.0],
        "created": "2026-01-05T08:00:00",
        "run_key": "0a1b2c3d",
        "manifest_hash": "f00dcafe",
        "versions": {"cxfrontier": "0.1.0", "numpy": "2.1"},
        "risk": {"draws": 60, "words": "60 draws of everything."},
        "notes": ["4 % of contacts have no reason and were allocated by the mix of their interval."],
    }


def _plans(rng: np.random.Generator, n: int) -> pd.DataFrame:
    share, safety = rng.random(n), rng.random(n)
    cost = 92_000 + 32_000 * share + 9_000 * safety + rng.normal(0, 150, n)
    cx = 3.62 + 0.32 * (1 - (1 - share) ** 2) + rng.normal(0, 0.004, n)
    frame = pd.DataFrame({"cx": cx, "cost": cost, "headroom": -0.02 + 0.32 * safety})
    frame = frame.sort_values("cost", ignore_index=True)
    today = pd.DataFrame({"cx": [3.80], "cost": [112_000.0], "headroom": [0.04]})
    frame = pd.concat([today, frame], ignore_index=True)
    frame.insert(0, "plan", ["today", *[f"p{number:03d}" for number in range(1, n + 1)]])
    frame.insert(1, "name", "")
    frame["peak_fte"] = np.round(frame["cost"] / 600)
    frame["p_shortfall"] = np.clip(0.5 - 1.4 * frame["headroom"], 0, 1).round(3)
    frame["status"] = ["found", *rng.choice(["proven", "within_gap", "found"], n)]
    frame["gap"] = np.where(frame["status"] == "found", np.nan, 0.013)
    frame["origin"] = ["today", *rng.choice(["master", "search"], n)]
    frame["committed"] = 88_000.0
    frame["avoidable"] = frame["cost"] - 88_000.0
    frame["hires"] = np.maximum(0, np.round((frame["cost"] - 113_000) / 2500))
    frame["overtime_h"] = 4.0
    frame["doable"] = frame["hires"] == 0
    frame["p_cx_at_least_today"] = np.clip(0.5 + (frame["cx"] - 3.80) * 6, 0.001, 0.999)
    frame["ties_with_today"] = frame["p_cx_at_least_today"].between(0.05, 0.95)
    frame["abandon_rate"] = 0.04
    frame["promises_kept"] = frame["headroom"] >= 0
    frame["cost_bound"] = frame["cost"] / 1.013
    frame["cx_low"], frame["cx_high"] = frame["cx"] - 0.05, frame["cx"] + 0.05
    _name(frame)
    return frame


def _name(frame: pd.DataFrame) -> None:
    frame.loc[0, "name"] = "today"
    others = frame.iloc[1:]
    good, within = others["cx"] >= 3.80, others["cost"] <= 112_000
    picks = {
        "cheapest": others[good & (others["headroom"] >= 0.04)]["cost"],
        "best_cx": -others[within]["cx"],
        "resilient": -others[good & within]["headroom"],
        "balanced": others["cost"] / 1e5 - others["cx"],
    }
    for key, score in picks.items():
        free = score[frame.loc[score.index, "name"] == ""]
        if len(free):
            frame.loc[free.idxmin(), "name"] = key


def _starts(days: int) -> list[pd.Timestamp]:
    return [
        pd.Timestamp("2026-01-05 07:00") + pd.Timedelta(days=day, minutes=30 * slot)
        for day in range(days)
        for slot in range(28)
    ]


def _staffing(
    rng: np.random.Generator, plans: pd.DataFrame, pools: tuple[str, ...], starts: list[pd.Timestamp]
) -> pd.DataFrame:
    shape = np.array([np.exp(-(((s.hour - 10.5) / 4) ** 2)) + 0.2 for s in starts]) * [
        0.5 if s.day_of_week > 4 else 1.0 for s in starts
    ]
    size = np.array([30.0, 22, 12, 8, 4, 0][: len(pools)])
    level = plans["cost"].to_numpy() / 112_000
    required = np.einsum("p,g,t->pgt", level, size, shape)
    on_task = np.ceil(required + rng.random(required.shape))
    index = pd.MultiIndex.from_product([plans["plan"], pools, starts], names=["plan", "pool", "interval"])
    frame = pd.DataFrame({"on_task": on_task.ravel(), "scheduled": np.ceil(on_task / 0.7).ravel()}, index=index)
    frame["required"] = required.ravel()
    return frame.reset_index()


def _shifts(plans: pd.DataFrame, pools: tuple[str, ...], starts: list[pd.Timestamp]) -> pd.DataFrame:
    days = sorted({start.date() for start in starts})
    kinds = [("early", "07:00", "15:30"), ("late", "12:30", "21:00")]
    rows = [
        (plan, pool, day, *kind, 5)
        for plan in plans.loc[plans["name"] != "", "plan"]
        for pool in pools
        for day in days
        for kind in kinds
    ]
    return pd.DataFrame(rows, columns=["plan", "pool", "day", "shift", "start", "end", "people"])


def _rules(plans: pd.DataFrame, pools: tuple[str, ...]) -> pd.DataFrame:
    rows = [
        row
        for plan in plans["plan"]
        for row in (
            (plan, 1, REASONS[0], "voice", "*", 0.0, 0.4, 0.0, 1.0, pools[0], 0, "chat", None, None, "moves to chat"),
            (plan, 2, "*", "*", "*", 0.0, 1.0, 0.0, 1.0, pools[0], 1, None, pools[-1], 60.0, "default"),
        )
    ]
    return pd.DataFrame(
        rows,
        columns=[
            "plan", "rule", "entry_reason", "channel", "segment", "offer_from", "offer_to", "pool_from", "pool_to",
            "pool", "priority", "channel_offer", "overflow_pool", "overflow_after_s", "why",
        ],
    )  # fmt: skip


def _small_tables(rng: np.random.Generator, plans: pd.DataFrame, pools: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    mix, costs, promises, risk, hires, prices, segments, service = [], [], [], [], [], [], [], []
    gains, flows = [], []
    for row in plans.itertuples():
        moved = 0.0 if row.plan == "today" else float(rng.uniform(0, 0.4))
        for reason in REASONS:
            for channel, share in zip(CHANNELS, (1 - moved, moved, 0, 0, 0), strict=True):
                mix.append((row.plan, reason, "all", "voice", channel, 4000.0 * share, share))
            mix.append((row.plan, reason, "all", "email", "email", 900.0, 1.0))
            for segment, share in (("gold", 0.25), ("basic", 0.75)):
                change = 0.0 if row.plan == "today" else (0.08 if segment == "gold" else -0.05) * (reason != "fees")
                gains.append((row.plan, reason, segment, 4900.0 * share, 3.8 + change, change))
            if row.name:
                later = (("first", 4000.0), ("returned", 800.0), ("escalated", 100.0))
                flows += [(row.plan, reason, "all", "voice", "voice", pools[0], stage, n) for stage, n in later]
        for item, part in (("people", 0.8), ("contacts", 0.12), ("vendor", 0.06), ("hiring", 0.02)):
            costs.append((row.plan, item, pools[0], row.cost * part * 0.6))
            costs.append((row.plan, item, pools[-1], row.cost * part * 0.4))
        for day in ("Mon", "Tue", "Wed"):
            value = 0.8 + row.headroom / 2 + (0.02 if day == "Tue" else 0)
            promises.append((row.plan, "voice answered in 20 s", day, 0.8, value, value >= 0.8))
        promises.append((row.plan, "abandoned", "month", 0.05, 0.04, True))
        for axis, spread in (("cx", 0.05), ("cost", 2500.0), ("headroom", 0.05)):
            middle = getattr(row, axis)
            near = (middle - spread / 5, middle + spread / 5)
            risk.append((row.plan, axis, middle - spread, middle, middle + spread, *near))
        for axis, share in (("p_promises", 1 - row.p_shortfall), ("p_efficient", 0.7), ("regret", 0.02)):
            risk.append((row.plan, axis, np.nan, share, np.nan, share * 0.9, share))
        hires.append((row.plan, pools[0], 40.0, 40.0 + row.hires, row.hires, row.overtime_h, 0.0))
        prices.append((row.plan, f"one more agent hour in {pools[0]} on Monday 10:00", 41.5, "per hour"))
        segments += [(row.plan, "gold", 5000.0, row.cx + 0.1), (row.plan, "basic", 15000.0, row.cx - 0.03)]
        service.append((row.plan, pools[0], pd.Timestamp("2026-01-05 10:00"), 60.0, 24.0, 0.81, 0.03, 0.86))
    names = {
        "channel_mix": (mix, "plan reason segment from_channel channel issues share"),
        "costs": (costs, "plan item pool amount"),
        "gains": (gains, "plan reason segment issues cx change"),
        "flows": (flows, "plan reason segment from_channel channel pool stage contacts"),
        "promises": (promises, "plan promise period target value kept"),
        "risk": (risk, "plan axis p10 p50 p90 low high"),
        "hires": (hires, "plan pool heads needed hires overtime_h time_off_h"),
        "prices": (prices, "plan what price unit"),
        "segments": (segments, "plan segment issues cx"),
        "service": (service, "plan pool interval offered asa_s service_level abandon_rate occupancy"),
    }
    frames = {name: pd.DataFrame(rows, columns=columns.split()) for name, (rows, columns) in names.items()}
    return frames | _stated_tables()


def _stated_tables() -> dict[str, pd.DataFrame]:
    assumptions = pd.DataFrame(
        [
            ("shrinkage of Billing team", 0.28, 0.22, 0.34, "measured", 0.01, 6200.0, 0.02),
            ("acceptance of the chat offer", 0.35, 0.2, 0.5, "stated", 0.04, 1800.0, 0.01),
            ("score of an abandoned contact", 1.5, 1.0, 2.5, "default", 0.03, np.nan, np.nan),
        ],
        columns=["input", "value", "low", "high", "source", "swing_cx", "swing_cost", "swing_headroom"],
    )
    bound = pd.DataFrame(
        [
            (h, slope, base - slope * (97_000 + 30_000 * h))
            for h in (0.0, 0.1, 0.3)
            for slope, base in ((2.2e-5, 3.67), (1e-5, 3.77), (3e-6, 3.89), (0.0, 3.96))
        ],
        columns=["headroom", "slope", "intercept"],
    )
    return {"assumptions": assumptions, "bound": bound, "bridge": _bridge(), "attainment": _attainment()}


def _attainment() -> pd.DataFrame:
    """Three staircases that do not cross, at one headroom level."""
    return pd.DataFrame(
        [
            (0.0, curve, 96_000.0 + shift + 3000 * k, 3.8 + 0.03 * k - shift / 1e5)
            for curve, shift in (("p10", 0.0), ("p50", 1500.0), ("p90", 3000.0), ("mean", 1600.0))
            for k in range(5)
        ],
        columns=["headroom", "curve", "cost", "cx"],
    )


def _bridge() -> pd.DataFrame:
    """From a survey mean of 4.10 to Today's 3.80, one step changing nothing."""
    steps = [("Survey mean", 4.10), ("Left out", 0.0), ("Per issue", 0.06), ("Non-response", -0.16), ("Lost", -0.20)]
    frame = pd.DataFrame(steps, columns=["step", "change"])
    frame["value"] = frame["change"].cumsum()
    return frame.assign(words="What this step does.")[["step", "value", "change", "words"]]


def _experience(rng: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for reason in REASONS:
        for channel in CHANNELS:
            support = str(rng.choice(["ok", "ok", "sparse", "extrapolated", "none"]))
            mean = np.nan if support == "none" else float(rng.uniform(3.2, 4.4))
            rows.append(
                {"reason": reason, "channel": channel, "segment": "all", "mean": mean, "sd": 0.5, "lower": mean - 0.1}
                | {"upper": mean + 0.1, "n_contacts": 1200, "n_effective": 300.0, "support": support}
            )
    return rows


def odd_frontiers() -> dict[str, Frontier]:
    """Frontiers that pages must survive: no plan, one, three pieces, ties, an axis that does not vary."""
    base = sample_frontier(24, days=1)
    table = base.table
    third = table["plan"].str[1:].where(table.index > 0, "0").astype(int) % 3
    pieces = table.assign(
        cost=np.where(table.index > 0, 90_000 + 25_000 * third + (table["cost"] - 92_000) * 0.1, table["cost"]),
        cx=np.where(table.index > 0, 3.6 + 0.18 * third + (table["cx"] - 3.6) * 0.1, table["cx"]),
    )
    twins = table.copy()
    twins.loc[1::2, ["cx", "cost", "headroom"]] = twins.loc[2::2, ["cx", "cost", "headroom"]].to_numpy()
    tables = {
        "three pieces": pieces,
        "ties": twins.assign(ties_with_today=table.index > 0),
        "constant headroom": table.assign(headroom=0.0),
        "constant cx": table.assign(cx=3.8),
    }
    odd = {name: replace(base, tables={**base.tables, "plans": plans}) for name, plans in tables.items()}
    return odd | {"no plan": sample_frontier(0, days=1), "one plan": sample_frontier(1, days=1)}


def numbers_of(row: str | list[float | None]) -> list[float | None]:
    """Read a row of a staffing map as the page does."""
    if isinstance(row, list):
        return row
    width = int(row[0])
    told = [row[k : k + width] for k in range(1, len(row), width)]
    return [None if text.endswith("-") else int(text, 36) for text in told]
