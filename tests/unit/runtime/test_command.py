"""A command line from a request."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from jobs.errors import BadRequest, RunBusy
from jobs.runtime.chain import step
from jobs.runtime.command import flag, guarded, main, parse, parser, request_from
from jobs.runtime.run import Job


@dataclass(frozen=True)
class Score:
    """Score something."""

    run_date: date = flag("day that is scored", unit="YYYY-MM-DD", example="2026-11-22")
    share: float = flag("share that is kept", unit="in [0, 1]", default=0.5, example="0.25", low=0, high=1)
    file: Path | None = flag("file to read", default=None, example="a.csv")
    arm: tuple[str, ...] = flag("arm to keep", default=(), example="coupon", shown=True)
    as_json: bool = flag("print JSON", default=False, example="--as-json")


def test_help_shows_every_flag_with_unit_default_and_example():
    text = " ".join(parser(Score, "netlift score").format_help().split())
    for expected in (
        "day that is scored [YYYY-MM-DD] (required; example: 2026-11-22)",
        "share that is kept [in [0, 1]] (default: 0.5; example: 0.25)",
        "arm to keep (default: none; example: coupon)",
        "netlift score --run-date 2026-11-22 --arm coupon",
    ):
        assert expected in text


def test_help_of_a_verb_says_which_files_it_reads(capsys):
    with pytest.raises(SystemExit) as end:
        main(Job(step("score-partners"), Score, lambda *_: None), ["--help"])
    assert end.value.code == 0
    *_, transactions, reports, partners = capsys.readouterr().out.splitlines()
    assert (transactions, reports) == ("  inputs/transactions/*.parquet", "  inputs/fraud_reports/*.parquet")
    assert partners == "  inputs/partners/*.parquet (if any)"


def test_words_become_the_types_of_the_fields():
    request = parse(
        Score, "x", ["--run-date", "2026-03-01", "--file", "a.csv", "--arm", "b", "--arm", "c", "--as-json"]
    )
    assert request == Score(date(2026, 3, 1), 0.5, Path("a.csv"), ("b", "c"), True)


def test_a_wrong_word_ends_with_exit_code_2(capsys):
    with pytest.raises(SystemExit) as end:
        parse(Score, "x", ["--run-date", "yesterday"])
    assert end.value.code == 2
    assert "'yesterday' is not a date like 2026-11-22" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["1.5", "-0.1", "nan", "inf"])
def test_a_number_out_of_its_range_ends_with_exit_code_2_and_names_flag_and_range(capsys, word):
    with pytest.raises(SystemExit) as end:
        parse(Score, "x", ["--run-date", "2026-03-01", f"--share={word}"])
    assert end.value.code == 2
    assert f"argument --share: {float(word)} must be from 0 to 1" in capsys.readouterr().err


def test_plain_values_become_a_request():
    assert request_from(Score, {"run_date": "2026-03-01", "arm": ["b"]}).arm == ("b",)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "needs 'run_date'"),
        ({"run_date": "2026-03-01", "shares": 1}, "has no 'shares'"),
        ({"run_date": "2026-03-01", "share": "half"}, "'share': 'half' is not a float"),
        ({"run_date": "2026-03-01", "share": 2}, "'share': 2 must be from 0 to 1"),
        ({"run_date": "yesterday"}, "'run_date': 'yesterday' is not a date like 2026-11-22"),
    ],
)
def test_a_wrong_value_is_named(values, said):
    with pytest.raises(BadRequest, match=said):
        request_from(Score, values)


def test_a_named_failure_becomes_its_sentence_and_its_exit_code(capsys):
    def fail() -> None:
        raise RunBusy("somebody holds the lease")

    assert guarded(fail) == RunBusy.exit_code
    assert capsys.readouterr().err == "netlift: somebody holds the lease\n"
