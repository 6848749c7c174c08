"""What procedures are compared with: the requirements of a standard, in the words of the procedures' language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accreditation.clauses import Clause
from accreditation.language import Words, offered, words
from accreditation.procedures.glossary import NEAR, Entry, glossary
from accreditation.standards import Standard


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A requirement as procedures are compared with it.

    Attributes
    ----------
    clause : Clause
    title, text : str
        In the language in which they are compared.
    pivot : str
        Words of the glossary in the language of the procedures.
    """

    clause: Clause
    title: str
    text: str
    pivot: str = ""


def element_text(clause: Clause, say: Words) -> str:
    """Return question, explanation and terms of a clause in a language."""
    return "\n".join(filter(None, (say(clause.question), say(clause.asks), *(say(each) for each in clause.terms))))


def elements(
    standard: Standard, language: str, *, say: Words | None = None, entries: Sequence[Entry] | None = None
) -> tuple[Element, ...]:
    """Return the requirements of a standard as procedures in a language are compared with them.

    Parameters
    ----------
    standard : Standard
    language : str
        That of the procedures.
    say : Words, optional
        In whose words; left out, in those of the language, of one near to it, or English where none is offered.
    entries : sequence of Entry, optional
        The glossary; that of this package if left out, none with ``()``.

    Examples
    --------
    >>> from accreditation.standards import standard
    >>> guarded = elements(standard("sop-elements"), "sq", say=words("en"))[3]
    >>> guarded.title, guarded.pivot.split()[0]
    ('Cordon, access and entry log', 'perimetër')
    """
    say = say or words_near(language)
    known = glossary() if entries is None else entries
    return tuple(
        Element(
            clause=clause,
            title=say(clause.title),
            text=element_text(clause, say),
            pivot="\n".join(word for each in known if each.is_of(clause) for word in each.words(language)),
        )
        for clause in standard.leaves()
    )


def words_near(language: str) -> Words:
    """Return the words of a language, of the nearest one that is offered, or of English."""
    near = (language, *NEAR.get(language, ()))
    return words(next((tag for tag in near if tag in offered()), "en"))
