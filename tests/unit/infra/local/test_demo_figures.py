"""What the demo's short grid says of a night."""

import io
from typing import Any

import pytest
from rich.console import Console

from infra.local.demo_figures import measured_lines, night_figures
from jobs.pages.figures import Interval
from jobs.pages.night import Headline
from jobs.runtime.report import Report

HEADLINE = Headline(10, 0, 5, 1, 2.0, 4.0, Interval(3.0))
OVER = {"campaign": "spring", "partner_id": "p7", "risk": 0.75}


def within(campaign: str, riskiest: str | None, risk: float | None) -> dict[str, Any]:
    return {"campaign": campaign, "riskiest": riskiest, "risk": risk}


def shown(partners: dict[str, Any] | None) -> str:
    allocated = Report.without_input("allocate-offers", "offers", "2026-11-01", "")
    allocated = Report(**{**allocated.to_dict(), "state": "finished", "details": {"night": {"partners": partners}}})
    written = io.StringIO()
    Console(width=200, file=written).print(night_figures([allocated], [], HEADLINE))
    return written.getvalue()


@pytest.mark.parametrize(
    ("partners", "words"),
    [
        (
            {"over_limit": [OVER], "none_over_limit": [within("summer", "p1", 0.1)], "cost_eur": 3110.2},
            "over the campaign's risk limit: p7 75%; it costs 3,110 € of expected net",
        ),
        (
            {"over_limit": [], "none_over_limit": [within("a", "p1", 0.1), within("b", "p2", 0.2)], "cost_eur": None},
            "over the campaign's risk limit; the riskiest of an offer, p2, has 20.0%",
        ),
        (
            {"over_limit": [], "none_over_limit": [within("a", None, None)], "cost_eur": None},
            "over the campaign's risk limit",
        ),
    ],
)
def test_partners_over_a_risk_limit_are_named_with_what_that_costs_else_the_one_nearest_to_it(
    partners: dict[str, Any], words: str
) -> None:
    [line] = [line for line in shown(partners).splitlines() if line.startswith("partners held back")]
    assert int(line.split()[3]) == len(partners["over_limit"])
    assert line.rstrip().endswith(words)


def test_a_night_without_a_risk_limit_says_nothing_of_partners() -> None:
    assert "partners" not in shown(None)


def test_weeks_later_measured_stands_beside_promised_and_the_next_night_is_told() -> None:
    said = {"sentence": "Measured net 9 EUR, against 10 EUR promised.", "calibration": {"sentence": "times 0.9"}}
    read = Report.without_input("read-experiment", "spring", "2026-11-29", "")
    told = measured_lines(Report(**{**read.to_dict(), "details": {"promised": said}}))
    assert told.splitlines()[-2:] == [said["sentence"], "Next night: times 0.9"]
    assert "cannot be read" in measured_lines(read)
