"""In a process of its own: a folder home with scores of so many customers, as score-uplift commits them.

``python -m tests.bench.offers_home HOME CUSTOMERS ARMS FILES``
"""

import json
import sys
from pathlib import Path

from tests.unit.allocate_offers.score_world import ScoreWorld, home


def main(folder: Path, customers: int, arms: int, files: int) -> None:
    """Fill the home and say how many rows of scores it holds."""
    home(folder, ScoreWorld(customers=customers, arms=arms, files=files, group_rows=131_072))
    print(json.dumps({"rows": customers * arms}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
