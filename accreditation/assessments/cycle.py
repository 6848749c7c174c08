"""The life cycle of an assessment: planned, running, in review, frozen as a baseline, superseded by the next."""

from __future__ import annotations

from collections.abc import Iterator

from accreditation.assessments.assessment import NOT_ASSESSED, Assessment, Judgement
from qms.lifecycle import Circumstances, LifeCycle, Reason, Transition
from qms.organisation import name_of

AT_WORK = ("running", "in_review")
"""States in which judgements may change."""
_TIES = ("findings", "actions", "requests")


def _only_carried(assessment: Assessment, _: Circumstances) -> Iterator[Reason]:
    for key, judgement in assessment.judgements.items():
        if not judgement.carried_from.startswith(f"{assessment.follows}/"):
            yield Reason(
                "judged-when-planned",
                "{key} is judged already; a plan brings only what is carried over from the assessment before",
                {"key": key},
            )


def _somebody_leads(assessment: Assessment, _: Circumstances) -> Iterator[Reason]:
    if assessment.lead is None:
        yield Reason("without-lead", "nobody answers for it; set the lead", {})


def _something_judged(assessment: Assessment, _: Circumstances) -> Iterator[Reason]:
    if not any(each.is_assessed for each in assessment.judgements.values()):
        yield Reason("nothing-judged", "nothing is judged yet; judge at least one requirement", {})


def _gaps_say_what(assessment: Assessment, _: Circumstances) -> Iterator[Reason]:
    silent = [key for key, each in assessment.judgements.items() if each.is_gap and each.justification is None]
    if silent:
        yield Reason(
            "gap-without-words",
            "{count} nonconformities do not say what is missing, such as {key}; add a justification to each",
            {"count": len(silent), "key": silent[0]},
        )


def _baseline_fits(assessment: Assessment, circumstances: Circumstances) -> Iterator[Reason]:
    if assessment.baseline is None:
        yield Reason("not-frozen", "nobody froze it; take the step 'freeze'", {})
        return
    if assessment.baseline.sha256 != assessment.judged_sha256():
        yield Reason("not-as-frozen", "it does not say what was frozen; open a new assessment instead", {})
    if assessment.baseline.by in assessment.assessors():
        name = name_of(assessment.baseline.by, circumstances.related)
        yield Reason("freezes-own", "{name} judged in it and cannot freeze it; ask somebody else", {"name": name})


def _frozen_by_actor(assessment: Assessment, circumstances: Circumstances) -> Iterator[Reason]:
    baseline = assessment.baseline
    if baseline and (baseline.by, baseline.at) != (circumstances.actor, circumstances.at):
        yield Reason("frozen-by-another", "whoever takes the step freezes it, and at that time", {})


def _judged_by_actor(before: Assessment, after: Assessment, circumstances: Circumstances) -> Iterator[Reason]:
    changed = {
        key: (before.judgement(key), after.judgement(key))
        for key in before.judgements.keys() | after.judgements.keys()
        if before.judgement(key) != after.judgement(key)
    }
    if not changed:
        return
    if before.status not in AT_WORK:
        values = {"state": before.status, "states": " or ".join(AT_WORK)}
        yield Reason("not-at-work", "it is {state}; judgements change only while it is {states}", values)
    for key in sorted(changed):
        old, new = changed[key]
        values = {"key": key}
        if _said(old) != _said(new) and new.is_assessed and not _signs(new.judged, circumstances):
            yield Reason("judged-by-another", "{key}: whoever changes a judgement is kept as its assessor", values)
        if new.reviewed != old.reviewed and new.reviewed is not None:
            if not _signs(new.reviewed, circumstances):
                yield Reason("reviewed-by-another", "{key}: whoever reviews is kept as the reviewer", values)
            if new.judged is None or new.judged.by == new.reviewed.by:
                yield Reason("reviews-own", "{key}: nobody reviews a judgement of his or her own", values)


def _said(judgement: Judgement) -> Judgement:
    bare = {name: getattr(NOT_ASSESSED, name) for name in (*_TIES, "judged", "reviewed", "stale")}
    return judgement.model_copy(update=bare)


def _signs(signed: object, circumstances: Circumstances) -> bool:
    return (getattr(signed, "by", ""), getattr(signed, "at", None)) == (circumstances.actor, circumstances.at)


ASSESSMENT = LifeCycle(
    name="assessment",
    initial="planned",
    final=("superseded", "cancelled"),
    transitions=(
        Transition(act="start", sources=("planned",), target="running", meaning="begin to judge"),
        Transition(
            act="submit",
            sources=("running",),
            target="in_review",
            guards=(_something_judged, _gaps_say_what),
            records=("summary",),
            meaning="hand it to the reviewer",
        ),
        Transition(
            act="return",
            sources=("in_review",),
            target="running",
            records=(),
            needs_why=True,
            meaning="give it back to be worked on",
        ),
        Transition(
            act="freeze",
            sources=("in_review",),
            target="frozen",
            guards=(_frozen_by_actor,),
            records=("baseline",),
            meaning="keep it as the baseline, with a hash",
        ),
        Transition(
            act="supersede",
            sources=("frozen",),
            target="superseded",
            records=(),
            needs_why=True,
            meaning="a newer assessment took its place",
        ),
        Transition(
            act="cancel",
            sources=("planned", "running", "in_review"),
            target="cancelled",
            records=(),
            needs_why=True,
            meaning="it is not carried on",
        ),
    ),
    demands={
        "planned": (_only_carried,),
        "running": (_somebody_leads,),
        "in_review": (_somebody_leads, _something_judged, _gaps_say_what),
        "frozen": (_baseline_fits,),
        "superseded": (_baseline_fits,),
    },
    edits=(_judged_by_actor,),
)
