"""The commands for findings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qms.command.desk import Desk, writes
from qms.command.listing import add_list
from qms.command.showing import add_show
from qms.command.steps import Reference, Settings, Source, add_advance, add_edit

if TYPE_CHECKING:
    from qms.change import Change
    from qms.record import Record

app = typer.Typer(help="Nonconformities, observations, opportunities and good practice.", no_args_is_help=True)

ARROW = "=>"


@app.command(
    epilog="Example: qms finding add 'Swabs are not sealed' --grade minor "
    "--requirement 'ISO/IEC 17020:2012 7.2.1' --seen '3 of 10 bags open' --owner b.leka --due-close 2026-12-01"
)
@writes
def add(
    desk: Desk,
    gap: Annotated[
        str, typer.Argument(metavar="GAP", help="What lies between what is required and what was seen.")
    ],
    grade: Annotated[
        str,
        typer.Option("--grade", help="major, minor, observation, opportunity, good_practice, or a local word."),
    ],
    scheme: Annotated[
        Path | None, typer.Option("--scheme", metavar="GRADES.toml", help="Words of an accreditation body.")
    ] = None,
    requirements: Annotated[
        list[str] | None,
        typer.Option(
            "--requirement", metavar="'SOURCE CLAUSE'", help="Such as 'ISO/IEC 17020:2012 6.1.5'; repeat."
        ),
    ] = None,
    required: Annotated[str | None, typer.Option("--required", help="What is required, in words.")] = None,
    seen: Annotated[str | None, typer.Option("--seen", help="What was seen, in words.")] = None,
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", metavar="RECORD", help="That shows it; may be repeated.")
    ] = None,
    origin: Annotated[
        str | None, typer.Option("--origin", help="audit, assessment, complaint, incident, staff or other.")
    ] = None,
    origin_record: Annotated[
        str | None, typer.Option("--origin-record", metavar="RECORD", help="Such as a complaint.")
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="PERSON", help="Who answers for it.")] = None,
    due_response: Annotated[
        str | None, typer.Option("--due-response", metavar="DATE", help="By when a plan is agreed.")
    ] = None,
    due_close: Annotated[
        str | None, typer.Option("--due-close", metavar="DATE", help="By when it is closed.")
    ] = None,
    settings: Settings = None,
    source: Source = None,
) -> None:
    """Draft a finding; 'advance' issues it."""
    from qms.command.entry import gathered
    from qms.command.steps import add_record
    from qms.findings.grades import core_grades, read_grades

    words = read_grades(scheme) if scheme else core_grades()
    said = gathered(
        settings,
        source,
        grade=words.grade(grade),
        grade_word=grade if scheme else None,
        statement=_given(gap=gap, requirement=required, evidence=seen),
        requirements=requirements,
        evidence=evidence,
        origin=_given(kind=origin, record=origin_record) or None,
        owner=owner,
        raised_by=desk.by or None,
        raised_on="today",
        due_response=due_response,
        due_close=due_close,
    )
    add_record(desk, "finding", said)


@app.command(
    epilog="Example: qms finding cause NC-2026-014 --ask 'Why were bags open? => No seals in the kit' "
    "--ask 'Why none? => Nobody orders them' --root-cause 'Ordering has no owner'"
)
@writes
def cause(
    desk: Desk,
    record: Reference,
    chain: Annotated[
        list[str] | None,
        typer.Option("--ask", metavar="'WHY => ANSWER'", help="One question of five whys; repeat in order."),
    ] = None,
    branches: Annotated[
        list[str] | None,
        typer.Option("--branch", metavar="'CATEGORY => CAUSE; CAUSE'", help="One branch of a fishbone; repeat."),
    ] = None,
    root_causes: Annotated[
        list[str] | None, typer.Option("--root-cause", help="What it comes to; repeat.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="How else it was looked for.")] = None,
) -> None:
    """Record how the cause of a finding was looked for, and what it is."""
    from qms.command.steps import edit_record
    from qms.errors import RecordError

    if chain and branches:
        raise RecordError("A cause is looked for with --ask or with --branch. Say one of the two.")
    steps = [dict(zip(("why", "answer"), _parted(each, "--ask"), strict=True)) for each in chain or ()]
    bones = [_parted(each, "--branch") for each in branches or ()]
    analysis = {
        "method": "5 whys" if steps else "fishbone" if bones else "other",
        "whys": steps,
        "branches": [
            {"category": name, "causes": [one.strip() for one in many.split(";") if one.strip()]}
            for name, many in bones
        ],
        "root_causes": root_causes or [],
        **_given(note=note),
    }
    edit_record(desk, desk.record(record, "finding"), {"analysis": analysis})


def _take(change: Change, finding: Any, act: str, fields: dict[str, Any]) -> Record:
    from qms.actions.ownership import hand_over
    from qms.findings.finding import move_due, regrade

    if act == "hand_over" and fields.keys() == {"owner"}:
        return cast("Record", hand_over(change, finding, fields["owner"]))
    if act == "move" and fields and fields.keys() <= {"due_response", "due_close"}:
        return cast("Record", move_due(change, finding, **fields))
    if act == "reopen":
        fields = {**finding.next_round(), **fields}
    if act == "regrade" and fields.keys() == {"grade"}:
        return cast("Record", regrade(change, finding, fields["grade"]))
    kept: Record = change.advance(finding, act, **fields)
    return kept


def _given(**said: Any) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}


def _parted(words: str, option: str) -> tuple[str, str]:
    from qms.errors import RecordError

    first, arrow, rest = words.partition(ARROW)
    if not arrow:
        raise RecordError(f"{option} {words!r} has no {ARROW} in it. Write '... {ARROW} ...'.")
    if not first.strip() or not rest.strip(" ;"):
        raise RecordError(f"{option} {words!r} says nothing on one side of {ARROW}. Write '... {ARROW} ...'.")
    return first.strip(), rest.strip()


add_list(app, "finding", ("grade",))
add_show(app, "finding", "NC-2026-014")
add_advance(app, "finding", "NC-2026-014 issue --why 'found in the audit of 3 March'", take=_take)
add_edit(
    app, "finding", "NC-2026-014 --set criterion.measure='20 sealed bags in a row' --set criterion.after_cases=20"
)
