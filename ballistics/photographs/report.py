"""The report of two compared photographs: one self-contained page that needs no network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ballistics.language import Message, translated
from ballistics.language import gettext as _
from ballistics.output import Location, printable
from ballistics.page.evidence_block import evidence_facts
from ballistics.page.picture_drawings import (
    DrawnCircle,
    DrawnPicture,
    DrawnPoint,
    draw_pair,
    drawn_points,
    region_circles,
    region_outline,
    source_drawing,
)
from ballistics.page.rendering import colour_stops, page_facts, render, write_page
from ballistics.photographs.exhibit import PictureExhibit
from ballistics.photographs.pair import NoPictureComparison, PictureComparison
from ballistics.photographs.summary import light_text, mark_text, picture_measures, size_text, source_path
from ballistics.photographs.wording import CLOSING, LIMITS
from imaging.photo import Photo
from imaging.surface import Surface

if TYPE_CHECKING:
    from ballistics.assessment import Assessment

STYLES = ("report.css", "photographs.css")
SEVERITIES = {"note": Message("Note {code}"), "doubt": Message("Doubt {code}")}
ROLES = (Message("Reference"), Message("Questioned"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureCard:
    """What the page shows of one photograph or scan; the mark's fields are empty where nothing was compared."""

    role: str
    source: Photo | Surface
    picture: DrawnPicture
    outline: str = ""
    circles: tuple[DrawnCircle, ...] = ()
    points: tuple[DrawnPoint, ...] = ()
    mask: str = ""

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return Path(source_path(self.source)).name

    @property
    def sha256(self) -> str:
        """The hash of the file."""
        return printable(self.source.provenance.sha256 or _("no file"))

    @property
    def size(self) -> str:
        """Pixels and extent."""
        return size_text(self.source)

    @property
    def light(self) -> str:
        """How it was lit."""
        return light_text(self.source)

    @property
    def origin(self) -> list[tuple[str, str]]:
        """File, reader, findings and steps as rows."""
        return [(name, printable(translated(text))) for name, text in self._origin()]

    def _origin(self) -> Iterator[tuple[str, str]]:
        origin = self.source.provenance
        yield _("Path"), source_path(self.source)
        yield "SHA-256", self.sha256
        yield _("Format, reader"), f"{origin.format}, {origin.reader or _('none')}"
        yield _("Size"), self.size
        yield _("Light"), self.light
        if self.mask:
            yield _("Mark"), self.mask
        for finding in origin.findings:
            yield translated(SEVERITIES[finding.severity].filled(code=finding.code)), finding.message
        if not origin.findings:
            yield _("Findings"), _("none")
        for number, step in enumerate(origin.steps, start=1):
            yield _("Step {number}", number=number), step
        for key, text in origin.metadata.items():
            yield printable(key), text


def render_picture_report(
    result: PictureComparison | NoPictureComparison,
    *,
    made: datetime | None = None,
    evidence: Assessment | None = None,
) -> str:
    """Return the page for two pictures, or for the reason why they were not compared.

    Parameters
    ----------
    result : PictureComparison or NoPictureComparison
        From `ballistics.photographs.pair`.
    made : datetime, optional
        When the page was made, with a time zone. Left out, the page holds no date, and the same comparison
        gives the same bytes.
    evidence : Assessment, optional
        Its score weighed under a reference population, or the examiner's conclusion, to stand on the page.
    """
    common = page_facts(result.parameters, result.warnings, made)
    common |= evidence_facts(evidence, closing=CLOSING, limits=LIMITS)
    if isinstance(result, NoPictureComparison):
        sides = [
            PictureCard(role=role, source=source, picture=source_drawing(source))
            for role, source in zip(ROLES, result.sources, strict=False)
        ]
        return render(
            "photographs_none.html",
            styles=STYLES,
            reason=printable(translated(result.reason)),
            sides=sides,
            **common,
        )
    both = zip(ROLES, (result.reference, result.questioned), drawn_points(result), strict=True)
    return render(
        "photographs.html",
        styles=STYLES,
        result=result,
        sides=[_card(role, exhibit, points) for role, exhibit, points in both],
        measures=picture_measures(result),
        laid=draw_pair(result),
        stops=colour_stops(),
        **common,
    )


def write_picture_report(
    result: PictureComparison | NoPictureComparison,
    path: Location,
    *,
    made: datetime | None = None,
    overwrite: bool = False,
    evidence: Assessment | None = None,
) -> Path:
    """Write the page of `render_picture_report` to a file.

    Raises
    ------
    OutputError
        If the file exists and ``overwrite`` is false, or it cannot be written.
    """
    return write_page(render_picture_report(result, made=made, evidence=evidence), path, overwrite=overwrite)


def _card(role: str, exhibit: PictureExhibit, points: tuple[DrawnPoint, ...]) -> PictureCard:
    return PictureCard(
        role=role,
        source=exhibit.source,
        picture=source_drawing(exhibit.source),
        outline=region_outline(exhibit.region),
        circles=region_circles(exhibit.region),
        points=points,
        mask=mark_text(exhibit),
    )
