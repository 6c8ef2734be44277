"""What netlift writes: scores, risks, segments, offers, drift, and what was set aside."""

import pyarrow as pa

from jobs.tables.declare import TIMESTAMP, Column, Table
from jobs.tables.inputs import AMOUNT, CUSTOMER_ID, PARTNER_ID, TRANSACTION_ID
from jobs.tables.online import PARTNER_COUNT_COLUMNS, PARTNER_KNOWN_COLUMNS

RUN_DATE = Column("run_date", pa.date32(), "", "day the row speaks of")
RUN_ID = Column("run_id", pa.string(), "", "run that wrote the row; the ledger has its report")
MODEL_VERSION = Column("model_version", pa.string(), "", "model that made the row")
CAMPAIGN_ID = Column("campaign_id", pa.string(), "", "campaign")
EXPERIMENT_ID = Column("experiment_id", pa.string(), "", "experiment, or of a reading the campaign")
FRAUD_PROBABILITY = Column(
    "fraud_probability", pa.float64(), "in [0, 1]", "calibrated probability of fraud", low=0, high=1
)

WINDOWS_DAYS = (1, 7, 30)
"""Lengths of the windows that amounts of a customer are averaged over."""

COUNT_WINDOWS_S = {"1h": 3_600, "6h": 21_600, "1d": 86_400, "7d": 604_800, "30d": 2_592_000}
"""Lengths of the windows that payments of a customer are counted over, by the names they have in features."""

LARGE_TIMES = 3
"""A payment is large if it is more than so many times the median of the customer's 30 days before it."""

LARGE_DAYS = 14
"""Days over which large payments of a customer are counted."""


def _figure(name: str, unit: str, doc: str) -> Column:
    return Column(name, pa.float64(), unit, doc, nullable=True)


def _feature(name: str, unit: str, doc: str) -> Column:
    return Column(name, pa.float32(), unit, doc, nullable=True)


OWN_FEATURE_COLUMNS = (
    _feature("amount", "euro", "amount of the transaction"),
    _feature("is_weekend", "0 or 1", "Saturday or Sunday, UTC"),
    _feature("is_night", "0 or 1", "from 00:00 to 06:59 UTC"),
    _feature("hour_of_day", "hours", "hours since 00:00 UTC, with parts of an hour"),
    _feature("day_of_week", "days", "0 is Monday, UTC"),
)
"""What the payment itself says."""

CUSTOMER_FEATURE_COLUMNS = (
    *(
        _feature(f"customer_count_{name}", "count", f"transactions of the customer in the {name} strictly before")
        for name in COUNT_WINDOWS_S
    ),
    *(
        _feature(f"customer_mean_eur_{days}d", "euro", f"mean amount of the customer in the {days} days before")
        for days in WINDOWS_DAYS
    ),
    *(
        _feature(f"amount_to_mean_{days}d", "times", f"amount over the customer's mean of the {days} days before")
        for days in WINDOWS_DAYS
    ),
    _feature("amount_z_30d", "spreads", "amount less the mean of 30 days, in standard deviations of at least a euro"),
    _feature("amount_to_median_30d", "times", "amount over the customer's median of the 30 days before"),
    _feature("amount_to_max_30d", "times", "amount over the customer's largest of the 30 days before"),
    _feature("customer_hours_since_last", "hours", "hours since the customer's last transaction, within 30 days"),
    _feature(f"customer_large_{LARGE_DAYS}d", "count", f"large transactions of the customer in {LARGE_DAYS} days"),
    _feature("pair_count_30d", "count", "transactions of this customer at this partner in the 30 days before"),
)
"""What the customer's own past says, to the second; a ratio needs something to compare with, or it is missing."""

