"""The audit programme, internal audits, their samples and what a report of one needs."""
