"""Steady-state waiting: how long contacts wait for a given number of agents, and how many agents a promise needs."""
