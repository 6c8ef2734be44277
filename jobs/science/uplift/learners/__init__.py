"""Learners of effects: EconML's, fitted to a trial with the propensities that it knows, behind one interface."""
