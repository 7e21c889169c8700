"""What could be changed, by how much: instances with a limit relaxed or an input improved by a share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from solvers.flow.solution import Instance

Change = Callable[[Instance, float], Instance]
FIRST, TOLERANCE, MOST = 0.01, 1e-3, 64.0


@dataclass(frozen=True)
class Lever:
    """One thing to change: words, the change by a ratio (0: nothing), and the largest ratio that makes sense."""

    words: str
    change: Change
    most: float = MOST


def budget(instance: Instance, ratio: float) -> Instance:
    """Raise the budget."""
    return replace(instance, limits=replace(instance.limits, budget=instance.limits.budget * (1 + ratio)))


def seats(instance: Instance, ratio: float) -> Instance:
    """Add workplaces."""
    return replace(instance, limits=replace(instance.limits, seat_max=instance.limits.seat_max * (1 + ratio)))


def segment_floor(instance: Instance, ratio: float) -> Instance:
    """Lower the floors of segments by a share of what lies between them and the score of an abandoned contact."""
    network = instance.network
    floor = network.segment_min - ratio * np.maximum(network.segment_min - network.score_abandoned, 0.0)
    return replace(instance, network=replace(network, segment_min=floor))


def heads(instance: Instance, ratio: float) -> Instance:
    """Have more people on the payroll and to hire."""
    payroll = instance.payroll
    more = {name: getattr(payroll, name) * (1 + ratio) for name in ("heads", "hires_max")}
    return replace(instance, payroll=replace(payroll, **more))


def automated_rate(instance: Instance, ratio: float) -> Instance:
    """Let automated pools and vendors take more contacts per interval."""
    pools = instance.network.pools
    return _with_pools(instance, rate_max=pools.rate_max * (1 + ratio))


def contract_volume(instance: Instance, ratio: float) -> Instance:
    """Let vendors take more contacts over the horizon."""
    return _with_pools(instance, contract_max=instance.network.pools.contract_max * (1 + ratio))


def occupancy(instance: Instance, ratio: float) -> Instance:
    """Raise the occupancy caps, to 1 at most."""
    return _with_pools(instance, occupancy_max=np.minimum(instance.network.pools.occupancy_max * (1 + ratio), 1.0))


def wait_limit(instance: Instance, ratio: float) -> Instance:
    """Let types lose a larger share while waiting, everybody at most."""
    network = instance.network
    return replace(instance, network=replace(network, abandon_max=min(1.0, network.abandon_max * (1 + ratio))))


def shrinkage(instance: Instance, ratio: float) -> Instance:
    """Lower the shrinkage of all pools."""
    return _with_pools(instance, shrinkage=instance.network.pools.shrinkage * (1 - ratio))


def handle_time(instance: Instance, ratio: float) -> Instance:
    """Shorten every handle time."""
    network = instance.network
    return replace(
        instance, network=replace(network, flows=replace(network.flows, aht_s=network.flows.aht_s * (1 - ratio)))
    )


def acceptance(instance: Instance, ratio: float) -> Instance:
    """Have more customers accept every steer, all of them at most."""
    network = instance.network
    nodes = network.nodes
    more = np.where(nodes.steer >= 0, np.minimum(nodes.acceptance * (1 + ratio), 1.0), nodes.acceptance)
    return replace(instance, network=replace(network, nodes=replace(nodes, acceptance=more)))


def _with_pools(instance: Instance, **changes: object) -> Instance:
    network = instance.network
    return replace(instance, network=replace(network, pools=replace(network.pools, **changes)))  # type: ignore[arg-type]


def least_ratio(
    enough: Callable[[float], bool], most: float = MOST, tolerance: float = TOLERANCE
) -> tuple[float, float] | None:
    """Find the least ratio at which `enough` holds: (largest tried at which it does not, smallest at which it does).

    Doubling from 1 %, then halving down to the tolerance; (0, 0) where nothing must change, None where even `most` is
    too little. `enough` must be monotone.
    """
    if enough(0.0):
        return 0.0, 0.0
    if not enough(most):
        return None
    low, high = 0.0, min(FIRST, most)
    while high < most and not enough(high):
        low, high = high, min(2 * high, most)
    while high - low > tolerance:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return low, high
