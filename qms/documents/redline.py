"""What changed between two revisions, section by section."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from qms.documents.revision import SectionMark

Outcome = Literal["same", "moved", "changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class SectionChange:
    """What became of one section.

    Attributes
    ----------
    outcome : str
        ``"same"``, ``"moved"`` (the same heading and words in another place or under another number),
        ``"changed"``, ``"added"`` or ``"removed"``.
    old, new : SectionMark or None
        The section before and after.
    """

    outcome: Outcome
    old: SectionMark | None
    new: SectionMark | None

    def __str__(self) -> str:
        mark = self.new or self.old
        assert mark is not None
        where = " ".join(filter(None, (mark.number, mark.heading))) or "(before the first heading)"
        before = (
            f" (was {self.old.number})" if self.old and self.new and self.old.number != self.new.number else ""
        )
        return f"{self.outcome}: {where}{before}"


def section_changes(old: Sequence[SectionMark], new: Sequence[SectionMark]) -> tuple[SectionChange, ...]:
    """Compare the sections of two revisions.

    Parameters
    ----------
    old, new : sequence of SectionMark
        Of the earlier and of the later revision.

    Returns
    -------
    tuple of SectionChange
        In the order of the later revision, then what was removed; every section stands in exactly one.

    Notes
    -----
    Sections are paired by heading and words first (their hash), then by number and heading, by heading and by
    number alone.

    Examples
    --------
    >>> seal, store = "a" * 64, "b" * 64
    >>> old = [SectionMark(number="5", heading="Sealing", sha256=seal)]
    >>> new = [SectionMark(number="5", heading="Storing", sha256=store),
    ...        SectionMark(number="6", heading="Sealing", sha256=seal)]
    >>> for each in section_changes(old, new):
    ...     print(each)
    added: 5 Storing
    moved: 6 Sealing (was 5)
    """
    pairs = dict(_same(old, new))
    kept = set(pairs)
    for key in (_by_words, _by_title, _by_heading, _by_number):
        pairs |= _paired(old, new, key, pairs)
    found = []
    before = {after: first for first, after in pairs.items()}
    for place, section in enumerate(new):
        first = before.get(place)
        if first is None:
            found.append(SectionChange("added", None, section))
        elif first in kept:
            found.append(SectionChange("same", old[first], section))
        else:
            moved = _by_words(old[first]) == _by_words(section)
            found.append(SectionChange("moved" if moved else "changed", old[first], section))
    return (*found, *(SectionChange("removed", each, None) for i, each in enumerate(old) if i not in pairs))


def _same(old: Sequence[SectionMark], new: Sequence[SectionMark]) -> Iterator[tuple[int, int]]:
    """Yield the places of sections that stand in the same order with the same number, heading and words."""
    for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        yield from ((block.a + i, block.b + i) for i in range(block.size))


def _paired(
    old: Sequence[SectionMark],
    new: Sequence[SectionMark],
    key: Callable[[SectionMark], Hashable],
    taken: dict[int, int],
) -> dict[int, int]:
    """Pair the places that are left by a key, in their order; sections without one are left alone."""
    used = set(taken.values())
    free: dict[Hashable, list[int]] = {}
    for place, section in enumerate(old):
        if place not in taken and key(section):
            free.setdefault(key(section), []).append(place)
    found = {}
    for place, section in enumerate(new):
        if place not in used and free.get(key(section)):
            found[free[key(section)].pop(0)] = place
    return found


def _by_words(section: SectionMark) -> Hashable:
    return section.sha256


def _by_title(section: SectionMark) -> Hashable:
    return section.heading and (section.number, section.heading)


def _by_heading(section: SectionMark) -> Hashable:
    return section.heading


def _by_number(section: SectionMark) -> Hashable:
    return section.number
