"""The commands for audit programmes and for what to audit when."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from qms.command.desk import Desk, reads, writes
from qms.command.listing import add_list
from qms.command.showing import add_show
from qms.command.steps import Reference, Settings, Source, add_advance, add_edit

app = typer.Typer(help="Audit programmes: what has to be covered in a period.", no_args_is_help=True)

PLAN_EXAMPLE = "Example: qms audit plan PROG-2026-001"


@app.command(
    epilog="Example: qms audit programme add 'Audits 2026' --from-day 2026-01-01 --to-day 2026-12-31 "
    "--area '7.2@AL-TIR = Handling of items' --from areas.toml"
)
@writes
def add(
    desk: Desk,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Such as 'Audits 2026'.")],
    begin: Annotated[str, typer.Option("--from-day", metavar="DATE", help="First day of the period.")],
    end: Annotated[str, typer.Option("--to-day", metavar="DATE", help="Last day of the period.")],
    owner: Annotated[str | None, typer.Option("--owner", metavar="PERSON", help="Who manages it.")] = None,
    areas: Annotated[
        list[str] | None,
        typer.Option(
            "--area", metavar="'KEY = TITLE'", help="What has to be covered; repeat, or [[areas]] in TOML."
        ),
    ] = None,
    settings: Settings = None,
    source: Source = None,
) -> None:
    """Set up an audit programme."""
    from qms.command.entry import gathered
    from qms.command.steps import add_record

    said = gathered(settings, source, title=title, period_from=begin, period_to=end, owner=owner)
    said["areas"] = [*said.get("areas", []), *map(_area, areas or ())]
    add_record(desk, "programme", said)


@reads
def plan(desk: Desk, record: Reference) -> None:
    """Propose what to audit when, by importance and earlier findings, and say why; the most urgent first."""
    from qms.audits.audit import Audit
    from qms.audits.programme import Programme, coverage, propose_plan
    from qms.command.terminal import put, put_json, put_table
    from qms.counting import counted
    from qms.findings.finding import Finding

    programme = desk.store.get(Programme, record, unit=desk.unit)
    audits, findings = (desk.store.find(model, unit=programme.unit) for model in (Audit, Finding))
    today = desk.store.now().date()
    lines = propose_plan(programme, audits, findings, today=today)  # type: ignore[arg-type]
    covered = coverage(programme, audits, today=today)  # type: ignore[arg-type]
    if desk.as_json:
        put_json(
            {
                "areas": [
                    {
                        "key": each.area.key,
                        "interval_months": each.interval_months,
                        "last": each.last and each.last.isoformat(),
                        "due": [day.isoformat() for day in each.due],
                        "overdue_since": each.overdue_since and each.overdue_since.isoformat(),
                        "planned": list(each.planned),
                        "reasons": list(map(str, each.reasons)),
                    }
                    for each in lines
                ],
                "cycle": [covered.begins.isoformat(), covered.ends.isoformat()],
                "audited": {key: day.isoformat() for key, day in covered.audited.items()},
                "missing": list(covered.missing),
            }
        )
        return
    rows: list[tuple[Any, ...]] = [
        (
            each.area.key,
            counted(each.interval_months, "month"),
            each.last or "never",
            ", ".join(map(str, each.due)),
            f"OVERDUE since {each.overdue_since}" if each.overdue_since else "",
            ", ".join(each.planned),
        )
        for each in lines
    ]
    if rows:
        put_table(("Area", "Every", "Last", "Due", "", "Planned"), rows)
    for each in lines:
        put(f"{each.area.key}: {'; '.join(map(str, each.reasons))}")
    put(f"Cycle {covered.begins} to {covered.ends}: {covered.share:.0%} of the areas audited.")
    if covered.missing:
        put(f"Neither audited nor planned: {', '.join(covered.missing)}")


def _area(words: str) -> dict[str, str]:
    key, _, title = (part.strip() for part in words.partition("="))
    return {"key": key, "title": title or key}


add_list(app, "programme", ("period_from", "period_to"), command="audit programme")
add_show(app, "programme", "PROG-2026-001", command="audit programme")
add_advance(app, "programme", "PROG-2026-001 close", command="audit programme")
add_edit(app, "programme", "PROG-2026-001 --set cycle_months=24 --why 'two years'", command="audit programme")
