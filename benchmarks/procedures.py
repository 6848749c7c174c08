"""How often the right requirements are among the candidates: `python -m benchmarks.procedures`.

Sections of procedures of an invented unit, labelled by hand with the SOP elements that they cover
(`tests/accreditation/data`): English, Albanian and Serbian in Latin letters. All documents of a language are
compared together, with the elements in the words of that language or in English, with and without the glossary.
Sections that are labelled with nothing take part in the comparison and not in the figures.

Recall at k is the share of a section's labels among its first k candidates, averaged over the sections; precision
at k is the share of labels among the first k. "Any" is the share of sections with at least one label among the
first three, "labels" the share of all labels. N-grams and weights were chosen on the English file only; the
glossary was written from general knowledge of the field. The labels are those of one language model, not of a
practitioner.
"""

from __future__ import annotations

import time
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from accreditation.language import Words
from accreditation.procedures.candidates import candidates
from accreditation.procedures.elements import elements
from accreditation.procedures.procedure import Procedure
from accreditation.standards import standard
from qms.sections import Section

LABELLED = Path(__file__).parents[1] / "tests" / "accreditation" / "data"
LANGUAGES = ("en", "sq", "sr-Latn")
DEEPEST = 5


class Labelled(NamedTuple):
    """Procedures of one language and the labels of their sections, in order."""

    procedures: tuple[Procedure, ...]
    labels: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates of the sections that have labels, the likeliest first, and those labels."""

    ranked: tuple[tuple[str, ...], ...]
    labels: tuple[frozenset[str], ...]

    def hits(self, k: int) -> Sequence[int]:
        """Labels of each section among its first k candidates."""
        return [len(label & set(best[:k])) for best, label in zip(self.ranked, self.labels, strict=True)]

    def recall(self, k: int) -> float:
        """Mean share of a section's labels among its first k candidates."""
        shares = [hit / len(label) for hit, label in zip(self.hits(k), self.labels, strict=True)]
        return sum(shares) / len(shares)

    def recall_of_labels(self, k: int) -> float:
        """Share of all labels among the first k candidates."""
        return sum(self.hits(k)) / sum(map(len, self.labels))

    def any(self, k: int) -> float:
        """Share of sections with a label among the first k candidates."""
        return sum(map(bool, self.hits(k))) / len(self.labels)

    def precision(self, k: int) -> float:
        """Share of labels among the first k candidates."""
        return sum(self.hits(k)) / (k * len(self.labels))


def labelled(language: str) -> Labelled:
    """Read the labelled sections of a language."""
    content = (LABELLED / f"sop_sections_{language}.toml").read_text(encoding="utf-8")
    by_document = defaultdict(list)
    for each in tomllib.loads(content)["section"]:
        by_document[each["document"]].append(each)
    procedures = tuple(
        Procedure(
            title=title,
            language=language,
            sections=tuple(
                Section(number=each["number"], heading=each["heading"], text=each["text"]) for each in sections
            ),
        )
        for title, sections in by_document.items()
    )
    return Labelled(
        procedures, tuple(frozenset(each["elements"]) for group in by_document.values() for each in group)
    )


def ranking(language: str, *, asked_in: str, with_glossary: bool) -> Ranking:
    """Compare the labelled sections of a language with the SOP elements in the words of some language."""
    told = labelled(language)
    among = elements(
        standard("sop-elements"), language, say=Words((asked_in,)), entries=None if with_glossary else ()
    )
    found = candidates(told.procedures, among, top=DEEPEST)
    by_section: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in found:
        by_section[each.procedure.title, each.section.number].append(each.element.clause.id)
    places = [(procedure.title, section.number) for procedure in told.procedures for section in procedure.sections]
    kept = [(tuple(by_section[place]), label) for place, label in zip(places, told.labels, strict=True) if label]
    return Ranking(tuple(best for best, _ in kept), tuple(label for _, label in kept))


def main() -> None:
    """Print the figures of every language and way of comparing as a Markdown table."""
    names = ("recall@1", "recall@3", "recall@5", "any@3", "labels@3", "precision@1", "precision@3", "seconds")
    print("| sections | elements | glossary | " + " | ".join(names) + " |")
    print("| --- | --- | --- |" + " ---: |" * len(names))
    for language in LANGUAGES:
        for asked_in in dict.fromkeys((language, "en")):
            for with_glossary in (True, False):
                began = time.perf_counter()
                found = ranking(language, asked_in=asked_in, with_glossary=with_glossary)
                took = time.perf_counter() - began
                figures = (
                    *(found.recall(k) for k in (1, 3, 5)),
                    found.any(3),
                    found.recall_of_labels(3),
                    found.precision(1),
                    found.precision(3),
                    took,
                )
                line = " | ".join(f"{each:.3f}" for each in figures)
                print(f"| {language} | {asked_in} | {'yes' if with_glossary else 'no'} | {line} |")


if __name__ == "__main__":
    main()
