"""Unit tests: the path of a test is the path of the code."""
