"""Anybody's customers, offers, values and costs in: who gets which under a budget, and how good that is for certain."""

import io
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from jobs.errors import BadRequest
from jobs.pages.allocation_lines import allocation_lines
from jobs.runtime.answering import answered
from jobs.runtime.command import flag, parse
from jobs.runtime.progress import Steps
from jobs.runtime.report import peak_mb
from jobs.science.offers.instance import CUSTOMER, NEEDED, OFFER, Instance, take_instance
from jobs.science.offers.instance_choice import Choice, choose
from jobs.science.offers.instance_limits import BUDGET, CAP, MINIMUM, Limits, read_limit
from jobs.storage.data_file import read_data_file
from jobs.storage.result_folder import write_results

STEPS = 3
_PARQUET = {".parquet", ".pq"}


@dataclass(frozen=True)
class AllocateInstance:
    """Choose offers for the customers of a file: columns customer_id, offer_id, value and cost, in euro."""

    data: Path = flag("a row for each customer and offer that is allowed", unit="CSV or Parquet", example="pairs.csv")
    budget: float = flag("most that all offers may cost; inf is no limit", unit="euro", example="50000", low=0)
    caps: Path | None = flag(
        "most customers of offers: columns offer_id and cap", unit="CSV or Parquet", default=None, example="caps.csv"
    )
    minimums: Path | None = flag(
        "least customers of offers: columns offer_id and minimum", unit="CSV or Parquet", default=None,
        example="minimums.csv",
    )  # fmt: skip
    offers_each: int = flag("offers that a customer may get", unit="count", default=1, example="1", low=1)
    out: Path | None = flag(
        "file of the choice; beside the data without it", unit="CSV or Parquet", default=None, example="choice.csv"
    )
    exact_seconds: float = flag(
        "seconds for the exact answer of at most 2,000 customers; 0 leaves it out", unit="seconds", default=0.0,
        example="10", low=0, high=3_600,
    )  # fmt: skip
    today: date | None = flag(
        "day on which offers with expires_on must still hold; today without it", unit="YYYY-MM-DD", default=None,
        example="2026-11-22",
    )  # fmt: skip
    seed: int = flag("seed of the lot among equals", unit="integer", default=1, example="1", low=0)
    json: bool = flag("print one JSON object", default=False, example="--json")


def allocate_instance(request: AllocateInstance, steps: Steps | None = None) -> dict[str, Any]:
    """Read pairs and limits, choose, write the choice.

    Parameters
    ----------
    request : AllocateInstance
        What to choose from.
    steps : Steps, optional
        Shows the steps while they run.

    Returns
    -------
    dict
        The answer as JSON holds it: ``value``, ``dual_bound``, ``gap``, ``spend`` (euro), ``per_offer``, ``prices``
        with words, ``feasible``, ``cpu_s``, ``peak_mb``, ``choice`` (the file) and more.

    Raises
    ------
    BadFile, BadSchema, BadRows
        If a file cannot be read or a row cannot be; nothing is written then, nor after any other failure.
    BadRequest
        If the limits cannot be kept; the sentence says which, and by how much.
    """
    shown, began = steps or Steps(0, quiet=True), time.process_time()
    out = _place(request)
    with shown.step("read and check") as at:
        rows = read_data_file(request.data, text={CUSTOMER, OFFER})
        today = request.today or datetime.now(UTC).date()
        instance = take_instance(rows, file=request.data.name, today=today)
        limits = Limits(
            request.budget,
            _limit(request.caps, CAP, instance, math.inf),
            _limit(request.minimums, MINIMUM, instance, 0.0),
            request.offers_each,
        )
        at.note = f"{len(instance.customers):,} customers, {len(instance.offers):,} offers, {rows.num_rows:,} pairs"
    with shown.step("choose") as at:
        found = choose(instance, limits, seed=request.seed, exact_s=request.exact_seconds)
        at.note = f"gap {found.gap:.2%}"
    with shown.step("write"):
        chosen = rows.select(list(NEEDED)).take(pa.array(instance.row[found.pair]))
        write_results(out.parent, {out.name: _written(chosen, out)})
    return _answer(instance, limits, found) | {
        "data": request.data.name,
        "choice": str(out),
        "seed": request.seed,
        "cpu_s": round(time.process_time() - began, 3),
        "peak_mb": round(peak_mb(), 1),
    }


