"""Assessments of a unit against standards: what is asked, how it was judged, and what follows from that."""
