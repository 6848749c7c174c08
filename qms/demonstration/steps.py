"""Steps of all records but documents: what each act of the story does, with the functions that people use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from qms import complaints
from qms.actions.action import Action, move_due
from qms.actions.ownership import Owned, hand_over
from qms.audits import auditing
from qms.audits.audit import Audit
from qms.audits.checklist import AuditSample, ChecklistLine
from qms.audits.programme import Programme
from qms.audits.sampling import draw
from qms.change import Change
from qms.complaints import Complaint
from qms.demonstration.story import Step, Story, read
from qms.evidence.evidence import Evidence, collect, supply
from qms.findings.finding import Finding
from qms.organisation import Person
from qms.record import Record, Text

Begin = Callable[[Story, Change, Step, type[Record]], Record]
Take = Callable[..., Record]
PATH = ("add", "approve", "start", "finish", "verify", "confirm")
HOW = "Looked at what was done and asked who works with it"
MONTHS_OF_CASES = 6


def all_steps() -> Iterator[Step]:
    """Yield the steps of programme, audits, evidence, actions, findings and complaints."""
    audits = read("audits.toml")
    yield from _steps_of(audits["programme"], Programme)
    told: tuple[tuple[list[dict[str, Any]], type[Record]], ...] = (
        (audits["audit"], Audit),
        (read("evidence.toml")["evidence"], Evidence),
        (read("actions.toml")["action"], Action),
        (read("findings.toml")["finding"], Finding),
        (read("complaints.toml")["complaint"], Complaint),
    )
    for entries, model in told:
        for entry in entries:
            yield from _steps_of(entry, model)


def _steps_of(entry: Mapping[str, Any], model: type[Record]) -> Iterator[Step]:
    for said in (*_path(entry), *entry.get("steps", ())):
        fields = {name: value for name, value in said.items() if name not in ("on", "by", "act", "why")}
        yield Step(
            on=said["on"],
            by=said["by"],
            act=said["act"],
            key=entry["key"],
            take=partial(_take, model=model),
            fields=fields,
            entry=entry,
            why=said.get("why", ""),
        )


def _path(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the steps of an action that goes the usual way as far as there are days."""
    path = entry.get("path", {"by": "", "days": []})
    owner = entry.get("owner", "@").removeprefix("@")
    beside: dict[str, dict[str, Any]] = {
        "start": {"progress": entry.get("progress", 0)},
        "finish": {"progress": 100, "evidence": entry.get("evidence", [])},
        "verify": {"how": HOW},
        "confirm": {"why": "it did not happen again"},
    }
    for act, on in zip(PATH, path["days"], strict=False):
        by = owner if act in ("start", "finish") else path["by"]
        yield {"on": on, "by": by, "act": act, **beside.get(act, {})}


def _take(story: Story, change: Change, step: Step, *, model: type[Record]) -> None:
    if step.act in BEGIN:
        record = BEGIN[step.act](story, change, step, model)
    else:
        record = story.get(change, step.key)
        take: Take = TAKE.get(step.act, _advance)
        record = take(story, change, record, {"act": step.act, **story.said(step.fields, change)})
    story.know(step.key, record)


def _said_of(story: Story, change: Change, step: Step, model: type[Record]) -> dict[str, Any]:
    """Return the fields of a new record; what comes about only later is left out."""
    later = ("progress", "evidence") if model is Action else ()
    names = [name for name in model.model_fields if name in step.entry and name not in later]
    entry = {name: step.entry[name] for name in names}
    return {"unit": story.unit, **story.said(entry, change)}


def _add(story: Story, change: Change, step: Step, model: type[Record]) -> Record:
    said = _said_of(story, change, step, model)
    if model is Finding:
        told = story.said({"statement": _statement(step.entry)}, change)
        said |= told | {"raised_by": change.by, "raised_on": change.at.date()}
    return change.add(model.model_validate(said))


def _statement(entry: Mapping[str, Any]) -> dict[str, Any]:
    seen = entry.get("seen")
    return {"gap": entry["gap"]} | ({"evidence": seen} if seen else {})


def _raise(story: Story, change: Change, step: Step, model: type[Record]) -> Record:
    """Make a finding out of a line of an audit or out of a complaint, and add what else is known of it."""
    said = _said_of(story, change, step, model)
    told = story.said(_statement(step.entry), change)
    seen = Text.model_validate(told["evidence"]) if "evidence" in told else None
    grade, gap, owner = said.pop("grade"), Text.model_validate(told["gap"]), said.pop("owner")
    if "audit" in step.entry:
        audit = story.get(change, step.entry["audit"][1:])
        _, finding = auditing.raise_finding(
            change, audit, step.entry["line"], grade=grade, gap=gap, evidence=seen, owner=owner
        )
    else:
        complaint = story.get(change, step.entry["complaint"][1:])
        _, finding = complaints.raise_finding(change, complaint, grade=grade, gap=gap, evidence=seen, owner=owner)
    return change.save(finding.revised(**said))


