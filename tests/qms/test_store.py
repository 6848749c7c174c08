"""Reading a store: the same answers from SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
import gc
import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qms import Person, Record, Store, Text, Unit
from qms.errors import RecordError, UnknownError
from qms.kinds import KINDS
from qms.lifecycle import Kind
from qms.record import Deadline, Id
from qms.search import many_at_once, most_alike

SEPARATORS = "\x1c\x1d\x1e\x1f"
"""Signs that are blank to Python at the ends of a text and not to Unicode, nor to the records."""
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Task(Record):
    """Something to do."""

    kind: ClassVar[str] = "task"
    words: str = ""
    owner: str = ""
    due: date | None = None
    about: tuple[Id, ...] = ()

    def deadlines(self) -> tuple[Deadline, ...]:
        return (Deadline("end", self.due, self.owner),) if self.due else ()

    def headline(self) -> Text:
        return Text.of(self.words[:200] or "nothing", "en")


KEPT = (*KINDS, Kind(Task))


class Clock:
    """A clock that goes on by a minute whenever it is asked."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def tasks(make_store: Callable[..., Store]) -> Store:
    """A store that keeps tasks, with a second unit and a clock that goes on."""
    store = make_store(kinds=KEPT, clock=Clock())
    with store.change(by=store.person("a.hoxha").id) as change:
        change.add(Unit(unit="XK-PRN", ref="XK-PRN", jurisdiction="XK", name=Text.of("Unit", "en")))
    return store


def add(store: Store, *records: Task) -> list[Task]:
    with store.change(by=store.person("a.hoxha").id) as change:
        return [change.add(each) for each in records]


def task(**fields: object) -> Task:
    return Task.model_validate({"unit": "AL-TIR", **fields})


def test_every_filter_gives_what_a_plain_loop_gives(tasks: Store) -> None:
    rng, people = random.Random(3), [each.id for each in tasks.find(Person)]
    added: list[Task] = []
    for _ in range(6):
        added += add(
            tasks,
            *(
                task(
                    unit=rng.choice(["AL-TIR", "XK-PRN"]),
                    status=rng.choice(["open", "done", "OPEN"]),
                    owner=rng.choice([*people, ""]),
                    words=rng.choice(["Swab seal", "ÇELËS i vjetër", "čaša", "Straße", 'a "word"', "two\nlines"]),
                    labels=tuple(rng.sample(["lab", "Lab", "scène"], rng.randrange(3))),
                    due=START.date() + timedelta(days=rng.randrange(10)) if rng.random() < 0.7 else None,
                    about=(rng.choice(added).id,) if added and rng.random() < 0.5 else (),
                )
                for _ in range(8)
            ),
        )
    added.sort(key=lambda each: (each.unit, each.ref))
    day, some = START.date() + timedelta(days=5), added[0].id
    cases = [
        ({}, lambda each: True),
        ({"unit": "XK-PRN"}, lambda each: each.unit == "XK-PRN"),
        ({"jurisdiction": "AL"}, lambda each: each.unit == "AL-TIR"),
        ({"status": "open"}, lambda each: each.status == "open"),
        ({"status": ("open", "done")}, lambda each: each.status in ("open", "done")),
        ({"owner": people[0]}, lambda each: each.owner == people[0]),
        ({"linked_to": some}, lambda each: some in each.about),
        ({"label": "Lab"}, lambda each: "Lab" in each.labels),
        ({"label": "la"}, lambda each: False),
        ({"overdue_on": day}, lambda each: each.due is not None and each.due < day),
        ({"word": "çelës I"}, lambda each: "ÇELËS" in each.words),
        ({"word": "STRASSE"}, lambda each: each.words == "Straße"),
        ({"word": 'A "W'}, lambda each: '"' in each.words),
        ({"word": "two\nL"}, lambda each: "\n" in each.words),
        ({"word": "c\u030ca\u0161a"}, lambda each: each.words == "čaša"),
        ({"word": "words"}, lambda each: False),
        ({"unit": "AL-TIR", "status": "done"}, lambda each: each.unit == "AL-TIR" and each.status == "done"),
        ({"status": "done", "word": "seal"}, lambda each: each.status == "done" and "seal" in each.words),
    ]
    for given_, fits in cases:
        expected = [each for each in added if fits(each)]
        assert tasks.find(Task, **given_) == expected, given_
        for limit in (0, 1, 5, 1000):
            assert tasks.find(Task, **given_, limit=limit) == expected[:limit], (given_, limit)
    assert sum(len([each for each in added if fits(each)]) > 0 for _, fits in cases) > 12


