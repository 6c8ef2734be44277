"""The demo: a local cloud, a made-up world or real data, models, one night, and what came of it."""

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table as Grid

from infra.local.cloud import LocalCloud
from infra.local.demo_figures import details_of, measured_lines, night_figures, review_queue
from infra.local.load import EXAMPLES, load_aftermath, load_payments, load_trial, load_world
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.nightly import Nightly, nightly
from jobs.nightly.page import night_page
from jobs.pages.night import NightPage, night_html
from jobs.read_experiment import ReadExperiment, read_experiment
from jobs.runtime.command import guarded
from jobs.runtime.layout import campaign_ids
from jobs.runtime.progress import Steps
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores, open_stores
from jobs.science.synthetic import World
from jobs.storage.result_folder import write_results
from jobs.storage.tables import read_whole
from jobs.tables.outputs import OFFERS
from jobs.train_fraud import TrainFraud, train_fraud
from jobs.train_partner_risk import TrainPartnerRisk, train_partner_risk
from jobs.train_uplift import TrainUplift, train_uplift


@dataclass(frozen=True)
class Scene:
    """What the demo plays.

    Parameters
    ----------
    source : str
        Where the data come from, in words.
    run_date : datetime.date
        The night.
    feature_days, train_days, calibration_days, test_days : int
        Days of features, and how the training of the fraud model uses them.
    partner_days : tuple of int
        Days that the model of partners' risk learns from, is calibrated on and judged on.
    notes : tuple of str
        What one must know to read the result.
    world : World or None
        The made-up world, whose truth is known.
    data : Path or None
        Folder of the real data.
    """

    source: str
    run_date: date
    feature_days: int
    train_days: int
    calibration_days: int
    test_days: int
    partner_days: tuple[int, int, int]
    notes: tuple[str, ...] = ()
    world: World | None = None
    data: Path | None = None


def main(argv: Sequence[str]) -> int:
    """Play the demo.

    Parameters
    ----------
    argv : sequence of str
        Words after ``demo``.

    Returns
    -------
    int
        Exit code: 0, or that of a named failure.
    """
    asked = _parser().parse_args(argv)
    return guarded(lambda: play(asked.data, asked.customers, asked.seed, asked.out))


def play(data: Path | None, customers: int, seed: int, out: Path) -> None:
    """Start the cloud, load, train, run the night, show what came of it."""
    shown = Steps(8 if data else 9)
    try:
        with _home(shown) as stores:
            scene = _load_real(data, stores, shown) if data else _load_world(customers, seed, stores, shown)
            training = _train(scene, stores, shown)
            with shown.step("run the night") as at:
                reports = nightly(Nightly(scene.run_date), stores)
                at.note = ", ".join(f"{r.verb} {r.seconds:.1f}" for r in reports)
            truth = true_net_eur(scene.world, stores, scene.run_date) if scene.world else None
            page = night_page(
                scene.run_date,
                reports,
                stores,
                source=scene.source,
                notes=scene.notes,
                true_net_eur=truth,
                next_commands=_next_commands(scene),
            )
            reading = _read_back(scene.world, stores, shown) if scene.world else None
            written = _write(page, reports, stores, out, reading)
            _show(scene, night_figures(reports, training, page.headline), stores, written, reading)
    finally:
        shown.close()


def true_net_eur(world: World, stores: Stores, run_date: date) -> float:
    """Return what the night's offers truly earn in the made-up world: true effects less contact and fraud, in euro."""
    columns = ["customer_id", "arm", "cost_eur", "fraud_probability"]
    offers = read_whole(stores.tables, OFFERS, {"run_date": run_date, "status": "offered"}, columns)
    fraud_loss_eur = float(world.campaign()["fraud_loss_eur"])
    place = {arm: i for i, arm in enumerate(world.arms)}
    arm_of = dict(zip(offers["customer_id"].to_pylist(), offers["arm"].to_pylist(), strict=True))
    total = 0.0
    for shard in world.shards():
        ids = world.customers(shard)["customer_id"].to_pylist()
        rows = [(i, place[arm_of[c]]) for i, c in enumerate(ids) if c in arm_of]
        effects = world.true_effects(shard)
        total += float(sum(effects[i, arm] for i, arm in rows))
    cost = offers["cost_eur"].to_numpy() + offers["fraud_probability"].to_numpy() * fraud_loss_eur
    return total - float(np.sum(cost))


