"""The binding file: from our names to the ids of a routing system."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from planner.errors import PlanError
from planner.routing.check import refuse

KINDS: Mapping[str, str] = {
    "pools": "pool -> queue id (Connect: ARN, Twilio: WQ..., Genesys: UUID, Zendesk: group id, Salesforce: queue)",
    "segments": "segment -> the value the system knows",
    "reasons": "entry reason -> the value the system knows",
    "channels": "channel -> the value the system knows",
    "facts": "fact -> the attribute or field that holds it",
    "settings": "ids of the instance itself (instance_id, hours_of_operation_id, division_id, schema_id, ...)",
    "transfers": "platform -> platform -> queue, number or address that takes contacts over",
}
"""Sections of a binding file."""

_OF_FACT = {"entry_reason": "reasons", "segment": "segments", "channel": "channels"}


@dataclass(frozen=True)
class Binding:
    """Ids by section and name; a name without one keeps itself as a readable placeholder."""

    ids: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    transfers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def id(self, section: str, name: str) -> str:
        """Return the system's id, or a placeholder."""
        return self.ids.get(section, {}).get(name, placeholder(section, name))

    def has(self, section: str, name: str) -> bool:
        """Tell if a name is bound."""
        return name in self.ids.get(section, {})

    def value(self, fact: str, name: str) -> str:
        """Return what the system calls a name of a fact; ours where nothing else is said."""
        return self.ids.get(_OF_FACT.get(fact, ""), {}).get(name, name)

    def attribute(self, fact: str) -> str:
        """Return the attribute that holds a fact; its own name where nothing else is said."""
        return self.ids.get("facts", {}).get(fact, fact)

    def transfer(self, here: str, there: str) -> str | None:
        """Return the declared way from one platform to another; None where there is none."""
        return self.transfers.get(here, {}).get(there)


def placeholder(section: str, name: str) -> str:
    """Return what stands where an id is wanted and none is known."""
    return f"<{section.rstrip('s')}: {name}>"


def binding_of(document: Any, known: Mapping[str, Sequence[str]], source: str = "binding") -> Binding:
    """Read a binding document.

    Parameters
    ----------
    known
        Section -> names that may be bound in it; sections left out take any name.

    Raises
    ------
    PlanError
        With the list: sections or names nobody knows, ids that are no text, ids that come twice.
    """
    if not isinstance(document, Mapping):
        raise PlanError(f"{source}: must map sections ({', '.join(KINDS)}) to names and ids")
    faults: list[str] = []
    for section, names in document.items():
        if section not in KINDS:
            faults.append(f"section {section!r} is unknown{_nearest(str(section), KINDS)}")
        elif not isinstance(names, Mapping):
            faults.append(f"{section}: must map names to ids")
        elif section != "transfers":
            faults += _names(section, names, known.get(section))
    transfers = document.get("transfers") or {}
    if isinstance(transfers, Mapping):
        ways = transfers.values()
        faults += [f"transfers: {way!r} must map a platform to an address" for way in ways if not _texts(way)]
    refuse(f"{source}: cannot be used", faults)
    ids = {str(s): {str(k): str(v) for k, v in names.items()} for s, names in document.items() if s != "transfers"}
    return Binding(ids, {str(a): {str(b): str(v) for b, v in ways.items()} for a, ways in transfers.items()})


def _texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(one, (str, int)) for one in value.values())


def _names(section: str, names: Mapping[Any, Any], known: Sequence[str] | None) -> list[str]:
    faults = []
    for name, value in names.items():
        if known is not None and str(name) not in known:
            faults.append(f"{section}.{name}: no such name in these rules{_nearest(str(name), known)}")
        if isinstance(value, bool) or not isinstance(value, (str, int)) or str(value) == "":
            faults.append(f"{section}.{name}: {value!r} is no id; write text or a whole number")
    ids = [str(value) for value in names.values()]
    if section in ("pools", "facts", "reasons", "segments", "channels"):
        faults += [f"{section}: id {one!r} is given {ids.count(one)} times" for one in set(ids) if ids.count(one) > 1]
    return faults


def _nearest(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, [str(k) for k in known], n=1)
    return f" (did you mean {near[0]!r}?)" if near else f"; known are {', '.join(str(k) for k in list(known)[:12])}"
