"""A made-up world in a deployed home: four files, the features of the weeks before, models that know it."""

from datetime import date, timedelta

from infra.local.load import load_world
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.runtime.stores import Stores
from jobs.science.synthetic import World
from jobs.train_fraud import TrainFraud, train_fraud
from jobs.train_uplift import TrainUplift, train_uplift

SEED = 7
HISTORY_DAYS = 60
FEATURE_DAYS = 52
FILES = 4


def prepare(stores: Stores, day: date, customers: int, models: bool) -> None:
    """Put a made-up world in four files, its features of the weeks before, and models that know it.

    Parameters
    ----------
    stores : Stores
        Where all goes.
    day : datetime.date
        Day of the night.
    customers : int
        How many customers the world has.
    models : bool
        Whether models are trained; the weekly chain trains its own.
    """
    world = World(SEED, customers, day, days=HISTORY_DAYS)
    load_world(world, stores.objects, -(-customers // FILES))
    eve = day - timedelta(days=1)
    build_fraud_features(BuildFraudFeatures(eve, first_date=day - timedelta(days=FEATURE_DAYS)), stores)
    if models:
        train_fraud(TrainFraud(eve, train_days=10, calibration_days=3, test_days=2, rounds=60, threads=1), stores)
        train_uplift(TrainUplift(eve, world.campaign()["id"], threads=1), stores)
