"""What the builders of a report draw on: a unit's situation with names, and how the records in it are cited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from accreditation.assessments.assessment import Assessment, Judgement
from accreditation.assessments.profile import Item
from accreditation.errors import UnknownError
from accreditation.gaps import Situation
from accreditation.language import Words
from accreditation.readiness import Readiness, readiness, situation_on
from qms.actions.action import Action
from qms.evidence.evidence import Evidence
from qms.evidence.standing import state_on
from qms.findings.finding import Finding
from qms.organisation import Person, Unit
from qms.record import Link
from qms.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A unit on a day, with everything that a report says of it.

    Attributes
    ----------
    situation : Situation
    standing : Readiness
    unit : Unit
    actions : tuple of Action
        All those of the unit.
    names : mapping of str to str
        Of people, by id.
    say : Words
    """

    situation: Situation
    standing: Readiness
    unit: Unit
    actions: tuple[Action, ...]
    names: Mapping[str, str]
    say: Words

    @property
    def on(self) -> date:
        """The day."""
        return self.situation.on

    @property
    def assessment(self) -> Assessment:
        """The assessment."""
        return self.situation.assessment

    def judged(self) -> list[tuple[Item, Judgement]]:
        """Return every requirement with its judgement, in order."""
        return list(self.situation.judged())

    def gaps(self) -> list[tuple[Item, Judgement]]:
        """Return the requirements that are not met, in order."""
        return [(item, judgement) for item, judgement in self.judged() if judgement.is_gap]

    def name(self, person: str | None) -> str:
        """Return the name of a person; a dash for nobody."""
        return self.names.get(person, person) if person else "-"

    def actions_of(self, item: Item, judgement: Judgement) -> list[Action]:
        """Return the actions that were planned for a judgement or for a finding at its requirement."""
        findings = {each.id for each in self.findings_of(item, judgement)}
        return [each for each in self.actions if each.id in judgement.actions or each.finding in findings]

    def findings_of(self, item: Item, judgement: Judgement) -> list[Finding]:
        """Return the findings that were raised from a judgement, and those open at its requirement."""
        tied = [self.situation.related.get(each) for each in judgement.findings]
        open_here = self.situation.findings.get((item.standard.source, item.clause.id), ())
        found = {each.id: each for each in (*tied, *open_here) if isinstance(each, Finding)}
        return list(found.values())

    def cited(self, links: Iterable[Link]) -> str:
        """Return the references of what is cited; what no longer counts as evidence says so."""
        told = []
        for link in links:
            record = self.situation.related.get(link.target)
            if record is None:
                continue
            expired = isinstance(record, Evidence) and state_on(record, self.on) == "expired"
            told.append(f"{record.ref} ({self.say('expired')})" if expired else record.ref)
        return ", ".join(told)

    def requested(self, judgement: Judgement) -> str:
        """Return the references of evidence that somebody was asked for."""
        found = (self.situation.related.get(each) for each in judgement.requests)
        return ", ".join(each.ref for each in found if each is not None)

    def expected(self, item: Item) -> str:
        """Return the evidence that is typical for a requirement."""
        return "; ".join(self.say(each) for each in item.clause.evidence)


def material(store: Store, assessment: Assessment, *, say: Words, on: date) -> Material:
    """Gather what a report on an assessment says of its unit on a day, all as it was then if that day is past.

    Raises
    ------
    UnknownError
        If the assessment had not begun on that day.
    """
    begun = store.history(assessment.id)[0].moment.date()
    if on < begun:
        raise UnknownError(
            f"{assessment.ref} was begun on {begun}; of {on} it says nothing. Choose that day or a later one."
        )
    situation = situation_on(store, assessment, on)
    return Material(
        situation=situation,
        standing=readiness(situation),
        unit=store.get(Unit, assessment.unit),
        actions=tuple(situation.of(Action)),
        names={each.id: each.name for each in store.find(Person)},
        say=say,
    )
