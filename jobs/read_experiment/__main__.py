"""Read an experiment: ``python -m jobs.read_experiment``."""

import sys

from jobs.read_experiment import main

if __name__ == "__main__":
    sys.exit(main())
