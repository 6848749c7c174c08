"""The life cycle of an assessment: planned, running, in review, frozen as a baseline, superseded by the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accreditation.assessments.assessment import NOT_ASSESSED, Assessment, Judgement
from accreditation.assessments.profile import ADDED, Checklist, Profile
from accreditation.standards import standards
from qms.lifecycle import Circumstances, LifeCycle, Reason, Signed, Transition
from qms.organisation import name_of
from qms.record import plain, unseen
from qms.suspicion import links_in

AT_WORK = ("running", "in_review")
"""States in which judgements may change."""
FROZEN = ("frozen", "superseded")
"""States in which no judgement changes any more."""
_BESIDE = ("findings", "actions", "requests", "reviewed")
"""Fields of a judgement that are not what its assessor says."""
_AXES = ("documented", "implemented")
_LABELS = ("purpose", "title", "begins", "ends", "lead", "team", "follows")
"""Fields of an assessment beside what its baseline keeps the hash of."""


def at_rest(assessment: Assessment) -> Iterator[Reason]:
    """Yield why judgements cannot change now, if they cannot, and what to do instead."""
    values = {"state": assessment.status, "states": " or ".join(AT_WORK), "ref": assessment.ref}
    if assessment.status in FROZEN:
        yield Reason("not-at-work", "it is {state}; 'accreditation init --follows {ref}' begins the next", values)
    elif assessment.status not in AT_WORK:
        yield Reason("not-at-work", "it is {state}; judgements change only while it is {states}", values)


def says(judgement: Judgement) -> Any:
    """Return what an assessor says in a judgement, and who that is, as JSON values."""
    return unseen(plain(judgement.model_copy(update={name: getattr(NOT_ASSESSED, name) for name in _BESIDE})))


def _only_carried(assessment: Assessment, circumstances: Circumstances) -> Iterator[Reason]:
    new = circumstances.before is None and not circumstances.merging
    earlier = _followed(assessment, circumstances)
    for key, judgement in assessment.judgements.items():
        record, _, source = judgement.carried_from.partition("/")
        if assessment.follows is None or record != assessment.follows:
            yield Reason(
                "judged-when-planned",
                "{key} is judged already; a plan brings only what is carried over from the assessment before",
                {"key": key},
            )
        elif new and not _is_carried(judgement, earlier, source):
            yield Reason(
                "carried-otherwise",
                "{key} does not say what was judged in the assessment before, or brings a review along",
                {"key": key},
            )


def _is_carried(judgement: Judgement, earlier: Assessment | None, source: str) -> bool:
    if earlier is None or judgement.reviewed is not None:
        return False
    before = earlier.judgement(source)
    levels = [(getattr(judgement, axis), getattr(before, axis)) for axis in _AXES]
    return (
        (judgement.result, judgement.judged) == (before.result, before.judged)
        and all(held is None or (now is not None and now <= held) for now, held in levels)
        and set(links_in(judgement)) <= set(links_in(earlier))
    )


def _follows_an_assessment(assessment: Assessment, circumstances: Circumstances) -> Iterator[Reason]:
    if assessment.follows is None or not _is_said_now("follows", assessment, circumstances):
        return
    earlier = _followed(assessment, circumstances)
    if earlier is None or earlier.unit != assessment.unit:
        yield Reason(
            "follows-nothing", "what it follows is no assessment of {unit}; name one", {"unit": assessment.unit}
        )
    elif earlier.status == "cancelled":
        yield Reason(
            "follows-cancelled", "{ref}, which it follows, is cancelled; name another", {"ref": earlier.ref}
        )


def _standards_known(assessment: Assessment, circumstances: Circumstances) -> Iterator[Reason]:
    known = {*standards(), *assessment.profile.catalogues}
    missing = [each for each in assessment.profile.standards if each not in known]
    if missing and _is_said_now("profile", assessment, circumstances):
        yield Reason("no-such-standard", "there is no standard {key}; name one that there is", {"key": missing[0]})


def _judges_what_is_asked(assessment: Assessment, circumstances: Circumstances) -> Iterator[Reason]:
    held = getattr(circumstances.before, "judgements", {})
    new = [key for key in assessment.judgements if key not in held]
    if not new or circumstances.merging:
        return
    for key in sorted(_not_asked(assessment.profile, new)):
        yield Reason("not-asked", "{key} is no requirement of its profile", {"key": key})


def _not_asked(profile: Profile, keys: list[str]) -> Iterator[str]:
    """Yield keys that are no requirements; where a profile has catalogues of its own, only standards are known."""
    if profile.catalogues:
        known = {*profile.standards, ADDED}
        yield from (key for key in keys if key.partition(":")[0] not in known)
    elif all(each in standards() for each in profile.standards):
        asked = Checklist.of(profile).by_key
        yield from (key for key in keys if key not in asked)


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


def _labels_stay(before: Assessment, after: Assessment, _: Circumstances) -> Iterator[Reason]:
    for name in _LABELS:
        if before.status == "frozen" and getattr(before, name) != getattr(after, name):
            yield Reason("frozen", "it is frozen; its {field} stays as it is", {"field": name})


def _profile_stays(before: Assessment, after: Assessment, circumstances: Circumstances) -> Iterator[Reason]:
    old, new = before.profile, after.profile
    if before.status == "planned" or old == new:
        return
    if old.model_copy(update={"independence": new.independence}) != new:
        yield Reason("profile-fixed", "what is assessed is fixed once it began; begin another assessment", {})
    elif before.status != "running":
        values = {"state": before.status}
        yield Reason("independence-fixed", "it is {state}; independence is claimed while it is running", values)
    elif not circumstances.why.strip():
        yield Reason("without-why", "say why another type of independence is claimed", {})


def _assessors_stay(before: Assessment, after: Assessment, circumstances: Circumstances) -> Iterator[Reason]:
    if before.status not in AT_WORK:
        return
    dropped = before.assessors() & {before.lead, *before.team} - {after.lead, *after.team}
    for name in sorted(name_of(each, circumstances.related) for each in dropped):
        yield Reason("assessor-dropped", "{name} judged in it and stays in its team", {"name": name})


def _judged_by_actor(before: Assessment, after: Assessment, circumstances: Circumstances) -> Iterator[Reason]:
    changed = {
        key: (before.judgement(key), after.judgement(key))
        for key in before.judgements.keys() | after.judgements.keys()
        if unseen(plain(before.judgement(key))) != unseen(plain(after.judgement(key)))
    }
    if changed:
        yield from at_rest(before)
    team = (after.lead, *after.team)
    for key in sorted(changed):
        old, new = changed[key]
        if says(old) != says(new):
            yield from _against_judging(key, new, circumstances, is_assessor=circumstances.actor in team)
        elif new.reviewed != old.reviewed and new.reviewed is not None:
            yield from _against_review(key, new, circumstances)


def _against_judging(
    key: str, new: Judgement, circumstances: Circumstances, *, is_assessor: bool
) -> Iterator[Reason]:
    values = {"key": key}
    if not _signs(new.judged, circumstances):
        yield Reason("judged-by-another", "{key}: whoever changes a judgement is kept as its assessor", values)
    elif not is_assessor:
        yield Reason("not-in-team", "{key}: whoever judges leads the assessment or is in its team", values)
    if new.reviewed is not None:
        yield Reason("reviewed-before", "{key}: what is judged anew has no reviewer yet", values)


def _against_review(key: str, new: Judgement, circumstances: Circumstances) -> Iterator[Reason]:
    values = {"key": key}
    if new.judged is None or not new.is_assessed:
        yield Reason("reviews-nothing", "{key}: nobody has judged it yet, so there is nothing to review", values)
    elif new.judged.by == circumstances.actor:
        yield Reason("reviews-own", "{key}: nobody reviews a judgement of his or her own", values)
    if not _signs(new.reviewed, circumstances):
        yield Reason("reviewed-by-another", "{key}: whoever reviews is kept as the reviewer", values)


def _signs(signed: Signed | None, circumstances: Circumstances) -> bool:
    return signed is not None and (signed.by, signed.at) == (circumstances.actor, circumstances.at)


def _followed(assessment: Assessment, circumstances: Circumstances) -> Assessment | None:
    return next((each for each in circumstances.of(Assessment) if each.id == assessment.follows), None)


def _is_said_now(field: str, assessment: Assessment, circumstances: Circumstances) -> bool:
    """Whether a field is new or changed here; what comes from another copy was checked there."""
    before = getattr(circumstances.before, field, None)
    return not circumstances.merging and before != getattr(assessment, field)


ASSESSMENT = LifeCycle(
    name="assessment",
    initial="planned",
    final=("superseded", "cancelled"),
    transitions=(
        Transition(act="start", sources=("planned",), target="running", records=(), meaning="begin to judge"),
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
        "planned": (_standards_known, _follows_an_assessment, _only_carried, _judges_what_is_asked),
        "running": (_somebody_leads, _follows_an_assessment, _judges_what_is_asked),
        "in_review": (
            _somebody_leads,
            _follows_an_assessment,
            _judges_what_is_asked,
            _something_judged,
            _gaps_say_what,
        ),
        "frozen": (_baseline_fits,),
        "superseded": (_baseline_fits,),
    },
    edits=(_labels_stay, _profile_stays, _assessors_stay, _judged_by_actor),
)