def test_deadlines_come_in_order_and_only_of_those_asked_for(tasks: Store) -> None:
    arta = tasks.person("a.hoxha").id
    days = [START.date() + timedelta(days=n) for n in (4, 2, 9)]
    first, second, _ = add(
        tasks, *(task(due=day, owner=arta if n else "", words=f"{n}") for n, day in enumerate(days))
    )
    found = tasks.due(days[0])
    assert [(each.on, each.ref, each.what, each.owner) for each in found] == [
        (days[1], second.ref, "end", arta),
        (days[0], first.ref, "end", ""),
    ]
    assert found[0].headline.best("en") == "1"
    assert [each.ref for each in tasks.due(days[0], owner=arta)] == [second.ref]
    assert tasks.due(days[2], unit="XK-PRN") == []
    with tasks.change(by=arta) as change:
        change.save(first.revised(due=None))
    assert [each.ref for each in tasks.due(days[0])] == [second.ref]


def test_references_are_found_as_they_are(tasks: Store) -> None:
    kept = add(tasks, task(ref="a_b"), task(ref="aXb"), task(ref="a.b"), task(ref="čaj"))
    assert [tasks.get(Task, each.ref).id for each in kept] == [each.id for each in kept]
    assert tasks.get(Task, f" {kept[0].id} ") == kept[0]
    for key in ("a%b", "a_", "", "a\x00b", "a\nb", "' OR 1=1 --", "x" * 5000, "\ud800"):
        with pytest.raises(UnknownError, match="There is no task"):
            tasks.get(Task, key)
    with pytest.raises(UnknownError, match=r"There is no task 'a__b'. Did you mean a_b"):
        tasks.get(Task, "a__b")
    with pytest.raises(UnknownError, match="in unit XK-PRN"):
        tasks.get(Task, "a_b", unit="XK-PRN")
    other = add(tasks, task(ref="a_b", unit="XK-PRN"))[0]
    with pytest.raises(RecordError, match=r"Several units have a task a_b: AL-TIR, XK-PRN. Say which"):
        tasks.get(Task, "a_b")
    assert tasks.get(Task, "a_b", unit="XK-PRN") == other


def test_a_reference_of_another_series_does_not_count(tasks: Store) -> None:
    add(
        tasks,
        task(ref="TASK-2026-007"),
        task(ref="TASKX2026-900"),
        task(ref="TASK-2026-x"),
        task(ref="TASK-2025-500"),
    )
    assert [each.ref for each in add(tasks, task(), task(), task(unit="XK-PRN"))] == [
        "TASK-2026-008",
        "TASK-2026-009",
        "TASK-2026-001",
    ]
    add(tasks, task(ref="TASK-2026-999"))
    assert [each.ref for each in add(tasks, task(), task())] == ["TASK-2026-1000", "TASK-2026-1001"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.characters(exclude_categories=["Cs"], exclude_characters=SEPARATORS), max_size=300))
def test_any_text_comes_back_as_it_was(tasks: Store, words: str) -> None:
    kept = add(tasks, task(words=words))[0]
    assert tasks.get(Task, kept.id) == kept
    assert tasks.as_of(Task, kept.id, START + timedelta(days=300)) == kept
    assert kept.words == words.strip()
    if words.strip():
        assert kept in tasks.find(Task, word=words.strip().upper())
    with tasks.change(by=tasks.person("a.hoxha").id, why=words) as change:
        change.save(kept.revised(words="other"))
    assert tasks.history(kept.id)[-1].why == words.strip()


def test_signs_that_are_no_text_are_refused(tasks: Store) -> None:
    arta = tasks.person("a.hoxha")
    with pytest.raises((RecordError, ValueError)):
        add(tasks, task(words="half \ud800"))
    with pytest.raises(RecordError, match="no text"), tasks.change(by=arta.id, why="\ud800"):
        raise AssertionError
    assert tasks.find(Task) == []
    assert tasks.verify()


def test_a_very_long_text_is_kept(tasks: Store) -> None:
    words = "përmbajtje " * 200_000
    kept = add(tasks, task(words=words))[0]
    assert tasks.get(Task, kept.ref).words == words.strip()
    assert tasks.find(Task, word="TJE PËR") == [kept]
    assert tasks.verify()


