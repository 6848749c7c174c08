"""AL3D, the scan format of Alicona focus-variation microscopes."""

from __future__ import annotations

import numpy as np

from imaging.errors import FormatError
from imaging.formats.decoded import Decoded, check_grid, note, reader_name
from imaging.surface import Finding

MAGIC = b"AliconaImaging\x00\r\n"

_KEY, _VALUE, _TAG = 20, 50, 52
_COMMENT = 256
_MOST_TAGS = 1_000


def read_al3d(data: bytes) -> Decoded:
    """Decode an AL3D file.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    Decoded
        float32 heights and spacing in metres; every tag of the header as metadata ``al3d.<tag>``.

    Raises
    ------
    FormatError
        If a tag is missing or makes no sense, or the file ends before the depth image does.

    Notes
    -----
    After the magic come tags of 52 bytes (20 for the key, 30 for the value, both padded by NUL, then CR LF):
    ``Version``, ``TagCount`` and as many more as that says, then 256 bytes of comment. The depth image
    stands at ``DepthImageOffset`` as little-endian float32 in metres, row by row. Rows are padded, by most
    software to 8 bytes, by some to 8 points or not at all: the room up to the texture image, or to the end
    of the file, tells which. Points that equal ``InvalidPixelValue`` are missing. The photograph in the file
    (texture) and its icon are not read.
    """
    if not data.startswith(MAGIC):
        raise FormatError("This is no AL3D file; it does not start with 'AliconaImaging'.")
    tags = _read_tags(data)
    nx, ny, start = (_whole(tags, key) for key in ("Cols", "Rows", "DepthImageOffset"))
    check_grid(nx, ny)
    spacing = (_number(tags, "PixelSizeXMeter"), _number(tags, "PixelSizeYMeter"))
    texture = _whole(tags, "TextureImageOffset") if tags.get("TextureImageOffset") else 0
    end = min(texture, len(data)) if texture > start else len(data)
    stride = _row_points(nx, ny, end - start)
    if start == 0 or start + 4 * ((ny - 1) * stride + nx) > end:
        raise FormatError(
            f"A depth image of {nx} x {ny} points at byte {start} found; there is room for "
            f"{max(0, end - start) // 4} points. The AL3D file is truncated or states wrong sizes."
        )
    stored = np.zeros(ny * stride, dtype="<f4")
    available = np.frombuffer(data, "<f4", count=min(ny * stride, (end - start) // 4), offset=start)
    stored[: available.size] = available
    heights = stored.reshape(ny, stride)[:, :nx].astype(np.float32)
    if tags.get("InvalidPixelValue"):
        with np.errstate(over="ignore"):
            heights[heights == np.float32(_number(tags, "InvalidPixelValue"))] = np.nan

    findings: list[Finding] = []
    if texture:
        findings.append(note("texture", "The file also holds a photograph (texture); it is not read."))
    comment = data[(2 + int(tags["TagCount"])) * _TAG + len(MAGIC) :][:_COMMENT].split(b"\x00")[0]
    metadata = {f"al3d.{key}": value for key, value in tags.items() if value}
    metadata["instrument.manufacturer"] = "Alicona"
    if comment.strip():
        metadata["comment"] = comment.decode("latin-1").strip()
    return Decoded(
        heights=heights,
        spacing=spacing,
        format="AL3D",
        reader=reader_name("forensic-ballistics"),
        findings=tuple(findings),
        metadata=metadata,
    )


def _read_tags(data: bytes) -> dict[str, str]:
    tags: dict[str, str] = {}
    at, count = len(MAGIC), 2
    while len(tags) < count:
        tag = data[at : at + _TAG]
        if len(tag) < _TAG or not tag.endswith(b"\r\n"):
            raise FormatError(f"Tag {len(tags) + 1} of the AL3D header, at byte {at}, is cut off or damaged.")
        key, value = (part.split(b"\x00")[0].decode("latin-1").strip() for part in (tag[:_KEY], tag[_KEY:_VALUE]))
        if key in tags:
            raise FormatError(f"The tag {key!r} stands twice in the AL3D header.")
        tags[key] = value
        at += _TAG
        if len(tags) == 2:
            count += _whole(tags, "TagCount")
            if count > _MOST_TAGS:
                raise FormatError(f"An AL3D header of {count} tags found; at most {_MOST_TAGS} are read.")
    return tags


def _row_points(nx: int, ny: int, room: int) -> int:
    """Return the points a row takes with its padding."""
    to_8_bytes, to_8_points = nx + nx % 2, (nx + 7) // 8 * 8
    for points in (to_8_bytes, nx, to_8_points):
        if room == 4 * ny * points:
            return points
    return to_8_bytes


def _whole(tags: dict[str, str], key: str) -> int:
    text = tags.get(key, "")
    if not (text.isdecimal() and len(text) <= 18):
        raise FormatError(f"The AL3D tag {key} is {text!r}; a whole number is needed.")
    return int(text)


def _number(tags: dict[str, str], key: str) -> float:
    try:
        return float(tags[key])
    except (KeyError, ValueError):
        raise FormatError(f"The AL3D tag {key} is {tags.get(key)!r}; a number is needed.") from None
