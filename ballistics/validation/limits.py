"""What a reader of a validation must know beside its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ballistics.evidence.labelled_scores import LabelledScores
from ballistics.evidence.seal import Part
from ballistics.evidence.weight import FEW_FIREARMS
from ballistics.language import Message
from ballistics.language import gettext as _
from ballistics.validation.measures import Measures
from ballistics.validation.splits import Judged

ALWAYS = (
    Message(
        "The figures speak of marks, firearms, ammunition and instruments like those tried, compared under these "
        "parameters, and of no others."
    ),
    Message(
        "Intervals of shares take pairs as independent. Pairs that share a firearm are not, so the intervals are "
        "too narrow."
    ),
)
FEW = Message(
    "There are {firearms} firearms only: the figures, and their intervals too, may differ much on other firearms."
)
SEPARATED = Message(
    "No known match came out as low as a known non-match: how the likelihood ratio rises between them is the word "
    "of the model, and how often it misleads was not seen."
)
NO_CONDITIONS = Message("What the scores were computed with was not recorded beside them.")
LEFT_OUT: Mapping[str, Message] = {
    "not comparable": Message(
        "{pairs} pairs could not be compared and count in no measure but the coverage; each is "
        "listed with its reason."
    ),
    "same item": Message("{pairs} pairs are scans of one and the same item and count in no measure."),
    "repeated items": Message(
        "{pairs} pairs compare two items that another pair of scans compares already, and count in no measure."
    ),
    "not in the manifest": Message(
        "{pairs} pairs have a mark that is not in the manifest and count in no measure."
    ),
}
BEYOND = Message(
    "{pairs} pairs have a score beyond what the population supports: in casework they would get no likelihood "
    "ratio. They count in the measures."
)


class Note(Part):
    """A sentence in English with its values, so that a report can say it in another language.

    Parameters
    ----------
    text : str
        With fields in braces.
    values : mapping of str to int
        What goes into them.

    Examples
    --------
    >>> Note(text="{pairs} pairs count in no measure.", values={"pairs": 3}).said
    '3 pairs count in no measure.'
    """

    text: str
    values: Mapping[str, int] = {}

    @property
    def said(self) -> str:
        """The sentence in the active language."""
        return _(self.text, **self.values)


def limits_of(
    scores: LabelledScores, judged: Judged, measures: Measures, *, beyond: int | None
) -> tuple[Note, ...]:
    """Return what limits the figures of a trial.

    Parameters
    ----------
    scores : LabelledScores
        What was judged, and what was left out.
    judged, measures : Judged, Measures
        How, and what was found.
    beyond : int, optional
        Pairs whose score lies beyond what the population supports; None where no population was used.
    """
    notes = [Note(text=text) for text in ALWAYS]
    if measures.firearms < FEW_FIREARMS:
        notes.append(Note(text=FEW, values={"firearms": measures.firearms}))
    if measures.separated:
        notes.append(Note(text=SEPARATED))
    if judged.derivation_reason:
        notes.append(Note(text=judged.derivation_reason))
    if scores.conditions is None:
        notes.append(Note(text=NO_CONDITIONS))
    for kind, count in sorted(Counter(left.kind for left in scores.left_out).items()):
        notes.append(Note(text=LEFT_OUT[kind], values={"pairs": count}))
    if beyond:
        notes.append(Note(text=BEYOND, values={"pairs": beyond}))
    return tuple(notes)
