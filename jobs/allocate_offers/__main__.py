"""``python -m jobs.allocate_offers``."""

import sys

from jobs.allocate_offers import JOB
from jobs.runtime.command import main

sys.exit(main(JOB))
