"""The page of a fraud model: a trained one's card, or what ``netlift judge-fraud`` found."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.pages.axes import Axis
from jobs.pages.bar_chart import Bar, bar_chart
from jobs.pages.calibration_chart import calibration_chart
from jobs.pages.figures import CalibrationBin
from jobs.pages.formats import count, decimal, euro, percent, percent_ticks
from jobs.pages.line_chart import Line, line_chart
from jobs.pages.rendering import render

OURS = "netlift"


@dataclass(frozen=True)
class FigureRow:
    """One figure of the model, with its interval and those of the baselines.

    Parameters
    ----------
    name, why : str
        What it is, and in a few words what it says.
    value : str
        The model's, written.
    limits : str
        Its 95% interval, written; empty where there is none.
    baselines : sequence of str
        The same of each baseline, written.
    """

    name: str
    why: str
    value: str
    limits: str
    baselines: Sequence[str]


_FIGURES = (
    ("average_precision", "Average precision", "precision at each fraud, averaged", decimal),
    ("roc_auc", "ROC AUC", "a fraud stands before a genuine payment so often", decimal),
    ("card_precision_100", "Card precision at 100", "compromised among the 100 cards looked into a day", decimal),
    ("recall_at_fpr", "Recall at a fixed rate of false alarms", "recall_at_fpr", percent),
    ("cost_share", "Cost over doing nothing", "cost_share", percent),
    ("brier", "Brier score", "mean squared error of the probabilities", decimal),
    ("calibration_error", "Calibration error", "promised less happened, bins of equal size", decimal),
    ("calibration_slope", "Calibration slope", "1 is right, less is overconfident", decimal),
    ("review_error", "Error above the review threshold", "review_error", percent),
)


def fraud_html(card: Mapping[str, Any], *, title: str, files: Sequence[tuple[str, str]] = ()) -> str:
    """Return the page as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    card : mapping
        Plain values of a model's card or of an answer of judge-fraud.
    title : str
        What the figures are of: a file, or a model.
    files : sequence of (str, str)
        What a file holds, and where it lies.
    """
    metrics, baselines = card["metrics"], card["baselines"]
    curve = card["precision_recall"]
    return render(
        "fraud.html.j2",
        title=title,
        card=card,
        verdict=verdict(metrics),
        metrics=metrics,
        figures=figure_rows(card),
        baselines=list(baselines),
        costs=bar_chart(
            "Cost over doing nothing",
            [
                Bar(OURS, metrics["cost_share"]),
                *(Bar(name, found["cost_share"]) for name, found in baselines.items()),
                Bar("approve everything", 1.0),
            ],
            written=percent,
            description=f"{OURS}: {percent(metrics['cost_share'])} of the loss of doing nothing",
        ),
        ranking=line_chart(
            "Precision against recall",
            [
                Line(OURS, curve["recall"], curve["precision"]),
                Line("at random", (0.0, 1.0), (metrics["frauds"] / metrics["rows"],) * 2, plain=True),
            ],
            Axis("share of the frauds found", percent_ticks, holds=(0, 1)),
            Axis("frauds among those looked at", percent_ticks, holds=(0, 1)),
            description=f"average precision {decimal(metrics['average_precision'])}",
        ),
        calibration=calibration_chart(
            "Promised against happened",
            [CalibrationBin(b["promised"], b["happened"], b["low"], b["high"]) for b in card["bins"]],
            unit="share of fraud",
            ticks_as=percent_ticks,
            description="payments above the review threshold by promised probability; on the diagonal both agree",
        ),
        facts=facts(card),
        files=files,
    )


def verdict(metrics: Mapping[str, Any]) -> str:
    """Say what the figures mean, as one would say it across a table.

    Examples
    --------
    >>> verdict({"reviewed_share": 0.004, "declined_share": 0.001, "review_recall": 0.7, "cost_share": 0.15})
    'Looking at 0.5% of the payments finds 70.0% of the frauds and cuts their cost to 15.0%'
    """
    looked = percent(metrics["reviewed_share"] + metrics["declined_share"])
    return (
        f"Looking at {looked} of the payments finds {percent(metrics['review_recall'])} of the frauds and cuts their "
        f"cost to {percent(metrics['cost_share'])}"
    )


def figure_rows(card: Mapping[str, Any]) -> list[FigureRow]:
    """Write the figures as rows of a table, the model's beside those of its baselines."""
    metrics, words = card["metrics"], card["metrics_in_words"]
    rows = []
    for key, name, why, written in _FIGURES:
        limits = metrics["intervals"].get(key)
        rows.append(
            FigureRow(
                name,
                words.get(why, why),
                written(metrics[key]),
                "" if limits is None else f"{written(limits['low'])} to {written(limits['high'])}",
                [written(found[key]) for found in card["baselines"].values()],
            )
        )
    return rows


def facts(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Write what the figures rest on, in pairs."""
    policy, trained, metrics = card["policy"], card["trained_on"], card["metrics"]
    price = policy["review_price_eur"]
    said = [
        ("Learnt from", _counted(trained, trained["rows"], trained["frauds"], "known frauds")),
        ("Probabilities learnt on", f"{_days(card['calibrated_on'])}, {card['calibration']['method']} calibration"),
        ("Judged on", _counted(card["judged_on"], metrics["rows"], metrics["frauds"], "frauds")),
        ("Label delay", f"{card['label_delay_days']} days between what is learnt from and what is judged"),
        ("Costs", f"a review {euro(policy['review_eur'])}, a missed fraud {percent(policy['loss_share'])} of its "
                  f"amount, a good customer declined {euro(policy['insult_eur'])}"),
        ("Reviewers", "as many as are worth it" if not price else
                      f"fewer than would be worth it: a review must save {euro(price)} more than it costs"),
        ("Policy", policy["version"]),
        ("Card precision at 100", f"{decimal(metrics['card_precision_100_ceiling'])} for who knows all labels"),
    ]  # fmt: skip
    if rows := card.get("rows"):
        aside = ", ".join(f"{count(n)} {why}" for why, n in rows["set_aside"].items())
        said.insert(
            0,
            (
                "Rows",
                f"{count(rows['in'])} in, {count(rows['used'])} used" + (f"; set aside: {aside}" if aside else ""),
            ),
        )
    return said


def fraud_lines(card: Mapping[str, Any], *, page: str) -> str:
    """Write an answer as the lines that a terminal shows.

    Parameters
    ----------
    card : mapping
        The answer.
    page : str
        Where the page lies.
    """
    names = [OURS, *card["baselines"]]
    lines = [verdict(card["metrics"]), "", f"{'':<40}{'  '.join(f'{name:>19}' for name in names)}"]
    for row in figure_rows(card):
        cells = "  ".join(f"{cell:>19}" for cell in (row.value, *row.baselines))
        lines.append(f"{row.name:<40}{cells}  {row.limits}".rstrip())
    lines.append("")
    for name, words in facts(card):
        lines.append(textwrap.fill(words, 110, initial_indent=f"{name:<26}", subsequent_indent=" " * 26))
    return "\n".join([*lines, f"{'Page':<26}{page}"])


def _days(period: Mapping[str, Any]) -> str:
    return f"{period['first']} to {period['last']}"


def _counted(period: Mapping[str, Any], payments: int, frauds: int, named: str) -> str:
    return f"{_days(period)}: {count(payments)} payments, {count(frauds)} {named}"
