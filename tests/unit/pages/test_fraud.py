"""The page of a fraud model says what it saves, then every figure beside its baselines, and what it is not for."""

from typing import Any

import pytest

from jobs.pages.fraud import facts, figure_rows, fraud_html, fraud_lines
from tests.unit.pages.markup import checked


def figures(**changes: Any) -> dict[str, Any]:
    return {
        "rows": 1000, "frauds": 20, "roc_auc": 0.9, "average_precision": 0.745, "recall_at_fpr": 0.7,
        "card_precision_100": 0.297, "card_precision_100_ceiling": 0.397, "brier": 0.0021, "calibration_slope": 1.02,
        "calibration_error": 0.0006, "review_error": 0.031, "reviewed_share": 0.004, "declined_share": 0.001,
        "review_precision": 0.8, "review_recall": 0.7, "cost_share": 0.15, "cost_eur": 150.0, "nothing_eur": 1000.0,
        "intervals": {"roc_auc": {"low": 0.88, "high": 0.92}}, **changes,
    }  # fmt: skip


CARD: dict[str, Any] = {
    "trained_on": {"first": "2026-01-01", "last": "2026-01-07", "rows": 5000, "frauds": 50},
    "calibrated_on": {"first": "2026-01-01", "last": "2026-01-07"},
    "judged_on": {"first": "2026-01-15", "last": "2026-01-21"},
    "label_delay_days": 7,
    "metrics": figures(),
    "metrics_in_words": {"recall_at_fpr": "found early", "cost_share": "the cost", "review_error": "the error"},
    "baselines": {"amount rule": figures(average_precision=0.14, cost_share=0.6, intervals={})},
    "slices": [{"name": "by night", "rows": 10, "frauds": 0, "average_precision": None, "recall": None,
                "false_positive_rate": 0.1, "promised": 0.02, "happened": 0.0}],
    "precision_recall": {"recall": [0.5, 1.0], "precision": [1.0, 0.1]},
    "bins": [{"promised": 0.4, "happened": 0.5, "rows": 20, "low": 0.3, "high": 0.7}],
    "calibration": {"method": "beta", "log_loss_on_later_days": {}},
    "policy": {"review_eur": 5.0, "loss_share": 1.0, "insult_eur": 20.0, "review_price_eur": 0.0, "version": "abc"},
    "limits_of_use": ["Not for <credit>."],
    "groups": None,
}  # fmt: skip
GROUP = {"name": "north", "rows": 900, "frauds": 9, "average_precision": 0.5, "recall": 0.5,
         "false_positive_rate": 0.02, "promised": 0.01, "happened": 0.01}  # fmt: skip


def test_what_it_saves_comes_first_and_every_figure_is_said() -> None:
    words = checked(fraud_html(CARD, title="payments.csv", files=[("Figures", "judge.json")]))
    assert words.index("finds 70.0% of the frauds") < words.index("+€850") < words.index("How good it is")
    for said in ("0.745", "0.140", "0.880 to 0.920", "60.0%", "by night", "Not for <credit>.", "beta", "judge.json",
                 "payments.csv", "2026-01-15", "a review €5.00", "as many as are worth it", "0.397"):  # fmt: skip
        assert said in words, said
    assert "Are groups suspected" not in words


@pytest.mark.parametrize(("ratio", "said"), [(1.5, "times as many"), (None, "There are not two groups")])
def test_groups_are_shown_where_they_were_given(ratio: float | None, said: str) -> None:
    words = checked(fraud_html({**CARD, "groups": {"groups": [GROUP], "ratio": ratio}}, title="x"))
    assert "north" in words
    assert said in words


def test_few_reviewers_and_rows_set_aside_are_said() -> None:
    card = {**CARD, "policy": {**CARD["policy"], "review_price_eur": 3.0},
            "rows": {"in": 10, "used": 8, "set_aside": {"no label": 2}}}  # fmt: skip
    said = dict(facts(card))
    assert said["Rows"] == "10 in, 8 used; set aside: 2 no label"
    assert "must save €3.00 more" in said["Reviewers"]


def test_lines_of_a_terminal_hold_every_figure_of_the_page() -> None:
    lines = fraud_lines(CARD, page="out/page.html")
    for row in figure_rows(CARD):
        assert row.value in lines
        assert row.name in lines
    assert lines.endswith("out/page.html")
    assert max(map(len, lines.splitlines())) <= 140
