"""The console command: ``netlift <verb>``, a verb a job."""

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from jobs.runtime.chain import NIGHT, TRAINING

_NIGHTLY = "run nightly"
_LIFT = "lift"
_JUDGE_FRAUD = "judge-fraud"
_EVALUATE_POLICY = "evaluate-policy"
_ALLOCATE_OFFERS = "allocate-offers"
_DESIGN_EXPERIMENT = "design-experiment"
_READ_EXPERIMENT = "read-experiment"
_MODULES = {
    _LIFT: "jobs.lift",
    _JUDGE_FRAUD: "jobs.judge_fraud",
    _EVALUATE_POLICY: "jobs.evaluate_policy",
    _DESIGN_EXPERIMENT: "jobs.design_experiment",
    "runs": "jobs.runs",
    "rerun": "jobs.rerun",
    "reproduce": "jobs.reproduce",
    _READ_EXPERIMENT: "jobs.read_experiment",
    "doctor": "jobs.doctor",
    "model": "jobs.model",
}

ABOUT = {
    _LIFT: "a randomised trial in; verdict, list and expected net euros out",
    _NIGHTLY: "the whole night: fraud, partners, uplift, offers, lists, drift",
    "build-fraud-features": "what was known the moment before each transaction",
    "train-fraud": "fit, calibrate and register the fraud model",
    _JUDGE_FRAUD: "transactions of anybody's in; how good the fraud model is on later days out",
    "score-fraud": "fraud probability, review queue with reasons, customer risk",
    "train-partner-risk": "fit, calibrate and register the model of partners' risk",
    "score-partners": "partners ranked by risk, with reasons for those to look into",
    "segment-customers": "customers by what they do: segments with names, sizes, who moved",
    "assign-treatment": "who is in which arm of a declared experiment; its file is frozen at the first draw",
    "train-uplift": "fit a campaign's uplift model, judge it on held-out rows, register it",
    "score-uplift": "what each arm would add for each customer, in euro",
    _ALLOCATE_OFFERS: "who gets which offer under budget and caps, with a certificate; --data for anybody's file",
    _EVALUATE_POLICY: "drawn offers in (--data, or --campaign); what another policy would have earned on them",
    _READ_EXPERIMENT: "an experiment in (--data for anybody's file): split, effects with intervals, what now",
    _DESIGN_EXPERIMENT: "the past in; units, days and smallest effect of a trial out",
    "publish-offers": "each campaign's list as CSV, under a new name",
    "monitor-drift": "how far the night's rows are from what the models were trained on",
    "model": "the life of a model: list, show, diff, shadow, approve, promote, rollback, retire",
    "runs": "every run: state, rows, seconds, what it cost",
    "rerun": "complete a run that failed: only the shards that are left",
    "reproduce": "a reading again, page and document, from its stored statistics, byte for byte",
    "doctor": "is everything there that a night needs; what to do where it is not",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after ``netlift``; those of the process by default.

    Returns
    -------
    int
        Exit code: 0, 2 for a wrong word, else the code of the named failure (jobs/errors.py).
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in {"-h", "--help", "help"}:
        print(_usage())
        return 0
    if words[:2] == ["run", "nightly"]:
        if any(word.split("=")[0] == "--backfill" for word in words[2:]):
            backfill: Callable[[Sequence[str]], int] = importlib.import_module("jobs.backfill").main
            return backfill(words[2:])
        return _nightly(words[2:])
    verb = words[0]
    if verb == _ALLOCATE_OFFERS and any(word.split("=")[0] == "--data" for word in words[1:]):
        of_a_file: Callable[[Sequence[str]], int] = importlib.import_module("jobs.allocate_instance").main
        return of_a_file(words[1:])
    if verb == _READ_EXPERIMENT and not {word.split("=")[0] for word in words[1:]} & {"--experiment", "--campaign"}:
        of_a_trial: Callable[[Sequence[str]], int] = importlib.import_module("jobs.read_trial").main
        return of_a_trial(words[1:])
    if verb == _EVALUATE_POLICY and any(word.split("=")[0] == "--campaign" for word in words[1:]):
        of_a_campaign: Callable[[Sequence[str]], int] = importlib.import_module("jobs.evaluate_campaign").main
        return of_a_campaign(words[1:])
    if verb in _MODULES:
        act: Callable[[Sequence[str]], int] = importlib.import_module(_MODULES[verb]).main
        return act(words[1:])
    for step in NIGHT + TRAINING:
        if step.verb == verb:
            return _job(step.module, words[1:])
    print(f"netlift: {verb!r} is not a verb\n\n{_usage()}", file=sys.stderr)
    return 2


def _job(module: str, words: Sequence[str]) -> int:
    from jobs.runtime.command import main as run  # noqa: PLC0415  netlift --help stays quick

    return run(importlib.import_module(module).JOB, words)


def _nightly(words: Sequence[str]) -> int:
    # Heavy imports wait until a night is asked for: netlift --help stays quick.
    from jobs.nightly import Nightly, nightly, steps  # noqa: PLC0415
    from jobs.nightly.page import step_pages  # noqa: PLC0415
    from jobs.nightly.publication import check_place, write_page  # noqa: PLC0415
    from jobs.runtime.command import guarded, parse  # noqa: PLC0415
    from jobs.runtime.logs import to_stderr  # noqa: PLC0415
    from jobs.runtime.progress import Steps  # noqa: PLC0415
    from jobs.runtime.report import Report  # noqa: PLC0415
    from jobs.runtime.stores import open_stores  # noqa: PLC0415

    request = parse(Nightly, f"netlift {_NIGHTLY}", words)
    to_stderr()

    def act() -> None:
        check_place(request.page)
        stores = open_stores()
        shown = Steps(len(list(steps(stores))))
        reports: list[Report] = []
        try:
            nightly(request, stores, shown.step, reports.append)
        finally:
            shown.close()
            print(_table(reports))
        page = write_page(request.run_date, reports, stores, request.page)
        if page:
            print(f"page: {page}")
        for made in step_pages(reports):
            print(f"{made.what[0].lower()}{made.what[1:]}: {made.path}")

    return guarded(act)


def _table(reports: Sequence[Any]) -> str:
    lines = [f"{'step':<22}{'kind':<20}{'state':<14}{'in':>10}{'used':>10}{'set aside':>10}{'out':>10}{'seconds':>9}"]
    lines += [
        f"{r.verb:<22}{r.kind:<20}{r.state:<14}{r.rows_in:>10,}{r.rows_used:>10,}{r.rows_quarantined:>10,}"
        f"{sum(n for table, n in r.rows_out.items() if table != 'quarantine'):>10,}{r.seconds:>9.1f}"
        for r in reports
    ]
    lines += [f"{r.verb} ({r.kind}) failed: no later step was run" for r in reports if r.state == "failed"]
    if reports and all(r.state == "no input" for r in reports):
        lines.append("no new data: nothing was run")
    return "\n".join(lines)


def _usage() -> str:
    verbs = "\n".join(f"  {verb:<22}{about}" for verb, about in ABOUT.items())
    return (
        "netlift: what an offer adds, less what it costs and what fraud takes back\n\n"
        f"usage: netlift VERB [flags]      netlift VERB --help shows every flag\n\n{verbs}"
    )


if __name__ == "__main__":
    sys.exit(main())
