"""Who has to see to a record, who owned it before, and the rule that nobody verifies or closes what is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from qms.errors import RefusedError
from qms.lifecycle import Circumstances, Guard, Reason, Signed, Transition, staying
from qms.organisation import Person
from qms.record import Id, Link, Record, Words

if TYPE_CHECKING:
    from qms.change import Change


class Owned(Record):
    """A record that somebody has to see to.

    Attributes
    ----------
    owner : str, optional
        Id of the person.
    previous_owners : tuple of str
        Ids of whoever owned it before; `hand_over` keeps them.
    """

    owner: Id | None = None
    previous_owners: tuple[Id, ...] = ()

    @property
    def owners(self) -> frozenset[str]:
        """Everybody who owns it or did."""
        return frozenset(filter(None, (self.owner, *self.previous_owners)))


class Verification(Signed):
    """That somebody looked whether a thing was done: how, with what result, on what evidence."""

    how: Words
    result: Literal["passed", "failed"]
    evidence: tuple[Link, ...] = ()


class Verified(Owned):
    """A record that somebody who does not own it has to verify.

    Attributes
    ----------
    finished : Signed, optional
        Who said last that it is done, and when.
    verifications : tuple of Verification
        Oldest first; the last one counts.
    """

    finished: Signed | None = None
    verifications: tuple[Verification, ...] = ()

    @property
    def verification(self) -> Verification | None:
        """The last verification, if there is one."""
        return self.verifications[-1] if self.verifications else None

    @property
    def doers(self) -> frozenset[str]:
        """Everybody who owns it or did, and whoever said that it is done."""
        return self.owners | ({self.finished.by} if self.finished else set())


Held = TypeVar("Held", bound=Owned)


def hand_over(change: Change, record: Held, to: str) -> Held:
    """Give an action or a finding to another owner; whoever owned it stays barred from verifying it.

    Parameters
    ----------
    change : Change
        Its ``why`` is the reason; it may not be empty.
    record : Action or Finding
    to : str
        Id of the person.

    Raises
    ------
    RefusedError
        If nobody owns it yet, it is at its end, or no reason is given.
    """
    if record.owner is None:
        why = Reason("never-owned", "nobody owns it yet; set the owner by an edit", {})
        raise RefusedError(f"{record.ref}: cannot hand over", [why])
    return change.advance(record, "hand_over", owner=to, previous_owners=(*record.previous_owners, record.owner))


def hand_over_rows(states: Iterable[str]) -> tuple[Transition, ...]:
    """Return the rows of a life cycle by which `hand_over` takes its step in some states."""
    return staying(
        states,
        act="hand_over",
        guards=(needs_owner, _to_somebody_else),
        needs_why=True,
        records=("owner", "previous_owners"),
        meaning="somebody else owns it",
    )


def not_the_owner(record: Owned, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a step that the owner of the record, or whoever owned it before, takes alone."""
    before = circumstances.before
    owners = record.owners | (before.owners if isinstance(before, Owned) else frozenset())
    if circumstances.actor in owners:
        yield Reason("own-record", "whoever owns it, or did, may not do this; somebody else has to", {})


