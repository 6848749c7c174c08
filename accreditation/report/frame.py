"""What every report has round its content: cover, marks, the head of the ledger, languages and footnotes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.cycle import FROZEN
from accreditation.assessments.profile import Checklist
from accreditation.jurisdictions import Style, footnote, mark_first, render_name
from accreditation.language import NOT_REVIEWED, SOURCE, WRITTEN_FROM, Words, state
from accreditation.report.blocks import Confidentiality, Document, Labels, Logo, Note, Section, Status, rewritten
from accreditation.report.terms import confidentiality_word, status_word
from qms.organisation import Unit
from qms.store import Store

SHORT = 16
"""Digits of the ledger's head at the foot of a page; the cover has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a person decides of a report, beside its content.

    Attributes
    ----------
    made_by : str
        Name of who made it.
    status : {"draft", "final"}
    confidentiality : {"public", "internal", "confidential", "restricted"}
    logo : Logo or None
        See `accreditation.report.logo.read_logo`.
    footnotes : {"un", "eu", "both"}
        Whose footnote goes with a name that carries an asterisk.
    made : datetime or None
        When it was made; the time of the store if left out.
    """

    made_by: str
    status: Status = "draft"
    confidentiality: Confidentiality = "internal"
    logo: Logo | None = None
    footnotes: Style = "un"
    made: datetime | None = None


def framed(
    store: Store,
    unit: Unit,
    marks: Marks,
    *,
    title: str,
    subtitle: str,
    facts: Iterable[tuple[str, str]],
    sections: Sequence[Section],
    annex: Sequence[Section] = (),
    notes: Sequence[Note] = (),
    say: Words,
) -> Document:
    """Return a report round its sections.

    Every name that carries an asterisk gets it at its first mention in each paragraph, cell and heading, and its
    footnote stands under the cover.
    """
    head, made = store.head(), marks.made or store.now()
    name = say.text(unit.name)
    place = render_name(unit.jurisdiction, say=say, style=marks.footnotes)
    cover = (
        (say("Unit"), f"{name} ({unit.ref})"),
        (say("Jurisdiction"), place.text),
        *facts,
        (say("Made by"), f"{marks.made_by}, {say.day(made.date())}"),
        (say("Who may read it"), confidentiality_word(marks.confidentiality, say)),
        (say("Head of the ledger"), str(head)),
        *((say("Language"), each) for each in _language_states(say)),
    )
    document = Document(
        title=title,
        subtitle=subtitle,
        cover=cover,
        labels=Labels(
            status=status_word(marks.status, say),
            confidentiality=confidentiality_word(marks.confidentiality, say),
            contents=say("Contents"),
            annex=say("Annex"),
            page=say("Page {page} of {pages}", page="{page}", pages="{pages}"),
        ),
        status=marks.status,
        confidentiality=marks.confidentiality,
        sections=tuple(sections),
        annex=tuple(annex),
        notes=tuple(notes),
        mark=f"{unit.ref} · {head.seq}:{head.hash[:SHORT]}",
        languages=say.tags,
        author=marks.made_by,
        made=made,
        logo=marks.logo,
    )
    return with_footnotes(rewritten(document, _printable), say=say, style=marks.footnotes)


def unfrozen_note(
    assessment: Assessment, checklist: Checklist, marks: Marks | None, say: Words
) -> tuple[Note, ...]:
    """Return a warning where a report is final over an assessment whose judgements can still change."""
    if marks is None or marks.status != "final" or assessment.status in FROZEN:
        return ()
    judged = [assessment.judgement(item.key) for item in checklist.items]
    told = say(
        "This report is marked as final, but the assessment is not frozen: {n} of {all} requirements are assessed "
        "and {reviewed} reviewed, and judgements can still change.",
        n=sum(each.is_assessed for each in judged),
        all=len(judged),
        reviewed=sum(each.reviewed is not None for each in judged),
    )
    return (Note(title=say("The assessment is not frozen"), text=told, tone="poor"),)


def with_footnotes(document: Document, *, say: Words, style: Style = "un") -> Document:
    """Return a report in which every name that carries an asterisk has it, and the footnote once."""
    found = []

    def write(text: str) -> str:
        marked, named = mark_first(text)
        found.append(named)
        return marked

    marked = rewritten(document, write)
    return replace(marked, footnotes=(footnote(say=say, style=style),) if any(found) else ())


def _language_states(say: Words) -> Iterable[str]:
    """Yield what a reader has to know of the languages other than that of the texts' source."""
    for tag in say.tags:
        if tag == SOURCE:
            continue
        known = state(tag)
        told = say("machine draft, not reviewed by a native quality manager")
        if not known.review.startswith(NOT_REVIEWED):
            told = say("reviewed by {name}", name=known.review.removeprefix("reviewed by ").partition(";")[0])
        if tag in WRITTEN_FROM:
            source = WRITTEN_FROM[tag]
            by_rule = say(
                "letters by rule from {language}", language=lambda one, source=source: one.language(source)
            )
            told = f"{told}; {by_rule}"
        yield f"{known.name}: {told}"


def _printable(text: str) -> str:
    """Return a text without the signs that no page can show; those that only shape or steer text leave no gap."""
    return "".join(map(_shown, text))


def _shown(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind == "Cf":
        return ""
    if sign != "\n" and (kind in ("Cc", "Cs") or ord(sign) & 0xFFFE == 0xFFFE):
        return " "
    return sign
