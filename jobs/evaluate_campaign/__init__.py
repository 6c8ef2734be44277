"""Logged offers and what came of them in: what another campaign file, or another model, would have earned on them."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadFile, BadRequest, NoInput
from jobs.evaluate_campaign.other_night import Other, other_choice
from jobs.evaluate_policy import Estimating, answer_of
from jobs.pages.policy_lines import policy_lines
from jobs.runtime.campaign import Campaign, parse_campaign, read_campaign
from jobs.runtime.command import flag, guarded, parse
from jobs.runtime.logs import to_stderr
from jobs.runtime.stores import Stores, open_stores
from jobs.science.offers.instance import need_columns
from jobs.science.offers.log_intake import LogColumns, TakenLog, take_log
from jobs.science.uplift.set_aside import as_text, repeated
from jobs.storage.data_file import read_data_file
from jobs.storage.tables import read_whole
from jobs.tables.outputs import OFFERS

CUSTOMER, NIGHT, OUTCOME = "customer_id", "run_date", "outcome"
_LOGGED = (CUSTOMER, "arm", "propensity", "propensities", "repaired")
_COLUMNS = LogColumns("arm", OUTCOME, "propensity", "propensities", CUSTOMER, "target", repaired="repaired")


@dataclass(frozen=True, kw_only=True)
class EvaluateCampaign(Estimating):
    """Estimate what another campaign file or model would have earned on the explorers of logged nights."""

    campaign: str = flag("campaign whose offers were logged", unit="id", example="spring")
    from_date: date = flag("first night", unit="YYYY-MM-DD", example="2026-11-01")
    outcomes: Path = flag(
        "what came of them: customer_id, outcome in the campaign's unit, and run_date where there are several nights",
        unit="CSV or Parquet", example="outcomes.csv",
    )  # fmt: skip
    to_date: date | None = flag(
        "last night; the first one without it", unit="YYYY-MM-DD", default=None, example="2026-11-14"
    )
    with_file: Path | None = flag("the other campaign file", unit="TOML", default=None, example="spring-2.toml")
    with_model: str | None = flag("version of the other model", unit="version", default=None, example="v2")


def evaluate_campaign(request: EvaluateCampaign, stores: Stores) -> dict[str, Any]:
    """Read explorers, decide their nights again, join outcomes, estimate.

    Only rows that were drawn count, and of them only those that no limit changed. A euro of contact costs what the
    other file says of the arm, or where it has not the arm, the logged one.

    Parameters
    ----------
    request : EvaluateCampaign
        What to judge.
    stores : Stores
        Where offers, scores and models are.

    Returns
    -------
    dict
        As of :func:`jobs.evaluate_policy.evaluate_policy`, with ``nights`` beside.

    Raises
    ------
    NoInput
        If nobody explored on these nights.
    BadTrial
        If the log cannot tell what the other policy would have earned.
    """
    last = request.to_date or request.from_date
    if last < request.from_date:
        raise BadRequest(f"--to-date {last} is before --from-date {request.from_date}: swap them.")
    logged, other = _campaigns(request, stores)
    nights = [request.from_date + timedelta(days=d) for d in range((last - request.from_date).days + 1)]
    found = [rows for night in nights if (rows := _night(night, logged, other, request, stores)) is not None]
    if not found:
        raise NoInput(
            f"nobody explored in {logged.id} from {request.from_date} to {last}: set [exploration] in its file, and "
            "ask for nights after that."
        )
    rows = _with_outcomes(pa.concat_tables(found), request.outcomes, len(found))
    taken = take_log(rows, _COLUMNS, file=f"offers of {logged.id}", control=logged.control)
    taken = _in_euro(taken, logged, other.campaign)
    return answer_of(taken, request.estimate(taken), policy=_name(request), responses="each arm's mean") | {
        "campaign": logged.id,
        "nights": [str(night) for night in pc.unique(rows[NIGHT]).to_pylist()],
    }


def _campaigns(request: EvaluateCampaign, stores: Stores) -> tuple[Campaign, Other]:
    if request.with_file is None and request.with_model is None:
        raise BadRequest("neither --with-file nor --with-model was given: say what to put in the place of what ran.")
    logged = read_campaign(stores.objects, request.campaign)
    if request.with_file is None:
        return logged, Other(logged, request.with_model, request.threads)
    try:
        text = request.with_file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{request.with_file} cannot be read ({error}): check the path.") from error
    other = parse_campaign(text, request.with_file.name)
    if (other.id, other.control) != (logged.id, logged.control):
        raise BadRequest(
            f"{request.with_file.name} is of campaign {other.id!r} with control {other.control!r}, the log of "
            f"{logged.id!r} with {logged.control!r}: they must be the same."
        )
    return logged, Other(other, request.with_model, request.threads)


def _night(night: date, logged: Campaign, other: Other, request: EvaluateCampaign, stores: Stores) -> pa.Table | None:
    """Return what explorers drew on a night, beside what they would have got; None if nobody explored."""
    where = {"run_date": night, "campaign_id": logged.id, "assignment": "exploration"}
    rows = read_whole(stores.tables, OFFERS, where, _LOGGED)
    if not rows.num_rows:
        return None
    choice = other_choice(other, night, stores, request.seed)
    at = pc.index_in(rows[CUSTOMER], value_set=choice[CUSTOMER].combine_chunks())
    rows = rows.set_column(rows.column_names.index("arm"), "arm", pc.fill_null(rows["arm"], logged.control))
    rows = rows.append_column("target", choice["target"].take(at))
    return rows.append_column(NIGHT, pa.repeat(pa.scalar(night, pa.date32()), rows.num_rows))


def _with_outcomes(rows: pa.Table, path: Path, nights: int) -> pa.Table:
    """Join what came of each offer; an offer without an outcome is set aside later."""
    outcomes = read_data_file(path, text={CUSTOMER})
    by_night = NIGHT in outcomes.column_names
    need_columns(outcomes, (CUSTOMER, OUTCOME, *((NIGHT,) if nights > 1 else ())), path.name)
    key = _key(outcomes, by_night)
    twice = repeated(key, np.asarray(key.is_valid().to_numpy(zero_copy_only=False), np.bool_))
    if twice.any():
        at = int(twice.argmax())
        raise BadRequest(
            f"{path.name}, row {at + 1}: customer {outcomes[CUSTOMER][at].as_py()!r} has an outcome already "
            f"(rows at fault: {int(twice.sum()):,}): keep one{'' if by_night else ', or add the column run_date'}."
        )
    at = pc.index_in(_key(rows, by_night), value_set=key)
    return rows.append_column(OUTCOME, outcomes[OUTCOME].combine_chunks().take(at))


def _key(rows: pa.Table, by_night: bool) -> pa.Array:
    who = as_text(rows[CUSTOMER])
    return pc.binary_join_element_wise(as_text(rows[NIGHT]), who, " ") if by_night else who


def _in_euro(taken: TakenLog, logged: Campaign, other: Campaign) -> TakenLog:
    cost = {arm.name: arm.contact_cost_eur for campaign in (logged, other) for arm in campaign.arms}
    in_euro = replace(
        taken.logged,
        outcome=taken.logged.outcome * logged.unit_margin_eur,
        cost_eur=np.array([cost.get(arm, 0.0) for arm in taken.arms]),
    )
    return replace(taken, logged=in_euro)


def _name(request: EvaluateCampaign) -> str:
    parts = [request.with_file.name] if request.with_file else []
    return " with ".join([*parts, *([f"model {request.with_model}"] if request.with_model else [])])


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift evaluate-policy --campaign``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    request = parse(EvaluateCampaign, "netlift evaluate-policy", sys.argv[1:] if argv is None else argv)
    to_stderr()

    def act() -> None:
        answer = evaluate_campaign(request, open_stores())
        sys.stdout.write((json.dumps(answer, allow_nan=False) if request.json else policy_lines(answer)) + "\n")

    return guarded(act)
