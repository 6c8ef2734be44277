"""``python -m jobs.doctor``: the verb on the command line."""

import sys

from jobs.doctor import main

sys.exit(main())
