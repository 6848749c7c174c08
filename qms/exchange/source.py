"""Where the files of a copy of a store come from."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from qms.errors import ExchangeError
from qms.exchange.text_folder import OWN


class Source(Protocol):
    """Where the files of a copy come from."""

    @property
    def place(self) -> Path:
        """Where it is."""

    def names(self) -> Iterator[str]:
        """Yield the name of every file, relative to the copy."""

    def open(self, name: str) -> BinaryIO:
        """Open one of them."""


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A text folder."""

    place: Path

    def names(self) -> Iterator[str]:
        """Yield the names of all files that an export could have written."""
        if self.place.is_file():
            raise ExchangeError(
                f"{self.place} is a file, and a folder was expected, as 'qms export' writes it. A backup becomes "
                "a store with 'qms restore'; unpack it to bring it into a store that is there."
            )
        if not self.place.is_dir():
            raise ExchangeError(f"There is no folder {self.place}. Check the name.")
        for top in OWN:
            yield from self._below(self.place / top)

    def open(self, name: str) -> BinaryIO:
        """Open a file, never through a link."""
        handle = os.open(
            self.place / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        )
        return os.fdopen(handle, "rb")

    def _below(self, place: Path) -> Iterator[str]:
        try:
            mode = place.lstat().st_mode
        except FileNotFoundError:
            return
        name = place.relative_to(self.place).as_posix()
        if stat.S_ISDIR(mode):
            for each in sorted(os.listdir(place)):  # noqa: PTH208
                if not each.startswith("."):
                    yield from self._below(place / each)
        elif stat.S_ISREG(mode):
            yield name
        else:
            raise ExchangeError(f"{self.place}: {name} is a link or a device, not a file. Remove it.")
