"""Attached files: kept by their hash, named plainly, never outside their folder."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qms import attachments
from qms.attachments import AttachedFiles, checked_name
from qms.errors import AttachmentError, StoreError, UnknownError
from qms.record import Attachment

only_posix = pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
pieces = st.sampled_from(
    ["..", ".", "/", "\\", "a", "C:", "con", "nul.txt", " ", "\x00", "\u202e", "é", "~", "%2f", "-"]
)


@pytest.fixture
def files(tmp_path: Path) -> AttachedFiles:
    return AttachedFiles(tmp_path / "kept")


def keep(files: AttachedFiles, content: bytes, name: str = "a.txt") -> Attachment:
    return files.keep_stream(io.BytesIO(content), name)


def test_a_file_is_kept_once_under_its_hash(files: AttachedFiles, tmp_path: Path) -> None:
    source = tmp_path / "SOP 5.pdf"
    source.write_bytes(os.urandom(3_000_000))
    first, second = files.keep(source), files.keep(source, name="again.pdf")
    assert first.sha256 == second.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert (first.name, second.name, first.size) == ("SOP 5.pdf", "again.pdf", 3_000_000)
    assert list(files.digests()) == [first.sha256]
    assert files.path(first).read_bytes() == source.read_bytes()
    assert [each for each in files.folder.rglob("*") if each.is_file()] == [files.path(first)]
    files.copy(first, tmp_path / "out.pdf")
    assert (tmp_path / "out.pdf").read_bytes() == source.read_bytes()
    with pytest.raises(StoreError, match="already; nothing was overwritten"):
        files.copy(first, source)


def test_every_folder_that_is_made_outlasts_a_loss_of_power(tmp_path: Path, monkeypatch) -> None:
    settled: list[Path] = []
    monkeypatch.setattr(attachments, "settle", settled.append)
    files = AttachedFiles(tmp_path / "new" / "kept")
    first = keep(files, b"words")
    place = files.path(first).parent
    assert set(settled) == {tmp_path, tmp_path / "new", files.folder, place}
    settled.clear()
    keep(files, b"words")
    assert settled == []


def test_a_size_that_is_not_that_of_the_file(files: AttachedFiles) -> None:
    kept = keep(files, b"words")
    assert (files.size(kept.sha256), files.size("0" * 64)) == (5, None)
    assert files.wrong_size(kept.sha256, 5) == files.wrong_size("0" * 64, 5) == ""
    for wrong in (0, 4, 6):
        with pytest.raises(AttachmentError, match=f"a.txt is damaged: it has 5 bytes, not {wrong} as the record"):
            files.path(kept.model_copy(update={"size": wrong}))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.lists(pieces, max_size=6).map("".join) | st.text(max_size=12))
@example("../../etc/passwd")
@example("..\\..\\x")
@example("con .")
@example("a/../../b")
@example("C:x")
@example("file.txt:stream")
@example("\ud800")
def test_no_name_leads_out_of_a_folder(tmp_path: Path, name: str) -> None:
    try:
        called = checked_name(name)
    except AttachmentError:
        return
    assert (tmp_path / called).resolve().parent == tmp_path.resolve()
    assert Path(called).name == called == called.strip().rstrip(".")
    assert not set(called) & set("/\\:\0\n\r")
    assert called.split(".")[0].strip().lower() not in ("con", "nul", "aux", "prn", "") or called.startswith(".")
    assert checked_name(called) == called


@pytest.mark.parametrize(
    "name", ["SOP 5.pdf", "čelës.docx", "архива.zip", ".hidden", "a..b", "console.txt", "%2f"]
)
def test_plain_names_are_kept(name: str) -> None:
    assert checked_name(name) == name


def test_letters_are_written_in_one_way() -> None:
    assert checked_name("c\u030c.txt") == "\u010d.txt"


@pytest.mark.parametrize("digest", ["", "..", "../" * 10, "A" * 64, "0" * 63, "0" * 64 + "\n", "/etc/passwd"])
def test_what_is_no_hash_leads_nowhere(files: AttachedFiles, digest: str) -> None:
    false = Attachment.model_construct(name="a.txt", sha256=digest, size=1)
    with pytest.raises(AttachmentError, match="is not the SHA-256 of a file"):
        files.path(false)
    with pytest.raises(AttachmentError, match="is not the SHA-256 of a file"):
        files.has(digest)


def test_what_cannot_be_kept(files: AttachedFiles, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    cases = {tmp_path: "is a folder", tmp_path / "none": "cannot be read", tmp_path / "empty": "is empty"}
    for source, said in cases.items():
        with pytest.raises(AttachmentError, match=said):
            files.keep(source)
    with pytest.raises(AttachmentError, match="more than 1 MB, the most that is kept"):
        files.keep_stream(io.BytesIO(bytes(3 * 1024**2)), "big.bin", largest=1024**2)
    assert not [each for each in files.folder.rglob("*") if each.is_file()]


@only_posix
def test_a_pipe_is_not_waited_for(files: AttachedFiles, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(AttachmentError, match="a device or a pipe, not a file"):
            files.keep(source)


@only_posix
def test_links_in_the_folder_lead_nowhere(files: AttachedFiles, tmp_path: Path) -> None:
    kept, outside = keep(files, b"words"), tmp_path / "outside"
    place = files.path(kept)
    outside.mkdir()
    place.rename(outside / kept.sha256)
    place.symlink_to(outside / kept.sha256)
    assert files.wrong(kept.sha256) == "it is a link to somewhere else"
    with pytest.raises(AttachmentError, match="it is a link to somewhere else"):
        files.path(kept)
    assert keep(files, b"words") == kept
    assert not place.is_symlink()
    assert files.path(kept).read_bytes() == b"words"
    place.unlink()
    place.parent.rmdir()
    place.parent.symlink_to(outside)
    with pytest.raises(StoreError, match="is a link to somewhere else; nothing was kept"):
        keep(files, b"words")
    assert files.wrong(kept.sha256) == "it is a link to somewhere else"
    assert [each.name for each in outside.iterdir()] == [kept.sha256]


@only_posix
def test_what_is_no_file_in_the_folder_is_said(files: AttachedFiles) -> None:
    kept = keep(files, b"words")
    place = files.path(kept)
    place.unlink()
    os.mkfifo(place)
    assert files.wrong(kept.sha256) == "it is not a file"
    place.unlink()
    with pytest.raises(UnknownError, match=r"a.txt vanished from .* Restore it from a backup"):
        files.path(kept)


def test_a_damaged_file_is_said_and_mended_by_keeping_it_again(files: AttachedFiles) -> None:
    kept = keep(files, b"words")
    files.path(kept).write_bytes(b"wordz")
    with pytest.raises(AttachmentError, match=r"a.txt is damaged: its bytes have the hash .* Restore"):
        files.path(kept)
    keep(files, b"words")
    assert files.path(kept).read_bytes() == b"words"


def test_a_source_that_fails_midway_leaves_nothing(files: AttachedFiles) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise KeyboardInterrupt
            return super().read(3)

    with pytest.raises(KeyboardInterrupt):
        files.keep_stream(Broken(b"words"), "a.txt")
    assert not [each for each in files.folder.rglob("*") if each.is_file()]
