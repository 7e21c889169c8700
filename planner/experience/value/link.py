"""The link from experience to churn to money: naive, adjusted and instrumented side by side, checked, weighted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.errors import HistoryError, Issue
from planner.experience.value.checks import Adjusted, checked
from planner.experience.value.clv import lifetime_value, perpetual_value, retention_value, worth_of_change
from planner.experience.value.design import hazard_design
from planner.experience.value.instrument import WEAK, leave_one_out, two_stage
from planner.experience.value.logit import fit_logit, mean_effect
from planner.experience.value.spec import ValueSpec
from planner.history import History
from planner.history.customers import customer_sums

Z90 = 1.6448536269514722
"""Normal quantile of all intervals of this package: 90 %."""

EFFECTS = (
    "exposure",
    "naive",
    "adjusted",
    "lower",
    "upper",
    "instrument",
    "instrument_lower",
    "instrument_upper",
    "weight",
)

_ASSOCIATION = (
    "effects are associations in past data, adjusted for the declared covariates alone: an unseen cause of both bad "
    "experience and churn would still pose as an effect; a pilot or an instrument decides"
)


@dataclass(frozen=True)
class ValueLink:
    """What experience is worth through retention, for one chosen basis.

    Attributes
    ----------
    effects
        Per exposure: change of the probability to leave, from none to one (or per unit, for numbers): `naive`,
        `adjusted` with 90 % interval `lower, upper`, `instrument` with its own (NaN where there is none), `weight` 0
        or 1.
    checks
        `check, passed, size, lower, upper, words`.
    clv
        `quantity, value, unit`.
    notes
        What was assumed or left out.
    basis
        The exposure that stands for money. Others describe the same money and cannot be added.
    """

    effects: pd.DataFrame
    checks: pd.DataFrame
    clv: pd.DataFrame
    notes: tuple[str, ...]
    basis: str
    effect_of_basis: tuple[float, float, float]
    value_rest: float

    @property
    def weight(self) -> float:
        """Weight of the basis: 0 where experience must stay an axis of its own, not money."""
        return float(self.effects.loc[self.effects["exposure"] == self.basis, "weight"].sum())

    def worth(self, reduction: float) -> tuple[float, float, float]:
        """Money per issue of lowering the probability of the basis, with its 90 % interval.

        `V = reduction * AME * CLV_rest`; zeros where the basis has no weight.

        Parameters
        ----------
        reduction
            Fall of P(exposed), for numbers fall of the exposure itself; below 0 it costs.
        """
        if not self.weight:
            return 0.0, 0.0, 0.0
        value, one, other = (worth_of_change(reduction, e, self.value_rest) for e in self.effect_of_basis)
        return value, min(one, other), max(one, other)


def value_link(source: pd.DataFrame | History, spec: ValueSpec) -> ValueLink:
    """Link experience to churn and churn to value.

    A discrete-time hazard, `logit h_it = a_t + sum of b_x(dose) + g'X`, errors clustered by customer; the effect is
    `AME = mean[h(1) - h(0)]` over the months an exposure works. An exposure gets weight 1 only where the whole 90 %
    interval of its effect lies above 0 and none of its checks fails (dose-response, placebo, control outcome).

    Parameters
    ----------
    source
        One row per customer, or per customer and month at risk (`customer_months`); experience strictly before the
        window in which churn is counted. Rows with a missing value are left out and counted in the notes. A history
        whose covariates say who left is counted per customer first (`history.customers.customer_sums`).
    spec
        Which column is what.

    Raises
    ------
    HistoryError
        Where columns are missing or hold what they cannot, all at once.
    """
    frame = customer_sums(source, window_days=spec.window_days) if isinstance(source, History) else source
    used, notes = _usable(frame, spec)
    if isinstance(source, History):
        notes.append("counted per customer over the whole history: contacts after a decision to leave are in it too")
    clusters = _clusters(used, spec.customer)
    outcome = used[spec.churned].to_numpy(float)
    adjusted = _adjusted(used, outcome, clusters, spec)
    checks = checked(used, outcome, clusters, spec, adjusted)
    failed = set(checks.loc[~checks["passed"], "exposure"])
    rows = [_effect(used, outcome, clusters, spec, adjusted, name, name in failed) for name in spec.exposures]
    effects = pd.DataFrame(rows, columns=list(EFFECTS))
    clv, rest = _clv(used, outcome, spec)
    basis = adjusted.effects[spec.basis]
    money = (basis.effect, basis.effect - Z90 * basis.se, basis.effect + Z90 * basis.se)
    if spec.value is not None:
        money = _weighted_effect(used, spec, adjusted, rest)
    notes += _notes(effects, spec, failed)
    return ValueLink(effects, checks.drop(columns="exposure"), clv, tuple(notes), spec.basis, money, rest)


def _usable(frame: pd.DataFrame, spec: ValueSpec) -> tuple[pd.DataFrame, list[str]]:
    missing = [name for name in spec.columns if name not in frame.columns]
    issues = [
        Issue("customers", None, None, name, f"no column {name!r}; there are {', '.join(map(str, frame.columns))}")
        for name in missing
    ]
    numbers = (*spec.exposures, *spec.negative_controls, *spec.placebos)
    for name in (n for n in numbers if n not in missing):
        if not pd.api.types.is_numeric_dtype(frame[name]):
            issues.append(Issue("customers", None, None, name, "must be a number: a count or a score gap"))
    for name in (n for n in (spec.churned, spec.control_outcome) if n is not None and n not in missing):
        values = set(pd.to_numeric(frame[name], errors="coerce").dropna().unique())
        if not values <= {0, 1} or (name == spec.churned and values != {0, 1}):
            message = f"holds {sorted(values)[:5]}; it must hold both 0 (stayed) and 1 (left)"
            issues.append(Issue("customers", None, None, name, message))
    if issues:
        raise HistoryError(issues)
    needed = [name for name in spec.columns if name not in (spec.instrument, spec.control_outcome)]
    numeric = [name for name in needed if pd.api.types.is_numeric_dtype(frame[name])]
    good = frame[numeric].notna().all(axis=1)
    # Nothing may depend on the order of rows, sums in floating point included.
    used = frame[good].sort_values(list(spec.columns), kind="stable", ignore_index=True, key=_sortable)
    notes = [f"{int((~good).sum())} of {len(frame)} rows are left out: a value is missing"] if not good.all() else []
    return used, notes


def _sortable(column: pd.Series) -> pd.Series:
    """Labels of several types in one column have no order of their own."""
    return column if pd.api.types.is_numeric_dtype(column) else column.astype("string")


def _clusters(frame: pd.DataFrame, column: str | None) -> np.ndarray:
    return np.arange(len(frame)) if column is None else pd.factorize(frame[column], use_na_sentinel=False)[0]


def _adjusted(frame: pd.DataFrame, outcome: np.ndarray, clusters: np.ndarray, spec: ValueSpec) -> Adjusted:
    exposures = (*spec.exposures, *spec.negative_controls)
    design = hazard_design(frame, exposures, spec.covariates, spec.period)
    fit = fit_logit(design.matrix, outcome, clusters)
    return Adjusted(design, fit, clusters, spec.exposure_months, exposures, spec.reliability)


def _effect(
    frame: pd.DataFrame,
    outcome: np.ndarray,
    clusters: np.ndarray,
    spec: ValueSpec,
    adjusted: Adjusted,
    name: str,
    failed: bool,
) -> tuple[object, ...]:
    plain = hazard_design(frame, (name,), (), None)
    raw = Adjusted(plain, fit_logit(plain.matrix, outcome, clusters), clusters, spec.exposure_months, (name,), {})
    effect = adjusted.effects[name]
    lower, upper = effect.effect - Z90 * effect.se, effect.effect + Z90 * effect.se
    iv = _instrumented(frame, outcome, clusters, spec) if name == spec.basis else (np.nan, np.nan, np.nan)
    weight = float(lower > 0 and not failed)
    return (name, raw.effects[name].effect, effect.effect, lower, upper, *iv, weight)


def _instrumented(
    frame: pd.DataFrame, outcome: np.ndarray, clusters: np.ndarray, spec: ValueSpec
) -> tuple[float, float, float]:
    """Effect of the basis by its instrument, within the months an exposure works; NaN where it is weak or not there."""
    exposed = (frame[spec.basis] >= 1).astype(float)
    if spec.instrument is not None:
        z = frame[spec.instrument].astype(float)
    elif spec.agent is not None:
        z = leave_one_out(exposed, frame[spec.agent])
    else:
        return (np.nan, np.nan, np.nan)
    seen = z.notna().to_numpy()
    controls = hazard_design(frame[seen], (), spec.covariates, spec.period).matrix
    # Customers of one agent share the instrument, so they are the clusters where agents are known.
    groups = _clusters(frame, spec.agent)[seen] if spec.agent is not None else clusters[seen]
    groups = pd.factorize(groups)[0]
    result = two_stage(outcome[seen], exposed.to_numpy()[seen], z.to_numpy(float)[seen], controls, groups)
    if not result.strength >= WEAK:
        return (np.nan, np.nan, np.nan)
    # A monthly difference, carried over the months at the mean hazard.
    scale = spec.exposure_months * (1 - outcome.mean()) ** (spec.exposure_months - 1)
    half = Z90 * result.se
    return (scale * result.effect, scale * (result.effect - half), scale * (result.effect + half))


def _weighted_effect(
    frame: pd.DataFrame, spec: ValueSpec, adjusted: Adjusted, mean_value: float
) -> tuple[float, float, float]:
    """Effect of the basis weighted by what each customer is worth: losing a valuable one costs more."""
    weights = frame[spec.value].to_numpy(float) / mean_value
    without, exposed = adjusted.ends(spec.basis)
    effect, se = mean_effect(adjusted.fit, without, exposed, spec.exposure_months, weights, adjusted.clusters)
    r = spec.reliability.get(spec.basis, 1.0)
    return effect / r, (effect - Z90 * se) / r, (effect + Z90 * se) / r


def _clv(frame: pd.DataFrame, outcome: np.ndarray, spec: ValueSpec) -> tuple[pd.DataFrame, float]:
    rows: list[tuple[str, float, str]] = []
    rest = float("nan")
    if spec.value is not None:
        rest = float(frame[spec.value].mean())
        rows.append(("mean value of a customer, as given", rest, "money"))
    if spec.margin is not None and spec.period is not None:
        hazard = float(outcome.mean())
        months = np.full(spec.horizon, spec.margin), np.full(spec.horizon, hazard)
        finite = lifetime_value(*months, spec.discount)
        rows += [
            ("mean hazard", hazard, "per month"),
            (f"CLV over {spec.horizon} months", finite, "money"),
            ("CLV without horizon", perpetual_value(spec.margin, hazard, spec.discount), "money"),
            ("CLV without the current margin", retention_value(spec.margin, 1 - hazard, spec.discount), "money"),
        ]
        rest = rest if spec.value is not None else finite
    rows.append(("a one-off churn risk of one point", worth_of_change(1.0, 0.01, rest), "money"))
    return pd.DataFrame(rows, columns=["quantity", "value", "unit"]), rest


def _notes(effects: pd.DataFrame, spec: ValueSpec, failed: set[str]) -> list[str]:
    notes = [_ASSOCIATION]
    for row in effects.to_dict("records"):
        if row["weight"] == 0:
            why = "a check fails" if row["exposure"] in failed and row["lower"] > 0 else "its interval is not above 0"
            notes.append(f"{row['exposure']}: weight 0, {why}; it stays experience and is not turned into money")
    if (spec.instrument or spec.agent) and effects["instrument"].isna().all():
        notes.append(f"the instrument is too weak (first-stage F below {WEAK:g}): no instrumented effect is given")
    if len(spec.exposures) > 1:
        notes.append(f"money is counted through {spec.basis} alone: other exposures describe the same money")
    if spec.value is None and (spec.margin is None or spec.period is None):
        notes.append("no value column, and no margin with months: effects are given without money")
    notes += [f"{name}: slope divided by its reliability {r:g}" for name, r in sorted(spec.reliability.items())]
    return notes