FRAUD_FEATURE_COLUMNS = (
    *OWN_FEATURE_COLUMNS,
    *CUSTOMER_FEATURE_COLUMNS,
    *PARTNER_COUNT_COLUMNS,
    *PARTNER_KNOWN_COLUMNS,
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
        Column("rank", pa.int64(), "count", "place in the queue: reviews by expected loss first, 1 is the first"),
        Column("outcome", pa.string(), "", "approve, review, decline or not_assessed"),
        Column("reason_1", pa.string(), "", "strongest reason of a row that is not approved", nullable=True),
        Column("reason_2", pa.string(), "", "second reason of it", nullable=True),
        Column("reason_3", pa.string(), "", "third reason of it", nullable=True),
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

UPLIFT_SEGMENTS = Table(
    "uplift_segments",
    "what an arm does in a segment of effect, by the policy tree of a campaign's model",
    (
        RUN_DATE,
        CAMPAIGN_ID,
        Column("segment", pa.string(), "", "rule of the segment, in words"),
        Column("arm", pa.string(), "", "arm of the campaign"),
        Column("chosen", pa.bool_(), "", "whether the tree gives the segment this arm; none where none is worth it"),
        Column("rows", pa.int64(), "count", "untouched rows of the trial in the segment, of all arms", low=1),
        Column("share", pa.float64(), "in [0, 1]", "share of the untouched rows", low=0, high=1),
        Column("effect_eur", pa.float64(), "euro", "measured net margin of the arm less that of the control"),
        Column("effect_low_eur", pa.float64(), "euro", "lower end of its 95% interval"),
        Column("effect_high_eur", pa.float64(), "euro", "upper end of its 95% interval"),
        Column("contact_cost_eur", pa.float64(), "euro", "cost of one contact", low=0),
        MODEL_VERSION,
        RUN_ID,
    ),
    key=("segment", "arm"),
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
        Column(
            "assignment",
            pa.string(),
            "",
            "treatment: the policy decided; holdout: never offered anything; exploration: drawn by chance",
            nullable=True,
        ),
        Column("reason", pa.string(), "", "why, in words"),
        Column("rank", pa.int64(), "count", "place by expected net euro, 1 is the first", nullable=True),
        Column(
            "expected_net_eur", pa.float64(), "euro", "expected net margin after contact cost and fraud", nullable=True
        ),
        _figure("expected_net_low_eur", "euro", "lower end of its 95% interval, as far as the trial's error goes"),
        _figure("expected_net_high_eur", "euro", "upper end of that interval"),
        Column("cost_eur", pa.float64(), "euro", "cost of contact that the budget pays", nullable=True),
        FRAUD_PROBABILITY,
        Column("segment", pa.string(), "", "segment of the customer; missing where there is none", nullable=True),
        Column("consent", pa.bool_(), "", "whether the customer may be contacted", nullable=True),
        Column(
            "propensity",
            pa.float64(),
            "in [0, 1]",
            "probability of this choice, nothing included, given the assignment: 1 unless it was drawn",
            nullable=True,
            low=0,
            high=1,
        ),
        Column(
            "propensities",
            pa.string(),
            "JSON",
            "probability of every arm that could have been drawn, and of nothing under the control's name",
            nullable=True,
        ),
        Column(
            "repaired",
            pa.bool_(),
            "",
            "whether a limit, a lot or an exchange changed what prices or chance had chosen",
            nullable=True,
        ),
        Column("expires_on", pa.date32(), "", "last day on which the offer holds; missing: no end", nullable=True),
        Column("policy_version", pa.string(), "", "digest of campaign file and house rules", nullable=True),
        MODEL_VERSION,
        RUN_ID,
    ),
    key=("customer_id",),
    partition=("run_date", "campaign_id"),
)


def _euro(name: str, doc: str, low: float | None = None) -> Column:
    return Column(name, pa.float64(), "euro", doc, low=low)


PARTNER_LIFT = Table(
    "partner_lift",
    "what a campaign added to a partner's sales, by the campaign's holdout",
    (
        RUN_DATE,
        CAMPAIGN_ID,
        PARTNER_ID,
        Column("first_night", pa.date32(), "", "first night whose offers were measured"),
        Column("last_day", pa.date32(), "", "last day of the last outcome window that was measured"),
        Column("nights", pa.int64(), "count", "nights whose windows were measured, one after the other", low=1),
        Column("offers", pa.float64(), "count", "offers at the partner, each in the share of its window", low=0),
        Column("customers", pa.int64(), "count", "customers who could be offered something", low=1),
        Column("held_customers", pa.int64(), "count", "customers of the holdout", low=1),
        _euro("sales_a_customer_eur", "sales at the partner to a customer who could be offered something", low=0),
        _euro("held_sales_a_customer_eur", "the same in the holdout", low=0),
        _euro("incremental_sales_eur", "sales that the campaign added"),
        _euro("incremental_sales_low_eur", "lower end of its 95% interval"),
        _euro("incremental_sales_high_eur", "upper end of it"),
        _euro("shrunk_sales_eur", "the same, shrunk towards what an offer adds at all partners of the campaign"),
        _euro("shrunk_sales_low_eur", "lower end of its 95% interval"),
        _euro("shrunk_sales_high_eur", "upper end of it"),
        Column("shrinkage", pa.float64(), "in [0, 1]", "weight of all partners in the shrunk figure", low=0, high=1),
        _euro("contact_cost_eur", "what contacts with the partner's offers cost", low=0),
        RUN_ID,
    ),
    key=("partner_id",),
    partition=("run_date", "campaign_id"),
)

