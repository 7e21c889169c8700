"""First-contact resolution under three definitions that must never be mixed, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from planner.experience.journeys.survival import Survival, kaplan_meier, survival_interval
from planner.history import History
from planner.history.return_times import About, clustered_squares, first_contact_codes, return_counts

DEFINITIONS: dict[str, str] = {
    "no_return": "no further contact of the same issue within the window",
    "no_contact": "no further contact of the customer, about anything, within the window",
    "coded": "the agent coded the contact as resolved; agents' word, not checked against later contacts",
}
LEVELS: dict[str, tuple[str, ...]] = {
    "all": (),
    "reason": ("entry_reason",),
    "channel": ("channel",),
    "reason_channel": ("entry_reason", "channel"),
    "segment": ("segment",),
}
"""How contacts are grouped: level -> keys."""

_ABOUT = {"no_return": About.ISSUE, "no_contact": About.ANYTHING}
_COLUMNS = (
    "definition",
    "level",
    "reason",
    "channel",
    "segment",
    "contacts",
    "complete",
    "fcr",
    "sd",
    "lower",
    "upper",
    "fcr_low",
    "fcr_high",
    "design_effect",
    "share_anonymous",
)


@dataclass(frozen=True)
class ResolutionCounts:
    """What the table is computed from.

    Attributes
    ----------
    no_return, no_contact
        `entry_reason, channel, segment, day, returned, censored` (see `planner.history.return_times.return_counts`;
        whole days do as well).
    codes
        As from `first_contact_codes`.
    """

    no_return: pd.DataFrame
    no_contact: pd.DataFrame
    codes: pd.DataFrame


def resolution_counts(history: History, window_days: float) -> ResolutionCounts:
    """Count first contacts by what followed, in the engine."""
    return ResolutionCounts(
        return_counts(history, window_days=window_days, about=About.ISSUE),
        return_counts(history, window_days=window_days, about=About.ANYTHING),
        first_contact_codes(history, window_days=window_days),
    )


def resolution_table(
    counts: ResolutionCounts,
    *,
    window_days: float,
    chance: Mapping[str, float] | None = None,
    history: History | None = None,
) -> pd.DataFrame:
    """Tabulate first-contact resolution per definition and level.

    `no_return` and `no_contact` are Kaplan-Meier estimates over served first contacts of identified customers, so that
    contacts near the end of the data count for as long as they were seen. Anonymous contacts cannot be followed: they
    are reported as a share and never counted as resolved.

    Parameters
    ----------
    chance
        Reason -> probability that a first contact is followed within the window by chance
        (`late_links.first_contact_chance`).
    history
        Where given, variances count the contacts of one customer as dependent; else as independent.

    Returns
    -------
    pandas.DataFrame
        `definition` (see `DEFINITIONS`), `level` (see `LEVELS`), `reason, channel, segment` (None where summed over),
        `contacts` (that could be followed, or were coded), `complete` (followed to the end of the window), `fcr`, `sd`,
        `lower, upper` (90 %), `fcr_low` (if later contacts hid among the anonymous ones as often as contacts do,
        1 - (1 - fcr)/(1 - share anonymous); a bound), `fcr_high` (links by chance taken out; NaN for other definitions:
        the truth lies between these two as far as links are concerned), `design_effect` (variance over that of
        independent contacts), `share_anonymous` (of first contacts).
    """
    first = counts.codes[["first", "anonymous"]].sum()
    hidden = float(first["anonymous"] / max(first["first"], 1)) if history is None else history.quality.share_anonymous
    rows: list[dict[str, object]] = []
    for definition, about in _ABOUT.items():
        frame, linked = getattr(counts, definition), chance if definition == "no_return" else None
        for level, keys in LEVELS.items():
            survivals = _survivals(frame, keys, window_days)
            squares = _squares(history, survivals, keys, window_days, about)
            for label, survival in survivals.items():
                b = np.nan if linked is None else _chance_of(frame, keys, label, linked)
                row = _followed_row(survival, squares.get(label, np.nan)) | _bounds(survival.share, hidden, b)
                rows.append({"definition": definition, "level": level, **_labels(keys, label), **row})
    for level, keys in LEVELS.items():
        for label, part in _parts(counts.codes, keys):
            if part["coded"].sum() > 0:
                rows.append({"definition": "coded", "level": level, **_labels(keys, label), **_coded_row(part)})
    table = pd.DataFrame(rows, columns=[name for name in _COLUMNS if name != "share_anonymous"])
    for name in ("reason", "channel", "segment"):
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    return _with_anonymous(table, counts.codes)[list(_COLUMNS)]


def _bounds(fcr: float, hidden: float, chance: float) -> dict[str, float]:
    """Bounds of first-contact resolution, with as many returns hidden among anonymous contacts, and without chance."""
    return {
        "fcr_low": max(0.0, 1 - (1 - fcr) / (1 - hidden)) if hidden < 1 else 0.0,
        "fcr_high": float(np.minimum(1.0, fcr / (1 - chance))),
    }


def _parts(frame: pd.DataFrame, keys: tuple[str, ...]) -> list[tuple[tuple[str | None, ...], pd.DataFrame]]:
    """Parts of a frame by label; rows without a label count only where it is summed over."""
    if not keys:
        return [((), frame)] if len(frame) else []
    known = frame.dropna(subset=list(keys))
    return [
        (tuple(str(x) for x in (label if isinstance(label, tuple) else (label,))), part)
        for label, part in known.groupby(list(keys), sort=True)
    ]


def _survivals(
    frame: pd.DataFrame, keys: tuple[str, ...], window_days: float
) -> dict[tuple[str | None, ...], Survival]:
    return {label: kaplan_meier(part, window_days) for label, part in _parts(frame, keys)}


def _squares(
    history: History | None,
    survivals: dict[tuple[str | None, ...], Survival],
    keys: tuple[str, ...],
    window_days: float,
    about: About,
) -> dict[tuple[str | None, ...], float]:
    """Variance of log S per stratum, the contacts of one customer taken together."""
    if history is None or not survivals:
        return {}
    parts = []
    for label, survival in survivals.items():
        parts.append(survival.influence.assign(**dict(zip(keys, label, strict=True))))
    influence = pd.concat(parts, ignore_index=True)
    if influence.empty:
        return {}
    frame = clustered_squares(history, influence, window_days=window_days, by=keys, about=about)
    found = {tuple(row[:-1]): float(row[-1]) for row in frame[[*keys, "squares"]].itertuples(index=False, name=None)}
    return {label: found.get(label, np.nan) / survival.followed**2 for label, survival in survivals.items()}


def _followed_row(survival: Survival, log_variance: float) -> dict[str, object]:
    clustered = survival.share**2 * log_variance
    # Fewer repeats of one customer than chance would give is luck, not knowledge: never below independence.
    usable = survival.variance > 0 and np.isfinite(clustered)
    effect = max(1.0, clustered / survival.variance) if usable else 1.0
    lower, upper = survival_interval(survival, effect)
    return {
        "contacts": survival.followed,
        "complete": survival.complete,
        "fcr": survival.share,
        "sd": float(np.sqrt(survival.variance * effect)),
        "lower": lower,
        "upper": upper,
        "design_effect": effect,
    }


def _coded_row(part: pd.DataFrame, level: float = 0.9) -> dict[str, object]:
    """Share coded as resolved, with the score interval (Wilson 1927)."""
    n, k = float(part["coded"].sum()), float(part["resolved"].sum())
    z = norm.isf((1 - level) / 2)
    p = k / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return {
        "contacts": int(n),
        "complete": int(n),
        "fcr": p,
        "sd": float(np.sqrt(p * (1 - p) / n)),
        "lower": float(middle - half),
        "upper": float(middle + half),
        "fcr_low": np.nan,
        "fcr_high": np.nan,
        "design_effect": 1.0,
    }


def _chance_of(
    frame: pd.DataFrame, keys: tuple[str, ...], label: tuple[str | None, ...], chance: Mapping[str, float]
) -> float:
    """Chance of a link in a stratum, by the contacts of its reasons."""
    mine = frame
    for name, value in zip(keys, label, strict=True):
        mine = mine[mine[name] == value]
    n = (mine["returned"] + mine["censored"]).to_numpy(float)
    b = mine["entry_reason"].map(dict(chance)).astype(float).fillna(0.0).to_numpy()
    return float(np.average(b, weights=n)) if n.sum() > 0 else 0.0


def _labels(keys: tuple[str, ...], label: tuple[str | None, ...]) -> dict[str, str | None]:
    named: dict[str, str | None] = {"reason": None, "channel": None, "segment": None}
    for name, value in zip(keys, label, strict=True):
        named["reason" if name == "entry_reason" else name] = value
    return named


def _with_anonymous(table: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    shares = {}
    for level, keys in LEVELS.items():
        for label, part in _parts(codes, keys):
            named = _labels(keys, label)
            key = (level, named["reason"], named["channel"], named["segment"])
            shares[key] = float(part["anonymous"].sum() / max(part["first"].sum(), 1))
    keyed = table[["level", "reason", "channel", "segment"]].itertuples(index=False, name=None)
    return table.assign(share_anonymous=[shares.get(key, np.nan) for key in keyed])
