"""What the frontier stage yields: plans that cannot be improved on one axis without giving up another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner import notebook
from planner.errors import PlanError, RunError
from planner.frontier.leading import leading_plans
from planner.frontier.prefer import SENSES, achievements, best_reached, blended, condition_shares, effectiveness
from planner.routing.overflow import Overflow
from planner.routing.ruleset import RuleSet

if TYPE_CHECKING:
    from planner.frontier.what_if import Answer, Question

TABLES: dict[str, str] = {
    "plans": "plan, name, cx, cost, headroom, peak_fte, p_shortfall, status, gap, origin, committed, avoidable, "
    "hires, overtime_h, time_off_h (voluntary, unpaid), doable (those on the payroll are enough), p_cx_at_least_today, "
    "ties_with_today, abandon_rate, promises_kept, cost_bound, cx_low, cx_high; of robust runs, whose cx is the mean "
    "over the worst draws plans were chosen by: cx_expected, cx_tail (the same mean over the draws of the risk, which "
    "nothing was chosen by); idle_payroll (owed to people on the "
    "payroll whom the plan does not schedule; not in cost), gain (cx less Today's), cx_rescored, gain_rescored (with "
    "the customers who had no part in choosing; NaN: not done), initiatives, closed (day parts; a comma between); of "
    "named plans (else NaN) weeks_seen, weeks_kept (past weeks, those with every promise kept), fewer_staff (share "
    "of people who may be missing)",
    "staffing": "plan, pool, interval (local start), on_task, scheduled, required",
    "shifts": "plan, pool, day (date), shift, start, end (clock text), people",
    "flows": "plan, reason, segment, from_channel, channel, pool, stage, contacts, wait_s, abandoned, score, support",
    "channel_mix": "plan, reason, segment, from_channel, channel, issues, share (of the type's issues of "
    "from_channel), limit (why no more of them may be moved)",
    "service": "plan, pool, interval, offered, asa_s, service_level (within 20 s), abandon_rate, occupancy",
    "costs": "plan, item, pool (of offers the steer, of an initiative its key), amount",
    "contracts": "plan, pool, contacts, committed, most, paid, unused (money for committed contacts that do not come): "
    "pools with a contract",
    "initiatives": "plan, initiative (or day part closed), chosen (part of the plan), others (that come or go with "
    "it), cost (of all these), saves (money per horizon without that cost, staffed anew), change_cx: named plans",
    "promises": "plan, promise, period (label), target, value, kept",
    "segments": "plan, segment, issues (as counted in cx, prevented ones too), cx",
    "rules": "plan, rule, entry_reason, channel, segment, offer_from, offer_to, pool_from, pool_to, pool, priority, "
    "channel_offer, overflow_pool, overflow_after_s, why",
    "overflow": "plan, from_pool, to_pool, interval (local start), share (of what the rules give to from_pool), "
    "bucket_from, bucket_to (range of the contact's overflow_bucket that is sent), contacts (mean number sent)",
    "overflow_types": "plan, from_pool, to_pool, entry_reason, segment (* any): who may be sent, priority (in to_pool)",
    "risk": "plan, axis (cx | cost | headroom), p10, p50, p90, and rows axis = p_promises, p_efficient (no plan better "
    "on an axis and worse on none; further objectives as planned), regret (CX short of the best plan that costs no "
    "more and has no less headroom) in p50; low, high: 95 % Monte-Carlo interval of p50",
    "attainment": "headroom (level), curve (p10 | p50 | p90: reached by the frontier in at least this share of the "
    "draws; mean: Vorob'ev expectation), cost, cx",
    "hires": "plan, pool, heads, needed, hires, overtime_h, time_off_h",
    "prices": "plan, what (words), price, unit: shadow prices of the master at this plan",
    "says": "plan, topic (key of TOPICS), words: what is said of Today and the named plans",
    "neighbors": "plan, against (today | cheaper | better | safer), other, cx, cost, headroom: the other plan's less "
    "this one's",
    "changes": "plan, against, other, what (staff: scheduled hours | move: issues), name, here, there, change",
    "gains": "plan, reason, segment, issues, cx, change (against Today)",
    "slack": "plan, promise, period (its worst), target, value, slack (own unit, negative: missed), pool, interval "
    "(that press most)",
    "promise_prices": "plan, promise, target, relaxed, saves (money per horizon, staffed anew), change_cx: named plans",
    "break_even": "plan (the headline), what (acceptance | containment), name, value, low, high, saves, change_cx, "
    "threshold (-inf: pays wherever tried in the range, inf: nowhere, NaN: here and there), falling (pays below it), "
    "chosen (part of the plan; else it is what offering it to all, in place of other offers, would save)",
    "assumptions": "input, value, low, high, source, swing_cx, swing_cost, swing_headroom (of the headline plan)",
    "bound": "choice (initiatives, closed day parts), headroom, slope, intercept, from_cx: its outer surface, cx <= "
    "intercept + slope * cost at this headroom or more; without slope the least cost (inf: no plan has this headroom), "
    "with from_cx that of plans with at least this CX",
    "bridge": "step, value (mean score after the step), change, words: from the survey's mean to Today's cx",
    "demand": "initiatives (in force), reason, segment, channel, interval, p10, p50, p90, mean",
    "backtest": "pool, measure, volume (forecast | seen), intervals, seen, predicted, formula, naive, bias, mae, "
    "mae_formula, mae_naive, mae_floor, coverage, tolerance, p_value, missed: the last weeks of history, predicted",
    "backtest_intervals": "pool, measure, volume, interval (local start), weight, seen, predicted, formula, naive, "
    "lower, upper (95 % of single intervals)",
    "carry_over": "plan, pool, interval, offered, asa_s, service_level, abandon_rate, method, advised (stationary | "
    "offered_load | chain: what an interval needs): live voice pools of Today and the named plans, each interval "
    "starting with what the one before left",
    "carry_over_promises": "plan, promise, period (label), value: promises on live voice pools, with carry-over",
    "agreement": "plan, what (a promise, or empty), pool, period, measure, said (by the formulas), carried (with "
    "carry-over; NaN: not known), simulated, half_width (95 %), tolerance, p_value, failed",
    "simulated": "plan, pool, interval, offered, abandon_rate, asa_s, service_level (within 20 s): Today and the named "
    "plans simulated contact by contact, pools in which contacts wait",
    "adopted": "plan (adopted first, then today and all plans), cx, cost, headroom, feasible, promises_kept, hires, "
    "shifts_added, shifts_removed (people on shifts more and fewer than the adopted plan has; NaN: Today's are not "
    "known), issues_moved (served in another channel than under it)",
    "center_pools": "pool, queue, patience_s, redial, deadline_s, speed_1, ... (total speed with so many contacts)",
    "center_flows": "initiatives (in force), reason, segment, from_channel, steer, channel, stage, acceptance, pool, "
    "aht_s, redial_stage, points (of CX, of a served contact without a wait), lost_points (of an abandoned one), "
    "final_share (of the served, who pay for their wait), weight (of the issue): who may serve whom, for simulations",
    "center_next": "initiatives, flow (row of these in center_flows), share (of the served), to_reason, to_segment, "
    "to_channel, to_stage",
    "center_promises": "promise, pool, measure, target, within_s, period_intervals",
    "center_waits": "pool, reason, segment, knot_s, bend: waiting w seconds costs the sum of bend * max(0, w - knot_s)",
}
"""Tables of a frontier and their columns; every table is plain pandas and is saved as it stands."""

_AXES = ("cx", "cost", "headroom")
NAMED = {
    "today": "Today",
    "cheapest": "Cheapest no worse than today",
    "best_cx": "Best CX at today's cost",
    "resilient": "Most resilient",
    "balanced": "Best balance",
}
"""Keys of `plans.name` -> what people read."""


TOPICS = {
    "withstands": "What it withstands",
    "changes": "What it changes, and its neighbors",
    "gains": "Who gains and who loses",
    "initiatives": "What initiatives cost and bring",
    "promises": "How tight its promises are",
    "relax": "What relaxing a promise saves",
    "break_even": "From where on steers and bots pay",
}
"""Topics of the table `says`, in order -> titles."""


@dataclass(frozen=True)
class Plan:
    """One whole plan: staffing, channel-fit and value routing together, with everything it does."""

    id: str
    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame] = field(repr=False)

    def __getattr__(self, name: str) -> Any:
        """Give a table of this plan (`staffing`, `shifts`, `flows`, ...) or a column of its summary."""
        if name in self.tables:
            return self.tables[name]
        if name in self.summary:
            return self.summary[name]
        raise AttributeError(name)

    @property
    def rules(self) -> RuleSet:
        """The rules a routing engine executes."""
        shares, types = (self.tables.get(name, pd.DataFrame()) for name in ("overflow", "overflow_types"))
        overflow = Overflow(shares, types) if len(shares) else None
        return RuleSet(self.id, self.tables["rules"].reset_index(drop=True), overflow)

    def _repr_html_(self) -> str:
        columns = ("cx", "cost", "headroom", "peak_fte", "p_shortfall", "abandon_rate", "hires", "status", "gap")
        known = {name: self.summary[name] for name in columns if name in self.summary}
        name = str(self.summary.get("name") or "")
        title = f"Plan {self.id}" + (f": {NAMED.get(name, name)}" if name else "")
        return notebook.shown(title, notebook.facts(known | {"tables": ", ".join(self.tables)}))


def with_initiatives(frame: pd.DataFrame, plan: Plan | None = None) -> pd.DataFrame:
    """Rows of a table of the center as it is under a plan's initiatives (None: without any)."""
    if "initiatives" not in frame:
        return frame
    mine = str(plan.summary.get("initiatives") or "") if plan is not None else ""
    return frame[frame["initiatives"].fillna("") == mine].reset_index(drop=True)


