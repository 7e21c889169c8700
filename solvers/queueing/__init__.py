"""Steady-state waiting: how long contacts wait for given agents, and how many agents a promise needs.

Compiled scalar versions for use inside other compiled loops are in `solvers.queueing.kernels`.
"""

from solvers.queueing.chats import chat_waiting
from solvers.queueing.hull import Facets, erlang_a_hull
from solvers.queueing.redials import with_redials
from solvers.queueing.requirement import agents_required
from solvers.queueing.steady_state import Waiting, wait_quantile, waiting

__all__ = [
    "Facets",
    "Waiting",
    "agents_required",
    "chat_waiting",
    "erlang_a_hull",
    "wait_quantile",
    "waiting",
    "with_redials",
]
