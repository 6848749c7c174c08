"""Validation of a method on pairs of known origin: splits that cannot leak, measures, criteria, a record."""
