"""In a process of its own: a folder home with scores, purchases and a catalogue of thousands of offers.

``python -m tests.bench.catalogue_home HOME CUSTOMERS OFFERS``
"""

import json
import sys
from pathlib import Path

from tests.unit.allocate_offers.catalogue_world import CatalogueWorld
from tests.unit.allocate_offers.score_world import ScoreWorld

ARMS, PARTNERS, CATEGORIES = 4, 500, 40
PURCHASES_EACH = 8


def main(folder: Path, customers: int, offers: int) -> None:
    """Fill the home and say how many purchases it holds."""
    world = CatalogueWorld(
        scores=ScoreWorld(customers=customers, arms=ARMS, files=4, cap_share=0.15, group_rows=131_072),
        offers=offers,
        partners=PARTNERS,
        categories=CATEGORIES,
        purchases=PURCHASES_EACH * customers,
        candidates="most = 20",
        # Twice what an offer, and a partner, would have if all had the same: the popular ones are at their limits.
        cap=max(1, 2 * 3 * customers // 10 // offers),
        partner_budget_eur=2 * 0.5 * 0.3 * customers / PARTNERS,
    )
    world.home(folder)
    print(json.dumps({"purchases": world.purchases}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