def test_what_cannot_be_asked_for(tasks: Store) -> None:
    for limit in (-1, -100, 10**20):
        with pytest.raises(RecordError, match="A limit is 0 to 1,000,000,000; found"):
            tasks.find(Task, limit=limit)
        with pytest.raises(RecordError, match="A limit is 0 to 1,000,000,000; found"):
            tasks.log(limit=limit)
    naive = datetime(2026, 3, 1)
    for ask in (
        lambda: tasks.log(since=naive),
        lambda: tasks.log(until=naive),
        lambda: tasks.as_of(Person, "a.hoxha", naive),
        lambda: tasks.find(Person, as_of=naive),
    ):
        with pytest.raises(RecordError, match=r"has no time zone. Give one"):
            ask()
    tasks.clock = lambda: naive
    with pytest.raises(RecordError, match="has no time zone"), tasks.change(by=tasks.person("a.hoxha").id):
        raise AssertionError


def test_the_log_is_cut_by_time_and_number(tasks: Store) -> None:
    events = tasks.log()
    assert [each.seq for each in events] == list(range(1, len(events) + 1))
    assert [each.seq for each in tasks.log(limit=2)] == [len(events) - 1, len(events)]
    assert tasks.log(limit=0) == []
    last = events[-1].moment
    assert tasks.log(since=last) == events[-1:]
    assert tasks.log(until=last - timedelta(seconds=1)) == events[:-1]
    assert tasks.log(since=last.astimezone(None)) == events[-1:]


def test_a_record_is_rebuilt_as_it_was_at_every_moment(tasks: Store) -> None:
    arta, rng = tasks.person("a.hoxha"), random.Random(4)
    kept = add(tasks, task(words="0"))[0]
    was = [kept]
    for n in range(12):
        with tasks.change(by=arta.id) as change:
            labels = tuple(rng.choices("abc/~", k=rng.randrange(4)))
            was.append(change.save(was[-1].revised(words=f"{n} ç", labels=labels, about=(arta.id,) * (n % 3))))
    for each, after in zip(was, [*was[1:], None], strict=True):
        assert tasks.as_of(Task, kept.ref, each.updated) == each
        if after:
            assert tasks.as_of(Task, kept.id, after.updated - timedelta(milliseconds=1)) == each
    with pytest.raises(UnknownError, match=f"There was no task {kept.ref} at .* it begins at 2026"):
        tasks.as_of(Task, kept.ref, kept.updated - timedelta(milliseconds=1))


def test_a_list_as_of_a_time_is_that_of_each_record(tasks: Store) -> None:
    arta, rng = tasks.person("a.hoxha"), random.Random(7)
    kept = {each.id: each for each in add(tasks, *(task(words=f"word {n}") for n in range(4)))}
    moments = [START, *(each.updated for each in kept.values())]
    for n in range(20):
        with tasks.change(by=arta.id) as change:
            one = rng.choice(list(kept.values()))
            fields = {
                "words": f"word {n}",
                "owner": rng.choice(["", arta.id]),
                "labels": tuple(rng.choices("ab", k=rng.randrange(2))),
                "due": rng.choice([None, date(2026, 3, 1), date(2026, 4, 1)]),
                "about": rng.choice([(), (arta.id,)]),
            }
            kept[one.id] = change.save(one.revised(**fields))
            moments.append(change.at)
    late = date(2026, 3, 5)
    asked = {
        "owner": (arta.id, lambda each: each.owner == arta.id),
        "label": ("a", lambda each: "a" in each.labels),
        "word": ("WORD 1", lambda each: "word 1" in each.words),
        "linked_to": (arta.id, lambda each: arta.id in (*each.about, each.owner)),
        "overdue_on": (late, lambda each: any(one.on < late for one in each.deadlines())),
        "unit": ("AL-TIR", lambda each: True),
        "jurisdiction": ("AL", lambda each: True),
    }
    found = set()
    for moment in moments:
        was = []
        for each in sorted(kept.values(), key=lambda each: each.ref):
            with contextlib.suppress(UnknownError):
                was.append(tasks.as_of(Task, each.id, moment))
        assert tasks.find(Task, as_of=moment) == was
        assert tasks.find(Task, as_of=moment, limit=1) == was[:1]
        for name, (value, fits) in asked.items():
            expected = [each for each in was if fits(each)]
            assert tasks.find(Task, as_of=moment, **{name: value}) == expected, name
            found |= {(name, bool(expected))}
        assert tasks.find(Task, as_of=moment, status=iter([""])) == was
        assert tasks.find(Task, as_of=moment, status="gone") == []
        assert tasks.find(Task, as_of=moment, unit="XK-PRN") == []
        assert tasks.find(Task, as_of=moment, linked_to=next(iter(kept))) == []
    assert {(name, True) for name in asked} <= found
    assert ("overdue_on", False) in found


