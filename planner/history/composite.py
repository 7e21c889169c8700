"""A composite outcome: weighted parts on one scale of 0 to 1, put together so that it comes apart again."""

from __future__ import annotations

import math
from collections.abc import Mapping as Weights
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import HistoryError, Issue
from planner.history.history import History
from planner.history.mapping import did_you_mean
from planner.history.outcomes import OUTCOMES, Outcome, outcome_named

PREFIX = "composite:"
"""How the name of a composite outcome begins."""

_KEYS = ("reason", "segment", "channel", "from_channel", "to_channel")
_SUPPORT = ("ok", "sparse", "extrapolated", "none")
_Z90 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Composite:
    """Weighted outcomes; weights are positive and add up to 1, in the order given.

    The value of a contact would be `sum_k weight_k * good_k`, where `good_k` is the outcome moved to 0 (worst) .. 1
    (best). It is never computed per contact: whoever answers no survey would lose the parts that everybody has. Each
    part is estimated from all contacts that tell it, and the estimates are combined, which for means is the same.
    """

    name: str
    parts: tuple[Outcome, ...]
    weights: tuple[float, ...]

    @property
    def as_outcome(self) -> str:
        """Spelling that `composite_named` reads."""
        inside = ",".join(f"{part.name}={w:.6g}" for part, w in zip(self.parts, self.weights, strict=True))
        return PREFIX + inside

    def lines(self) -> list[str]:
        """Say what is in it, for people."""
        return [
            f"{weight:.0%} {part.name}, {part.scale[0]:g} to {part.scale[1]:g}, "
            f"{'high' if part.higher_is_better else 'low'} is good"
            for part, weight in zip(self.parts, self.weights, strict=True)
        ]


def is_composite(outcome: str) -> bool:
    """Say whether an outcome is spelled as a declared composite (`composite` alone is the fixed one)."""
    return outcome.startswith(PREFIX)


def composite_named(history: History, outcome: str) -> Composite:
    """Read `composite:csat=.5,fcr=.3,abandoned=.2`, or `composite:name` of one that the mapping file declares.

    Weights are taken relative to their sum. Outcomes of which little is good (`abandoned`, `repeat`, a CES declared
    `better: low`) count for what is good about them: `abandoned=.2` rewards contacts that are not abandoned.

    Raises
    ------
    HistoryError
        With every part that cannot be read.
    """
    text = outcome.removeprefix(PREFIX).strip()
    declared = history.quality.declared.composites
    if "=" not in text:
        if text not in declared:
            known = ", ".join(declared) or "none"
            message = (
                f"no composite {text!r}{did_you_mean(text, tuple(declared))}; the mapping file declares {known}. Write "
                "`composite:csat=.5,fcr=.3`, or declare it under `composites:`"
            )
            raise HistoryError([Issue(history.quality.source, None, None, "outcome", message)])
        given: list[tuple[str, str]] = [(part, str(weight)) for part, weight in declared[text].items()]
    else:
        given = [_pair(piece) for piece in text.split(",")]
    problems = [problem for part, weight in given if (problem := _problem(history, part, weight))]
    twice = sorted({part for part, _ in given if [name for name, _ in given].count(part) > 1})
    problems += [f"{part} stands there twice; keep one" for part in twice]
    if problems:
        raise HistoryError([Issue(history.quality.source, None, None, f"outcome {outcome}", text) for text in problems])
    total = sum(float(weight) for _, weight in given)
    parts = tuple(outcome_named(history, part) for part, _ in given)
    return Composite(text if "=" not in text else "composite", parts, tuple(float(w) / total for _, w in given))


def _pair(piece: str) -> tuple[str, str]:
    name, _, weight = piece.partition("=")
    return name.strip(), weight.strip()


def _problem(history: History, part: str, weight: str) -> str:
    """What is wrong with one part of a composite, in words; nothing where it is right."""
    allowed = tuple(name for name, known in OUTCOMES.items() if name != "composite" and math.isfinite(known.scale[1]))
    if part not in allowed:
        if part in OUTCOMES or part in history.covariates:
            return f"{part} has no scale with two ends and cannot be moved to 0..1; allowed are {', '.join(allowed)}"
        return f"no outcome {part!r}{did_you_mean(part, allowed)}; allowed are {', '.join(allowed)}"
    try:
        number = float(weight)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        return f"{part} has the weight {weight!r}; write a positive number, e.g. {part}=.5"
    return ""