DRIFT = Table(
    "drift",
    "how far a variable of a batch is from what the model that scores it was trained on",
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
            "share of missing values in what the batch is held against",
            low=0,
            high=1,
        ),
        Column("rows", pa.int64(), "count", "rows of the batch"),
        Column("level", pa.string(), "", "stable, watch or alarm"),
        MODEL_VERSION,
        RUN_ID,
        # Rows of before lack the columns from here on; a distance is missing too where there is none.
        Column(
            "jensen_shannon", pa.float64(), "in [0, 1]", "distance over bins and missing", nullable=True, low=0, high=1
        ),
        Column(
            "kolmogorov_smirnov",
            pa.float64(),
            "in [0, 1]",
            "largest distance of the distribution functions at the edges of the bins, of numbers",
            nullable=True,
            low=0,
            high=1,
        ),
        Column(
            "wasserstein",
            pa.float64(),
            "unit of the variable",
            "how far values must be moved on average, within the edges, of numbers",
            nullable=True,
            low=0,
        ),
        Column("cramers_v", pa.float64(), "in [0, 1]", "size of chi-square, of categories", nullable=True),
        Column("unseen_share", pa.float64(), "in [0, 1]", "share in categories without a bin", nullable=True),
        Column("reference", pa.string(), "", "what it is held against: training or weekday", nullable=True),
        Column("counts", pa.string(), "count", "rows in each bin, and at last without a value", nullable=True),
        Column("alarm_since", pa.date32(), "", "day of the alarm that stands; missing: none stands", nullable=True),
    ),
    key=("variable",),
    partition=("run_date", "kind"),
)

ASSIGNMENTS = Table(
    "assignments",
    "a customer whom an experiment drew, on the first night that did; in an arm, or held back",
    (
        RUN_DATE,
        EXPERIMENT_ID,
        CUSTOMER_ID,
        Column("unit_id", pa.string(), "", "what was drawn: the customer, or its household, partner or the like"),
        Column("arm", pa.string(), "", "arm that was drawn, or holdout"),
        Column(
            "propensity",
            pa.float64(),
            "in (0, 1)",
            "probability of the arm among those who are in; none of the holdout",
            nullable=True,
            low=0,
            high=1,
            exclusive=True,
        ),
        Column("salt", pa.string(), "", "salt of the draw"),
        Column("version", pa.int64(), "count", "version of the rule that first drew the customer", low=1),
        Column("stratum", pa.string(), "", "stratum by which shares differ", nullable=True),
        Column("assigned_at", TIMESTAMP, "UTC", "moment from which the draw holds: the beginning of its day"),
        RUN_ID,
    ),
    key=("customer_id",),
    partition=("run_date", "experiment_id"),
)

READOUTS = Table(
    "readouts",
    "one reading of an experiment, or of a campaign's holdout, with the decision and all that it rests on",
    (
        RUN_DATE,
        EXPERIMENT_ID,
        Column("kind", pa.string(), "", "experiment or campaign"),
        Column("look", pa.int64(), "count", "number of the look, 1 is the first", low=1),
        Column("is_final", pa.bool_(), "", "whether the planned end was reached"),
        Column("decision", pa.string(), "", "ship, hold, stop, or none where nothing may be concluded"),
        Column("arm", pa.string(), "", "arm that ships", nullable=True),
        Column("units", pa.int64(), "count", "units, or clusters, that were read", low=0),
        Column("document", pa.string(), "JSON", "the whole readout with its sufficient statistics"),
        Column("document_digest", pa.string(), "SHA-256", "of the document"),
        Column("document_key", pa.string(), "", "where the document lies among the objects"),
        Column("page_digest", pa.string(), "SHA-256", "of its page"),
        Column("page_key", pa.string(), "", "where the page lies among the objects"),
        Column("rule_digest", pa.string(), "SHA-256", "of the rule, or the campaign, as frozen at the start"),
        Column("file_digest", pa.string(), "SHA-256", "of the file as it was read"),
        Column("inputs_digest", pa.string(), "SHA-256", "of the run's plan: every input file, size and version"),
        Column("software", pa.string(), "", "version of netlift that read"),
        RUN_ID,
    ),
    key=("experiment_id",),
    partition=("run_date", "experiment_id"),
)

PERFORMANCE = Table(
    "performance",
    "how good a model was on a day: what was to be expected before the labels, and what came true",
    (
        RUN_DATE,
        Column("kind", pa.string(), "", "kind of the model: fraud"),
        Column("scored_on", pa.date32(), "", "day of the payments"),
        Column("metric", pa.string(), "", "roc_auc, precision, recall, frauds or cost_eur"),
        Column("payments", pa.int64(), "count", "payments that were scored on that day"),
        Column("estimated", pa.float64(), "unit of the metric", "expected by the scores alone", nullable=True),
        Column("estimated_low", pa.float64(), "unit of the metric", "lower 95% limit of it", nullable=True),
        Column("estimated_high", pa.float64(), "unit of the metric", "upper limit of it", nullable=True),
        Column("measured", pa.float64(), "unit of the metric", "true value, once labels are in", nullable=True),
        Column("has_matured", pa.bool_(), "", "whether the labels of that day are in"),
        Column("trust", pa.string(), "", "whether matured days bear the estimates out: kept, broken or unknown"),
        MODEL_VERSION,
        RUN_ID,
    ),
    key=("scored_on", "metric"),
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
        UPLIFT_SEGMENTS,
        OFFERS,
        PARTNER_LIFT,
        DRIFT,
        PERFORMANCE,
        ASSIGNMENTS,
        READOUTS,
        QUARANTINE,
    )
}
