"""The page of a model's card: what it was made from, how it was judged and chosen, what it is not for."""

from collections.abc import Mapping
from typing import Any

from jobs.pages.axes import Axis
from jobs.pages.figures import CalibrationBin
from jobs.pages.formats import euro_ticks, small_euro
from jobs.pages.interval_chart import Estimate, interval_chart
from jobs.pages.pictures import calibration_picture
from jobs.pages.rendering import render
from jobs.pages.uplift_figures import importance_picture, learner_rows, rules_sentence, segment_rows

_POLICIES = {"personalised": "choosing by customer", "best single arm": "best single arm"}


def model_card_html(card: Mapping[str, Any]) -> str:
    """Return the page as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    card : mapping
        What :func:`jobs.science.uplift.model_card.model_card` returned.

    Returns
    -------
    str
        HTML, under 1 MB, without scripts.
    """
    verdict = card["verdict"]
    slopes = {c["arm"]: c["slope"] for c in card["calibration"]}
    return render(
        "model_card.html.j2",
        card=card,
        verdict=_verdict(verdict),
        learners=learner_rows(card["learners"], card["contrasts"]),
        chosen=next(x for x in card["learners"] if x["chosen"]),
        segments=segment_rows(card["segments"]["effects"]),
        rules=rules_sentence(card["segments"]),
        slopes=slopes,
        importances=importance_picture(card["importances"]),
        policies=interval_chart(
            "Net margin a customer, by policy",
            [
                Estimate(_POLICIES.get(p["name"], p["name"]), p["gain_eur"]["value"], *_limits(p["gain_eur"]))
                for p in card["policies"]
                if p["name"] != "best single arm"
            ],
            Axis("net margin a customer over sending nothing, €", euro_ticks, holds=(0,)),
            written=small_euro,
        ),
        calibration=calibration_picture(
            [
                CalibrationBin(
                    d["promised_eur"], d["measured_eur"]["value"], d["measured_eur"]["low"], d["measured_eur"]["high"]
                )
                for d in card["promise"]["deciles"]
            ]
        ),
    )


def _limits(gain: Mapping[str, float]) -> tuple[float | None, float | None]:
    return (None, None) if gain["low"] == gain["high"] else (gain["low"], gain["high"])


def _verdict(verdict: Mapping[str, Any]) -> str:
    if verdict["kind"] == "personalise":
        return "put to work: it chooses customer by customer"
    if verdict["kind"] == "nobody":
        return "not put to work: nobody is to be contacted"
    return f"not put to work: {verdict['arm']} goes to everyone"
