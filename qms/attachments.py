"""Attached files beside the database, each kept under the SHA-256 of its bytes and never changed.

A file is first written in full under another name and then moved into place, before the change that cites it is
committed: a record never cites a file that is not there. A killed program can leave a file that nothing cites.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from qms.errors import AttachmentError, StoreError, UnknownError
from qms.record import Attachment

LARGEST_BYTES = 500 * 1024**2
BLOCK = 1024**2
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices."""
DIGEST = re.compile(r"[0-9a-f]{64}")


class AttachedFiles:
    """The folder of attached files of one store.

    Parameters
    ----------
    folder : Path
        Made when the first file comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, source: str | Path, *, name: str = "", largest: int = LARGEST_BYTES) -> Attachment:
        """Copy a file into the store and return what a record cites.

        Parameters
        ----------
        source : str or Path
        name : str
            What to call it; its own name if left out.
        largest : int
            Bytes that it may have.

        Raises
        ------
        AttachmentError
            If it is not there, is a folder, empty or too large, or its name is not a plain file name.
        StoreError
            If it cannot be written.
        """
        source = Path(source)
        called = checked_name(name or source.name)
        if source.is_dir():
            raise AttachmentError(f"{source} is a folder. Attach the files in it one by one, or as one ZIP.")
        if source.exists() and not source.is_file():
            raise AttachmentError(
                f"{source} is a device or a pipe, not a file. Copy what it gives into a file first."
            )
        try:
            stream = source.open("rb")
        except OSError as error:
            raise AttachmentError(
                f"{source} cannot be read ({error.strerror or error}). Check its name and rights."
            ) from error
        with stream:
            return self.keep_stream(stream, called, largest=largest)

    def keep_stream(self, stream: BinaryIO, name: str, *, largest: int = LARGEST_BYTES) -> Attachment:
        """Copy what a stream gives into the store, as `keep` does."""
        called = checked_name(name)
        digest, size = hashlib.sha256(), 0
        with _explained(self.folder):
            self._make_folder()
            part = self.folder / f".{secrets.token_hex(8)}.part"
        try:
            with _explained(self.folder), part.open("xb") as out:
                while block := stream.read(BLOCK):
                    size += len(block)
                    if size > largest:
                        raise AttachmentError(
                            f"{called} has more than {largest // 1024**2} MB, the most that is kept. "
                            "Attach a smaller file or a link."
                        )
                    digest.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            if not size:
                raise AttachmentError(f"{called} is empty. Attach a file with something in it.")
            with _explained(self.folder):
                self._move(part, digest.hexdigest())
        finally:
            with suppress(OSError):
                part.unlink()
        return Attachment(name=called, sha256=digest.hexdigest(), size=size)

    def has(self, digest: str) -> bool:
        """Return whether a file with this hash is kept; its bytes are not read."""
        return self.size(digest) is not None

    def size(self, digest: str) -> int | None:
        """Return how many bytes the kept file of a hash has, or None if there is none; they are not read."""
        place = self.place(digest)
        return place.stat().st_size if place.is_file() else None

    def path(self, attachment: Attachment) -> Path:
        """Return where the bytes of an attached file are, after checking that they are what was kept.

        Raises
        ------
        UnknownError
            If the file vanished.
        AttachmentError
            If its bytes are not those that were kept, or not as many as the record says.
        """
        wrong = self.wrong(attachment.sha256) or self.wrong_size(attachment.sha256, attachment.size)
        if wrong == "it is not there":
            raise UnknownError(
                f"The attached file {attachment.name} vanished from {self.folder}. Restore it from a backup."
            )
        if wrong:
            raise AttachmentError(
                f"The attached file {attachment.name} is damaged: {wrong}. Restore it from a backup."
            )
        return self.place(attachment.sha256)

    def copy(self, attachment: Attachment, target: Path) -> None:
        """Write the bytes of an attached file somewhere else; nothing is overwritten.

        Raises
        ------
        UnknownError, AttachmentError
            As `path`.
        StoreError
            If there is a file already or it cannot be written.
        """
        source = self.path(attachment)
        with _explained(target), source.open("rb") as stream, target.open("xb") as out:
            try:
                shutil.copyfileobj(stream, out, BLOCK)
                out.flush()
            except BaseException:
                target.unlink()
                raise

    def place(self, digest: str) -> Path:
        """Return where the bytes with a hash are kept, or would be; nothing is checked there.

        Raises
        ------
        AttachmentError
            If it is not a hash.
        """
        if not DIGEST.fullmatch(digest):
            raise AttachmentError(f"{digest!r} is not the SHA-256 of a file.")
        return self.folder / digest[:2] / digest

    def wrong(self, digest: str) -> str:
        """Return what is wrong with the kept file of a hash, or nothing."""
        place = self.place(digest)
        if place.is_symlink() or place.parent.is_symlink():
            return "it is a link to somewhere else"
        if place.exists() and not place.is_file():
            return "it is not a file"
        try:
            with place.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            return "it is not there"
        except OSError as error:
            return f"it cannot be read ({error.strerror or error})"
        return "" if found == digest else f"its bytes have the hash {found}"

    def wrong_size(self, digest: str, size: int) -> str:
        """Return what is wrong with the size that a record gives of a kept file, or nothing."""
        found = self.size(digest)
        return "" if found in (None, size) else f"it has {found} bytes, not {size} as the record says"

    def digests(self) -> Iterator[str]:
        """Yield the hash of every kept file, in order."""
        for place in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            if DIGEST.fullmatch(place.name):
                yield place.name

    def _make_folder(self) -> None:
        missing = [each for each in (self.folder, *self.folder.parents) if not each.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)
        for made in missing:
            settle(made.parent)

    def _move(self, part: Path, digest: str) -> None:
        place = self.place(digest)
        if place.parent.is_symlink():
            raise StoreError(f"{place.parent} is a link to somewhere else; nothing was kept. Remove the link.")
        place.parent.mkdir(exist_ok=True)
        if self.wrong(digest):
            part.replace(place)
            settle(place.parent)
            settle(self.folder)


def checked_name(name: str) -> str:
    """Return a plain file name in one way of writing its letters, or refuse it.

    Raises
    ------
    AttachmentError
        If it has a folder in it, leads out of one, is reserved, too long, or holds signs that are not seen.

    Examples
    --------
    >>> checked_name("SOP 5.pdf")
    'SOP 5.pdf'
    """
    name = unicodedata.normalize("NFC", name)
    plain = name.strip().rstrip(". ")
    if not plain or name in (".", "..") or "/" in name or "\\" in name or ":" in name:
        raise AttachmentError(f"{name!r} is not a plain file name. Use one without folders, such as 'SOP-5.pdf'.")
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for sign in name):
        raise AttachmentError(f"{name!r} holds signs that are not seen. Rename the file.")
    if RESERVED.fullmatch(plain) or len(plain.encode()) > 200:
        raise AttachmentError(f"{name!r} is reserved or too long for a file name. Rename the file.")
    return plain


def settle(folder: Path) -> None:
    """Make sure that the names in a folder outlast a loss of power."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise StoreError(
            f"There is a file at {place} already; nothing was overwritten. Choose another name."
        ) from error
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise StoreError(
                f"There is no room left at {place}; nothing was kept. Make room and do it again."
            ) from error
        raise StoreError(f"{place} cannot be written ({error.strerror or error}); nothing was kept.") from error
