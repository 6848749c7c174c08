"""The clock of a story: it stands still until somebody moves it, and never goes back."""

from __future__ import annotations

from datetime import UTC, datetime

from qms.errors import RecordError


class StoryClock:
    """A clock for a store whose records tell a story of another time.

    Parameters
    ----------
    start : datetime, optional
        The time that it shows first; long ago if left out.

    Examples
    --------
    >>> clock = StoryClock()
    >>> clock.move(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    >>> clock().isoformat()
    '2026-03-02T09:30:00+00:00'
    """

    def __init__(self, start: datetime = datetime(1970, 1, 1, tzinfo=UTC)) -> None:
        self._now = start

    def __call__(self) -> datetime:
        """Return the time that it shows."""
        return self._now

    def move(self, to: datetime) -> None:
        """Show another time.

        Raises
        ------
        RecordError
            If that is before the time that it shows.
        """
        if to < self._now:
            raise RecordError(f"The clock shows {self._now} and cannot go back to {to}. Tell the story in order.")
        self._now = to
