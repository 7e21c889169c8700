"""Evolutionary search, seeded with known points."""

from solvers.evolution.evolve import Space, evolve

__all__ = ["Space", "evolve"]
