"""Anybody's transactions in: how good our fraud model would have been on them, as a table, a page and JSON."""

import datetime as dt
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.pages.fraud import fraud_html, fraud_lines
from jobs.runtime.answering import answered
from jobs.runtime.command import flag, parse
from jobs.runtime.progress import Steps
from jobs.science.fraud.decision import Costs
from jobs.science.fraud.engine import Limits
from jobs.science.fraud.features import fraud_features
from jobs.science.fraud.intake import (
    Intake,
    TransactionColumns,
    columns_named,
    day_of,
    first_day,
    last_day,
    take_in,
)
from jobs.science.fraud.plan import FraudPlan
from jobs.storage.data_file import read_data_file
from jobs.storage.result_folder import write_results

STEPS = 4
PAGE, ANSWER = "judge-fraud.html", "judge-fraud.json"


@dataclass(frozen=True)
class JudgeFraud:
    """Judge our fraud model on a file of transactions: learn on some days, judge on later ones."""

    data: Path = flag("the transactions, a row a payment", unit="CSV or Parquet", example="payments.parquet")
    columns: str = flag(
        "which column is the id, customer, partner, amount, time and label (and group, if there is one)",
        unit="NAME=COLUMN,...",
        example="id=tx,customer=card,partner=shop,amount=eur,time=at,label=fraud",
    )
    train_from: dt.date = flag("first day to learn from", unit="YYYY-MM-DD", example="2026-07-25")
    train_days: int = flag("days to learn from", unit="days", default=28, example="7", low=1)
    test_days: int = flag("days to judge, a label delay after", unit="days", default=7, example="7", low=1)
    known_at: str | None = flag(
        "column of the moment a label became known; by the delay without it", unit="column", default=None,
        example="reported_at",
    )  # fmt: skip
    label_delay_days: int = flag("days until a label is known", unit="days", default=7, example="7", low=1)
    review_cost: float = flag("cost of one review", unit="euro", default=5.0, example="5")
    loss_share: float = flag(
        "share of the amount that is lost when a fraud goes through", unit="in (0, 1]", default=1.0, example="0.9"
    )
    insult_cost: float = flag("cost of a good customer declined", unit="euro", default=20.0, example="20", low=0)
    reviews_per_day: int | None = flag(
        "payments that can be reviewed a day; all that are worth it without", unit="count", default=None,
        example="200", low=0,
    )  # fmt: skip
    refresh_hours: int = flag(
        "hours between two refreshes of what is known of partners, a divisor of 24", unit="hours", default=1,
        example="24", low=1, high=24,
    )  # fmt: skip
    rounds: int = flag("trees", unit="count", default=500, example="500", low=1)
    seed: int = flag("seed of the learner and of the intervals", unit="integer", default=1, example="1", low=0)
    threads: int = flag("threads", unit="count", default=1, example="2", low=1)
    memory_mb: int = flag("memory of the SQL engine", unit="MB", default=900, example="900", low=64)
    out: Path = flag(
        "folder of the page and the JSON", unit="folder", default=Path("out/judge-fraud"), example="out/judge"
    )
    json: bool = flag("print one JSON object", default=False, example="--json")


def judge_fraud(request: JudgeFraud, steps: Steps | None = None) -> dict[str, Any]:
    """Read transactions, build features, train, judge, write the page.

    Parameters
    ----------
    request : JudgeFraud
        What to judge.
    steps : Steps, optional
        Shows the steps while they run.

    Returns
    -------
    dict
        The answer as JSON holds it: ``auc``, ``ap``, ``cp100``, ``cp100_ceiling``, ``brier``, ``ece``,
        ``cost_share``, ``features_s``, ``fit_s`` and more.

    Raises
    ------
    BadRequest
        If the days or a flag make no sense; nothing is written then, nor after any other failure.
    BadRows
        If no row can be used, or days lack fraud or genuine payments.
    """
    shown = steps or Steps(0, quiet=True)
    if request.out.exists() and not request.out.is_dir():
        raise BadRequest(f"--out {request.out} is a file: name a folder.")
    model = FraudPlan(
        train_days=request.train_days,
        test_days=request.test_days,
        label_delay_days=request.label_delay_days,
        costs=Costs(request.review_cost, request.loss_share, request.insult_cost),
        review_share=None,
        review_per_day=request.reviews_per_day,
        rounds=request.rounds,
        seed=request.seed,
        threads=request.threads,
    )
    named = columns_named(request.columns)
    columns = TransactionColumns(known_at=request.known_at, **named)
    with shown.step("read and check") as at:
        rows = read_data_file(request.data, text={named["id"], named["customer"], named["partner"]})
        taken = take_in(rows, columns, label_delay_days=request.label_delay_days, file=request.data.name)
        del rows
        at.note = f"{taken.transactions.num_rows:,} of {taken.rows_in:,} rows"

    # The learners take seconds to load: --help and refusals do not wait for them.
    from jobs.science.fraud.card import judge_answer  # noqa: PLC0415
    from jobs.science.fraud.judge import JudgePlan, judge  # noqa: PLC0415

    plan = JudgePlan(request.train_from, first_day(taken), model)
    plan.check(last_day(taken))
    with shown.step("features") as building:
        features, kept = _features(request, taken, plan.rehearsal.first, plan.test.last)
        building.note = f"{features.num_rows:,} payments, {len(features.column_names)} columns"
    with shown.step("fit and judge") as fitting:
        group = None if taken.group is None else taken.group.take(pa.array(kept))
        found = judge(features, taken.is_fraud[kept], day_of(taken.known_s[kept]), plan, group)
        fitting.note = f"average precision {found.metrics.average_precision:.3f}"
    answer = judge_answer(found, taken) | {
        "data": request.data.name,
        "features_s": round(building.seconds, 3),
        "fit_s": round(fitting.seconds, 3),
        "page": str(request.out / PAGE),
        "json": str(request.out / ANSWER),
    }
    with shown.step("write"):
        write_results(
            request.out,
            {
                PAGE: fraud_html(answer, title=request.data.name, files=[("Figures", ANSWER)]).encode(),
                ANSWER: json.dumps(answer, indent=1, allow_nan=False).encode(),
            },
        )
    return answer


def _features(request: JudgeFraud, taken: Intake, first: dt.date, last: dt.date) -> tuple[pa.Table, NDArray[np.int64]]:
    """Build the features of a range of days; return them with the places of their rows among those taken."""
    with tempfile.TemporaryDirectory(prefix="netlift-") as spill:
        batches = fraud_features(
            taken.transactions,
            taken.fraud_reports,
            first_day=first,
            last_day=last,
            label_delay_days=request.label_delay_days,
            refresh_hours=request.refresh_hours,
            limits=Limits(memory_mb=request.memory_mb, threads=request.threads, temp_directory=spill),
        )
        features = pa.concat_tables(batches)
    kept: NDArray[np.int64] = pc.index_in(
        features["transaction_id"], taken.transactions["transaction_id"].combine_chunks()
    ).to_numpy()
    return features, kept


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift judge-fraud``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    request = parse(JudgeFraud, "netlift judge-fraud", sys.argv[1:] if argv is None else argv)
    return answered(request, judge_fraud, lambda answer: fraud_lines(answer, page=answer["page"]), steps=STEPS)


if __name__ == "__main__":
    sys.exit(main())
