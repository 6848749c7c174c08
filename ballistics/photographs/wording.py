"""The words that stand beside the figures of photographs, the same in the terminal and on the page."""

from __future__ import annotations

from ballistics.language import Message

CLOSING = Message(
    "A measurement, not a verdict: the correlation says how alike two pictures are at the pose that was found, "
    "not how probable it is that one firearm made both marks. No error rate and no likelihood ratio is implied."
)

EXPERIMENTAL = {
    "ring": Message(
        "a scan meets a photograph: the scan was lit as under a ring light; experimental, no figures are known "
        "for it"
    ),
    "side": Message(
        "a scan meets a photograph: the scan was lit as under a side light; experimental, no figures are known "
        "for it"
    ),
}

LIMITS = (
    (
        Message("What the number means"),
        Message(
            "Keypoints of both pictures are matched, and the turn, size and shift on which most of them agree is "
            "the pose. Where that leaves a doubt, all turns are tried too, and the pose at which the pictures "
            "agree better is taken. The number is the correlation of the two pictures over all that they have in "
            "common there, after brightness and contrast were made even from place to place. Without a pose it is"
            " 0."
        ),
    ),
    (
        Message("The light decides"),
        Message(
            "A photograph shows light and shadow, not heights. Under a ring light the same mark looks much the "
            "same at every turn. Under a side light it does not: when the lamp stood elsewhere as seen from the "
            "mark, pictures of one mark can look unlike and the number falls. A low number then says little."
        ),
    ),
    (
        Message("Chance"),
        Message(
            "Among many matches a few always agree on some pose. The report says how many separate places matches "
            "made by chance would reach; a pose that rests on fewer may be wrong, and the number with it. Look at"
            " the aligned view and at the points."
        ),
    ),
    (
        Message("No probability follows yet"),
        Message(
            "No error rate and no likelihood ratio is implied. Either needs pairs of known origin with the same "
            "kind of mark, firearm, ammunition, microscope, light and parameter set."
        ),
    ),
    (
        Message("Shared features"),
        Message(
            "What tools of one make, or one batch of primers, have in common agrees like any other feature. So do"
            " dirt, lettering and the edge of the mark. Which features were made by the firearm is for the "
            "examiner to judge."
        ),
    ),
    (
        Message("What else the figures depend on"),
        Message(
            "The area that was taken as the mark, focus, exposure, compression and the number of pixels across "
            "the mark. Where the scale of a picture is unknown, the magnification is fitted, which leaves more "
            "room for chance."
        ),
    ),
)
