"""A small night in a deployed stage: a made-up world, the schedule's own target, rows looked for, all deleted."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import tomli_w

from infra.account.sweep import Client, delete_buckets, delete_tables, kept_by
from infra.local.deploy_follow import follow
from infra.local.load import load_world, put_parquet
from infra.local.schedules import start_schedule
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.errors import BadEnvironment, RowsLost
from jobs.runtime.layout import campaign_key
from jobs.runtime.stores import Stores, open_stores
from jobs.science.synthetic import World
from jobs.storage.tables import read_whole
from jobs.tables.outputs import OFFERS
from jobs.train_fraud import TrainFraud, train_fraud
from jobs.train_uplift import TrainUplift, train_uplift

CUSTOMERS = 1_000
TRIAL_CUSTOMERS = 20_000
"""Customers among whom the trial was run: of fewer, chance would decide whether an offer is worth its cost."""

SEED = 7
_HISTORY_DAYS, _FEATURE_DAYS = 60, 24
_LONGEST_S = 4 * 3600


@dataclass(frozen=True)
class Smoke:
    """What the night in a deployed stage came to.

    Parameters
    ----------
    customers : int
        Customers that were put in.
    rows : int
        Rows in the offers table: one for every customer.
    offers : int
        Customers who get an offer.
    published : int
        Lists that were published.
    """

    customers: int
    rows: int
    offers: int
    published: int


def environment_of(outputs: Mapping[str, str], namespace: str = "netlift") -> dict[str, str]:
    """Return the variables that lead netlift to a stack, from the stack's outputs."""
    return {
        "NETLIFT_HOME": outputs["HomeUri"],
        "NETLIFT_TABLES": outputs["TableBucketArn"],
        "NETLIFT_NAMESPACE": namespace,
    }


def outputs_of(client: Client, stack: str) -> dict[str, str]:
    """Return a stack's outputs."""
    [found] = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def prepare(stores: Stores, day: date, customers: int = CUSTOMERS) -> World:
    """Put a made-up world, a trial large enough to answer, the features of the weeks before, and models."""
    world = World(SEED, customers, day, days=_HISTORY_DAYS)
    larger = World(SEED, TRIAL_CUSTOMERS, day, days=2)
    campaign = str(larger.campaign()["id"])
    # the budget is the larger world's: the trial is judged under it
    stores.objects.put_if_absent(campaign_key(campaign), tomli_w.dumps(larger.campaign()).encode())
    load_world(world, stores.objects)
    for number, shard in enumerate(larger.shards(customers)):
        if shard.first >= customers:
            put_parquet(stores.objects, "trial", f"{campaign}/larger-{number:05d}", larger.trial(shard))
    eve = day - timedelta(days=1)
    build_fraud_features(BuildFraudFeatures(eve, first_date=day - timedelta(days=_FEATURE_DAYS)), stores)
    train_fraud(TrainFraud(eve, train_days=10, calibration_days=3, test_days=2, rounds=60, threads=1), stores)
    train_uplift(TrainUplift(eve, campaign, threads=1), stores)
    return world


def check(stores: Stores, day: date, customers: int) -> Smoke:
    """Look whether every customer has one row of offers, some an offer, and the list is published.

    Raises
    ------
    RowsLost
        If not.
    """
    rows = read_whole(stores.tables, OFFERS, {"run_date": day})
    who = rows["customer_id"].to_pylist()
    offers = rows["status"].to_pylist().count("offered")
    published = sum(info.key.endswith(".csv") for info in stores.objects.list("published/"))
    if len(who) != customers or len(set(who)) != customers:
        raise RowsLost(
            f"table offers has {len(who)} rows of {len(set(who))} customers for {day}, {customers} were put in: "
            f"look at the reports of the night with netlift runs."
        )
    if not offers or not published:
        raise RowsLost(
            f"{offers} customers have an offer and {published} lists were published for {day}, at least one of each "
            f"was expected; most often: {Counter(rows['reason'].to_pylist()).most_common(1)[0][0]}"
        )
    return Smoke(customers, len(who), offers, published)


def night(client: Client, stack: str, chain: str, at: datetime, told: Callable[[str], object]) -> None:
    """Start the target of a stack's schedule with the schedule's input, and follow it to its end.

    Parameters
    ----------
    client : callable
        Makes a boto3 client of a service.
    stack : str
        Name of the stack.
    chain : str
        "nightly" or "weekly".
    at : datetime.datetime
        Moment of the schedule; the run is of the day before.
    told : callable
        Called with a line for each step.

    Raises
    ------
    BadEnvironment
        If the execution did not succeed.
    """
    arn = start_schedule(client, stack, chain, at)
    told(f"the target of the {chain} schedule was started: {arn}")
    ended = follow(client("stepfunctions"), arn, _LONGEST_S, told)
    if ended.status != "SUCCEEDED":
        raise BadEnvironment(
            f"{stack} does not run its {chain} chain: {arn} is {ended.status} ({ended.error}: {ended.cause}); "
            f"its history in Step Functions says where."
        )


def smoke(
    client: Client, stack: str, environment: Mapping[str, str], at: datetime, told: Callable[[str], object]
) -> Smoke:
    """Prepare a stack, run a night in it, check what it wrote.

    Parameters
    ----------
    client, stack, at, told
        As :func:`night` takes them.
    environment : mapping
        Leads netlift to the stack; see :func:`environment_of`.

    Raises
    ------
    BadEnvironment
        If the execution did not succeed.
    RowsLost
        If rows are missing.
    """
    day = at.astimezone(UTC).date() - timedelta(days=1)
    stores = open_stores(environment)
    told(f"putting a world of {CUSTOMERS:,} customers into {environment['NETLIFT_HOME']} and training its models")
    prepare(stores, day)
    night(client, stack, "nightly", at, told)
    return check(stores, day, CUSTOMERS)


def remove(client: Client, stack: str, delete_stack: Callable[[], object], told: Callable[[str], object]) -> None:
    """Delete a stack and everything it would leave behind; of one that was made in part, what there is."""
    kept = kept_by(client, stack)
    told(f"deleting {stack} with {', '.join((*kept.buckets, *kept.table_buckets)) or 'nothing in it'}")
    delete_tables(client, kept)
    delete_stack()
    delete_buckets(client, kept)
