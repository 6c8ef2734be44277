"""The page of a night, composed of its reports, its tables and the cards of its models."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from jobs.errors import BadFile, BadSchema
from jobs.nightly.campaigns import Card, Certificate, campaign_part, expected_net
from jobs.nightly.limits import allocation_sentences, limit_rows
from jobs.nightly.models import model_row, models_used
from jobs.nightly.rankings import drift_rows, review_queue, riskiest_partners
from jobs.pages.figures import FileRow, Interval
from jobs.pages.formats import count
from jobs.pages.night import Headline, NightPage
from jobs.pages.night_rows import StepRow
from jobs.runtime.campaign import read_campaign
from jobs.runtime.partner_names import partner_names
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.tables.outputs import PARTNER_RISK, QUARANTINE

NOTHING_NEW = "No new data: nothing was run."
"""What the page of an empty night says."""

PARTNER_MODEL = "partner-risk"

_PAGES = {
    ("segment-customers", "page"): "Page of customer segments",
    ("score-partners", "page"): "Page of partners to look into",
    ("read-experiment", "page"): "Page of what {kind} measured",
    ("monitor-drift", "page"): "Page of drift, variable by variable",
    ("monitor-drift", "performance_page"): "Page of the fraud model’s performance",
}

_INTERVAL_SAYS = (
    "How far the mean to expect may be off, as measured on trial customers the model never saw. The luck of tonight’s "
    "customers and changes since the trial are not in it."
)


def night_page(
    run_date: date,
    reports: Sequence[Report],
    stores: Stores,
    *,
    source: str,
    notes: Sequence[str] = (),
    true_net_eur: float | None = None,
    next_commands: Sequence[str] = (),
) -> NightPage:
    """Read what a night left behind and say it on one page.

    Reports of runs that were "already done" are those of the night that did them, so the page of a night that is run
    again is the same page. Only what the given reports wrote is read: a step without input leaves its part out.

    Parameters
    ----------
    run_date : datetime.date
        Which night.
    reports : sequence of Report
        What :func:`jobs.nightly.nightly` returned.
    stores : Stores
        Where tables, models, campaign files and partners are.
    source : str
        Where the data came from, in words.
    notes : sequence of str
        What a reader must know about these data, in whole sentences.
    true_net_eur : float, optional
        What the offers truly earn, in euro; known in a made-up world only.
    next_commands : sequence of str
        What to try next.

    Returns
    -------
    NightPage
        For :func:`jobs.pages.night.night_html`.

    Raises
    ------
    UnknownCampaign
        If a campaign that got offers has no file any more.
    TamperedModel
        If a model that scored is not what was registered.
    """
    done = {r.verb for r in reports if r.state in {"finished", "already done"}}
    used = models_used(reports)
    allocated = _details(reports, "allocate-offers")
    certificates, night = allocated.get("campaigns", {}), allocated.get("night", {})
    cards = _cards(certificates, used, stores)
    reviews = review_queue(run_date, stores) if "score-fraud" in done else []
    partners = riskiest_partners(run_date, stores) if "score-partners" in done else []
    names, unnamed = _names({r.partner_id for r in reviews} | {p.partner_id for p in partners}, certificates, stores)
    return NightPage(
        run_date=run_date,
        run_id=_run_id(reports),
        source=source,
        headline=_headline(reports, certificates, cards, true_net_eur),
        notes=[*notes, *_idle(reports), *unnamed],
        steps=[_step(r) for r in reports],
        campaigns=[
            campaign_part(c, run_date, certificate, cards[c], names, stores) for c, certificate in certificates.items()
        ],
        allocation=allocation_sentences(night, names),
        limits=limit_rows(night),
        reviews=[replace(r, partner_name=names.get(r.partner_id, "")) for r in reviews],
        reviews_in_all=_details(reports, "score-fraud").get("reviewed"),
        partners=[replace(p, name=names.get(p.partner_id, "")) for p in partners],
        partners_in_all=sum(r.rows_out.get(PARTNER_RISK.name, 0) for r in reports),
        partners_calibrated=PARTNER_MODEL in used,
        pages=step_pages(reports),
        drift=drift_rows(run_date, stores) if "monitor-drift" in done else (),
        models=[model_row(kind, version, stores.models) for kind, version in used.items()],
        files=[
            FileRow(f"{stores.objects.uri}/{said['key']}", f"List of {campaign}, {count(said['customers'])} customers")
            for campaign, said in _details(reports, "publish-offers").get("published", {}).items()
        ],
        next_commands=next_commands,
    )


def step_pages(reports: Sequence[Report]) -> list[FileRow]:
    """Return the pages that steps of a night made, and what they are."""
    return [
        FileRow(r.details[detail], what.format(kind=r.kind))
        for r in reports
        for (verb, detail), what in _PAGES.items()
        if r.verb == verb and detail in r.details
    ]


def _details(reports: Sequence[Report], verb: str) -> Mapping[str, Any]:
    return next((r.details for r in reports if r.verb == verb), {})


def _run_id(reports: Sequence[Report]) -> str:
    """Return the run that chose the offers, whose id every offer carries; without offers, the last that ran."""
    ran = {r.verb: r.run_id for r in reports if r.run_id}
    return ran.get("allocate-offers") or next(reversed(ran.values()), "none")


def _cards(certificates: Mapping[str, Certificate], used: Mapping[str, str], stores: Stores) -> dict[str, Card]:
    cards: dict[str, Card] = {}
    for campaign_id in certificates:
        kind = read_campaign(stores.objects, campaign_id).model_kind
        cards[campaign_id] = stores.models.load(kind, used[kind]).card if kind in used else {}
    return cards


def _names(
    partners: set[str], certificates: Mapping[str, Certificate], stores: Stores
) -> tuple[dict[str, str], Sequence[str]]:
    """Return names of partners; without them, which is no reason to go without a page, a note that says why."""
    arms = {arm.partner_id for c in certificates for arm in read_campaign(stores.objects, c).arms if arm.partner_id}
    try:
        return partner_names(partners | arms, stores), ()
    except (BadFile, BadSchema) as error:
        return {}, [f"Partners go by their ids, because their names could not be read: {error}"]


def _idle(reports: Sequence[Report]) -> Sequence[str]:
    idle = [r for r in reports if r.state == "no input"]
    if len(idle) == len(reports):
        return [NOTHING_NEW]
    return [f"{r.verb} ({r.kind}) had nothing new to read: {r.details['why']}" for r in idle]


def _headline(
    reports: Sequence[Report],
    certificates: Mapping[str, Certificate],
    cards: Mapping[str, Card],
    true_net_eur: float | None,
) -> Headline:
    """Add up the night; an input that several steps read counts once, as the step that set most of it aside saw it."""
    read: dict[str, int] = {}
    aside: dict[str, int] = {}
    for report in reports:
        for table, counts in report.inputs.items():
            read[table] = max(counts["rows_in"], read.get(table, 0))
            aside[table] = max(counts["rows_quarantined"], aside.get(table, 0))
    said = certificates.values()
    net = expected_net(certificates, cards) if certificates else Interval(0.0)
    return Headline(
        rows_read=sum(read.values()),
        rows_quarantined=sum(aside.values()),
        # All campaigns score the same customers: the largest count is that of the customers.
        scored=max((c["customers"] for c in said), default=0),
        offered=sum(c["offered"] for c in said),
        cost_eur=float(sum(c["spend_eur"] for c in said)),
        budget_eur=float(sum(c["budget_eur"] for c in said)) if certificates else None,
        net_eur=net,
        true_net_eur=true_net_eur,
        interval_says="" if net.low is None else _INTERVAL_SAYS,
    )


def _step(report: Report) -> StepRow:
    states = {"no input": "no input", "failed": "failed"}
    return StepRow(
        report.verb,
        report.kind,
        report.rows_in,
        report.rows_used,
        report.rows_quarantined,
        sum(rows for table, rows in report.rows_out.items() if table != QUARANTINE.name),
        report.seconds,
        states.get(report.state, "done"),  # type: ignore[arg-type]
    )
