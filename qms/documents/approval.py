"""The life cycle of a revision: drafted, reviewed, approved, in force, superseded.

Whoever wrote it submits it; its reviewer and then its approver sign it, and neither of them wrote any of it. To
put an approved revision in force is clerical, and asks nothing of the person.

Every revision names all earlier ones in its language, and references are unique, so that the circumstances of a
step hold all revisions of the series; at most one of them is effective, whichever way they are written.
"""

from __future__ import annotations

from collections.abc import Iterator

from qms.documents.document import Document
from qms.documents.revision import Revision
from qms.lifecycle import Circumstances, Guard, LifeCycle, Reason, Transition
from qms.organisation import name_of

WRITABLE = ("draft", "changes_requested")
"""States in which the words may still change."""
APPROVED = ("approved", "effective", "superseded", "obsolete")
WAS_IN_FORCE = ("effective", "superseded", "obsolete")


def same_series(revision: Revision, circumstances: Circumstances) -> tuple[Revision, ...]:
    """Return the other revisions of the same document in the same language."""
    return tuple(
        each
        for each in circumstances.of(Revision)
        if each.id != revision.id and (each.document, each.language) == (revision.document, revision.language)
    )


def _belongs(revision: Revision, circumstances: Circumstances) -> Iterator[Reason]:
    document = next((each for each in circumstances.of(Document) if each.id == revision.document), None)
    if document is None:
        yield Reason("without-document", "the record that it names as its document is none", {})
        return
    expected = f"{document.ref}.{revision.language}.r{revision.n}"
    if revision.ref != expected:
        yield Reason(
            "wrong-reference",
            "its reference is {found}; expected {expected}",
            {"found": revision.ref, "expected": expected},
        )
    if revision.unit != document.unit:
        yield Reason(
            "other-unit",
            "it is of unit {found}; {document} is of unit {expected}",
            {"found": revision.unit, "document": document.ref, "expected": document.unit},
        )
    if document.status == "discontinued" and revision.status not in ("superseded", "obsolete", "withdrawn"):
        yield Reason("discontinued", "{document} is discontinued; open a new document", {"document": document.ref})
    yield from _translates(revision, document, circumstances)
    numbers = {each.id: each.n for each in same_series(revision, circumstances)}
    if [numbers.get(each) for each in revision.earlier] != list(range(1, revision.n)):
        yield Reason(
            "wrong-earlier",
            "what it names as earlier revisions are not revisions 1 to {last} of {document} in {language}",
            {"last": revision.n - 1, "document": document.ref, "language": revision.language},
        )


def _translates(revision: Revision, document: Document, circumstances: Circumstances) -> Iterator[Reason]:
    words = {"document": document.ref, "master": document.language, "language": revision.language}
    if revision.master is None:
        if revision.language != document.language:
            yield Reason(
                "without-master",
                "the master of {document} is in {master}; say which revision this one in {language} translates",
                words,
            )
        return
    if revision.language == document.language:
        yield Reason(
            "master-translates", "a revision in {master}, the language of the master, translates none", words
        )
    master = next((each for each in circumstances.of(Revision) if each.id == revision.master), None)
    if master is None or master.document != document.id or master.language != document.language:
        found = master.ref if master else "no revision"
        yield Reason(
            "translates-another",
            "it translates {found}; expected a revision of {document} in {master}",
            {**words, "found": found},
        )


def _named_writer(revision: Revision, circumstances: Circumstances) -> Iterator[Reason]:
    if circumstances.before is None and not revision.version and circumstances.actor not in revision.writers:
        yield Reason("unnamed-writer", "whoever puts in a file is named among its writers", {})


def _by_another(role: str, verb: str) -> Guard:
    """Return a guard that refuses somebody in a role who wrote some of it."""

    def guard(revision: Revision, circumstances: Circumstances) -> Iterator[Reason]:
        person = getattr(revision, role)
        if person in revision.wrote:
            values = {"who": name_of(person, circumstances.related), "verb": verb, "role": role}
            yield Reason(f"author-{verb}s", "{who} wrote it and cannot {verb} it; name another {role}", values)

    return guard


def _keeps_words(before: Revision, after: Revision, circumstances: Circumstances) -> Iterator[Reason]:
    if before.status not in WRITABLE and after.content() != before.content():
        yield Reason(
            "words-changed",
            "what it says is fixed while it is {state}; have it returned to its author, or draft a new revision",
            {"state": before.status},
        )
    if after.author != before.author:
        yield Reason("role-changed", "its author is fixed since it was drafted", {"role": "author"})
    for role in ("reviewer", "approver") if before.status not in WRITABLE else ():
        if getattr(after, role) != getattr(before, role):
            yield Reason("role-changed", "its {role} is fixed since it was submitted", {"role": role})
    added = set(after.writers) - set(before.writers)
    if not set(before.writers) <= set(after.writers) or added - {circumstances.actor}:
        yield Reason("writers-changed", "who wrote it is only added to, each by themselves", {})
    wrote = (after.attachment, after.sections) != (before.attachment, before.sections)
    if wrote and circumstances.actor not in after.writers:
        yield Reason("unnamed-writer", "whoever puts in another file is named among its writers", {})
    if before.status in WAS_IN_FORCE and after.effective != before.effective:
        yield Reason(
            "effective-changed",
            "it has been in force since {day}; that day is fixed",
            {"day": str(before.effective)},
        )


