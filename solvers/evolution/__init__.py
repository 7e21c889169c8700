"""Evolutionary search, seeded with known points."""

from solvers.evolution.seeded_search import Space, evolve

__all__ = ["Space", "evolve"]
