"""A comparison of impressed marks, such as breech faces, as a document for court."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from ballistics.assessment import Assessment
from ballistics.compare import Comparison, NotComparable
from ballistics.document.blocks import Document, Facts, Paragraph, Section, Table
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.mark_names import COMPARED
from ballistics.page.cell_drawings import draw_cells
from ballistics.statement.impressed_pictures import (
    aligned,
    aligned_picture,
    cells_picture,
    marks_picture,
    split_picture,
)
from ballistics.statement.likelihood import result
from ballistics.statement.parts import GivenFile, Input, Setting, assemble, both_inputs, said
from ballistics.statement.refusal import refusal
from ballistics.statement.repeat import repeat_sections
from ballistics.summary import grid_text, measures, rule_counts
from ballistics.wording import CLOSING, LIMITS


def impressed_statement(
    comparison: Comparison | NotComparable,
    *,
    evidence: Assessment | None = None,
    made: datetime | None = None,
    command: str = "",
    files: Sequence[GivenFile] = (),
) -> Document:
    """Return a comparison of two impressed marks as a document, in the active language.

    Parameters
    ----------
    comparison : Comparison or NotComparable
        From `ballistics.compare.compare`; without a comparison the document says why there is none.
    evidence : Assessment, optional
        From `ballistics.assessment.assess`: the weight of the score, the population that it is plotted with, and
        the case with the examiner's conclusion.
    made : datetime, optional
        When, with a time zone. Left out, the same content gives the same bytes.
    command : str
        The command line that repeats it.
    files : sequence of GivenFile
        What a person gave beside the marks, such as masks.

    Examples
    --------
    >>> import numpy as np
    >>> from ballistics.compare import compare
    >>> from imaging.synthetic import pair
    >>> marks = pair(np.random.default_rng(7), correlation=0.9)
    >>> document = impressed_statement(compare(marks.reference, marks.questioned))
    >>> [section.title for section in document.sections][:3]
    ['Result', 'What was compared', 'How they agree']
    """
    setting = Setting(evidence=evidence, made=made, command=command, files=files)
    title = _("Comparison of {marks}", marks=COMPARED[comparison.parameters.mark])
    if isinstance(comparison, NotComparable):
        inputs = both_inputs(comparison.scans)
        return refusal(
            setting,
            title=title,
            inputs=inputs,
            parameters=comparison.parameters,
            reason=comparison.reason,
            warnings=comparison.warnings,
        )
    inputs = both_inputs([comparison.reference.scan, comparison.questioned.scan])
    roles = [each.role for each in inputs]
    marks = (comparison.reference.mark, comparison.questioned.mark)
    steps = [(role, mark.surface.provenance.steps) for role, mark in zip(roles, marks, strict=True)]
    headline = _(
        "The score is {score} of {cells} cells congruent (rule {rule}).",
        score=comparison.score,
        cells=comparison.cells,
        rule=comparison.parameters.score,
    )
    return assemble(
        setting,
        title=title,
        inputs=inputs,
        parameters=comparison.parameters,
        sections=(
            result(setting, headline=headline, closing=CLOSING, warnings=comparison.warnings),
            _compared(comparison, inputs),
            _agreement(comparison),
        ),
        warnings=comparison.warnings,
        limits=LIMITS,
        appendix=(
            *repeat_sections(setting, inputs, comparison.parameters, steps),
            *_every_cell(comparison),
        ),
    )


def _compared(comparison: Comparison, inputs: tuple[Input, ...]) -> Section:
    exhibits = zip(inputs, (comparison.reference, comparison.questioned), strict=True)
    how = {
        "given": _("mask given by a person"),
        "whole scan": _("the whole scan is the mark"),
        "found": _("found by the program"),
    }
    rows = tuple(
        (
            given.role,
            translated(grid_text(each.scan)),
            f"{each.segmentation.area_mm2:.2f}",
            how[each.segmentation.how],
        )
        for given, each in exhibits
    )
    return Section(
        title=_("What was compared"),
        blocks=(
            marks_picture(comparison, inputs),
            Table(
                head=(_("Mark"), _("Scan"), _("Mark, mm²"), _("How the mark was delimited")),
                rows=rows,
                caption=_("The two scans and the marks on them."),
                numbers=(2,),
            ),
        ),
    )


def _agreement(comparison: Comparison) -> Section:
    both, counts = aligned(comparison), rule_counts(comparison)
    rows = tuple(
        (
            _("{rule} (score)", rule=each.name) if each.scored else each.name,
            translated(each.what),
            str(each.count),
            str(each.forward),
            str(each.backward),
        )
        for each in counts
    )
    return Section(
        title=_("How they agree"),
        blocks=(
            aligned_picture(comparison, both),
            split_picture(comparison, both),
            cells_picture(comparison, "forward"),
            Facts(rows=said(measures(comparison).items())),
            Table(
                head=(_("Rule"), _("What it counts"), _("Count"), _("Forward"), _("Backward")),
                rows=rows,
                caption=_(
                    "Congruent cells under every rule, of {cells} compared. Forward: cells of the reference "
                    "searched in the questioned mark; backward: the other way round. The count is the smaller of "
                    "the two.",
                    cells=comparison.cells,
                ),
                numbers=(2, 3, 4),
            ),
        ),
    )


def _every_cell(comparison: Comparison) -> Iterator[Section]:
    yield Section(
        title=_("Every cell of the reference"),
        blocks=(
            Paragraph(text=_how_to_read(comparison)),
            _cells(comparison, "forward"),
        ),
    )
    yield Section(
        title=_("Every cell of the questioned mark"),
        blocks=(cells_picture(comparison, "backward"), _cells(comparison, "backward")),
    )


def _how_to_read(comparison: Comparison) -> str:
    return _(
        "A cell is named by its row and column. Shifts are counted from the place where the pose of the whole "
        "mark puts the cell, angles are those of the cell itself. The last column is what the rule {rule} says "
        "of it.",
        rule=comparison.parameters.score,
    )


def _cells(comparison: Comparison, direction: Literal["forward", "backward"]) -> Table:
    rule, forward = comparison.parameters.score, direction == "forward"
    cells = comparison.forward if forward else comparison.backward
    drawn = draw_cells(cells, {rule: comparison.verdicts[rule][0 if forward else 1]})
    rows = tuple(
        (
            each.label,
            f"{each.fill:.0%}",
            f"{each.x:.0f}",
            f"{each.y:.0f}",
            *(
                (f"{each.correlation:.3f}", f"{each.angle_deg:.2f}", f"{each.dx_um:+.1f}", f"{each.dy_um:+.1f}")
                if each.compared
                else ("-",) * 4
            ),
            translated(each.reason[rule]),
        )
        for each in drawn
    )
    return Table(
        head=(
            _("Cell"),
            _("Measured"),
            _("x, µm"),
            _("y, µm"),
            _("Correlation"),
            _("Angle, °"),
            _("Shift x, µm"),
            _("Shift y, µm"),
            _("Under the rule"),
        ),
        rows=rows,
        caption=_(
            "{cells} cells, {congruent} of them congruent.",
            cells=len(drawn),
            congruent=sum(each.congruent[rule] for each in drawn),
        ),
        numbers=tuple(range(1, 8)),
    )
