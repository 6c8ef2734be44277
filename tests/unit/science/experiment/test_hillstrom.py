"""Hillstrom's trial, read in one pass: visits and spend of both e-mails against none are statsmodels' figures."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow.csv
import pytest
import statsmodels.api as sm
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from jobs.errors import BadTrial
from jobs.science.experiment.metric import Metric, parse_metric
from jobs.science.experiment.reading import Rule, read
from jobs.science.experiment.split import check_split
from jobs.science.experiment.statement import Layout, read_moments

ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
PLAIN = (parse_metric("visit:proportion:visit"), parse_metric("spend:mean:spend"))
CUPED = Metric("spend less history", "mean", "spend", covariates=("history", "recency"), adjustment="cuped")


def test_both_emails_raise_visits_and_spend_by_what_statsmodels_says(data_dir: Path) -> None:
    table = pyarrow.csv.read_csv(data_dir / "hillstrom.csv")
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("trial", table)
        arms = read_moments(connection, [*PLAIN, CUPED], Layout("trial", "segment", ARMS))
        with pytest.raises(BadTrial, match="'Womens E-Mail' in 21387 rows"):
            read_moments(connection, PLAIN, Layout("trial", "segment", ARMS[:2]))
    split = check_split({arm: moments.count for arm, moments in arms.items()}, dict.fromkeys(ARMS, 1 / 3))
    reading = read(Rule((*PLAIN, CUPED), units=64_000), split, arms, ARMS[0])
    assert reading.is_final
    data = {name: table[name].to_numpy() for name in ("visit", "spend", "history", "recency", "segment")}
    found = {(line.metric, line.arm): line for line in reading.lines}
    for arm in ARMS[1:]:
        pair = np.isin(data["segment"], [ARMS[0], arm])
        treated = data["segment"][pair] == arm
        past = sm.add_constant(np.column_stack([data["history"], data["recency"]])[pair].astype(float))
        outcomes = {
            "visit": data["visit"][pair].astype(float),
            "spend": data["spend"][pair],
            "spend less history": sm.OLS(data["spend"][pair], past).fit().resid,
        }
        for metric, y in outcomes.items():
            oracle = CompareMeans(DescrStatsW(y[treated]), DescrStatsW(y[~treated]))
            ours = found[metric, arm].effect
            figures = [ours.absolute.lower, ours.absolute.upper, ours.p_value]
            expected = [*oracle.tconfint_diff(usevar="unequal"), oracle.ttest_ind(usevar="unequal")[1]]
            assert figures == pytest.approx(expected, rel=1e-9)
            assert found[metric, arm].adjusted_p_value < 0.01
