"""The compiled scalar kernels under one name, for use inside other compiled loops.

They check nothing: rates and agents must be non-negative. Time is in mean service times for the Erlang and priority
kernels of common rates, in seconds (or any one unit) for the others.
"""

from solvers.queueing.chat_kernels import chat_queue, chat_service_level
from solvers.queueing.erlang_kernels import erlang_a, erlang_a_service_level, erlang_b
from solvers.queueing.general_kernels import general_queue
from solvers.queueing.nested_kernels import nested_priority
from solvers.queueing.priority_kernels import priority_queue_lengths, priority_service_levels

__all__ = [
    "chat_queue",
    "chat_service_level",
    "erlang_a",
    "erlang_a_service_level",
    "erlang_b",
    "general_queue",
    "nested_priority",
    "priority_queue_lengths",
    "priority_service_levels",
]
