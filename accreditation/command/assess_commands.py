"""The commands with which assessors work: judge, review, follow up, and take the steps of an assessment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accreditation.command.choice import Which, chosen, spoken
from qms.command.desk import Desk, reads, writes

if TYPE_CHECKING:
    from accreditation.assessments.assessment import Assessment
    from accreditation.assessments.profile import Checklist, Item
    from accreditation.language import Words

HIGHEST = 5
FOLLOW_UPS = ("finding", "action", "request")
LETTERS = {"c": "conforms", "m": "minor", "M": "major", "n": "not_applicable"}
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
    from qms.command.terminal import put

    kept = chosen(desk, assessment)
    checklist = checklist_of(desk.store, kept)
    if clause is None:
        _ask(desk, kept, checklist)
        return
    item = checklist.item(clause)
    said = _said(desk, kept, item.key, result, because, documented, implemented, evidence)
    kept = _judge(desk, kept, checklist, item.key, said)
    put(f"{item}: {kept.judgement(item.key).result}")


@writes
def review(
    desk: Desk,
    clauses: Annotated[list[str], typer.Argument(metavar="CLAUSE...", help="Whose judgements you agree with.")],
    assessment: Which = None,
) -> None:
    """Say that you looked at judgements of somebody else and agree."""
    from accreditation.assessments.judging import checklist_of
    from accreditation.assessments.judging import review as agree
    from qms.command.terminal import put

    kept = chosen(desk, assessment)
    with desk.change() as change:
        agree(change, kept, clauses, checklist=checklist_of(desk.store, kept))
    put(f"{kept.ref}: {len(clauses)}")


@writes
def advance(
    desk: Desk,
    act: Annotated[str, typer.Argument(metavar="STEP", help="submit, return, freeze, supersede or cancel.")],
    assessment: Which = None,
) -> None:
    """Take a step of an assessment; 'freeze' keeps it as a baseline with a hash."""
    from qms.command.terminal import put

    kept = chosen(desk, assessment)
    with desk.change() as change:
        recorded = kept.frozen_fields(by=change.by, at=change.at) if act == "freeze" else {}
        kept = change.advance(kept, act, **recorded)
    put(f"{kept.ref}: {kept.status}")
    if kept.baseline is not None:
        put(f"baseline {kept.baseline.sha256}")


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
            _, finding = judging.raise_finding(change, kept, clause, checklist=checklist, gap=text, owner=person)
            put(finding.ref)
            return
        if person is None or day is None:
            raise UnknownError(f"Nobody is asked, or by no day. For the {what} say --owner PERSON --due DATE.")
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
def show(desk: Desk, clause: Requirement, assessment: Which = None) -> None:
    """Show a requirement, what it asks, what is typical evidence, and how it is judged."""
    from accreditation.assessments.judging import checklist_of
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
    _put_item(item, say)
    named = desk.records([*(each.target for each in judgement.evidence), *judgement.findings, *judgement.actions])
    put()
    _put_said(say("Result"), results(say)[judgement.result])
    for name, level in ((say("Documented"), judgement.documented), (say("Implemented"), judgement.implemented)):
        _put_said(name, "-" if level is None else str(level))
    if judgement.justification:
        _put_said(say("Justification"), say.text(judgement.justification))
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
        "follow-up",
        epilog="Example: accreditation follow-up 7.2.1 action --title 'Number' --owner b.leka --due 2027-03-01",
    )(follow_up)
    root.command(epilog="Example: accreditation advance freeze --by b.leka")(advance)


def _said(
    desk: Desk,
    kept: Assessment,
    key: str,
    result: str | None,
    because: str | None,
    documented: int | None,
    implemented: int | None,
    evidence: list[str] | None,
) -> dict[str, Any]:
    from qms.record import Text

    given = {"result": result, "documented": documented, "implemented": implemented}
    said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if because:
        tongue, before = desk.tongue(kept.unit), kept.judgement(key).justification
        said["justification"] = before.also(because, tongue) if before else Text.of(because, tongue)
    if evidence:
        said["evidence"] = [desk.record(each) for each in evidence]
    return said


def _judge(desk: Desk, kept: Assessment, checklist: Checklist, key: str, said: dict[str, Any]) -> Assessment:
    from accreditation.assessments.judging import judge

    with desk.change() as change:
        if "evidence" in said:
            before = kept.judgement(key).evidence
            said = {**said, "evidence": (*before, *(change.link(each) for each in said["evidence"]))}
        return judge(change, kept, {key: said}, checklist=checklist)


def _put_said(name: str, words: str) -> None:
    from qms.command.terminal import put

    put(f"{name}: {words}")


def _put_item(item: Item, say: Words) -> None:
    from qms.command.terminal import put

    put(f"{item}  {say(item.clause.title)}")
    for words in (item.clause.question, item.clause.asks):
        if words:
            put(say(words))
    if item.clause.evidence:
        _put_said(say("Typical evidence"), "; ".join(map(say, item.clause.evidence)))


def _ask(desk: Desk, kept: Assessment, checklist: Checklist) -> None:
    """Ask one question after the other; each answer is kept at once, so that one can stop at any time."""
    from accreditation.errors import UnknownError
    from qms.command.terminal import say as tell

    if not sys.stdin.isatty():
        raise UnknownError(
            "Questions are asked in a terminal only. Say which: accreditation assess 7.2.1 conforms."
        )
    say = spoken(desk)
    left = [item for item in checklist.items if not kept.judgement(item.key).is_assessed]
    tell(f"{len(left)} of {len(checklist.items)} are not assessed. What is answered is kept at once; q stops.")
    for n, item in enumerate(left, 1):
        tell("")
        tell(f"[{n}/{len(left)}]")
        _put_item(item, say)
        answer = typer.prompt("c conforms, m minor, M major, n not applicable, s skip, q quit", default="s")
        if answer == "q":
            return
        if answer not in LETTERS:
            continue
        said: dict[str, Any] = {"result": LETTERS[answer]}
        words = typer.prompt("Because" if answer == "c" else "Because (needed)", default="", show_default=False)
        if answer != "n":
            said |= {axis: _level(axis) for axis in ("documented", "implemented")}
        said |= _said(desk, kept, item.key, None, words or None, None, None, None)
        kept = _judge(desk, kept, checklist, item.key, said)


def _level(axis: str) -> int:
    while True:
        level: int = typer.prompt(f"{axis.capitalize()} 0-5", type=int, default=0)
        if 0 <= level <= HIGHEST:
            return level
