"""Read-and-understood receipts: who has read exactly which file of which revision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from qms.documents.control import effective_revisions
from qms.documents.document import Document
from qms.documents.revision import Revision
from qms.errors import RecordError, UnknownError
from qms.lifecycle import Circumstances, LifeCycle, Reason
from qms.organisation import Person
from qms.record import Id, Moment, Record, Sha256

if TYPE_CHECKING:
    from qms.change import Change
    from qms.store import Store


class Receipt(Record):
    """That a person has read and understood a revision; its reference is such as ``SOP-012.sq.r3.a.hoxha``.

    Attributes
    ----------
    person : str
        Id of whoever read it.
    revision : str
        Id of the revision.
    sha256 : str
        Hash of the file that was read.
    read_at : datetime

    Notes
    -----
    A record of its own, so that people who sign at the same time do not wait for each other. One person signs one
    revision once: the reference is taken then.
    """

    kind: ClassVar[str] = "receipt"

    person: Id
    revision: Id
    sha256: Sha256
    read_at: Moment


def sign(change: Change, revision: Revision, *, sha256: str) -> Receipt:
    """Keep that the person who makes the change has read and understood a revision.

    Parameters
    ----------
    change : Change
    revision : Revision
    sha256 : str
        Hash of the file that the person had before them.

    Raises
    ------
    RefusedError
        If the revision is neither approved nor effective, or its file is another.
    RecordError
        If the person has signed it before, or the reference of both is too long.
    """
    person = change.get(Person, change.by)
    ref = f"{revision.ref}.{person.ref}"
    if len(ref) > 60:
        raise RecordError(f"{ref} is too long for a reference; give {person.name} a shorter handle.")
    receipt = Receipt(
        unit=revision.unit, ref=ref, person=person.id, revision=revision.id, sha256=sha256, read_at=change.at
    )
    try:
        before = change.get(Receipt, ref, unit=revision.unit)
    except UnknownError:
        return change.add(receipt)
    raise RecordError(f"{person.name} signed on {before.read_at:%Y-%m-%d} already that they read {revision.ref}.")


def unread(store: Store, document: Document) -> tuple[Person, ...]:
    """Return who of the distribution list has not read what is in force, by name.

    Notes
    -----
    Any language will do, but not a translation of an earlier master: that says something else. Where nothing is in
    force there is nothing to read.
    """
    held = effective_revisions(store, document)
    master = held.get(document.language)
    if master is None:
        return ()
    files = {
        each.id: each.attachment.sha256 for each in held.values() if each is master or each.master == master.id
    }
    readers = {
        receipt.person
        for revision, digest in files.items()
        for receipt in store.find(Receipt, linked_to=revision)
        if receipt.revision == revision and receipt.sha256 == digest
    }
    missing = [store.get(Person, each) for each in document.distribution if each not in readers]
    return tuple(sorted(missing, key=lambda each: each.name))


def _of_what_was_read(receipt: Receipt, circumstances: Circumstances) -> Iterator[Reason]:
    revision = next((each for each in circumstances.of(Revision) if each.id == receipt.revision), None)
    if revision is None:
        yield Reason("no-revision", "what it names as the revision that was read is none", {})
        return
    if receipt.sha256 != revision.attachment.sha256:
        yield Reason(
            "other-file",
            "the file that was read has the hash {found}; {revision} has {expected}. Read that one",
            {
                "found": receipt.sha256[:16],
                "revision": revision.ref,
                "expected": revision.attachment.sha256[:16],
            },
        )
    new = circumstances.before is None and not receipt.version
    if revision.approved is None or (new and revision.status not in ("approved", "effective")):
        yield Reason(
            "not-to-be-read",
            "{revision} is {state}; one signs for revisions that are approved or effective",
            {"revision": revision.ref, "state": revision.status},
        )
    if new and circumstances.actor != receipt.person:
        yield Reason("signed-for-another", "nobody signs for somebody else", {})
    if new and receipt.read_at != circumstances.at:
        yield Reason(
            "read-otherwise", "it is dated {day}; one signs when one reads", {"day": str(receipt.read_at)}
        )
    if revision.approved and receipt.read_at < revision.approved.at:
        yield Reason(
            "read-before-approval",
            "it says that it was read on {day}, before {revision} was approved",
            {"day": str(receipt.read_at), "revision": revision.ref},
        )
    if receipt.read_at > circumstances.at:
        yield Reason(
            "read-later",
            "it says that it was read on {day}, which is still to come",
            {"day": str(receipt.read_at)},
        )


RECEIPT = LifeCycle(
    name="receipt", initial="signed", final=("signed",), transitions=(), demands={"signed": (_of_what_was_read,)}
)
