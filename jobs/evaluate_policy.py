"""Offers drawn with known probabilities in: what another policy would have earned, or that the log cannot tell."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.pages.policy_lines import policy_lines
from jobs.runtime.command import flag, guarded, parse
from jobs.runtime.per_arm import cost_of_each_arm
from jobs.science.offers.instance import need_columns
from jobs.science.offers.log_intake import LogColumns, TakenLog, take_log
from jobs.science.offers.off_policy import OffPolicyValue, must_overlap, off_policy_value
from jobs.science.uplift.estimate import Estimate
from jobs.storage.data_file import read_data_file

_OTHERS = (
    "also: --campaign ID asks the same of logged nights; netlift evaluate-policy --campaign ID --help shows its flags"
)
_MANY_REPAIRED = 0.01
_HEAVY = 0.05
"""Share of all weight that one row may hold before it is said."""


@dataclass(frozen=True, kw_only=True)
class Estimating:
    """How a log is judged, whatever it is a log of."""

    max_weight: float | None = flag(
        "weight at which larger ones are clipped: surer, and biased; none is without it", unit="ratio", default=None,
        example="20",
    )  # fmt: skip
    least_support: float = flag(
        "share of the policy's choices that could have been drawn, at least", unit="share in [0, 1]", default=0.95,
        example="0.95", low=0, high=1,
    )  # fmt: skip
    least_rows: float = flag(
        "rows of even weight that the log must be worth, at least", unit="count", default=50.0, example="50", low=2
    )
    seed: int = flag("seed of the halves", unit="integer", default=1, example="1", low=0)
    threads: int = flag("threads of the learner", unit="count", default=1, example="2", low=1)
    json: bool = flag("print one JSON object", default=False, example="--json")

    def estimate(self, taken: TakenLog, response: NDArray[np.float64] | None = None) -> OffPolicyValue:
        """Return what a policy would have earned, or refuse where overlap is too thin."""
        value = off_policy_value(taken.policy, taken.logged, response, max_weight=self.max_weight)
        must_overlap(
            value,
            least_support=self.least_support,
            least_effective_rows=self.least_rows,
            changed_share=taken.changed_share,
        )
        return value


@dataclass(frozen=True, kw_only=True)
class EvaluatePolicy(Estimating):
    """Estimate what another policy would have earned on a log of drawn offers; with --campaign, on a campaign's own."""

    data: Path = flag("the log, a row a drawn offer", unit="CSV or Parquet", example="log.csv")
    arm: str = flag("column of the arm that was drawn", unit="column", example="arm")
    outcome: str = flag("column of what was measured afterwards, in euro", unit="column", example="margin")
    propensity: str | None = flag(
        "column of the probability of the arm that was drawn",
        unit="column",
        default=None,
        example="propensity",
        shown=True,
    )
    propensities: str | None = flag(
        'column of the probability of every arm that could have been drawn, as {"mail": 0.25, "none": 0.75}',
        unit="column", default=None, example="propensities",
    )  # fmt: skip
    target: str | None = flag(
        "column of the arm that the other policy chooses", unit="column", default=None, example="new_arm", shown=True
    )
    target_probability: tuple[str, ...] = flag(
        'column of its probability of an arm, "ARM=COLUMN" again and again; instead of --target',
        unit="ARM=COLUMN", default=(), example='"mail=p_mail"',
    )  # fmt: skip
    unit: str | None = flag("column of the customer's id", unit="column", default=None, example="customer_id")
    cluster: str | None = flag(
        "column of a group whose rows depend on each other; the customer without it", unit="column", default=None,
        example="household",
    )  # fmt: skip
    repaired: str | None = flag(
        "column that says whether a limit changed the arm after the draw: such rows are left out", unit="column",
        default=None, example="repaired",
    )  # fmt: skip
    control: str | None = flag("arm that costs no contact", unit="value", default=None, example="none")
    contact_cost: tuple[str, ...] = flag(
        'cost of one contact, if the outcome has it not taken off: for all arms, or "ARM=EUR" again and again',
        unit="euro", default=(), example="0.02",
    )  # fmt: skip
    feature: tuple[str, ...] = flag(
        "column known before the draw, for the outcome that DR expects; again and again; each arm's mean without",
        unit="column", default=(), example="recency",
    )  # fmt: skip


def evaluate_policy(request: EvaluatePolicy) -> dict[str, Any]:
    """Read a log, estimate the other policy's value, refuse where overlap is too thin.

    Parameters
    ----------
    request : EvaluatePolicy
        What to judge.

    Returns
    -------
    dict
        The answer as JSON holds it: ``dr``, ``snips``, ``ips``, ``logged`` and ``gain`` with their 95% intervals (euro
        a customer), ``effective_rows``, ``overlap``, ``rows`` and more.

    Raises
    ------
    BadTrial
        If the log cannot tell what the policy would have earned.
    """
    if request.contact_cost and request.control is None:
        raise BadRequest("--contact-cost without --control: name the arm that costs no contact.")
    columns = LogColumns(
        arm=request.arm,
        outcome=request.outcome,
        propensity=request.propensity,
        propensities=request.propensities,
        cluster=request.cluster or request.unit,
        target=request.target,
        target_probability=_columns_of_arms(request.target_probability),
        repaired=request.repaired,
    )
    text = {c for c in (request.arm, request.target, request.propensities, columns.cluster) if c is not None}
    rows = read_data_file(request.data, text=text)
    taken = take_log(rows, columns, file=request.data.name, control=request.control)
    if request.contact_cost:
        cost = np.array([0.0, *cost_of_each_arm(request.contact_cost, taken.arms)])
        taken = replace(taken, logged=replace(taken.logged, cost_eur=cost))
    response, odd = _expected(rows, taken, request) if request.feature else (None, [])
    value = request.estimate(taken, response)
    responses = f"by {', '.join(request.feature)}, from the other half" if request.feature else "each arm's mean"
    answer = answer_of(taken, value, policy="the other policy", responses=responses) | {"data": request.data.name}
    return answer | {"warnings": [*answer["warnings"], *odd]}


