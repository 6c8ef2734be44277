"""Names of segments, from the features that set each apart: frequent evening spenders."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WITHOUT_PAYMENTS = "without payments"
EVERYBODY = "all customers"
UNREMARKABLE = "typical spenders"

APART = 0.75
"""Spreads from the median from which a feature sets a segment apart."""

_MOST_WORDS = 2
_NOUN = "spenders"
_WORDS = {
    "recent_share": ("fading", "growing"),
    "recency": ("active", "lapsed"),
    "frequency": ("occasional", "frequent"),
    "money": ("small-basket", "big-basket"),
    "favourite_share": ("roaming", "loyal"),
    "weekend_share": ("weekday", "weekend"),
    "evening_share": ("daytime", "evening"),
}
"""Word for a low and a high value of each feature, in the order in which they stand in a name."""


def segment_names(centres: NDArray[np.float64], features: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each segment, no two alike.

    Parameters
    ----------
    centres : ndarray of shape (n_segments, n_features)
        Spreads from the median of all customers.
    features : sequence of str
        Features of this product; another one is called by its own name.

    Examples
    --------
    >>> segment_names(np.array([[0.1, 0.2], [1.5, 3.0], [0.0, 3.0]]), ("frequency", "evening_share"))
    ('typical spenders', 'frequent evening spenders', 'evening spenders')
    >>> segment_names(np.array([[0.0]]), ("money",))
    ('all customers',)
    """
    if len(centres) == 1:
        return (EVERYBODY,)
    ranked = [_apart(centre, features) for centre in centres]
    names: list[str] = []
    for words in ranked:
        name = _name(words[:_MOST_WORDS])
        for more in range(_MOST_WORDS + 1, len(words) + 1):
            if name not in names:
                break
            name = _name(words[:more])
        alike = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(f"{name} ({alike + 1})" if alike else name)
    return tuple(names)


def _apart(centre: NDArray[np.float64], features: Sequence[str]) -> list[tuple[int, str]]:
    """Words that set a segment apart, the strongest first, each with its place in a name."""
    order = list(_WORDS)
    found = []
    for value, feature in sorted(zip(centre.tolist(), features, strict=True), key=lambda p: -abs(p[0])):
        if abs(value) < APART:
            break
        low, high = _WORDS.get(feature, (f"low-{feature}", f"high-{feature}"))
        found.append((order.index(feature) if feature in order else -1, high if value > 0 else low))
    return found


def _name(words: list[tuple[int, str]]) -> str:
    return " ".join([word for _, word in sorted(words)] + [_NOUN]) if words else UNREMARKABLE
