"""A check of the words of a standard: complete, of a sane length, answerable, and not copied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from accreditation.clauses import Clause, Place, order_problems, structure_problems
from accreditation.errors import Problem
from accreditation.standards import Standard

LONGEST = {"title": 110, "question": 240, "asks": 600, "evidence": 120, "terms": 60}
"""Most characters of each text; whatever is longer is likely to be copied, and does not fit a cell."""
RUN = 8
"""So many words in a row that are also in the licensed text count as copied."""

_MANDATORY = re.compile(r"\bshall\b", re.IGNORECASE)
_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")


def lint(
    standard: Standard,
    *,
    licensed: Mapping[str, str] | None = None,
    known: Mapping[str, Standard] | None = None,
) -> Iterator[Problem]:
    """Yield what is wrong with a standard.

    Parameters
    ----------
    standard : Standard
    licensed : mapping of str to str, optional
        The standard's own text by clause, as in `Overlay.texts`; no run of eight words of it may be in ours.
    known : mapping of str to Standard, optional
        Standards by key; clauses that are named as related must be among theirs.

    Examples
    --------
    >>> from accreditation.standards import standard
    >>> list(lint(standard("iso17020-2012")))
    []
    >>> own = {"4.1.1": "... Does the unit examine every scene without favour to any side ..."}
    >>> [each.where for each in lint(standard("iso17020-2012"), licensed=own)]
    ['clause 4.1.1']
    """
    clauses = standard.requirements
    yield from structure_problems([Place(f"clause {each.id}", each.id, each.parent) for each in clauses])
    yield from order_problems(clauses)
    headings = {each.parent for each in clauses}
    copied = {run for text in (licensed or {}).values() for run in _runs(text)}
    for each in clauses:
        leaf = each.id not in headings
        yield from _missing(each, asked=leaf and standard.detail == "questions")
        yield from _wording(each, copied)
        if each.gate and not leaf:
            yield Problem(
                f"clause {each.id}", "a heading is marked as a gate", "Mark the clauses below it instead"
            )
        for other in each.related:
            target = known.get(other.standard) if known is not None else None
            if known is not None and (target is None or all(other.clause != c.id for c in target.requirements)):
                what = f"it names {other.standard} {other.clause}, which does not exist"
                yield Problem(f"clause {each.id}", what, "Correct or remove the relation")


def _missing(clause: Clause, *, asked: bool) -> Iterator[Problem]:
    where = f"clause {clause.id}"
    texts = {"title": clause.title, "question": clause.question, "asks": clause.asks}
    if not asked:
        texts = {"title": clause.title}
    for field, text in texts.items():
        if not text.strip():
            yield Problem(where, f"its {field} is empty", "Write it in your own words")
    if any(not each.strip() for each in (*clause.evidence, *clause.terms)):
        yield Problem(where, "an entry of its evidence or terms is blank", "Remove the entry")
    if clause.question and not clause.question.endswith("?"):
        yield Problem(where, "its question does not end with a question mark", "Ask what yes or no can answer")


def _wording(clause: Clause, copied: set[str]) -> Iterator[Problem]:
    where = f"clause {clause.id}"
    for field, text in _texts(clause):
        if len(text) > LONGEST[field]:
            what = f"its {field} has {len(text)} characters, more than {LONGEST[field]}"
            yield Problem(where, what, "Shorten it; a text of the standard belongs in the private overlay")
        if _MANDATORY.search(text):
            what = f"its {field} says 'shall', as a standard does"
            yield Problem(where, what, "Say in your own words what is asked")
        run = next((each for each in _runs(text) if each in copied), None)
        if run:
            what = f"its {field} holds '{run}', which is in the licensed text"
            yield Problem(where, what, "Say it in your own words")


def _texts(clause: Clause) -> Iterator[tuple[str, str]]:
    yield from (("title", clause.title), ("question", clause.question), ("asks", clause.asks))
    yield from (("evidence", each) for each in clause.evidence)
    yield from (("terms", each) for each in clause.terms)


def _runs(text: str) -> Iterator[str]:
    words = _WORD.findall(text.casefold())
    yield from (" ".join(words[start : start + RUN]) for start in range(len(words) - RUN + 1))
