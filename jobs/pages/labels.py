"""Where the words go: beside what they name, off the lines, off each other, inside the picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

from jobs.pages.svg import TEXT_PX, text_width

Point = tuple[float, float]

_STEP_PX = 3.0  # a line counts as an obstacle at points this far apart
_OVERLAP, _OUTSIDE = 40.0, 1000.0


@dataclass(frozen=True)
class Place:
    """A place for a text: its baseline and the side it is anchored at.

    Parameters
    ----------
    x, y : float
        Anchor on the baseline, in pixels.
    anchor : str
        "start", "middle" or "end".
    cost : float
        What is lost by taking it, as by standing far from the line it names.
    """

    x: float
    y: float
    anchor: str = "start"
    cost: float = 0.0


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, point: Point) -> bool:
        return self.left <= point[0] <= self.right and self.top <= point[1] <= self.bottom

    def meets(self, other: "_Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


class Placer:
    """Finds places for the labels of one chart, the most important first.

    Parameters
    ----------
    left, top, right, bottom : float
        Bounds that no label should cross.
    """

    def __init__(self, left: float, top: float, right: float, bottom: float) -> None:
        self._bounds = _Box(left, top, right, bottom)
        self._points: list[tuple[Point, float]] = []
        self._taken: list[_Box] = []

    def avoid(self, line: Iterable[Point], weight: float = 1.0) -> None:
        """Keep labels off a line, or off single points; one of less weight rather than another.

        Parameters
        ----------
        line : iterable of (float, float)
            Its points, in pixels.
        weight : float, default 1
            Cost of covering three pixels of it.
        """
        points = list(line)
        self._points += [(point, weight) for point in points[:1]]
        for (x1, y1), (x2, y2) in pairwise(points):
            steps = max(1, int(hypot(x2 - x1, y2 - y1) / _STEP_PX))
            self._points += [
                ((x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps), weight) for i in range(1, steps + 1)
            ]

    def place(self, words: str, places: Iterable[Place]) -> Place:
        """Take the first of the least crowded places, and keep later labels off it.

        Parameters
        ----------
        words : str
            The label.
        places : iterable of Place
            Candidates, the best first; at least one.
        """
        best = min(places, key=lambda place: self._cost(words, place))
        self._taken.append(_box(words, best))
        return best

    def _cost(self, words: str, place: Place) -> float:
        box = _box(words, place)
        bounds = self._bounds
        outside = (
            max(0.0, bounds.left - box.left)
            + max(0.0, box.right - bounds.right)
            + max(0.0, bounds.top - box.top)
            + max(0.0, box.bottom - bounds.bottom)
        )
        covered = sum(weight for point, weight in self._points if box.holds(point))
        overlaps = sum(box.meets(other) for other in self._taken)
        return _OUTSIDE * outside + _OVERLAP * overlaps + covered + place.cost


def _box(words: str, place: Place) -> _Box:
    width = text_width(words)
    left = place.x - {"start": 0.0, "middle": width / 2, "end": width}[place.anchor]
    return _Box(left - 3, place.y - TEXT_PX, left + width + 3, place.y + 4)
