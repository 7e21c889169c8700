"""Checks that an effect of experience on churn must pass before it is turned into money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from planner.experience.value.design import HazardDesign, hazard_design
from planner.experience.value.logit import LogitFit, fit_logit, mean_effect
from planner.experience.value.spec import ValueSpec

_Z90 = float(norm.ppf(0.95))
_LEVEL = 0.05
_JOINT = 0.1
_COLUMNS = ["check", "exposure", "passed", "size", "lower", "upper", "words"]


@dataclass(frozen=True, slots=True)
class Effect:
    """An average marginal effect, in probability, and its error."""

    effect: float
    se: float


@dataclass(frozen=True)
class Adjusted:
    """A fitted hazard model and what its exposures do."""

    design: HazardDesign
    fit: LogitFit
    clusters: np.ndarray
    months: int
    exposures: tuple[str, ...]
    reliability: dict[str, float]

    def ends(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Designs without and with one unit of an exposure."""
        if not self.design.doses[name]:
            return self.design.matrix, self.design.shifted(name)
        return self.design.with_dose(name, 0), self.design.with_dose(name, 1)

    @cached_property
    def effects(self) -> dict[str, Effect]:
        """Average marginal effect per exposure, corrected for the reliability of its measurement."""
        out = {}
        for name in self.exposures:
            effect, se = mean_effect(self.fit, *self.ends(name), self.months, clusters=self.clusters)
            r = self.reliability.get(name, 1.0)
            out[name] = Effect(effect / r, se / r)
        return out


def checked(
    frame: pd.DataFrame, outcome: np.ndarray, clusters: np.ndarray, spec: ValueSpec, adjusted: Adjusted
) -> pd.DataFrame:
    """Run every check the table allows: `check, exposure, passed, size, lower, upper, words`.

    Dose-response: more of an exposure never protects (each step of the dose against the one before, Bonferroni).
    Placebo: experience after the decision shows nothing. Negative controls: no dose of what should not matter does
    (joint Wald test at 10 %). Control outcome: exposures do not move churn for other causes.
    """
    rows = [row for name in spec.exposures for row in _doses(adjusted, name)]
    rows += [_negative(adjusted, name) for name in spec.negative_controls]
    rows += [_placebo(frame, outcome, clusters, spec, name) for name in spec.placebos]
    if spec.control_outcome is not None:
        rows += _control_outcome(frame, clusters, spec)
    return pd.DataFrame(rows, columns=_COLUMNS).astype({"passed": bool})


def _doses(adjusted: Adjusted, name: str) -> list[tuple[object, ...]]:
    doses = adjusted.design.doses[name]
    if len(doses) < 2:
        return []
    levels = [adjusted.design.with_dose(name, k) for k in range(len(doses) + 1)]
    means = [mean_effect(adjusted.fit, levels[0], level, adjusted.months)[0] for level in levels[1:]]
    steps = [
        mean_effect(adjusted.fit, one, two, adjusted.months, clusters=adjusted.clusters)
        for one, two in zip(levels[:-1], levels[1:], strict=True)
    ]
    limit = float(norm.ppf(_LEVEL / len(steps)))
    falls = [effect / se < limit if se > 0 else effect < 0 for effect, se in steps]
    shown = ", ".join(f"{_dose(doses, k)}: {100 * mean:+.1f}" for k, mean in enumerate(means))
    words = f"percentage points of churn against none at {shown}"
    words += "; more of it seems to protect" if any(falls) else "; no step down beyond chance"
    effect, se = mean_effect(adjusted.fit, levels[1], levels[-1], adjusted.months, clusters=adjusted.clusters)
    return [("dose-response", name, not any(falls), effect, effect - _Z90 * se, effect + _Z90 * se, words)]


def _dose(doses: Sequence[float], k: int) -> str:
    return f"{doses[k]:g} or more" if k == len(doses) - 1 else f"{doses[k]:g}"


def _joint(fit: LogitFit, columns: list[int]) -> float:
    """P-value of all coefficients of some columns being 0 (Wald)."""
    b = fit.coefficients[columns]
    return float(chi2.sf(b @ np.linalg.solve(fit.covariance[np.ix_(columns, columns)], b), len(b)))


def _negative(adjusted: Adjusted, name: str) -> tuple[object, ...]:
    effect = adjusted.effects[name]
    p_value = _joint(adjusted.fit, adjusted.design.places[name])
    passed = p_value >= _JOINT
    words = f"{name} should not matter; joint p = {p_value:.2f}"
    if not passed:
        words += ": something unseen may drive both, and as much of the other effects may be false"
    lower, upper = effect.effect - _Z90 * effect.se, effect.effect + _Z90 * effect.se
    return ("negative control", name, passed, effect.effect, lower, upper, words)


def _placebo(
    frame: pd.DataFrame, outcome: np.ndarray, clusters: np.ndarray, spec: ValueSpec, name: str
) -> tuple[object, ...]:
    exposures = (*spec.exposures, name)
    design = hazard_design(frame, exposures, spec.covariates, spec.period)
    model = Adjusted(design, fit_logit(design.matrix, outcome, clusters), clusters, spec.exposure_months, (name,), {})
    effect = model.effects[name]
    passed = _joint(model.fit, design.places[name]) >= _JOINT
    words = f"{name} comes after the decision and " + ("shows nothing" if passed else "still shows an effect")
    lower, upper = effect.effect - _Z90 * effect.se, effect.effect + _Z90 * effect.se
    # What shows an effect without being a cause speaks against the basis.
    return ("placebo", spec.basis, passed, effect.effect, lower, upper, words)


def _control_outcome(frame: pd.DataFrame, clusters: np.ndarray, spec: ValueSpec) -> list[tuple[object, ...]]:
    known = frame[spec.control_outcome].notna().to_numpy()
    rows = frame[known]
    outcome = rows[spec.control_outcome].to_numpy(float)
    design = hazard_design(rows, spec.exposures, spec.covariates, spec.period)
    groups = pd.factorize(clusters[known])[0]
    fit = fit_logit(design.matrix, outcome, groups)
    model = Adjusted(design, fit, groups, spec.exposure_months, spec.exposures, {})
    out: list[tuple[object, ...]] = []
    for name, effect in model.effects.items():
        passed = _joint(fit, design.places[name]) >= _JOINT
        words = f"{spec.control_outcome} has other causes; {name} " + ("does not move it" if passed else "moves it too")
        lower, upper = effect.effect - _Z90 * effect.se, effect.effect + _Z90 * effect.se
        out.append(("control outcome", name, passed, effect.effect, lower, upper, words))
    return out
