"""Steady-state waiting: how long contacts wait for given agents, and how many agents a promise needs.

Compiled scalar versions for use inside other compiled loops are in `solvers.queueing.kernels`.
"""

from solvers.queueing.backlog import deferred_work
from solvers.queueing.blending import blended_waiting
from solvers.queueing.chats import chat_waiting
from solvers.queueing.loss import loss_probability
from solvers.queueing.patience_curve import PatienceCurve
from solvers.queueing.priorities import priority_waiting
from solvers.queueing.quantiles import wait_quantile
from solvers.queueing.redials import with_redials
from solvers.queueing.requirement import agents_required
from solvers.queueing.service_definitions import service_levels
from solvers.queueing.square_root import square_root_agents, square_root_p_wait
from solvers.queueing.steady_state import Waiting, waiting
from solvers.queueing.time_varying import interval_waiting

__all__ = [
    "PatienceCurve",
    "Waiting",
    "agents_required",
    "blended_waiting",
    "chat_waiting",
    "deferred_work",
    "interval_waiting",
    "loss_probability",
    "priority_waiting",
    "service_levels",
    "square_root_agents",
    "square_root_p_wait",
    "wait_quantile",
    "waiting",
    "with_redials",
]
