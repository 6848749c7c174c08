"""A store as a text folder: the same bytes for the same store, identity through it, nothing hostile taken in."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qms import Person, Store, Text, Unit, open_store
from qms.actions.action import Action
from qms.errors import ExchangeError, StoreError
from qms.exchange.checkpoint import check_checkpoints, new_key, read_key, sign_checkpoint
from qms.exchange.merge import import_folder
from qms.exchange.source import FolderSource
from qms.exchange.store_copy import StoreCopy
from qms.exchange.text_folder import EVENTS_PER_FILE, write_folder
from qms.ledger import Chain
from qms.record import LANGUAGES, canonical, sha256

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fill(store: Store) -> Store:
    arta = store.person("a.hoxha").id
    for number in range(3):
        with store.change(by=arta, why=f"më së miri {number}") as change:
            store.files.keep_stream(io.BytesIO(b"file %d" % number), f"{number}.txt")
            title = Text.of("Запечатити брис", "sr-Cyrl").also("Seal the swab", "en")
            kept = change.add(Action(unit="AL-TIR", purpose="improvement", title=title))
            change.save(kept.revised(owner=arta, labels=("seals", "Шћ")))
    return store


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    fill(store)
    new_key(tmp_path / "key.pem")
    sign_checkpoint(store, read_key(tmp_path / "key.pem"))
    return store


@pytest.fixture
def empty(new_place: Callable[[], Any]) -> Iterator[Callable[[], Store]]:
    stores: list[Store] = []

    def make() -> Store:
        place = new_place()
        stores.append(open_store(place.database, files=place.files, create=True))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def test_export_and_import_is_identity(filled: Store, empty: Callable[[], Store], tmp_path: Path) -> None:
    write_folder(filled, tmp_path / "one")
    other = empty()
    report = import_folder(other, tmp_path / "one")
    assert (report.loaded, report.written, report.outcomes) == (True, True, ())
    assert other.head() == filled.head()
    assert other.log() == filled.log()
    assert other.find(Action) == filled.find(Action)
    assert other.due(filled.now().date()) == filled.due(filled.now().date())
    assert other.verify()
    assert check_checkpoints(other).checked == 1
    write_folder(other, tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")
    before = other.head()
    again = import_folder(other, tmp_path / "one")
    assert (again.written, again.same, other.head()) == (False, 7, before)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_from_one_database_to_the_other_and_back(
    empty: Callable[[], Store], tmp_path: Path, make_store: Callable[..., Store]
) -> None:
    first = fill(make_store())
    write_folder(first, tmp_path / "one")
    with open_store(tmp_path / "r.qms", create=True) as between:
        import_folder(between, tmp_path / "one")
        assert between.verify()
        write_folder(between, tmp_path / "two")
    last = empty()
    import_folder(last, tmp_path / "two")
    write_folder(last, tmp_path / "three")
    assert content(tmp_path / "one") == content(tmp_path / "two") == content(tmp_path / "three")


letters = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=12).filter(str.strip)
texts = st.dictionaries(st.sampled_from(sorted(LANGUAGES)), letters, min_size=1, max_size=3)


@only_sqlite
@given(titles=st.lists(texts, min_size=1, max_size=4), edits=st.lists(st.integers(0, 3), max_size=4))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_small_store_comes_through(
    titles: list[dict[str, str]], edits: list[int], tmp_path_factory: pytest.TempPathFactory, database: str
) -> None:
    place = tmp_path_factory.mktemp("identity")
    arta = Person(unit="AL-TIR", ref="a.hoxha", name="Arta")
    unit = Unit(unit="AL-TIR", ref="AL-TIR", jurisdiction="AL", name=Text.of("Unit", "en"))
    with open_store(place / "a.qms", create=True) as one, open_store(place / "b.qms", create=True) as other:
        with one.change(by=arta.id) as change:
            change.add(unit)
            change.add(arta)
            kept = [
                change.add(Action(unit="AL-TIR", purpose="milestone", title=Text.model_validate(title)))
                for title in titles
            ]
            for number, which in enumerate(edits, 1):
                last = change.get(Action, kept[which % len(kept)].id)
                change.save(last.revised(labels=(*last.labels, f"l{number}")))
        write_folder(one, place / "one")
        import_folder(other, place / "one")
        assert (other.head(), other.log()) == (one.head(), one.log())
        assert other.verify()
        write_folder(other, place / "two")
        assert content(place / "one") == content(place / "two")


@only_sqlite
def test_a_long_ledger_stands_in_several_files(store: Store, empty: Callable[[], Store], tmp_path: Path) -> None:
    arta = store.person("a.hoxha").id
    with store.change(by=arta) as change:
        person = change.get(Person, arta)
        for number in range(EVENTS_PER_FILE):
            person = change.save(person.revised(duty=f"duty {number}"))
    folder = tmp_path / "folder"
    write_folder(store, folder)
    sizes = [len(path.read_bytes().splitlines()) for path in sorted((folder / "ledger").iterdir())]
    assert sizes == [EVENTS_PER_FILE, 4]
    other = empty()
    import_folder(other, folder)
    assert other.head() == store.head()
    kept = (folder / "ledger" / "000001.jsonl").stat().st_mtime_ns
    with store.change(by=arta) as change:
        change.save(person.revised(duty="other"))
    assert write_folder(store, folder).changed == 2
    assert (folder / "ledger" / "000001.jsonl").stat().st_mtime_ns == kept


def test_what_a_person_reads_in_a_record(filled: Store, tmp_path: Path) -> None:
    write_folder(filled, tmp_path / "folder")
    action = filled.find(Action)[0]
    text = (tmp_path / "folder" / "records" / "action" / f"{action.id}.json").read_text(encoding="utf-8")
    assert '    "sr-Cyrl": "Запечатити брис"\n' in text
    assert text.endswith("}\n")
    names = [line.split('"')[1] for line in text.splitlines() if line.startswith('  "')]
    assert names == sorted(names)


def test_an_export_is_brought_up_to_date_and_nothing_else_touched(filled: Store, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / ".git").mkdir(parents=True)
    assert write_folder(filled, folder).changed == 13
    assert (folder / ".gitattributes").read_bytes() == b"* -text\n"
    (folder / ".gitattributes").write_text("* -text\n*.png binary\n")
    (folder / "README.md").write_text("ours")
    (folder / "records" / "notes.txt").write_text("ours")
    assert write_folder(filled, folder)[1:] == (0, 0)
    with filled.change(by=filled.person("a.hoxha").id) as change:
        change.save(change.get(Action, "ACT-" + str(filled.now().year) + "-001").revised(labels=()))
    assert write_folder(filled, folder)[1:] == (2, 0)
    digest = next(iter(filled.files.digests()))
    (filled.files.folder / digest[:2] / digest).unlink()
    (folder / "ledger" / ".0123456789abcdef.part").write_text("left by a killed export")
    assert write_folder(filled, folder)[1:] == (0, 2)
    assert not (folder / "files" / digest[:2] / digest).exists()
    assert "png" in (folder / ".gitattributes").read_text()
    assert (folder / "README.md").read_text() == (folder / "records" / "notes.txt").read_text() == "ours"


def test_another_folder_is_never_overwritten(
    filled: Store, make_store: Callable[..., Store], tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="something else"):
        write_folder(filled, folder)
    assert content(folder) == {"thesis.txt": b"mine"}
    write_folder(make_store(), tmp_path / "other")
    before = content(tmp_path / "other")
    with pytest.raises(StoreError, match="another store"):
        write_folder(filled, tmp_path / "other")
    assert content(tmp_path / "other") == before
    write_folder(filled, tmp_path / "other", force=True)
    write_folder(filled, tmp_path / "fresh")
    assert content(tmp_path / "other") == content(tmp_path / "fresh")
    with pytest.raises(StoreError, match="is a file"):
        write_folder(filled, folder / "thesis.txt")
    with pytest.raises(StoreError, match="no folder"):
        write_folder(filled, tmp_path / "no" / "folder")


def test_an_edit_by_hand_is_not_lost_by_the_next_export(filled: Store, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write_folder(filled, folder)
    place = next((folder / "records" / "action").iterdir())
    edited = place.read_text(encoding="utf-8").replace("Seal the swab", "Seal the swabs")
    place.write_text(edited, encoding="utf-8")
    with pytest.raises(StoreError, match="edited by hand"):
        write_folder(filled, folder)
    assert place.read_text(encoding="utf-8") == edited


@only_sqlite
def test_an_export_broken_off_is_refused_and_repaired(
    filled: Store, empty: Callable[[], Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, whole = tmp_path / "folder", tmp_path / "whole"
    write_folder(filled, whole)
    replace = Path.replace
    for last in range(1, 14):
        done = 0

        def broken(self: Path, target: Path, last: int = last) -> Path:
            nonlocal done
            done += 1
            if done > last:
                raise KeyboardInterrupt
            return replace(self, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", broken)
            with pytest.raises(KeyboardInterrupt):
                write_folder(filled, folder)
        with pytest.raises(ExchangeError, match="broken off"):
            import_folder(empty(), folder)
        write_folder(filled, folder)
        assert content(folder) == content(whole)
        shutil.rmtree(folder)


def test_a_store_that_is_not_sound_is_not_exported(filled: Store, tmp_path: Path) -> None:
    digest = next(iter(filled.files.digests()))
    (filled.files.folder / digest[:2] / digest).write_bytes(b"flipped")
    with pytest.raises(ExchangeError, match="damaged"):
        write_folder(filled, tmp_path / "folder")
    with pytest.raises(ExchangeError, match="broken off"):
        StoreCopy(FolderSource(tmp_path / "folder"))


@only_sqlite
@pytest.mark.parametrize("ending", [b"\r\n", b"\r"])
@pytest.mark.parametrize("part", ["ledger", "files", "checkpoints.jsonl"])
def test_changed_line_endings_are_called_that(
    filled: Store, empty: Callable[[], Store], tmp_path: Path, part: str, ending: bytes
) -> None:
    with filled.change(by=filled.person("a.hoxha").id) as change:
        filled.files.keep_stream(io.BytesIO(b"bag,seal\n1,none\n"), "seals.csv")
        change.save(change.get(Person, "a.hoxha").revised(duty="custodian"))
    folder = tmp_path / "folder"
    write_folder(filled, folder)
    for each in folder.rglob("*"):
        if each.is_file() and each.relative_to(folder).parts[0] == part:
            each.write_bytes(each.read_bytes().replace(b"\n", ending))
    with pytest.raises(ExchangeError, match="line endings") as refused:
        import_folder(empty(), folder)
    assert ".gitattributes" in str(refused.value)
    write_folder(filled, folder, force=True)
    assert import_folder(empty(), folder).loaded


@only_sqlite
def test_records_and_manifest_with_other_line_endings_say_the_same(
    filled: Store, empty: Callable[[], Store], tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    write_folder(filled, folder)
    for each in (folder / "manifest.json", *(folder / "records").rglob("*.json")):
        each.write_bytes(each.read_bytes().replace(b"\n", b"\r\n"))
    other = empty()
    assert import_folder(other, folder).loaded
    assert other.head() == filled.head()


@only_sqlite
def test_a_file_in_the_place_of_a_folder_is_named(empty: Callable[[], Store], tmp_path: Path) -> None:
    (tmp_path / "records.zip").write_bytes(b"PK")
    with pytest.raises(ExchangeError, match=r"a folder was expected.*qms restore"):
        import_folder(empty(), tmp_path / "records.zip")


def rechained(folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change events and give the whole chain new hashes, as somebody hostile would."""
    ledger = folder / "ledger" / "000001.jsonl"
    events = [json.loads(line)["event"] for line in ledger.read_bytes().splitlines()]
    change(events)
    previous, lines = "0" * 64, []
    for each in events:
        each["previous"] = previous
        body = canonical(each)
        previous = sha256(body)
        lines.append(b'{"event":%b,"hash":"%b"}\n' % (body, previous.encode()))
    ledger.write_bytes(b"".join(lines))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["head"]["hash"] = previous
    (folder / "manifest.json").write_text(json.dumps(manifest))


