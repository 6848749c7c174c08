"""Compare firearm marks by congruent matching cells, one pair or many, and report what was found.

The ways in are `ballistics.compare.compare` for two scans in memory, `ballistics.batch.compare_all` for many
files, `ballistics.report.write_report` for a page, and the ``ballistics`` command.
"""
