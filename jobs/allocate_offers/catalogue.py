"""A campaign whose offers are rows of a catalogue: the offers take the places of the arms that they are kinds of."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.errors import BadCampaign, BadRows
from jobs.runtime.campaign import Arm, Campaign
from jobs.runtime.campaign_candidates import CandidateRule
from jobs.runtime.campaign_limits import PartnerBudget
from jobs.runtime.layout import campaign_key, input_prefix
from jobs.runtime.shard import OpenShard
from jobs.tables.inputs import CATALOGUE

if TYPE_CHECKING:
    from jobs.science.offers.affinity import AffinityPlan


@dataclass(frozen=True)
class Catalogue:
    """Offers of a campaign.

    Parameters
    ----------
    campaign : Campaign
        As its file has it: its arms are kinds of offers.
    arm_of : ndarray of shape (offers,)
        Arm of the file that each offer is one of.
    rows : pyarrow.Table
        Offers that hold tonight, in order of their ids.
    expired : int
        Offers that do not hold any more.
    """

    campaign: Campaign
    arm_of: NDArray[np.int64]
    rows: pa.Table
    expired: int

    def expanded(self) -> Campaign:
        """Return the campaign with an arm for each offer, and a budget for each partner that gives one."""
        kinds = self.campaign.arms
        arms = tuple(
            Arm(
                name=row["offer_id"],
                offer=row["offer_id"],
                partner_id=row["partner_id"],
                contact_window=kinds[of].contact_window,
                contact_cost_eur=_or(row["contact_cost_eur"], kinds[of].contact_cost_eur),
                cap=row["cap"],
                expires_on=row["expires_on"],
            )
            for row, of in zip(self.rows.to_pylist(), self.arm_of.tolist(), strict=True)
        )
        return self.campaign.model_copy(update={"arms": arms, "partners": self._budgets()})

    @property
    def digest(self) -> str:
        """SHA-256 of the offers that hold tonight."""
        rows = json.dumps(self.rows.to_pylist(), default=str, separators=(",", ":"))
        return hashlib.sha256(rows.encode()).hexdigest()

    def offers(self) -> pa.Table:
        """Return what affinity is counted from: arm, partner, category and weight of each offer."""
        return pa.table(
            {
                "arm": self.arm_of,
                "partner_id": self.rows["partner_id"],
                "category": self.rows["category"],
                "weight": self.weights(),
            }
        )

    def plan(self, run_date: date) -> "AffinityPlan":
        """Return how candidates are chosen on a night."""
        from jobs.science.offers.affinity import AffinityPlan  # noqa: PLC0415  DuckDB waits until it is needed
        from jobs.science.segments.behaviour import Window  # noqa: PLC0415

        rule = self.campaign.candidates or CandidateRule()
        window = Window(run_date, rule.days)
        return AffinityPlan(
            window.first_s,
            window.end_s,
            most=rule.most,
            prior_purchases=rule.prior_purchases,
            strength=rule.strength,
            most_times=rule.most_times,
        )

    def weights(self) -> NDArray[np.float64]:
        """Return how often the trial drew each offer among those of its arm, in some unit, shape (offers,)."""
        return np.asarray(pc.fill_null(self.rows["trial_weight"], 1.0).to_numpy(), np.float64)

    def _budgets(self) -> tuple[PartnerBudget, ...]:
        given = self.rows.filter(pc.is_valid(self.rows["partner_budget_eur"]))
        budgets: dict[str, float] = {}
        for partner, budget in zip(
            given["partner_id"].to_pylist(), given["partner_budget_eur"].to_pylist(), strict=True
        ):
            if budgets.setdefault(partner, budget) != budget:
                raise BadRows(
                    f"catalogue of {self.campaign.id}, partner {partner!r}: partner_budget_eur is {budgets[partner]:g} "
                    f"and {budget:g}: give all its offers one."
                )
        return tuple(PartnerBudget(partner_id=p, budget_eur=b) for p, b in sorted(budgets.items()))


def read_catalogues(campaigns: Sequence[Campaign], shard: OpenShard) -> dict[str, Catalogue]:
    """Read the offers of the campaigns that have a catalogue.

    Parameters
    ----------
    campaigns : sequence of Campaign
        Those of the night; one without ``[candidates]`` has none.
    shard : OpenShard
        Where the input table ``catalogue`` is read; rows that cannot be used are set aside.

    Raises
    ------
    BadCampaign
        If a campaign has no offer that holds tonight, or none of an arm that has a minimum.
    BadRows
        If an offer stands in two files or is of an unknown arm, or a partner has two budgets.
    """
    having = [campaign for campaign in campaigns if campaign.candidates is not None]
    # What was planned is read, also where none of these campaigns was scored: every row is accounted for.
    pieces = list(shard.read(CATALOGUE)) if CATALOGUE.name in shard.manifest.files else []
    everything = pa.concat_tables([CATALOGUE.schema.empty_table(), *pieces])
    return {c.id: _of(c, everything, shard.manifest.run_date) for c in having}


def _of(campaign: Campaign, everything: pa.Table, run_date: date) -> Catalogue:
    mine = everything.filter(pc.equal(everything["campaign_id"], campaign.id)).sort_by("offer_id").combine_chunks()
    ends = mine["expires_on"]
    # As of an arm of a campaign file: the offer must hold beyond the night.
    holds = pc.or_kleene(pc.is_null(ends), pc.fill_null(pc.greater(ends, pa.scalar(run_date)), False))
    rows = mine.filter(holds)
    where = f"{input_prefix(CATALOGUE.name)}{campaign.id}/"
    if not rows.num_rows:
        said = f"{mine.num_rows} offers, which have all expired" if mine.num_rows else "no offer that can be used"
        raise BadCampaign(
            f"{campaign_key(campaign.id)} has [candidates], and {where} holds {said}: put offers there that hold after "
            f"{run_date}, or take the section out."
        )
    _require_once(rows["offer_id"], campaign.id)
    names = [arm.name for arm in campaign.arms]
    found = pc.index_in(rows["arm"], value_set=pa.array(names))
    if found.null_count:
        at = int(pc.is_null(found).to_numpy().argmax())
        offer, arm = rows["offer_id"][at].as_py(), rows["arm"][at].as_py()
        raise BadRows(
            f"catalogue of {campaign.id}, offer {offer!r}: arm {arm!r} is none of {', '.join(names)}: correct it, or "
            f"declare the arm in {campaign_key(campaign.id)}."
        )
    arm_of = np.asarray(found.to_numpy(), np.int64)
    catalogue = Catalogue(campaign, arm_of, rows, mine.num_rows - rows.num_rows)
    _require_offers_of(campaign, arm_of, catalogue.weights())
    return catalogue


def _require_once(offer_id: pa.ChunkedArray, campaign_id: str) -> None:
    ids = offer_id.to_pylist()
    twice = next((a for a, b in pairwise(ids) if a == b), None)
    if twice is not None:
        raise BadRows(f"catalogue of {campaign_id}: offer {twice!r} stands in two files: keep one row of it.")


def _require_offers_of(campaign: Campaign, arm_of: NDArray[np.int64], weight: NDArray[np.float64]) -> None:
    drawn = np.bincount(arm_of, weight, minlength=len(campaign.arms))
    for arm, offers, of_arm in zip(campaign.arms, np.bincount(arm_of, minlength=len(drawn)), drawn, strict=True):
        if not offers and arm.minimum:
            raise BadCampaign(
                f"{campaign_key(campaign.id)}, arm {arm.name!r}: must go to at least {arm.minimum} customers, and the "
                "catalogue has no offer of it that holds: put one there or take the minimum out."
            )
        if offers and not of_arm > 0:
            raise BadRows(
                f"catalogue of {campaign.id}: trial_weight is 0 for all offers of arm {arm.name!r}: give how often the "
                "trial drew each, or leave the column out."
            )


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
