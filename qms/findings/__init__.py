"""Nonconformities and other findings: what is recorded of one, its life cycle, its guards and the grades."""
