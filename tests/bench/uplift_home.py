"""In a process of its own: a folder home with a champion and customers in files of equal size.

``python -m tests.bench.uplift_home HOME MODEL_FOLDER ROWS ROWS_A_FILE SEED``
"""

import json
import sys
from pathlib import Path

from jobs.runtime.stores import open_stores
from tests.bench.uplift_world import fill, shards


def main(home: Path, model: Path, rows: int, per_file: int, seed: int) -> None:
    """Fill the home and say how many rows it holds."""
    files = {file.name: file.read_bytes() for file in model.iterdir()}
    fill(open_stores({"NETLIFT_HOME": str(home)}), files, shards(rows, per_file, seed))
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:6]))
