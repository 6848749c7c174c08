"""The commands with which assessors work: judge, review, follow up, and take the steps of an assessment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from accreditation.command.asking import ask, judge_one, put_item, put_said
from accreditation.command.catalogue_command import Licensed
from accreditation.command.choice import Which, chosen, spoken
from qms.command.desk import Desk, reads, writes

if TYPE_CHECKING:
    from accreditation.assessments.assessment import Assessment, Judgement
    from accreditation.assessments.profile import Checklist

FOLLOW_UPS = ("finding", "action", "request")
Requirement = Annotated[str, typer.Argument(metavar="CLAUSE", help="Such as 7.2.1 or iso17020-2012:7.2.1.")]
Level = Annotated[int | None, typer.Option(min=0, max=5, help="Maturity, 0 to 5.")]


@writes
def assess(
    desk: Desk,
    clause: Annotated[
        str | None, typer.Argument(metavar="[CLAUSE]", help="Such as 7.2.1; asks one after the other if left out.")
    ] = None,
    result: Annotated[
        str | None,
        typer.Argument(metavar="[RESULT]", help="conforms, minor, major, not_applicable or not_assessed."),
    ] = None,
    because: Annotated[str | None, typer.Option("--because", help="What the judgement rests on.")] = None,
    documented: Level = None,
    implemented: Level = None,
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", metavar="RECORD", help="That shows it; repeat.")
    ] = None,
    assessment: Which = None,
) -> None:
    """Judge a requirement, or all that are not assessed yet, question by question."""
    from accreditation.assessments.judging import checklist_of
    from accreditation.errors import UnknownError
    from qms.command.terminal import put
    from qms.command.terminal import say as tell

    kept = chosen(desk, assessment)
    checklist = checklist_of(desk.store, kept)
    if clause is None:
        ask(desk, kept, checklist)
        return
    item = checklist.item(clause)
    given = {"result": result, "documented": documented, "implemented": implemented}
    said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not (said or because or evidence):
        raise UnknownError(
            f"Nothing is said of {item}. Give the result, such as conforms or minor, or --because, --documented, "
            f"--implemented or --evidence; 'accreditation show {clause}' shows how it is judged."
        )
    kept = judge_one(desk, kept, checklist, item, said, because=because or "", evidence=evidence or ())
    judgement = kept.judgement(item.key)
    put(f"{item}: {judgement.result}")
    if judgement.is_gap and judgement.justification is None:
        say = spoken(desk)
        tell(say("Note: a nonconformity has to say what is missing; add --because before it is submitted."))


@writes
def review(
    desk: Desk,
    clauses: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CLAUSE...]", help="Whose judgements you agree with; a heading such as 7.2 too."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that others judged.")] = False,
    assessment: Which = None,
) -> None:
    """Say that you looked at judgements of somebody else and agree."""
    from accreditation.assessments.judging import checklist_of
    from accreditation.assessments.judging import review as agree
    from qms.command.terminal import put

    kept = chosen(desk, assessment)
    checklist = checklist_of(desk.store, kept)
    keys = _to_review(desk, kept, checklist, clauses or [], everything=everything)
    with desk.change() as change:
        agree(change, kept, keys, checklist=checklist)
    put(
        spoken(desk).plural(
            "{n} judgement of {ref} reviewed", "{n} judgements of {ref} reviewed", len(keys), ref=kept.ref
        )
    )


@writes
def advance(
    desk: Desk,
    act: Annotated[str, typer.Argument(metavar="STEP", help="submit, return, freeze, supersede or cancel.")],
    assessment: Which = None,
) -> None:
    """Take a step of an assessment; 'freeze' keeps it as a baseline with a hash."""
    from qms.command.terminal import put
    from qms.command.terminal import say as tell

    kept = chosen(desk, assessment)
    with desk.change() as change:
        recorded = kept.frozen_fields(by=change.by, at=change.at) if act == "freeze" else {}
        kept = change.advance(kept, act, **recorded)
    put(f"{kept.ref}: {kept.status}")
    if kept.baseline is not None:
        put(f"baseline {kept.baseline.sha256}")
    if act == "freeze":
        judged = [each for each in kept.judgements.values() if each.is_assessed]
        reviewed = sum(each.reviewed is not None for each in judged)
        say = spoken(desk)
        tell(say("Reviewed judgements: {n} of {all}", n=reviewed, all=len(judged)))


@writes
def profile(
    desk: Desk,
    activities: Annotated[
        list[str],
        typer.Option(
            "--activity", metavar="NAME=TYPE", help="Such as 'Scene examination=C'; repeat. No type: none."
        ),
    ],
    assessment: Which = None,
) -> None:
    """Say which type of independence the unit claims for its activities; nothing else of a profile changes."""
    from accreditation.assessments.independence import claim
    from accreditation.errors import UnknownError

    kept = chosen(desk, assessment)
    for each in activities:
        if "=" not in each:
            raise UnknownError(f"{each!r} names no type. Say --activity NAME=TYPE, such as 'Scene examination=C'.")
    parts = (each.partition("=") for each in activities)
    types = {name.strip(): type_.strip() for name, _, type_ in parts}
    with desk.change() as change:
        kept = claim(change, kept, types)
    for said in kept.profile.independence:
        put_said(said.activity, said.type)


@writes
def follow_up(
    desk: Desk,
    clause: Requirement,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="finding, action or request (for evidence).")],
    title: Annotated[
        str | None, typer.Option("--title", help="Of the action or the request; the gap of the finding.")
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="PERSON", help="Who sees to it.")] = None,
    due: Annotated[str | None, typer.Option("--due", metavar="DATE", help="By when.")] = None,
    another: Annotated[bool, typer.Option("--another", help="A finding although one is open.")] = False,
    assessment: Which = None,
) -> None:
    """Make a finding, an action or a request for evidence out of a judgement."""
    from accreditation.assessments import judging
    from accreditation.errors import UnknownError
    from qms.command.showing import read_day
    from qms.command.terminal import put
    from qms.record import Text

    kept = chosen(desk, assessment)
    checklist = judging.checklist_of(desk.store, kept)
    text = Text.of(title, desk.tongue(kept.unit)) if title else None
    person = desk.somebody(owner).id if owner else None
    day = read_day(due) if due else None
    if what not in FOLLOW_UPS:
        raise UnknownError(f"There is no follow-up {what!r}. There is {', '.join(FOLLOW_UPS)}.")
    with desk.change() as change:
        if what == "finding":
            _, finding = judging.raise_finding(
                change, kept, clause, checklist=checklist, gap=text, owner=person, another=another
            )
            put(finding.ref)
            return
        if person is None or day is None:
            raise UnknownError(f"Nobody is asked, or by no day. For the {what} say --owner PERSON --due DATE.")
        if day < change.at.date():
            raise UnknownError(f"{day} is past. Say --due with a day to come.")
        if what == "request":
            _, asked = judging.request_evidence(
                change, kept, clause, checklist=checklist, owner=person, due=day, title=text
            )
            put(asked.ref)
            return
        if text is None:
            raise UnknownError("The action has no title. Say --title 'WHAT IS DONE'.")
        _, action = judging.plan_action(
            change, kept, clause, checklist=checklist, title=text, owner=person, due=day
        )
        put(action.ref)


@reads
def show(desk: Desk, clause: Requirement, licensed: Licensed = None, assessment: Which = None) -> None:
    """Show a requirement, what it asks, what is typical evidence, and how it is judged."""
    from accreditation.assessments.judging import checklist_of
    from accreditation.overlay import read_overlay
    from accreditation.wording import results
    from qms.command.terminal import put, put_json
    from qms.record import plain

    kept = chosen(desk, assessment)
    item = checklist_of(desk.store, kept).item(clause)
    judgement = kept.judgement(item.key)
    say = spoken(desk)
    if desk.as_json:
        put_json({"key": item.key, "clause": plain(item.clause), "judgement": plain(judgement)})
        return
    put_item(item, say)
    own = read_overlay(licensed, item.standard).text(item.clause.id) if licensed else None
    if own is not None:
        put()
        put_said(item.standard.source, own)
    named = desk.records([*(each.target for each in judgement.evidence), *judgement.findings, *judgement.actions])
    signed = ((say("Assessor"), judgement.judged), (say("Reviewer"), judgement.reviewed))
    people = desk.records(each.by for _, each in signed if each)
    put()
    put_said(say("Result"), results(say)[judgement.result])
    for name, level in ((say("Documented"), judgement.documented), (say("Implemented"), judgement.implemented)):
        put_said(name, "-" if level is None else str(level))
    if judgement.justification:
        put_said(say("Justification"), say.text(judgement.justification))
    for name, by in signed:
        put_said(name, f"{people[by.by].headline().best('en')}, {say.day(by.at.date())}" if by else "-")
    for each in named.values():
        put(f"{each.kind} {each.ref}: {say.text(each.headline())}")


def add_commands(root: typer.Typer) -> None:
    """Add the commands to the command line."""
    root.command(
        epilog="Example: accreditation assess 7.2.1 minor --because 'no numbers on 3 bags' --documented 3"
    )(assess)
    root.command(epilog="Example: accreditation show 7.2.1 --language sq")(show)
    root.command(epilog="Example: accreditation review 7.2.1 7.2.4 --by b.leka")(review)
    root.command(
        epilog="Example: accreditation profile --activity 'Scene examination=C' --why 'it serves its own police'"
    )(profile)
    root.command(
        "follow-up",
        epilog="Example: accreditation follow-up 7.2.1 action --title 'Number' --owner b.leka --due 2027-03-01",
    )(follow_up)
    root.command(epilog="Example: accreditation advance freeze --by b.leka")(advance)


def _to_review(
    desk: Desk, kept: Assessment, checklist: Checklist, names: list[str], *, everything: bool
) -> list[str]:
    """Return the keys of requirements that are named; of a heading, and of all, what others judged anew."""
    from accreditation.errors import UnknownError

    if not names and not everything:
        raise UnknownError("Nothing is named. Say a clause such as 7.2.1, a heading such as 7.2, or --all.")
    person, wanted = desk.person(), []
    for name in [""] if everything else names:
        below = [
            each.key
            for each in checklist.items
            if not name or each.clause.id.startswith(f"{name}.") or each.key.startswith(f"{name}.")
        ]
        if not below:
            wanted.append(checklist.item(name).key)
            continue
        left = [key for key in below if _waits_for(kept.judgement(key), person)]
        if not left:
            where = f"Below {name} nothing" if name else "Nothing"
            raise UnknownError(f"{where} is judged by somebody else and waits for a review.")
        wanted += left
    return list(dict.fromkeys(wanted))


def _waits_for(judgement: Judgement, person: str) -> bool:
    judged = judgement.is_assessed and judgement.judged is not None and judgement.judged.by != person
    return judged and judgement.reviewed is None
