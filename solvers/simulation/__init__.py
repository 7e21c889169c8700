"""Discrete-event simulation of networks of queues: what waiting formulas cannot say, and whether they are right."""

from solvers.simulation.distributions import Distribution, constant, empirical, exponential, gamma, log_normal
from solvers.simulation.experiment import simulate
from solvers.simulation.network import Network, NextContacts, Routes, make_network, single_queue
from solvers.simulation.result import Estimate, Metric, SimulationResult

__all__ = [
    "Distribution",
    "Estimate",
    "Metric",
    "Network",
    "NextContacts",
    "Routes",
    "SimulationResult",
    "constant",
    "empirical",
    "exponential",
    "gamma",
    "log_normal",
    "make_network",
    "simulate",
    "single_queue",
]
