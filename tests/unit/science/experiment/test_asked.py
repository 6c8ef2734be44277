"""Arms and effects in words are read, or refused in one sentence."""

import pytest

from jobs.errors import BadRequest
from jobs.science.experiment.asked import effects_in_words, shares_in_words
from jobs.science.experiment.plan import Wanted, parse_effect


def test_shares_follow_the_words_or_are_equal() -> None:
    assert shares_in_words([], 4) == dict.fromkeys(["control", "arm 1", "arm 2", "arm 3"], 0.25)
    assert list(shares_in_words(["none=0.34", "a=0.33", "b=0.33"])) == ["none", "a", "b"]
    assert sum(shares_in_words(["none=0.33", "a=0.33", "b=0.33"]).values()) == pytest.approx(1.0, abs=1e-12)


def test_effects_are_of_every_metric_or_of_the_one_they_name() -> None:
    assert effects_in_words(["-2%"], ["a", "b"]) == dict.fromkeys(["a", "b"], Wanted(-0.02, True))
    assert effects_in_words(["b=0.3"], ["a", "b"]) == {"b": Wanted(0.3, False)}


@pytest.mark.parametrize("word", ["", "much", "0", "0%", "nan", "inf", "5 %%"])
def test_no_effect_is_no_effect(word: str) -> None:
    with pytest.raises(BadRequest, match="never 0"):
        parse_effect(word)


@pytest.mark.parametrize(
    ("words", "arms", "says"),
    [
        ([], 1, "--arms is 1"),
        (["a=0.5"], None, "names 1 arms"),
        (["a=0.5", "b=0.5"], 3, "names 2 arms: name 3"),
        (["a=0.5", "a=0.5"], None, "arm 'a' twice"),
        (["a=0.5", "b=0.7"], None, "adds up to 1.2"),
        (["a=0.5", "b"], None, "'b' is not ARM=SHARE"),
        (["a=1", "b=-1"], None, "share above 0"),
    ],
)
def test_shares_that_are_none_are_refused(words: list[str], arms: int | None, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        shares_in_words(words, arms)


def test_an_effect_of_no_metric_or_given_twice_is_refused() -> None:
    with pytest.raises(BadRequest, match="'c', which is none of a, b"):
        effects_in_words(["c=5%"], ["a", "b"])
    with pytest.raises(BadRequest, match="twice for metric 'a'"):
        effects_in_words(["5%", "a=3%"], ["a", "b"])
