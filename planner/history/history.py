"""The value of this stage: contacts on an SQL engine, what was kept out, and the quality report."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import ibis
import pandas as pd

from planner import notebook
from planner.history.columns import PERSON, ROW
from planner.history.quality import QualityReport


@dataclass(frozen=True)
class History:
    """Contacts in canonical columns, lazily on an engine; nothing of the engine is needed to use them.

    Attributes
    ----------
    contacts
        Canonical columns, covariates and `row_id` (position in the file, from 0); `started_at` is the center's
        wall-clock time; ids of customers and agents are salted hashes. `person_key` is the customer as a number (NULL
        where nobody was identified): far cheaper to group by than `customer_id`. A Parquet file is scanned when asked,
        never copied: it must stay as it is while the history is used.
    staffing
        `interval_start, pool, scheduled, on_task` that really stood there, or None.
    quarantine
        DataFrame `problem, rows, example`: rows kept out, never silently.
    quality
        What came in, what was kept and what is missing.
    covariates
        Numeric columns beyond the canonical ones.
    given
        Those of them that history gives itself and that are worth adjusting for; None: nobody looked yet.
    """

    contacts: ibis.Table
    staffing: ibis.Table | None
    quarantine: pd.DataFrame
    quality: QualityReport
    covariates: tuple[str, ...] = ()
    connection: ibis.BaseBackend = field(default=None, repr=False, compare=False)
    given: tuple[str, ...] | None = None

    def materialize(self) -> pd.DataFrame:
        """All contacts as a DataFrame, in the order of the file."""
        return self.contacts.drop(PERSON).order_by(ROW).execute()

    def _repr_html_(self) -> str:
        told = [str(line) for line in (*self.quality.warnings, *self.quality.notes)]
        return notebook.shown("History", notebook.table(self.quarantine), notebook.sentences(told))

    @property
    def end(self) -> dt.datetime:
        """Start of the last contact: what comes after it is not known."""
        if self.quality.last is None:
            raise ValueError("this history holds no contacts")
        return self.quality.last
