"""Made-up readouts: evidence of a trial whose effects are known, over, running, or with a broken split."""

import numpy as np

from jobs.science.experiment.decision import Criteria
from jobs.science.experiment.evidence import Evidence, Point, Sizes, Source
from jobs.science.experiment.guardrail import Guardrail
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments, merged
from jobs.science.experiment.quantiles import quantile_estimate
from jobs.science.experiment.reading import Rule
from tests.unit.science.experiment.trials import rows

ARMS = ("none", "mail", "call")
COLUMNS = ("visit", "spend", "orders", "past_spend", "opened")
DAYS = 10
VISIT = Metric("visit", "proportion", "visit")
SPEND = Metric("spend", "mean", "spend", covariates=("past_spend",), adjustment="cuped")
ORDERS = Metric("orders", "mean", "orders")
BASKET = Metric("basket", "ratio", "spend", "orders")
LARGE = Metric("large", "quantile", "spend", share=0.9)


def evidence(units: int = 2000, effect: float = 0.3, planned: int | None = 6000, lost: int = 0) -> Evidence:
    """Three arms of `units`, the mail with an effect; `lost` units of the call are missing."""
    days: list[dict[str, Moments]] = []
    values: dict[str, list[np.ndarray]] = {arm: [] for arm in ARMS}
    segments: dict[str, dict[str, list[Moments]]] = {"new": {}, "old": {}}
    for day in range(DAYS):
        today = {}
        for a, arm in enumerate(ARMS):
            n = units // DAYS - (lost // DAYS if arm == "call" else 0)
            found = rows(n, 100 * day + a, effect if arm == "mail" else 0.0)
            found["opened"] = (np.random.default_rng(day).random(n) < 0.4) * (a > 0)
            table = np.column_stack([found[c].astype(float) for c in COLUMNS])
            today[arm] = Moments.of_rows(COLUMNS, table)
            values[arm].append(found["spend"])
            for name, part in (("new", table[: n // 3]), ("old", table[n // 3 :])):
                segments[name].setdefault(arm, []).append(Moments.of_rows(COLUMNS, part))
        days.append(today)
    upto = [{arm: merged(day[arm] for day in days[: k + 1]) for arm in ARMS} for k in range(DAYS)]
    counts = {arm: upto[-1][arm].count for arm in ARMS}
    total = sum(counts.values())
    return Evidence(
        title="Mail or call in spring",
        source=Source("file", "spring.csv", "0" * 64, total + 3, total, {"column 'spend' holds no number": 3}),
        unit="customer_id",
        control="none",
        rule=Rule((VISIT, SPEND), planned or total, ((ORDERS, Guardrail(0.05, relative=True)),), reads=(BASKET, LARGE)),
        sizes=Sizes(counts, dict.fromkeys(ARMS, 1 / 3)),
        arms=upto[-1],
        criteria=Criteria(minimum_relative_effect={"visit": 0.05}),
        units_planned=planned,
        looks=DAYS,
        quantiles={"large": {arm: quantile_estimate(np.concatenate(values[arm]), 0.9, arm) for arm in ARMS}},
        units_of={"spend": "EUR", "basket": "EUR", "large": "EUR"},
        unit_value_eur={"spend": 0.3},
        segments=tuple(
            Point(name, {arm: merged(parts) for arm, parts in of_arms.items()}, "customer")
            for name, of_arms in segments.items()
        ),
        over_time=tuple(Point(f"2026-03-{day + 1:02}", arms) for day, arms in enumerate(upto)),
        as_of="2026-03-10",
        ends_on="2026-03-10",
    )
