"""From scores to a weight of evidence: calibrators, bounds, intervals, and how good they are."""