def _alone(revision: Revision, circumstances: Circumstances) -> Iterator[Reason]:
    for other in same_series(revision, circumstances):
        if other.status == "effective":
            yield Reason(
                "two-effective",
                "{other} is effective in the same language; it has to be superseded in the same change",
                {"other": other.ref},
            )


def _not_before_approval(revision: Revision, _: Circumstances) -> Iterator[Reason]:
    if revision.approved is None:
        yield Reason("without-approval", "nobody is recorded to have approved it", {})
    elif revision.effective and revision.effective < revision.approved.at.date():
        yield Reason(
            "effective-before-approved",
            "it is to be effective on {day}, before it was approved on {approved}; give a later day",
            {"day": str(revision.effective), "approved": str(revision.approved.at.date())},
        )


def _in_force_by_now(revision: Revision, circumstances: Circumstances) -> Iterator[Reason]:
    if revision.effective is None:
        yield Reason("without-effective-day", "say since when it is effective", {})
    elif revision.effective > circumstances.today:
        yield Reason(
            "not-yet", "it is to be effective on {day}; that is still to come", {"day": str(revision.effective)}
        )


def _master_was_in_force(revision: Revision, circumstances: Circumstances) -> Iterator[Reason]:
    for each in circumstances.of(Revision):
        if each.id == revision.master and each.status not in WAS_IN_FORCE:
            yield Reason(
                "master-not-in-force",
                "it translates {master}, which is {state}; release that first",
                {"master": each.ref, "state": each.status},
            )


def _only(verb: str, *roles: str) -> Guard:
    """Return a guard that refuses a step to everybody but whom some fields of the revision name."""

    def guard(revision: Revision, circumstances: Circumstances) -> Iterator[Reason]:
        people = [one for role in roles for one in _people(getattr(revision, role))]
        if circumstances.actor not in people:
            names = (name_of(each, circumstances.related) for each in people)
            yield Reason(
                "not-in-role", "only {who} {verb} it", {"who": " or ".join(dict.fromkeys(names)), "verb": verb}
            )

    return guard


def _people(named: str | tuple[str, ...]) -> tuple[str, ...]:
    return (named,) if isinstance(named, str) else named


def _has_successor(revision: Revision, circumstances: Circumstances) -> Iterator[Reason]:
    later = [each for each in same_series(revision, circumstances) if each.n > revision.n]
    if not any(each.status == "approved" for each in later):
        yield Reason(
            "without-successor", "no later revision in {language} is approved", {"language": revision.language}
        )


_ALWAYS = (_belongs, _named_writer, _by_another("approver", "approve"))
_REVIEWED_BY_ANOTHER = _by_another("reviewer", "review")

REVISION = LifeCycle(
    name="revision",
    initial="draft",
    final=("obsolete", "withdrawn"),
    transitions=(
        Transition(
            act="submit",
            sources=WRITABLE,
            target="in_review",
            guards=(_only("submits", "author", "writers", "owner"), _REVIEWED_BY_ANOTHER),
            records=(),
            meaning="hand it to the reviewer",
        ),
        Transition(
            act="review",
            sources=("in_review",),
            target="reviewed",
            guards=(_only("reviews", "reviewer"), _REVIEWED_BY_ANOTHER),
            records=(),
            signs="reviewed",
            meaning="say that it is right as it is",
        ),
        Transition(
            act="return",
            sources=("in_review", "reviewed"),
            target="changes_requested",
            guards=(_only("returns", "reviewer", "approver"),),
            records=(),
            needs_why=True,
            meaning="ask the author for changes",
        ),
        Transition(
            act="approve",
            sources=("reviewed",),
            target="approved",
            guards=(_only("approves", "approver"),),
            records=(),
            signs="approved",
            meaning="approve what was reviewed",
        ),
        Transition(
            act="release",
            sources=("approved",),
            target="effective",
            guards=(_master_was_in_force,),
            records=("effective",),
            meaning="put it in force",
        ),
        Transition(
            act="confirm",
            sources=("effective",),
            target="effective",
            guards=(_only("confirms", "owner", "reviewer", "approver"),),
            records=(),
            signs="confirmed",
            needs_why=True,
            meaning="say that a review found nothing to change",
        ),
        Transition(
            act="supersede",
            sources=("effective",),
            target="superseded",
            guards=(_has_successor,),
            records=(),
            meaning="give way to a later revision",
        ),
        Transition(
            act="retire",
            sources=("superseded",),
            target="obsolete",
            records=(),
            meaning="keep it only to be read as history",
        ),
        Transition(
            act="withdraw",
            sources=(*WRITABLE, "in_review", "reviewed"),
            target="withdrawn",
            guards=(_only("withdraws", "author", "owner", "approver"),),
            records=(),
            needs_why=True,
            meaning="give it up before it was approved",
        ),
        Transition(
            act="withdraw",
            sources=("approved", "effective"),
            target="withdrawn",
            guards=(_only("withdraws", "owner", "approver"),),
            records=(),
            needs_why=True,
            meaning="take it back without a successor",
        ),
    ),
    demands={
        **dict.fromkeys((*WRITABLE, "in_review", "reviewed", "withdrawn"), _ALWAYS),
        **dict.fromkeys(APPROVED, (*_ALWAYS, _not_before_approval)),
        "effective": (*_ALWAYS, _not_before_approval, _in_force_by_now, _alone),
    },
    edits=(_keeps_words,),
)
