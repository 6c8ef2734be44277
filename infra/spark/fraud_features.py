"""The job that Spark runs: read transactions and reports, run the statement as it stands, write Parquet.

One file that needs PySpark and nothing else: EMR Serverless takes it as the entry point of a job run, a machine runs
it with the Python of ``.venv-spark``. The statement comes as a file, made by ``python -m infra.spark statement``, so
that DuckDB and Spark can only ever run the same text.
"""

import argparse
from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession  # type: ignore[import-not-found]  # an environment of its own

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, never another number
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.sources.partitionOverwriteMode": "static",
}

# The views of the same names hold what DuckDB's tables hold (jobs/science/fraud/engine.py): whole seconds, amounts in
# whole units, a report within a second known from the next whole one.
_TRANSACTIONS = """
SELECT transaction_id, customer_id, partner_id, occurred_us, unix_seconds(occurred_at) AS occurred_s, amount_eur,
    CASE WHEN amount_eur BETWEEN 0 AND 1e9 THEN CAST(round(amount_eur * {units}) AS BIGINT) END AS amount_units
FROM (
    SELECT CAST(transaction_id AS STRING) AS transaction_id, CAST(customer_id AS STRING) AS customer_id,
        CAST(partner_id AS STRING) AS partner_id, occurred_at, unix_micros(occurred_at) AS occurred_us,
        CAST(amount_eur AS DOUBLE) AS amount_eur
    FROM given_transactions)
WHERE occurred_us IS NULL OR occurred_us >= {oldest_s} * 1000000L AND occurred_us < {end_s} * 1000000L
"""
_FRAUD_REPORTS = """
SELECT CAST(transaction_id AS STRING) AS transaction_id, CAST(is_fraud AS BOOLEAN) AS is_fraud,
    unix_seconds(timestamp_micros(unix_micros(reported_at) + 999999)) AS reported_s
FROM given_fraud_reports
"""
_BAD = """
SELECT transaction_id FROM transactions
WHERE transaction_id IS NULL OR customer_id IS NULL OR partner_id IS NULL OR occurred_us IS NULL OR amount_units IS NULL
LIMIT 1
"""
_TWICE = "SELECT transaction_id FROM transactions GROUP BY transaction_id HAVING count(*) > 1 LIMIT 1"


def features(spark: SparkSession, asked: argparse.Namespace) -> DataFrame:
    """Register the two views over the inputs, refuse what DuckDB refuses, and return the statement's rows.

    Raises
    ------
    SystemExit
        If there is no transaction, or one that cannot be used; the sentence says which.
    """
    span = {"units": asked.units, "oldest_s": asked.oldest_s, "end_s": asked.end_s}
    for name, paths, select in (
        ("transactions", asked.transactions, _TRANSACTIONS),
        ("fraud_reports", asked.fraud_reports, _FRAUD_REPORTS),
    ):
        spark.read.parquet(*paths).createOrReplaceTempView(f"given_{name}")
        spark.sql(select.format(**span)).createOrReplaceTempView(name)
    if spark.sql("SELECT 1 FROM transactions LIMIT 1").isEmpty():
        raise SystemExit(
            f"spark: transactions has no row from second {asked.oldest_s} up to {asked.end_s} (epoch); "
            f"load the transactions of these days, or ask for days that have some."
        )
    for query, fault in ((_BAD, "lacks a value or has an amount that is none"), (_TWICE, "stands there twice")):
        if found := spark.sql(query).first():
            raise SystemExit(
                f"spark: transaction {found[0]!r} {fault}; set the row aside or mend it before features are built."
            )
    text = "".join(row.value + "\n" for row in spark.read.text(asked.statement, wholetext=True).collect())
    return spark.sql(text)


def main(argv: Sequence[str] | None = None) -> None:
    """Build and write."""
    asked = _parser().parse_args(argv)
    builder = SparkSession.builder.appName("netlift-fraud-features")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    if asked.master:
        builder = builder.master(asked.master).config("spark.ui.enabled", "false")
    spark = builder.getOrCreate()
    try:
        features(spark, asked).write.mode("errorifexists").parquet(asked.output)
    finally:
        spark.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--statement", required=True, help="file with the SQL")
    parser.add_argument("--transactions", required=True, action="append", help="Parquet file or folder; may repeat")
    parser.add_argument("--fraud-reports", required=True, action="append", help="Parquet file or folder; may repeat")
    parser.add_argument("--output", required=True, help="folder that does not exist yet")
    parser.add_argument("--oldest-s", required=True, type=int, help="first second whose transactions count, epoch")
    parser.add_argument("--end-s", required=True, type=int, help="second after the last, epoch")
    parser.add_argument("--units", required=True, type=int, help="units of amount in a euro")
    parser.add_argument("--master", help="local[2] on one machine; a cluster says itself")
    return parser


if __name__ == "__main__":
    main()
