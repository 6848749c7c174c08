"""Pictures in TIFF files: the first page, piece by piece, within the memory that its pixels need."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from imaging.errors import FormatError

LARGEST_PIECE = 2**26
MOST_PIECES = 2**21

_PLAIN, _DEFLATE = (1,), (8, 32946)
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_DECODED_HERE = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE)
_UNSIGNED = 1


def first_page(data: bytes) -> tuple[Any, int]:
    """Return the header of the first page of a TIFF file, and how many pages there are.

    Parameters
    ----------
    data : bytes
        The whole file, classic or BigTIFF.

    Returns
    -------
    tifffile.TiffPage
        Nothing of the pixels is decoded yet.
    int
        Number of pages.

    Raises
    ------
    FormatError
        If the header is damaged, if pieces of the picture lie beyond the end of the file, or if the pixels are
        no grey levels or colours of 8 or 16 bits.
    """
    try:
        file = tifffile.TiffFile(io.BytesIO(data))
        page: Any = file.pages.first
        pages = len(file.pages)
    except Exception as error:
        raise FormatError(
            f"A TIFF file with a damaged header found ({type(error).__name__}: {error}); copy it again from its "
            "source."
        ) from error
    samples = page.samplesperpixel
    if page.sampleformat != _UNSIGNED or page.bitspersample > 16:
        raise FormatError(
            f"A TIFF file of {page.bitspersample} bits a pixel, with sign or fractions, found. It may "
            "hold heights or results; a photograph has 8 or 16 bits without sign."
        )
    if page.photometric not in (*_DECODED_HERE, _YCBCR) or not 1 <= samples <= 4 or page.bitspersample == 1:
        raise FormatError(
            f"A TIFF file with {samples} samples of {page.bitspersample} bits and colours of kind "
            f"{int(page.photometric)} found; grey, RGB and palette pictures of 8 or 16 bits are read. Save the "
            "photograph as one of them."
        )
    _check_pieces(page, len(data))
    return page, pages


def _check_pieces(page: Any, size: int) -> None:
    rows, columns, planes = _grid(page)
    if rows < 1 or columns < 1:
        raise FormatError(f"A TIFF file in pieces of {rows} x {columns} pixels found; its header is damaged.")
    expected = -(-page.imagelength // rows) * -(-page.imagewidth // columns) * planes
    if not 0 < expected <= MOST_PIECES:
        raise FormatError(f"A TIFF file in {expected} pieces found; 1 to {MOST_PIECES} are possible.")
    offsets, counts = page.dataoffsets, page.databytecounts
    if len(offsets) < expected or len(counts) < expected:
        raise FormatError(f"A TIFF file with {len(offsets)} pieces of {expected} found; it is incomplete.")
    for offset, count in zip(offsets[:expected], counts[:expected], strict=True):
        if offset <= 0 or count <= 0 or offset + count > size:
            raise FormatError(
                f"A TIFF file whose picture lies at byte {offset} to {offset + count} of {size} found; it is "
                "incomplete, copy it again from its source."
            )


def _grid(page: Any) -> tuple[int, int, int]:
    """Rows and columns of a piece, and planes that are stored one after the other."""
    planes = 1 if page.planarconfig == 1 else page.samplesperpixel
    if page.is_tiled:
        return page.tilelength, page.tilewidth, planes
    return min(page.rowsperstrip, page.imagelength), page.imagewidth, planes


def _places(page: Any) -> Iterator[tuple[int, int, int, int, int]]:
    """First row, first column, rows, columns and colour plane of every piece, in the order of the file."""
    rows, columns, planes = _grid(page)
    ny = page.imagelength
    for plane in range(planes):
        for top in range(0, ny, rows):
            high = rows if page.is_tiled else min(rows, ny - top)
            for left in range(0, page.imagewidth, columns):
                yield top, left, high, columns, plane


def decode_page(page: Any, data: bytes) -> NDArray[np.unsignedinteger[Any]] | None:
    """Decode the pixels of a page whose pieces are plain or deflated.

    Parameters
    ----------
    page : tifffile.TiffPage
        As `first_page` returns it; check its size before.
    data : bytes
        The whole file.

    Returns
    -------
    ndarray, shape (ny, nx) or (ny, nx, samples), uint8 or uint16, or None
        Black is 0. A palette is applied. None if another codec is needed.

    Raises
    ------
    FormatError
        If a piece is incomplete, damaged, or unpacks to more than its pixels need.

    Notes
    -----
    A piece is unpacked only as far as its pixels reach, so a small file cannot fill the memory. Predictor 2
    (differences along the row; TIFF 6.0, section 14) is undone.
    """
    photometric, codec = int(page.photometric), int(page.compression)
    if (
        page.bitspersample not in (8, 16)
        or codec not in (*_PLAIN, *_DEFLATE)
        or page.predictor not in (1, 2)
        or page.fillorder != 1
        or photometric not in _DECODED_HERE
    ):
        return None
    dtype = np.dtype(f"{page.parent.byteorder}u{page.bitspersample // 8}")
    ny, nx, samples = page.imagelength, page.imagewidth, page.samplesperpixel
    together = samples if page.planarconfig == 1 else 1
    pixels = np.empty((ny, nx, samples), dtype.newbyteorder("="))
    pieces = zip(_places(page), page.dataoffsets, page.databytecounts, strict=False)
    for (top, left, high, wide, plane), offset, count in pieces:
        needed = high * wide * together * dtype.itemsize
        if page.is_tiled and needed > LARGEST_PIECE:
            raise FormatError(f"A TIFF file with tiles of {needed} bytes found; at most {LARGEST_PIECE} are read.")
        packed = memoryview(data)[offset : offset + count]
        content = packed if codec in _PLAIN else _inflate(packed, needed)
        if len(content) < needed:
            raise FormatError(
                f"A TIFF file with {len(content)} of {needed} bytes in the piece at row {top} found; it is "
                "damaged, copy it again from its source."
            )
        block = np.frombuffer(content, dtype, needed // dtype.itemsize).reshape(high, wide, together)
        if page.predictor == 2:
            block = np.cumsum(block, axis=1, dtype=pixels.dtype)
        target = pixels[top : top + high, left : left + wide, plane : plane + together]
        target[...] = block[: target.shape[0], : target.shape[1]]
    if photometric == _WHITE_IS_ZERO:
        np.invert(pixels, out=pixels)
    if photometric == _PALETTE:
        return _coloured(page, pixels)
    return pixels[:, :, 0] if samples == 1 else pixels


def _inflate(packed: memoryview, needed: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, needed)
    except zlib.error as error:
        raise FormatError(f"A TIFF file with a damaged piece found ({error}); copy it again.") from error


def _coloured(page: Any, pixels: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.unsignedinteger[Any]]:
    colours = None if page.colormap is None else np.asarray(page.colormap)
    if colours is None or colours.shape != (3, 256) or pixels.dtype != np.uint8 or pixels.shape[2] != 1:
        raise FormatError("A TIFF file with an unusable palette found; save the photograph in RGB.")
    found: NDArray[np.uint8] = (colours.T >> 8).astype(np.uint8)[pixels[:, :, 0]]
    return found
