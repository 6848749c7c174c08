"""Transition: an assessment carried over to another edition, as far as a reviewed crosswalk allows.

What is equal or only renumbered is carried; what changed a little is carried and has to be confirmed; what changed
much, is new, or nobody has reviewed a link for is to be assessed. Where several clauses became one, the worst of
their results stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.judging import begin, carried_as_is, own_standards
from accreditation.assessments.profile import Profile
from accreditation.clauses import Clause
from accreditation.crosswalk import Crosswalk, CrosswalkLink, ToFill
from accreditation.errors import CatalogueError, Problem, UnknownError
from accreditation.standards import ChangeTheme, Standard, days_left
from qms.lifecycle import Reason
from qms.record import Link, Text

if TYPE_CHECKING:
    from qms.change import Change

Fate = Literal["carried", "to confirm", "to assess", "withdrawn"]
GRAVEST = ("major", "minor", "conforms", "not_applicable")
"""Results from the gravest, which stands where several clauses became one."""
WHOLE = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionRow:
    """What becomes of one requirement.

    Attributes
    ----------
    fate : str
        ``"carried"``, ``"to confirm"``, ``"to assess"`` or ``"withdrawn"``.
    clause : Clause
        Of the new edition; of the old one where it was withdrawn.
    links : tuple of CrosswalkLink
        Reviewed links that it follows from.
    why : Reason
    judgement : Judgement or None
        What is carried over.
    """

    fate: Fate
    clause: Clause
    links: tuple[CrosswalkLink, ...]
    why: Reason
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What an assessment is worth under another edition.

    Attributes
    ----------
    old, new : Standard
    on : date
    days_left : int or None
        Until accreditations to the old edition stop being recognised.
    rows : tuple of TransitionRow
        Requirements of the new edition in order, then those that were withdrawn.
    themes : tuple of ChangeTheme
        In what the new edition differs; all that is known while its clauses are not loaded.
    to_fill : ToFill
        Clauses that no reviewed link speaks of.
    """

    old: Standard
    new: Standard
    on: date
    days_left: int | None
    rows: tuple[TransitionRow, ...]
    themes: tuple[ChangeTheme, ...]
    to_fill: ToFill

    def of(self, fate: Fate) -> tuple[TransitionRow, ...]:
        """Return the rows with one fate."""
        return tuple(each for each in self.rows if each.fate == fate)


def transition(
    assessment: Assessment, crosswalk: Crosswalk, old: Standard, new: Standard, *, on: date
) -> Transition:
    """Return what becomes of an assessment under another edition.

    Parameters
    ----------
    assessment : Assessment
    crosswalk : Crosswalk
        From the old edition to the new one; only links that were reviewed count.
    old, new : Standard
    on : date
        Day from which the days left are counted.

    Raises
    ------
    CatalogueError
        If the crosswalk leads elsewhere, or the assessment is not one of the old edition.

    Examples
    --------
    >>> from accreditation.standards import standard
    >>> old, new = standard("iso17020-2012"), standard("iso17020-2026")
    >>> made = Assessment(
    ...     unit="AL-TIR", title=Text.of("Baseline", "en"), profile=Profile(name="2012", standards=(old.key,))
    ... )
    >>> left = transition(made, Crosswalk(a=old.key, b=new.key), old, new, on=date(2026, 11, 23))
    >>> left.days_left, left.to_fill.clauses_missing, len(left.themes)
    (855, True, 7)
    """
    if (crosswalk.a, crosswalk.b) != (old.key, new.key):
        what = f"it leads from {crosswalk.a} to {crosswalk.b}, not from {old.key} to {new.key}"
        raise CatalogueError(
            "The crosswalk does not fit", [Problem("crosswalk", what, "Take that of the two editions")]
        )
    if old.key not in assessment.profile.standards:
        what = f"{assessment.ref or 'it'} is no assessment of {old.source}"
        raise CatalogueError("Nothing can be carried over", [Problem("assessment", what, "Choose another")])
    sure = [each for each in crosswalk.links if each.status != "proposed"]
    rows = [_row(assessment, old, leaf, [each for each in sure if each.b == leaf.id]) for leaf in new.leaves()]
    for link in sure:
        if link.change == "withdrawn":
            why = Reason("withdrawn", "{source} no longer asks for it", {"source": new.source})
            rows.append(TransitionRow(fate="withdrawn", clause=old.clause(link.a), links=(link,), why=why))
    return Transition(
        old=old,
        new=new,
        on=on,
        days_left=days_left(old, on=on),
        rows=tuple(rows),
        themes=new.themes,
        to_fill=crosswalk.to_fill(old, new),
    )


