"""A frontier small enough to read: Today and three plans of a center with one pool and two intervals."""

from __future__ import annotations

import pandas as pd

from planner.frontier.frontier import Frontier

PLANS = (
    # plan, name, cx, cost, headroom, status, origin
    ("p000", "today", 3.90, 1000.0, 0.05, "found", "today"),
    ("p001", "cheapest", 3.92, 900.0, 0.02, "proven", "master"),
    ("p002", "best_cx", 4.05, 990.0, 0.05, "within_gap", "master"),
    ("p003", "", 4.20, 1200.5, 0.30, "found", "search"),
)


def _plans() -> pd.DataFrame:
    rows = [
        {
            "plan": plan,
            "name": name,
            "cx": cx,
            "cost": cost,
            "headroom": headroom,
            "peak_fte": 4.0,
            "p_shortfall": 0.1,
            "status": status,
            "gap": float("nan") if status == "found" else 0.01,
            "origin": origin,
            "committed": 500.0,
            "avoidable": cost - 500.0,
            "hires": 1 if plan == "p003" else 0,
            "overtime_h": 0.0,
            "doable": plan != "p003",
            "p_cx_at_least_today": 0.55 if plan == "p001" else 0.97,
            "ties_with_today": plan == "p001",
            "abandon_rate": 0.03,
            "promises_kept": True,
            "cost_bound": cost * 0.99,
            "cx_low": cx - 0.1,
            "cx_high": cx + 0.1,
        }
        for plan, name, cx, cost, headroom, status, origin in PLANS
    ]
    return pd.DataFrame(rows)


def _per_plan(columns: dict[str, list[object]]) -> pd.DataFrame:
    frames = [pd.DataFrame({"plan": plan[0]} | columns) for plan in PLANS]
    return pd.concat(frames, ignore_index=True)


def make_frontier(meta: dict[str, object] | None = None) -> Frontier:
    """Build the toy frontier."""
    intervals = [pd.Timestamp("2026-01-05 09:00"), pd.Timestamp("2026-01-05 09:30")]
    anything = {"entry_reason": ["*"], "channel": ["*"], "segment": ["*"]}
    always = {"offer_from": [0.0], "offer_to": [1.0], "pool_from": [0.0], "pool_to": [1.0]}
    actions = {"pool": ["phone"], "priority": [0], "channel_offer": [None], "overflow_pool": [None]}
    tables = {
        "plans": _plans(),
        "staffing": _per_plan(
            {"pool": ["phone"] * 2, "interval": intervals, "on_task": [3.0, 4.0], "scheduled": [3.5, 4.5]}
        ),
        "shifts": _per_plan(
            {
                "pool": ["phone"],
                "day": [pd.Timestamp("2026-01-05").date()],
                "shift": ["=cmd()"],
                "start": ["09:00"],
                "end": ["10:00"],
                "people": [4],
            }
        ),
        "channel_mix": _per_plan(
            {
                "reason": ["billing"] * 2,
                "segment": ["all"] * 2,
                "from_channel": ["voice"] * 2,
                "channel": ["voice", "chat"],
                "issues": [80.0, 20.0],
                "share": [0.8, 0.2],
            }
        ),
        "service": _per_plan(
            {
                "pool": ["phone"] * 2,
                "interval": intervals,
                "offered": [50.0, 50.0],
                "asa_s": [10.0, 30.0],
                "service_level": [0.9, 0.7],
                "abandon_rate": [0.01, 0.03],
                "occupancy": [0.7, 0.8],
            }
        ),
        "costs": _per_plan({"item": ["wages", "contacts"], "pool": ["phone", "phone"], "amount": [800.0, 100.0]}),
        "promises": _per_plan(
            {"promise": ["80_20"], "period": ["day"], "target": [0.8], "value": [0.8], "kept": [True]}
        ),
        "hires": _per_plan(
            {
                "pool": ["phone"],
                "heads": [4],
                "needed": [4.0],
                "hires": [0],
                "overtime_h": [0.0],
                "time_off_h": [0.0],
            }
        ),
        "rules": _per_plan(
            {"rule": [1]} | anything | always | actions | {"overflow_after_s": [float("nan")], "why": ["default"]}
        ),
        "prices": _per_plan({"what": ["one more agent"], "price": [12.5], "unit": ["EUR per agent"]}),
        "risk": _per_plan({"axis": ["cx"], "p10": [3.8], "p50": [3.9], "p90": [4.0]}),
    }
    return Frontier(
        tables=tables,
        certificate={"model": 0.99, "resolution": 0.95, "ratio": 0.9405, "reference": (3.8, 1300.0, 0.0)},
        explanations={plan[0]: f"{plan[0]} is on the frontier because nothing cheaper is as good." for plan in PLANS},
        meta={"scenario": "toy", "currency": "EUR", "seed": 0, "notes": ["a note"]} | (meta or {}),
    )
