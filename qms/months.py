"""Counting in months, as intervals of reviews and audits are given."""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def months_after(day: date, months: int) -> date:
    """Return the same day of the month so many months later, or the last day of a month that is too short.

    Parameters
    ----------
    day : date
    months : int
        Negative for months before.

    Examples
    --------
    >>> months_after(date(2026, 8, 31), 6), months_after(date(2026, 3, 31), -1)
    (datetime.date(2027, 2, 28), datetime.date(2026, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
