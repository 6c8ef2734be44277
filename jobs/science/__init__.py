"""Statistics without AWS and without a disk: runs in a notebook."""
