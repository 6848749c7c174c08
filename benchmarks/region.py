"""A region's records for `benchmarks.records`: units that deal with nonconformities, month after month.

A case is evidence, a finding, a correction and a corrective action, taken through the steps that people would
take: forty events on four records. Who supplies evidence and carries out actions is not who accepts and verifies
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import numpy as np

from qms import Person, Store, Text, Unit, open_store
from qms.actions.action import Action
from qms.actions.ownership import Verification
from qms.change import Change
from qms.evidence.evidence import Evidence, supply
from qms.findings.finding import (
    Containment,
    Criterion,
    Extent,
    Finding,
    Review,
    RootCauseAnalysis,
    Statement,
)
from qms.findings.grades import Grade
from qms.record import Requirement

FIRST = datetime(2021, 1, 4, 8, 0, tzinfo=UTC)
MONTH = timedelta(days=30)
MONTHS = 60
REVIEW_AFTER = 3
"""Months from the verification to the review of the effect."""
REPORTS = 6
"""How often the progress of an action is noted."""
RENEWED = 0.05
"""Share of evidence that is replaced after a finding relied on it."""
RARE = "hygrometer"
"""Stands in one finding of a region."""
PEOPLE = 8
WORDS = (
    "swab",
    "seal",
    "exhibit",
    "chain",
    "custody",
    "scene",
    "log",
    "camera",
    "scale",
    "powder",
    "lift",
    "cast",
    "glove",
    "tent",
    "photograph",
    "sketch",
    "key",
    "store",
    "freezer",
    "label",
    "bag",
    "method",
    "procedure",
    "revision",
    "training",
    "officer",
    "report",
    "review",
    "calibration",
    "torch",
    "tape",
    "light",
)


class Calendar:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = FIRST

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@dataclass(slots=True)
class Case:
    """The four records of one case, as they are now."""

    evidence: Evidence
    finding: Finding
    actions: list[Action]


def build(place: str, files: Path, *, units: int, cases: int, rng: np.random.Generator) -> None:
    """Make the store: every unit opens as many cases, spread over the months, and goes on with those it has."""
    clock = Calendar()
    with open_store(place, files=files, create=True, clock=clock) as store:
        people = settle(store, units)
        held: dict[str, list[list[Case]]] = {unit: [] for unit in people}
        for month in range(MONTHS):
            clock.now = FIRST + month * MONTH
            fresh = cases * (month + 1) // MONTHS - cases * month // MONTHS
            for unit, owners in people.items():
                held[unit].append(work(store, unit, owners, held[unit], fresh, rng))
        mark_rare(store, people)


def settle(store: Store, units: int) -> dict[str, list[str]]:
    """Add units and people; return the people's ids of each unit."""
    people: dict[str, list[Person]] = {}
    for code in (f"U-{n:02d}" for n in range(1, units + 1)):
        named = (f"p{n}.{code.lower()}" for n in range(PEOPLE))
        people[code] = [Person(unit=code, ref=ref, name=f"Person {ref}") for ref in named]
    first = next(chain.from_iterable(people.values()))
    with store.change(by=first.id, why="set up") as change:
        for code, own in people.items():
            change.add(Unit(unit=code, ref=code, jurisdiction=code[:3], name=Text.of(f"Unit {code}", "en")))
            for person in own:
                change.add(person)
    return {code: [person.id for person in own] for code, own in people.items()}


def work(
    store: Store, unit: str, people: list[str], held: list[list[Case]], fresh: int, rng: np.random.Generator
) -> list[Case]:
    """Do what one unit does in a month, first its officer and then its manager; return the cases of the month."""
    manager, officer, *owners = people
    running = held[-1] if held else []
    with store.change(by=officer, why="monthly work") as change:
        evidence = list(collected(change, unit, fresh, rng))
        for case in running:
            case.actions = [carried_out(change, action) for action in case.actions]
    with store.change(by=manager, why="monthly review") as change:
        opened = [open_case(change, each, owners, rng) for each in evidence]
        for case in running:
            verify(change, case)
        for case in held[-1 - REVIEW_AFTER] if len(held) > REVIEW_AFTER else []:
            close(change, case)
    renewed = [case for case in opened if rng.random() < RENEWED]
    if renewed:
        with store.change(by=officer, why="a better copy") as change:
            for case in renewed:
                case.evidence = supply(change, case.evidence, url="https://example.org/log/again")
    return opened


