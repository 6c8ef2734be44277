"""What the cards of the night's models say, in words."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from jobs.pages.formats import count, decimal, percent
from jobs.pages.night_rows import ModelRow
from jobs.runtime.report import Report
from jobs.storage.models import ModelStore

_SCORERS = ("score-fraud", "segment-customers", "score-partners", "score-uplift")


def models_used(reports: Sequence[Report]) -> dict[str, str]:
    """Return the version of each kind of model that scored, in the order of the steps."""
    return {kind: version for r in reports if r.verb in _SCORERS for kind, version in r.models.items()}


def model_row(kind: str, version: str, models: ModelStore) -> ModelRow:
    """Return what a page says of a model; a card that is silent on something leaves its words out.

    Raises
    ------
    UnknownModel
        If the version is not there.
    TamperedModel
        If it is not what was registered.
    """
    card = models.load(kind, version).card
    for told_by, say in _SAID.items():
        if told_by in card:
            return ModelRow(kind, version, *say(card))
    return ModelRow(kind, version, "", "")


def days_in_words(first: str, last: str) -> str:
    """Return a range of ISO days as people write it.

    Examples
    --------
    >>> days_in_words("2026-10-03", "2026-11-01"), days_in_words("2026-11-01", "2026-11-01")
    ('3 October to 1 November 2026', '1 November 2026')
    """
    one, two = date.fromisoformat(first), date.fromisoformat(last)
    end = f"{two.day} {two:%B %Y}"
    if one == two:
        return end
    return f"{one.day} {one:%B}{'' if one.year == two.year else f' {one.year}'} to {end}"


def _fraud(card: Mapping[str, Any]) -> tuple[str, str]:
    learnt, metrics = card["trained_on"], card["metrics"]
    first, last = card["judged_on"]["first"], card["judged_on"]["last"]
    on = f"{count(learnt['rows'])} payments of {days_in_words(learnt['first'], learnt['last'])}, "
    said = (
        f"{count(metrics['rows'])} payments of {days_in_words(first, last)}: it would send "
        f"{percent(metrics['reviewed_share'])} to review; {percent(metrics['review_precision'])} of these were fraud, "
        f"{percent(metrics['review_recall'])} of all fraud. "
        f"Average precision {decimal(metrics['average_precision'])}."
    )
    return on + f"{count(learnt['frauds'])} of them fraud", said


def _uplift(card: Mapping[str, Any]) -> tuple[str, str]:
    promised, measured = card["promise"]["promised_eur"], card["promise"]["measured_eur"]
    qini = ", ".join(f"{arm} {decimal(value)}" for arm, value in card["qini"].items())
    said = (
        f"{count(card['rows_held_out'])} others: its choices promised {promised:.3f} euro a customer, measured were "
        f"{measured['value']:.3f} (95% interval {measured['low']:.3f} to {measured['high']:.3f}). Qini: {qini}."
    )
    return f"{count(card['rows_train'])} customers of the trial", said


def _partners(card: Mapping[str, Any]) -> tuple[str, str]:
    learnt, of, team = card["trained_on"], card["judged"]["model"], card["capacity"]
    on = (
        f"{count(learnt['rows'])} days of partners, {days_in_words(learnt['first'], learnt['last'])}, "
        f"{count(learnt['risky'])} of them before fraud"
    )
    days = days_in_words(card["judged_on"]["first"], card["judged_on"]["last"])
    said = (
        f"{days}: of the first {count(team)} partners of a day {percent(of['precision_at_capacity'])} turned out "
        f"risky. Average precision {decimal(of['average_precision'])}."
    )
    return on, said


def _segments(card: Mapping[str, Any]) -> tuple[str, str]:
    of = card["fitted_on"]
    said = (
        f"{card['reason']} Two halves of the customers agree on the segments with an adjusted Rand index of "
        f"{decimal(card['halves_agreement'])}."
    )
    on = f"{count(of['customers'])} customers, {count(of['days'])} days up to {days_in_words(of['last'], of['last'])}"
    return on, said


_SAID: dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "metrics": _fraud,
    "verdict": _uplift,
    "judged": _partners,
    "fitted_on": _segments,
}
"""Who puts a card into words, by a part that only cards of one kind of model have."""
