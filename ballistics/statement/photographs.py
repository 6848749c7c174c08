"""A comparison of two photographs, or of scans taken as pictures, as a document for court."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np

from ballistics.assessment import Assessment
from ballistics.document.blocks import Block, Document, Facts, Section, Table
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.mark_names import NAMES
from ballistics.page.picture_drawings import draw_pair
from ballistics.photographs.pair import NoPictureComparison, PictureComparison
from ballistics.photographs.summary import light_text, mark_text, picture_measures, size_text
from ballistics.photographs.wording import CLOSING, LIMITS
from ballistics.statement.likelihood import result
from ballistics.statement.parts import GivenFile, Input, Setting, assemble, both_inputs, said
from ballistics.statement.photograph_pictures import (
    aligned_picture,
    exhibits_picture,
    points_picture,
    split_picture,
)
from ballistics.statement.refusal import refusal
from ballistics.statement.repeat import bare_steps, repeat_sections

MOST_POINTS = 60


def photograph_statement(
    comparison: PictureComparison | NoPictureComparison,
    *,
    evidence: Assessment | None = None,
    made: datetime | None = None,
    command: str = "",
    files: Sequence[GivenFile] = (),
) -> Document:
    """Return a comparison of two photographs as a document, in the active language.

    Parameters
    ----------
    comparison : PictureComparison or NoPictureComparison
        From `ballistics.photographs.pair`; without a comparison the document says why there is none.
    evidence, made, command, files
        As for `ballistics.statement.impressed.impressed_statement`.
    """
    setting = Setting(evidence=evidence, made=made, command=command, files=files)
    parameters = comparison.parameters
    title = _("Comparison of pictures: {mark}", mark=NAMES[parameters.mark])
    if isinstance(comparison, NoPictureComparison):
        inputs = both_inputs(comparison.sources)
        return refusal(
            setting,
            title=title,
            inputs=inputs,
            parameters=parameters,
            reason=comparison.reason,
            warnings=comparison.warnings,
        )
    inputs = both_inputs([comparison.reference.source, comparison.questioned.source])
    return assemble(
        setting,
        title=title,
        inputs=inputs,
        parameters=parameters,
        sections=(
            result(setting, headline=_headline(comparison), closing=CLOSING, warnings=comparison.warnings),
            _compared(comparison, inputs),
            _agreement(comparison, inputs),
        ),
        warnings=comparison.warnings,
        limits=LIMITS,
        appendix=(
            *repeat_sections(setting, inputs, parameters, bare_steps(inputs)),
            *_every_point(comparison),
        ),
    )


def _headline(comparison: PictureComparison) -> str:
    if comparison.agreement is None:
        return _("The score is 0: no pose was found at which the two pictures agree.")
    return _(
        "The score is {score}, the correlation of the two pictures at the pose that was found (from 0 to 1).",
        score=f"{comparison.score:.3f}",
    )


def _compared(comparison: PictureComparison, inputs: tuple[Input, ...]) -> Section:
    exhibits = (comparison.reference, comparison.questioned)
    rows = tuple(
        (
            given.role,
            translated(size_text(each.source)),
            translated(mark_text(each)),
            translated(light_text(each.source)),
        )
        for given, each in zip(inputs, exhibits, strict=True)
    )
    table = Table(
        head=(_("Picture"), _("Size"), _("Mark"), _("Light")),
        rows=rows,
        caption=_("The two pictures and the marks on them."),
    )
    return Section(title=_("What was compared"), blocks=(exhibits_picture(comparison, inputs), table))


def _agreement(comparison: PictureComparison, inputs: tuple[Input, ...]) -> Section:
    drawn = draw_pair(comparison)
    blocks: list[Block] = []
    if drawn is not None:
        blocks = [aligned_picture(comparison, drawn), split_picture(drawn), points_picture(comparison, inputs)]
    return Section(
        title=_("How they agree"), blocks=(*blocks, Facts(rows=said(picture_measures(comparison).items())))
    )


def _every_point(comparison: PictureComparison) -> Iterator[Section]:
    """The matched points that the pose explains, and the pose itself as numbers."""
    matrix = comparison.matrix
    if matrix is None:
        return
    blocks: list[Block] = [
        Table(
            head=(_("Questioned"), _("per column of the reference"), _("per row"), _("at its first pixel")),
            rows=tuple(
                (name, *(f"{value:.6f}" for value in row))
                for name, row in zip(("x", "y"), matrix.tolist(), strict=True)
            ),
            caption=_("The pose: from pixels of the reference to pixels of the questioned picture."),
            numbers=(1, 2, 3),
        )
    ]
    first, second = comparison.points()
    order = first[:, 1].argsort(kind="stable")
    places = np.linspace(0, len(order) - 1, min(len(order), MOST_POINTS)).round().astype(int)
    listed = order[places]
    caption = _("The matched points that the pose explains, in pixels of the two files, the first pixel at 0.")
    if len(listed) < len(order):
        caption += " " + _(
            "{listed} of {count} points are listed, spread evenly from top to bottom. The same comparison gives "
            "the other {more} again.",
            listed=len(listed),
            count=len(order),
            more=len(order) - len(listed),
        )
    blocks.append(
        Table(
            head=(_("Point"), _("Reference x"), _("Reference y"), _("Questioned x"), _("Questioned y")),
            rows=tuple(
                (str(place + 1), *(f"{value:.1f}" for value in (*a, *b)))
                for place, a, b in zip(
                    places.tolist(), first[listed].tolist(), second[listed].tolist(), strict=True
                )
            ),
            caption=caption,
            numbers=(0, 1, 2, 3, 4),
        )
    )
    yield Section(title=_("Every point"), blocks=tuple(blocks))