def collected(change: Change, unit: str, count: int, rng: np.random.Generator) -> Iterator[Evidence]:
    """Ask for evidence and supply it; all of a month is on one sheet."""
    sheet = change.store.files.folder.parent / "sheet.csv"
    sheet.write_text("\n".join(words(rng, 12) for _ in range(200)), encoding="utf-8")
    for _ in range(count):
        asked = Evidence(
            unit=unit,
            type="record",
            title=in_two_languages(rng, 6),
            owner=change.by,
            due=change.at.date() + timedelta(days=14),
            effective_from=change.at.date() - MONTH,
            expires=change.at.date() + timedelta(days=int(rng.integers(200, 2000))),
        )
        yield supply(change, change.add(asked), source=sheet)


def open_case(change: Change, evidence: Evidence, owners: list[str], rng: np.random.Generator) -> Case:
    """Accept evidence, state what it shows and bring the plan to where it is carried out."""
    evidence = change.advance(evidence, "accept")
    owner, today = owners[int(rng.integers(len(owners)))], change.at.date()
    finding = change.add(
        Finding(
            unit=evidence.unit,
            grade=Grade.MAJOR if rng.random() < 0.2 else Grade.MINOR,
            statement=Statement(gap=in_two_languages(rng, 6), evidence=in_two_languages(rng, 40)),
            requirements=(Requirement(source="ISO/IEC 17020:2012", clause=f"7.{rng.integers(1, 7)}"),),
            evidence=(change.link(evidence),),
            owner=owner,
            raised_by=change.by,
            raised_on=today,
            due_response=today + timedelta(days=14),
            due_close=today + timedelta(days=int(rng.integers(120, 400))),
            labels=(WORDS[int(rng.integers(len(WORDS)))],),
        )
    )
    for act in ("issue", "accept"):
        finding = change.advance(finding, act)
    contained = Containment(by=owner, at=change.at, what=in_two_languages(rng, 8))
    finding = change.advance(finding, "contain", containment=contained)
    looked = Extent(looked=in_two_languages(rng, 6), found=in_two_languages(rng, 6))
    finding = change.advance(finding, "analyse", extent=looked)
    cause = RootCauseAnalysis(method="other", root_causes=(in_two_languages(rng, 12),))
    finding = change.save(finding.revised(analysis=cause))
    actions: list[Action] = []
    for purpose in ("correction", "corrective"):
        action = Action(
            unit=finding.unit,
            purpose=purpose,
            title=in_two_languages(rng, 5),
            finding=finding.id,
            owner=owner,
            due=today + timedelta(days=int(rng.integers(20, 90))),
            depends_on=tuple(each.id for each in actions),
        )
        actions.append(change.advance(change.add(action), "approve"))
    finding = change.advance(finding, "plan")
    criterion = Criterion(measure=in_two_languages(rng, 8), after_days=60)
    finding = change.advance(finding, "agree", criterion=criterion)
    return Case(evidence, change.advance(finding, "start"), actions)


def carried_out(change: Change, action: Action) -> Action:
    """Start an action, note its progress and finish it."""
    action = change.advance(action, "start")
    for turn in range(1, REPORTS + 1):
        action = change.save(action.revised(progress=100 * turn // REPORTS))
    return change.advance(action, "finish")


def verify(change: Change, case: Case) -> None:
    """Verify the actions of a case, and with them that its plan is carried out."""
    seen = Verification(by=change.by, at=change.at, how="seen on site", result="passed")
    case.actions = [change.advance(each, "verify", verifications=(seen,)) for each in case.actions]
    finding = change.advance(case.finding, "complete")
    case.finding = change.advance(finding, "verify", verifications=(seen,))


def close(change: Change, case: Case) -> None:
    """Review the effect of a case and close it."""
    case.actions = [change.advance(each, "confirm") for each in case.actions]
    review = Review(by=change.by, at=change.at, method="ten cases", result="effective", cases=10)
    case.finding = change.advance(change.advance(case.finding, "review", reviews=(review,)), "close")


def mark_rare(store: Store, people: dict[str, list[str]]) -> None:
    """Add one finding with a word that stands in no other."""
    unit, (manager, *_) = next(iter(people.items()))
    gap = Statement(gap=Text.of(f"The {RARE} is not calibrated", "en"))
    with store.change(by=manager, why="seen in passing") as change:
        change.add(Finding(unit=unit, grade=Grade.OBSERVATION, statement=gap))


def in_two_languages(rng: np.random.Generator, count: int) -> Text:
    """Return random words in two languages."""
    return Text.of(words(rng, count), "en").also(words(rng, count), "sq")


def words(rng: np.random.Generator, count: int) -> str:
    """Return random words of the trade."""
    return " ".join(WORDS[n] for n in rng.integers(len(WORDS), size=count))