def combine(
    tables: Weights[str, pd.DataFrame],
    composite: Composite,
    *,
    value: str = "mean",
    draws: Weights[str, NDArray[np.float64]] | None = None,
) -> pd.DataFrame:
    """Put the estimates of the parts together.

    A mean becomes `sum_k w_k (mean_k - low_k) / (high_k - low_k)`, from the other end where low is good; an effect (a
    difference) `sum_k w_k effect_k / (high_k - low_k)` with its sign. With `part_<name> = w_k * (...)` per part as
    columns, the composite is their sum exactly.

    The errors of the parts are not independent (the same contacts tell all of them), so without joint draws the sd is
    its upper bound `sum_k |slope_k| sd_k`; with them it is the sd of the combined draws. So for `bias_sd` of the parts
    that have one.

    Parameters
    ----------
    tables
        Per part the table of its estimates on its own scale: key columns (`reason, segment, channel` or `reason,
        segment, from_channel, to_channel`), `value`, `sd` and `support`.
    value
        Column to combine: `mean` or `raw_mean` of a table for reading, `effect` of a table of moves.
    draws
        Per part joint draws, shape (draw, row of its table): the same draw must be the same world in all parts.

    Returns
    -------
    Key columns, `value`, `sd`, `lower`, `upper` (90 %), `support` (the weakest of the parts), `part_<name>` and, where
    the tables say so, `n_<name>`, the effective answers behind each part, and `bias_sd, total_sd, lower_total,
    upper_total`. A row that one part cannot tell is NaN.

    Raises
    ------
    ValueError
        If a part has no table, or the tables have different rows.
    """
    missing = [part.name for part in composite.parts if part.name not in tables]
    if missing:
        raise ValueError(f"no table for {', '.join(missing)}")
    keys = [key for key in _KEYS if key in tables[composite.parts[0].name].columns]
    out = tables[composite.parts[0].name][keys].reset_index(drop=True)
    bound, bias, support, joint = np.zeros(len(out)), np.zeros(len(out)), np.zeros(len(out), dtype=int), None
    for part, weight in zip(composite.parts, composite.weights, strict=True):
        place = _places(tables[part.name], out, keys, part.name)
        own = tables[part.name].iloc[place]
        slope, start = _line(part, weight, shift=value != "effect")
        out[f"part_{part.name}"] = start + slope * own[value].to_numpy(float)
        if "n_effective" in own:
            out[f"n_{part.name}"] = own["n_effective"].to_numpy(float)
        bound += abs(slope) * own["sd"].to_numpy(float)
        if "bias_sd" in own:
            bias += abs(slope) * own["bias_sd"].fillna(0.0).to_numpy(float)
        support = np.maximum(support, [_SUPPORT.index(str(flag)) for flag in own["support"]])
        if draws is not None:
            moved = start + slope * draws[part.name][:, place]
            joint = moved if joint is None else joint + moved
    total = out[[f"part_{part.name}" for part in composite.parts]].sum(axis=1, skipna=False).to_numpy(float)
    sd = np.where(np.isnan(total), np.nan, bound if joint is None else joint.std(axis=0, ddof=1))
    flags = np.where(np.isnan(total), _SUPPORT[-1], np.asarray(_SUPPORT, dtype=object)[support])
    biased = any("bias_sd" in tables[part.name] for part in composite.parts)
    ends = _intervals(total, sd, bias if biased else None)
    parts = out.drop(columns=keys)
    return pd.concat([out[keys].assign(**{value: total, "sd": sd, "support": flags, **ends}), parts], axis=1)


def _intervals(
    total: NDArray[np.float64], sd: NDArray[np.float64], bias_sd: NDArray[np.float64] | None
) -> dict[str, NDArray[np.float64]]:
    """90 % intervals by sampling alone and, where a bias is known, by both together."""
    ends = {"lower": total - _Z90 * sd, "upper": total + _Z90 * sd}
    if bias_sd is None:
        return ends
    wide = np.hypot(sd, bias_sd)
    both = {"lower_total": total - _Z90 * wide, "upper_total": total + _Z90 * wide}
    return ends | {"bias_sd": np.where(np.isnan(total), np.nan, bias_sd), "total_sd": wide, **both}


def _line(part: Outcome, weight: float, *, shift: bool) -> tuple[float, float]:
    """Slope and start of the line from the part's own scale to its weighted 0 (worst) .. weight (best)."""
    low, high = part.scale
    sign = 1.0 if part.higher_is_better else -1.0
    slope = sign * weight / (high - low)
    worst = low if part.higher_is_better else high
    return slope, -slope * worst if shift else 0.0


def _places(table: pd.DataFrame, asked: pd.DataFrame, keys: Sequence[str], name: str) -> NDArray[np.intp]:
    """Position in `table` of each row of `asked`, by label."""
    index = pd.MultiIndex.from_frame(table[list(keys)])
    found = index.get_indexer(pd.MultiIndex.from_frame(asked[list(keys)])) if index.is_unique else np.array([-1])
    if len(table) != len(asked) or (found < 0).any():
        raise ValueError(f"the table of {name} has other rows than that of the first part, or one of them twice")
    return np.asarray(found)
