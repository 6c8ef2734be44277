"""What a night of the made-up world left behind, and how tests change it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.nightly.page import night_page
from jobs.pages.night import NightPage
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.tables.declare import Table
from tests.trained import DAY

SOURCE = "the made-up world"


@dataclass(frozen=True)
class Night:
    """What a night left behind."""

    stores: Stores
    reports: Sequence[Report]
    page: NightPage
    printed: str
    copy: Path

    def details(self, verb: str) -> dict[str, Any]:
        return next(r.details for r in self.reports if r.verb == verb)

    def page_of(self, **changed: Any) -> NightPage:
        """Compose the page again of reports or stores that were changed."""
        reports, stores = changed.pop("reports", self.reports), changed.pop("stores", self.stores)
        return night_page(DAY, reports, stores, source=SOURCE, **changed)

    def reports_with(self, verb: str, **changed: Any) -> list[Report]:
        return [replace(r, **changed) if r.verb == verb else r for r in self.reports]


def commit(stores: Stores, table: Table, rows: pa.Table, run_date: date, **partition: str) -> None:
    """Put rows of a day and kind into a table, as a run would."""
    values = {"run_date": run_date, **partition}
    stage = stores.tables.open_stage(table, values, "test")
    stage.write(rows)
    staged = stage.close()
    assert staged is not None
    assert stores.tables.finish(table, [staged], values, "test", 1, lambda: None)
