"""The wait curves as one picture: points lost by waiting, per channel, with their bands."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from planner.report.estimate.blocks import Picture, Section
from planner.report.estimate.dots import Line, curves
from planner.report.estimate.numbers import share
from planner.report.estimate.words import WAITS

_LOST = {"points": "points lost", "share": "share lost", "composite": "lost", "seconds": "seconds more"}
_Z90 = 1.6448536269514722
_TICKS = ((5.0, "5 s"), (20.0, "20 s"), (60.0, "1 min"), (180.0, "3 min"), (600.0, "10 min"), (1_800.0, "30 min"),
          (3_600.0, "1 h"), (14_400.0, "4 h"), (86_400.0, "1 d"))  # fmt: skip


def waits_section(
    curve: pd.DataFrame, volume: pd.DataFrame, within: Mapping[str, float], unit: str, digits: int = 2
) -> Section:
    """Show each channel's wait curve, averaged over its reasons by today's contacts.

    Parameters
    ----------
    curve
        `reason, channel, wait_s, loss, sd`, as `ExperienceModel.wait_curve`.
    volume
        `reason, channel, n_contacts`.
    within
        Share of the variance of ln(wait) within hours, per channel.
    unit
        As from `units.unit_of`.
    digits
        Decimals of what is lost.
    """
    lines, flat = [], []
    for channel, own in curve.groupby("channel", sort=True):
        if not (own["loss"] > 0).any():
            flat.append(str(channel))
            continue
        lines.append(_averaged(str(channel), own, volume))
    known = {channel: value for channel, value in within.items() if np.isfinite(value)}
    shares = ", ".join(f"{channel} {share(value)}" for channel, value in sorted(known.items()))
    sentences = [WAITS["within"].format(shares=shares)] if shares else []
    if flat:
        sentences.append(WAITS["none"].format(why=", ".join(flat)))
    pictures: tuple[Picture, ...] = ()
    if lines:
        svg = curves(lines, x_label=WAITS["x"], y_label=_LOST[unit], x_text=_TICKS, digits=digits)
        pictures = (Picture(WAITS["title"], svg),)
    return Section("waits", WAITS["title"], WAITS["help"], tuple(sentences), pictures=pictures, folded=False)


def _averaged(channel: str, own: pd.DataFrame, volume: pd.DataFrame) -> Line:
    weight = volume[volume["channel"] == channel].groupby("reason")["n_contacts"].sum()
    parts = own.assign(weight=own["reason"].map(weight.to_dict()).astype(float).fillna(0.0) + 1e-9)
    parts = parts.assign(lost=parts["loss"] * parts["weight"], spread=parts["sd"] * parts["weight"])
    sums = parts.groupby("wait_s", sort=True)[["lost", "spread", "weight"]].sum()
    loss, sd = sums["lost"] / sums["weight"], sums["spread"] / sums["weight"]
    return Line(channel, tuple(map(float, sums.index)), tuple(map(float, loss)), tuple(map(float, _Z90 * sd)))
