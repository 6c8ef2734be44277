"""What netlift writes: scores, risks, segments, offers, drift, and what was set aside."""

import pyarrow as pa

from jobs.tables.declare import TIMESTAMP, Column, Table
from jobs.tables.inputs import AMOUNT, CUSTOMER_ID, PARTNER_ID, TRANSACTION_ID

RUN_DATE = Column("run_date", pa.date32(), "", "day the row speaks of")
RUN_ID = Column("run_id", pa.string(), "", "run that wrote the row; the ledger has its report")
MODEL_VERSION = Column("model_version", pa.string(), "", "model that made the row")
CAMPAIGN_ID = Column("campaign_id", pa.string(), "", "campaign")
FRAUD_PROBABILITY = Column(
    "fraud_probability", pa.float64(), "in [0, 1]", "calibrated probability of fraud", low=0, high=1
)

WINDOWS_DAYS = (1, 7, 30)
"""Lengths of the windows that features of a transaction look back over."""


def _figure(name: str, unit: str, doc: str) -> Column:
    return Column(name, pa.float64(), unit, doc, nullable=True)


def _feature(name: str, unit: str, doc: str) -> Column:
    return Column(name, pa.float32(), unit, doc, nullable=True)


FRAUD_FEATURE_COLUMNS = (
    _feature("amount", "euro", "amount of the transaction"),
    _feature("is_weekend", "0 or 1", "Saturday or Sunday, UTC"),
    _feature("is_night", "0 or 1", "from 00:00 to 06:59 UTC"),
    *(
        column
        for days in WINDOWS_DAYS
        for column in (
            _feature(
                f"customer_count_{days}d",
                "count",
                f"transactions of the customer in the {days} days strictly before this one",
            ),
            _feature(
                f"customer_mean_eur_{days}d",
                "euro",
                f"mean amount of the customer in the {days} days strictly before this one",
            ),
        )
    ),
    *(
        column
        for days in WINDOWS_DAYS
        for column in (
            _feature(
                f"partner_count_{days}d",
                "count",
                f"transactions of the partner in {days} days, ending a label delay ago",
            ),
            _feature(
                f"partner_fraud_rate_{days}d",
                "in [0, 1]",
                f"known fraud rate of the partner in {days} days, ending a label delay ago",
            ),
        )
    ),
)
"""Features of a transaction; every window ends before it, labels count once they are known."""

FRAUD_FEATURES = Table(
    "fraud_features",
    "a transaction with what was known the moment before it",
    (
        RUN_DATE,
        TRANSACTION_ID,
        CUSTOMER_ID,
        PARTNER_ID,
        Column("occurred_at", TIMESTAMP, "UTC", "moment of the payment"),
        AMOUNT,
        *FRAUD_FEATURE_COLUMNS,
        RUN_ID,
    ),
    key=("transaction_id",),
    partition=("run_date",),
)

FRAUD_SCORES = Table(
    "fraud_scores",
    "a transaction's fraud score",
    (
        RUN_DATE,
        TRANSACTION_ID,
        CUSTOMER_ID,
        PARTNER_ID,
        AMOUNT,
        FRAUD_PROBABILITY,
        Column("rank", pa.int64(), "count", "place in the day's review queue, 1 is the first"),
        Column("outcome", pa.string(), "", "approve or review"),
        Column("reason_1", pa.string(), "", "strongest reason of a reviewed row", nullable=True),
        Column("reason_2", pa.string(), "", "second reason of a reviewed row", nullable=True),
        Column("reason_3", pa.string(), "", "third reason of a reviewed row", nullable=True),
        MODEL_VERSION,
        RUN_ID,
    ),
    key=("transaction_id",),
    partition=("run_date",),
)

CUSTOMER_RISK = Table(
    "customer_risk",
    "a customer's risk as of the end of a day",
    (
        RUN_DATE,
        CUSTOMER_ID,
        FRAUD_PROBABILITY,
        Column("expected_loss_eur", pa.float64(), "euro", "fraudulent amount to expect of a purchase", low=0),
        MODEL_VERSION,
        RUN_ID,
    ),
    key=("customer_id",),
    partition=("run_date",),
)

