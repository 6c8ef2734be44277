"""A small home on which real jobs run: customers in files, a campaign, a portable scorer at work."""

import functools
from datetime import UTC, date, datetime, timedelta

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.allocate_offers import AllocateOffers
from jobs.runtime.stores import Stores
from jobs.science.uplift.calibration import ArmCalibration
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.portable import BoostedEffect
from jobs.science.uplift.scorer import PortableScorer
from jobs.score_uplift import ScoreUplift

DAY = date(2026, 3, 1)
FILE_ROWS = 40
ARMS = ("coupon", "call")
CAMPAIGN = b"""
id = "spring"
owner = "growth"
control = "none"
budget_eur = 60.0
fraud_loss_eur = 1.0
holdout_share = 0.1
features = [{ name = "age", type = "number" }, { name = "zone", type = "category" }]
arms = [
  { name = "coupon", offer = "5 euro", contact_cost_eur = 0.5 },
  { name = "call", offer = "a call", contact_cost_eur = 1.0, cap = 5 },
]
"""
UPLIFT_WORDS = ["--run-date", str(DAY), "--campaign", "spring", "--threads", "1"]
OFFERS_WORDS = ["--run-date", str(DAY)]
UPLIFT_REQUEST = ScoreUplift(DAY, "spring", threads=1)
OFFERS_REQUEST = AllocateOffers(DAY)


def fill(stores: Stores, *, bad_rows: int = 0) -> None:
    """Put the campaign, its model and two files of customers, the second with bad rows."""
    stores.objects.put_if_absent("campaigns/spring.toml", CAMPAIGN)
    version = stores.models.register("uplift-spring", scorer_files(), {})
    stores.models.promote("uplift-spring", version, "test", "the first")
    put_customers(stores, 0)
    put_customers(stores, 1, bad_rows=bad_rows)


def put_customers(stores: Stores, number: int, *, bad_rows: int = 0) -> None:
    """Put one more file of customers in two row groups; of its last rows some lack the consent."""
    rows = customers(number * FILE_ROWS, FILE_ROWS)
    consent = [None if i >= FILE_ROWS - bad_rows else i % 7 > 0 for i in range(FILE_ROWS)]
    rows = rows.set_column(rows.column_names.index("consent"), "consent", pa.array(consent))
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, row_group_size=FILE_ROWS // 2)
    assert stores.objects.put_if_absent(f"inputs/customers/part-{number}.parquet", sink.getvalue().to_pybytes())


def customers(first: int, rows: int) -> pa.Table:
    """Draw customers, the same ones for the same numbers."""
    rng = np.random.default_rng([7, first])
    return pa.table(
        {
            "customer_id": [f"c{first + i:04d}" for i in range(rows)],
            "as_of": pa.array([datetime(2026, 2, 28, tzinfo=UTC) + timedelta(minutes=first)] * rows),
            "consent": pa.array([True] * rows),
            "age": rng.uniform(18, 90, rows).round(1),
            "zone": rng.choice(["north", "south", "west"], rows),
        }
    )


@functools.cache
def scorer_files() -> dict[str, bytes]:
    """Fit a scorer of two arms whose effects depend on both features."""
    rows = customers(10_000, 500)
    encoder = FeatureEncoder.fit(rows, {"age": "number", "zone": "category"})
    matrix = encoder.transform(rows)

    def fitted(slope: float, of_zone: float) -> lgb.Booster:
        effect = slope * (matrix[:, 0] - 40) / 10 + of_zone * matrix[:, 1]
        settings = {"objective": "regression", "num_leaves": 7, "num_threads": 1, "verbosity": -1, "seed": 1}
        return lgb.train(settings, lgb.Dataset(matrix, effect), 10)

    models = (
        BoostedEffect((fitted(1, 0), fitted(1, 1)), (0.5, 0.5)),
        BoostedEffect((fitted(-1, 3), fitted(-1, 2)), (0.3, 0.7)),
    )
    calibration = (ArmCalibration(0.0, 0.5, 0.9),) * len(ARMS)
    return PortableScorer(("none", *ARMS), encoder, models, calibration).to_files()
