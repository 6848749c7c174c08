"""Samples that anybody can draw again from the same population and seed, on any computer.

Every item gets a rank from the SHA-256 over seed and item, and the lowest ranks are drawn. The order in which the
population is listed plays no part, and an item that is added or taken away moves at most one other in a simple
sample, because no rank depends on another item.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import comb
from typing import Annotated, NamedTuple

from pydantic import Field

from qms.errors import RecordError
from qms.lifecycle import Reason
from qms.record import Part, Sha256, canonical, sha256

HEAVIEST = 1000
"""The largest weight of an item: it is worked out with as many hashes."""
Item = Annotated[str, Field(min_length=1, max_length=300)]


class Stratum(Part):
    """One layer of a stratified sample: its name, how many items it has and how many were drawn at random."""

    name: Annotated[str, Field(max_length=120)]
    size: Annotated[int, Field(ge=1)]
    n: Annotated[int, Field(ge=0)]


class Sample(Part):
    """A sample with all that is needed to draw it again but the population itself.

    Attributes
    ----------
    seed : str
    population_sha256 : str
        Hash over the items with their strata and weights, in no order.
    population_size, n : int
        Items to choose from, and items in the sample.
    must_include : tuple of str
        Chosen by a person and not at random; sorted.
    drawn : tuple of str
        Drawn at random, by stratum and rank. Only these speak for the population.
    strata : tuple of Stratum
        Empty when there were none.
    weighted : bool
        Whether items had unequal chances.
    """

    seed: Annotated[str, Field(min_length=1, max_length=200)]
    population_sha256: Sha256
    population_size: Annotated[int, Field(ge=1)]
    n: Annotated[int, Field(ge=1)]
    must_include: tuple[Item, ...] = ()
    drawn: tuple[Item, ...] = ()
    strata: tuple[Stratum, ...] = ()
    weighted: bool = False

    @property
    def items(self) -> tuple[str, ...]:
        """Everything in the sample, those that a person chose first."""
        return (*self.must_include, *self.drawn)

    @property
    def how(self) -> str:
        """How it was drawn, in one sentence for a report."""
        by = f" by {len(self.strata)} strata" if self.strata else ""
        weight = ", chances by weight" if self.weighted else ""
        chosen = f"; {len(self.must_include)} chosen by a person" if self.must_include else ""
        return (
            f"{len(self.drawn)} of {self.population_size} drawn at random{by}{weight} "
            f"with seed {self.seed!r} (lowest SHA-256 over seed and item){chosen}"
        )


class Suggestion(NamedTuple):
    """A size of sample and the rule that it comes from."""

    size: int
    rule: Reason


@dataclass(frozen=True, slots=True)
class Repeat:
    """Whether a sample comes out again; false, with every reason, when it does not."""

    reasons: tuple[Reason, ...] = ()

    def __bool__(self) -> bool:
        return not self.reasons


def draw(
    population: Iterable[str],
    size: int,
    *,
    seed: str,
    strata: Mapping[str, str] | None = None,
    weights: Mapping[str, int] | None = None,
    must_include: Iterable[str] = (),
) -> Sample:
    """Draw a sample that can be drawn again.

    Parameters
    ----------
    population : iterable of str
        Case numbers, handles of people or references of records, each once; blanks around a name do not count.
    size : int
        Items in the sample, those that must be in it included.
    seed : str
        Any text; fix it before the population is looked at (the reference of the audit, or the hash at the head of
        the ledger that day), so that nobody can be said to have tried several.
    strata : mapping of str to str, optional
        Stratum of every item. Each gets a share by its size (largest remainder), and at least one item if the
        size allows it.
    weights : mapping of str to int, optional
        Risk of items, 1 to 1000, 1 if not named: an item of weight 3 has three tickets in the draw.
    must_include : iterable of str
        Items that a person wants in it whatever the draw says.

    Raises
    ------
    RecordError
        If items are twice in the population, the size does not fit it, or strata, weights or wanted items do not.

    Notes
    -----
    With weight w the rank is the lowest of w hashes. Drawing the lowest ranks is then the same as drawing tickets
    one after the other without putting an item back. Only integers are compared, so that every platform agrees.

    Examples
    --------
    >>> sample = draw(["24-017", "24-018", "24-031", "24-040"], 2, seed="AUD-2026-003")
    >>> sample.drawn, sample.n
    (('24-031', '24-018'), 2)
    """
    items = _population(population)
    layers = _strata(items, strata)
    weight = _weights(items, weights)
    wanted = tuple(sorted({_named(item) for item in must_include}))
    _check_sizes(items, size, wanted)
    seed = _named(seed)
    if not seed:
        raise RecordError("A sample needs a seed, such as the reference of the audit; none was given.")
    free = [item for item in items if item not in set(wanted)]
    shares = _shares(_grouped(free, layers), size - len(wanted))
    drawn: list[str] = []
    for name, members in _grouped(free, layers).items():
        drawn += sorted(members, key=lambda item: (_rank(seed, item, weight[item]), item))[: shares[name]]
    whole = _grouped(items, layers)
    return Sample(
        seed=seed,
        population_sha256=_digest(items, layers, weight),
        population_size=len(items),
        n=size,
        must_include=wanted,
        drawn=tuple(drawn),
        strata=tuple(
            Stratum(name=name, size=len(members), n=shares.get(name, 0)) for name, members in whole.items()
        )
        if strata
        else (),
        weighted=len(set(weight.values())) > 1,
    )


def check(
    sample: Sample,
    population: Iterable[str],
    *,
    strata: Mapping[str, str] | None = None,
    weights: Mapping[str, int] | None = None,
) -> Repeat:
    """Say whether a sample comes out again from a population.

    Parameters
    ----------
    sample : Sample
    population, strata, weights
        As they were given to `draw`.

    Examples
    --------
    >>> sample = draw(["a", "b", "c"], 1, seed="2026")
    >>> bool(check(sample, ["c", "a", "b"]))
    True
    >>> print(check(sample, ["a", "b"]).reasons[0])
    the population has 2 items, and the sample was drawn from 3
    """
    items = _population(population)
    if len(items) != sample.population_size:
        values = {"found": len(items), "expected": sample.population_size}
        template = "the population has {found} items, and the sample was drawn from {expected}"
        return Repeat((Reason("population-size", template, values),))
    if _digest(items, _strata(items, strata), _weights(items, weights)) != sample.population_sha256:
        template = "the items, their strata or their weights are not those that the sample was drawn from"
        return Repeat((Reason("population-differs", template),))
    again = draw(
        items, sample.n, seed=sample.seed, strata=strata, weights=weights, must_include=sample.must_include
    )
    if again == sample:
        return Repeat()
    odd = sorted(set(sample.items) - set(again.items))
    template = "the seed gives another sample from this population; not drawn by it: {odd}"
    return Repeat((Reason("not-drawn-so", template, {"odd": ", ".join(odd) or "none, but their order differs"}),))


def suggest_size(population_size: int, *, faulty_percent: int = 10, confidence_percent: int = 95) -> Suggestion:
    """Suggest how many items to look at.

    Parameters
    ----------
    population_size : int
    faulty_percent : int
        Share of faulty items that should not go unseen, 1 to 100.
    confidence_percent : int
        Chance of seeing at least one of them, 1 to 99.

    Notes
    -----
    The smallest simple sample in which, if that share of the items were faulty, at least one faulty item turns up
    with that chance (hypergeometric, exact). It says nothing about how many are faulty.

    Examples
    --------
    >>> [suggest_size(many).size for many in (10, 100, 1000)]
    [10, 25, 29]
    """
    if population_size < 1 or not 1 <= faulty_percent <= 100 or not 1 <= confidence_percent <= 99:
        raise RecordError(
            f"A sample of {population_size} items for {faulty_percent} % faulty at {confidence_percent} % makes "
            "no sense. Give at least one item, 1 to 100 % faulty and 1 to 99 % confidence."
        )
    faulty = max(1, -(-population_size * faulty_percent // 100))
    sound = population_size - faulty
    size = next(
        n
        for n in range(1, population_size + 1)
        if 100 * comb(sound, n) <= (100 - confidence_percent) * comb(population_size, n)
    )
    values = {
        "size": size,
        "population": population_size,
        "faulty": faulty,
        "share": faulty_percent,
        "confidence": confidence_percent,
    }
    template = (
        "{size} of {population}: if {share} % ({faulty}) were faulty, at least one of them is in the sample with "
        "a chance of {confidence} % or more"
    )
    return Suggestion(size, Reason("discovery-sample", template, values))


def _named(words: str) -> str:
    try:
        words.encode()
    except UnicodeEncodeError as error:
        raise RecordError(f"{words!r} holds a sign that is no text. Type the name anew.") from error
    return unicodedata.normalize("NFC", words.strip())


def _population(population: Iterable[str]) -> list[str]:
    listed = [_named(item) for item in population]
    items = sorted(set(listed))
    if not items or not items[0]:
        raise RecordError("A population needs items, each with a name; list what the sample is drawn from.")
    if len(items) != len(listed):
        twice = sorted(item for item, count in Counter(listed).items() if count > 1)
        raise RecordError(f"{', '.join(twice[:5])}: more than once in the population. List every item once.")
    return items


def _strata(items: list[str], strata: Mapping[str, str] | None) -> dict[str, str]:
    if strata is None:
        return dict.fromkeys(items, "")
    given = {_named(item): _named(stratum) for item, stratum in strata.items()}
    without = [item for item in items if not given.get(item)]
    if without:
        raise RecordError(f"{', '.join(without[:5])}: in no stratum. Give every item of the population one.")
    return {item: given[item] for item in items}


def _weights(items: list[str], weights: Mapping[str, int] | None) -> dict[str, int]:
    given = {_named(item): weight for item, weight in (weights or {}).items()}
    odd = sorted(set(given) - set(items))
    if odd:
        raise RecordError(f"{', '.join(odd[:5])}: weighed, but not in the population. Check the names.")
    wrong = [item for item, weight in given.items() if not 1 <= weight <= HEAVIEST]
    if wrong:
        raise RecordError(f"{', '.join(sorted(wrong)[:5])}: a weight is a whole number from 1 to {HEAVIEST}.")
    return {item: given.get(item, 1) for item in items}


def _check_sizes(items: list[str], size: int, wanted: tuple[str, ...]) -> None:
    odd = sorted(set(wanted) - set(items))
    if odd:
        raise RecordError(f"{', '.join(odd[:5])}: to be in the sample, but not in the population. Check them.")
    if not max(1, len(wanted)) <= size <= len(items):
        raise RecordError(
            f"A sample of {size} does not fit a population of {len(items)} with {len(wanted)} that must be in it. "
            f"Choose a size from {max(1, len(wanted))} to {len(items)}."
        )


def _grouped(items: list[str], layers: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for item in sorted(items, key=lambda each: (layers[each], each)):
        groups.setdefault(layers[item], []).append(item)
    return groups


def _shares(groups: Mapping[str, list[str]], size: int) -> dict[str, int]:
    total = sum(map(len, groups.values()))
    shares = dict.fromkeys(groups, 0)
    if not size:
        return shares
    if size >= len(groups):
        shares = dict.fromkeys(groups, 1)
    for _ in range(size - sum(shares.values())):
        behind = {
            name: size * len(members) - total * shares[name]
            for name, members in groups.items()
            if shares[name] < len(members)
        }
        shares[min(behind, key=lambda name: (-behind[name], name))] += 1
    return shares


def _rank(seed: str, item: str, weight: int) -> bytes:
    return min(hashlib.sha256(canonical([seed, item, ticket])).digest() for ticket in range(weight))


def _digest(items: list[str], layers: Mapping[str, str], weight: Mapping[str, int]) -> str:
    return sha256(canonical([[item, layers[item], weight[item]] for item in items]))
