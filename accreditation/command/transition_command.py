"""The command that carries an assessment over to another edition."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accreditation.command.choice import On, Which, chosen, day, spoken
from qms.command.desk import Desk, writes

if TYPE_CHECKING:
    from datetime import date

    from accreditation.assessments.assessment import Assessment
    from accreditation.language import Words
    from accreditation.standards import Standard
    from accreditation.transition import Transition
    from qms.store import Store

EXAMPLE = "Example: accreditation transition --to my-17020-2026.xlsx --crosswalk crosswalk.toml --carry"


@writes
def transition(
    desk: Desk,
    to: Annotated[
        str, typer.Option("--to", metavar="KEY|FILE", help="The new edition, or your own catalogue of it.")
    ] = "iso17020-2026",
    old: Annotated[str, typer.Option("--from", metavar="KEY", help="The old edition.")] = "iso17020-2012",
    crosswalk: Annotated[
        Path | None, typer.Option("--crosswalk", metavar="FILE.toml", help="Reviewed links; none if left out.")
    ] = None,
    carry: Annotated[bool, typer.Option("--carry", help="Open the assessment of the new edition.")] = False,
    title: Annotated[str | None, typer.Option("--title", help="Of the new assessment.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    assessment: Which = None,
    on: On = None,
) -> None:
    """Show what an assessment is worth under another edition, and the days left; open the new one with --carry."""
    from accreditation.errors import UnknownError
    from accreditation.report.terms import fate_word
    from accreditation.transition import carry_over
    from qms.command.terminal import put, put_json, put_table
    from qms.command.terminal import say as tell
    from qms.record import Text

    if as_json and carry:
        raise UnknownError("--json shows what would be carried; open the new assessment without it.")
    kept = chosen(desk, assessment)
    moved, own = read_move(desk.store, kept, old, to, crosswalk, on=day(desk, on))
    before, after = moved.old, moved.new
    say = spoken(desk)
    if as_json:
        put_json(_facts(moved, say))
        return
    if moved.days_left is not None:
        put(
            say.plural(
                "{n} day is left for {source}.",
                "{n} days are left for {source}.",
                moved.days_left,
                source=before.source,
            )
        )
    if moved.rows:
        rows = [(fate_word(e.fate, say), e.clause.id, say(e.clause.title), say.reason(e.why)) for e in moved.rows]
        put_table(("", say("Clause"), say("Title"), say("Why")), rows)
    else:
        tell(f"The clauses of {after.source} are not loaded; only the themes of change are known:")
        put_table((say("Theme"), say("What changes")), [(say(e.title), say(e.text)) for e in moved.themes])
    if moved.to_fill:
        tell(f"No reviewed link speaks of {len(moved.to_fill.a)} requirements of {before.source}.")
    if carry:
        called = Text.of(title or f"{after.source}, after {kept.ref}", desk.tongue(kept.unit))
        with desk.change() as change:
            opened = carry_over(change, kept, moved, title=called, lead=change.by, own=own)
        judged = sum(each.is_assessed for each in kept.judgements.values())
        tell(f"{opened.ref} begins with {len(opened.judgements)} of {judged} judgements of {kept.ref}.")
        put(opened.ref)


def _facts(moved: Transition, say: Words) -> dict[str, Any]:
    """Return a transition as JSON values."""
    return {
        "from": moved.old.key,
        "to": moved.new.key,
        "on": str(moved.on),
        "days_left": moved.days_left,
        "rows": [
            {
                "fate": each.fate,
                "clause": each.clause.id,
                "title": say(each.clause.title),
                "why": say.reason(each.why),
                "result": each.judgement.result if each.judgement else None,
            }
            for each in moved.rows
        ],
        "themes": [{"title": say(each.title), "text": say(each.text)} for each in moved.themes],
        "to_fill": {"from": list(moved.to_fill.a), "to": list(moved.to_fill.b)},
    }


def read_move(
    store: Store, kept: Assessment, old: str, to: str, crosswalk: Path | None, *, on: date
) -> tuple[Transition, dict[str, Standard]]:
    """Return the transition between two editions, and the new one where it is a catalogue of the user's own."""
    from accreditation.assessments.judging import own_standards
    from accreditation.catalogue_files import ENDINGS, read_catalogue
    from accreditation.crosswalk import Crosswalk, read_crosswalk
    from accreditation.standards import standard
    from accreditation.transition import transition as moved_to

    before = own_standards(store, kept).get(old) or standard(old)
    own = [read_catalogue(to)] if to.endswith(ENDINGS) else []
    after = own[0] if own else standard(to)
    links = read_crosswalk(crosswalk, before, after) if crosswalk else Crosswalk(a=before.key, b=after.key)
    return moved_to(kept, links, before, after, on=on), {each.key: each for each in own}
