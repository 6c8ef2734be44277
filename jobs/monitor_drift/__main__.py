"""``python -m jobs.monitor_drift``: the verb on the command line."""

import sys

from jobs.monitor_drift import JOB
from jobs.runtime.command import main

sys.exit(main(JOB))
