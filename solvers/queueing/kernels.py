"""The compiled scalar kernels under one name, for use inside other compiled loops.

They check nothing: rates and agents must be non-negative. Time is in mean service times for the Erlang and priority
kernels, in seconds for the chat kernels.
"""

from solvers.queueing.chat_kernels import chat_queue, chat_service_level
from solvers.queueing.erlang_kernels import erlang_a, erlang_a_service_level, erlang_b
from solvers.queueing.priority_kernels import priority_queue_lengths, priority_service_levels

__all__ = [
    "chat_queue",
    "chat_service_level",
    "erlang_a",
    "erlang_a_service_level",
    "erlang_b",
    "priority_queue_lengths",
    "priority_service_levels",
]
