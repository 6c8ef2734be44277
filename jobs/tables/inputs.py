"""What netlift reads: customers, transactions, fraud reports, partners, trials, measurements."""

import pyarrow as pa

from jobs.tables.declare import TIMESTAMP, Column, Table

CUSTOMER_ID = Column("customer_id", pa.string(), "", "who")
PARTNER_ID = Column("partner_id", pa.string(), "", "merchant partner")
TRANSACTION_ID = Column("transaction_id", pa.string(), "", "which transaction")
AMOUNT = Column("amount_eur", pa.float64(), "euro", "amount of the transaction", low=0, high=1e7)

CUSTOMERS = Table(
    "customers",
    "a customer as known at a moment; a campaign adds the features it declares",
    (
        CUSTOMER_ID,
        Column("as_of", TIMESTAMP, "UTC", "moment the features were known", future=False),
        Column("consent", pa.bool_(), "", "whether the customer may be contacted"),
        Column("account_id", pa.string(), "", "customer_id of the payments, where it is another", nullable=True),
    ),
    key=("customer_id",),
)

TRANSACTIONS = Table(
    "transactions",
    "one payment of a customer at a partner",
    (
        TRANSACTION_ID,
        CUSTOMER_ID,
        PARTNER_ID,
        Column("occurred_at", TIMESTAMP, "UTC", "moment of the payment", future=False),
        AMOUNT,
    ),
    key=("transaction_id",),
)

FRAUD_REPORTS = Table(
    "fraud_reports",
    "a label of a transaction and the moment it became known",
    (
        TRANSACTION_ID,
        Column("is_fraud", pa.bool_(), "", "whether the payment was fraud"),
        Column("reported_at", TIMESTAMP, "UTC", "moment the label became known"),
    ),
    key=("transaction_id", "reported_at"),
)

PARTNERS = Table(
    "partners",
    "a merchant partner",
    (
        PARTNER_ID,
        Column("name", pa.string(), "", "trading name", nullable=True),
        Column("category", pa.string(), "", "line of business", nullable=True),
        Column("description", pa.string(), "", "what it sells, in its own words", nullable=True),
        Column("site_text", pa.string(), "", "text of its site", nullable=True),
    ),
    key=("partner_id",),
)

PARTNER_PAYMENT_COLUMNS = (
    Column("device_id", pa.string(), "", "device of the payment, where it is known", nullable=True),
    Column("is_refund", pa.bool_(), "", "whether money went back to the customer", nullable=True),
)
"""What partners' risk reads of a transaction beyond the declared columns, where the data has it."""

TRIAL = Table(
    "trial",
    "a unit of a randomised trial; a campaign adds its features and other outcomes",
    (
        CUSTOMER_ID,
        Column("campaign_id", pa.string(), "", "which campaign the trial belongs to"),
        Column("arm", pa.string(), "", "arm that was drawn, an offer at a contact window, or the control"),
        Column(
            "propensity",
            pa.float64(),
            "in (0, 1)",
            "probability of the arm that was drawn",
            low=0,
            high=1,
            exclusive=True,
        ),
        Column("net_margin_eur", pa.float64(), "euro", "net margin after redemption cost within the outcome window"),
        Column("matured_at", TIMESTAMP, "UTC", "moment the outcome window closed"),
    ),
    key=("campaign_id", "customer_id"),
)

MEASUREMENTS = Table(
    "measurements",
    "what came of a customer in an experiment; the experiment adds the columns of its metrics",
    (
        CUSTOMER_ID,
        Column("measured_at", TIMESTAMP, "UTC", "moment of the measurement, after the outcome window", future=False),
        Column("arm", pa.string(), "", "arm that the customer was shown; held against the one drawn", nullable=True),
        Column("exposed", pa.bool_(), "", "whether the customer met the treatment at all", nullable=True),
    ),
    key=("customer_id",),
)

CATALOGUE = Table(
    "catalogue",
    "an offer of a campaign whose offers are many; each belongs to an arm of its trial",
    (
        Column("offer_id", pa.string(), "", "which offer"),
        Column("campaign_id", pa.string(), "", "campaign that it is an offer of"),
        Column("arm", pa.string(), "", "arm of the campaign's trial that it is one of"),
        PARTNER_ID,
        Column("category", pa.string(), "", "the partner's line of business; one for all its offers"),
        Column("contact_cost_eur", pa.float64(), "euro", "cost of a contact; missing: the arm's", nullable=True, low=0),
        Column("cap", pa.int64(), "customers", "customers at most in a night; missing: no limit", nullable=True, low=0),
        Column(
            "partner_budget_eur",
            pa.float64(),
            "euro",
            "what the partner pays for contacts of the campaign in a night, alike in all its rows; missing: no limit",
            nullable=True,
            low=0,
        ),
        Column("expires_on", pa.date32(), "", "last day on which it may be made or used", nullable=True),
        Column(
            "trial_weight",
            pa.float64(),
            "times",
            "how often the trial drew it among the offers of its arm, in any unit; missing: 1",
            nullable=True,
            low=0,
        ),
    ),
    key=("campaign_id", "offer_id"),
)

OUTCOMES = Table(
    "outcomes",
    "what came of a night's campaign for a customer, offered something or not, once its outcome window has closed",
    (
        CUSTOMER_ID,
        Column("campaign_id", pa.string(), "", "which campaign"),
        Column("run_date", pa.date32(), "", "night of the offers"),
        Column("outcome", pa.float64(), "unit of the campaign's outcome", "outcome within the window, as the trial's"),
        Column("matured_at", TIMESTAMP, "UTC", "moment the outcome window closed"),
    ),
    key=("campaign_id", "run_date", "customer_id"),
)

INPUTS = {
    t.name: t for t in (CUSTOMERS, TRANSACTIONS, FRAUD_REPORTS, PARTNERS, TRIAL, MEASUREMENTS, CATALOGUE, OUTCOMES)
}
