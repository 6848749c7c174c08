"""Standards as data, on top of the records of `qms`; assessment and readiness are to come."""
