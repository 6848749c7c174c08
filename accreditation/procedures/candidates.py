"""Which requirements a section of a procedure may be about: suggestions, each with the words that speak for it.

Texts are compared by character n-grams within words, weighted by how telling they are (TF-IDF), which copes with
inflection. A person decides; a candidate is where to look first.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby

import numpy as np
import scipy.sparse

from accreditation.procedures.elements import Element, elements
from accreditation.procedures.procedure import Procedure
from accreditation.procedures.spelling import spelled, spellings, words_in
from accreditation.standards import Standard
from qms.sections import Section

SHORTEST, LONGEST = 3, 5
"""Letters of an n-gram; the spaces around a word count as letters."""
HEADING = 3.0
"""How many times the words of a heading, or of the title of a requirement, count."""
AROUND = 0.5
"""How much the document as a whole counts beside the section itself."""
COMMON = 0.3
"""Share of the texts beyond which an n-gram tells nothing, as those of the small words."""
TOP = 3
SHOWN = 5
"""Words that are shown for a candidate."""

Grams = Mapping[str, float]
_WordGrams = dict[str, frozenset[int]]
"""Places of the n-grams of every word, under the first way in which the word is written."""


@dataclass(frozen=True, slots=True)
class Match:
    """A word of a section that speaks for a requirement.

    Attributes
    ----------
    said : str
        The word as the section or the title of its document has it.
    asked : str
        The word of the requirement, or of the glossary, that it is most like.
    share : float
        What part of the score it carries; the rest comes from the other sections of the document.
    """

    said: str
    asked: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A requirement that a section may be about.

    Attributes
    ----------
    procedure : Procedure
    section : Section
    element : Element
    rank : int
        1 for the most likely of the section.
    score : float
        From 0 to 1; comparable within a section, no probability.
    matches : tuple of Match
        The words that carry most of the score.
    """

    procedure: Procedure
    section: Section
    element: Element
    rank: int
    score: float
    matches: tuple[Match, ...]

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.section.number, self.section.heading)))
        why = ", ".join(f"{each.said} ~ {each.asked}" for each in self.matches)
        return f"{where}: {self.element.clause.id} {self.element.title} ({self.score:.2f}: {why})"


def suggestions(procedures: Iterable[Procedure], standard: Standard, *, top: int = TOP) -> tuple[Candidate, ...]:
    """Return candidates for every section of some procedures, each in the words of its language.

    Parameters
    ----------
    procedures : iterable of Procedure
        Best all of a unit: what is common to all of them tells nothing.
    standard : Standard
    top : int
        Candidates of a section.
    """
    by_language = sorted(procedures, key=lambda each: each.language)
    return tuple(
        candidate
        for language, group in groupby(by_language, key=lambda each: each.language)
        for candidate in candidates(tuple(group), elements(standard, language), top=top)
    )


def candidates(
    procedures: Sequence[Procedure], among: Sequence[Element], *, top: int = TOP
) -> tuple[Candidate, ...]:
    """Return the most likely requirements of every section, section by section, the likeliest first.

    Parameters
    ----------
    procedures : sequence of Procedure
        In one language.
    among : sequence of Element
        In the words of that language; in others only what the glossary bridges is found.
    top : int
        Candidates of a section; fewer where nothing speaks for more.

    Notes
    -----
    Cosine of TF-IDF vectors of character n-grams of 3 to 5 letters within words, with sublinear counts and smooth
    inverse document frequency over the sections and requirements given. To the similarity of the section, half of
    the mean similarity of the sections of its document is added: what a procedure is about as a whole tells what
    a short section of it is about. Weights were chosen on the English labelled set of the tests only.

    Examples
    --------
    >>> from accreditation.standards import standard
    >>> steps = Section(number="5.3", heading="Sealing", text="Close each bag with tape and sign across the seal.")
    >>> sop = Procedure(title="Exhibits", language="en", sections=(steps,))
    >>> (first,) = candidates([sop], elements(standard("sop-elements"), "en"), top=1)
    >>> first.element.title, [each.said for each in first.matches[:3]]
    ('Exhibit identity, label and seal', ['Exhibits', 'seal', 'Sealing'])
    """
    sections = [(procedure, section) for procedure in procedures for section in procedure.sections]
    if not sections or not among:
        return ()
    asked = [_grams(((each.title, HEADING), (each.text, 1.0), (each.pivot, 1.0))) for each in among]
    said = [_grams(_parts(*each)) for each in sections]
    places, weights = _weighted([*asked, *said])
    of_elements, of_sections = (_vectors(each, places, weights) for each in (asked, said))
    belong = np.repeat(np.arange(len(procedures)), [len(each.sections) for each in procedures])
    alike = scipy.sparse.csr_matrix(belong[:, None] == belong)
    around = scipy.sparse.diags_array(1 / np.bincount(belong)[belong]) @ alike @ of_sections
    whole = (of_sections + AROUND * around).tocsr() / (1 + AROUND)
    scores = (whole @ of_elements.T).toarray()
    asked_words = [_cut_words((each.title, each.text, each.pivot), places) for each in among]
    found = []
    for place, (procedure, section) in enumerate(sections):
        said_words = _cut_words((section.heading, section.text, procedure.title), places)
        best = [each for each in np.argsort(-scores[place], kind="stable")[:top] if scores[place, each] > 0]
        for rank, each in enumerate(best, start=1):
            shared = whole[place].multiply(of_elements[each]).tocoo()
            telling = dict(zip(shared.col.tolist(), shared.data.tolist(), strict=True))
            found.append(
                Candidate(
                    procedure=procedure,
                    section=section,
                    element=among[each],
                    rank=rank,
                    score=round(float(scores[place, each]), 4),
                    matches=_matches(said_words, asked_words[each], telling),
                )
            )
    return tuple(found)


