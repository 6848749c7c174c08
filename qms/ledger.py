"""The memory of a store: events that are only ever added, each with the hash of the one before.

An event says who changed which record, when and why, what each changed field was before and after, and the hash
of the whole record afterwards. What is hashed is its canonical JSON (RFC 8785); the hash of the event before is
one of its fields. Whoever changes, inserts, reorders or leaves out an event in the middle breaks the chain
there.

Limits
------
The chain proves later change, not truth of entry. Whoever holds the file can rewrite the whole chain or cut off
its end; that shows only where a head was printed, signed (`qms.exchange.checkpoint`) or kept elsewhere. Who
acted is who said so: the store does not know passwords. That what an event calls the change leads to the state
whose hash it keeps is asked by a thorough check (`qms.verification`), whenever a record is rebuilt, and before a
copy from elsewhere is taken in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict

from qms.record import canonical, sha256

BEGINNING = "0" * 64
"""What stands in the first event for the hash of the one before."""
ABSENT = object()


class Head(NamedTuple):
    """How long a ledger is and the hash of its last event; what a report prints.

    Examples
    --------
    >>> str(Head(12, "a4" * 32))
    '12:a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4'
    """

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of one record.

    Attributes
    ----------
    seq : int
        1 for the first event of the store.
    change : str
        Id that the events of one change share.
    at : str
        When, ISO 8601 in UTC.
    by : str
        Id of the person.
    act : str
        ``"add"``, ``"edit"``, ``"merge"`` or the act of a life cycle.
    kind, record : str
        Kind and id of the record.
    version : int
        Version of the record afterwards.
    patch : tuple of mapping
        Every changed place: ``at`` (JSON pointer), ``old`` unless it was absent, ``new`` unless it is gone.
    state : str
        SHA-256 of the canonical JSON of the whole record afterwards.
    why : str
    previous : str
        Hash of the event before.
    """

    seq: int
    change: str
    at: str
    by: str
    act: str
    kind: str
    record: str
    version: int
    patch: tuple[Mapping[str, Any], ...]
    state: str
    why: str
    previous: str

    def body(self) -> bytes:
        """Return the canonical JSON that is hashed and kept."""
        return canonical({**{name: getattr(self, name) for name in self.__slots__}, "patch": list(self.patch)})

    @property
    def moment(self) -> datetime:
        """When, as a time in UTC."""
        return datetime.fromisoformat(self.at)


FIELDS = frozenset(Event.__slots__)


class Step(TypedDict):
    """What one event must say for the next to follow from it; its hash alone answers for the rest."""

    __pydantic_config__ = ConfigDict(strict=True)  # type: ignore[misc]

    seq: int
    record: str
    at: str
    kind: str
    version: int
    state: str
    previous: str


_STEP = TypeAdapter(Step)


def read_event(body: str | bytes) -> Event:
    """Return the event that a canonical JSON text holds.

    Raises
    ------
    ValueError
        If it holds none.
    """
    fields = json.loads(body)
    if not isinstance(fields, dict) or fields.keys() != FIELDS or not isinstance(fields["patch"], list):
        raise ValueError("this is not an event of a ledger")
    return Event(**{**fields, "patch": tuple(fields["patch"])})


def kept_bytes(body: object) -> bytes:
    """Return the bytes of a text as a database keeps it, whatever became of them there."""
    return body.encode("utf-8", "surrogateescape") if isinstance(body, str) else repr(body).encode()


