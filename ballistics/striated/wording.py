"""The words that stand beside the figures of striated marks, the same in the terminal and on the page."""

from __future__ import annotations

from ballistics.language import Message

CLOSING = Message(
    "A measurement, not a verdict: the correlation says how alike the striae are, not how probable it is that one"
    " barrel or tool made both. No error rate and no likelihood ratio is implied."
)

CORRELATION = (
    Message("What a correlation means"),
    Message(
        "A signature is the heights across the striae without form and noise. Two signatures are shifted against "
        "each other until they correlate best (masked cross-correlation, missing points count for nothing). The "
        "best of many lags is never zero: marks of different origin reach 0.2 to 0.5 by chance, more over a short"
        " overlap."
    ),
)

PHASES = (
    Message("What the phases say"),
    Message(
        "Lands were scanned from an unknown first one, so every turn of one bullet against the other is tried, "
        "and both orders. The sequence average is the mean correlation along the best of these phases, and the "
        "best of several is higher than any one by chance. Where lands are missing, phases have different numbers"
        " of land pairs; the best one is then the furthest above chance for its number, since a mean of few is "
        "high by chance more often. Compare it with the highest other phase, which is looked for among those of "
        "as many pairs."
    ),
)

P_VALUE = (
    Message("What the p-value says"),
    Message(
        "It is the share of all ways to pair the lands whose best phase is at least as good, counted for the "
        "lands of either bullet; the larger share is given. It asks whether the order of the lands agrees, not "
        "whether one barrel fired both, and with few lands or missing ones it cannot become small. It is no error"
        " rate."
    ),
)

COMMON = (
    (
        Message("No probability follows yet"),
        Message(
            "No error rate and no likelihood ratio is implied. Either needs pairs of known origin with the same "
            "kind of mark, firearm, ammunition and instrument, and the same parameter set (the hash shows it)."
        ),
    ),
    (
        Message("Shared features"),
        Message(
            "Subclass characteristics, which barrels rifled by one tool or tools of one batch can share, "
            "correlate like any others. Whether striae are of that sort is for the examiner to judge."
        ),
    ),
    (
        Message("What the figures depend on"),
        Message(
            "Where the mark was cut across, where the shoulders were found, damage, missing points, the "
            "instrument. Look at the crosscuts, the shoulders and the aligned view before you rely on a number; "
            "set them by hand and compare again if they are wrong. A mirrored scan never agrees with its mate: it"
            " is mirrored back only where a person asks for it."
        ),
    ),
)

WINDOWS = (
    Message("What the Chumbley score says"),
    Message(
        "Short windows at the shift of the best long window are ranked against windows at other shifts. A high z,"
        " a small p, says that the marks agree better there than elsewhere. The p-value belongs to a test on the "
        "windows of one pair: it is neither the probability of a common source nor an error rate."
    ),
)

LAND_LIMITS = (CORRELATION, WINDOWS, *COMMON)
BULLET_LIMITS = (CORRELATION, PHASES, P_VALUE, WINDOWS, *COMMON)
