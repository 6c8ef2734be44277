"""``python -m jobs.read_trial``: the verb on the command line."""

import sys

from jobs.read_trial import main

sys.exit(main())
