"""Campaigns, models and runs that are not what a command needs: one sentence, a code of its own, nothing lost."""

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from jobs import errors
from jobs.cli import main
from jobs.errors import NetliftError
from jobs.runtime.begin import begin
from jobs.runtime.run import Job, plan_request, work_shard
from jobs.runtime.stores import open_stores
from jobs.score_uplift import JOB, ScoreUplift
from jobs.storage.inputs import Inputs
from jobs.tables.outputs import UPLIFT_SCORES
from tests.e2e.command_line import CommandLine
from tests.trained import CAMPAIGN, CUSTOMERS, DAY, folder_of, rows_of, states

SCORE = ("score-uplift", "--run-date", str(DAY), "--campaign", CAMPAIGN)
NEXT_DAY = ("score-uplift", "--run-date", str(DAY + timedelta(days=1)), "--campaign", CAMPAIGN)
ARMS = 4


def test_every_named_failure_has_an_exit_code_of_its_own() -> None:
    named = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, NetliftError)]
    codes = {e.__name__: e.exit_code for e in named}
    assert len(set(codes.values())) == len(codes), codes
    assert 0 not in codes.values()


def _refused(netlift: CommandLine, words: tuple[str, ...], error: type[NetliftError], *said: str) -> None:
    """The command ends in the error's code and one sentence; no table has changed."""
    before = states(netlift.stores)
    answer = netlift(*words)
    assert answer.code == error.exit_code, answer.err
    for part in said:
        assert part in answer.sentence, answer.sentence
    assert states(netlift.stores) == before


@pytest.mark.parametrize("verb", ["score-uplift", "train-uplift"])
def test_a_campaign_without_a_file_is_named_with_those_that_have_one(netlift: CommandLine, verb: str) -> None:
    words = (verb, "--run-date", str(DAY), "--campaign", "autumn")
    _refused(netlift, words, errors.UnknownCampaign, "'autumn'", "campaigns/autumn.toml", "known: spring", "write it")


def test_a_campaign_file_that_says_nonsense_is_named_with_its_field(netlift: CommandLine) -> None:
    file = netlift.folder / f"campaigns/{CAMPAIGN}.toml"
    file.write_text(file.read_text().replace("budget_eur = 200.0", "budget_eur = -200.0"))
    _refused(netlift, SCORE, errors.BadCampaign, "campaigns/spring.toml", "'budget_eur'", "-200.0", "correct the file")


def test_a_campaign_without_a_model_is_named(netlift: CommandLine) -> None:
    text = (netlift.folder / f"campaigns/{CAMPAIGN}.toml").read_text()
    (netlift.folder / "campaigns/autumn.toml").write_text(text.replace('id = "spring"', 'id = "autumn"'))
    words = ("score-uplift", "--run-date", str(DAY), "--campaign", "autumn")
    _refused(netlift, words, errors.UnknownModel, "uplift-autumn has no champion", "train one")


def _model_files(netlift: CommandLine, kind: str) -> list[Path]:
    return sorted((netlift.folder / f"models/{kind}/versions").glob("*/*"))


@pytest.mark.parametrize("name", [0, 1])
def test_a_model_file_whose_digest_does_not_match_is_named_and_never_parsed(netlift: CommandLine, name: int) -> None:
    assert netlift(*SCORE).code == 0
    file = [f for f in _model_files(netlift, f"uplift-{CAMPAIGN}") if f.name != "card.json"][name]
    body = file.read_bytes()
    file.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
    said = (f"{file.parent.name}/{file.name}", "SHA-256 is not the one in the card", "restore it or train again")
    _refused(netlift, NEXT_DAY, errors.TamperedModel, *said)
    words = ("monitor-drift", "--run-date", str(DAY))
    _refused(netlift, words, errors.TamperedModel, *said)
    file.write_bytes(body)
    assert netlift(*NEXT_DAY).report["state"] == "finished"


def test_a_model_file_that_is_gone_is_named(netlift: CommandLine) -> None:
    file = next(f for f in _model_files(netlift, f"uplift-{CAMPAIGN}") if f.name != "card.json")
    file.unlink()
    _refused(netlift, SCORE, errors.TamperedModel, file.name, "is gone", "restore it or train")


def test_a_card_that_was_changed_is_named(netlift: CommandLine) -> None:
    [card] = (f for f in _model_files(netlift, f"uplift-{CAMPAIGN}") if f.name == "card.json")
    envelope = json.loads(card.read_bytes())
    envelope["card"]["verdict"]["treated_share"] = 1.0
    card.write_text(json.dumps(envelope))
    _refused(netlift, SCORE, errors.TamperedModel, "card.json", "digest is not the version's")


