"""The linear master: Pyomo declares it once, HiGHS holds it per headroom level, only bounds and cuts change.

The matrix is affine in headroom, A(h) = A0 + h·A1, so two compilations give every level. Every row is a relaxation
of what the evaluator counts, so each optimum is also a bound.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy import sparse

from solvers.flow.families import FAMILIES
from solvers.flow.network import Floats, FlowNetwork, Limits
from solvers.highs import Answer, HeldProgram, Program
from solvers.shifts.catalogue import Catalogue, Payroll
from solvers.shifts.cover import DayCover


def declare(network: FlowNetwork, limits: Limits, payroll: Payroll, paid_ratio: Floats, reachable: Floats) -> Any:
    """Declare the columns of the master as a Pyomo model without rows.

    `paid_ratio` (pool,): least paid hours per person and interval on the floor; `reachable` bool (pool, interval):
    some shift covers the interval.
    """
    model = pyo.ConcreteModel()
    model.net, model.limits, model.payroll, model.paid_ratio = network, limits, payroll, paid_ratio
    pools, flows = network.pools, network.flows
    n_flows = len(flows.node)
    model.intervals = range(network.profile.shape[1])
    model.flows_at = _members(flows.node, len(network.nodes.kind))
    model.flows_in = _members(flows.pair, len(network.pair_pool))
    model.pairs_of = _members(network.pair_pool, len(pools.queue))
    model.queued_pools = [int(g) for g in np.flatnonzero(pools.waits & np.isfinite(pools.patience_s))]
    queued = np.isin(flows.pool, model.queued_pools)
    curved = queued & (network.wait_hull_slope.max(axis=1, initial=0.0)[flows.pair] > 0)
    staffed = [int(g) for g in np.flatnonzero(pools.staffed)]
    model.h = pyo.Param(mutable=True, initialize=0.0)
    model.flow = pyo.Var(range(n_flows), domain=pyo.NonNegativeReals)
    model.wait = pyo.Var([int(f) for f in np.flatnonzero(queued)], domain=pyo.NonNegativeReals)
    model.loss = pyo.Var([int(f) for f in np.flatnonzero(curved)], domain=pyo.NonNegativeReals)
    model.work = pyo.Var(range(len(network.pair_pool)), domain=pyo.NonNegativeReals)
    model.on_task = pyo.Var(
        staffed,
        model.intervals,
        domain=pyo.NonNegativeReals,
        bounds=lambda _, g, t: (0, None if reachable[g, t] else 0),
    )
    model.queue = pyo.Var(model.queued_pools, model.intervals, domain=pyo.NonNegativeReals)
    model.paid = pyo.Var(staffed, range(network.days), domain=pyo.NonNegativeReals)
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
    """One optimum of the master: columns by name, axes, and the plane that bounds every plan at this headroom.

    For all feasible plans: cx <= intercept + slope·cost.
    """

    headroom: float
    cx: float
    cost: float
    slope: float
    intercept: float
    flow: Floats
    wait: Floats
    on_task: Floats
    row_dual: Floats


class Master:
    """The compiled master of one network; levels of headroom are opened with `level`."""

    def __init__(
        self, network: FlowNetwork, limits: Limits, payroll: Payroll, catalogues: list[Catalogue | None]
    ) -> None:
        self.network, self.limits, self.payroll, self.catalogues = network, limits, payroll, catalogues
        n_pools, n_intervals = len(network.pools.queue), network.profile.shape[1]
        ratio, reachable = np.zeros(n_pools), np.zeros((n_pools, n_intervals), dtype=bool)
        for g, catalogue in enumerate(catalogues):
            if catalogue is not None:
                ratio[g] = float((catalogue.paid_h / catalogue.cover.sum(axis=1)).min())
                reachable[g] = np.tile(catalogue.reachable, network.days)
        model = declare(network, limits, payroll, ratio, reachable)
        add_families(model)
        self._compile(model)

    def _compile(self, model: Any) -> None:
        compiler = LinearStandardFormCompiler()
        forms = []
        for headroom in (0.0, 1.0):
            model.h.set_value(headroom)
            forms.append(compiler.write(model, mixed_form=True))
        base = forms[0]
        order = {id(v): k for k, v in enumerate(base.columns)}
        permutation = np.array([order[id(v)] for v in forms[1].columns])
        first, second = sparse.csr_matrix(base.A), sparse.csr_matrix(forms[1].A)
        inverse = np.argsort(permutation)
        self._a0, self._a1 = first, sparse.csr_matrix(second[:, inverse] - first)
        self._lower, self._upper = _row_bounds(base)
        self.families = np.array([row.constraint.parent_component().name for row in base.rows])
        bounds = [v.bounds for v in base.columns]
        self._col_lower = np.array([-np.inf if b[0] is None else b[0] for b in bounds])
        self._col_upper = np.array([np.inf if b[1] is None else b[1] for b in bounds])
        place = {id(v): k for k, v in enumerate(base.columns)}
        self.columns = {
            name: {key: place[id(var)] for key, var in getattr(model, name).items() if id(var) in place}
            for name in ("flow", "wait", "on_task", "queue", "paid", "hires", "cx", "cx_mean", "cost", "work")
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
        return Level(self, headroom, program)


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

    def __init__(self, master: Master, headroom: float, program: Program) -> None:
        self.master, self.headroom = master, headroom
        self._held = HeldProgram(program)
        self._cost_row = program.matrix.shape[0] - 1
        self._n = len(program.cost)
        self._covers = {g: DayCover(c) for g, c in enumerate(master.catalogues) if c is not None}
        self._duals: dict[int, dict[bytes, Floats]] = defaultdict(dict)

    def solve(self, *, maximize_cx: bool, cost_at_most: float = np.inf, tie: float = 0.0) -> tuple[Answer, float]:
        """Optimize one axis with day-cover cuts until none is violated; `tie` weighs the other axis (augmentation)."""
        columns = self.master.columns
        objective = np.zeros(self._n)
        objective[columns["cx_mean"][None]] = -1.0 if maximize_cx else -tie
        objective[columns["cost"][None]] = tie if maximize_cx else 1.0
        self._held.set_cost(objective)
        self._held.set_row(self._cost_row, -np.inf, cost_at_most)
        answer = self._held.solve()
        for _ in range(60):
            if not answer.optimal or self._add_cover_cuts(answer.x) == 0:
                break
            answer = self._held.solve()
        return answer, objective[columns["cost"][None]]

    def point(self, cost_at_most: float, tie: float) -> MasterPoint | None:
        """Return the best CX within a cost, with its bounding plane; None where no plan is that cheap."""
        answer, tie_cost = self.solve(maximize_cx=True, cost_at_most=cost_at_most, tie=tie)
        if not answer.optimal:
            return None
        # Lagrangian of min −cx + tie·cost with cost <= ε: −cx + tie·cost >= z + y·(ε − cost), y = −dual >= 0.
        price = max(0.0, -float(answer.row_dual[self._cost_row])) if np.isfinite(cost_at_most) else 0.0
        ceiling = cost_at_most if np.isfinite(cost_at_most) else 0.0
        return self._read(answer, slope=price + tie_cost, intercept=-answer.objective - price * ceiling)

    def cheapest(self) -> MasterPoint | None:
        """Return the least-cost plan; its plane is vertical (NaN slope), the intercept holds the least cost."""
        answer, _ = self.solve(maximize_cx=False)
        return self._read(answer, slope=np.nan, intercept=answer.objective) if answer.optimal else None

    def _read(self, answer: Answer, *, slope: float, intercept: float) -> MasterPoint:
        master, x = self.master, answer.x
        network = master.network
        flow = np.zeros(len(network.flows.node))
        wait = np.zeros_like(flow)
        on_task = np.zeros((len(network.pools.queue), network.profile.shape[1]))
        for f, k in master.columns["flow"].items():
            flow[f] = x[k]
        for f, k in master.columns["wait"].items():
            wait[f] = x[k]
        for (g, t), k in master.columns["on_task"].items():
            on_task[g, t] = x[k]
        cx, cost = x[master.columns["cx_mean"][None]], x[master.columns["cost"][None]]
        return MasterPoint(
            self.headroom,
            float(cx),
            float(cost),
            slope,
            intercept,
            np.maximum(flow, 0),
            np.maximum(wait, 0),
            np.maximum(on_task, 0),
            answer.row_dual,
        )

    def _add_cover_cuts(self, x: Floats) -> int:
        """Add paid[g,d] >= Σ_t u_t·on_task[g,t]/(1 − shrinkage) where the day's cover costs more than is paid."""
        network, columns = self.master.network, self.master.columns
        rows: list[tuple[Floats, list[int], int]] = []
        per_day = network.intervals_per_day
        for g, cover in self._covers.items():
            keep = 1.0 - network.pools.shrinkage[g]
            for d in range(network.days):
                places = [columns["on_task"].get((g, d * per_day + k), -1) for k in range(per_day)]
                need = np.array([x[k] if k >= 0 else 0.0 for k in places]) / keep
                need = np.where(cover.catalogue.reachable, np.maximum(need, 0.0), 0.0)
                paid = x[columns["paid"][g, d]]
                dual = max(self._duals[g].values(), key=lambda u: float(u @ need), default=None)
                if dual is None or dual @ need <= paid + 1e-6 * (1 + paid):
                    price, dual = cover.price(need)
                    if price <= paid + 1e-6 * (1 + paid):
                        continue
                    self._duals[g][dual.tobytes()] = dual
                rows.append((dual / keep, places, columns["paid"][g, d]))
        if rows:
            self._append(rows)
        return len(rows)

    def _append(self, rows: list[tuple[Floats, list[int], int]]) -> None:
        matrix = sparse.lil_matrix((len(rows), self._n))
        for r, (dual, places, paid) in enumerate(rows):
            matrix[r, paid] = 1.0
            for value, k in zip(dual, places, strict=True):
                if k >= 0 and value > 0:
                    matrix[r, k] = -value
        self._held.add_rows(sparse.csr_matrix(matrix), np.zeros(len(rows)), np.full(len(rows), np.inf))
