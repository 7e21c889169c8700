"""The linear master: Pyomo declares it once, HiGHS holds it, only bounds, right-hand sides and cuts change.

Rows live on groups of intervals; paid hours are bounded by day-cover cuts at full resolution, written on the work
columns, so no shift has a column. Staffing columns are divided by 1 + h (see `families`), so one held program moves
from one headroom to the next and keeps its cuts. Every row is a relaxation of what the evaluator counts, so each
optimum is also a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.core as pyo
from numpy.typing import NDArray
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy import sparse

from solvers.errors import Termination
from solvers.flow.cuts import Cut, CutPool, as_matrix
from solvers.flow.declare import add_families, declare
from solvers.flow.doubt import Doubt, declare_doubt, tail_mean
from solvers.flow.families import HOUR_S, LATE, MONEY, ROSTERS, SHRINKING
from solvers.flow.groups import TimeGroups
from solvers.flow.late_rows import LateRows
from solvers.flow.master_point import MasterPoint, Room
from solvers.flow.network import Floats, FlowNetwork, Limits
from solvers.flow.pins import Pins
from solvers.flow.queues import Box, QueueFacets
from solvers.highs import Answer, Basis, HeldProgram, Program
from solvers.shifts.catalogue import Catalogue, Payroll

MOST_CUT_ROUNDS = 40
SETTLED = (Termination.OPTIMAL, Termination.INFEASIBLE, Termination.INFEASIBLE_OR_UNBOUNDED)
QUEUE_MISSED = 1e-4  # contacts by which a queue may lie below its facets
LATE_MISSED = 1e-4  # points of score by which a flow may lose less than its waiting costs
OUTSIDE = 30.0  # dearest wages an hour of work outside a box of pool sizes costs


@dataclass(frozen=True)
class Rows:
    """Rows lower <= matrix·x <= upper, and the family each is of."""

    matrix: sparse.csr_matrix
    lower: Floats
    upper: Floats
    family: NDArray[np.str_]


class Master:
    """The compiled master of one network; `level` opens held programs of it."""

    def __init__(
        self,
        network: FlowNetwork,
        limits: Limits,
        payroll: Payroll,
        catalogues: list[Catalogue | None],
        pins: Pins | None = None,
        doubt: Doubt | None = None,
    ) -> None:
        self.network, self.limits, self.payroll, self.catalogues = network, limits, payroll, catalogues
        ratio, longest = np.zeros(len(network.pools.queue)), np.zeros(len(network.pools.queue))
        for g, catalogue in enumerate(catalogues):
            if catalogue is not None:
                ratio[g] = float((catalogue.paid_h / catalogue.cover.sum(axis=1)).min())
                longest[g] = float(catalogue.paid_h.max())
        model = declare(network, limits, payroll, ratio, longest)
        model.pins, model.catalogues = pins, catalogues
        declare_doubt(model, doubt)
        self.doubt = doubt
        add_families(model)
        self.groups: TimeGroups = model.groups
        self.overflow_ratio: list[tuple[float, float]] = model.overflow_ratio
        self._compile(model)

    def _compile(self, model: Any) -> None:
        form = LinearStandardFormCompiler().write(model, mixed_form=True)
        place = {id(v): k for k, v in enumerate(form.columns)}
        self.columns = {
            var.local_name: {key: place[id(v)] for key, v in var.items() if id(v) in place}
            for var in model.component_objects(pyo.Var)
        }
        families = np.array([row.constraint.parent_component().name for row in form.rows])
        keys = [model.row_keys[f][r.constraint.index() - 1] for f, r in zip(families, form.rows, strict=True)]
        matrix, (lower, upper) = sparse.csr_matrix(form.A), _row_bounds(form)
        order = np.argsort(np.isin(families, LATE), kind="stable")
        keys, families = [keys[k] for k in order], families[order]
        matrix, lower, upper = matrix[order], lower[order], upper[order]
        # Money in hours of the dearest wage, so that the currency changes nothing a solver does.
        self.money_unit = float(model.net.pools.wage_per_h.max(initial=0.0)) or 1.0
        money = np.where(np.isin(families, MONEY), 1.0 / self.money_unit, 1.0)
        columns = np.ones(matrix.shape[1])
        monies = [self.columns["cost"][None], self.columns["staff"][None], *self.columns["pay"].values()]
        columns[monies] = self.money_unit
        matrix = sparse.csr_matrix(sparse.diags(money) @ matrix @ sparse.diags(columns))
        lower, upper = lower * money, upper * money
        first = int((~np.isin(families, LATE)).sum())
        self.late_rows = Rows(matrix[first:], lower[first:], upper[first:], families[first:])
        keys, families = keys[:first], families[:first]
        self.rows = Rows(matrix[:first], lower[:first], upper[:first], families)
        self.shrinking = np.isin(families, SHRINKING)
        self.cx_column = self.columns["cx_mean" if self.doubt is None else "cx_tail"][None]
        roster, seats = np.isin(families, ROSTERS), families == "seats"
        self.row_pool = np.array([key[0] if of else -1 for key, of in zip(keys, roster, strict=True)])
        self.row_limit = np.array([key[0] if of else -1 for key, of in zip(keys, seats, strict=True)])
        staff = _column(self.rows.matrix, self.columns["staff"][None])
        self.staff_row = next(k for k, key in enumerate(keys) if families[k] == "money" and key == 0)
        self.staff_unit = float(staff[self.staff_row])
        bounds = [v.bounds for v in form.columns]
        self.col_lower = np.array([-np.inf if b[0] is None else b[0] for b in bounds])
        self.col_upper = np.array([np.inf if b[1] is None else b[1] for b in bounds])
        self.col_upper[self._idle_days()] = 0.0
        self.size = (len(families), len(form.columns), self.rows.matrix.nnz)

    def _idle_days(self) -> list[int]:
        """Columns of paid hours and people on days on which no shift of their pool is worked."""
        days = self.network.days
        idle = [
            (g, int(d))
            for g, catalogue in enumerate(self.catalogues)
            if catalogue is not None
            for d in np.flatnonzero(~catalogue.worked(days).any(axis=1))
        ]
        return [self.columns[name][key] for name in ("paid", "people") for key in idle if key in self.columns[name]]

    def level(self, headroom: float, dropped: frozenset[str] = frozenset(), least: float = 0.0) -> Level:
        """Open a held program at a headroom; rows of `dropped` families are switched off (to explain infeasibility).

        `least` is the lowest headroom the level will be moved to.
        """
        lower, upper = self.rows.lower.copy(), self.rows.upper.copy()
        off = np.isin(self.rows.family, list(dropped))
        lower[off], upper[off] = -np.inf, np.inf
        n = len(self.col_lower)
        cost_row = sparse.csr_matrix(([1.0], ([0], [self.columns["cost"][None]])), shape=(1, n))
        program = Program(
            cost=np.zeros(n),
            matrix=sparse.vstack([self.rows.matrix, cost_row], format="csr"),
            row_lower=np.append(lower, -np.inf),
            row_upper=np.append(upper, np.inf),
            lower=self.col_lower,
            upper=self.col_upper,
        )
        return Level(self, headroom, program, dropped, min(least, headroom))


def _row_bounds(form: Any) -> tuple[Floats, Floats]:
    lower, upper = np.full(len(form.rows), -np.inf), np.full(len(form.rows), np.inf)
    for k, (row, value) in enumerate(zip(form.rows, form.rhs, strict=True)):
        if row.bound_type <= 0:
            lower[k] = value
        if row.bound_type >= 0:
            upper[k] = value
    return lower, upper


def _column(matrix: sparse.csr_matrix, column: int) -> Floats:
    return np.asarray(matrix[:, [column]].toarray()[:, 0])


class Level:
    """A held program of the master: it stands at a headroom, in a box of pool sizes, and is swept along cost."""

    queue_missed = QUEUE_MISSED
    settled = 0.0  # share of cost; rows are cut in as long as a round of them moves the optimum by more
    proof = True  # solve again, cold, what a hot start finds no optimum of (without: a point may be missed)

    def __init__(
        self, master: Master, headroom: float, program: Program, dropped: frozenset[str], least: float
    ) -> None:
        self.master, self.dropped = master, dropped
        self._held = HeldProgram(program)
        self._cost_row = program.matrix.shape[0] - 1
        self._n = len(program.cost)
        self._lower, self._upper = program.row_lower, program.row_upper
        self._cuts = CutPool(
            master.network, master.limits, master.payroll, master.catalogues, master.groups, master.overflow_ratio,
            master.columns, dropped,
        )  # fmt: skip
        self._seat_cuts: list[tuple[int, Cut]] = []
        self._room = Room(np.ones(len(master.network.pools.queue)), np.ones(len(master.limits.seat_max)))
        self._queues = QueueFacets(
            self._held, master.network, master.payroll, master.groups, master.columns, self._n, 1.0 + least
        )
        late = master.late_rows
        self._late = LateRows(late.matrix, late.lower, late.upper)
        first = self._cuts.first()
        self._held.add_rows(as_matrix(first, self._n), np.zeros(len(first)), np.full(len(first), np.inf))
        self._last: Floats | None = None
        self.failed = False  # the last answer is neither an optimum nor a proof that there is none
        self._wait_rows = np.flatnonzero(master.rows.family == "waiting_shared")
        self._work_rows = np.flatnonzero(master.rows.family == "pool_work")
        self.headroom, self.within, self._ceiling = 0.0, (0.0, 0.0), np.inf
        self.move(headroom)

    @property
    def rows(self) -> int:
        """Rows held now, cuts included."""
        return self._held.rows

    @property
    def root(self) -> Box:
        """Return the box of every size a pool can have."""
        return self._queues.root

    @property
    def queued_pools(self) -> list[int]:
        """Pools whose sizes a box bounds, in its order."""
        return self._queues.pools

    def move(self, headroom: float, within: tuple[float, float] | None = None) -> None:
        """Go to another headroom; cuts stay. Within two headrooms all but money holds for all plans between them."""
        within = (headroom, headroom) if within is None else within
        if (headroom, within) == (self.headroom, self.within):
            return
        self.headroom, self.within = headroom, within
        unit = self.master.staff_unit / (1.0 + headroom)
        self._held.set_coefficient(self.master.staff_row, self.master.columns["staff"][None], unit)
        self._queues.move(1.0 + within[1])
        self._set_limits()

    def leave(self, room: Room) -> None:
        """Leave room to round whole people up: use only a share of heads, seats and budget (not for bounds)."""
        self._room = room
        self._set_limits()

    def serve(self, cx: float) -> None:
        """Ask for at least this CX; planes then bound the plans that have it."""
        column, most = self.master.cx_column, self.master.col_upper[self.master.cx_column]
        self._held.set_columns(np.array([column], dtype=np.int32), np.array([cx]), np.array([most]))

    def charge(self, per_hour: Floats) -> None:
        """Count money for an hour of work in queued pools, (queued pool,), under a ceiling of cost (not for bounds)."""
        for g, money in zip(self.queued_pools, per_hour / self.master.money_unit, strict=True):
            for pair in np.flatnonzero(self.master.network.pair_pool == g):
                self._held.set_coefficient(self._cost_row, self.master.columns["work"][int(pair)], float(money))

    def _set_limits(self) -> None:
        master, room = self.master, self._room
        share = np.where(master.row_pool >= 0, room.heads[master.row_pool], 1.0)
        if len(room.seats):
            share = np.where(master.row_limit >= 0, room.seats[master.row_limit], share)
        rows = np.flatnonzero(master.shrinking | (master.rows.family == "budget")).astype(np.int32)
        # What is within a budget at the lower headroom costs at most so much more at the one money is counted at.
        budget = room.budget * (1.0 + self.headroom) / (1.0 + self.within[0])
        shares = [np.where(master.shrinking[rows], share[rows] / (1.0 + h), budget) for h in self.within]
        lower = np.minimum(*(self._lower[rows] * one for one in shares))
        upper = np.maximum(*(self._upper[rows] * one for one in shares))
        self._held.set_rows(rows, lower, upper)
        for row, cut in self._seat_cuts:
            self._held.set_row(row, self._seat_bound(cut), np.inf)

    def _seat_bound(self, cut: Cut) -> float:
        share = float(self._room.seats[cut.limit]) if cut.limit >= 0 else 1.0
        return min(cut.lower * share / (1.0 + h) for h in self.within)

    def enter(self, box: Box, start: Basis | None = None) -> None:
        """Bound the sizes of pools by a box; facets of waiting are close inside a narrow one.

        `start` is a basis of a like program, from which the next solve has fewer steps to go.
        """
        self._queues.enter(box)
        if self._last is not None:
            self._queues.add_violated(self._last, self.queue_missed)
        if start is not None:
            self._held.start_from(start)

    def basis(self) -> Basis:
        """Return where the last solve ended."""
        return self._held.basis()

    def back_to(self, basis: Basis) -> None:
        """Start the next solve where an earlier one ended."""
        self._held.start_from(basis)

    def _optimize(self, cx_weight: float, cost_weight: float, cost_at_most: float, inside: bool = False) -> Answer:
        """Minimize cost_weight·cost − cx_weight·cx, in the master's unit of money, with cuts until none is violated."""
        columns, unit = self.master.columns, self.master.money_unit
        objective = np.zeros(self._n)
        objective[self.master.cx_column] = -cx_weight / unit
        objective[columns["cost"][None]] = cost_weight
        objective[[*columns["short"].values(), *columns["excess"].values()]] = OUTSIDE * cost_weight
        self._held.set_cost(objective)
        if cost_at_most != self._ceiling:
            self._held.set_row(self._cost_row, -np.inf, cost_at_most / unit)
            self._ceiling = cost_at_most
        answer = self._held.solve(inside=inside, proof=self.proof)
        for _ in range(MOST_CUT_ROUNDS):
            if not answer.optimal:
                break
            self._last = answer.x
            if not self._cut(answer.x):
                break
            before, answer = answer.objective, self._held.solve(proof=self.proof)
            enough = self.settled * abs(float(answer.x[columns["cost"][None]]))
            if answer.optimal and abs(answer.objective - before) < enough:
                break
        self.failed = answer.termination not in SETTLED
        return answer

    def _cut(self, x: Floats) -> bool:
        """Add what a point violates; tell if anything was."""
        growth = 1.0 + self.within[0]
        covers, seats = self._cuts.violated(x, self._room.seats / growth, self._room.heads / growth, growth)
        self._seat_cuts += [(self._held.rows + len(covers) + k, cut) for k, cut in enumerate(seats)]
        cuts: list[Cut] = covers + seats
        if cuts:
            lower = np.array([cut.lower for cut in covers] + [self._seat_bound(cut) for cut in seats])
            self._held.add_rows(as_matrix(cuts, self._n), lower, np.full(len(cuts), np.inf))
        late = self._late.add_violated(self._held, x, LATE_MISSED)
        return self._queues.add_violated(x, self.queue_missed) + late + len(cuts) > 0

    def violations(self, x: Floats) -> int:
        """Count the rows that would be added at a point, shape (column,)."""
        before = self._held.rows
        self._cut(x)
        return self._held.rows - before

    def point(self, cost_at_most: float, tie: float, *, inside: bool = False) -> MasterPoint | None:
        """Return the best CX within a cost, with its bounding plane; None where no plan is that cheap.

        `tie` is the CX given up for a unit of money (augmentation, Mavrotas 2009). The objective is scaled to money,
        for a price of CX per money lies below the solver's dual tolerance. `inside`: the last optimum keeps all rows
        and bounds, although they have changed since.
        """
        scale = 1.0 / max(tie, 1e-12)
        answer = self._optimize(scale, tie * scale, cost_at_most, inside)
        if not answer.optimal:
            return None
        # Lagrangian of min −cx + tie·cost with cost <= ε: −cx + tie·cost >= z + y·(ε − cost), y = −dual >= 0.
        bound = np.isfinite(cost_at_most)
        price = max(0.0, -float(answer.row_dual[self._cost_row])) / scale if bound else 0.0
        ceiling = cost_at_most if bound else 0.0
        objective = answer.objective * self.master.money_unit
        return self._read(
            answer, slope=price + tie, intercept=-objective / scale - price * ceiling, money=scale * (price + tie)
        )

    def cheapest(self) -> MasterPoint | None:
        """Return the least-cost plan; its plane is vertical (NaN slope), the intercept holds the least cost."""
        answer, unit = self._optimize(0.0, 1.0, np.inf), self.master.money_unit
        return self._read(answer, slope=np.nan, intercept=answer.objective * unit) if answer.optimal else None

    def _read(self, answer: Answer, *, slope: float, intercept: float, money: float = 1.0) -> MasterPoint:
        """Read a point; `money`: how much a unit of money counts in the objective and the row of cost together."""
        columns, x = self.master.columns, answer.x
        flow = np.zeros(len(self.master.network.flows.node))
        wait = np.zeros_like(flow)
        flow[list(columns["flow"])] = x[list(columns["flow"].values())]
        wait[list(columns["wait"])] = x[list(columns["wait"].values())]
        return MasterPoint(
            headroom=self.headroom,
            cx=self._cx(x),
            cost=float(x[columns["cost"][None]]) * self.master.money_unit,
            slope=slope,
            intercept=intercept,
            flow=np.maximum(flow, 0.0),
            wait=np.maximum(wait, 0.0) * HOUR_S,
            heads=self._heads(x) * (1.0 + self.headroom),
            sizes=self._queues.sizes(x),
            unseen_wait_h=self._queues.unseen_wait_h(x),
            wait_price=np.abs(answer.row_dual[self._wait_rows]) * self.master.money_unit,
            work_price=np.abs(answer.row_dual[self._work_rows]) * self.master.money_unit / money,
            basis=self.basis(),
        )

    def _cx(self, x: Floats) -> float:
        """CX a point is judged by; its mean over the worst draws is counted anew: only CX holds up its row."""
        columns, doubt = self.master.columns, self.master.doubt
        if doubt is None:
            return float(x[columns["cx_mean"][None]])
        return tail_mean(x[list(columns["cx_draw"].values())], doubt.share)

    def _heads(self, x: Floats) -> Floats:
        columns, payroll = self.master.columns, self.master.payroll
        heads = np.zeros(len(self.master.network.pools.queue))
        for g in np.flatnonzero(self.master.network.pools.staffed & payroll.rostered):
            paid = sum(x[k] for (pool, _), k in columns["paid"].items() if pool == g)
            people = sum(x[k] for (pool, _), k in columns["people"].items() if pool == g)
            heads[g] = max(paid / (payroll.contract_h[g] + payroll.overtime_h[g]), people / payroll.days[g])
        return heads
