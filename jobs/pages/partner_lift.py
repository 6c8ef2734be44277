"""The page for one partner: what offers added to its sales, how that was measured, what it does not say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.pages.axes import Axis
from jobs.pages.formats import euro_ticks, signed_whole_euro, unbroken, whole_euro
from jobs.pages.interval_chart import Estimate, interval_chart
from jobs.pages.rendering import render


@dataclass(frozen=True)
class PartnerWords:
    """The two sentences that a partner reads first.

    Parameters
    ----------
    title : str
        What the campaign added.
    sure : str
        Within which limits, and whether chance alone could bring it.
    """

    title: str
    sure: str


def partner_lift_html(row: Mapping[str, Any], *, name: str = "", contact: str = "") -> str:
    """Return the page of one partner and campaign as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    row : mapping
        A row of table ``partner_lift``: dates as :class:`datetime.date`, amounts in euro.
    name : str
        What people call the partner; its id where nothing is said.
    contact : str
        Whom to ask; may be empty.

    Returns
    -------
    str
        HTML, under 1 MB.
    """
    who = name or str(row["partner_id"])
    axis = Axis("sales added, €", euro_ticks, holds=(0.0,))
    pulled = row["shrinkage"] > 0.0
    rows = [
        Estimate("measured here alone", row["incremental_sales_eur"], row["incremental_sales_low_eur"],
                 row["incremental_sales_high_eur"], chosen=not pulled)
    ]  # fmt: skip
    if pulled:
        rows.insert(
            0,
            Estimate("best estimate", row["shrunk_sales_eur"], row["shrunk_sales_low_eur"],
                     row["shrunk_sales_high_eur"], chosen=True),
        )  # fmt: skip
    return render(
        "partner_lift.html.j2",
        row=row,
        who=who,
        words=partner_words(row, who),
        contact=contact,
        pulled=pulled,
        picture=interval_chart(
            "Sales that the campaign added",
            rows,
            axis,
            written=signed_whole_euro,
            description=" ".join(
                f"{e.name}: {signed_whole_euro(e.value)}, between {signed_whole_euro(e.low)} and "
                f"{signed_whole_euro(e.high)}."
                for e in rows
            ),
        ),
    )


def partner_words(row: Mapping[str, Any], who: str) -> PartnerWords:
    """Say what a campaign added to a partner's sales.

    Parameters
    ----------
    row : mapping
        A row of table ``partner_lift``.
    who : str
        What people call the partner.

    Examples
    --------
    >>> row = {"campaign_id": "spring", "shrunk_sales_eur": 1234.5, "shrunk_sales_low_eur": 800.0,
    ...        "shrunk_sales_high_eur": 1669.0}
    >>> partner_words(row, "Mill Lane 7").title
    'Offers of spring brought Mill Lane 7 about €1,234 of sales'
    """
    value, low, high = (row[f"shrunk_sales_{part}eur"] for part in ("", "low_", "high_"))
    between = f"With 95% confidence it is between {whole_euro(low)} and {whole_euro(high)}"
    if low > 0.0:
        return PartnerWords(
            f"Offers of {row['campaign_id']} brought {who} about {whole_euro(value)} of sales",
            unbroken(f"{between}: more than chance alone explains."),
        )
    if high < 0.0:
        return PartnerWords(
            f"Offers of {row['campaign_id']} took about {whole_euro(-value)} of sales from {who}",
            unbroken(f"{between}: less than none, beyond what chance alone explains."),
        )
    return PartnerWords(
        f"Whether offers of {row['campaign_id']} brought {who} more sales is not known yet",
        unbroken(f"The best estimate is {whole_euro(value)}. {between}: chance alone could bring this too."),
    )
