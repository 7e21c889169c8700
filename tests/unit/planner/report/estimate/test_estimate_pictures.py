"""Numbers in words and small pictures: positions follow the axis, names are escaped, nothing is minus zero."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from planner.report.estimate.dots import Axis, Line, curves, interval_dot
from planner.report.estimate.numbers import between, count, points, seconds, share, signed
from planner.report.estimate.waits import waits_section


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (points(-0.001), "0.00"),
        (points(-1.5), "−1.50"),
        (signed(0.25), "+0.25"),
        (points(float("nan")), "–"),
        (points(None), "–"),
        (share(0.123, 1), "12.3%"),
        (count(12_345.4), "12,345"),
        (between(1.0, 2.0), "1.00 to 2.00"),
        (seconds(90.0), "90 s"),
        (seconds(125.0), "2.1 min"),
        (seconds(3 * 86_400.0), "3.0 d"),
        (seconds(float("inf")), "–"),
    ],
)
def test_numbers_are_written_for_people(text: str, wanted: str) -> None:
    assert text == wanted


def test_a_dot_lies_between_the_ends_of_its_interval() -> None:
    picture = interval_dot(4.0, 3.5, 4.5, 3.8, Axis(3.0, 5.0, 120.0), zero=None)
    line = re.search(r'x1="([\d.]+)" y1="9" x2="([\d.]+)"', picture)
    dots = [float(x) for x in re.findall(r'cx="([\d.]+)"', picture)]
    assert line is not None
    low, high = float(line[1]), float(line[2])
    assert low < dots[0] < dots[1] < high
    assert dots[1] == pytest.approx(60.0)
    assert dots[0] == pytest.approx(6 + 0.4 * 108, abs=0.06)


def test_a_wide_interval_stays_inside_the_picture_and_no_estimate_has_none() -> None:
    picture = interval_dot(4.0, -100.0, 100.0, None, Axis(3.0, 5.0, 120.0))
    assert all(0 <= float(x) <= 120 for x in re.findall(r'(?:x1|x2|cx)="([\d.]+)"', picture))
    assert interval_dot(float("nan"), 1.0, 2.0, None, Axis(0.0, 1.0, 100.0)) == ""


def test_curves_rise_as_their_numbers_and_escape_names() -> None:
    line = Line("<b>voice</b>", (0.0, 20.0, 120.0), (0.0, 0.1, 0.4), (0.0, 0.05, 0.1))
    svg = curves([line], x_label="wait", y_label="points", x_text=[(20.0, "20 s"), (600.0, "10 min")])
    assert "<b>" not in svg
    pixels = re.search(r'<polyline points="([^"]+)"', svg)
    assert pixels is not None
    places = np.array([[float(v) for v in pair.split(",")] for pair in pixels[1].split()])
    assert (np.diff(places[:, 0]) > 0).all()
    assert (np.diff(places[:, 1]) < 0).all()
    assert "20 s" in svg
    assert "10 min" not in svg, "ticks beyond the last wait are left out"


def test_labels_of_curves_that_end_together_do_not_overlap() -> None:
    lines = [Line(name, (0.0, 60.0), (0.0, 0.3), (0.0, 0.0)) for name in ("voice", "chat", "app")]
    svg = curves(lines, x_label="wait", y_label="points", x_text=[])
    heights = sorted(float(y) for y in re.findall(r'y="([\d.]+)" style="fill', svg))
    assert np.diff(heights).min() >= 13 - 1e-6


def test_wait_curves_are_averaged_by_contacts_and_flat_channels_are_named() -> None:
    curve = pd.DataFrame(
        [("a", "voice", 0.0, 0.0, 0.0), ("a", "voice", 60.0, 0.2, 0.1), ("b", "voice", 0.0, 0.0, 0.0),
         ("b", "voice", 60.0, 0.6, 0.1), ("a", "bot", 0.0, 0.0, 0.0), ("a", "bot", 3600.0, 0.0, 0.0)],
        columns=["reason", "channel", "wait_s", "loss", "sd"],
    )  # fmt: skip
    volume = pd.DataFrame({"reason": ["a", "b"], "channel": ["voice", "voice"], "n_contacts": [300.0, 100.0]})
    section = waits_section(curve, volume, {"voice": 0.8, "bot": float("nan")}, "points")
    assert "voice 0.30" in section.pictures[0].svg
    assert any("bot" in sentence and "No curve" in sentence for sentence in section.sentences)
    assert any("voice 80%" in sentence for sentence in section.sentences)