PARTNER_RISK = Table(
    "partner_risk",
    "a partner's risk as of the start of a day",
    (
        RUN_DATE,
        PARTNER_ID,
        Column(
            "fraud_rate_shrunk",
            pa.float64(),
            "in [0, 1]",
            "7-day known fraud rate, shrunk towards the rate of all partners",
            low=0,
            high=1,
        ),
        Column("rank", pa.int64(), "count", "1 is the riskiest"),
        Column("transactions_7d", pa.int64(), "count", "transactions in the 7 days whose labels are known"),
        Column("frauds_7d", pa.int64(), "count", "known frauds among them"),
        Column("score", pa.float64(), "log odds", "what the rank rests on: the model's margin, else the shrunk rate's"),
        Column(
            "risk_probability",
            pa.float64(),
            "in [0, 1]",
            "calibrated probability that the partner is risky now; missing without a model",
            nullable=True,
            low=0,
            high=1,
        ),
        Column("outcome", pa.string(), "", "review or pass"),
        Column("transactions_28d", pa.int64(), "count", "transactions in the 28 days whose labels are known"),
        Column("frauds_28d", pa.int64(), "count", "known frauds among them"),
        Column("disputes_28d", pa.int64(), "count", "reports among them that do not say fraud"),
        Column("early_frauds", pa.int64(), "count", "frauds known already of the days whose labels are not"),
        _figure("scheme_ratio_28d", "ratio", "fraud reports and disputes over transactions, 28 days"),
        _figure("scheme_headroom_28d", "ratio", "the scheme's limit less that ratio; below 0 is beyond the limit"),
        _figure("refund_ratio_28d", "ratio", "refunds over transactions, 28 days"),
        _figure("volume_ratio_7d", "ratio", "payments of 7 days over the partner's own usual week"),
        _figure("ticket_ratio_7d", "ratio", "mean amount of 7 days over that of the 28 days before"),
        _figure("shared_customers_7d", "in [0, 1]", "share of payments by customers of other risky partners"),
        _figure("shared_devices_7d", "in [0, 1]", "share of payments from devices seen at other risky partners"),
        _figure("night_share_28d", "in [0, 1]", "share of payments before 07:00 UTC"),
        _figure("weekend_share_28d", "in [0, 1]", "share of payments at weekends, UTC"),
        Column("reason_1", pa.string(), "", "strongest reason of a partner to review", nullable=True),
        Column("reason_2", pa.string(), "", "second reason of a partner to review", nullable=True),
        Column("reason_3", pa.string(), "", "third reason of a partner to review", nullable=True),
        Column("model_version", pa.string(), "", "model that made the row; missing without a model", nullable=True),
        RUN_ID,
    ),
    key=("partner_id",),
    partition=("run_date",),
)

CUSTOMER_SEGMENTS = Table(
    "customer_segments",
    "a customer's segment as of the end of a day",
    (
        RUN_DATE,
        CUSTOMER_ID,
        Column("account_id", pa.string(), "", "customer_id of the payments: the customer's own, or the account's"),
        Column("segment", pa.int64(), "", "number of the segment; 0 where nothing was paid", low=0),
        Column("segment_name", pa.string(), "", "what sets the segment apart, in words"),
        Column(
            "certainty",
            pa.float64(),
            "in [0, 1]",
            "how much nearer the segment's centre is than the next; missing where nothing was paid",
            nullable=True,
            low=0,
            high=1,
        ),
        Column("recency_days", pa.float64(), "day", "days since the last payment of the window", nullable=True, low=0),
        Column("payments", pa.int64(), "count", "payments of the window", low=0),
        Column("spend_eur", pa.float64(), "euro", "sum of the payments of the window", low=0),
        MODEL_VERSION,
        RUN_ID,
    ),
    key=("customer_id",),
    partition=("run_date",),
)

