"""Read a declared experiment, or a campaign's holdout: the split first, then effects, then the decision by its rule."""

import json
import sys
from collections.abc import Sequence

from jobs.errors import BadRequest
from jobs.read_experiment.request import ReadExperiment
from jobs.runtime.chain import step
from jobs.runtime.command import guarded, parse, print_report
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores, open_stores

__all__ = ["JOB", "ReadExperiment", "main", "read_experiment"]

_FLAGS = "give either --experiment ID or --campaign ID (or --data FILE, for anybody's trial)."


def read_experiment(request: ReadExperiment, stores: Stores) -> Report:
    """Read, decide, publish document and page, commit ``readouts``.

    Parameters
    ----------
    request : ReadExperiment
        Which experiment, or campaign, on which day.
    stores : Stores
        Where rows come from and go to.

    Raises
    ------
    BadRequest
        If neither or both are named.
    NoInput
        If nothing was measured yet, the experiment has not started, or its end was read.
    BadExperiment
        If its file is wrong, or was changed after the start without an amendment.
    BadTrial
        If no effect can be estimated: an empty arm, a constant metric.
    """
    if bool(request.experiment) == bool(request.campaign):
        named = "both an experiment and a campaign are" if request.experiment else "no experiment and no campaign is"
        raise BadRequest(f"{named} named: {_FLAGS}")
    return run_job(JOB, request, stores)


def read(request: ReadExperiment, stores: Stores, shard: OpenShard) -> None:
    """Read what the request names."""
    # Each needs its own half of the science.
    if request.campaign:
        from jobs.read_experiment.campaign import campaign_readout  # noqa: PLC0415

        campaign_readout(request, stores, shard)
    else:
        from jobs.read_experiment.experiment import experiment_readout  # noqa: PLC0415

        experiment_readout(request, stores, shard)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift read-experiment --experiment ID`` or ``--campaign ID``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default. ``--json`` prints the run's report.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    prog = "netlift read-experiment"
    about = "--json prints the run's report; --data FILE reads anybody's trial: --data FILE --help shows its flags"
    request = parse(ReadExperiment, prog, [word for word in words if word != "--json"], about)

    def act() -> None:
        stores = open_stores()
        report = read_experiment(request, stores)
        if as_json:
            print_report(report)
        else:
            sys.stdout.write(told(report, stores) + "\n")

    return guarded(act)


def told(report: Report, stores: Stores) -> str:
    """Return what a reading says, for a terminal."""
    from jobs.read_experiment.words import lines  # noqa: PLC0415  the night prints none

    document = json.loads(stores.objects.get(report.details["readout"]["document"]))
    said = lines(document)
    rows = f"{report.rows_in:,} rows in, {report.rows_used:,} used, {report.rows_quarantined:,} set aside"
    said += [
        "",
        f"run: {report.run_id} ({report.state}; {rows})",
        f"page: {report.details['page']}",
        *(f"page for partner {of}: {stores.objects.uri}/{key}" for of, key in _partner_pages(report)),
        f"again: netlift reproduce {report.run_id}",
    ]
    return "\n".join(said)


def _partner_pages(report: Report) -> list[tuple[str, str]]:
    return sorted(report.details.get("partner_pages", {}).items())


JOB = Job(step("read-experiment"), ReadExperiment, read)
