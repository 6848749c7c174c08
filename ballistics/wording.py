"""The words that stand beside the figures, the same in the terminal and on the page."""

from __future__ import annotations

from ballistics.language import Message

RULES = {
    "consensus": Message("cells that one rotation and shift of the whole mark explains"),
    "original": Message("cells whose shift and angle lie near the median of all cells (Song)"),
    "high": Message("cells that agree at the rotations where most cells agree (High CMC, Tong)"),
    "convergence": Message("the largest group of cells that agree with one cell (Chen)"),
}

CLOSING = Message(
    "A measurement, not a verdict: the counts say how much of the two marks agrees, not how probable it is that "
    "one firearm made both. No error rate and no likelihood ratio is implied."
)

LIMITS = (
    (
        Message("What a count means"),
        Message(
            "A cell is a small square of one mark that was searched in the other. It is congruent when it "
            "correlates well enough and its place and angle fit those of the other cells. The count of a rule is "
            "the smaller one of both directions, so swapping the marks changes nothing."
        ),
    ),
    (
        Message("Rules count differently"),
        Message(
            "A count can only be set against counts of the same rule under the same parameter set (the hash shows"
            " it). A threshold from the literature, such as six cells, belongs to the rule, the marks and the "
            "instrument it was published for."
        ),
    ),
    (
        Message("No probability follows yet"),
        Message(
            "No error rate and no likelihood ratio is implied. Either needs pairs of known origin with the same "
            "kind of mark, firearm, ammunition and instrument, and the same parameter set."
        ),
    ),
    (
        Message("Chance and shared features"),
        Message(
            "The pose is the best of all rotations, so marks of different firearms reach some correlation and "
            "sometimes a few congruent cells. Agreement of subclass characteristics, which tools of one make can "
            "share, counts like any other: whether a feature is one of them is for the examiner to judge."
        ),
    ),
    (
        Message("What the figures depend on"),
        Message(
            "The area that was taken as the mark, the instrument and its pixel size, missing points and the state"
            " of the surface. The thresholds hold for the marks and instruments that they were tried on; the "
            "parameter set names its source. Look at the outlines and the aligned view before you rely on a "
            "number."
        ),
    ),
)