def _parts(procedure: Procedure, section: Section) -> tuple[tuple[str, float], ...]:
    return (section.heading, HEADING), (section.text, 1.0), (procedure.title, 1.0)


def _grams(parts: Iterable[tuple[str, float]]) -> Grams:
    found: dict[str, float] = {}
    for text, weight in parts:
        for word, count in Counter(map(spelled, words_in(text))).items():
            for gram in _grams_of(word):
                found[gram] = found.get(gram, 0.0) + weight * count
    return found


@lru_cache(maxsize=65536)
def _grams_of(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(map(_cut, spellings(word)))))


def _cut(word: str) -> Iterator[str]:
    padded = f" {word} "
    for length in range(SHORTEST, LONGEST + 1):
        yield from (padded[k : k + length] for k in range(max(len(padded) - length + 1, 1)))
        if len(padded) <= length:
            return


def _weighted(texts: Sequence[Grams]) -> tuple[Mapping[str, int], np.ndarray]:
    """Return the place of every n-gram that tells anything, and the weights (smoothed IDF) in that order."""
    held = Counter(chain.from_iterable(texts))
    most = max(COMMON * len(texts), 2)
    places = {gram: place for place, gram in enumerate(gram for gram, count in held.items() if count <= most)}
    return places, np.array([math.log((1 + len(texts)) / (1 + held[gram])) + 1 for gram in places])


def _vectors(texts: Sequence[Grams], places: Mapping[str, int], weights: np.ndarray) -> scipy.sparse.csr_matrix:
    """Return a row of length 1 for every text, of sublinear counts times weights."""
    kept = [[(places[gram], count) for gram, count in each.items() if gram in places] for each in texts]
    columns = np.array([place for each in kept for place, _ in each], dtype=np.int64)
    counts = np.array([count for each in kept for _, count in each])
    starts = np.cumsum([0, *(len(each) for each in kept)])
    values = (1 + np.log(counts)) * weights[columns]
    rows = scipy.sparse.csr_matrix((values, columns, starts), shape=(len(texts), len(places)))
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return scipy.sparse.diags_array(1 / np.where(lengths > 0, lengths, 1)) @ rows


def _matches(said: _WordGrams, asked: _WordGrams, telling: Mapping[int, float]) -> tuple[Match, ...]:
    """Return the words that carry the score, an n-gram's part going in equal shares to the words that hold it."""
    shared = {word: grams & telling.keys() for word, grams in said.items()}
    holders = Counter(chain.from_iterable(shared.values()))
    carried = {
        word: sum(telling[each] / holders[each] for each in sorted(grams)) for word, grams in shared.items()
    }
    total = sum(telling.values())
    best = sorted(carried, key=lambda word: -carried[word])[:SHOWN]
    return tuple(
        Match(word, _most_like(shared[word], asked, telling), round(carried[word] / total, 3))
        for word in best
        if carried[word] > 0
    )


def _cut_words(texts: Iterable[str], places: Mapping[str, int]) -> _WordGrams:
    written: dict[str, str] = {}
    for text in texts:
        for word in words_in(text):
            written.setdefault(spelled(word), word)
    return {
        word: frozenset(places[each] for each in _grams_of(plain) if each in places)
        for plain, word in written.items()
    }


def _most_like(grams: frozenset[int], asked: _WordGrams, telling: Mapping[int, float]) -> str:
    return max(asked, key=lambda word: sum(telling[each] for each in sorted(asked[word] & grams)))
