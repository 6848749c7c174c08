"""What pixels and compression say about the use of a photograph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imaging.photo import Pixels
from imaging.surface import Finding

SATURATED_NOTE = 0.01
SATURATED_DOUBT = 0.10
DARK_LEVELS = 32
BLANK_LEVELS = 8
SMALL_SIDE = 300
POOR_QUALITY = 75

BAND = 2**22

_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


def pixel_findings(pixels: Pixels) -> list[Finding]:
    """Say whether a picture is saturated, dark, blank or small.

    Parameters
    ----------
    pixels : ndarray, shape (ny, nx) or (ny, nx, 3), uint8 or uint16

    Returns
    -------
    list of Finding
        Codes ``saturated``, ``dark``, ``blank`` and ``small``; see `imaging.photo_files.open_photo`.

    Notes
    -----
    The brightest of the three colours counts. The top of 16 bits is the end of the bits in use, so a camera of
    12 bits saturates at 4095.

    Examples
    --------
    >>> import numpy as np
    >>> [finding.code for finding in pixel_findings(np.full((400, 400), 255, np.uint8))]
    ['saturated', 'blank']
    """
    counts = _histogram(pixels)
    total = int(counts.sum())
    share = np.cumsum(counts) / total
    highest = int(np.flatnonzero(counts)[-1])
    top = max(255, 2 ** highest.bit_length() - 1)
    saturated = float(counts[top]) / total
    low, high = (int(np.searchsorted(share, quantile)) for quantile in (0.01, 0.99))
    findings = []
    if saturated > SATURATED_NOTE:
        findings.append(
            Finding(
                code="saturated",
                severity="doubt" if saturated > SATURATED_DOUBT else "note",
                message=f"{saturated:.1%} of the pixels are at the top, where no mark can show; expose shorter.",
            )
        )
    if high < DARK_LEVELS:
        findings.append(
            Finding(
                code="dark",
                severity="note",
                message=f"99 % of the pixels lie at or below level {high}; expose longer.",
            )
        )
    if high - low < BLANK_LEVELS:
        findings.append(
            Finding(
                code="blank",
                severity="doubt",
                message=f"98 % of the pixels lie between level {low} and {high}; there is next to nothing to see.",
            )
        )
    if min(pixels.shape[:2]) < SMALL_SIDE:
        findings.append(
            Finding(
                code="small",
                severity="note",
                message=f"{pixels.shape[1]} x {pixels.shape[0]} pixels show few details of a mark.",
            )
        )
    return findings


def _histogram(pixels: Pixels) -> NDArray[np.int64]:
    """Counts of the levels, in bands of rows to save memory."""
    levels = int(np.iinfo(pixels.dtype).max) + 1
    counts = np.zeros(levels, np.int64)
    rows = max(1, BAND // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        band = pixels[top : top + rows]
        brightest = band if band.ndim == 2 else np.maximum(np.maximum(band[..., 0], band[..., 1]), band[..., 2])
        counts += np.bincount(brightest.ravel(), minlength=levels)
    return counts


def lossy_finding(tables: Sequence[Sequence[int]]) -> Finding:
    """Describe the loss of a JPEG picture by its quantisation tables, brightness first.

    Returns
    -------
    Finding
        Code ``lossy``: a doubt below quality 75, otherwise a note. Without tables the quality is not stated.

    Notes
    -----
    The quality is the one of the Independent JPEG Group whose brightness table (ITU-T T.81, table K.1, scaled)
    has the nearest sum. Cameras have tables of their own, for which it is an estimate.

    Examples
    --------
    >>> lossy_finding([_scaled(90).ravel().tolist()]).message
    'JPEG of quality 90 or near; blocks of 8 x 8 pixels lost detail.'
    """
    if not tables:
        return Finding(code="lossy", severity="note", message="JPEG; blocks of 8 x 8 pixels lost detail.")
    qualities = range(1, 101)
    quality = min(qualities, key=lambda quality: abs(int(_scaled(quality).sum()) - sum(tables[0])))
    return Finding(
        code="lossy",
        severity="doubt" if quality < POOR_QUALITY else "note",
        message=f"JPEG of quality {quality} or near; blocks of 8 x 8 pixels lost detail.",
    )


def _scaled(quality: int) -> NDArray[np.int64]:
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((_LUMINANCE * percent + 50) // 100).clip(1, 255)
