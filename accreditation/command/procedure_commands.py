"""The commands for procedures: what they may deal with, what a person decides, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accreditation.command.choice import spoken
from qms.command.desk import Desk, check_language, reads, writes

if TYPE_CHECKING:
    from accreditation.procedures.candidates import Candidate
    from accreditation.procedures.coverage import Coverage
    from qms.documents.revision import Revision, SectionMark

app = typer.Typer(help="What the procedures of a unit cover, element by element.", no_args_is_help=True)
VERDICTS = ("full", "partial", "none", "not_applicable", "conflict")
Standard = Annotated[
    str, typer.Option("--standard", metavar="KEY", help="What they are compared with; 35 elements if left out.")
]


@app.command(epilog="Example: accreditation sop-gap suggest --top 2, or: sop-gap suggest draft.docx --speaks sq")
@reads
def suggest(
    desk: Desk,
    places: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="DOCX, PDF or Markdown; what is in force if left out."),
    ] = None,
    speaks: Annotated[
        str, typer.Option("--speaks", metavar="TAG", help="Language of the files; told from the text if left out.")
    ] = "",
    top: Annotated[int, typer.Option("--top", min=1, max=35, help="Suggestions for each section.")] = 3,
    standard: Standard = "sop-elements",
) -> None:
    """Suggest which elements each section may deal with, and the words that speak for it; a person decides."""
    from accreditation.procedures.candidates import suggestions
    from accreditation.procedures.procedure import Unreadable, procedures_of, read_procedure
    from accreditation.standards import standard as standard_of
    from qms.command.terminal import put_json, put_table
    from qms.command.terminal import say as tell

    compared = standard_of(standard)
    check_language(speaks or None)
    if places:
        read = [read_procedure(each, language=speaks) for each in places]
    else:
        read = []
        for each in procedures_of(desk.store, desk.home().ref):
            if isinstance(each, Unreadable):
                tell(f"Note: {each.document.ref} is left out: {each.why}")
            else:
                read.append(each)
    found = suggestions(read, compared, top=top)
    if desk.as_json:
        put_json([_facts(each) for each in found])
        return
    if not found:
        tell("There is no section to compare. Documents in force are compared, or files that you name.")
        return
    say = spoken(desk)
    rows = [
        (
            each.procedure.revision.ref if each.procedure.revision else each.procedure.title,
            " ".join(filter(None, (each.section.number, each.section.heading)))[:50],
            each.element.clause.id,
            say(each.element.clause.title),
            f"{each.score:.2f}",
            ", ".join(match.said for match in each.matches),
        )
        for each in found
    ]
    put_table(
        (say("Document"), say("Section"), say("Element"), say("Title"), say("Score"), say("Words")),
        rows,
        right=(4,),
    )
    tell(
        "These are suggestions by the words of the sections; 'accreditation sop-gap decide' keeps what you decide."
    )


@app.command(
    epilog="Example: accreditation sop-gap decide SOP-18 SOP-005 4.2 partial --because 'the van is not mentioned'"
)
@writes
def decide(
    desk: Desk,
    element: Annotated[str, typer.Argument(metavar="ELEMENT", help="Such as SOP-18.")],
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Reference, such as SOP-005.")],
    section: Annotated[str, typer.Argument(metavar="SECTION", help="Number or heading of the section.")],
    verdict: Annotated[
        str, typer.Argument(metavar="VERDICT", help="full, partial, none, not_applicable or conflict.")
    ],
    because: Annotated[
        str | None, typer.Option("--because", help="What is missing, contradicts it, or why it does not apply.")
    ] = None,
    speaks: Annotated[
        str | None, typer.Option("--speaks", metavar="TAG", help="Which translation; the master if left out.")
    ] = None,
    standard: Standard = "sop-elements",
) -> None:
    """Decide what a section covers of an element; who decided and which words is kept."""
    from accreditation.errors import UnknownError
    from accreditation.procedures.deciding import Decision, coverage_of, open_coverage
    from accreditation.procedures.deciding import decide as keep
    from qms.command.terminal import put
    from qms.record import Text

    if verdict not in VERDICTS:
        raise UnknownError(f"There is no verdict {verdict!r}. There is {', '.join(VERDICTS)}.")
    unit = desk.home().ref
    revision, mark = _section(desk, document, section, speaks)
    comment = Text.of(because, desk.tongue(unit)) if because else None
    with desk.change() as change:
        coverage = coverage_of(desk.store, unit, key=standard) or open_coverage(change, unit, key=standard)
        said = Decision(element, revision, mark, verdict, comment)  # type: ignore[arg-type]
        keep(change, coverage, [said])
    put(f"{element} by {document} {mark.number} {mark.heading}: {verdict}")


@app.command(epilog="Example: accreditation sop-gap confirm SOP-18 --by b.leka --why 'only a form was renamed'")
@writes
def confirm(
    desk: Desk,
    elements: Annotated[list[str], typer.Argument(metavar="ELEMENT...", help="Whose decisions still hold.")],
    standard: Standard = "sop-elements",
) -> None:
    """Say that decisions on words that changed since still hold."""
    from accreditation.procedures.deciding import confirm as hold
    from accreditation.procedures.matrix import matrix
    from qms.command.terminal import put

    coverage = coverage_at(desk, standard)
    suspect = [each for each in matrix(desk.store, coverage).suspect if each.cell.element in elements]
    with desk.change() as change:
        hold(change, coverage, suspect)
    put(f"{coverage.ref}: {len(suspect)}")


@app.command("matrix", epilog="Example: accreditation sop-gap matrix")
@reads
def show_matrix(desk: Desk, standard: Standard = "sop-elements") -> None:
    """Show elements by documents: what is covered, in part, not, or to be confirmed."""
    from accreditation.procedures.matrix import matrix
    from accreditation.report.procedures_report import verdict_words
    from qms.command.terminal import put, put_json, put_table

    shown = matrix(desk.store, coverage_at(desk, standard))
    cells, figures = shown.cells(), shown.figures()
    say = spoken(desk)
    words = {**verdict_words(say), "": ""}
    waiting = {(each.cell.element, each.cell.document): each.cell.verdict for each in shown.suspect}
    if desk.as_json:
        put_json(
            {
                "elements": {each.id: shown.standing(each.id) for each in shown.elements},
                "suspect": [{"element": e.cell.element, "where": e.where} for e in shown.suspect],
                "removed": [{"element": e.cell.element, "where": e.where} for e in shown.removed],
                "share": figures.share,
            }
        )
        return
    decided = cells.keys() | waiting.keys()
    used = [each for each in shown.documents if any(each.id == document for _, document in decided)]

    def cell(place: tuple[str, str]) -> str:
        if place not in waiting:
            return words[cells.get(place, "")]
        return say("{verdict}, to be confirmed", verdict=words[cells.get(place, waiting[place])])

    rows = [
        (
            clause.id,
            say(clause.title),
            words[shown.standing(clause.id)],
            *(cell((clause.id, each.id)) for each in used),
        )
        for clause in shown.elements
    ]
    put_table((say("Element"), say("Title"), say("All"), *(each.ref for each in used)), rows)
    covered = say("Fully covered")
    put(f"{covered}: {say.percent(figures.share)}")


@app.command(epilog="Example: accreditation sop-gap gaps --language sq")
@reads
def gaps(desk: Desk, standard: Standard = "sop-elements") -> None:
    """List the elements that no procedure fully covers, and what to do."""
    from accreditation.procedures.matrix import gaps as gaps_of
    from accreditation.procedures.matrix import matrix
    from accreditation.wording import cited_clause
    from qms.command.terminal import put_json, put_table

    say = spoken(desk)
    found = gaps_of(matrix(desk.store, coverage_at(desk, standard)))
    if desk.as_json:
        put_json([{"code": e.code, "key": e.key, "why": say.reason(e.why)} for e in found])
        return
    rows = [(cited_clause(each.clause, say), say.reason(each.why), say.reason(each.what_to_do)) for each in found]
    put_table((say("Element"), say("Why"), say("What to do")), rows)


@app.command(epilog="Example: accreditation sop-gap action SOP-18 --owner b.leka --due 2027-03-01")
@writes
def action(
    desk: Desk,
    element: Annotated[str, typer.Argument(metavar="ELEMENT", help="Such as SOP-18.")],
    owner: Annotated[str, typer.Option("--owner", metavar="PERSON", help="Who sees to it.")],
    due: Annotated[str, typer.Option("--due", metavar="DATE", help="By when.")],
    standard: Standard = "sop-elements",
) -> None:
    """Draft an action for an element that is not fully covered."""
    from accreditation.errors import UnknownError
    from accreditation.procedures.deciding import draft_action
    from accreditation.procedures.matrix import gaps as gaps_of
    from accreditation.procedures.matrix import matrix
    from qms.command.showing import read_day
    from qms.command.terminal import put

    coverage = coverage_at(desk, standard)
    found = [each for each in gaps_of(matrix(desk.store, coverage)) if each.key.partition(":")[2] == element]
    if not found:
        raise UnknownError(
            f"{element} is covered, or is no element of {standard}. See 'accreditation sop-gap gaps'."
        )
    with desk.change() as change:
        _, drafted = draft_action(
            change,
            coverage,
            found[0],
            say=spoken(desk),
            owner=desk.somebody(owner).id,
            due=read_day(due),
        )
    put(drafted.ref)


def coverage_at(desk: Desk, standard: str = "sop-elements") -> Coverage:
    """Return what is decided of the unit's procedures.

    Raises
    ------
    UnknownError
        If nothing is decided yet.
    """
    from accreditation.errors import UnknownError
    from accreditation.procedures.deciding import coverage_of

    unit = desk.home().ref
    found = coverage_of(desk.store, unit, key=standard)
    if found is None:
        raise UnknownError(
            f"Nothing is decided of the procedures of {unit} yet. See 'accreditation sop-gap suggest', then "
            "'accreditation sop-gap decide'."
        )
    return found


def _section(desk: Desk, document: str, section: str, speaks: str | None) -> tuple[Revision, SectionMark]:
    """Return a revision in force and one of its sections."""
    from accreditation.errors import UnknownError
    from qms.documents.control import effective_revisions
    from qms.documents.document import Document

    kept = desk.store.get(Document, document, unit=desk.unit)
    held = effective_revisions(desk.store, kept)
    revision = held.get(speaks or kept.language)
    if revision is None:
        known = ", ".join(held) or "no language"
        raise UnknownError(f"{document} is not in force in {speaks or kept.language}; it is in {known}.")
    marks = revision.sections
    named = [
        each for each in marks if section in (each.number, each.heading, f"{each.number} {each.heading}".strip())
    ]
    if len(named) != 1:
        listed = "; ".join(" ".join(filter(None, (each.number, each.heading))) for each in marks)
        raise UnknownError(f"{revision.ref} has {len(named)} sections {section!r}. It has: {listed}.")
    return revision, named[0]


def _facts(each: Candidate) -> dict[str, object]:
    return {
        "document": each.procedure.revision.ref if each.procedure.revision else each.procedure.title,
        "number": each.section.number,
        "heading": each.section.heading,
        "element": each.element.clause.id,
        "rank": each.rank,
        "score": each.score,
        "words": [{"said": m.said, "asked": m.asked, "share": m.share} for m in each.matches],
    }