def test_a_fraud_model_that_was_changed_scores_nothing(netlift: CommandLine) -> None:
    assert netlift("build-fraud-features", "--run-date", str(DAY)).code == 0
    file = next(f for f in _model_files(netlift, "fraud") if f.name != "card.json")
    file.write_bytes(file.read_bytes() + b" ")
    _refused(netlift, ("score-fraud", "--run-date", str(DAY)), errors.TamperedModel, file.name, "SHA-256")


def test_a_step_before_its_time_says_what_to_run_first(netlift: CommandLine) -> None:
    for verb, first in (("score-fraud", "build-fraud-features"), ("publish-offers", "allocate-offers")):
        words = (verb, "--run-date", str(DAY))
        _refused(netlift, words, errors.NoInput, f"{verb} builds on {first}", str(DAY), "run it first")


def test_of_two_runs_of_the_same_key_at_once_one_works_and_the_other_says_who(
    netlift: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on = threading.Event(), threading.Event()
    honest = Inputs.read

    def held_up(*args: object, **options: object) -> object:
        reading.set()
        assert go_on.wait(60)
        return honest(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Inputs, "read", held_up)
    codes: list[int] = []
    first = threading.Thread(target=lambda: codes.append(main(SCORE)))
    first.start()
    try:
        assert reading.wait(60)
        _refused(netlift, SCORE, errors.RunBusy, f"score-uplift-{CAMPAIGN}-{DAY}", "is held by", "try again after")
    finally:
        go_on.set()
        first.join(60)
    assert codes == [0]
    assert rows_of(netlift.stores, UPLIFT_SCORES).num_rows == ARMS * CUSTOMERS
    assert netlift(*SCORE).report["state"] == "already done"


def _held_by_the_dead(netlift: CommandLine, seconds_ago: float, job: Job[ScoreUplift]) -> None:
    """Claim the run as another process did some seconds ago, and work its first shard."""
    now = netlift.stores.clock()
    earlier = open_stores(
        {"NETLIFT_HOME": str(folder_of(netlift.stores))}, lambda: now - timedelta(seconds=seconds_ago)
    )
    request = ScoreUplift(DAY, CAMPAIGN)
    manifest = plan_request(job.step, request, earlier)
    claim = begin(manifest, earlier.ledger, "the dead")
    work_shard(job, manifest, claim, 0, request, earlier)


def test_a_run_whose_holder_died_is_taken_over_once_its_lease_has_ended(netlift: CommandLine) -> None:
    _held_by_the_dead(netlift, 61, JOB)
    report = netlift(*SCORE).report
    assert (report["state"], report["attempt"]) == ("finished", 2)
    assert (report["rows_in"], report["rows_quarantined"]) == (CUSTOMERS, 0)
    scores = rows_of(netlift.stores, UPLIFT_SCORES)
    pairs = set(zip(scores["customer_id"].to_pylist(), scores["arm"].to_pylist(), strict=True))
    assert scores.num_rows == len(pairs) == ARMS * CUSTOMERS, "nothing twice, nothing lost"


def test_a_run_whose_holder_may_live_is_left_alone(netlift: CommandLine) -> None:
    _held_by_the_dead(netlift, 5, JOB)
    _refused(netlift, SCORE, errors.RunBusy, "held by the dead until")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("score-uplift", "--run-date", "yesterday", "--campaign", CAMPAIGN), "'yesterday' is not a date like"),
        (("score-uplift", "--run-date", str(DAY)), "--campaign"),
        ((*SCORE, "--threads", "two"), "--threads"),
        ((*SCORE, "--threads", "0"), "argument --threads: 0 must be at least 1"),
        ((*SCORE, "--treads", "2"), "--treads"),
        (("train-uplift", *SCORE[1:], "--train-share", "1.5"), "--train-share: 1.5 must be from 0.01 to 0.99"),
        (("train-uplift", *SCORE[1:], "--customers", "-3"), "--customers: -3 must be at least 1"),
        (("allocate-offers", "--run-date", str(DAY), "--seed=-1"), "--seed: -1 must be at least 0"),
        (("score-partners", "--run-date", str(DAY), "--memory-mb", "1"), "--memory-mb: 1 must be at least 64"),
    ],
)
def test_a_wrong_word_ends_with_code_2_and_names_the_flag(
    netlift: CommandLine, words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit) as end:
        netlift(*words)
    assert end.value.code == errors.BadRequest.exit_code
    assert said in netlift.capture.readouterr().err


def test_a_home_that_is_not_named_is_asked_for(netlift: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETLIFT_HOME")
    answer = netlift(*SCORE)
    assert answer.code == errors.BadEnvironment.exit_code
    assert "NETLIFT_HOME is not set: set it to s3://BUCKET/PREFIX or to a folder" in answer.sentence
