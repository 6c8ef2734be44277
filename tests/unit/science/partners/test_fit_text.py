"""What is learnt of text: who lures ranks above who does not, and nobody's number comes from the partner itself."""

import numpy as np
import pytest

from jobs.science.partners.fit_text import FEWEST_TEXTS, fit_text

SHOPS = [f"fresh fruit and bread number {n}, open on Sundays" for n in range(60)]
LURES = [f"prices far below the market, pay in advance only, offer {n}" for n in range(20)]
RISK = np.repeat([0.0, 0.5], [60, 20])


def test_texts_that_read_like_those_of_risky_partners_rank_above_the_others():
    fitted = fit_text([*SHOPS, *LURES], RISK)
    shop, lure, unknown = fitted.risk.transform(["bread and fruit", "pay in advance only, far below the market", "zzz"])
    assert lure > shop + 0.2
    assert shop < unknown + 0.1 < lure
    assert fitted.held_out[60:].min() > fitted.held_out[:60].max()


def test_a_partners_own_number_is_learnt_from_others_alone():
    """Where text tells nothing, numbers of the same partners would seem to tell, and held-out ones do not."""
    r = np.random.default_rng(2)
    words = ["".join(r.choice(list("abcdefghij"), 7)) for _ in range(200)]
    texts = [" ".join(r.choice(words, 6)) for _ in range(100)]
    own, of_others = [], []
    for seed in range(3):
        risky = np.random.default_rng(seed).random(100) < 0.2
        fitted = fit_text(texts, risky, seed=seed)
        own.append(np.cov(fitted.risk.transform(texts), risky)[0, 1])
        of_others.append(np.cov(fitted.held_out, risky)[0, 1])
    assert np.mean(own) > 0
    assert np.mean(of_others) < np.mean(own) / 4


def test_a_partner_without_text_has_no_number_and_the_others_are_learnt_from():
    fitted = fit_text(["", *SHOPS, "  ", *LURES], [1.0, *RISK[:60], 0.0, *RISK[60:]])
    assert np.isnan(fitted.held_out).nonzero()[0].tolist() == [0, 61]


@pytest.mark.parametrize(
    ("texts", "risk"),
    [
        (SHOPS[: FEWEST_TEXTS - 1], RISK[41 : 41 + FEWEST_TEXTS - 1]),
        (["the same"] * 50, np.arange(50) % 2),
        ([""] * 50, np.arange(50) % 2),
        (SHOPS, np.zeros(60)),
        ([], []),
    ],
)
def test_few_texts_or_equal_ones_or_partners_alike_in_risk_teach_nothing(texts, risk):
    assert fit_text(texts, risk) is None
