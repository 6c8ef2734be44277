"""Fraud: point-in-time features, a calibrated score, reasons, risk of customers and partners."""
