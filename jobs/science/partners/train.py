"""Train the partner model: earlier days to learn from, later ones to calibrate on, the latest to judge."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadRequest, BadRows
from jobs.science.fraud.isotonic import fit_isotonic
from jobs.science.fraud.metrics import CalibrationBin, calibration_curve
from jobs.science.partners.features import EPOCH, FEATURE_NAMES
from jobs.science.partners.fit_text import fit_text
from jobs.science.partners.metrics import QueueMetrics, at_or_above, queue_metrics, recall_by_kind
from jobs.science.partners.score import PartnerScorer, booster_margin, held_back, partner_matrix
from jobs.science.partners.text import TextVectors

# Payments are few and labels noisy: shallow trees over many features, each tree on half of them.
BOOSTER_PARAMETERS: dict[str, Any] = {
    "objective": "cross_entropy",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "force_col_wise": True,
    "deterministic": True,
    "verbosity": -1,
}

FEWEST_FRAUDS = 2
"""A partner is risky in the days ahead from so many frauds on: one is an accident."""

QUIET_STEP = 5
"""Of partner-days without any report, one in so many is learnt from, and counts so many times."""


@dataclass(frozen=True)
class PartnerPlan:
    """How a partner model is trained.

    Parameters
    ----------
    train_days, calibration_days, test_days : int
        Lengths in days of what is learnt from, calibrated on and judged on.
    horizon_days : int
        Days ahead whose fraud is foretold.
    label_delay_days : int
        Days until a label is known.
    risky_rate : float
        Share of fraud among a partner's payments of the days ahead from which on it is risky, in (0, 1).
    capacity : int
        Partners that the team can look into a day.
    rounds : int
        Trees.
    seed, threads : int
        Of LightGBM.
    """

    train_days: int = 70
    calibration_days: int = 10
    test_days: int = 7
    horizon_days: int = 7
    label_delay_days: int = 7
    risky_rate: float = 0.1
    capacity: int = 50
    rounds: int = 200
    seed: int = 1
    threads: int = 1

    @property
    def last_row_days(self) -> int:
        """Days before the run's date at which the last row lies whose days ahead are known."""
        return self.horizon_days + self.label_delay_days

    @property
    def row_days(self) -> int:
        """Days of rows that training, calibration, judging and the gaps between them take."""
        return self.train_days + self.last_row_days + self.calibration_days + self.horizon_days + self.test_days


@dataclass(frozen=True)
class PartnerTraining:
    """A trained model, and how good it was on days after all that it had seen.

    Parameters
    ----------
    scorer : PartnerScorer
        The model, fitted again on all days after it was judged.
    metrics : dict of str to QueueMetrics
        On the test days: ``model``, the same ``without_text`` and, where there is text, ``with_text`` (one of the two
        is the model), and each baseline.
    curve : tuple of CalibrationBin
        Promised and happened on the test days.
    cases : dict
        Recall of confirmed cases by kind at the team's capacity, on the test days; empty without cases.
    periods : dict of str to tuple of datetime.date
        First and last day of each part.
    rows, risky : int
        Partner-days of all parts, and risky ones among them.
    plan : PartnerPlan
        How it was trained.
    """

    scorer: PartnerScorer
    metrics: Mapping[str, QueueMetrics]
    curve: tuple[CalibrationBin, ...]
    cases: Mapping[str, Mapping[str, float]]
    periods: Mapping[str, tuple[dt.date, dt.date]]
    rows: int
    risky: int
    plan: PartnerPlan

    def card(self) -> dict[str, Any]:
        """Return what a person wants to know of the model, as plain values."""
        days = {name: {"first": str(first), "last": str(last)} for name, (first, last) in self.periods.items()}
        return {
            "trained_on": {**days["train"], "rows": self.rows, "risky": self.risky},
            "calibrated_on": days["calibration"],
            "judged_on": days["test"],
            "fitted_again_on": days["all"],
            "says": (
                f"probability that at least {self.plan.risky_rate:.0%} of the partner's payments of the next "
                f"{self.plan.horizon_days} days, and {FEWEST_FRAUDS} of them, will become known as fraud"
            ),
            "judged": {name: dataclasses.asdict(of) for name, of in self.metrics.items()},
            "text": self.scorer.text is not None,
            "calibration": [dataclasses.asdict(b) for b in self.curve],
            "recall_of_cases": {kind: dict(values) for kind, values in self.cases.items()},
            "capacity": self.plan.capacity,
            "review_probability": float(self.scorer.probability([self.scorer.review_margin])[0]),
            "features": list(self.scorer.features),
            "plan": dataclasses.asdict(self.plan),
            "booster_parameters": BOOSTER_PARAMETERS,
        }


