"""The feature SQL on Spark: the same statement where a day's history outgrows one machine."""