def _collect(story: Story, change: Change, step: Step, model: type[Record]) -> Record:
    evidence = Evidence.model_validate(_said_of(story, change, step, model))
    return collect(change, evidence, **_supplied(story, step.fields))


def _supplied(story: Story, fields: Mapping[str, Any]) -> dict[str, Any]:
    if "url" in fields:
        return {"url": fields["url"]}
    return {"source": story.written(fields["file"], fields["content"])}


def _advance(story: Story, change: Change, record: Record, said: dict[str, Any]) -> Record:
    return change.advance(record, said.pop("act"), **said)


def _edit(story: Story, change: Change, record: Record, said: dict[str, Any]) -> Record:
    del said["act"]
    return change.save(record.revised(**said))


def _signed(field: str, *, many: bool, result: str = "") -> Take:
    """Return what takes a step that records who did something, when, and how."""

    def take(story: Story, change: Change, record: Record, said: dict[str, Any]) -> Record:
        act = said.pop("act")
        signed = {"by": change.by, "at": change.at, **said} | ({"result": result} if result else {})
        return change.advance(record, act, **{field: (*getattr(record, field), signed) if many else signed})

    return take


def _reopen(story: Story, change: Change, record: Record, said: dict[str, Any]) -> Record:
    again = record.next_round() if isinstance(record, Finding) else {}
    return change.advance(record, "reopen", **again)


def _move(story: Story, change: Change, record: Action, said: dict[str, Any]) -> Record:
    return move_due(change, record, said["due"])


def _hand_over(story: Story, change: Change, record: Owned, said: dict[str, Any]) -> Record:
    return hand_over(change, record, said["owner"])


def _replan(story: Story, change: Change, record: Audit, said: dict[str, Any]) -> Record:
    return auditing.replan(change, record, planned_from=said["planned_from"], planned_to=said["planned_to"])


def _supply(story: Story, change: Change, record: Evidence, said: dict[str, Any]) -> Record:
    return supply(change, record, **_supplied(story, said))


def _sample(story: Story, change: Change, record: Audit, said: dict[str, Any]) -> Record:
    """Draw a sample for an audit, by the reference of the audit as its seed."""
    cases = _cases(record)
    strata = None
    if said["population"] == "people":
        items = [each.ref for each in change.store.find(Person)]
    elif said["population"] == "cases":
        items = cases
    else:
        items = [f"{case}/{number}" for case in cases for number in (1, 2)]
        strata = {item: "traces" if item.endswith("1") else "other" for item in items}
    drawn = draw(items, said["size"], seed=record.ref, strata=strata, must_include=said.get("must_include", ()))
    story.samples[said["name"]] = drawn.items
    sample = AuditSample(name=said["name"], of=Text.model_validate(said["of"]), sample=drawn)
    looked_at = set(said["lines"])
    lines = [{**dict(line), "sample": sample.name} if line.n in looked_at else line for line in record.lines]
    return change.save(record.revised(samples=(*record.samples, sample), lines=lines))


def _cases(audit: Audit) -> list[str]:
    year = audit.created.year if audit.created else 0
    return [f"{year % 100}-{number:03d}" for number in range(1, 4 * MONTHS_OF_CASES + 1)]


def _answer(story: Story, change: Change, record: Audit, said: dict[str, Any]) -> Record:
    line = record.line(said["line"])
    seen = {"evidence": said["seen"]} if "seen" in said else {}
    told = {"answer": said["answer"], "note": said.get("note", ""), **seen}
    return change.save(record.with_line(ChecklistLine.model_validate({**dict(line), **told})))


BEGIN: Mapping[str, Begin] = {"add": _add, "raise": _raise, "collect": _collect}
TAKE: Mapping[str, Take] = {
    "answer": _answer,
    "contain": _signed("containment", many=False),
    "edit": _edit,
    "hand_over": _hand_over,
    "move": _move,
    "reopen": _reopen,
    "replan": _replan,
    "review": _signed("reviews", many=True),
    "sample": _sample,
    "send_back": _signed("verifications", many=True, result="failed"),
    "supply": _supply,
    "verify": _signed("verifications", many=True, result="passed"),
}
"""Acts that need more than the fields that the files name; all others are steps of the life cycle as they are."""
