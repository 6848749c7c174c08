"""Backup and restore: the same store comes back, a damaged or hostile ZIP does not get in."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qms import Store
from qms.actions.action import Action
from qms.attachments import AttachedFiles
from qms.errors import ExchangeError, StoreError
from qms.evidence.evidence import Evidence, collect
from qms.exchange.backup import back_up, restore
from qms.exchange.checkpoint import check_checkpoints, new_key, read_key, sign_checkpoint
from qms.exchange.merge import import_folder
from qms.exchange.store_copy import StoreCopy
from qms.exchange.text_folder import write_folder
from qms.kinds import KINDS
from qms.record import Text, sha256
from qms.store import open_store

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    arta = store.person("a.hoxha").id
    with store.change(by=arta, why="zapečaćeni") as change:
        store.files.keep_stream(io.BytesIO(b"photograph" * 50), "scene.jpg")
        kept = change.add(Action(unit="AL-TIR", purpose="improvement", title=Text.of("Seal", "en"), owner=arta))
        change.save(kept.revised(labels=("seals",)))
    new_key(tmp_path / "key.pem")
    sign_checkpoint(store, read_key(tmp_path / "key.pem"))
    return store


def test_what_is_restored_is_the_same_store(filled: Store, new_place: Callable[[], Any], tmp_path: Path) -> None:
    manifest = back_up(filled, tmp_path / "b.zip")
    assert (manifest.events, manifest.records, manifest.files) == (6, {"action": 1, "person": 3, "unit": 1}, 1)
    place = new_place()
    assert restore(tmp_path / "b.zip", place.database, files=place.files)
    with open_store(place.database, files=place.files) as other:
        assert (other.head(), other.log(), other.find(Action)) == (
            filled.head(),
            filled.log(),
            filled.find(Action),
        )
        assert check_checkpoints(other).checked == 1
        back_up(other, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with pytest.raises(StoreError, match="holds records already"):
        restore(tmp_path / "b.zip", place.database, files=place.files)


@only_sqlite
def test_a_backup_unpacked_is_the_text_folder(filled: Store, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b.zip")
    write_folder(filled, tmp_path / "folder")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        sums = dict(reversed(line.split("  ")) for line in archive.read("SHA256SUMS").decode().splitlines())
        assert sums.keys() == set(archive.namelist()) - {"SHA256SUMS"}
        for name, digest in sums.items():
            content = (tmp_path / "folder" / name).read_bytes()
            assert archive.read(name) == content
            assert sha256(content) == digest
        archive.extractall(tmp_path / "unpacked")
    with open_store(tmp_path / "r.qms", create=True) as other:
        assert import_folder(other, tmp_path / "unpacked").loaded


@only_sqlite
def test_a_file_of_another_size_than_a_record_says_is_found(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log.txt").write_text("10 bags")
    with filled.change(by=filled.person("a.hoxha").id) as change:
        log = Evidence(unit="AL-TIR", title=Text.of("Log", "en"), type="record")
        collect(change, log, source=tmp_path / "log.txt")
    back_up(filled, tmp_path / "b.zip")
    size = AttachedFiles.size
    monkeypatch.setattr(AttachedFiles, "size", lambda files, digest: (size(files, digest) or 0) + 1)
    with pytest.raises(ExchangeError, match=r"has \d+ bytes and not \d+"):
        back_up(filled, tmp_path / "c.zip")
    monkeypatch.setattr("qms.exchange.store_copy.StoreCopy.hash_and_size", _one_more(StoreCopy.hash_and_size))
    with pytest.raises(ExchangeError, match=r"has \d+ bytes; it has \d+"):
        restore(tmp_path / "b.zip", tmp_path / "r.qms")
    assert not (tmp_path / "c.zip").exists()
    assert not (tmp_path / "r.qms").exists()


def _one_more(measure: Callable[..., tuple[str, int]]) -> Callable[..., tuple[str, int]]:
    def measured(*said: object) -> tuple[str, int]:
        digest, size = measure(*said)
        return digest, size + 1

    return measured


def test_a_folder_in_the_place_of_a_backup_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match=r"is a folder.*qms import --new"):
        restore(tmp_path, tmp_path / "r.qms")


@only_sqlite
def test_nothing_is_overwritten_and_nothing_half_is_left(filled: Store, tmp_path: Path) -> None:
    place = tmp_path / "b.zip"
    place.write_bytes(b"mine")
    with pytest.raises(StoreError, match="already"):
        back_up(filled, place)
    assert place.read_bytes() == b"mine"
    back_up(filled, place, force=True)
    assert zipfile.is_zipfile(place)
    digest = next(iter(filled.files.digests()))
    (filled.files.folder / digest[:2] / digest).write_bytes(b"flipped")
    before = place.read_bytes()
    with pytest.raises(ExchangeError, match="damaged"):
        back_up(filled, place, force=True)
    assert place.read_bytes() == before
    assert list(tmp_path.glob(".*.part")) == []
    with pytest.raises(StoreError, match="cannot be written"):
        back_up(filled, tmp_path / "nowhere" / "b.zip")


@only_sqlite
def test_every_damaged_byte_is_found(filled: Store, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b.zip")
    whole = (tmp_path / "b.zip").read_bytes()
    harmless = 0
    for place in range(0, len(whole), 41):
        (tmp_path / "b.zip").write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            restore(tmp_path / "b.zip", tmp_path / "r.qms")
        except ExchangeError:
            assert not (tmp_path / "r.qms").exists()
        else:
            with open_store(tmp_path / "r.qms") as store:
                assert store.head() == filled.head()
            for left in tmp_path.glob("r.qms*"):
                left.rename(tmp_path / f"harmless-{harmless}-{left.name}")
            harmless += 1
    assert harmless <= len(whole) // 41 // 4


@only_sqlite
def test_a_kind_that_is_not_known_leaves_no_store(filled: Store, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b.zip")
    few = [kind for kind in KINDS if kind.name != "action"]
    with pytest.raises(ExchangeError, match="no records of kind 'action'"):
        restore(tmp_path / "b.zip", tmp_path / "r.qms", kinds=few)
    assert not (tmp_path / "r.qms").exists()


def repacked(place: Path, change: Callable[[zipfile.ZipInfo, bytes], tuple[zipfile.ZipInfo, bytes]]) -> None:
    with zipfile.ZipFile(place) as archive:
        members = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(place, "w") as archive:
        for entry, content in members:
            archive.writestr(*change(entry, content))


def more(name: str, content: bytes = b"x", mode: int = stat.S_IFREG | 0o644) -> Callable[[Path], None]:
    def add(place: Path) -> None:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        with zipfile.ZipFile(place, "a") as archive:
            archive.writestr(entry, content)

    return add


def _bomb(place: Path) -> None:
    with zipfile.ZipFile(place, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ledger/000002.jsonl", bytes(100 * 1024**2))


def _packed_file(place: Path) -> None:
    with zipfile.ZipFile(place, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"files/00/{'0' * 64}", bytes(1024**2))


def _encrypted(place: Path) -> None:
    text = bytearray(place.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        text[text.index(mark) + flags] |= 1
    place.write_bytes(text)


def _larger_than_told(place: Path) -> None:
    text = bytearray(place.read_bytes())
    begin = text.index(b"PK\x01\x02")
    text[begin + 24 : begin + 28] = (10).to_bytes(4, "little")
    place.write_bytes(text)


def _overlapping(place: Path) -> None:
    with zipfile.ZipFile(place, "a") as archive:
        copy = zipfile.ZipInfo("ledger/000002.jsonl")
        first = archive.infolist()[0]
        for name in ("header_offset", "CRC", "compress_size", "file_size", "compress_type", "flag_bits"):
            setattr(copy, name, getattr(first, name))
        archive.filelist.append(copy)
        archive._didModify = True  # type: ignore[attr-defined]


def _other_record(place: Path) -> None:
    repacked(place, lambda entry, text: (entry, text.replace(b'"Seal"', b'"Sale"')))


def _no_sums(place: Path) -> None:
    with zipfile.ZipFile(place) as archive:
        members = [(entry, archive.read(entry)) for entry in archive.infolist() if entry.filename != "SHA256SUMS"]
    with zipfile.ZipFile(place, "w") as archive:
        for member in members:
            archive.writestr(*member)


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "traversal": (more("../../evil.json"), "not a file of an export"),
    "absolute": (more("/etc/evil"), "not a file of an export"),
    "windows": (more("records\\..\\evil.json"), "not a file of an export"),
    "link": (more("records/action/evil.json", b"/etc/passwd", stat.S_IFLNK | 0o777), "a link"),
    "folder": (more("records/"), "is a folder"),
    "one more": (more(f"files/00/{'0' * 64}"), "it says files"),
    "bomb": (_bomb, "far more than it can honestly hold"),
    "packed file": (_packed_file, "attached files never are"),
    "encrypted": (_encrypted, "is encrypted"),
    "larger than told": (_larger_than_told, "cannot be read|does not have the SHA-256"),
    "overlapping": (_overlapping, "far more|cannot be read|should be|no backup"),
    "other record": (_other_record, "does not have the SHA-256"),
    "no sums": (_no_sums, "SHA256SUMS"),
    "no ZIP": (lambda place: place.write_bytes(b"PK nonsense") and None, "no backup that can be read"),
    "cut off": (lambda place: place.write_bytes(place.read_bytes()[:-30]) and None, "no backup that can be read"),
    "gone": (lambda place: place.unlink(), "no backup that can be read"),
}


@only_sqlite
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_backup_is_refused(name: str, filled: Store, tmp_path: Path) -> None:
    spoil, said = HOSTILE[name]
    back_up(filled, tmp_path / "b.zip")
    spoil(tmp_path / "b.zip")
    with pytest.raises(ExchangeError, match=said):
        restore(tmp_path / "b.zip", tmp_path / "r.qms")
    assert not (tmp_path / "r.qms").exists()
    assert not (tmp_path / "r.qms.files").exists()


@only_sqlite
def test_a_name_twice_is_refused(filled: Store, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b.zip")
    with pytest.warns(UserWarning, match="Duplicate"):
        more("manifest.json")(tmp_path / "b.zip")
    with pytest.raises(ExchangeError, match="twice"):
        restore(tmp_path / "b.zip", tmp_path / "r.qms")
