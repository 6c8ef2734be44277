"""The page of a judged trial: the verdict in plain words first, then what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jobs.pages.axes import Axis
from jobs.pages.figures import ArmRow, BudgetCurve, CalibrationBin, FileRow, Interval, QiniCurve
from jobs.pages.formats import count, euro_ticks, small_euro
from jobs.pages.interval_chart import Estimate, interval_chart
from jobs.pages.pictures import budget_picture, calibration_picture, qini_picture
from jobs.pages.rendering import render
from jobs.pages.uplift_figures import LearnerRow, SegmentRow


@dataclass(frozen=True)
class ArmCount:
    """How many customers an arm of the trial has.

    Parameters
    ----------
    arm : str
        Name of the arm.
    rows : int
        Customers in it.
    expected_share : float
        Share it should have had, in [0, 1].
    """

    arm: str
    rows: int
    expected_share: float


@dataclass(frozen=True)
class SampleRatio:
    """Whether the arms have the sizes that were planned.

    Parameters
    ----------
    p_value : float or None
        Of the chi-squared test, in [0, 1]; None where nobody drew the arms.
    passed : bool
        Whether the trial can be trusted on this count.
    arms : sequence of ArmCount
        Arms, the control among them.
    """

    p_value: float | None
    passed: bool
    arms: Sequence[ArmCount] = ()


@dataclass(frozen=True)
class PolicyRow:
    """One way of sending offers, judged on rows no model was trained on.

    Parameters
    ----------
    name : str
        In words: "Mens E-Mail to everyone", "personalised, XLearner".
    value_eur : Interval
        Net margin a customer over sending nothing, in euro.
    beaten_by_eur : Interval or None
        Paired difference of choosing by customer less this policy, in euro a customer; None for that policy itself.
    chosen : bool
        Whether it is the verdict.
    """

    name: str
    value_eur: Interval
    beaten_by_eur: Interval | None = None
    chosen: bool = False


@dataclass(frozen=True)
class LiftPage:
    """All that the page of a judged trial says. Every part but the first ten may be empty.

    Parameters
    ----------
    data_name : str
        File of the trial.
    verdict : {"personalise", "one_arm", "nobody"}
        What to do.
    arm : str
        The arm to send to everyone; empty unless that is the verdict.
    reason : str
        Why, in one sentence.
    customers, contacted : int
        Customers of the list, and those of them who get an offer.
    cost_eur : float
        Cost of contact, in euro.
    budget_eur : float or None
        What may be spent; None where no limit was given.
    net_eur : Interval
        Expected net margin of following the verdict, in euro.
    outcome : str
        What was measured, in words with its unit.
    sample_ratio : SampleRatio or None
        Check of the arms' sizes.
    policies : sequence of PolicyRow
        What was judged.
    learners : sequence of LearnerRow
        What was fitted and judged.
    choice : str
        Why the chosen learner was, in one sentence.
    segments : sequence of SegmentRow
        Segments of effect.
    rules : str
        What following the segments' rules would earn, in one sentence.
    qini, calibration, budget
        As on the page of a night.
    arms : sequence of ArmRow
        The list by arm.
    files : sequence of FileRow
        Where the list is.
    next_steps : sequence of str
        What to do next, in whole sentences.
    facts : sequence of (str, str)
        What it rests on: rows trained on and held out, costs, margin, seed.
    warnings : sequence of str
        What speaks against trusting it, in whole sentences.
    confidence : float
        Level of all intervals, in (0, 1).
    """

    data_name: str
    verdict: Literal["personalise", "one_arm", "nobody"]
    arm: str
    reason: str
    customers: int
    contacted: int
    cost_eur: float
    budget_eur: float | None
    net_eur: Interval
    outcome: str
    sample_ratio: SampleRatio | None = None
    policies: Sequence[PolicyRow] = ()
    learners: Sequence[LearnerRow] = ()
    choice: str = ""
    segments: Sequence[SegmentRow] = ()
    rules: str = ""
    qini: Sequence[QiniCurve] = ()
    calibration: Sequence[CalibrationBin] = ()
    budget: BudgetCurve | None = None
    arms: Sequence[ArmRow] = ()
    files: Sequence[FileRow] = ()
    next_steps: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    warnings: Sequence[str] = ()
    confidence: float = 0.95


def verdict_sentence(page: LiftPage) -> str:
    """Say what to do, as one would say it across a table.

    Examples
    --------
    >>> from jobs.pages.figures import Interval
    >>> page = LiftPage("t.csv", "one_arm", "Mens E-Mail", "", 10, 10, 1.0, None, Interval(2.0), "spend")
    >>> verdict_sentence(page)
    'Send Mens E-Mail to everyone'
    """
    if page.verdict == "nobody":
        return "Send nothing to anybody"
    if page.verdict == "personalise":
        return f"Choose customer by customer: {count(page.contacted)} of {count(page.customers)} get an offer"
    if page.contacted < page.customers:
        return f"Send {page.arm} to the {count(page.contacted)} customers the budget reaches"
    return f"Send {page.arm} to everyone"


def lift_html(page: LiftPage) -> str:
    """Return the page as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    page : LiftPage
        What to say; nothing is computed here but totals.

    Returns
    -------
    str
        HTML, under 1 MB.
    """
    return render(
        "lift.html.j2",
        page=page,
        verdict=verdict_sentence(page),
        small_euro=small_euro,
        policies_picture=interval_chart(
            "Net margin a customer, by policy",
            [
                Estimate(p.name, p.value_eur.value, p.value_eur.low, p.value_eur.high, chosen=p.chosen)
                for p in page.policies
            ],
            Axis("net margin a customer over sending nothing, €", euro_ticks, holds=(0,)),
            written=small_euro,
        ),
        qini=qini_picture(page.qini),
        calibration=calibration_picture(page.calibration),
        budget=budget_picture(page.budget),
    )