def answer_of(taken: TakenLog, value: OffPolicyValue, *, policy: str, responses: str) -> dict[str, Any]:
    """Return an evaluation as JSON holds it.

    Parameters
    ----------
    taken : TakenLog
        The log.
    value : OffPolicyValue
        What was found.
    policy, responses : str
        Name of the policy, and what DR expects outcomes by.
    """
    drawn = np.bincount(taken.logged.arm, minlength=len(taken.arms))
    share = taken.policy.mean(axis=0)
    rows_in = len(taken.kept)
    return {
        "policy": policy,
        "dr": _interval(value.doubly_robust),
        "snips": _interval(value.snips),
        "ips": _interval(value.ips),
        "logged": _interval(value.logged),
        "gain": _interval(value.gain),
        "effective_rows": value.effective_rows,
        "clusters": value.clusters,
        "overlap": {
            "supported_share": value.supported.value,
            "unsupported_share": 1.0 - value.supported.value,
            "known": value.support_known,
            "mean_weight": value.mean_weight.value,
            "largest_weight": value.largest_weight,
        },
        "max_weight": value.max_weight,
        "clipped_rows": value.clipped_rows,
        "clipped_share": value.clipped_share,
        "rows": {"in": rows_in, "used": value.rows, "set_aside": taken.set_aside},
        "arms": [
            {"arm": arm, "rows": int(drawn[a]), "share": float(share[a]), "drawn_share": float(drawn[a] / value.rows)}
            for a, arm in enumerate(taken.arms)
        ],
        "responses": responses,
        "warnings": _warnings(taken, value),
    }


def _warnings(taken: TakenLog, value: OffPolicyValue) -> list[str]:
    said = []
    if taken.changed_share > _MANY_REPAIRED:
        said.append(
            f"{taken.changed_share:.1%} of the rows were changed by a limit after the draw and are left out: "
            "what is left is not quite what was drawn, so that the estimates may be biased."
        )
    if value.clipped_rows:
        said.append(
            f"clipping took {value.clipped_share:.1%} of all weight: the estimates lean towards what was drawn often."
        )
    elif value.largest_weight > _HEAVY * value.rows * value.mean_weight.value:
        said.append("one row holds over 5% of all weight: look at the logged propensities, or clip with --max-weight.")
    return said


def _expected(rows: pa.Table, taken: TakenLog, request: EvaluatePolicy) -> tuple[NDArray[np.float64], list[str]]:
    """Return the outcome to expect of every arm by what was known before the draw, cross-fitted, and what is odd."""
    need_columns(rows, request.feature, request.data.name)
    twice = set(request.feature) & {request.arm, request.outcome, request.target, request.propensity}
    if twice:
        raise BadRequest(f"--feature names {min(map(str, twice))!r}, which has another task: take it out.")
    # The learner takes seconds to load: --help and refusals do not wait for it.
    from jobs.science.uplift.doubly_robust import cross_fitted_response  # noqa: PLC0415
    from jobs.science.uplift.encode import FeatureEncoder  # noqa: PLC0415
    from jobs.science.uplift.features import infer_features, odd_cells, plain_columns  # noqa: PLC0415

    known = plain_columns(rows.select(list(dict.fromkeys(request.feature))).filter(pa.array(taken.kept)))
    found = infer_features(known)
    types = found.types
    odd = [*odd_cells(known), *(f"feature {name!r} is left out: it {why}." for name, why in found.left_out.items())]
    if not types:
        raise BadRequest(
            f"no --feature tells customers apart ({odd[0].rstrip('.')}): leave them out, for each arm's mean."
        )
    matrix = FeatureEncoder.fit(known, types).transform(known)
    cluster = taken.logged.cluster
    expected = cross_fitted_response(
        matrix,
        taken.logged.arm,
        taken.logged.outcome,
        arms=len(taken.arms),
        cluster=None if cluster is None else np.unique(cluster, return_inverse=True)[1].astype(np.int64),
        seed=request.seed,
        num_threads=request.threads,
    )
    return expected, odd


def _columns_of_arms(given: Sequence[str]) -> dict[str, str]:
    columns = {}
    for text in given:
        arm, sign, column = text.rpartition("=")
        if not (arm and sign and column):
            raise BadRequest(f"--target-probability is {text!r}, must be ARM=COLUMN: correct it.")
        columns[arm] = column
    return columns


def _interval(found: Estimate) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift evaluate-policy``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    request = parse(EvaluatePolicy, "netlift evaluate-policy", sys.argv[1:] if argv is None else argv, _OTHERS)

    def act() -> None:
        answer = evaluate_policy(request)
        said = json.dumps(answer, allow_nan=False) if request.json else policy_lines(answer)
        sys.stdout.write(said + "\n")

    return guarded(act)


if __name__ == "__main__":
    sys.exit(main())
