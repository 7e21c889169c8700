"""The master with a group of its own for every interval: what groups are compared with."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np

from solvers.flow.groups import TimeGroups
from solvers.flow.master import Master
from solvers.flow.network import FlowNetwork
from solvers.flow.solution import Instance


def every_interval(network: FlowNetwork) -> TimeGroups:
    """Each interval is its own group."""
    intervals = network.profile.shape[1]
    return TimeGroups(np.arange(intervals), np.ones(intervals, dtype=np.int64), network.profile)


def full_master(instance: Instance) -> Master:
    """Compile the master of an instance at full resolution."""
    with patch("solvers.flow.declare.time_groups", every_interval):
        return Master(
            instance.network,
            instance.limits,
            instance.payroll,
            list(instance.catalogues),
            instance.pins,
            instance.doubt,
        )