def stamp(moment: datetime) -> str:
    """Write a time as events keep it: UTC, milliseconds, ``Z``.

    Examples
    --------
    >>> stamp(datetime(2026, 3, 1, 9, 30, tzinfo=UTC))
    '2026-03-01T09:30:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def difference(before: Any, after: Any, at: str = "") -> list[dict[str, Any]]:
    """Return what changed between two JSON values, as a list that `applied` can repeat.

    Lists are compared place by place; what is longer has its rest added or taken away at the end.

    Examples
    --------
    >>> difference({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3, 4]})
    [{'at': '/b/1', 'old': 2, 'new': 3}, {'at': '/b/2', 'new': 4}]
    """
    if isinstance(before, dict) and isinstance(after, dict):
        names: Iterable[Any] = sorted(before.keys() | after.keys())
        pairs = [(name, before.get(name, ABSENT), after.get(name, ABSENT)) for name in names]
    elif isinstance(before, list) and isinstance(after, list):
        both = min(len(before), len(after))
        pairs = [(index, before[index], after[index]) for index in range(both)]
        pairs += [(index, before[index], ABSENT) for index in reversed(range(both, len(before)))]
        pairs += [(index, ABSENT, after[index]) for index in range(both, len(after))]
    elif type(before) is type(after) and before == after:
        return []
    else:
        change = {"at": at, "old": before, "new": after}
        return [{name: value for name, value in change.items() if value is not ABSENT}]
    return [each for name, old, new in pairs for each in difference(old, new, f"{at}/{_escaped(name)}")]


def applied(value: Any, patch: Iterable[Mapping[str, Any]]) -> Any:
    """Return a JSON value after a patch.

    Raises
    ------
    ValueError
        If the patch does not fit the value: what it calls old is not there.

    Examples
    --------
    >>> applied({"a": 1, "b": [1, 2]}, difference({"a": 1, "b": [1, 2]}, {"b": []}))
    {'b': []}
    """
    return repeated(json.loads(json.dumps(value)), patch)


def repeated(value: Any, patch: Iterable[Mapping[str, Any]]) -> Any:
    """Do what `applied` does in the value itself, and with the parts of the patch."""
    for each in patch:
        try:
            names = [part.replace("~1", "/").replace("~0", "~") for part in each["at"].split("/")[1:]]
            if not names:
                value = each.get("new")
                continue
            place = value
            for name in names[:-1]:
                place = place[_key(place, name)]
            _put(place, names[-1], each)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f"the change {each} does not fit what was there") from error
    return value


def _put(place: Any, name: str, change: Mapping[str, Any]) -> None:
    key = _key(place, name)
    there = key < len(place) if isinstance(place, list) else key in place
    found = place[key] if there else ABSENT
    if (found is not ABSENT and found != change.get("old", ABSENT)) or (found is ABSENT and "old" in change):
        raise ValueError("not what was there")
    if "new" not in change:
        del place[key]
    elif isinstance(place, list) and not there:
        place.append(change["new"])
    else:
        place[key] = change["new"]


def _key(place: Any, name: str) -> Any:
    """Return what a part of a pointer is called in a value: in a list its place, at most one beyond the end."""
    if not isinstance(place, list):
        return name
    if not name.isdecimal() or int(name) > len(place):
        raise ValueError("no such place")
    return int(name)


def _escaped(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a store.

    Attributes
    ----------
    where : str
        Such as ``"event 412"``, ``"finding NC-2026-014"`` or ``"file 3fa4..."``.
    what : str
        What was found there and what was expected.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What came of checking a store; false if anything is wrong.

    Attributes
    ----------
    head : Head
        The last event that the chain holds up to.
    records, files : int
        How many were checked.
    problems : tuple of Problem
        In the order of the ledger; the first one names the first broken event.
    notes : tuple of str
        What is odd but breaks nothing, such as a clock that went back.
    """

    head: Head
    records: int
    files: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.problems


@dataclass(slots=True)
class Chain:
    """Checks events one after the other and remembers the last state of every record.

    Attributes
    ----------
    head : Head
        The last event that fits.
    states : dict
        Id of a record to kind, version and hash of its last state.
    heads : dict
        Wanted numbers of events to their hashes, for checkpoints.
    problem : Problem or None
        The first broken event; checking ends there.
    """

    head: Head
    states: dict[str, tuple[str, int, str]]
    problem: Problem | None
    latest: str
    clock_back: list[int]

    def __init__(self) -> None:
        self.head = Head(0, BEGINNING)
        self.states = {}
        self.problem = None
        self.latest = ""
        self.clock_back = []

    def follow(self, seq: int, record: str, at: str, body: str, digest: str) -> bool:
        """Take the next row of the ledger; return whether it fits.

        Parameters
        ----------
        seq, record, at : int, str, str
            What the columns say that the event is found by.
        body : str
            Its canonical JSON.
        digest : str
            Its hash as kept.
        """
        wrong = self._wrong(seq, record, at, body, digest)
        if wrong:
            self.problem = Problem(f"event {self.head.seq + 1}", wrong)
            return False
        self.head = Head(seq, digest)
        return True

    def _wrong(self, seq: int, record: str, at: str, body: str, digest: str) -> str:
        expected = self.head.seq + 1
        if seq != expected:
            return f"it is missing; the ledger goes on with event {seq}"
        kept = kept_bytes(body)
        if sha256(kept) != digest:
            return "its text does not have the hash that is kept with it; one of the two was changed"
        try:
            step = _STEP.validate_json(kept)
        except ValueError:
            return "its text is not that of an event"
        if step["previous"] != self.head.hash:
            return f"it does not follow from event {seq - 1}: one of the two was put there later"
        if (step["seq"], step["record"], step["at"]) != (seq, record, at):
            return "number, record or time in the table are not those in its text"
        before = self.states.get(record)
        if step["version"] != (before[1] if before else 0) + 1:
            return f"it makes version {step['version']} of a record that was at {before[1] if before else 0}"
        self.states[record] = (step["kind"], step["version"], step["state"])
        if at < self.latest:
            self.clock_back.append(seq)
        else:
            self.latest = at
        return ""


def rebuilt(events: Iterable[Event], until: datetime | None = None) -> dict[str, Any] | None:
    """Return a record, as JSON values, as it was at a time, or None if there was none yet.

    Parameters
    ----------
    events : iterable of Event
        All events of the record, oldest first.
    until : datetime, optional
        The last moment that counts; the newest state if left out.

    Raises
    ------
    ValueError
        If the events do not give the state that they say they do.
    """
    value: Any = {}
    state = ""
    for event in events:
        if until is not None and event.moment > until:
            break
        value, state = applied(value, event.patch), event.state
    if state and sha256(canonical(value)) != state:
        raise ValueError("the events of the record do not give the state whose hash they keep")
    return value if state else None
