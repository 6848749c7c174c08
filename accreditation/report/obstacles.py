"""The table of what stands in the way of a unit: issues of a kind together, with where and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from accreditation.issue import Issue
from accreditation.language import Words
from accreditation.report.blocks import Cell, Column, Table
from accreditation.report.terms import level_cell


def issues_table(found: Sequence[Issue], say: Words, *, caption: str) -> Table:
    """Return issues, those of a kind together."""
    kinds: dict[str, list[Issue]] = {}
    for each in found:
        kinds.setdefault(each.code, []).append(each)
    rows = tuple(
        (
            level_cell(group[0].level, say),
            Cell(sentence(_why(group, say))),
            Cell(_where(group, say)),
            Cell(_what_to_do(group, say)),
        )
        for group in kinds.values()
    )
    heads = (
        Column(title=say("Level")),
        Column(title=say("Why")),
        Column(title=say("Where")),
        Column(title=say("What to do")),
    )
    return Table(columns=heads, rows=rows, caption=caption)


def _why(group: Sequence[Issue], say: Words) -> str:
    """Return what issues of one kind say: the same words, or, where a name or a day differs, what they share."""
    told = {say.reason(each.why) for each in group}
    if len({each.clause for each in group}) > 1:
        if group[0].code == "gate-not-met":
            return say("requirements without which no unit is accredited are not met")
        if group[0].code == "gate-not-assessed":
            return say("requirements without which no unit is accredited are not assessed")
    if len(told) == 1:
        return told.pop()
    return {
        "calibration-expired": say("calibrations expired"),
        "evidence-not-counting": say("evidence that is cited does not count"),
        "evidence-expiring": say("evidence expires soon"),
        "evidence-changed": say("evidence changed since it was seen"),
        "finding-without-cause": say("findings have no root cause"),
        "conforms-with-finding": say("they are judged to conform while a nonconformity is open"),
        "action-overdue": say("actions for these requirements are overdue"),
        "action-after-transition": say("actions end after an edition stops being recognised"),
        "document-unread": say("what is in force was not read by everybody"),
        "paper-without-practice": say("much is documented that is not done"),
    }.get(group[0].code) or "; ".join(sorted(told))


def _what_to_do(group: Sequence[Issue], say: Words) -> str:
    told = {say.reason(each.what_to_do) for each in group}
    if len(told) == 1:
        return sentence(told.pop())
    return {
        "conforms-without-evidence": say("Cite evidence; the annex names what is typical for each requirement."),
        "document-unread": say("Have it read and signed by those who have not."),
    }.get(group[0].code) or " ".join(map(sentence, sorted(told)))


def _where(group: Sequence[Issue], say: Words) -> str:
    """Return the clauses of issues, each source and each clause named once."""
    by_source: dict[str, dict[str, None]] = {}
    for each in group:
        source, _, clause = each.clause.rpartition(" ")
        if clause:
            by_source.setdefault(say(source), {})[clause] = None
    told = "; ".join(f"{source} {', '.join(clauses)}" for source, clauses in by_source.items())
    refs = ", ".join(dict.fromkeys(each.ref for each in group if each.ref))
    return f"{told} ({refs})" if told and refs else told or refs or say("the unit as a whole")


def sentence(text: str) -> str:
    """Return what a reason says as a sentence."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
