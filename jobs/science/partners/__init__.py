"""Risk of partners: features by partner and day, a calibrated score, reasons, baselines, text."""
