"""Plans simulated contact by contact: what the formulas of the evaluator say, checked by events."""

from planner.simulation.network import Assumptions
from planner.simulation.simulated import PlanSimulation, SimulationSettings, simulate_plan

__all__ = ["Assumptions", "PlanSimulation", "SimulationSettings", "simulate_plan"]