def change_text(place: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = next(folder.glob(place))
        text = path.read_bytes()
        assert old.encode() in text
        path.write_bytes(text.replace(old.encode(), new.encode(), 1))

    return change


def write(place: str, text: bytes) -> Callable[[Path], None]:
    return lambda folder: next(folder.glob(place)).write_bytes(text) and None


def remove(place: str) -> Callable[[Path], None]:
    return lambda folder: next(folder.glob(place)).unlink()


def _twice(folder: Path) -> None:
    path = next(folder.glob("records/action/*"))
    shutil.copy(path, folder / "records" / "person" / path.name)


def _linked(folder: Path) -> None:
    path = next(folder.glob("records/action/*"))
    path.rename(folder / "elsewhere.json")
    path.symlink_to(folder / "elsewhere.json")


def _linked_folder(folder: Path) -> None:
    (folder / "ledger").rename(folder / "elsewhere")
    (folder / "ledger").symlink_to(folder / "elsewhere")


def _swapped(folder: Path) -> None:
    path = folder / "ledger" / "000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]
    path.write_bytes(b"".join(lines))


def _cut(folder: Path) -> None:
    path = folder / "ledger" / "000001.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no manifest": (remove("manifest.json"), "there is no manifest.json"),
    "other manifest": (write("manifest.json", b"[]"), "not a JSON object"),
    "newer form": (change_text("manifest.json", '"version": 1', '"version": 2'), "newer release"),
    "odd count": (change_text("manifest.json", '"action": 3', '"action": 4'), "it says records"),
    "broken JSON": (write("records/action/*", b'{"id": '), r"records/action/\w+.json, line 1: this is not JSON"),
    "not UTF-8": (write("records/action/*", b'{"id": "\xff"}'), "not UTF-8"),
    "empty record": (write("records/action/*", b""), "not JSON"),
    "deep": (write("records/action/*", b"[" * 100_000), "not JSON"),
    "not a number": (change_text("records/action/*", '"progress": 0', '"progress": NaN'), "no number of JSON"),
    "surrogate": (change_text("records/action/*", "Seal", "\\ud800"), "cannot be kept"),
    "unknown field": (change_text("records/action/*", '"progress"', '"progres"'), "there is no such field"),
    "field twice": (change_text("records/action/*", '"progress"', '"status": "x",\n  "progress"'), "twice"),
    "wrong type": (change_text("records/action/*", '"progress": 0', '"progress": "many"'), "progress"),
    "other id": (change_text("records/action/*", '"id": "0', '"id": "1'), "Put back its id"),
    "other version": (change_text("records/action/*", '"version": 2', '"version": 9'), "version"),
    "vanished record": (remove("records/action/*"), "it says records"),
    "vanished file": (remove("files/*/*"), "it says files"),
    "changed file": (write("files/*/*", b"other"), "its bytes are not those"),
    "same id twice": (_twice, "the same record stands in"),
    "a link": (_linked, "is a link"),
    "a linked folder": (_linked_folder, "is a link"),
    "events swapped": (_swapped, r"ledger/000001.jsonl, line 4: event 4: it is missing"),
    "end cut off": (_cut, "the ledger ends with"),
    "event changed": (change_text("ledger/*", "Seal the swab", "Seal the swap"), r"line 5: event 5: its text"),
    "event not canonical": (change_text("ledger/*", '{"act":', '{ "act":'), "RFC 8785"),
    "ledger not UTF-8": (write("ledger/*", b"\xff\n"), "not UTF-8"),
    "ledger not lines": (write("ledger/*", b"{}"), "broken off"),
    "ledger of something else": (write("ledger/*", b"{}\n"), "not an event"),
    "checkpoint": (write("checkpoints.jsonl", b"{}\n"), r"checkpoints.jsonl, line 1: This is not a checkpoint"),
    "odd name": (lambda folder: (folder / "records" / "action" / "x.json").touch(), "not a file of an export"),
    "unknown kind": (
        lambda folder: (folder / "records/action").rename(folder / "records/boat") and None,
        "says rec",
    ),
}


