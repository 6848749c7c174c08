"""X3P (ISO 25178-72): tolerant reader that says what it tolerated."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import verity_x3p
import x3pio

from imaging.errors import FormatError
from imaging.formats.container import pack
from imaging.formats.decoded import PLAUSIBLE_SPAN, Decoded, doubt, note, reader_name, typical_span
from imaging.formats.x3p_records import (
    CHECKSUM,
    HISTORY,
    ITEM_TYPES,
    MAIN,
    Records,
    find_md5,
    md5,
    parse_records,
    read_open_fmc,
)
from imaging.surface import Finding, FloatArray, Provenance

_MASK_FILES = ("mask.png", "mask.bin")


def has_x3p(members: Mapping[str, bytes]) -> bool:
    """Whether the files of a zip archive are those of an X3P file, in a folder or not."""
    return any(name == MAIN or name.endswith(f"/{MAIN}") for name in members)


def read_x3p(members: Mapping[str, bytes]) -> Decoded:
    """Decode the files of an X3P container.

    x3pio is the reader of record; verity-x3p reads what x3pio refuses over the wording of main.xml.
    Sizes, links, checksums and the mask are checked here before and after, for both alike.

    Parameters
    ----------
    members : mapping of str to bytes
        Files of the container, as `imaging.formats.container.read_members` returns them.

    Returns
    -------
    Decoded
        Heights and spacing in the unit of the file; float32 where the file stores float32.

    Raises
    ------
    FormatError
        If the file is none that is tolerated below.

    Notes
    -----
    Tolerated, with a note where it departs from the standard:

    - all files in a folder of the zip; another root element (``ISO5436``, or no namespace); another wording
      of the revision (an en dash, other blanks, none); no increment on the z axis (1 is assumed)
    - checksums that are missing or malformed, in either case, with or without the file name
    - infinite heights (taken as missing); a mask together with floating-point heights
    - text in date fields and any element the standard does not define (kept as metadata)
    - mask files of vendors (``mask.png``, ``mask.bin``), which are kept but not applied; offsets and
      rotations, which are kept as metadata and not applied
    - main.xml as UTF-16, with a byte order mark, or with the heights as text in it

    Opened with a doubt, which stops a comparison until a person accepts it:

    - a checksum that does not match (``checksum-failed``)
    - more than one layer; the first is taken (``layers``)
    - floating-point heights with an increment other than 1 where editions of the standard differ on
      whether it applies (``z-increment``): it is applied unless only the plain heights make sense
    - a record of earlier steps and doubts that cannot be read (``history-lost``)
    - what `imaging.formats.decoded.to_surface` finds: units, height range, sizes in the wrong order

    Refused:

    - profiles, point clouds, lists, absolute x or y axes, a single row or column, zero or more than 2**28
      points, sizes that are not whole numbers
    - an increment that is zero, negative, not finite or not a number, such as ``1,5e-06``
    - another revision of the standard, another data type, a file of heights or of the mask that is missing
      or does not fit the sizes, links that lead out of the container
    - document types and entities in main.xml, elements that stand twice, more than 16 MiB or 20,000 tags of XML
    - heights both as text in main.xml and in a file
    - several main.xml of which none is at the top
    """
    folder = _folder(members)
    files = {name.removeprefix(folder): content for name, content in members.items() if name.startswith(folder)}
    outside = {f"outside/{name}": content for name, content in members.items() if not name.startswith(folder)}
    records = parse_records(files[MAIN])
    payload, mask = _linked_files(files, records)
    findings = list(records.findings)
    if folder:
        findings.append(note("deviation", f"All files stand in the folder {folder!r} of the zip."))
    findings += _check_md5(files, records, payload, mask)
    if records.layers > 1:
        findings.append(doubt("layers", f"The file holds {records.layers} layers; the first one was taken."))

    heights, reader, refused = _heights(files[MAIN], records, payload, mask)
    findings += refused
    heights, scaled = _apply_increment(heights, records)
    findings += scaled
    if payload is not None and records.item_type in "FD":
        infinite = int(np.isinf(np.frombuffer(payload, ITEM_TYPES[records.item_type])).sum())
        if infinite:
            findings.append(note("non-finite", f"{infinite} points hold infinity; they are taken as missing."))

    own = {MAIN, CHECKSUM, HISTORY, records.checksum_file, records.payload, records.valid}
    attachments = {name: content for name, content in files.items() if name not in own} | outside
    findings += [
        note("vendor-mask", f"{name!r} marks regions in the vendor's way; it is kept and not applied.")
        for name in attachments
        if name.rsplit("/", 1)[-1] in _MASK_FILES
    ]
    decoded = Decoded(
        heights=heights,
        spacing=records.spacing,
        format="X3P",
        reader=reader,
        findings=tuple(findings),
        metadata={**records.metadata, **read_open_fmc(attachments)},
        attachments=attachments,
    )
    return _with_history(decoded, files[HISTORY]) if HISTORY in files else decoded


def _folder(members: Mapping[str, bytes]) -> str:
    """Return the folder of main.xml, empty or ending in a slash."""
    if MAIN in members:
        return ""
    folders = [name.removesuffix(MAIN) for name in members if name.endswith(f"/{MAIN}")]
    if len(folders) != 1:
        raise FormatError(f"{len(folders)} folders with a {MAIN} found; unpack the archive and open one scan.")
    return folders[0]


def _linked_files(files: Mapping[str, bytes], records: Records) -> tuple[bytes | None, bytes | None]:
    """Return the heights and the mask as stored, once their lengths are known to fit."""
    ny, nx = records.shape
    points = nx * ny * records.layers
    needed = {
        records.payload: points * np.dtype(ITEM_TYPES[records.item_type]).itemsize,
        records.valid: (points + 7) // 8,
    }
    for name, length in needed.items():
        if name is None:
            continue
        if name not in files:
            raise FormatError(f"{MAIN} links to {name!r}, which is not in the container.")
        if len(files[name]) != length:
            raise FormatError(
                f"{name!r} holds {len(files[name])} bytes; {nx} x {ny} x {records.layers} points of type "
                f"{records.item_type} need {length}. The file is truncated or states wrong sizes."
            )
    return (
        None if records.payload is None else files[records.payload],
        None if records.valid is None else files[records.valid],
    )


def _check_md5(
    files: Mapping[str, bytes], records: Records, payload: bytes | None, mask: bytes | None
) -> list[Finding]:
    stored = files.get(records.checksum_file, files.get(CHECKSUM, b"")).decode("utf-8", errors="replace")
    checks = [(MAIN, files[MAIN], find_md5(stored))]
    if payload is not None:
        checks.append((str(records.payload), payload, records.payload_md5))
    if mask is not None:
        checks.append((str(records.valid), mask, records.valid_md5))
    missing = [name for name, _, expected in checks if expected is None]
    failed = [name for name, content, expected in checks if expected and expected != md5(content)]
    findings = []
    if missing:
        findings.append(note("checksum-missing", f"No checksum is given for {', '.join(missing)}."))
    if failed:
        findings.append(
            doubt(
                "checksum-failed",
                f"The checksum of {', '.join(failed)} does not match: changed or damaged after it was written.",
            )
        )
    return findings


def _heights(
    main: bytes, records: Records, payload: bytes | None, mask: bytes | None
) -> tuple[FloatArray, str, list[Finding]]:
    """Return the first layer, the name of the reader, and a note if it was the second reader."""
    attempts: dict[str, Callable[[], FloatArray]] = {
        "x3pio": lambda: _by_x3pio(main, records, payload, mask),
        "verity-x3p": lambda: _by_verity(main, records, payload),
    }
    refusals: dict[str, BaseException] = {}
    for name, attempt in attempts.items():
        try:
            with np.errstate(all="ignore"):
                heights = attempt()
        except (MemoryError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the second reader is no Exception
            refusals[name] = error
            continue
        if heights.shape != records.shape:
            raise FormatError(f"{name} read an array of shape {heights.shape}; {MAIN} states {records.shape}.")
        if mask is not None:
            count = heights.size
            kept = np.unpackbits(np.frombuffer(mask, np.uint8), count=count, bitorder="little").astype(bool)
            heights = np.where(kept.reshape(heights.shape), heights, np.nan)
        notes = [note("second-reader", f"{other} refused it: {error}") for other, error in refusals.items()]
        return heights, reader_name(name), notes
    reasons = "; ".join(f"{name}: {error}" for name, error in refusals.items())
    raise FormatError(f"No reader takes this X3P file ({reasons}).") from refusals["x3pio"]


def _by_x3pio(main: bytes, records: Records, payload: bytes | None, mask: bytes | None) -> FloatArray:
    container = {MAIN: main}
    if records.payload is not None and payload is not None:
        container[records.payload] = payload
    if records.valid is not None and mask is not None:
        container[records.valid] = mask
    file = x3pio.X3pFile.loads(pack(container, compress=False), verify=False)
    heights: FloatArray = file.layers[0].z
    return heights


def _by_verity(main: bytes, records: Records, payload: bytes | None) -> FloatArray:
    """Read through a file of its own; a checksum that fails was reported already and is put right in it."""
    if records.payload is None or payload is None or records.layers > 1:
        raise FormatError("only one layer in a binary file is read.")
    if records.payload_md5:
        actual = md5(payload).encode()
        for stated in (records.payload_md5.encode(), records.payload_md5.upper().encode()):
            main = main.replace(stated, actual)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.x3p"
        path.write_bytes(pack({MAIN: main, records.payload: payload}, compress=False))
        surface = verity_x3p.read_x3p(str(path))
    heights: FloatArray = np.where(np.isfinite(surface.data), surface.data, np.nan)
    if records.item_type in "FD" and records.increment != 1.0:
        return heights * records.increment
    return heights


def _apply_increment(heights: FloatArray, records: Records) -> tuple[FloatArray, list[Finding]]:
    """Decide whether the z increment applies to floating-point heights; keep float32 where it is stored."""
    if records.item_type in "IL":
        return heights, []
    if records.increment == 1.0:
        return heights.astype(np.float32 if records.item_type == "F" else np.float64), []
    low, high = PLAUSIBLE_SPAN
    with np.errstate(all="ignore"):
        plain = heights / records.increment
        scaled_fits, plain_fits = (low <= typical_span(choice) <= high for choice in (heights, plain))
    found = f"Floating-point heights with a z increment of {records.increment:g} found"
    if scaled_fits and not plain_fits:
        return heights, [note("z-increment", f"{found}; it was applied.")]
    if plain_fits and not scaled_fits:
        message = f"{found}. Applied, the heights make no sense; they were taken as stored."
        return plain, [doubt("z-increment", message)]
    message = f"{found}; it was applied, as Amd 1:2020 asks, though readers of the first edition ignore it."
    return heights, [doubt("z-increment", message)]


def _with_history(decoded: Decoded, record: bytes) -> Decoded:
    """Take over what `imaging.files.write_x3p` recorded: metadata, steps and findings of the source."""
    try:
        history = Provenance.model_validate_json(record)
    except ValueError as error:
        lost = doubt("history-lost", f"The record of earlier steps and doubts cannot be read ({error}).")
        return replace(decoded, findings=(*decoded.findings, lost))
    known = {finding.code for finding in decoded.findings}
    origin = {"origin.sha256": history.sha256} if history.sha256 else {}
    return replace(
        decoded,
        findings=decoded.findings + tuple(found for found in history.findings if found.code not in known),
        metadata={**origin, **history.metadata, **decoded.metadata},
        steps=history.steps,
    )
