"""Batch jobs of netlift: a module at this level is a verb that can be run."""
