"""The linear master: Pyomo declares it once, HiGHS holds it per headroom level, only bounds and cuts change.

Rows live on groups of intervals; paid hours are bounded by day-cover cuts at full resolution, written on the work
columns, so no shift has a column. The matrix is affine in headroom, A(h) = A0 + h·A1: two compilations give every
level. Every row is a relaxation of what the evaluator counts, so each optimum is also a bound.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy import sparse

from solvers.flow.cuts import CutPool
from solvers.flow.families import FAMILIES
from solvers.flow.groups import time_groups
from solvers.flow.network import Floats, FlowNetwork, Limits
from solvers.highs import Answer, HeldProgram, Program
from solvers.shifts.catalogue import Catalogue, Payroll

MOST_CUT_ROUNDS = 40


def declare(network: FlowNetwork, limits: Limits, payroll: Payroll, paid_ratio: Floats, longest_h: Floats) -> Any:
    """Declare the columns of the master as a Pyomo model without rows.

    `paid_ratio` (pool,): least paid hours per person and interval on the floor; `longest_h` (pool,): most paid hours
    of a shift.
    """
    model = pyo.ConcreteModel()
    model.net, model.limits, model.payroll = network, limits, payroll
    model.paid_ratio, model.longest_h = paid_ratio, longest_h
    model.groups = time_groups(network)
    model.times = range(len(model.groups.size))
    pools, flows = network.pools, network.flows
    model.flows_at = _members(flows.node, len(network.nodes.kind))
    model.flows_in = _members(flows.pair, len(network.pair_pool))
    model.pairs_of = _members(network.pair_pool, len(pools.queue))
    model.queued_pools = [int(g) for g in np.flatnonzero(pools.waits & np.isfinite(pools.patience_s))]
    queued = np.isin(flows.pool, model.queued_pools)
    curved = queued & (network.wait_hull_slope.max(axis=1, initial=0.0)[flows.pair] > 0)
    staffed = [int(g) for g in np.flatnonzero(pools.staffed)]
    model.h = pyo.Param(mutable=True, initialize=0.0)
    model.flow = pyo.Var(range(len(flows.node)), domain=pyo.NonNegativeReals)
    model.wait = pyo.Var([int(f) for f in np.flatnonzero(queued)], domain=pyo.NonNegativeReals)
    model.loss = pyo.Var([int(f) for f in np.flatnonzero(curved)], domain=pyo.NonNegativeReals)
    model.work = pyo.Var(range(len(network.pair_pool)), domain=pyo.NonNegativeReals)
    model.on_task = pyo.Var(staffed, model.times, domain=pyo.NonNegativeReals)
    model.queue = pyo.Var(model.queued_pools, model.times, domain=pyo.NonNegativeReals)
    model.paid = pyo.Var(staffed, range(network.days), domain=pyo.NonNegativeReals)
    model.people = pyo.Var(staffed, range(network.days), domain=pyo.NonNegativeReals)
    model.overtime = pyo.Var(staffed, domain=pyo.NonNegativeReals)
    model.hires = pyo.Var(staffed, bounds=lambda _, g: (0, float(payroll.hires_max[g])))
    model.cx = pyo.Var(range(len(network.segment_min)))
    model.cx_mean = pyo.Var()
    model.cost = pyo.Var()
    model.goal = pyo.Objective(expr=model.cost)
    return model


def _members(keys: Any, count: int) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = defaultdict(list, {k: [] for k in range(count)})
    for position, key in enumerate(keys):
        groups[int(key)].append(position)
    return groups


def add_families(model: Any, families: Any = FAMILIES) -> None:
    """Add the rows of constraint families, one indexed constraint each."""
    for family in families:
        block = pyo.ConstraintList()
        model.add_component(family.__name__, block)
        for _, row in family(model):
            if row is not True:
                block.add(row)


@dataclass(frozen=True)
class MasterPoint:
    """One optimum of the master: axes, flows, waits, heads, and the plane that bounds every plan at this headroom.

    For all feasible plans: cx <= intercept + slope·cost. `heads` (pool,): people the paid hours and working days ask
    for, before rounding.
    """

    headroom: float
    cx: float
    cost: float
    slope: float
    intercept: float
    flow: Floats
    wait: Floats
    heads: Floats


class Master:
    """The compiled master of one network; levels of headroom are opened with `level`."""

    def __init__(
        self, network: FlowNetwork, limits: Limits, payroll: Payroll, catalogues: list[Catalogue | None]
    ) -> None:
        self.network, self.limits, self.payroll, self.catalogues = network, limits, payroll, catalogues
        ratio, longest = np.zeros(len(network.pools.queue)), np.zeros(len(network.pools.queue))
        for g, catalogue in enumerate(catalogues):
            if catalogue is not None:
                ratio[g] = float((catalogue.paid_h / catalogue.cover.sum(axis=1)).min())
                longest[g] = float(catalogue.paid_h.max())
        model = declare(network, limits, payroll, ratio, longest)
        add_families(model)
        self._compile(model)

    def _compile(self, model: Any) -> None:
        compiler = LinearStandardFormCompiler()
        forms = []
        for headroom in (0.0, 1.0):
            model.h.set_value(headroom)
            forms.append(compiler.write(model, mixed_form=True))
        base = forms[0]
        place = {id(v): k for k, v in enumerate(base.columns)}
        inverse = np.argsort(np.array([place[id(v)] for v in forms[1].columns]))
        first, second = sparse.csr_matrix(base.A), sparse.csr_matrix(forms[1].A)
        self._a0, self._a1 = first, sparse.csr_matrix(second[:, inverse] - first)
        self._lower, self._upper = _row_bounds(base)
        self.families = np.array([row.constraint.parent_component().name for row in base.rows])
        bounds = [v.bounds for v in base.columns]
        self._col_lower = np.array([-np.inf if b[0] is None else b[0] for b in bounds])
        self._col_upper = np.array([np.inf if b[1] is None else b[1] for b in bounds])
        self.columns = {
            name: {key: place[id(var)] for key, var in getattr(model, name).items() if id(var) in place}
            for name in ("flow", "wait", "work", "on_task", "queue", "paid", "people", "hires", "cx", "cx_mean", "cost")
        }
        self.size = (len(base.rows), len(base.columns), first.nnz)

    def level(self, headroom: float, dropped: frozenset[str] = frozenset()) -> Level:
        """Open the master at a headroom; rows of `dropped` families are switched off (to explain infeasibility)."""
        lower, upper = self._lower.copy(), self._upper.copy()
        off = np.isin(self.families, list(dropped))
        lower[off], upper[off] = -np.inf, np.inf
        n = len(self._col_lower)
        cost_row = sparse.csr_matrix(([1.0], ([0], [self.columns["cost"][None]])), shape=(1, n))
        program = Program(
            cost=np.zeros(n),
            matrix=sparse.vstack([self._a0 + headroom * self._a1, cost_row], format="csr"),
            row_lower=np.append(lower, -np.inf),
            row_upper=np.append(upper, np.inf),
            lower=self._col_lower,
            upper=self._col_upper,
        )
        return Level(self, headroom, program, dropped)


def _row_bounds(form: Any) -> tuple[Floats, Floats]:
    lower, upper = np.full(len(form.rows), -np.inf), np.full(len(form.rows), np.inf)
    for k, (row, value) in enumerate(zip(form.rows, form.rhs, strict=True)):
        if row.bound_type <= 0:
            lower[k] = value
        if row.bound_type >= 0:
            upper[k] = value
    return lower, upper


class Level:
    """The master at one headroom: a held program that grows by cuts and is swept along cost."""

    def __init__(self, master: Master, headroom: float, program: Program, dropped: frozenset[str]) -> None:
        self.master, self.headroom = master, headroom
        self._held = HeldProgram(program)
        self._cost_row = program.matrix.shape[0] - 1
        self._n = len(program.cost)
        self._cuts = CutPool(
            master.network, master.limits, master.payroll, master.catalogues, master.columns, headroom, dropped
        )

    @property
    def rows(self) -> int:
        """Rows held now, cuts included."""
        return self._held.rows

    def _optimize(self, cx_weight: float, cost_weight: float, cost_at_most: float) -> Answer:
        """Minimize cost_weight·cost − cx_weight·cx with cuts until none is violated."""
        columns = self.master.columns
        objective = np.zeros(self._n)
        objective[columns["cx_mean"][None]] = -cx_weight
        objective[columns["cost"][None]] = cost_weight
        self._held.set_cost(objective)
        self._held.set_row(self._cost_row, -np.inf, cost_at_most)
        answer = self._held.solve()
        for _ in range(MOST_CUT_ROUNDS):
            if not answer.optimal:
                break
            matrix, lower = self._cuts.violated(answer.x)
            if matrix.shape[0] == 0:
                break
            self._held.add_rows(matrix, lower, np.full(len(lower), np.inf))
            answer = self._held.solve()
        return answer

    def point(self, cost_at_most: float, tie: float) -> MasterPoint | None:
        """Return the best CX within a cost, with its bounding plane; None where no plan is that cheap.

        `tie` is the CX given up for a unit of money (augmentation, Mavrotas 2009). The objective is scaled to money,
        for a price of CX per money lies below the solver's dual tolerance.
        """
        scale = 1.0 / max(tie, 1e-12)
        answer = self._optimize(scale, tie * scale, cost_at_most)
        if not answer.optimal:
            return None
        # Lagrangian of min −cx + tie·cost with cost <= ε: −cx + tie·cost >= z + y·(ε − cost), y = −dual >= 0.
        bound = np.isfinite(cost_at_most)
        price = max(0.0, -float(answer.row_dual[self._cost_row])) / scale if bound else 0.0
        ceiling = cost_at_most if bound else 0.0
        return self._read(answer, slope=price + tie, intercept=-answer.objective / scale - price * ceiling)

    def cheapest(self) -> MasterPoint | None:
        """Return the least-cost plan; its plane is vertical (NaN slope), the intercept holds the least cost."""
        answer = self._optimize(0.0, 1.0, np.inf)
        return self._read(answer, slope=float("nan"), intercept=answer.objective) if answer.optimal else None

    def _read(self, answer: Answer, *, slope: float, intercept: float) -> MasterPoint:
        columns, x = self.master.columns, answer.x
        flow = np.zeros(len(self.master.network.flows.node))
        wait = np.zeros_like(flow)
        flow[list(columns["flow"])] = x[list(columns["flow"].values())]
        wait[list(columns["wait"])] = x[list(columns["wait"].values())]
        cx, cost = float(x[columns["cx_mean"][None]]), float(x[columns["cost"][None]])
        clean = np.maximum
        return MasterPoint(
            self.headroom, cx, cost, slope, intercept, clean(flow, 0.0), clean(wait, 0.0), self._heads(x)
        )

    def _heads(self, x: Floats) -> Floats:
        columns, payroll = self.master.columns, self.master.payroll
        heads = np.zeros(len(self.master.network.pools.queue))
        for g in np.flatnonzero(self.master.network.pools.staffed & payroll.rostered):
            paid = sum(x[k] for (pool, _), k in columns["paid"].items() if pool == g)
            people = sum(x[k] for (pool, _), k in columns["people"].items() if pool == g)
            heads[g] = max(paid / (payroll.contract_h[g] + payroll.overtime_h[g]), people / payroll.days[g])
        return heads
