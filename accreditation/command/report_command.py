"""The command that writes reports."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accreditation.command.choice import On, Which, chosen, day, spoken
from qms.command.desk import Desk, reads
from qms.command.listing import Force

if TYPE_CHECKING:
    from accreditation.assessments.assessment import Assessment
    from accreditation.procedures.coverage import Coverage
    from accreditation.report.frame import Marks

EXAMPLE = "Example: accreditation report needs-assessment report.pdf --language sq --also en --final"
KINDS = ("needs-assessment", "progress", "transition", "sop-gap")
MARKS = {
    "confidentiality": ("public", "internal", "confidential", "restricted"),
    "footnotes": ("un", "eu", "both"),
}


@reads
def report(
    desk: Desk,
    kind: Annotated[
        str, typer.Argument(metavar="REPORT", help="needs-assessment, progress, transition or sop-gap.")
    ],
    place: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .html, .docx or .pdf.")],
    also: Annotated[
        str | None, typer.Option("--also", metavar="TAG", help="A second language beside the first.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="First day of a progress report.")
    ] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="KEY|FILE", help="The new edition of a transition report.")
    ] = "iso17020-2026",
    old: Annotated[
        str, typer.Option("--from", metavar="KEY", help="The old edition of a transition report.")
    ] = "iso17020-2012",
    crosswalk: Annotated[
        Path | None, typer.Option("--crosswalk", metavar="FILE.toml", help="Reviewed links to the new edition.")
    ] = None,
    final: Annotated[bool, typer.Option("--final", help="Not a draft any more.")] = False,
    confidentiality: Annotated[
        str, typer.Option("--confidentiality", help="public, internal, confidential or restricted.")
    ] = "internal",
    logo: Annotated[Path | None, typer.Option("--logo", metavar="FILE", help="PNG, JPEG or SVG.")] = None,
    footnotes: Annotated[
        str, typer.Option("--footnotes", help="Of names with an asterisk: un, eu or both.")
    ] = "un",
    assessment: Which = None,
    on: On = None,
    force: Force = False,
) -> None:
    """Write a report as a page, a Word document or a PDF, in the language of the unit or the one asked for."""
    from accreditation.errors import UnknownError
    from accreditation.report.output import check_place, write_report
    from qms.command.terminal import say as tell

    if kind not in KINDS:
        raise UnknownError(f"There is no report {kind!r}. There is {', '.join(KINDS)}.")
    check_place(place, overwrite=force)
    say = spoken(desk, *([also] if also else []))
    marked = partial(_marks, desk, final=final, confidentiality=confidentiality, logo=logo, footnotes=footnotes)
    today = day(desk, on)
    kept: Assessment | Coverage
    if kind == "sop-gap":
        from accreditation.command.procedure_commands import coverage_at
        from accreditation.report.procedures_report import last_decider, procedures_report

        kept = coverage_at(desk)
        document = procedures_report(desk.store, kept, say=say, on=today, marks=marked(last_decider(kept)))
    else:
        kept = chosen(desk, assessment)
        marks = marked(kept.lead)
        match kind:
            case "needs-assessment":
                from accreditation.report.needs import needs_assessment

                document = needs_assessment(desk.store, kept, say=say, on=today, marks=marks)
            case "progress":
                from accreditation.report.progress import progress
                from qms.command.showing import read_day

                if since is None:
                    raise UnknownError("A progress report needs its first day. Say --since DATE.")
                document = progress(desk.store, kept, since=read_day(since), on=today, say=say, marks=marks)
            case _:
                from accreditation.command.transition_command import read_move
                from accreditation.readiness import situation_on
                from accreditation.report.edition_change import transition_report

                then = situation_on(desk.store, kept, today).assessment
                moved, _ = read_move(desk.store, then, old, to, crosswalk, on=today)
                document = transition_report(desk.store, then, moved, say=say, marks=marks)
    write_report(document, place, overwrite=force)
    tell(f"{place}: {kind} of {kept.unit}, {kept.ref}, {'final' if final else 'draft'}.")


def _marks(
    desk: Desk, author: str | None, *, final: bool, confidentiality: str, logo: Path | None, footnotes: str
) -> Marks:
    from accreditation.errors import UnknownError
    from accreditation.report.frame import Marks
    from accreditation.report.logo import read_logo
    from qms.organisation import Person

    for name, value in (("confidentiality", confidentiality), ("footnotes", footnotes)):
        if value not in MARKS[name]:
            raise UnknownError(f"--{name} is {', '.join(MARKS[name])}, not {value!r}.")
    maker = desk.person() if desk.by else author
    return Marks(
        made_by=desk.store.get(Person, maker).name if maker else "",
        status="final" if final else "draft",
        confidentiality=confidentiality,  # type: ignore[arg-type]
        logo=read_logo(logo) if logo else None,
        footnotes=footnotes,  # type: ignore[arg-type]
    )
