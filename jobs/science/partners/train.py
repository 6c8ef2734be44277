"""Train the partner model: earlier days to learn from, later ones to calibrate on, the latest to judge."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.fraud.calibration_bin import CalibrationBin
from jobs.science.fraud.calibration_errors import calibration_curve
from jobs.science.fraud.isotonic import fit_isotonic
from jobs.science.partners.baselines import baselines
from jobs.science.partners.features import FEATURE_NAMES
from jobs.science.partners.fit_booster import BOOSTER_PARAMETERS, NEVER_LOWER, fit_scorer, margins_as_at_night
from jobs.science.partners.fit_text import fit_text
from jobs.science.partners.metrics import QueueMetrics, at_or_above, queue_metrics, recall_by_kind
from jobs.science.partners.plan import PartnerPlan, Span, day_numbers, labels, part_of
from jobs.science.partners.score import PartnerScorer
from jobs.science.partners.text import COLUMN, TextRisk
from jobs.science.partners.text_gain import Gain, gain

Cases = Mapping[str, Mapping[str, float]]
"""What :func:`jobs.science.partners.metrics.recall_by_kind` says of one score."""


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
    text_gain : Gain or None
        What text added on the calibration days; None where no partner has text.
    cases : dict of str to dict
        Recall of confirmed cases by kind at the team's capacity, on the test days, of the model and each baseline;
        without kinds where there are no cases.
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
    text_gain: Gain | None
    cases: Mapping[str, Cases]
    periods: Mapping[str, Span]
    rows: int
    risky: int
    plan: PartnerPlan

    def card(self) -> dict[str, Any]:
        """Return what a person wants to know of the model, as plain values."""
        days = {name: {"first": str(first), "last": str(last)} for name, (first, last) in self.periods.items()}
        found = {name: {kind: dict(values) for kind, values in of.items()} for name, of in self.cases.items()}
        return {
            "trained_on": {**days["train"], "rows": self.rows, "risky": self.risky},
            "calibrated_on": days["calibration"],
            "judged_on": days["test"],
            "fitted_again_on": days["all"],
            "says": self.plan.says,
            "judged": {name: dataclasses.asdict(of) for name, of in self.metrics.items()},
            "text": self.scorer.text is not None,
            "text_gain": None if self.text_gain is None else dataclasses.asdict(self.text_gain),
            "calibration": [dataclasses.asdict(b) for b in self.curve],
            "recall_of_cases": found.pop("model"),
            "recall_of_cases_by_baselines": found,
            "capacity": self.plan.capacity,
            "review_probability": float(self.scorer.probability([self.scorer.review_margin])[0]),
            "features": list(self.scorer.features),
            "plan": dataclasses.asdict(self.plan),
            "booster_parameters": BOOSTER_PARAMETERS,
            "never_lower": sorted(NEVER_LOWER.intersection(self.scorer.features)),
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

    Parameters
    ----------
    rows : pyarrow.Table
        What :func:`jobs.science.partners.features.training_rows` gave, with the columns `embeddings`.
    plan : PartnerPlan
        Lengths, capacity, seed.
    texts : mapping of str to str, optional
        Text of the partners by id. A model with text and one without are trained; text is used if it ranks the
        calibration days better by more than one standard error.
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
    """
    texts = texts or {}
    rows = plan.judged(rows)
    periods = plan.spans(rows)
    train, calibration, test = (part_of(rows, name, periods[name]) for name in ("train", "calibration", "test"))
    plain = (*FEATURE_NAMES, *embeddings)
    fitted = {"without_text": fit_scorer(train, plain, plan, None)}
    if (read := _with_text(train, texts, plan)) is not None:
        fitted["with_text"] = fit_scorer(read[0], (*plain, COLUMN), plan, read[1])
    margins = {name: _margins(calibration, one, texts, plan) for name, one in fitted.items()}
    adds = None
    if "with_text" in margins:
        day, partner = day_numbers(calibration), calibration["partner_id"].to_pylist()
        adds = gain(day, partner, labels(calibration), margins["without_text"], margins["with_text"])
    best = "with_text" if adds is not None and adds.is_kept else "without_text"
    calibrated = fit_isotonic(margins[best], labels(calibration))
    judged = {name: _margins(test, one, texts, plan) for name, one in fitted.items()}
    rivals = baselines(test)
    again = _fit_again(rows, fitted[best], texts, plan)
    room = plan.capacity * plan.calibration_days
    metrics = {name: _metrics(test, score, plan) for name, score in {**judged, **rivals}.items()}
    return PartnerTraining(
        scorer=dataclasses.replace(again, calibration=calibrated, review_margin=at_or_above(margins[best], room)),
        metrics={"model": metrics[best], **metrics},
        curve=calibration_curve(labels(test), calibrated.apply(judged[best]), 10),
        text_gain=adds,
        cases={name: _recall(test, score, plan, cases) for name, score in {"model": judged[best], **rivals}.items()},
        periods=periods,
        rows=rows.num_rows,
        risky=int(labels(rows).sum()),
        plan=plan,
    )


def _fit_again(rows: pa.Table, chosen: PartnerScorer, texts: Mapping[str, str], plan: PartnerPlan) -> PartnerScorer:
    """Fit what was chosen on all days: the newest ones tell of the newest kinds of fraud."""
    if chosen.text is None or (read := _with_text(rows, texts, plan)) is None:
        return fit_scorer(rows, tuple(name for name in chosen.features if name != COLUMN), plan, None)
    return fit_scorer(read[0], chosen.features, plan, read[1])


def _with_text(rows: pa.Table, texts: Mapping[str, str], plan: PartnerPlan) -> tuple[pa.Table, TextRisk] | None:
    """Learn from the rows what risky partners' text reads like; each one's own number comes from other partners."""
    partners, place = np.unique(rows["partner_id"].to_numpy(zero_copy_only=False), return_inverse=True)
    risky_share = np.bincount(place, labels(rows)) / np.bincount(place)
    fitted = fit_text([texts.get(str(p), "") for p in partners], risky_share, seed=plan.seed)
    if fitted is None:
        return None
    return rows.append_column(COLUMN, pa.array(fitted.held_out[place])), fitted.risk


def _margins(rows: pa.Table, scorer: PartnerScorer, texts: Mapping[str, str], plan: PartnerPlan) -> NDArray[np.float64]:
    if scorer.text is not None:
        rows = scorer.text.append(rows, [texts.get(p, "") for p in rows["partner_id"].to_pylist()])
    return margins_as_at_night(rows, scorer, plan)


def _metrics(rows: pa.Table, score: NDArray[np.float64], plan: PartnerPlan) -> QueueMetrics:
    return queue_metrics(day_numbers(rows), labels(rows), score, plan.capacity)


def _recall(rows: pa.Table, score: NDArray[np.float64], plan: PartnerPlan, cases: Sequence[Mapping[str, Any]]) -> Cases:
    return recall_by_kind(day_numbers(rows), rows["partner_id"].to_pylist(), score, plan.capacity, list(cases))