def _read_back(world: World, stores: Stores, shown: Steps) -> Report:
    """Play the outcome window of the night's offers, and read the campaign's holdout."""
    with shown.step("play the weeks after") as at:
        offers = read_whole(
            stores.tables, OFFERS, {"run_date": world.run_date, "status": "offered"}, ["customer_id", "arm"]
        )
        arms = dict(zip(offers["customer_id"].to_pylist(), offers["arm"].to_pylist(), strict=True))
        closed = load_aftermath(world, arms, stores.objects)
        at.note = f"outcomes of all customers, and their payments, up to {closed}"
    with shown.step("read the holdout") as at:
        report = read_experiment(ReadExperiment(closed, campaign=str(world.campaign()["id"])), stores)
        at.note = (
            f"{report.inputs['outcomes']['rows_used']:,} outcomes, {len(report.details['partner_pages'])} partners"
        )
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local demo", description="One night on this machine, from inputs to offer lists."
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="folder with hillstrom.csv and handbook_transactions.parquet (default: a made-up world; 'make data' "
        "fetches them; example: ../shared/data)",
    )
    parser.add_argument(
        "--customers", type=int, default=50_000, metavar="COUNT", help="customers of the made-up world (default: 50000)"
    )
    parser.add_argument("--seed", type=int, default=7, metavar="INTEGER", help="seed of the made-up world (default: 7)")
    parser.add_argument(
        "--out", type=Path, default=Path("out"), metavar="FOLDER", help="where results go (default: out)"
    )
    return parser


@contextmanager
def _home(shown: Steps) -> Iterator[Stores]:
    with shown.step("start the local cloud") as at:
        cloud = LocalCloud()
        cloud.start()
        at.note = f"{cloud.endpoint_url}, region {cloud.region}"
    try:
        with cloud.applied():
            yield open_stores()
    finally:
        cloud.stop()