def not_who_did_it(record: Verified, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a step that an owner, or whoever said that it is done, takes alone."""
    own = tuple(not_the_owner(record, circumstances))
    yield from own
    if not own and circumstances.actor in record.doers:
        yield Reason("own-work", "whoever said that it is done may not do this; somebody else has to", {})


def changes_by_other(
    names: Sequence[str], before: Owned, after: Owned, circumstances: Circumstances
) -> Iterator[Reason]:
    """Refuse to change some fields without a reason, or by the owner."""
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    if not changed:
        return
    if not circumstances.why.strip():
        values = {"state": before.status, "fields": ", ".join(changed)}
        yield Reason("without-why", "it is {state}; say why {fields} should change", values)
    yield from not_the_owner(after, circumstances)


def needs_owner(record: Owned, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a record that nobody owns."""
    if record.owner is None:
        yield Reason("without-owner", "nobody owns it; set its owner", {})


def owner_is_active(record: Owned, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse to make somebody the owner who is no longer active."""
    before = circumstances.before
    if circumstances.merging or (isinstance(before, Owned) and before.owner == record.owner):
        return
    for each in circumstances.of(Person):
        if each.id == record.owner and not each.active:
            template = "{name} is no longer active here and cannot own it; name somebody else"
            yield Reason("owner-inactive", template, {"name": each.name})


def _to_somebody_else(record: Owned, circumstances: Circumstances) -> Iterator[Reason]:
    before = circumstances.before
    if isinstance(before, Owned) and before.owner is not None and before.owner == record.owner:
        yield Reason("same-owner", "it is owned by that person already; say to whom else it goes", {})


def keeps_owners(initial: str) -> Guard:
    """Return a guard that refuses a change of owner, after the initial state, that forgets who it was before."""

    def guard(record: Owned, circumstances: Circumstances) -> Iterator[Reason]:
        before = circumstances.before
        if not isinstance(before, Owned) or before.status == initial:
            return
        known = before.previous_owners
        if record.owner != before.owner and before.owner is not None:
            known = (*known, before.owner)
        if not still_holds(record.previous_owners, known, circumstances):
            yield Reason("owner-not-kept", "hand it over by the step, which keeps who owned it before", {})

    return guard


def still_holds(now: Sequence[object], held: Sequence[object], circumstances: Circumstances) -> bool:
    """Return whether a list holds all that it held; at its beginning, unless another copy added to it too."""
    if circumstances.merging:
        return all(each in now for each in held)
    return now[: len(held)] == held


def keeps(field: str) -> Guard:
    """Return a guard that refuses to drop or to change what a list of the record holds already."""

    def guard(record: Record, circumstances: Circumstances) -> Iterator[Reason]:
        held = getattr(circumstances.before, field, ())
        if not still_holds(getattr(record, field), held, circumstances):
            yield Reason(
                "history-lost", "{field} may only grow; nothing in it is dropped or changed", {"field": field}
            )

    return guard


def adds_verification(result: Literal["passed", "failed"]) -> Guard:
    """Return a guard that wants one more verification, with this result, by whoever takes the step."""

    def guard(record: Verified, circumstances: Circumstances) -> Iterator[Reason]:
        earlier = getattr(circumstances.before, "verifications", record.verifications[:-1])
        if len(record.verifications) != len(earlier) + 1:
            yield Reason("not-verified", "add one verification: how it was verified, and with what result", {})
            return
        last = record.verifications[-1]
        if last.result != result:
            values = {"wanted": result, "found": last.result}
            yield Reason("wrong-result", "this step is for a verification that {wanted}; this one {found}", values)
        yield from signed_now(last, "verification", circumstances)

    return guard


def is_verified(record: Verified, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a record whose last verification did not pass, or was made by somebody who owns it or did."""
    last = record.verification
    if last is None or last.result != "passed":
        yield Reason("not-verified", "nobody has verified that it was done; verify it first", {})
    elif last.by in record.owners:
        yield Reason(
            "verified-by-owner", "it was verified by somebody who owns it or did; somebody else has to", {}
        )
    elif last.by in record.doers:
        yield Reason(
            "verified-by-doer", "it was verified by whoever said that it is done; somebody else has to", {}
        )


def signed_now(signed: Signed, what: str, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse what is said to be done by somebody else than who acts, or at another time than that of the step."""
    if signed.by != circumstances.actor:
        yield Reason("signed-for-other", "the {what} must be recorded by whoever did it", {"what": what})
    if signed.at != circumstances.at:
        values = {"what": what, "at": signed.at, "now": circumstances.at}
        yield Reason("not-now", "the {what} is dated {at}; it counts from when it is recorded, {now}", values)


def not_in_future(*fields: str) -> Guard:
    """Return a guard that refuses whatever in these lists is signed later than now."""

    def guard(record: Record, circumstances: Circumstances) -> Iterator[Reason]:
        for field in fields:
            for each in getattr(record, field):
                if each.at > circumstances.at:
                    values = {"field": field, "at": each.at}
                    yield Reason("in-future", "one of its {field} is dated in the future, {at}", values)

    return guard
