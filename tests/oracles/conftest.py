"""These modules call rival packages that the project does not install; they are run by hand, not collected."""

collect_ignore_glob = ["*_uplift.py", "*_metrics.py"]
