"""The first sheet: whose assessment it is, how it stands, how the workbook is used, and what its words mean."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from accreditation.assessments.scoring import Score
from accreditation.gaps import Situation
from accreditation.language import Words
from accreditation.readiness import Readiness, counted
from accreditation.wording import issue_levels, levels, results, states
from accreditation.workbook.layout import protect, put, set_up_print
from qms.organisation import Unit, name_of

Line = tuple[str, str]


def put_overview(sheet: Any, situation: Situation, standing: Readiness, say: Words) -> None:
    """Write the overview of an assessment."""
    row = count(1)
    put(sheet, next(row), 1, say.text(situation.assessment.title), "title")
    for heading, lines in (
        (say("The assessment"), _whose(situation, say)),
        (say("How the unit stands"), _standing(situation, standing, say)),
        (say("Score by standard"), _by_standard(situation, standing, say)),
        (say("How this workbook is used"), _how(say)),
        (say("What the results mean"), _meanings(say)),
        (say("What the levels mean"), levels(say).items()),
    ):
        put(sheet, next(row), 1, "", "title")
        above = next(row)
        put(sheet, above, 1, heading, "head")
        put(sheet, above, 2, "", "head")
        for label, value in lines:
            here = next(row)
            put(sheet, here, 1, label, "locked text")
            put(sheet, here, 2, value, "locked text")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 34, 96
    protect(sheet)
    set_up_print(sheet, situation.assessment.ref)


def score_line(score: Score, say: Words) -> str:
    """Return a score with its coverage, its evidence and a warning where it says little."""
    told = say(
        "{score}; {coverage} assessed, {evidence} of that with evidence, the oldest of {oldest}",
        score=say.percent(score.value),
        coverage=say.percent(score.coverage),
        evidence=say.percent(score.evidence_share),
        oldest=say.day(score.oldest),
    )
    told = f"{told.removesuffix('.')}."
    return f"{told} {say.reason(score.warning)}." if score.warning else told


def _whose(situation: Situation, say: Words) -> Iterator[Line]:
    kept, store = situation.assessment, situation.store
    unit = store.get(Unit, kept.unit, unit=kept.unit)
    yield say("Unit"), f"{say.text(unit.name)} ({kept.unit})"
    yield say("Assessment"), f"{kept.ref}, {states(say).get(kept.status, kept.status)}"
    yield say("Profile"), kept.profile.name
    yield say("Standards"), "; ".join(say(each.source) for each in situation.checklist.standards)
    yield say("Lead"), name_of(kept.lead or "-", situation.related.values())
    yield say("Written on"), say.day(situation.on)
    yield say("Version of the assessment"), str(kept.version)
    yield say("Last entry of the ledger"), str(store.head())


def _standing(situation: Situation, standing: Readiness, say: Words) -> Iterator[Line]:
    whole, names = standing.scores.whole, results(say)
    yield say("Verdict"), say("Ready to be looked at") if standing else say("Not ready")
    yield say("Score"), score_line(whole, say)
    yield say("Documented (0-5)"), say.number(whole.documented, digits=1)
    yield say("Implemented (0-5)"), say.number(whole.implemented, digits=1)
    gates = [judgement for item, judgement in situation.judged() if item.clause.gate]
    met = sum(each.result in ("conforms", "not_applicable") for each in gates)
    yield say("Gates"), say("{met} of {all} are met", met=met, all=len(gates))
    for result, name in names.items():
        yield name, say.number(whole.results.get(result, 0))
    urgency = issue_levels(say)
    for level, n in counted(standing.issues).items():
        yield urgency[level], say.number(n)


def _by_standard(situation: Situation, standing: Readiness, say: Words) -> Iterator[Line]:
    for each in situation.checklist.standards:
        yield say(each.source), score_line(standing.scores.standards[each.key], say)


def _how(say: Words) -> Iterator[Line]:
    yield (
        "1",
        say("Fill in the pale yellow cells; all other cells are locked, so that your entries find their way."),
    )
    yield "2", say("Choose results from the list. A result that does not apply needs a justification.")
    yield (
        "3",
        say("Evidence is cited by its reference, as on the sheet of evidence; several are parted by semicolons."),
    )
    yield "4", say("New actions are written in the empty rows at the end of the sheet of actions.")
    yield "5", say("Formulas are not read. Do not merge cells, and do not delete or copy rows of the checklist.")
    yield "6", say("Save it as .xlsx and import it: first every change is shown, then all are taken over or none.")


def _meanings(say: Words) -> Iterator[Line]:
    meaning = {
        "conforms": say("the requirement is met"),
        "minor": say("it is not met, and what the unit reports stays reliable"),
        "major": say("it is not met, and what the unit reports may not be reliable"),
        "not_applicable": say("it does not apply to the unit, and the justification says why"),
        "not_assessed": say("nobody judged it yet"),
    }
    yield from ((name, meaning[result]) for result, name in results(say).items())
