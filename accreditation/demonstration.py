"""The assessments of the invented unit of `qms.demonstration`: a baseline of a year ago, and one under way.

What is judged, by whom and on which day stands in ``data/demonstration.toml``, days counted from the last one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from accreditation.assessments.judging import begin, checklist_of, judge, plan_action, raise_finding, review
from accreditation.assessments.profile import Profile
from qms.actions.action import Cost
from qms.change import Change
from qms.demonstration.story import Step, Story
from qms.record import Text


def assessment_steps(story: Story) -> Iterator[Step]:
    """Yield the steps of the assessments, to be told among those of the unit's other records."""
    content = files("accreditation") / "data" / "demonstration.toml"
    for entry in tomllib.loads(content.read_text(encoding="utf-8"))["assessment"]:
        for said in entry["steps"]:
            yield Step(
                on=said["on"],
                by=said["by"],
                act=said["act"],
                key=entry["key"],
                take=TAKE.get(said["act"], _advance),
                fields=said,
                entry=entry,
                why=said.get("why", ""),
            )


def _begin(story: Story, change: Change, step: Step) -> None:
    entry = step.entry
    kept = begin(
        change,
        story.unit,
        Profile.model_validate(entry["profile"]),
        title=Text.model_validate(entry["title"]),
        lead=change.by,
        purpose=entry["purpose"],
        team=tuple(story.id(each) for each in entry["team"]),
        begins=story.day(step.on),
        ends=story.day(entry["ends"]),
        follows=story.id(entry["follows"]) if "follows" in entry else None,
    )
    story.know(step.key, kept)


def _judge(story: Story, change: Change, step: Step) -> None:
    kept = story.get(change, step.key)
    checklist = checklist_of(change.store, kept)
    wanted = tuple(step.fields["clauses"])
    told = {
        name: _judgement(story, change, said)
        for name, said in step.entry["judgements"].items()
        if checklist.item(name).clause.id.startswith(wanted)
    }
    judge(change, kept, told, checklist=checklist)


def _judgement(story: Story, change: Change, said: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {"result": said["result"]}
    fields |= {axis: said[axis] for axis in ("documented", "implemented") if axis in said}
    if "because" in said:
        fields["justification"] = Text.model_validate(said["because"])
    fields["evidence"] = tuple(change.link(story.get(change, each)) for each in said.get("evidence", ()))
    return fields


def _review(story: Story, change: Change, step: Step) -> None:
    kept = story.get(change, step.key)
    checklist = checklist_of(change.store, kept)
    judged = [key for key, each in kept.judgements.items() if each.judged and each.judged.by != change.by]
    review(change, kept, judged, checklist=checklist)


def _tie(story: Story, change: Change, step: Step) -> None:
    """Plan actions for judgements, or raise findings from them."""
    kept = story.get(change, step.key)
    checklist = checklist_of(change.store, kept)
    for said in step.fields["each"]:
        owner = story.id(said["owner"])
        if step.act == "find":
            kept, _ = raise_finding(change, kept, said["clause"], checklist=checklist, owner=owner)
        else:
            kept, action = plan_action(
                change,
                kept,
                said["clause"],
                checklist=checklist,
                title=Text.model_validate(said["title"]),
                owner=owner,
                start=story.day(said["start"]) if "start" in said else None,
                due=story.day(said["due"]),
                cost=Cost.model_validate(said["cost"]) if "cost" in said else None,
                depends_on=tuple(story.id(each) for each in said.get("after", ())),
            )
            story.know(said["key"], action)


def _advance(story: Story, change: Change, step: Step) -> None:
    kept = story.get(change, step.key)
    recorded = kept.frozen_fields(by=change.by, at=change.at) if step.act == "freeze" else {}
    change.advance(kept, step.act, **recorded)


TAKE = {"begin": _begin, "judge": _judge, "review": _review, "find": _tie, "plan": _tie}
