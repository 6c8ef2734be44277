"""What the demo shows of a night: a short grid of figures, and the top of the review queue."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from rich.table import Table as Grid

from jobs.pages.night import Headline
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores
from jobs.storage.tables import read_whole
from jobs.tables.outputs import FRAUD_SCORES

QUEUE_ROWS = 5


def night_figures(reports: Sequence[Report], training: Sequence[Report], headline: Headline) -> Grid:
    """Return the figures of a night as a grid, with the promise and, where it is known, the truth."""
    every = [*training, *reports]
    read, aside = by_input(every, "rows_in"), by_input(every, "rows_quarantined")
    campaigns = list(details_of(reports, "allocate-offers").get("campaigns", {}).values())
    scored = sum(r.rows_used for r in reports if r.verb == "score-uplift")
    spend, budget = sum(c["spend_eur"] for c in campaigns), sum(c["budget_eur"] for c in campaigns)
    at_most = details_of(reports, "allocate-offers").get("night", {}).get("dual_bound_eur", 0.0)
    fraud = details_of(reports, "score-fraud")
    grid = Grid(box=None, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(style="dim")
    grid.add_column(justify="right")
    grid.add_column()
    for name, figure, words in (
        ("rows read", f"{sum(read.values()):,}", ", ".join(f"{t.replace('_', ' ')} {n:,}" for t, n in read.items())),
        ("rows quarantined", f"{sum(aside.values()):,}", "each with its reason, in table quarantine"),
        ("customers scored", f"{scored:,}", "for every arm"),
        (
            "payments scored",
            f"{fraud.get('transactions', 0):,}",
            f"{fraud.get('reviewed', 0):,} of them to review, {fraud.get('declined', 0):,} declined",
        ),
        ("offers", f"{sum(c['offered'] for c in campaigns):,}", _arms(campaigns)),
        *_partners(details_of(reports, "allocate-offers").get("night", {}).get("partners")),
        ("budget used", f"{spend:,.2f} €", f"of {budget:,.2f} €"),
        ("expected net", f"{headline.net_eur.value:,.0f} €", _interval(headline)),
        ("at most", f"{at_most:,.2f} €", "could any lists bring by these scores"),
        *_truth(headline),
        ("seconds", f"{sum(r.seconds for r in reports):.1f}", "for the night, without training"),
    ):
        grid.add_row(name, figure, words)
    return grid


def measured_lines(reading: Report) -> str:
    """Return what the holdout measured of the night, weeks later, and what the next night makes of it."""
    said = reading.details.get("promised")
    if said is None:
        return f"\n{reading.kind}: the holdout cannot be read, its page says why"
    calibration = said["calibration"]["sentence"] if said["calibration"] else "nothing was promised"
    return f"\n{reading.run_date}, weeks later\n{said['sentence']}\nNext night: {calibration}"


def review_queue(stores: Stores, run_date: date) -> Grid:
    """Return the payments to look at first, with reasons."""
    columns = ["rank", "transaction_id", "amount_eur", "fraud_probability", "reason_1", "reason_2"]
    where = {"run_date": run_date, "rank": (1, QUEUE_ROWS), "outcome": "review"}
    rows = read_whole(stores.tables, FRAUD_SCORES, where, columns).sort_by("rank").to_pylist()
    grid = Grid(title="\ntop of the review queue", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name, justify in (("", "right"), ("payment", "left"), ("euro", "right"), ("fraud", "right"), ("why", "left")):
        grid.add_column(name, justify="right" if justify == "right" else "left", header_style="dim")
    for row in rows:
        why = "\n".join(reason for reason in (row["reason_1"], row["reason_2"]) if reason)
        chance = f"{row['fraud_probability']:.0%}"
        grid.add_row(str(row["rank"]), row["transaction_id"], f"{row['amount_eur']:,.2f}", chance, why)
    return grid


def _arms(campaigns: Sequence[dict[str, Any]]) -> str:
    counted: dict[str, int] = {}
    for campaign in campaigns:
        for arm, count in campaign["by_arm"].items():
            counted[arm] = counted.get(arm, 0) + count
    return ", ".join(f"{arm} {count:,}" for arm, count in counted.items() if count)


def _partners(said: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    """Say how many partners' offers a risk limit masked or charged, and what that cost; nothing where none is set."""
    if not said:
        return []
    found = said["over_limit"]
    if found:
        ids = ", ".join(f"{of['partner_id']} {of['risk']:.0%}" for of in found)
        words = f"over the campaign's risk limit: {ids}; it costs {max(said['cost_eur'], 0.0):,.0f} € of expected net"
    else:
        nearest = max((of for of in said["none_over_limit"] if of["riskiest"]), key=lambda of: of["risk"], default=None)
        words = "over the campaign's risk limit" + (
            f"; the riskiest of an offer, {nearest['riskiest']}, has {nearest['risk']:.1%}" if nearest else ""
        )
    return [("partners held back", f"{len(found)}", words)]


def _interval(headline: Headline) -> str:
    net = headline.net_eur
    if net.low is None or net.high is None:
        return "after contact and fraud"
    return f"after contact and fraud; {headline.confidence:.0%} interval {net.low:,.0f} to {net.high:,.0f} €"


def _truth(headline: Headline) -> list[tuple[str, str, str]]:
    if headline.true_net_eur is None:
        return []
    return [("true net", f"{headline.true_net_eur:,.0f} €", "what these offers truly earn in the made-up world")]


def by_input(reports: Sequence[Report], count: str) -> dict[str, int]:
    """Return rows by input table; what several steps read counts once."""
    rows: dict[str, int] = {}
    for report in reports:
        for table, counts in report.inputs.items():
            rows[table] = max(rows.get(table, 0), counts[count])
    return rows


def details_of(reports: Sequence[Report], verb: str) -> dict[str, Any]:
    """Return what a verb added to its report; nothing where it had no input."""
    return next((r.details for r in reports if r.verb == verb and r.state != "no input"), {})
