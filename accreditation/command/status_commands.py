"""The commands that say how a unit stands: the status, the gaps and the languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from accreditation.command.choice import On, Which, situation, spoken
from qms.command.desk import Desk, reads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accreditation.assessments.scoring import Score
    from accreditation.issue import Issue
    from accreditation.language import Words
    from accreditation.readiness import Readiness


@reads
def status(desk: Desk, assessment: Which = None, on: On = None) -> None:
    """Show how a unit stands: score with coverage and evidence for each clause, and what blocks it."""
    from accreditation.readiness import counted, readiness
    from qms.command.terminal import put, put_json, put_table
    from qms.command.terminal import say as tell

    here = situation(desk, assessment, on)
    standing = readiness(here)
    say = spoken(desk)
    if desk.as_json:
        put_json(_facts(standing))
        return
    kept = here.assessment
    put(f"{kept.ref} {say.text(kept.title)} ({kept.unit}, {kept.status})")
    whole = standing.scores.whole
    rows = [
        (
            say(each.standard.source),
            each.clause.id if each.clause else "",
            say(each.clause.title) if each.clause else say(each.standard.title),
            *_figures(each.score, say),
        )
        for each in standing.scores.sections
    ]
    rows.append((say("All"), "", "", *_figures(whole, say)))
    heads = (
        say("Standard"),
        say("Clause"),
        "",
        say("Score"),
        say("Coverage"),
        say("With evidence"),
        say("Oldest evidence"),
        say("Documented"),
        say("Implemented"),
    )
    put_table(heads, rows, right=(3, 4, 5, 7, 8))
    if whole.warning is not None:
        tell(f"Note: {say.reason(whole.warning)}.")
    counts = counted(standing.issues)
    put(say("Ready to be looked at") if standing else say("Not ready"))
    put(", ".join(f"{level} {count}" for level, count in counts.items()))
    for words, clauses in _together(standing.blockers, say).items():
        put(f"  {words}: {', '.join(clauses)}")


@reads
def gaps(
    desk: Desk,
    level: Annotated[
        str | None, typer.Option("--level", help="Only blocker, warning or note.", metavar="LEVEL")
    ] = None,
    clause: Annotated[str | None, typer.Option("--clause", help="Only those of a clause, such as 7.2.")] = None,
    assessment: Which = None,
    on: On = None,
) -> None:
    """List everything that stands in the way, with what to do about it; blockers first."""
    from accreditation.errors import UnknownError
    from accreditation.gaps import issues
    from accreditation.issue import LEVELS
    from accreditation.wording import cited_clause, issue_levels
    from qms.command.terminal import put_json, put_table

    if level is not None and level not in LEVELS:
        raise UnknownError(f"There is no level {level!r}. There is {', '.join(LEVELS)}.")
    here = situation(desk, assessment, on)
    say = spoken(desk)
    if clause is not None and not any(_is_under(each.key, clause) for each in here.checklist.items):
        here.checklist.item(clause)
    found = [
        each
        for each in issues(here)
        if level in (None, each.level) and (clause is None or _is_under(each.key, clause))
    ]
    if desk.as_json:
        put_json(
            [
                {
                    "level": each.level,
                    "code": each.code,
                    "key": each.key,
                    "clause": each.clause,
                    "ref": each.ref,
                    "why": say.reason(each.why),
                    "what_to_do": say.reason(each.what_to_do),
                }
                for each in found
            ]
        )
        return
    levels = issue_levels(say)
    rows = [
        (levels[each.level], cited_clause(each.clause, say), say.reason(each.why), say.reason(each.what_to_do))
        for each in found
    ]
    put_table(
        (say("Level"), say("Clause"), say("Why"), say("What to do")),
        rows,
        marked=[n for n, each in enumerate(found) if each.level == "blocker"],
    )


@reads
def history(
    desk: Desk,
    every: Annotated[
        int, typer.Option("--every", metavar="MONTHS", min=1, help="How far apart the days are.")
    ] = 1,
    assessment: Which = None,
    on: On = None,
) -> None:
    """Show how the unit stood at intervals up to a day, since its first assessment began."""
    from accreditation.command.choice import chosen, day
    from accreditation.readiness import readiness_over_time
    from accreditation.wording import issue_levels
    from qms.command.terminal import put_json, put_table

    found = readiness_over_time(desk.store, chosen(desk, assessment), on=day(desk, on), every_months=every)
    if desk.as_json:
        put_json([_facts(each) for each in found])
        return
    say = spoken(desk)
    heads = (
        say("Day"),
        say("Assessment"),
        say("Score"),
        say("Coverage"),
        say("With evidence"),
        issue_levels(say)["blocker"],
        say("Verdict"),
    )
    rows = [
        (
            say.day(each.on),
            each.assessment.ref,
            *_figures(each.scores.whole, say)[:3],
            len(each.blockers),
            say("Ready to be looked at") if each else say("Not ready"),
        )
        for each in found
    ]
    put_table(heads, rows, right=(2, 3, 4, 5))


def languages(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the languages, how complete each is and who reviewed it."""
    from accreditation.language import languages as states
    from qms.command.terminal import put_json, put_table

    found = states()
    if as_json:
        put_json(
            [
                {"tag": e.tag, "name": e.name, "keys": e.keys, "translated": e.translated, "review": e.review}
                for e in found
            ]
        )
        return
    rows = [(e.tag, e.name, f"{100 * e.translated // max(e.keys, 1)} %", e.is_offered, e.review) for e in found]
    put_table(("Tag", "Language", "Complete", "Offered", "Review"), rows)


def add_commands(root: typer.Typer) -> None:
    """Add the commands to the command line."""
    root.command(epilog="Example: accreditation status --on 2026-12-31")(status)
    root.command(epilog="Example: accreditation gaps --level blocker --language sq")(gaps)
    root.command(epilog="Example: accreditation history --every 3 --json")(history)
    root.command()(languages)


def _together(found: Iterable[Issue], say: Words) -> dict[str, list[str]]:
    """Return the clauses of issues that say the same, by what they say."""
    from accreditation.wording import cited_clause

    told: dict[str, list[str]] = {}
    for each in found:
        told.setdefault(say.reason(each.why), []).append(cited_clause(each.clause, say))
    return told


def _is_under(key: str, clause: str) -> bool:
    number = key.partition(":")[2]
    return number == clause or number.startswith(f"{clause}.") or key == clause


def _figures(score: Score, say: Words) -> tuple[str, ...]:
    return (
        say.percent(score.value),
        say.percent(score.coverage),
        say.percent(score.evidence_share),
        say.day(score.oldest),
        say.number(score.documented, digits=1),
        say.number(score.implemented, digits=1),
    )


def _facts(standing: Readiness) -> dict[str, Any]:
    def told(score: Score) -> dict[str, Any]:
        return {
            "score": score.value,
            "coverage": score.coverage,
            "with_evidence": score.evidence_share,
            "oldest_evidence": score.oldest.isoformat() if score.oldest else None,
            "documented": score.documented,
            "implemented": score.implemented,
            "results": dict(score.results),
            "warning": str(score.warning) if score.warning else None,
        }

    return {
        "assessment": standing.assessment.ref,
        "unit": standing.assessment.unit,
        "status": standing.assessment.status,
        "on": standing.on.isoformat(),
        "ready": bool(standing),
        "whole": told(standing.scores.whole),
        "sections": [
            {
                "standard": each.standard.source,
                "clause": each.clause.id if each.clause else None,
                **told(each.score),
            }
            for each in standing.scores.sections
        ],
        "blockers": [{"clause": each.clause, "why": str(each.why)} for each in standing.blockers],
    }
