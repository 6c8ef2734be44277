"""What every job stands on: settings, stores, one run, the chain, logs, the command line."""