def _load_world(customers: int, seed: int, stores: Stores, shown: Steps) -> Scene:
    # Enough trial to tell signal from noise, few enough payments to be quick.
    world = World(seed, customers, date(2026, 11, 1), days=70, payments_per_day=0.25, trial_share=0.8)
    with shown.step("load the made-up world") as at:
        load_world(world, stores.objects, max(2_000, min(100_000, customers // 4)))
        at.note = f"{customers:,} customers, {world.n_partners} partners, {world.days} days of payments, one trial"
    source = f"a made-up world of {customers:,} customers (seed {seed}), whose true effects are known"
    return Scene(source, world.run_date, 33, 14, 6, 5, (20, 6, 5), world=world)


def _load_real(folder: Path, stores: Stores, shown: Steps) -> Scene:
    with shown.step("load the Handbook's payments") as at:
        payments = load_payments(EXAMPLES / "handbook.toml", folder, stores.objects)
        at.note = f"{payments.days} days up to {payments.run_date}"
    with shown.step("load Hillstrom's trial") as at:
        campaign = load_trial(EXAMPLES / "hillstrom.toml", folder, stores.objects, payments.run_date)
        modulo = campaign.source.account_modulo if campaign.source else None
        at.note = f"row i pays as the Handbook's customer i mod {modulo:,}" if modulo else ""
    notes = (
        f"Hillstrom's row i is taken to pay as the Handbook's customer i mod {modulo:,}: two public data sets that do "
        "not belong together, so that every step of the night has real input.",
        "Hillstrom's dollars are read as euro; 30 cents of net margin a euro spent and 2 cents an e-mail are assumed.",
    )
    source = "Hillstrom's e-mail trial of 2008 and the payments of the Fraud Detection Handbook"
    return Scene(source, payments.run_date, 40, 20, 7, 6, (20, 7, 6), notes, data=folder)


def _train(scene: Scene, stores: Stores, shown: Steps) -> tuple[Report, ...]:
    day = scene.run_date
    with shown.step("build fraud features") as at:
        first = day - timedelta(days=scene.feature_days)
        features = build_fraud_features(BuildFraudFeatures(day, first_date=first), stores)
        at.note = f"{features.rows_out['fraud_features']:,} payments of {scene.feature_days + 1} days"
    with shown.step("train fraud model") as at:
        fraud = train_fraud(
            TrainFraud(
                day,
                train_days=scene.train_days,
                calibration_days=scene.calibration_days,
                test_days=scene.test_days,
            ),
            stores,
        )
        metrics = fraud.details["metrics"]
        at.note = (
            f"average precision {metrics['average_precision']:.3f}, ROC AUC {metrics['roc_auc']:.3f} on later days"
        )
    with shown.step("train partner model") as at:
        learn, calibrate, judge = scene.partner_days
        asked = TrainPartnerRisk(
            day, train_days=learn, calibration_days=calibrate, test_days=judge, rounds=100, threads=2
        )
        partners = train_partner_risk(asked, stores)
        of = partners.details["judged"]["model"]
        at.note = f"average precision {of['average_precision']:.3f} among partners on later days"
    with shown.step("train uplift model") as at:
        uplift = [train_uplift(TrainUplift(day, campaign), stores) for campaign in campaign_ids(stores.objects)]
        at.note = "; ".join(_verdict(report) for report in uplift)
    return features, fraud, partners, *uplift


def _verdict(report: Report) -> str:
    verdict = report.details["verdict"]
    return f"{report.kind}: {verdict['kind']}" + (f", {verdict['arm']}" if verdict["arm"] else "")


def _write(page: NightPage, reports: Sequence[Report], stores: Stores, out: Path, reading: Report | None) -> list[Path]:
    published = details_of(reports, "publish-offers").get("published", {})
    lists = {f"offers-{campaign}.csv": stores.objects.get(of["key"]) for campaign, of in published.items()}
    # Beside one another under plain names: the cloud, where they are kept by date, ends with the demo.
    beside = [replace(file, path=f"{file.path.split('/')[-3]}.html") for file in page.pages]
    made = {
        there.path: stores.objects.get(file.path.removeprefix(f"{stores.objects.uri}/"))
        for file, there in zip(page.pages, beside, strict=True)
    }
    read = {}
    if reading is not None:
        read[f"holdout-{reading.kind}.html"] = stores.objects.get(reading.details["readout"]["page"])
        for partner, key in reading.details["partner_pages"].items():
            read[f"partner-{partner}.html"] = stores.objects.get(key)
    files = {"night.html": night_html(replace(page, pages=beside)).encode(), **made, **lists, **read}
    return sorted(write_results(out, files).values())


def _show(scene: Scene, figures: Grid, stores: Stores, written: Sequence[Path], reading: Report | None) -> None:
    console = Console(width=None if sys.stdout.isatty() else 110, highlight=False)
    console.print(f"\nThe night of {scene.run_date} on {scene.source}\n", style="bold")
    console.print(figures)
    console.print(review_queue(stores, scene.run_date))
    if reading is not None:
        console.print(measured_lines(reading))
    for note in scene.notes:
        console.print(f"Note: {note}")
    # What lies there of an earlier night is not this one's.
    for what, suffix in (("list", ".csv"), ("page", ".html")):
        for file in (file for file in written if file.suffix == suffix):
            console.print(f"{what}  {file}", soft_wrap=True)
    console.print("next  " + _next_commands(scene)[0], soft_wrap=True)


def _next_commands(scene: Scene) -> tuple[str, ...]:
    if scene.data is not None:
        return (
            f".venv/bin/netlift lift --data {shlex.quote(str(scene.data / 'hillstrom.csv'))} "
            '--arm segment --control "No E-Mail" '
            "--outcome spend --exclude visit --exclude conversion --unit-margin 0.3 --contact-cost 0.02",
        )
    return ("make demo DATA=../shared/data", ".venv/bin/netlift lift --help")
