"""Whether evidence counts on a day: accepted, not expired, and speaking of no later time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from qms.evidence.evidence import Evidence
from qms.lifecycle import Reason

SOON = timedelta(days=90)
"""How long before its expiry evidence is called expiring."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether evidence counts on a day; false, with every reason, if it does not.

    Attributes
    ----------
    state : str
        That of its life cycle, or ``"expiring"`` or ``"expired"`` on that day.
    reasons : tuple of Reason
    """

    state: str
    reasons: tuple[Reason, ...] = ()

    def __bool__(self) -> bool:
        return not self.reasons

    def __str__(self) -> str:
        return "; ".join(map(str, self.reasons)) or f"it counts ({self.state})"


def counts_for(evidence: Evidence, day: date, *, since: date | None = None) -> Standing:
    """Say whether evidence counts when it is relied on, on a day.

    Parameters
    ----------
    evidence : Evidence
    day : date
        The day on which it is relied on: it has to be accepted, not expired, and to speak of no later time.
    since : date, optional
        With it, the evidence also has to speak for some day from then to `day`.

    Examples
    --------
    >>> from qms.record import Text
    >>> log = Evidence(
    ...     unit="AL-TIR", type="record", title=Text.of("Swab log", "en"), status="accepted",
    ...     effective_from=date(2026, 1, 1), effective_to=date(2026, 3, 31), expires=date(2027, 3, 31),
    ... )
    >>> bool(counts_for(log, date(2026, 11, 1))), counts_for(log, date(2027, 3, 1)).state
    (True, 'expiring')
    >>> print(counts_for(log, date(2027, 4, 1)))
    it expired on 2027-03-31
    >>> print(counts_for(log, date(2026, 11, 1), since=date(2026, 7, 1)))
    it speaks for 2026-01-01 to 2026-03-31, not for 2026-07-01 to 2026-11-01
    """
    return Standing(state_on(evidence, day), tuple(_against(evidence, day, since)))


def state_on(evidence: Evidence, day: date) -> str:
    """Return the state that evidence is in on a day: that of its life cycle, ``"expiring"`` or ``"expired"``."""
    if evidence.status not in ("received", "accepted") or evidence.expires is None:
        return evidence.status
    if evidence.expires < day:
        return "expired"
    return "expiring" if evidence.status == "accepted" and evidence.expires - day <= SOON else evidence.status


def _against(evidence: Evidence, day: date, since: date | None) -> Iterator[Reason]:
    if evidence.status != "accepted":
        yield Reason("not-accepted", "it is {state}, not accepted", {"state": evidence.status or "new"})
    if evidence.expires and evidence.expires < day:
        yield Reason("expired", "it expired on {day}", {"day": str(evidence.expires)})
    begin, end = evidence.effective_from, evidence.effective_to
    if begin is None:
        yield Reason("without-period", "nothing says for which period it speaks", {})
    elif begin > day or (since and end and end < since):
        asked = f"{since} to {day}" if since else f"{day}"
        period = f"{begin} to {end}" if end else f"{begin} and after"
        yield Reason("other-period", "it speaks for {period}, not for {asked}", {"period": period, "asked": asked})
