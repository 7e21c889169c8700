"""One small valid center as files in a temporary folder; tests change a line of it and read the messages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from planner.errors import Issue, ScenarioError
from planner.scenario import load_scenario_record

BASE = """\
version: 1
name: small
horizon:
  start: 2026-01-05
  days: 1
  opens: 10:30
  closes: 12:00
  interval_min: 30
  timezone: Europe/Zurich
demand: {source: demand.csv}
segments:
  all:
reasons:
  billing: {}
  fault: {must_human: true}
channels:
  voice: {patience_s: 180}
  chat: {}
experience:
  score_given_up: 2.0
  score_abandoned: {value: 1.5, low: 1.2, high: 1.8}
  outcomes:
    - {channel: voice, aht_s: 300, score: 4.2}
    - {channel: chat, aht_s: 360, score: 4.0}
shifts:
  morning:
    length_h: 1
    starts: {first: 10:30, last: 11:00}
    breaks:
      - {after_h: 0.5, length_min: 30}
pools:
  voice_core:
    kind: human
    channel: voice
    discipline: live_voice
    shrinkage: 0.3
    occupancy_max: 0.85
    shifts: [morning]
  bot:
    kind: automated
    channel: chat
    discipline: automated
    reasons: [billing]
steers:
  offer_chat:
    from_channel: voice
    to_channel: chat
    offered_at: menu
    acceptance: 0.5
    reasons: [billing]
promises:
  answered:
    pools: [voice_core]
    measure: service_level
    target: 0.8
today:
  staffing: staffing.csv
  routing: routing.csv
variants:
  lean:
    pools.voice_core.shrinkage: 0.25
    steers.offer_chat.acceptance: {value: 0.4, low: 0.3, high: 0.5}
"""
DEMAND = """\
interval_start,reason,channel,contacts
2026-01-05 10:30,billing,voice,10
2026-01-05 10:30,fault,voice,4.5
2026-01-05 11:00,billing,voice,12
2026-01-05 11:00,fault,voice,5
2026-01-05 11:30,billing,voice,9
2026-01-05 11:30,fault,voice,0
"""
STAFFING = """\
weekday,time,pool,scheduled
0,10:30,voice_core,4
0,11:00,voice_core,5
0,11:30,voice_core,3.5
"""
ROUTING = """\
reason,segment,channel,pool,share
billing,all,voice,voice_core,1
fault,all,voice,voice_core,1
"""
Replace = tuple[str, str]


class Center:
    """The center's folder, and what loading it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "small.yaml"
        for name, text in (("demand", DEMAND), ("staffing", STAFFING), ("routing", ROUTING)):
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        self.write()

    def write(self, *changes: Replace, name: str = "small.yaml") -> Path:
        """Write the base text with each (old, new) replaced once."""
        return self._write(BASE, changes, name)

    def write_csv(self, name: str, *changes: Replace) -> Path:
        """Write demand.csv, staffing.csv or routing.csv with each (old, new) replaced once."""
        text = {"demand": DEMAND, "staffing": STAFFING, "routing": ROUTING}[name]
        return self._write(text, changes, f"{name}.csv")

    def issues(self, overrides: Iterable[str] = (), variant: str | None = None) -> list[Issue]:
        """Problems and warnings of the file."""
        try:
            return list(load_scenario_record(self.path, overrides, variant).warnings)
        except ScenarioError as err:
            return err.issues

    def said(self, overrides: Iterable[str] = (), variant: str | None = None) -> list[str]:
        """Problems and warnings as shown, without the folder."""
        return [str(one).replace(f"{self.folder}/", "") for one in self.issues(overrides, variant)]

    def only(self, overrides: Iterable[str] = ()) -> str:
        """The one problem there is."""
        said = self.said(overrides)
        assert len(said) == 1, said
        return said[0]

    def _write(self, text: str, changes: Iterable[Replace], name: str) -> Path:
        for old, new in changes:
            assert text.count(old) >= 1, old
            text = text.replace(old, new, 1)
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path