def train_partner_model(
    rows: pa.Table,
    plan: PartnerPlan,
    *,
    texts: Mapping[str, str] | None = None,
    embeddings: Sequence[str] = (),
    cases: Sequence[Mapping[str, Any]] = (),
) -> PartnerTraining:
    """Train, calibrate and judge a partner model, then fit it again on all days.

    Between training and calibration lie the days ahead of the last row and the label delay: on the first
    day of calibration all that was learnt from was known. Between calibration and test lie the days ahead.

    Parameters
    ----------
    rows : pyarrow.Table
        What :func:`jobs.science.partners.features.training_rows` gave, with the columns `embeddings`.
    plan : PartnerPlan
        Lengths, capacity, seed.
    texts : mapping of str to str, optional
        Text of the partners by id. A model with text and one without are trained; the one that ranks the
        calibration days better is kept.
    embeddings : sequence of str
        Columns of `rows` that were made elsewhere and are read as they are.
    cases : sequence of mapping
        Confirmed cases to judge by; see :func:`jobs.science.partners.metrics.recall_by_kind`.

    Returns
    -------
    PartnerTraining
        The model and its metrics.

    Raises
    ------
    BadRows
        If the days do not suffice, or a part holds no risky partner.
    BadRequest
        If the plan's values are not allowed.
    """
    _check(plan)
    # An all-missing column is kept: the model has the same features whatever a team's data hold.
    rows = rows.append_column("is_risky", pa.array(_risky(rows, plan)))
    parts = _parts(rows, plan)
    train, calibration, test = (_between(rows, *parts[name]) for name in ("train", "calibration", "test"))
    for name, part in (("train", train), ("calibration", calibration), ("test", test)):
        _require_both(part, name, parts[name])
    plain = (*FEATURE_NAMES, *embeddings)
    fitted = {"without_text": _fit(train, plain, plan, None)}
    vectors = _vectors(train, texts or {}, plan)
    if vectors is not None:
        fitted["with_text"] = _fit(_with_text(train, texts or {}, vectors), (*plain, *vectors.names), plan, vectors)
    margins = {name: _margins(calibration, one, texts or {}, plan) for name, one in fitted.items()}
    on_calibration = {
        name: queue_metrics(_day(calibration), _labels(calibration), margin, plan.capacity).average_precision
        for name, margin in margins.items()
    }
    best = max(on_calibration, key=lambda name: on_calibration[name])
    fixed = fit_isotonic(margins[best], _labels(calibration))
    judged = {name: _margins(test, one, texts or {}, plan) for name, one in fitted.items()}
    metrics = {
        name: queue_metrics(_day(test), _labels(test), score, plan.capacity)
        for name, score in {**judged, **baselines(test)}.items()
    }
    found = recall_by_kind(_day(test), test["partner_id"].to_pylist(), judged[best], plan.capacity, list(cases))
    everything = rows if fitted[best].text is None else _with_text(rows, texts or {}, vectors)
    again = _fit(everything, fitted[best].features, plan, fitted[best].text)
    scorer = dataclasses.replace(
        again, calibration=fixed, review_margin=at_or_above(margins[best], plan.capacity * plan.calibration_days)
    )
    return PartnerTraining(
        scorer,
        {"model": metrics[best], **metrics},
        calibration_curve(_labels(test), fixed.apply(judged[best]), 10),
        found,
        parts,
        rows.num_rows,
        int(_labels(rows).sum()),
        plan,
    )


def baselines(rows: pa.Table) -> dict[str, NDArray[np.float64]]:
    """Return the scores that a model has to beat: 28-day rate, 7-day shrunk rate, streak of known frauds.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of partner features.

    Returns
    -------
    dict of str to ndarray of shape (n_partner_days,)
        By name of the baseline; higher is riskier.
    """
    column = {
        name: np.nan_to_num(rows[name].to_numpy().astype(np.float64), nan=0.0)
        for name in ("fraud_rate_28d", "fraud_rate_shrunk", "streak", "streak_days")
    }
    return {
        "rate_28d": column["fraud_rate_28d"],
        "shrunk_rate_7d": column["fraud_rate_shrunk"],
        # The longer a streak, and of equal ones the younger: an old one may be over.
        "streak": column["streak"] - column["streak_days"] / 1e3,
    }


def _check(plan: PartnerPlan) -> None:
    for f in dataclasses.fields(plan):
        if f.name not in {"risky_rate", "seed"} and getattr(plan, f.name) < 1:
            raise BadRequest(f"{f.name} is {getattr(plan, f.name)}; give at least 1.")
    if not 0 < plan.risky_rate < 1:
        raise BadRequest(f"risky_rate is {plan.risky_rate}; give a share between 0 and 1, without both.")


def _risky(rows: pa.Table, plan: PartnerPlan) -> NDArray[np.bool_]:
    frauds, count = rows["next_frauds"].to_numpy(), rows["next_transactions"].to_numpy()
    return np.asarray((frauds >= FEWEST_FRAUDS) & (frauds >= plan.risky_rate * count))


