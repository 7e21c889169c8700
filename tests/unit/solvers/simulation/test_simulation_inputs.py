"""What cannot be simulated is refused, naming the argument, the index and the value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solvers.simulation import (
    Network,
    NextContacts,
    Routes,
    constant,
    empirical,
    exponential,
    gamma,
    log_normal,
    make_network,
    simulate,
    single_queue,
)


def small(**changed: Any) -> Network:
    arguments: dict[str, Any] = {
        "interval_s": 600.0,
        "arrivals": [[5.0, 6.0], [1.0, 2.0]],
        "agents": [[2.0, 3.0], [1.0, 1.0]],
        "distributions": (exponential(60.0), exponential(120.0), constant(0.0)),
        "service": [[0, 0], [-1, 0]],
        "patience": [1, 1],
    }
    return make_network(**{**arguments, **changed})


def edges(*rows: tuple[int, int, int, float]) -> NextContacts:
    of_class, pool, to, share = (np.array(column) for column in zip(*rows, strict=True))
    return NextContacts(
        of_class, pool, to, share.astype(float), np.full(len(rows), -1), np.zeros(len(rows), dtype=bool)
    )


WRONG = {
    "negative arrivals": ({"arrivals": [[5.0, -1.0], [1.0, 2.0]]}, r"arrivals\[0, 1\] = -1 — must be"),
    "NaN arrivals": ({"arrivals": [[5.0, np.nan], [1.0, 2.0]]}, r"arrivals\[0, 1\] = nan"),
    "negative agents": ({"agents": [[2.0, 3.0], [1.0, -1.0]]}, r"agents\[1, 1\] = -1"),
    "NaN agents": ({"agents": [[np.nan, 3.0], [1.0, 1.0]]}, r"agents\[0, 0\] = nan"),
    "agents without end, sometimes": ({"agents": [[np.inf, 3.0], [1.0, 1.0]]}, r"agents\[0, 1\] = 3 — must be inf"),
    "nobody ever": ({"agents": [[2, 3], [0, 0]], "patience": [1, -1]}, r"agents\[1\] = 0 in every interval — class 1"),
    "zero patience": ({"patience": [1, 2]}, r"patience\[1\] = 2 — must be a distribution with a mean above 0"),
    "unknown patience": ({"patience": [1, 3]}, r"patience\[1\] = 3 — must be between -1 and 2"),
    "K = 0": ({"speed": np.ones((2, 0))}, r"speed of shape \(2, 0\) — must have shape \(2, K\).*K >= 1"),
    "speed of zero": ({"speed": [[1.0], [0.0]]}, r"speed\[1, 0\] = 0 — must be above 0"),
    "a hole in the speeds": ({"speed": [[1, np.nan, 2.0], [1, 1.5, 2]]}, r"speed\[0, 1\] = 2 — must be NaN"),
    "endless service": (
        {"distributions": (exponential(np.inf), exponential(120.0), constant(0.0))},
        r"service\[0, 0\] = 0 — must be a distribution with a finite mean",
    ),
    "a deadline of nothing": ({"deadline_s": [[np.inf, 0.0]] * 2}, r"deadline_s\[0, 1\] = 0 — must be above 0"),
    "a negative reserve": ({"reserve": [[0, -1], [0, 0]]}, r"reserve\[0, 1\] = -1"),
    "a value of NaN": ({"value": [[0, 0], [np.nan, 0]]}, r"value\[1, 0\] = nan — must be finite"),
    "entry that does not sum": ({"entry": [[0.5, 0.4], [0.0, 1.0]]}, r"entry sum\[0\] = 0.9 — must be 1"),
    "overlapping intervals": ({"starts_s": [0.0, 300.0]}, r"starts_s\[0\] = 0 — must be at least interval_s = 600"),
    "a short cycle": ({"cycle_s": 900.0}, r"starts_s\[1\] = 600 — must be at least"),
    "another shape": ({"priority": np.zeros((3, 2))}, r"priority of shape \(3, 2\) — must have shape \(2, 2\)"),
    "a pool that cannot": (
        {"routes": Routes(np.array([0, 1]), np.ones(2), np.array([[0], [0]]), np.zeros((2, 1)))},
        r"routes.pool\[1, 0\] = 0 — must be a pool that can serve the class",
    ),
    "a closed first step": (
        {"routes": Routes(np.array([0, 1]), np.ones(2), np.array([[0], [1]]), np.array([[0.0], [5.0]]))},
        r"routes.after_s\[1, 0\] = 5 — must be 0",
    ),
    "shares that do not sum": (
        {"routes": Routes(np.array([0, 1]), np.array([0.8, 1.0]), np.array([[0], [1]]), np.zeros((2, 1)))},
        r"routes.share sum of class\[0\] = 0.8 — must be 1",
    ),
    "shares by interval that do not sum": (
        {
            "routes": Routes(
                np.array([0, 1]), np.array([[1.0, 0.7], [1.0, 1.0]]), np.array([[0], [1]]), np.zeros((2, 1))
            )
        },
        r"routes.share sum of class\[0, 1\] = 0.7 — must be 1",
    ),
    "shares of other intervals": (
        {"routes": Routes(np.array([0, 1]), np.ones((2, 3)), np.array([[0], [1]]), np.zeros((2, 1)))},
        r"routes.share of shape \(2, 3\) — must have shape \(2, 2\): \(route, interval\)",
    ),
    "more followers than contacts": (
        {"following": edges((0, 0, 1, 0.7), (0, 0, 0, 0.6))},
        r"following.share of class 0, served by pool 0, sums to 1.3",
    ),
    "a circle": (
        {"following": edges((0, 0, 1, 1.0), (1, 1, 0, 1.0))},
        r"class . .*spectral radius 1\) — must be below",
    ),
    "a circle of those who abandon": ({"following": edges((1, -1, 1, 1.0))}, r"class 1 .*spectral radius 1\)"),
    "a circle over service and abandonment": (
        {"following": edges((0, 1, 1, 1.0), (1, -1, 0, 1.0), (0, -1, 0, 0.2))},
        r"spectral radius 1\)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_refused(name: str) -> None:
    changed, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        small(**changed)


def test_a_long_way_that_ends_is_accepted() -> None:
    small(following=edges((0, 0, 0, 0.6), (0, -1, 0, 0.9), (0, 1, 1, 1.0), (1, 1, 0, 0.3), (1, -1, 1, 0.9)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: exponential(0.0), r"mean_s = 0.0 — must be above 0"),
        (lambda: exponential(np.nan), r"mean_s = nan"),
        (lambda: log_normal(60.0, -1.0), r"cv = -1.0 — must be a finite number above 0"),
        (lambda: gamma(60.0, 0.0), r"cv = 0.0 — .*constant"),
        (lambda: constant(-1.0), r"mean_s = -1.0 — must be at least 0"),
        (lambda: empirical([1.0, -2.0]), r"values_s\[1\] = -2"),
        (lambda: empirical([1.0, 2.0], [0.9, 0.3]), r"shares sum to 1.2"),
        (lambda: empirical([]), r"values_s of shape \(0,\)"),
        (lambda: empirical([1.0], [0.5, 0.5]), r"shares of shape \(2,\)"),
    ],
)
def test_refused_distributions(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"replications": 0}, "replications = 0 — must be a whole number of at least 1"),
        ({"seed": -1}, "seed = -1"),
        ({"warm_up": -1}, "warm_up = -1"),
        ({"cycles": 0}, "cycles = 0"),
        ({"confidence": 1.0}, "confidence = 1"),
        ({"answer_within_s": (20.0, -1.0)}, r"answer_within_s\[1\] = -1"),
        ({"until": {"asa_s": 0.0}}, r"until\['asa_s'\] = 0"),
        ({"replications": 2.5}, "replications = 2.5"),
        ({"seed": 1.5}, "seed = 1.5"),
        ({"most_replications": 0, "until": {"asa_s": 1.0}}, "most_replications = 0"),
        ({"until": {"happiness": 1.0}}, r"until\['happiness'\] — must be one of offered"),
        ({"drain_s": -5.0}, "drain_s = -5.0"),
    ],
)
def test_refused_settings(changed: dict[str, Any], message: str) -> None:
    network = single_queue(0.1, exponential(60.0), 8, horizon_s=1000)
    with pytest.raises(ValueError, match=message):
        simulate(network, **{"replications": 2, "seed": 1, **changed})


def test_refused_questions() -> None:
    found = simulate(single_queue(0.1, exponential(60.0), 8, horizon_s=1000), replications=2, seed=1)
    with pytest.raises(ValueError, match=r"by = 'agent' — must be one of all, pool, interval"):
        found.estimate("asa_s", by="agent")
    with pytest.raises(ValueError, match=r"threshold = 1"):
        found.estimate("service_level", threshold=1)


def test_a_horizon_without_intervals_is_refused() -> None:
    with pytest.raises(ValueError, match="intervals = 0 — must be at least 1"):
        single_queue(0.1, exponential(60.0), 8, horizon_s=1000, intervals=0)
