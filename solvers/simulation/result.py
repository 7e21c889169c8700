"""What simulations yield: counts per replication, and estimates with intervals out of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from solvers.simulation.state import Ending, Measure

__all__ = ["Estimate", "Metric", "SimulationResult"]

Floats = NDArray[np.float64]


class Metric(StrEnum):
    """What can be estimated of a pool, an interval or all together."""

    OFFERED = "offered"
    """Contacts per cycle."""
    SERVICE_LEVEL = "service_level"
    """Share of offered contacts answered within the threshold."""
    ABANDON_RATE = "abandon_rate"
    """Share of offered contacts that abandon."""
    ASA_S = "asa_s"
    """Mean wait of all offered contacts that ended, those who abandon included, seconds."""
    ASA_ANSWERED_S = "asa_answered_s"
    """Mean wait of the answered contacts, seconds."""
    OVERFLOW_RATE = "overflow_rate"
    """Share of answered contacts that another pool than the first of their route served."""
    DEADLINE_KEPT = "deadline_kept"
    """Share of the contacts with a deadline that were finished by it."""
    AHT_S = "aht_s"
    """Mean work of an answered contact, seconds."""
    UNFINISHED_RATE = "unfinished_rate"
    """Share of offered contacts that still waited when the simulation stopped; 0 unless it is overloaded."""
    QUEUE_LENGTH = "queue_length"
    """Mean number of waiting contacts over time."""
    OCCUPANCY = "occupancy"
    """Work done over what the agents present could do at full concurrency."""


_RATIOS: dict[Metric, tuple[tuple[tuple[Measure, float], ...], tuple[tuple[Measure, float], ...]]] = {
    Metric.ABANDON_RATE: (((Measure.ABANDONED, 1.0),), ((Measure.OFFERED, 1.0),)),
    Metric.ASA_S: (((Measure.WAIT_S, 1.0),), ((Measure.ANSWERED, 1.0), (Measure.ABANDONED, 1.0))),
    Metric.ASA_ANSWERED_S: (((Measure.WAIT_ANSWERED_S, 1.0),), ((Measure.ANSWERED, 1.0),)),
    Metric.OVERFLOW_RATE: (((Measure.OVERFLOWED, 1.0),), ((Measure.ANSWERED, 1.0),)),
    Metric.DEADLINE_KEPT: (((Measure.IN_TIME, 1.0),), ((Measure.DUE, 1.0),)),
    Metric.AHT_S: (((Measure.WORK_S, 1.0),), ((Measure.ANSWERED, 1.0),)),
    Metric.UNFINISHED_RATE: (
        ((Measure.OFFERED, 1.0), (Measure.ANSWERED, -1.0), (Measure.ABANDONED, -1.0)),
        ((Measure.OFFERED, 1.0),),
    ),
    Metric.OCCUPANCY: (((Measure.BUSY_S, 1.0),), ((Measure.CAPACITY_S, 1.0),)),
}
"""Numerator and denominator as weighted sums of measures."""


@dataclass(frozen=True)
class Estimate:
    """Means with the half-width of their confidence interval, arrays of one shape; NaN where nothing was seen."""

    mean: Floats
    half_width: Floats

    @property
    def lower(self) -> Floats:
        """Lower end of the interval."""
        return np.asarray(self.mean - self.half_width)

    @property
    def upper(self) -> Floats:
        """Upper end of the interval."""
        return np.asarray(self.mean + self.half_width)


@dataclass(frozen=True)
class SimulationResult:
    """Counts of every replication.

    `tally` (replication, pool, interval + 1, measure), see `Measure`; the last interval stands for closed time.
    `endings` (replication, class, ending), see `Ending`. `cycles`, `cycle_s`: what each replication measured;
    `interval_s`. `within_s` thresholds of the service level; `confidence` of all intervals. `records`: one row per
    contact with its replication, if asked for, else None.
    """

    tally: Floats = field(repr=False)
    endings: Floats = field(repr=False)
    cycles: int
    cycle_s: float
    interval_s: float
    within_s: tuple[float, ...]
    confidence: float
    records: NDArray[np.void] | None = field(default=None, repr=False)

    @property
    def replications(self) -> int:
        """Number of replications."""
        return self.tally.shape[0]

    def estimate(self, metric: Metric | str, *, by: str = "all", threshold: int = 0) -> Estimate:
        """Estimate a metric with its confidence interval.

        Ratios are ratios of means over replications, with the interval of Student's t on their linearization
        (Cochran 1977, sec. 6.4), so that intervals with few contacts neither bias nor break them.

        Parameters
        ----------
        metric
            A `Metric` or its name.
        by
            "all"; "pool": shape (pool,); "interval": shape (pool, interval).
        threshold
            Index of `within_s` that the service level is about.
        """
        wanted = Metric(metric)
        axes = {"all": (1, 2), "pool": (2,), "interval": ()}
        if by not in axes:
            raise ValueError(f"by = {by!r} — must be one of {', '.join(axes)}")
        counts = self.tally[:, :, :-1] if by == "interval" else self.tally.sum(axis=axes[by])
        if wanted is Metric.OFFERED:
            return self._mean(counts[..., Measure.OFFERED] / self.cycles)
        if wanted is Metric.QUEUE_LENGTH:
            span = self.cycles * (self.interval_s if by == "interval" else self.cycle_s)
            return self._mean(counts[..., Measure.QUEUE_S] / span)
        return self.of_counts(wanted, counts, threshold=threshold)

    def of_counts(self, metric: Metric | str, counts: Floats, *, threshold: int = 0) -> Estimate:
        """Estimate a ratio over any pools and intervals.

        Parameters
        ----------
        metric
            Any `Metric` that is a ratio of sums: all but offered contacts and queue length.
        counts
            Sums of `tally` over them, shape (replication, ..., measure).
        threshold
            Index of `within_s` that the service level is about.
        """
        wanted = Metric(metric)
        if wanted is Metric.SERVICE_LEVEL:
            if not 0 <= threshold < len(self.within_s):
                raise ValueError(f"threshold = {threshold} — must be the index of one of within_s = {self.within_s}")
            return self.ratio(counts[..., Measure.WITHIN + threshold], counts[..., Measure.OFFERED])
        if wanted not in _RATIOS:
            raise ValueError(f"metric = {wanted.value!r} — must be a ratio: service_level, {', '.join(_RATIOS)}")
        above, below = _RATIOS[wanted]
        return self.ratio(_weighted(counts, above), _weighted(counts, below))

    def ratio(self, above: Floats, below: Floats) -> Estimate:
        """Estimate a ratio of two things counted per replication, both of shape (replication, ...)."""
        total = below.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(total > 0.0, above.sum(axis=0) / total, np.nan)
            rest = (above - mean * below) / (total / len(below))
        return Estimate(mean, self._half_width(rest))

    def ended(self) -> dict[str, Floats]:
        """Contacts per class and ending, means over replications, each of shape (class,)."""
        return {ending.name.lower(): self.endings[..., ending].mean(axis=0) for ending in Ending}

    def _mean(self, values: Floats) -> Estimate:
        return Estimate(values.mean(axis=0), self._half_width(values - values.mean(axis=0)))

    def _half_width(self, rest: Floats) -> Floats:
        """Half-width for a mean of independent values, given their distances from it, shape (replication, ...)."""
        n = len(rest)
        if n < 2:
            return np.full(rest.shape[1:], np.nan)
        quantile = stdtrit(n - 1, 0.5 + self.confidence / 2.0)
        return np.asarray(quantile * np.sqrt((rest**2).sum(axis=0) / (n - 1) / n))


def _weighted(counts: Floats, measures: tuple[tuple[Measure, float], ...]) -> Floats:
    return np.asarray(sum(weight * counts[..., measure] for measure, weight in measures))