def _parts(rows: pa.Table, plan: PartnerPlan) -> dict[str, tuple[dt.date, dt.date]]:
    days = _day(rows)
    if not days.size:
        raise BadRows("partner features: there is no partner-day with a known label; read more days of transactions.")
    first, last = int(days.min()), int(days.max())
    test = last - plan.test_days + 1
    calibration_end = test - plan.horizon_days
    calibration = calibration_end - plan.calibration_days
    train_end = calibration - plan.last_row_days
    if first >= train_end:
        raise BadRows(
            f"partner features: known labels cover {last - first + 1} days, and more than "
            f"{plan.row_days - plan.train_days} are needed (calibration {plan.calibration_days}, "
            f"test {plan.test_days}, gaps {plan.last_row_days} and {plan.horizon_days}); "
            f"read more days, or plan shorter parts."
        )
    edges = {
        "train": (max(first, train_end - plan.train_days), train_end),
        "calibration": (calibration, calibration_end),
        "test": (test, last + 1),
        "all": (first, last + 1),
    }
    return {name: (_date(a), _date(b - 1)) for name, (a, b) in edges.items()}


def _require_both(part: pa.Table, name: str, days: tuple[dt.date, dt.date]) -> None:
    risky = int(_labels(part).sum())
    if not 0 < risky < part.num_rows:
        raise BadRows(
            f"partners: {risky} of {part.num_rows} partner-days of {name}, {days[0]} to {days[1]}, became risky, and "
            f"both kinds are needed; plan more days, or lower risky_rate."
        )


def _fit(rows: pa.Table, names: tuple[str, ...], plan: PartnerPlan, text: TextVectors | None) -> PartnerScorer:
    """Fit the booster; what is decided on later days is filled in later."""
    quiet = np.ones(rows.num_rows, dtype=bool)
    for name in ("known_frauds_28d", "early_frauds_7d", "scheme_ratio_28d"):
        quiet &= ~(rows[name].to_numpy() > 0)
    turn = np.random.default_rng(plan.seed).integers(0, QUIET_STEP, rows.num_rows)
    kept = pa.array(~quiet | (turn == 0))
    count = rows["next_transactions"].filter(kept).to_numpy().astype(np.float64)
    rate = rows["next_frauds"].filter(kept).to_numpy() / count
    weight = count * np.where(quiet[kept.to_numpy(zero_copy_only=False)], QUIET_STEP, 1)
    matrix = partner_matrix(rows.filter(kept), names)
    data = lgb.Dataset(matrix, rate, weight=weight, feature_name=list(names))
    parameters = {**BOOSTER_PARAMETERS, "seed": plan.seed, "num_threads": plan.threads}
    typical = [column[~np.isnan(column)] for column in matrix.T]
    return PartnerScorer(
        booster=lgb.train(parameters, data, num_boost_round=plan.rounds),
        features=names,
        calibration=fit_isotonic([0.0, 1.0], [0.0, 1.0]),
        review_margin=0.0,
        capacity=plan.capacity,
        typical={n: float(np.median(v)) if v.size else 0.0 for n, v in zip(names, typical, strict=True)},
        risky_rate=plan.risky_rate,
        horizon_days=plan.horizon_days,
        label_delay_days=plan.label_delay_days,
        text=text,
    )


def _margins(rows: pa.Table, scorer: PartnerScorer, texts: Mapping[str, str], plan: PartnerPlan) -> NDArray[np.float64]:
    """Score days as the night does: one with hardly a payment ranks in the middle of its day at most."""
    given = rows if scorer.text is None else _with_text(rows, texts, scorer.text)
    margin = booster_margin(scorer.booster, given, scorer.features, plan.threads)
    days, payments = _day(rows), rows["recent_28d"].to_numpy()
    for day in np.unique(days):
        on = days == day
        margin[on] = held_back(margin[on], payments[on])
    return margin


def _vectors(train: pa.Table, texts: Mapping[str, str], plan: PartnerPlan) -> TextVectors | None:
    known = sorted(set(train["partner_id"].to_pylist()) & set(texts))
    return fit_text([texts[p] for p in known], seed=plan.seed)


def _with_text(rows: pa.Table, texts: Mapping[str, str], vectors: TextVectors | None) -> pa.Table:
    if vectors is None:
        return rows
    # A partner has a row a day and one text: it is read once.
    partners, place = np.unique(rows["partner_id"].to_numpy(zero_copy_only=False), return_inverse=True)
    numbers = vectors.transform([texts.get(str(p), "") for p in partners])[place]
    for i, name in enumerate(vectors.names):
        rows = rows.append_column(name, pa.array(numbers[:, i]))
    return rows


def _between(rows: pa.Table, first: dt.date, last: dt.date) -> pa.Table:
    day = _day(rows)
    return rows.filter(pa.array((day >= (first - EPOCH).days) & (day <= (last - EPOCH).days)))


def _labels(rows: pa.Table) -> NDArray[np.bool_]:
    return np.asarray(rows["is_risky"].to_numpy(), dtype=bool)


def _day(rows: pa.Table) -> NDArray[np.int32]:
    days: NDArray[np.int32] = rows["day"].cast(pa.int32()).to_numpy()
    return days


def _date(day: int) -> dt.date:
    return EPOCH + dt.timedelta(days=day)
