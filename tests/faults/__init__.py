"""Deaths, races and failing stores."""