def _place(request: AllocateInstance) -> Path:
    """Return where the choice goes; never onto a file that is read."""
    suffix = request.data.suffix if request.data.suffix.lower() in _PARQUET else ".csv"
    out = request.out or request.data.with_name(f"{request.data.name.split('.')[0]}.choice{suffix}")
    if out.suffix.lower() not in {".csv", *_PARQUET}:
        raise BadRequest(f"--out is {out}: name a .csv or a .parquet file.")
    if out.is_dir():
        raise BadRequest(f"--out {out} is a folder: name a file in it.")
    read = {path.resolve() for path in (request.data, request.caps, request.minimums) if path is not None}
    if out.resolve() in read:
        raise BadRequest(f"--out {out} is a file that is read: name another one.")
    return out


def _limit(path: Path | None, name: str, instance: Instance, without: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    if path is None:
        return np.full(len(instance.offers), without)
    return read_limit(
        read_data_file(path, text={OFFER}), name, instance.offers, file=path.name, without=without
    )  # fmt: skip


def _written(chosen: pa.Table, out: Path) -> bytes:
    sink = io.BytesIO()
    if out.suffix.lower() in _PARQUET:
        pq.write_table(chosen, sink)
    else:
        pacsv.write_csv(chosen, sink, pacsv.WriteOptions(quoting_style="needed"))
    return sink.getvalue()


def _answer(instance: Instance, limits: Limits, found: Choice) -> dict[str, Any]:
    price = {r.name: r.price_eur for r in found.resources}
    below = _too_small(instance, limits)
    return {
        "value": found.value_eur,
        "dual_bound": found.dual_bound_eur,
        "gap": found.gap,
        "spend": found.spend_eur,
        "budget": _finite(limits.budget_eur),
        "feasible": found.feasible,
        "method": found.method,
        "customers": len(instance.customers),
        "customers_offered": len(np.unique(instance.customer[found.pair])),
        "offers_each": limits.most_offers,
        "pairs": len(instance.row),
        "per_offer": {
            offer: {
                "customers": int(found.counts[j]),
                "value": float(found.value_of_offer[j]),
                "spend": float(found.spend_of_offer[j]),
                "cap": _finite(float(limits.caps[j])),
                "minimum": float(limits.minimums[j]),
                "price": price.get(f"offer {offer}", 0.0),
            }
            for j, offer in enumerate(instance.offers)
        },
        "prices": [
            {
                "name": r.name,
                "unit": r.unit,
                "used": r.used,
                "most": _finite(r.most),
                "least": r.least,
                "price": r.price_eur,
                "shut": r.is_shut or r.name in below,
                "words": below.get(r.name, r.in_words()),
            }
            for r in found.resources
        ],
        "columns_unused": list(instance.unused),
    }


def _too_small(instance: Instance, limits: Limits) -> dict[str, str]:
    """Say of a budget that pays for no offer that is worth giving what the cheapest costs; it has no price then."""
    cost = instance.cost[instance.value > 0]
    if not len(cost) or not 0.0 < limits.budget_eur < (least := float(cost.min())):
        return {}
    said = f"The budget of {limits.budget_eur:,.2f} euro pays for no offer: the cheapest costs {least:,.2f} euro."
    return {BUDGET: said}


def _finite(value: float) -> float | None:
    """Return a limit as JSON holds it: none is null."""
    return value if math.isfinite(value) else None


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift allocate-offers --data``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    request = parse(AllocateInstance, "netlift allocate-offers", sys.argv[1:] if argv is None else argv)
    return answered(request, allocate_instance, allocation_lines, steps=STEPS)


if __name__ == "__main__":
    sys.exit(main())
