"""Life cycles as tables: which act leads from which state to which, and what must hold before it may.

A life cycle is data and pure functions; nothing here reads a store. A guard is given the record as it would be
after the step and the circumstances, and yields every reason against it, so that a person learns at once all
that is missing. What a state demands (`LifeCycle.demands`) is checked whenever a record in it is written, by
whatever way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from qms.record import Id, Moment, Part, Record

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason against a step: a code for programs and a sentence for people.

    Attributes
    ----------
    code : str
        Stable, such as ``"nonconformity-without-evidence"``.
    template : str
        English sentence with ``{name}`` fields; a catalogue may translate it.
    values : mapping
        What stands in the fields.

    Examples
    --------
    >>> str(Reason("too-early", "the review may not be before {day}", {"day": "2026-09-01"}))
    'the review may not be before 2026-09-01'
    """

    code: str
    template: str
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def __str__(self) -> str:
        return self.template.format(**self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Who acts, when and why, and the records that are linked with the one in question.

    Attributes
    ----------
    actor : str
        Id of the person who acts.
    at : datetime
        When, UTC.
    why : str
        What the person says about it.
    related : tuple of Record
        Records that this one names and those that name it.
    before : Record or None
        The record as it was before.
    merging : bool
        Whether the record comes from another copy of the store, with what was added there.
    """

    actor: str
    at: datetime
    why: str = ""
    related: tuple[Record, ...] = ()
    before: Record | None = None
    merging: bool = False

    @property
    def today(self) -> date:
        """The day of the step, UTC."""
        return self.at.date()

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """Return the related records of one kind."""
        return tuple(each for each in self.related if isinstance(each, kind))


class Signed(Part):
    """Who took a step, and when."""

    by: Id
    at: Moment


Guard = Callable[[Any, Circumstances], Iterable[Reason]]
"""Given the record as it would be and the circumstances, yields the reasons against it."""
EditGuard = Callable[[Any, Any, Circumstances], Iterable[Reason]]
"""Given the record before, the record after and the circumstances, yields the reasons against an edit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row of a table: the act that leads from some states to another, and its guards.

    Attributes
    ----------
    act : str
        Verb, such as ``"issue"``; what a person types.
    sources : tuple of str
    target : str
    guards : tuple of callables
    needs_why : bool
        Whether a reason must be given with it.
    records : tuple of str, optional
        The only fields that the act may change; left out, it may change any but those that only steps record.
    signs : str
        Field in which the step itself keeps who took it and when (`Signed`).
    meaning : str
        What the act says, in a few words for lists and help.
    """

    act: str
    sources: tuple[str, ...]
    target: str
    guards: tuple[Guard, ...] = ()
    needs_why: bool = False
    records: tuple[str, ...] | None = None
    signs: str = ""
    meaning: str = ""


def staying(states: Iterable[str], **row: Any) -> tuple[Transition, ...]:
    """Return a row for each of some states, of an act that leaves the record in the state it is in.

    Examples
    --------
    >>> [(each.sources, each.target) for each in staying(("open", "ajar"), act="paint")]
    [(('open',), 'open'), (('ajar',), 'ajar')]
    """
    return tuple(Transition(sources=(state,), target=state, **row) for state in states)


@dataclass(frozen=True, slots=True)
class Refused:
    """That a step is not allowed, with every reason; false where a truth value is asked for."""

    reasons: tuple[Reason, ...]

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Unmet:
    """What the state of a record from another copy demands and the record lacks."""

    record: Record
    reason: Reason

    @property
    def code(self) -> str:
        """Code of the reason."""
        return self.reason.code

    def __str__(self) -> str:
        return f"{self.record.kind} {self.record.ref}: {self.reason}"


def left_behind(neighbour: Record, reason: Reason) -> Reason:
    """Return the reason against a record beside which a linked one could not stay in its state."""
    return Reason(
        "left-behind",
        "with it {kind} {ref} could not stay as it is here: {reason}",
        {"kind": neighbour.kind, "ref": neighbour.ref, "reason": str(reason)},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeCycle:
    """The table of one kind of record.

    Attributes
    ----------
    name : str
    initial : str
    final : tuple of str
        States that nothing leads out of; a record in one can only be read and labelled.
    transitions : tuple of Transition
        One act may have several rows, from different states.
    demands : mapping of str to tuple of guards
        What must hold of a record in a state, whichever way it came there.
    edits : tuple of callables
        What an edit that is no step must respect.
    """

    name: str
    initial: str
    final: tuple[str, ...]
    transitions: tuple[Transition, ...]
    demands: Mapping[str, tuple[Guard, ...]] = field(default_factory=lambda: MappingProxyType({}))
    edits: tuple[EditGuard, ...] = ()

    @property
    def states(self) -> tuple[str, ...]:
        """All states, in the order in which the table names them."""
        named = [self.initial]
        for row in self.transitions:
            named += [*row.sources, row.target]
        return tuple(dict.fromkeys(named))

    def rows_from(self, state: str) -> tuple[Transition, ...]:
        """Return the rows that lead out of a state."""
        return tuple(row for row in self.transitions if state in row.sources)

    def row(self, state: str, act: str) -> Transition | None:
        """Return the row of an act in a state, or None."""
        return next((row for row in self.rows_from(state) if row.act == act), None)

    def step(self, record: R, act: str, circumstances: Circumstances) -> R | Refused:
        """Return the record in its next state, or every reason why the act is refused.

        Parameters
        ----------
        record : Record
            As it would be after the step but for its status; what the act records is already in it.
        act : str
        circumstances : Circumstances

        Examples
        --------
        >>> door = LifeCycle(name="door", initial="open", final=("locked",), transitions=(
        ...     Transition(act="lock", sources=("open",), target="locked"),))
        >>> note = Record(unit="AL-TIR", status="open")
        >>> now = Circumstances(actor=note.id, at=datetime(2026, 3, 1))
        >>> door.step(note, "lock", now).status
        'locked'
        >>> str(door.step(note, "paint", now).reasons[0])
        'from "open" one can lock; there is no "paint"'
        """
        before = circumstances.before
        if before is not None and record.status != before.status:
            return Refused((self._status_by_edit(before.status),))
        row = self.row(record.status, act)
        if row is None:
            return Refused((self._no_such_act(record.status, act),))
        signed = {row.signs: Signed(by=circumstances.actor, at=circumstances.at)} if row.signs else {}
        moved = record.revised(status=row.target, **signed)
        reasons = [*_when_silent(row, circumstances), *self._beside(row, record, before)]
        for guard in (*row.guards, *self.demands.get(row.target, ())):
            reasons += guard(moved, circumstances)
        return Refused(tuple(dict.fromkeys(reasons))) if reasons else moved

    def against_new(self, record: Record) -> tuple[Reason, ...]:
        """Return a reason for every field that only a step records and that a new record brings along."""
        fields = type(record).model_fields
        return tuple(
            Reason("step-field", "{field} is recorded by a step, not when it is new", {"field": name})
            for name in sorted(record.STEP_FIELDS)
            if getattr(record, name) != fields[name].get_default(call_default_factory=True)
        )

    def against_edit(self, before: R, after: R, circumstances: Circumstances) -> tuple[Reason, ...]:
        """Return every reason against writing a record that is changed otherwise than by a step."""
        return tuple(self._against_edit(before, after, circumstances))

    def unmet(self, record: Record, circumstances: Circumstances) -> tuple[Reason, ...]:
        """Return what the state of a record demands and the record lacks."""
        if record.status not in self.states:
            known = ", ".join(self.states)
            return (
                Reason(
                    "unknown-state",
                    "there is no state {state!r}; there are {known}",
                    {"state": record.status, "known": known},
                ),
            )
        return tuple(
            reason for guard in self.demands.get(record.status, ()) for reason in guard(record, circumstances)
        )

    def _against_edit(self, before: R, after: R, circumstances: Circumstances) -> Iterator[Reason]:
        if after.status != before.status:
            yield self._status_by_edit(before.status)
        changed = _changed(before, after)
        for name in sorted(changed & after.STEP_FIELDS):
            yield Reason("step-field", "{field} is recorded by a step, not by an edit", {"field": name})
        if before.status in self.final and changed - {"labels", "status"}:
            yield Reason(
                "final", "it is {state}, which is final; open a new record instead", {"state": before.status}
            )
        for edit in self.edits:
            yield from edit(before, after, circumstances)
        yield from self.unmet(after.revised(status=before.status), circumstances)

    def _beside(self, row: Transition, after: Record, before: Record | None) -> Iterator[Reason]:
        if before is None:
            return
        beside = _changed(before, after)
        beside = beside & after.STEP_FIELDS if row.records is None else beside - set(row.records)
        for name in sorted(beside):
            yield Reason("not-recorded", "{act} does not change {field}", {"act": row.act, "field": name})

    def _acts(self, state: str) -> str:
        return ", ".join(dict.fromkeys(row.act for row in self.rows_from(state))) or "do nothing more"

    def _status_by_edit(self, state: str) -> Reason:
        return Reason(
            "status-by-edit", "only a step changes the status; one can {acts}", {"acts": self._acts(state)}
        )

    def _no_such_act(self, state: str, act: str) -> Reason:
        sources = dict.fromkeys(source for row in self.transitions if row.act == act for source in row.sources)
        if sources:
            return Reason(
                "no-such-act",
                'from "{state}" one can {acts}; "{act}" is for what is {sources}',
                {"state": state, "acts": self._acts(state), "act": act, "sources": ", ".join(sources)},
            )
        return Reason(
            "no-such-act",
            'from "{state}" one can {acts}; there is no "{act}"',
            {"state": state, "acts": self._acts(state), "act": act},
        )


Lookup = Callable[[str], Record | None]
"""Returns the record with an id as it is kept, or None."""


def nothing_against(record: Record, lookup: Lookup) -> Iterable[Reason]:
    """Allow every record."""
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record as a store keeps it.

    Attributes
    ----------
    model : type
    cycle : LifeCycle, optional
    against : callable
        Given a record that is to be kept, whichever way, and a `Lookup` of others, yields the reasons against it;
        for what shows only in records beyond those that it is linked with.
    """

    model: type[Record]
    cycle: LifeCycle | None = None
    against: Callable[[Any, Lookup], Iterable[Reason]] = nothing_against

    @property
    def name(self) -> str:
        """The name of the kind, such as ``"finding"``."""
        return self.model.kind


def _changed(before: Record, after: Record) -> set[str]:
    return {name for name in type(after).model_fields if getattr(after, name) != getattr(before, name)}


def _when_silent(row: Transition, circumstances: Circumstances) -> Iterator[Reason]:
    if row.needs_why and not circumstances.why.strip():
        yield Reason("without-why", "it needs a reason: say why", {})
