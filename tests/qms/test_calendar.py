"""The feed of deadlines, read back by the library and looked at byte by byte."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from qms.calendar import calendar
from qms.record import Text, new_id
from qms.store import Due

WHEN = datetime(2026, 3, 1, 9, 30, 15, 250_000, tzinfo=UTC)
ID = new_id()


def due(**changes: Any) -> Due:
    facts: dict[str, Any] = {
        "on": date(2026, 4, 30),
        "what": "effectiveness review",
        "kind": "finding",
        "id": ID,
        "ref": "NC-2026-014",
        "unit": "AL-TIR",
        "status": "effectiveness_pending",
        "headline": Text.of("Bags are open", "en").also("Qeset janë hapur", "sq"),
        "owner": new_id(),
    }
    return Due(**{**facts, **changes})


def events(content: bytes) -> list[Any]:
    return list(Calendar.from_ical(content.decode()).walk("VEVENT"))


def test_a_deadline_is_one_day() -> None:
    (event,) = events(calendar([due()], {ID: WHEN}, tongues={"AL-TIR": "sq"}))
    assert event.decoded("dtstart") == date(2026, 4, 30)
    assert event.decoded("dtend") == date(2026, 5, 1)
    assert event.decoded("dtstamp") == WHEN.replace(microsecond=0)
    assert str(event["summary"]) == "NC-2026-014 effectiveness review: Qeset janë hapur"
    assert str(event["uid"]) == f"{ID}.effectiveness-review@qms.forensic-ballistics"
    assert str(event["transp"]) == "TRANSPARENT"


def test_the_last_day_that_there_is_has_no_end() -> None:
    first, last = events(calendar([due(on=date.min), due(on=date.max)], {ID: WHEN}))
    assert (first.decoded("dtstart"), first.decoded("dtend")) == (date.min, date(1, 1, 2))
    assert last.decoded("dtstart") == date.max
    assert "dtend" not in last


def test_no_person_is_named() -> None:
    one = due()
    assert one.owner.encode() not in calendar([one], {ID: WHEN})


def test_the_same_records_give_the_same_bytes() -> None:
    days = [due(), due(what="close", on=date(2026, 9, 1))]
    assert calendar(days, {ID: WHEN}) == calendar(days, {ID: WHEN})
    first, second = events(calendar(days, {ID: WHEN}))
    assert first["uid"] != second["uid"]


def test_a_moved_deadline_keeps_its_name() -> None:
    (before,) = events(calendar([due()], {ID: WHEN}))
    (after,) = events(calendar([due(on=date(2026, 5, 30))], {ID: WHEN.replace(day=2)}))
    assert before["uid"] == after["uid"]
    assert before.decoded("dtstart") != after.decoded("dtstart")
    assert before.decoded("dtstamp") < after.decoded("dtstamp")


def test_an_empty_feed_is_a_calendar() -> None:
    content = calendar([], {})
    assert content.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert content.endswith(b"END:VCALENDAR\r\n")


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=300).filter(lambda words: words.strip()))
def test_any_title_keeps_the_form(words: str) -> None:
    content = calendar([due(headline=Text.of(words, "en"))], {ID: WHEN})
    lines = content.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) <= 75 for line in lines)
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert sum(line.startswith(b"BEGIN:") for line in lines) == 2
    (event,) = events(content)
    shown = "".join(each if each.isprintable() else " " for each in words.strip())
    assert str(event["summary"]) == f"NC-2026-014 effectiveness review: {shown}"
