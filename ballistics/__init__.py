"""Compare firearm marks: congruent matching cells today, evidence and reports beside them.

The ways in are `ballistics.compare.compare` for two scans in memory, `ballistics.batch.compare_all` for many
files, `ballistics.report.write_report` for a page, and the ``ballistics`` command.
"""
