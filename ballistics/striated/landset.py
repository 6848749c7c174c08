"""The lands of a bullet as a person keeps them: a folder of scans, or a TOML list of them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ballistics.errors import LandsError
from ballistics.folders import LIST_SUFFIX, lands_by_number, scans_in
from ballistics.language import Message, joined
from ballistics.output import printable
from ballistics.parameters import StriatedSet, default_striated_set
from ballistics.segment import read_mask
from ballistics.striated.bullets import FEWEST_LANDS, MOST_LANDS, Bullet
from ballistics.striated.landlist import read_list
from ballistics.striated.reading import (
    AS_FOUND,
    DOUBTED,
    ByHand,
    accepted_in,
    doubt_in,
    is_land,
    scan_digest,
    signature_of,
)
from ballistics.striated.signature import NoSignature, Signature
from imaging.errors import FileError
from imaging.files import open_surface
from imaging.surface import Finding, Surface

ALIKE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LandSet:
    """The scanned lands of one bullet.

    Parameters
    ----------
    name : str
        What the bullet is called.
    source : str
        The folder or list, as it was named.
    lands : mapping of int to Signature or NoSignature
        What each scan gave, by land number from 1, rising.
    stated : int or None
        Number of lands, missing ones included, if a person stated it.
    findings : tuple of Finding
        What was noticed about the set as a whole.
    """

    name: str
    source: str
    lands: Mapping[int, Signature | NoSignature]
    stated: int | None
    findings: tuple[Finding, ...] = ()

    @property
    def count(self) -> int:
        """Number of lands: the stated one, or the highest number found."""
        return self.stated or max(self.lands)

    def bullet(self, count: int) -> Bullet:
        """Return the bullet with this number of lands; lands without a scan or a signature are missing."""
        signatures: list[Signature | None] = []
        for number in range(1, count + 1):
            made = self.lands.get(number)
            signatures.append(made if isinstance(made, Signature) else None)
        return Bullet(name=self.name, signatures=tuple(signatures), notes=tuple(self._notes(count)))

    def _notes(self, count: int) -> Iterator[str]:
        yield from (each.message for each in self.findings if each.severity == "note")
        yield from accepted_in(self.findings)
        missing = [str(number) for number in range(1, count + 1) if number not in self.lands]
        if missing:
            yield Message("no scan of land {numbers}", numbers=", ".join(missing))
        for number, made in self.lands.items():
            notes = accepted_in(made.scan.provenance.findings)
            if isinstance(made, Signature):
                notes += made.notes
            yield from (Message("land {number}: {note}", number=number, note=note) for note in notes)
            if isinstance(made, NoSignature):
                yield Message("land {number} is left out: {reason}", number=number, reason=made.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """The files of one land, and what a person set for it."""

    file: Path
    mask: Path | None = None
    by_hand: ByHand = AS_FOUND

    def sign(self, scan: Surface, parameters: StriatedSet, accept: Collection[str]) -> Signature | NoSignature:
        mask = read_mask(self.mask, scan) if self.mask else None
        return signature_of(scan, parameters, by_hand=replace(self.by_hand, mask=mask), accept=accept)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLandSet:
    """The scans were not taken as a bullet; falsy, with the reason and the scans."""

    name: str
    reason: str
    scans: Mapping[int, Surface]

    def __bool__(self) -> bool:
        """Report that there is no set of lands."""
        return False


def open_bullet(
    path: str | os.PathLike[str],
    parameters: StriatedSet,
    *,
    units: Literal["auto", "m", "mm", "um"] = "auto",
    accept: Collection[str] = (),
    lands: int | None = None,
) -> LandSet | NoLandSet:
    """Read the lands of one bullet.

    Parameters
    ----------
    path : path-like
        A folder with a scan for each land, numbered by the last number after ``land``, ``lea`` or ``L`` in the
        file names, or by their order where no name has one. Or a TOML list, see
        `ballistics.striated.landlist.read_list`.
    parameters : StriatedSet
        What the signatures are computed with.
    units : {"auto", "m", "mm", "um"}
        As in `imaging.files.open_surface`.
    accept : collection of str
        Codes of doubtful findings, of files or of the set, that a person has looked at and accepts.
    lands : int, optional
        Number of lands that the bullet has, missing ones included.

    Returns
    -------
    LandSet or NoLandSet
        Falsy with the reason while a file or the set is in doubt: scans of different pixel size
        (``mixed-pixels``) or instruments (``mixed-instruments``), one scan under two numbers (``same-scan``), a
        scan that looks like a cartridge case (``not-a-land``).

    Raises
    ------
    LandsError
        If the folder or list does not say which scan is which land, or holds fewer than two.
    OptionError
        If a place or a mask set by hand does not fit its scan.
    FileError
        If the folder, the list or a scan does not exist or cannot be read.
    FormatError
        If a file is no scan.
    """
    place = Path(path)
    if place.is_dir():
        name, listed, findings = _folder(place)
        stated = lands
    else:
        name, listed, stated = _list(place)
        findings = []
        if lands and stated and lands != stated:
            raise LandsError(f"{lands} lands stated for {place}, which itself states {stated}; correct one.")
        stated = lands or stated
    _check_numbers(place, list(listed), stated)
    scans = {number: open_surface(each.file, units=units) for number, each in listed.items()}
    findings += _differences(scans)
    made: dict[int, Signature | NoSignature] = {}
    if not _doubts(scans, [], accept):
        made = {number: listed[number].sign(scan, parameters, accept) for number, scan in scans.items()}
        scans = {number: each.scan for number, each in made.items()}
        findings += _turned(made)
    if reason := _doubts(scans, findings, accept):
        return NoLandSet(name=name, reason=DOUBTED.filled(findings=reason), scans=scans)
    return LandSet(name=name, source=str(place), lands=made, stated=stated, findings=tuple(findings))


def files_of(path: str | os.PathLike[str]) -> list[Path]:
    """Return the files that a bullet consists of, without reading any scan: list, masks, then scans.

    Raises
    ------
    FileError, LandsError
        As `open_bullet`.
    """
    place = Path(path)
    if place.is_dir():
        return [each.file for each in _folder(place)[1].values()]
    listed = _list(place)[1].values()
    return [place, *(each.mask for each in listed if each.mask), *(each.file for each in listed)]


def _folder(place: Path) -> tuple[str, dict[int, _Listed], list[Finding]]:
    try:
        scans = scans_in(place)
    except OSError as error:
        raise FileError(f"The folder {place} cannot be read ({error.strerror or error}).") from error
    if not scans:
        raise LandsError(f"{place} holds no scans; a bullet is a folder with a scan for each land.")
    numbered, notes = lands_by_number(scans)
    findings = [Finding(code="land-names", severity="note", message=note) for note in notes]
    name = printable(place.resolve().name)
    return name, {number: _Listed(file=file) for number, file in numbered.items()}, findings


def _list(place: Path) -> tuple[str, dict[int, _Listed], int | None]:
    if not place.exists():
        raise FileError(
            f"There is no folder or list {place}; a bullet is a folder with a scan for each land, or a "
            f"{LIST_SUFFIX} list of them."
        )
    if place.suffix.lower() != LIST_SUFFIX:
        raise LandsError(
            f"{place} is one file; a bullet is a folder with a scan for each land, or a {LIST_SUFFIX} list of "
            "them."
        )
    content = read_list(place)
    listed = {
        each.number: _Listed(
            file=place.parent / each.file,
            mask=place.parent / each.mask if each.mask else None,
            by_hand=ByHand(mirror=each.mirror, row_um=each.row_um, shoulders_um=each.shoulders_um),
        )
        for each in sorted(content.land, key=lambda each: each.number)
    }
    return printable(content.name or place.stem), listed, content.lands


def _check_numbers(place: Path, numbers: list[int], stated: int | None) -> None:
    if len(numbers) < 2:
        raise LandsError(
            f"{place} holds one land; two or more are needed to compare a bullet. Compare single lands with "
            "compare-lands."
        )
    if stated is not None and not FEWEST_LANDS <= stated <= MOST_LANDS:
        raise LandsError(f"{stated} lands stated; bullets of {FEWEST_LANDS} to {MOST_LANDS} can be compared.")
    most = stated or MOST_LANDS
    if max(numbers) > most:
        raise LandsError(
            f"Land {max(numbers)} found in {place}; "
            + (f"{stated} lands are stated." if stated else f"at most {MOST_LANDS} can be compared.")
        )


def _doubts(scans: Mapping[int, Surface], findings: list[Finding], accept: Collection[str]) -> str:
    found = [doubt_in(findings, accept)]
    found += [
        Message("land {number}: {note}", number=number, note=doubt)
        for number, scan in scans.items()
        if (doubt := doubt_in(scan.provenance.findings, accept))
    ]
    return joined(each for each in found if each)


def _differences(scans: Mapping[int, Surface]) -> Iterator[Finding]:
    """Doubts about scans that one person would hardly have made of one bullet."""
    pixels: dict[tuple[float, ...], list[int]] = {}
    for number, scan in scans.items():
        size = tuple(sorted(scan.spacing))
        known = (each for each in pixels if all(abs(a - b) <= ALIKE * b for a, b in zip(each, size, strict=True)))
        pixels.setdefault(next(known, size), []).append(number)
    if len(pixels) > 1:
        shown = "; ".join(
            f"{' x '.join(f'{step * 1e6:.4g}' for step in dict.fromkeys(size))} um (land {_numbers(of)})"
            for size, of in pixels.items()
        )
        yield Finding(code="mixed-pixels", severity="doubt", message=f"the lands differ in pixel size: {shown}")
    makers: dict[str, list[int]] = {}
    for number, scan in scans.items():
        makers.setdefault(instrument(scan), []).append(number)
    if len(makers) > 1:
        shown = "; ".join(f"{maker} (land {_numbers(of)})" for maker, of in makers.items())
        yield Finding(
            code="mixed-instruments",
            severity="doubt",
            message=f"the lands are from different instruments: {shown}",
        )
    same: dict[str, list[int]] = {}
    for number, scan in scans.items():
        same.setdefault(scan_digest(scan), []).append(number)
    for of in same.values():
        if len(of) > 1:
            message = f"land {' and '.join(map(str, of))} are the same scan: take out or rename the wrong one"
            yield Finding(code="same-scan", severity="doubt", message=message)


def instrument(scan: Surface) -> str:
    """Return the maker, model and serial number of the instrument, as far as the file states them."""
    facts = scan.provenance.metadata
    stated = (facts.get(f"instrument.{part}", "") for part in ("manufacturer", "model", "serial"))
    known = " ".join(printable(text) for text in stated if text.strip(" -") and text.upper() != "N/A")
    return known or "not stated"


def shows_land(scan: Surface) -> bool:
    """Report whether a scan shows striae between two grooves, under the default set for bullet lands."""
    doubts = [each.code for each in scan.provenance.doubts]
    return is_land(signature_of(scan, default_striated_set("bullet land"), accept=doubts))


def _turned(made: Mapping[int, Signature | NoSignature]) -> Iterator[Finding]:
    """Note scans that lie otherwise than the rest: exchanging rows and columns makes a mirror image."""
    ways: dict[bool, list[int]] = {False: [], True: []}
    for number, each in made.items():
        if isinstance(each, Signature):
            ways[each.cut.transposed].append(number)
    if all(ways.values()):
        fewer = min(ways.values(), key=len)
        yield Finding(
            code="mixed-orientation",
            severity="note",
            message=f"the scan of land {_numbers(fewer)} is stored the other way round than the rest, rows for "
            "columns; such a scan may be a mirror image",
        )


def _numbers(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
