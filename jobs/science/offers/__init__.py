"""Offers: who gets which, under a budget and caps."""
