"""A comparison of two striated marks, or of two bullets by their lands, as a document for court."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ballistics.assessment import Assessment
from ballistics.document.blocks import Block, Document, Facts, Paragraph, Section, Table
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.mark_names import COMPARED
from ballistics.statement.likelihood import result
from ballistics.statement.parts import GivenFile, Input, Setting, assemble, both_inputs, said
from ballistics.statement.refusal import refusal
from ballistics.statement.repeat import bare_steps, repeat_sections
from ballistics.statement.sources import title_of
from ballistics.statement.striated_pictures import (
    marks_picture,
    matrix_picture,
    pair_picture,
    phases_picture,
)
from ballistics.striated.bullet_pair import BulletPair
from ballistics.striated.bullets import BulletComparison, NoBulletComparison
from ballistics.striated.cmps import CongruentSegments
from ballistics.striated.land_pair import LandComparison, NoLandComparison, lands_at_best_phase
from ballistics.striated.landset import LandSet, NoLandSet
from ballistics.striated.signature import NoSignature, Signature
from ballistics.striated.striae import NotMeasured
from ballistics.striated.summary import bullet_measures, land_measures, pair_rows, signature_rows
from ballistics.striated.wording import BULLET_LIMITS, CLOSING, LAND_LIMITS


def land_statement(
    comparison: LandComparison | NoLandComparison,
    *,
    evidence: Assessment | None = None,
    made: datetime | None = None,
    command: str = "",
    files: Sequence[GivenFile] = (),
) -> Document:
    """Return a comparison of two lands or other striated marks as a document, in the active language.

    Parameters
    ----------
    comparison : LandComparison or NoLandComparison
        From `ballistics.striated.land_pair.compare_lands`; without a comparison the document says why.
    evidence, made, command, files
        As for `ballistics.statement.impressed.impressed_statement`.
    """
    setting = Setting(evidence=evidence, made=made, command=command, files=files)
    parameters = comparison.parameters
    title = _("Comparison of {marks}", marks=COMPARED[parameters.mark])
    if isinstance(comparison, NoLandComparison):
        inputs = both_inputs(comparison.scans)
        return refusal(
            setting,
            title=title,
            inputs=inputs,
            parameters=parameters,
            reason=comparison.reason,
            warnings=comparison.warnings,
        )
    signatures = (comparison.reference, comparison.questioned)
    inputs = both_inputs([each.scan for each in signatures])
    headline = _(
        "The score is {ccf}, the correlation of the two signatures (CCF, from -1 to 1).",
        ccf=f"{comparison.ccf:.3f}",
    )
    roles = [each.role for each in inputs]
    shown = tuple((title_of(each), one) for each, one in zip(inputs, signatures, strict=True))
    compared: list[Block] = (
        [marks_picture(shown[:1]), marks_picture(shown[1:], mirrored=True)]
        if comparison.mirrored
        else [marks_picture(shown)]
    )
    compared += _signature_tables(dict(zip(roles, signatures, strict=True)))
    return assemble(
        setting,
        title=title,
        inputs=inputs,
        parameters=parameters,
        sections=(
            result(setting, headline=headline, closing=CLOSING, warnings=comparison.warnings),
            Section(title=_("What was compared"), blocks=tuple(compared)),
            Section(
                title=_("How they agree"),
                blocks=(pair_picture(comparison), Facts(rows=said(land_measures(comparison).items()))),
            ),
        ),
        warnings=comparison.warnings,
        limits=LAND_LIMITS,
        appendix=(*repeat_sections(setting, inputs, parameters, bare_steps(inputs)), *_every_segment(comparison)),
    )


def bullet_statement(
    pair: BulletPair,
    *,
    evidence: Assessment | None = None,
    made: datetime | None = None,
    command: str = "",
    files: Sequence[GivenFile] = (),
) -> Document:
    """Return a comparison of two bullets as a document, in the active language.

    Parameters
    ----------
    pair : BulletPair
        From `ballistics.striated.bullet_pair.compare_land_sets`; without a comparison the document says why.
    evidence, made, command, files
        As for `ballistics.statement.impressed.impressed_statement`.
    """
    setting = Setting(evidence=evidence, made=made, command=command, files=files)
    comparison, title = pair.result, _("Comparison of bullets by their lands")
    reference, questioned = (dict(_lands(each)) for each in (pair.reference, pair.questioned))
    first, second = tuple(_inputs(reference, questioned=False)), tuple(_inputs(questioned, questioned=True))
    inputs = (*first, *second)
    mirrored = isinstance(comparison, BulletComparison) and comparison.mirrored
    pictures = [
        marks_picture([(one.role, made) for one, made in zip(given, lands.values(), strict=True)], mirrored=turned)
        for given, lands, turned in ((first, reference, False), (second, questioned, mirrored))
        if given
    ]
    if isinstance(comparison, NoBulletComparison):
        return refusal(
            setting,
            title=title,
            inputs=inputs,
            parameters=pair.parameters,
            reason=comparison.reason,
            warnings=comparison.warnings,
            pictures=pictures,
        )
    pairs = lands_at_best_phase(comparison)
    headline = _(
        "The score is {average}, the mean correlation of the {pairs} land pairs that face each other at the best "
        "phase (sequence average, from -1 to 1).",
        average=f"{comparison.sequence_average:.3f}",
        pairs=len(pairs),
    )
    head, rows = pair_rows(comparison)
    measures = Facts(rows=said(bullet_measures(pair, comparison).items()))
    table = Table(
        head=tuple(map(translated, head)),
        rows=tuple(tuple(map(translated, row)) for row in rows),
        caption=_(
            "The land pairs of the best phase. CMPS: congruent segments of the reference, and back; CMS: longest "
            "run of matching striae; D: root mean square of the difference; Chumbley z: in standard deviations."
        ),
        numbers=tuple(range(2, len(head))),
    )
    return assemble(
        setting,
        title=title,
        inputs=inputs,
        parameters=pair.parameters,
        sections=(
            result(setting, headline=headline, closing=CLOSING, warnings=comparison.warnings),
            Section(title=_("What was compared"), blocks=tuple(pictures)),
            Section(
                title=_("How they agree"),
                blocks=(matrix_picture(comparison), phases_picture(comparison), measures, table),
            ),
        ),
        warnings=comparison.warnings,
        limits=BULLET_LIMITS,
        appendix=(
            *repeat_sections(setting, inputs, pair.parameters, bare_steps(inputs)),
            *_matrices(comparison),
            *_every_pair(pairs),
            *_every_signature(reference, questioned),
        ),
    )


def _lands(side: LandSet | NoLandSet) -> Iterator[tuple[int, Signature | NoSignature]]:
    if isinstance(side, LandSet):
        yield from side.lands.items()
        return
    for number, scan in side.scans.items():
        yield number, NoSignature(reason="", scan=scan)


def _inputs(lands: Mapping[int, Signature | NoSignature], *, questioned: bool) -> Iterator[Input]:
    for number, made in lands.items():
        role = (
            _("Questioned, land {number}", number=number)
            if questioned
            else _("Reference, land {number}", number=number)
        )
        yield Input(role=role, source=made.scan, questioned=questioned)


def _signature_tables(signatures: Mapping[str, Signature]) -> Iterator[Table]:
    rows = {role: dict(said(signature_rows(one))) for role, one in signatures.items()}
    names = dict.fromkeys(name for found in rows.values() for name in found)
    yield Table(
        head=("", *rows),
        rows=tuple((name, *(found.get(name, "-") for found in rows.values())) for name in names),
        caption=_("How each mark was cut across, and the signature that came of it."),
    )


def _every_signature(*bullets: Mapping[int, Signature | NoSignature]) -> Iterator[Section]:
    titles = (_("Signatures of the reference"), _("Signatures of the questioned bullet"))
    for title, lands in zip(titles, bullets, strict=True):
        blocks = []
        for number, made in lands.items():
            first = (_("Land {number}", number=number), made.scan.provenance.path or "")
            rows = (
                [(_("No signature"), translated(made.reason))]
                if isinstance(made, NoSignature)
                else signature_rows(made)
            )
            blocks.append(Facts(rows=said([first, *rows])))
        yield Section(title=title, blocks=tuple(blocks))


def _every_segment(comparison: LandComparison) -> Iterator[Section]:
    found = comparison.segments()
    title = _("Every segment")
    if isinstance(found, NotMeasured):
        text = _("Segments were not compared: {reason}.", reason=translated(found.reason))
        yield Section(title=title, blocks=(Paragraph(text=text),))
        return
    ahead, back = found
    yield Section(
        title=title,
        blocks=(
            _segments(
                ahead,
                comparison.reference.start_um,
                _(
                    "Segments of the reference, searched in the questioned signature: {count} of {all} congruent "
                    "(CMPS).",
                    count=ahead.count,
                    all=len(ahead),
                ),
            ),
            _segments(
                back,
                comparison.questioned.start_um,
                _(
                    "Segments of the questioned signature, searched in the reference: {count} of {all} congruent "
                    "(CMPS).",
                    count=back.count,
                    all=len(back),
                ),
            ),
        ),
    )


def _segments(found: CongruentSegments, start_um: float, caption: str) -> Table:
    columns = (found.start.tolist(), found.correlation.tolist(), found.reason)
    length_um = found.length * found.spacing_um
    return Table(
        head=(_("Segment"), _("From, µm"), _("To, µm"), _("Correlation"), _("Result")),
        rows=tuple(
            (
                str(number),
                f"{start_um + start * found.spacing_um:.1f}",
                f"{start_um + start * found.spacing_um + length_um:.1f}",
                f"{correlation:.3f}" if math.isfinite(correlation) else "-",
                translated(reason),
            )
            for number, (start, correlation, reason) in enumerate(zip(*columns, strict=True), start=1)
        ),
        caption=caption,
        numbers=(0, 1, 2, 3),
    )


def _matrices(comparison: BulletComparison) -> Iterator[Section]:
    """Correlation, lag and overlap of every land pair as numbers."""
    found, n = comparison.correlations, comparison.reference.lands
    head = (_("Reference"), *(_("questioned {number}", number=j + 1) for j in range(n)))
    tables = []
    for values, form, caption in (
        (found.ccf, "{:.3f}", _("Correlation at the best lag.")),
        (found.lag_um, "{:+.1f}", _("Lag of the questioned land, µm.")),
        (found.overlap, "{:.0%}", _("Overlap, as a share of the shorter signature.")),
    ):
        rows = tuple(
            (
                _("land {number}", number=i + 1),
                *(form.format(values[i, j]) if math.isfinite(found.ccf[i, j]) else "-" for j in range(n)),
            )
            for i in range(n)
        )
        tables.append(Table(head=head, rows=rows, caption=caption, numbers=tuple(range(1, n + 1))))
    yield Section(title=_("Every land with every land"), blocks=tuple(tables))


def _every_pair(pairs: Mapping[tuple[int, int], LandComparison]) -> Iterator[Section]:
    pictures = tuple(
        pair_picture(
            each, named=_("Reference land {first} and questioned land {second}.", first=first, second=second)
        )
        for (first, second), each in pairs.items()
    )
    yield Section(title=_("The land pairs of the best phase"), blocks=pictures)
