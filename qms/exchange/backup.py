"""Backup and restore: one ZIP that holds the text folder of a store, and the SHA-256 of every file in it.

Unpacked it is the folder of `qms.exchange.text_folder`, but for what that says to git; ``SHA256SUMS`` can be
checked with ``sha256sum --check``. A backup is read again and checked in full before it gets its name.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Self, cast

from qms.attachments import settle
from qms.database import reading
from qms.errors import ExchangeError, StoreError
from qms.exchange.loading import fill, understood
from qms.exchange.store_copy import MOST_MEMBERS, StoreCopy
from qms.exchange.text_folder import Manifest, copy_file, members
from qms.kinds import KINDS
from qms.ledger import Chain, StoreCheck
from qms.lifecycle import Kind
from qms.record import sha256
from qms.store import Store, open_store

SUMS = "SHA256SUMS"
SUM_LINE = re.compile(r"([0-9a-f]{64})  ([!-~]{1,200})")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
FAST = 3
"""Level of compression: a third larger than the best, several times as quick."""
LARGEST_TEXT = 8 * 1024**3
LARGEST_SUMS = 256 * 1024**2
MOST_TIMES_SMALLER = 250
"""How much smaller than its content the text of a backup may be; honest ones are 5 to 40 times smaller."""
SMALL = 16 * 1024**2


def back_up(store: Store, path: str | Path, *, force: bool = False) -> Manifest:
    """Write a backup of a store as it is at this moment, check it in full, and only then give it its name.

    Parameters
    ----------
    store : Store
    path : str or Path
        Such as ``records-2026-03-01.zip``.
    force : bool
        Replace a file that is there.

    Returns
    -------
    Manifest
        What the backup holds.

    Raises
    ------
    StoreError
        If there is a file already or it cannot be written.
    ExchangeError
        If the store is not sound; run `Store.verify` then.
    """
    path = Path(path)
    if path.is_dir() or (not force and os.path.lexists(path)):
        raise StoreError(f"There is something at {path} already. Name another file, or replace it with --force.")
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as out:
            with reading(store.engine) as connection, zipfile.ZipFile(out, "w", allowZip64=True) as archive:
                with closing(members(store, connection)) as found:
                    sums = [f"{_put(archive, each.name, each.content)}  {each.name}\n" for each in found]
                _put(archive, SUMS, "".join(sums).encode())
            out.flush()
            os.fsync(out.fileno())
        with ZipSource(part) as source:
            manifest = _checked(source).manifest
        part.replace(path)
        settle(path.parent)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        why = error.strerror or error
        raise StoreError(
            f"{path} cannot be written ({why}); there is no backup. Check folder and room."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def restore(
    path: str | Path,
    place: str | Path,
    *,
    files: str | Path | None = None,
    kinds: Iterable[Kind] = KINDS,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> StoreCheck:
    """Make a store from a backup: the same records, the same events, the same hashes.

    Parameters
    ----------
    path : str or Path
        Of the backup.
    place, files, kinds, clock
        Of the store, as `qms.store.open_store` takes them; it is not there yet, or is empty.

    Returns
    -------
    StoreCheck
        Of the restored store.

    Raises
    ------
    ExchangeError
        If the backup is not sound.
    StoreError
        If the store holds something already or cannot be written.
    """
    known = {kind.name: kind for kind in kinds}
    with ZipSource(Path(path)) as source:
        copy = _checked(source, known)
        with open_store(place, create=True, files=files, kinds=known.values(), clock=clock) as store:
            fill(store, copy)
            found = store.verify()
    if not found:
        said = "; ".join(map(str, found.problems[:3]))
        raise ExchangeError(
            f"What was restored is not sound: {said}. Do not use it; check the disk, restore again."
        )
    return found


class ZipSource:
    """A backup; what a hostile ZIP does is refused before anything of it is unpacked."""

    def __init__(self, place: Path) -> None:
        self.place = place
        if place.is_dir():
            raise ExchangeError(
                f"{place} is a folder, and a backup in one ZIP was expected. 'qms import --new' makes a store "
                "of a folder."
            )
        try:
            self.archive = zipfile.ZipFile(place)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            why = getattr(error, "strerror", None) or error
            raise ExchangeError(f"{place} is no backup that can be read ({why}). Check the name.") from error
        try:
            self._check()
        except ExchangeError:
            self.archive.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self.archive.close()

    def names(self) -> Iterator[str]:
        """Yield the names of all files of the text folder."""
        return (name for name in self.archive.namelist() if name != SUMS)

    def open(self, name: str) -> BinaryIO:
        """Open one of them."""
        return cast(BinaryIO, self.archive.open(name))

    def _check(self) -> None:
        entries = self.archive.infolist()
        for each in entries:
            wrong = _wrong(each)
            if wrong:
                raise self._refused(f"{ascii(each.filename)[:200]} {wrong}")
        if len(entries) > MOST_MEMBERS or len({each.filename for each in entries}) < len(entries):
            raise self._refused("it has too many files, or one of them twice")
        packed = sum(each.compress_size for each in entries)
        texts = sum(each.file_size for each in entries if each.compress_type != zipfile.ZIP_STORED)
        if packed > self.place.stat().st_size or texts > min(
            LARGEST_TEXT, max(SMALL, MOST_TIMES_SMALLER * packed)
        ):
            raise self._refused("it would unpack to far more than it can honestly hold")

    def _refused(self, what: str) -> ExchangeError:
        return ExchangeError(f"{self.place} is not a backup of ours: {what}. Nothing was changed.")


def _wrong(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.is_dir() or stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        return "is a folder or a link, not a file"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in a way that backups are not"
    if entry.compress_type != zipfile.ZIP_STORED and entry.filename.startswith("files/"):
        return "is compressed; attached files never are"
    return ""


def _checked(source: ZipSource, kinds: Mapping[str, Kind] | None = None) -> StoreCopy:
    copy = StoreCopy(source)
    _check_sums(source, copy)
    chain = Chain()
    for _ in copy.entries(chain):
        pass
    for state in copy.states(chain):
        if kinds is not None:
            understood(kinds, copy, state)
    copy.check_files()
    return copy


def _check_sums(source: ZipSource, copy: StoreCopy) -> None:
    """Compare every file with its SHA-256; there is one for each and no other."""
    if SUMS not in source.archive.namelist():
        raise copy.error(SUMS, "it is not there")
    told: dict[str, str] = {}
    for line in copy.text(SUMS, LARGEST_SUMS).decode("ascii", "replace").splitlines():
        found = SUM_LINE.fullmatch(line)
        if found is None or found[2] in told:
            raise copy.error(SUMS, f"this line is no sum, or there twice: {ascii(line)[:120]}")
        told[found[2]] = found[1]
    names = set(source.names())
    if told.keys() != names:
        raise copy.error(SUMS, f"it does not fit the files: {sorted(told.keys() ^ names)[0]}")
    for name, digest in told.items():
        if copy.hash_and_size(name, LARGEST_TEXT)[0] != digest:
            raise copy.error(name, "its content does not have the SHA-256 that is kept with it")


def _put(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> str:
    """Write one file with a fixed time and return its SHA-256; attached files are not compressed again."""
    entry = zipfile.ZipInfo(name, LONG_AGO)
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    entry.create_system = 3
    if isinstance(content, Path):
        with archive.open(entry, "w", force_zip64=True) as out:
            copy_file(content, out)
        return content.name
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content, compresslevel=FAST)
    return sha256(content)
