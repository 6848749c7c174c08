"""A store with a unit, its people and an assessment that is under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.judging import begin
from accreditation.assessments.profile import Profile
from accreditation.kinds import KINDS
from qms.organisation import Person, Unit
from qms.record import Text
from qms.store import Store, open_store


class Clock:
    """Tells a time that only the test moves on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def skip(self, days: int) -> None:
        """Go on to a later day."""
        self.now += timedelta(days=days)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """An SQLite store with the unit AL-TIR and the people a.hoxha, b.krasniqi and c.marku."""
    with open_store(tmp_path / "records.qms", create=True, kinds=KINDS, clock=clock) as opened:
        unit = Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("Crime scene unit", "en"))
        people = {"a.hoxha": "Arta Hoxha", "b.krasniqi": "Besa Krasniqi", "c.marku": "Çlirim Marku"}
        first, *others = (Person(unit="AL-TIR", ref=ref, name=name) for ref, name in people.items())
        with opened.change(by=first.id, why="set up") as change:
            for record in (unit, first, *others):
                change.add(record)
        yield opened


@pytest.fixture
def somebody(store: Store) -> Callable[[str], str]:
    """Give the id of a person by the handle."""
    return lambda handle: store.get(Person, handle).id


@pytest.fixture
def profile() -> Profile:
    return Profile(name="Baseline", standards=("iso17020-2012", "sop-elements"))


@pytest.fixture
def assessment(store: Store, somebody: Callable[[str], str], profile: Profile) -> Assessment:
    """A running assessment of a.hoxha in which nothing is judged yet."""
    lead = somebody("a.hoxha")
    with store.change(by=lead, why="begin") as change:
        return begin(change, "AL-TIR", profile, title=Text.of("Baseline 2026", "en"), lead=lead)