@only_sqlite
@pytest.mark.parametrize("name", HOSTILE)
def test_a_folder_that_is_not_sound_is_refused(
    name: str, filled: Store, empty: Callable[[], Store], tmp_path: Path
) -> None:
    spoil, said = HOSTILE[name]
    write_folder(filled, tmp_path / "folder")
    spoil(tmp_path / "folder")
    store = empty()
    with pytest.raises(ExchangeError, match=said) as error:
        import_folder(store, tmp_path / "folder", by=filled.person("a.hoxha").id)
    assert str(tmp_path / "folder") in str(error.value)
    assert store.head().seq == 0
    assert list(store.files.digests()) == []


def _kind(events: list[dict[str, Any]]) -> None:
    for each in events:
        each["kind"] = "boat" if each["kind"] == "action" else each["kind"]


def _version(events: list[dict[str, Any]]) -> None:
    events[-1]["version"] = 7


def _time(events: list[dict[str, Any]]) -> None:
    events[-1]["at"] = "yesterday"


def _patch(events: list[dict[str, Any]]) -> None:
    events[-1]["patch"] = [{"at": 5}]


def _state(events: list[dict[str, Any]]) -> None:
    events[-1]["state"] = "0" * 64


@only_sqlite
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_kind, "knows no such record"),
        (_version, "makes version 7"),
        (_time, "not an event"),
        (_patch, "not an event"),
        (_state, "do not lead to the state"),
    ],
)
def test_a_ledger_forged_whole_still_has_to_fit_the_records(
    change: Callable[[list[dict[str, Any]]], None],
    said: str,
    filled: Store,
    empty: Callable[[], Store],
    tmp_path: Path,
) -> None:
    write_folder(filled, tmp_path / "folder")
    rechained(tmp_path / "folder", change)
    store = empty()
    with pytest.raises(ExchangeError, match=said):
        import_folder(store, tmp_path / "folder")
    assert store.head().seq == 0


@only_sqlite
def test_every_flipped_bit_of_a_ledger_is_found(filled: Store, tmp_path: Path) -> None:
    write_folder(filled, tmp_path / "folder")
    ledger = tmp_path / "folder" / "ledger" / "000001.jsonl"
    text = ledger.read_bytes()
    for place in range(0, len(text), 23):
        ledger.write_bytes(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :])
        copy = StoreCopy(FolderSource(tmp_path / "folder"))
        with pytest.raises(ExchangeError, match=r"ledger/000001\.jsonl"):
            for _ in copy.entries(Chain()):
                pass


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_an_export_does_not_write_through_a_link(filled: Store, tmp_path: Path) -> None:
    folder, away = tmp_path / "folder", tmp_path / "away"
    away.mkdir()
    write_folder(filled, folder)
    shutil.rmtree(folder / "records")
    (folder / "records").symlink_to(away)
    with pytest.raises(StoreError, match="link to somewhere else"):
        write_folder(filled, folder)
    assert list(away.iterdir()) == []