UPLIFT_SCORES = Table(
    "uplift_scores",
    "what an arm would add for a customer",
    (
        RUN_DATE,
        CAMPAIGN_ID,
        CUSTOMER_ID,
        Column("arm", pa.string(), "", "arm of the campaign"),
        Column(
            "effect_eur",
            pa.float64(),
            "euro",
            "expected net margin of the arm less that of the control, shrunk by calibration",
        ),
        Column("consent", pa.bool_(), "", "whether the customer may be contacted"),
        Column("account_id", pa.string(), "", "customer_id of the payments: the customer's own, or the account's"),
        MODEL_VERSION,
        RUN_ID,
    ),
    key=("customer_id", "arm"),
    partition=("run_date", "campaign_id"),
)

OFFERS = Table(
    "offers",
    "what a customer gets from a campaign, or why nothing",
    (
        RUN_DATE,
        CAMPAIGN_ID,
        CUSTOMER_ID,
        Column("arm", pa.string(), "", "arm that was chosen", nullable=True),
        Column("offer", pa.string(), "", "offer of the arm", nullable=True),
        Column("partner_id", pa.string(), "", "partner of the arm", nullable=True),
        Column("contact_window", pa.string(), "", "when to make contact", nullable=True),
        Column("status", pa.string(), "", "offered, holdout or nothing"),
        Column("reason", pa.string(), "", "why, in words"),
        Column("rank", pa.int64(), "count", "place by expected net euro, 1 is the first", nullable=True),
        Column(
            "expected_net_eur", pa.float64(), "euro", "expected net margin after contact cost and fraud", nullable=True
        ),
        Column("cost_eur", pa.float64(), "euro", "cost of contact that the budget pays", nullable=True),
        FRAUD_PROBABILITY,
        MODEL_VERSION,
        RUN_ID,
    ),
    key=("customer_id",),
    partition=("run_date", "campaign_id"),
)

DRIFT = Table(
    "drift",
    "how far a variable of a batch is from the profile of the model that scores it",
    (
        RUN_DATE,
        Column("kind", pa.string(), "", "kind of the model: fraud, or uplift-<campaign>"),
        Column("variable", pa.string(), "", "feature, or score"),
        Column("psi", pa.float64(), "nat", "population stability index", low=0),
        Column("psi_noise", pa.float64(), "nat", "index that chance alone hardly exceeds with so few rows", low=0),
        Column("missing_share", pa.float64(), "in [0, 1]", "share of missing values in the batch", low=0, high=1),
        Column(
            "missing_share_reference",
            pa.float64(),
            "in [0, 1]",
            "share of missing values in the profile",
            low=0,
            high=1,
        ),
        Column("rows", pa.int64(), "count", "rows of the batch"),
        Column("level", pa.string(), "", "stable, watch or alarm"),
        MODEL_VERSION,
        RUN_ID,
    ),
    key=("variable",),
    partition=("run_date", "kind"),
)

QUARANTINE = Table(
    "quarantine",
    "a row that was set aside, and why",
    (
        RUN_DATE,
        Column("job", pa.string(), "", "verb that set it aside"),
        Column("kind", pa.string(), "", "campaign or kind of that run"),
        Column("input", pa.string(), "", "table the row came from"),
        Column("file", pa.string(), "", "file the row came from"),
        Column("row_number", pa.int64(), "count", "place in the file, 0 is the first"),
        Column("column_name", pa.string(), "", "column at fault"),
        Column("reason", pa.string(), "", "what is wrong with it"),
        Column("raw", pa.string(), "JSON", "the row as it came"),
        RUN_ID,
    ),
    key=("input", "file", "row_number"),
    partition=("run_date", "job", "kind"),
)

OUTPUTS = {
    t.name: t
    for t in (
        FRAUD_FEATURES,
        FRAUD_SCORES,
        CUSTOMER_RISK,
        PARTNER_RISK,
        CUSTOMER_SEGMENTS,
        UPLIFT_SCORES,
        OFFERS,
        DRIFT,
        QUARANTINE,
    )
}