@dataclass(frozen=True)
class Frontier:
    """All plans of a run, the baseline first, their certificate and their risk.

    `tables` maps the names of `TABLES` to frames; `certificate` holds `model, resolution, ratio, reference`;
    `explanations` maps plan ids to sentences; `meta` holds scenario name, currency, seed, versions, notes, `risk`
    (draws, error_of_a_share, deviation, words), `objectives` on top of the three axes (name, sense, function) and,
    where plans were scored again, `rescored` (optimism, sd, lower, upper, plans, words). `model` holds the arrays the
    plans were found on (see `planner.frontier.held`); empty in runs of earlier versions. `run` and `fingerprint` name
    the directory and the result it was loaded from.
    """

    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    certificate: Mapping[str, Any]
    explanations: Mapping[str, str] = field(repr=False)
    meta: Mapping[str, Any] = field(repr=False)
    model: bytes = field(default=b"", repr=False)
    run: str = ""
    fingerprint: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """One row per plan, the baseline first, then by cost."""
        return self.tables["plans"]

    @property
    def baseline(self) -> pd.Series:
        """The row of Today."""
        return self.table[self.table["origin"] == "today"].iloc[0]

    @property
    def risk(self) -> pd.DataFrame:
        """P10, P50, P90 per plan and axis, probability of kept promises and of staying efficient, regret."""
        return self.tables["risk"]

    @property
    def leading(self) -> dict[str, str]:
        """Names -> id of the plan that leads by their rule; one plan may lead by several, but carries one name."""
        there = self.table["origin"] == "today"
        others, now = self.table[~there], self.table.loc[there, list(_AXES)].to_numpy(float)
        if others.empty or not len(now):
            return {}
        found = leading_plans(others[list(_AXES)].to_numpy(float), (now[0, 0], now[0, 1], now[0, 2]))
        return {name: str(others["plan"].iloc[k]) for name, k in found.items()}

    def plan(self, id: str) -> Plan:
        """Return a plan by its id (`p017`) or its name (`cheapest`, `today`), be it known by another name as well."""
        rows = self.table[(self.table["plan"] == id) | (self.table["name"] == id)]
        if rows.empty and id in NAMED:
            rows = self.table[self.table["plan"] == self.leading.get(id)]
        if rows.empty:
            known = ", ".join([n for n in self.table["name"] if n] + [f"{self.table['plan'].iloc[-1]} ..."])
            raise PlanError(f"plan {id!r} is not in this run; known are {known}")
        key = str(rows.iloc[0]["plan"])
        own = {
            name: frame[frame["plan"] == key].drop(columns="plan").reset_index(drop=True)
            for name, frame in self.tables.items()
            if "plan" in frame.columns and name != "plans"
        }
        return Plan(key, {str(k): v for k, v in rows.iloc[0].to_dict().items()}, own)

    def nearest(self, aspiration: Mapping[str, float], reservation: Mapping[str, float] | None = None) -> Plan:
        """Return the plan that comes nearest to what is aspired to, without solving anything again.

        Parameters
        ----------
        aspiration
            Axis (`cx`, `cost`, `headroom`, another objective, ...) -> value wished for.
        reservation
            Axis -> value just acceptable; the range of the plans stands in where none is given.

        See `planner.frontier.prefer.achievement` (Wierzbicki 1980).
        """
        return self.plan(best_reached(self.reached(aspiration, reservation)))

    def reached(
        self, aspiration: Mapping[str, float], reservation: Mapping[str, float] | None = None
    ) -> dict[str, float]:
        """Return the achievement of every plan by id: at least 0 where all that is aspired to is reached."""
        found = self._found
        return dict(zip(found["plan"], achievements(found, aspiration, reservation, self.senses), strict=True))

    def ranked(self, weights: Mapping[str, Any], shares: Mapping[str, float] | None = None) -> pd.DataFrame:
        """Return the plans with their `effectiveness` (0–100) under weights, the best first.

        Parameters
        ----------
        weights
            Axis -> weight; or condition (`peak`, `off_peak`, ...) -> such weights.
        shares
            Condition -> share of issues in it; by default those of peak and off-peak intervals of the planned demand.
        """
        if any(isinstance(value, Mapping) for value in weights.values()):
            weights = blended(
                weights, condition_shares(with_initiatives(self.tables["demand"])) if shares is None else shares
            )
        found = self._found
        found["effectiveness"] = effectiveness(found, weights, self.senses)
        return found.sort_values("effectiveness", ascending=False, kind="stable", ignore_index=True)

    @property
    def _found(self) -> pd.DataFrame:
        """The plans without Today."""
        found = self.table[self.table["origin"] != "today"].reset_index(drop=True)
        if found.empty:
            raise PlanError("this run found no plan to choose from")
        return found

    @property
    def senses(self) -> dict[str, float]:
        """Columns that can be preferred by, with the objectives of the scenario: 1 where more is better, else −1."""
        chosen = {o["name"]: 1.0 if o["sense"] == "max" else -1.0 for o in self.meta.get("objectives") or ()}
        return {**SENSES, **chosen}

    def explain(self, id: str) -> str:
        """Say in a few sentences why this plan is on the frontier, what it gives up and what limits it."""
        return self.explanations[self.plan(id).id]

    def what_if(self, plan: str, question: Question) -> list[Answer]:
        """Answer what a change does to a plan, from the held model: see `planner.frontier.what_if`.

        Raises
        ------
        PlanError
            No such plan, or the question names what is not there.
        RunError
            The run holds no model: it was written by an earlier version.
        """
        from planner.frontier.held import held_from
        from planner.frontier.what_if import what_if

        if not self.model:
            raise RunError("this run holds no model to ask (written by an earlier version); run the scenario again")
        return what_if(held_from(self.model, "model.npz"), self.plan(plan).id, question)

    def _repr_html_(self) -> str:
        named = self.table["name"].fillna("").astype(str) != ""
        shown = pd.concat([self.table[named], self.table[~named]])
        title = str(self.meta.get("title") or self.meta.get("scenario") or "Frontier")
        words = [str(self.meta[name]) for name in ("certificate_words",) if self.meta.get(name)]
        columns = ("plan", "name", "cx", "cost", "headroom", "peak_fte", "p_shortfall", "status", "gap")
        return notebook.shown(title, notebook.table(shown, columns), notebook.sentences(words))
