"""Customers of random worlds in which the effect of experience on churn is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit


def customers(seed: int, n: int = 4_000, *, slope: float | None = None) -> tuple[pd.DataFrame, float]:
    """One row per customer, and the true average effect of one unresolved issue against none.

    Tenure, price and plan drive both experience and churn, in shapes of their own per world; `admin` tickets follow the
    same drivers and do nothing. `slope` 0: experience does nothing either.
    """
    world = np.random.default_rng(seed)
    base, slope = world.uniform(-2.5, -1.0), world.uniform(0.2, 1.0) if slope is None else slope
    bend, price, plan = world.uniform(0.1, 0.5), world.uniform(-0.4, 0.4), world.normal(0, 0.5, 3)
    bad = world.uniform(-1.5, -0.5), world.uniform(-0.5, 0.5), world.normal(0, 0.3, 3)

    def draw(rng: np.random.Generator, size: int) -> tuple[pd.DataFrame, np.ndarray]:
        frame = pd.DataFrame(
            {
                "customer": [f"c{k}" for k in range(size)],
                "tenure": rng.exponential(24, size),
                "price": rng.normal(50, 15, size),
                "plan": rng.integers(0, 3, size),
            }
        )
        z, g = (frame["price"] - 50) / 15, frame["plan"].to_numpy()
        risk = base - bend * np.log1p(frame["tenure"]) + 0.9 + price * z + plan[g]
        trouble = np.exp(bad[0] + bad[1] * z + bad[2][g] - 0.2 * np.log1p(frame["tenure"]) + 0.5)
        frame["unresolved"] = rng.poisson(trouble)
        frame["admin"] = rng.poisson(trouble)
        return frame, risk.to_numpy()

    _, risk = draw(np.random.default_rng(10_000 + seed), 50_000)
    truth = float((expit(risk + slope) - expit(risk)).mean())
    rng = np.random.default_rng(20_000 + seed)
    frame, risk = draw(rng, n)
    dose = np.array([0.0, 1.0, 1.6, 2.0])[np.minimum(frame["unresolved"], 3)]
    frame["churned"] = (rng.random(n) < expit(risk + slope * dose)).astype(int)
    frame["plan"] = frame["plan"].map({0: "basic", 1: "plus", 2: "pro"})
    return frame, truth


def instrumented(seed: int, n: int = 60_000) -> tuple[pd.DataFrame, float]:
    """Customers whose hidden grudge causes both trouble and churn, while agents come at random; the true effect."""
    rng = np.random.default_rng(seed)
    agent = rng.integers(0, 150, n)
    skill = rng.normal(0, 0.8, 150)[agent]
    grudge, tenure = rng.normal(0, 1, n), rng.exponential(24, n)
    earlier = grudge + rng.normal(0, 1.0, n)
    failed = rng.random(n) < expit(-1.2 + 0.7 * grudge - skill)
    risk = -3.7 + 0.45 * grudge - 0.01 * (tenure - 24)
    p0, p1 = expit(risk), expit(risk + 0.55)
    left = rng.random(n) < np.where(failed, p1, p0)
    frame = pd.DataFrame(
        {
            "unresolved": failed.astype(int),
            "agent": agent,
            "tenure": tenure,
            "earlier_score": earlier,
            "churned": left.astype(int),
        }
    )
    return frame, float((p1 - p0).mean())
