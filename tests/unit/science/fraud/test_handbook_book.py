"""Our protocol gives the book's own figures of chapter 3, to the third digit, before it judges anything of ours."""

from pathlib import Path

import numpy as np
import pytest

from jobs.science.fraud.cards import card_precision
from jobs.science.fraud.ranking import Ranker
from tests.fixtures.handbook import book as handbook_book
from tests.fixtures.handbook.book import Book, read_book

SCORES = Path(handbook_book.__file__).parent / "book_scores.npz"
PUBLISHED = {"forest": (0.867, 0.658, 0.287), "boosting": (0.862, 0.639, 0.273)}


@pytest.fixture(scope="module")
def path(data_dir: Path) -> Path:
    found = data_dir / "handbook_transactions.parquet"
    if not found.is_file():
        pytest.skip(f"SKIPPED FOR WANT OF REAL DATA: {found} is not there; name its folder in NETLIFT_DATA.")
    return found


def figures(book: Book, score: np.ndarray) -> tuple[float, float, float]:
    test = book.chapter_3().test
    ranking = Ranker(book.is_fraud[test], score).ranking()
    cards = card_precision(book.day[test], book.customer[test], book.is_fraud[test], score)
    assert cards.ceiling == pytest.approx(0.397, abs=5e-4)
    return round(ranking.roc_auc, 3), round(ranking.average_precision, 3), round(cards.score, 3)


@pytest.mark.parametrize("model", PUBLISHED)
def test_the_books_scores_have_the_books_figures(path: Path, model: str) -> None:
    book = read_book(path, features=False)
    assert figures(book, np.load(SCORES)[model].astype(float)) == PUBLISHED[model]


@pytest.mark.long
def test_the_forest_fitted_anew_has_them_too(path: Path) -> None:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.preprocessing import StandardScaler

    book = read_book(path, features=True)
    assert book.features is not None
    assert book.features.shape[1] == 15
    split = book.chapter_3()
    scaler = StandardScaler().fit(book.features[split.train])
    fitted = RandomForestClassifier(random_state=0, n_jobs=1)
    fitted.fit(scaler.transform(book.features[split.train]), book.is_fraud[split.train])
    score = fitted.predict_proba(scaler.transform(book.features[split.test]))[:, 1]
    assert figures(book, score) == PUBLISHED["forest"]