def carry_over(
    change: Change,
    assessment: Assessment,
    moved: Transition,
    *,
    title: Text,
    lead: str,
    own: Mapping[str, Standard] | None = None,
) -> Assessment:
    """Open an assessment of the new edition with everything that can be carried over; it follows the old one.

    What it judged beside the old edition, and its questions of the unit's own, go along as they are.

    Parameters
    ----------
    change : Change
    assessment : Assessment
        Of the old edition.
    moved : Transition
    title : Text
    lead : str
        Id of the person who answers for it.
    own : mapping of str to Standard, optional
        The new edition, if it is a catalogue of the user's own.

    Raises
    ------
    CatalogueError
        If the clauses of the new edition are not loaded.
    UnknownError
        If the old assessment was cancelled.
    """
    if assessment.status == "cancelled":
        raise UnknownError(f"{assessment.ref} was cancelled; nothing is carried over from it. Choose another one.")
    if not moved.rows:
        what = f"the clauses of {moved.new.source} are not loaded"
        fix = "Load them as a catalogue of your own and fill the crosswalk"
        raise CatalogueError("Nothing can be carried over", [Problem(moved.new.key, what, fix)])
    judgements = {f"{moved.new.key}:{row.clause.id}": row.judgement for row in moved.rows if row.judgement}
    judgements |= {
        key: carried_as_is(assessment, key)
        for key in assessment.judgements
        if not key.startswith(f"{moved.old.key}:")
    }
    known = {**own_standards(change.store, assessment), **(own or {})}
    carried = {
        "purpose": "transition",
        "follows": assessment.id,
        "judgements": judgements,
        "begins": change.at.date(),
    }
    profile = _moved_profile(assessment, moved)
    return begin(change, assessment.unit, profile, title=title, lead=lead, own=known, **carried)


def _moved_profile(assessment: Assessment, moved: Transition) -> Profile:
    """Return a profile with the new edition in the place of the old one, and all else as it was."""
    before, old, types = assessment.profile, moved.old.key, moved.new.independence_types
    return Profile(
        name=f"{moved.new.source} after {assessment.ref}",
        standards=tuple(moved.new.key if each == old else each for each in before.standards),
        excluded=tuple(each for each in before.excluded if each.standard != old),
        weights={key: weight for key, weight in before.weights.items() if not key.startswith(f"{old}:")},
        added=before.added,
        independence=tuple(each for each in before.independence if not types or each.type in types),
    )


def _row(assessment: Assessment, old: Standard, leaf: Clause, links: Sequence[CrosswalkLink]) -> TransitionRow:
    found = tuple(links)
    if not found:
        why = Reason("not-linked", "nobody has reviewed which clause it comes from")
        return TransitionRow(fate="to assess", clause=leaf, links=found, why=why)
    changes = {each.change for each in found}
    if "new" in changes or "major" in changes:
        why = Reason("new-or-major", "it is new, or changed much")
        return TransitionRow(fate="to assess", clause=leaf, links=found, why=why)
    sources = [(each.a, assessment.judgement(f"{old.key}:{each.a}")) for each in found]
    left = [clause for clause, judgement in sources if not judgement.is_assessed]
    if left:
        why = Reason("source-not-assessed", "{clauses} was not assessed", {"clauses": ", ".join(left)})
        return TransitionRow(fate="to assess", clause=leaf, links=found, why=why)
    judged = [(old.clause(clause), judgement) for clause, judgement in sources]
    little = (
        "minor" in changes
        or sum(each.coverage for each in found) < WHOLE
        or any(each.stale or each.seen not in ("", clause.sha256) for clause, each in judged)
    )
    clauses = {"clauses": ", ".join(clause for clause, _ in sources)}
    why = (
        Reason("changed-little", "it comes from {clauses} and changed a little", clauses)
        if little
        else Reason("equal", "it is equal to {clauses}", clauses)
    )
    clause, worst = min(sources, key=lambda each: GRAVEST.index(each[1].result))
    judgement = worst.model_copy(
        update={
            "documented": _least(each.documented for _, each in sources),
            "implemented": _least(each.implemented for _, each in sources),
            "justification": Text.joined([each.justification for _, each in sources if each.justification]),
            "evidence": _united(judgement.evidence for _, judgement in sources),
            "findings": (),
            "actions": (),
            "requests": (),
            "reviewed": None,
            "seen": leaf.sha256,
            "carried_from": f"{assessment.id}/{old.key}:{clause}",
            "stale": little,
        }
    )
    fate: Fate = "to confirm" if little else "carried"
    return TransitionRow(fate=fate, clause=leaf, links=found, why=why, judgement=judgement)


def _least(levels: Iterable[int | None]) -> int | None:
    return min((each for each in levels if each is not None), default=None)


def _united(cited: Iterable[Sequence[Link]]) -> tuple[Link, ...]:
    return tuple(dict.fromkeys(link for links in cited for link in links))