def test_related_records_and_people(tasks: Store) -> None:
    arta = tasks.person("Arta HOXHA")
    assert tasks.person("a.hoxha") == tasks.person(arta.id) == arta
    with pytest.raises(UnknownError, match=r"Did you mean a.hoxha"):
        tasks.person("a.hoxa")
    first = add(tasks, task(about=(arta.id,)))[0]
    second = add(tasks, task(about=(first.id,)))[0]
    assert tasks.related(first) == (arta, second)
    assert tasks.related(first, Task) == (second,)
    with tasks.change(by=arta.id) as change:
        change.save(second.revised(about=()))
    assert tasks.related(first) == (arta,)


def test_what_comes_from_another_copy_keeps_its_beginning_and_its_jurisdiction(tasks: Store) -> None:
    arta, long_ago = tasks.person("a.hoxha").id, datetime(2001, 2, 3, tzinfo=UTC)
    with tasks.change(by=arta) as change:
        came = change.merge(task(ref="came", created=long_ago, jurisdiction="XK"))
        bare = change.merge(task(ref="bare"))
        own = change.add(task(ref="own", created=long_ago, jurisdiction="XK"))
    assert (came.created, came.jurisdiction) == (long_ago, "XK")
    assert (bare.created, bare.jurisdiction) == (own.created, own.jurisdiction) == (change.at, "AL")
    with tasks.change(by=arta) as change:
        edited = change.save(came.revised(words="edited"))
        again = change.merge(edited.revised(words="again", created=change.at))
    for each in (edited, again, tasks.get(Task, "came")):
        assert (each.created, each.jurisdiction) == (long_ago, "XK")
    assert [each.ref for each in tasks.find(Task, jurisdiction="XK")] == ["came"]


def test_the_next_reference_follows_the_largest_number_however_it_is_written(tasks: Store) -> None:
    taken = ("0000012", "77777x", "x99", "500", "0499", "", "-7", "٩٩٩")
    add(tasks, *(task(ref=f"TASK-2026-{each}") for each in taken))
    assert add(tasks, task())[0].ref == "TASK-2026-501"
    add(tasks, task(ref="TASK-2026-" + "9" * 30))
    assert add(tasks, task())[0].ref == "TASK-2026-1" + "0" * 30


def test_a_reference_that_is_not_there_is_soon_found_to_be_like_others() -> None:
    refs = [f"NC-{year}-{number:03d}" for year in range(2016, 2027) for number in range(1, 1001)]
    for wanted, meant in {
        "NC-2026-0144": "NC-2026-014",
        "NC-2062-014": "NC-2026-014",
        "MC-2026-014": "NC-2026-014",
        "NC2026-014": "NC-2026-014",
        "nc-2026-14": "NC-2026-914",
    }.items():
        start = time.process_time()
        assert meant in most_alike(wanted, refs), wanted
        assert time.process_time() - start < 0.5
    assert most_alike("NC-2026-014", []) == most_alike("zzz", refs) == []


def test_a_kind_that_is_not_known_here_is_left_alone(tasks: Store, make_store: Callable[..., Store]) -> None:
    from qms.store import open_store

    arta = tasks.person("a.hoxha")
    add(tasks, task(about=(arta.id,)))
    url = tasks.engine.url
    place = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=False)
    with open_store(place, files=tasks.files.folder) as fewer:
        assert fewer.related(arta) == ()
        found = fewer.verify()
        assert found
        assert "no kind 'task' is known here" in found.notes[0]
        with fewer.change(by=arta.id) as change:
            change.save(arta.revised(duty="examiner"))
            with pytest.raises(RecordError, match="keeps no records of kind 'task'"):
                change.add(task())


def test_the_search_for_circles_rests_only_while_records_are_read() -> None:
    for before in (True, False):
        (gc.enable if before else gc.disable)()
        try:
            with contextlib.suppress(KeyError), many_at_once():
                assert not gc.isenabled()
                with many_at_once():
                    pass
                assert not gc.isenabled()
                raise KeyError
            assert gc.isenabled() is before
        finally:
            gc.enable()
