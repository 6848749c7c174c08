"""The commands for internal audits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qms.command import programme_commands
from qms.command.desk import Desk, reads, writes
from qms.command.listing import add_list
from qms.command.showing import add_show
from qms.command.steps import Reference, Settings, Source, add_advance, add_edit

if TYPE_CHECKING:
    from qms.change import Change
    from qms.record import Record

app = typer.Typer(
    help="Internal audits: programme, plan, checklist, samples, findings, report.", no_args_is_help=True
)
app.add_typer(programme_commands.app, name="programme")
app.command(epilog=programme_commands.PLAN_EXAMPLE)(programme_commands.plan)


@app.command(
    epilog="Example: qms audit add 'Handling of items' --criteria 'ISO/IEC 17020:2012 7.2' --lead c.marku "
    "--area 7.2@AL-TIR --from-day 2026-09-14 --to-day 2026-09-15"
)
@writes
def add(
    desk: Desk,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is audited.")],
    programme: Annotated[
        str | None, typer.Option("--programme", metavar="PROGRAMME", help="That it belongs to.")
    ] = None,
    criteria: Annotated[
        list[str] | None, typer.Option("--criteria", metavar="'SOURCE CLAUSE'", help="May be repeated.")
    ] = None,
    documents: Annotated[
        list[str] | None, typer.Option("--document", metavar="RECORD", help="Audited against too; repeat.")
    ] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="Activities, sites and time.")] = None,
    method: Annotated[str | None, typer.Option("--method", help="on_site, remote, witness or document.")] = None,
    lead: Annotated[str | None, typer.Option("--lead", metavar="PERSON", help="Lead auditor.")] = None,
    team: Annotated[
        list[str] | None, typer.Option("--team", metavar="PERSON", help="Other auditor; may be repeated.")
    ] = None,
    areas: Annotated[
        list[str] | None, typer.Option("--area", metavar="KEY", help="Area; may be repeated.")
    ] = None,
    begin: Annotated[str | None, typer.Option("--from-day", metavar="DATE", help="Planned from.")] = None,
    end: Annotated[str | None, typer.Option("--to-day", metavar="DATE", help="Planned to.")] = None,
    settings: Settings = None,
    source: Source = None,
) -> None:
    """Plan an audit."""
    from qms.command.entry import gathered
    from qms.command.steps import add_record

    auditors = [*([lead] if lead else []), *(each for each in team or () if each != lead)]
    said = gathered(
        settings,
        source,
        title=title,
        programme=programme,
        criteria=criteria,
        criteria_documents=documents,
        scope=scope,
        method=method,
        lead=lead,
        team=auditors,
        areas=[{"key": each} for each in areas or ()],
        planned_from=begin,
        planned_to=end,
    )
    add_record(desk, "audit", said)


@app.command(
    epilog="Example: qms audit line AUD-2026-002 --requirement 'ISO/IEC 17020:2012 7.2.1' --question 'Are bags "
    "sealed?'; and its answer: qms audit line AUD-2026-002 1 --answer conforms --seen '10 of 10'"
)
@writes
def line(
    desk: Desk,
    record: Reference,
    n: Annotated[int | None, typer.Argument(metavar="[LINE]", min=1, help="A new one if left out.")] = None,
    requirement: Annotated[
        str | None, typer.Option("--requirement", metavar="'SOURCE CLAUSE'", help="What is asked for.")
    ] = None,
    question: Annotated[str | None, typer.Option("--question", help="What the auditor looks for.")] = None,
    area: Annotated[str | None, typer.Option("--area", metavar="KEY", help="One of the audit's areas.")] = None,
    answer: Annotated[
        str | None,
        typer.Option("--answer", help="conforms, nonconforms, observation, not_applicable or not_looked_at."),
    ] = None,
    seen: Annotated[str | None, typer.Option("--seen", help="What was seen, heard or read.")] = None,
    sample: Annotated[str | None, typer.Option("--sample", metavar="NAME", help="Sample it rests on.")] = None,
    note: Annotated[str | None, typer.Option("--note", help="Such as why it was not looked at.")] = None,
) -> None:
    """Put a line on the checklist of an audit, or answer one."""
    from qms.audits.audit import Audit
    from qms.audits.checklist import ChecklistLine
    from qms.command.entry import Entry, gathered
    from qms.command.terminal import put

    audit = desk.store.get(Audit, record, unit=desk.unit)
    said = gathered(
        None,
        requirement=requirement,
        question=question,
        area=area,
        answer=answer,
        evidence=seen,
        sample=sample,
        note=note,
    )
    before = audit.line(n) if n else None
    with desk.change() as change:
        entry = Entry(desk, change, desk.tongue(audit.unit))
        fields: dict[str, Any] = {"n": n or max((each.n for each in audit.lines), default=0) + 1}
        if before:
            fields = {name: getattr(before, name) for name in ChecklistLine.model_fields}
        new = ChecklistLine.model_validate({**fields, **entry.fields(ChecklistLine, said, before)})
        change.save(audit.with_line(new))
    put(f"{audit.ref} line {new.n}: {new.answer}")


@app.command(epilog="Example: qms audit sample AUD-2026-002 S1 cases.txt --of 'Cases of 2026' --size 8")
@writes
def sample(
    desk: Desk,
    record: Reference,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as S1; lines refer to it.")],
    population: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="An item a line, or CSV with item and, if you like, stratum, weight."),
    ],
    of: Annotated[str, typer.Option("--of", help="What the items are.")],
    size: Annotated[
        int | None, typer.Option("--size", min=1, help="Items; a size is suggested if left out.")
    ] = None,
    seed: Annotated[str, typer.Option("--seed", help="Any text; the audit's reference if left out.")] = "",
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="ITEM", help="In it whatever is drawn; repeat.")
    ] = None,
) -> None:
    """Draw a sample that anybody can draw again from the same list and seed, and keep it with the audit."""
    from qms.audits.audit import Audit
    from qms.audits.checklist import AuditSample
    from qms.audits.sampling import draw, suggest_size
    from qms.command.population import read_population
    from qms.command.terminal import put, say
    from qms.record import Text

    audit = desk.store.get(Audit, record, unit=desk.unit)
    listed = read_population(population)
    if size is None:
        suggestion = suggest_size(len(listed.items))
        size = suggestion.size
        say(str(suggestion.rule))
    drawn = draw(
        listed.items,
        size,
        seed=seed or audit.ref,
        strata=listed.strata,
        weights=listed.weights,
        must_include=include or (),
    )
    kept = AuditSample(name=name, of=Text.of(of, desk.tongue(audit.unit)), sample=drawn)
    with desk.change() as change:
        change.save(audit.revised(samples=(*audit.samples, kept)))
    say(f"{name}: {drawn.how}. SHA-256 of the population {drawn.population_sha256}")
    for item in drawn.items:
        put(item)


@app.command(
    "raise", epilog="Example: qms audit raise AUD-2026-002 3 'Bags are open' --grade minor --owner b.leka"
)
@writes
def raise_(
    desk: Desk,
    record: Reference,
    n: Annotated[int, typer.Argument(metavar="LINE", min=1, help="Line of the checklist.")],
    gap: Annotated[str, typer.Argument(metavar="GAP", help="What is not as it should be, or could be better.")],
    grade: Annotated[
        str, typer.Option("--grade", help="major, minor, observation, opportunity or good_practice.")
    ],
    seen: Annotated[
        str | None, typer.Option("--seen", help="What was seen; that of the line if left out.")
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="PERSON", help="Who has to answer.")] = None,
) -> None:
    """Make a finding out of a line of the checklist."""
    from qms.audits.audit import Audit
    from qms.audits.auditing import raise_finding
    from qms.command.terminal import put
    from qms.record import Text

    audit = desk.store.get(Audit, record, unit=desk.unit)
    tongue = desk.tongue(audit.unit)
    with desk.change() as change:
        _, finding = raise_finding(
            change,
            audit,
            n,
            grade=grade,
            gap=Text.of(gap, tongue),
            evidence=Text.of(seen, tongue) if seen else None,
            owner=desk.somebody(owner).id if owner else None,
        )
    put(finding.ref)


@app.command(epilog="Example: qms audit report AUD-2026-002 --json")
@reads
def report(desk: Desk, record: Reference) -> None:
    """Print what the report of an audit says, with the head of the ledger; a draft until it is reported."""
    from qms.audits.audit import Audit
    from qms.audits.report_data import report_data
    from qms.command.audit_words import put_report
    from qms.command.terminal import put_json
    from qms.record import plain

    audit = desk.store.get(Audit, record, unit=desk.unit)
    data = report_data(desk.store, audit)
    if desk.as_json:
        put_json(plain(data))
    else:
        put_report(data, desk.tongue(audit.unit))


def _take(change: Change, audit: Any, act: str, fields: dict[str, Any]) -> Record:
    from qms.audits.auditing import replan

    if act == "replan" and fields.keys() == {"planned_from", "planned_to"}:
        days = {name: day for name, day in audit.revised(**fields) if name in fields}
        return replan(change, audit, **days)
    return cast("Record", change.advance(audit, act, **fields))


add_list(app, "audit", ("planned_from", "planned_to", "lead"))
add_show(app, "audit", "AUD-2026-002")
add_advance(app, "audit", "AUD-2026-002 start --set began=today", take=_take)
add_edit(app, "audit", "AUD-2026-002 --set declarations.person=c.marku --set declarations.on=today")
