"""What stands in the way of verifying a finding, of the review of its effect and of closing it.

Each guard looks at the finding as it would be and at the actions that answer it, and yields every reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from qms.actions.ownership import Verification, is_verified, signed_now
from qms.evidence.evidence import Evidence
from qms.evidence.standing import counts_for
from qms.findings.finding import Finding, Review
from qms.findings.guards import answers, has_correction, of_this_round
from qms.lifecycle import Circumstances, Reason


def _involved(record: Finding, circumstances: Circumstances) -> frozenset[str]:
    return record.owners.union(*(each.doers for each in answers(record, circumstances)))


def verified_by_other(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a nonconformity that was not verified, or by somebody who owns part of it."""
    if not record.grade.is_nonconformity:
        return
    yield from is_verified(record, circumstances)
    last = record.verification
    if last is not None and last.by in _involved(record, circumstances) - record.owners:
        yield Reason(
            "verified-by-owner",
            "it was verified by somebody who owns one of its actions, or did, or finished one",
            {},
        )
    if last is not None and record.agreed is not None and last.at < record.agreed.at:
        yield Reason("verified-early", "it was verified before the plan was agreed", {})


def verified_after_actions(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a finding that was verified before the last of its actions was."""
    last = record.verification
    if last is None:
        return
    for each in answers(record, circumstances):
        if each.is_settled and each.verification is not None and each.verification.at > last.at:
            values = {"ref": each.ref or each.id}
            yield Reason("verified-early", "it was verified before its action {ref} was; verify it again", values)


def uninvolved(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a step by somebody who owns one of its actions or did it."""
    if circumstances.actor in _involved(record, circumstances) - record.owners:
        yield Reason("own-action", "whoever owns one of its actions, or did, or finished one, may not do this", {})


def adds_review(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a step without one more review by whoever takes it; only bad news may come early."""
    earlier = getattr(circumstances.before, "reviews", record.reviews[:-1])
    if len(record.reviews) != len(earlier) + 1:
        yield Reason("not-reviewed", "add one review: how the effect was looked at, and with what result", {})
        return
    if earlier and earlier[-1].result != "effective":
        values = {"found": earlier[-1].result}
        yield Reason("refuted", "the last review found it {found}; reopen it and look for the cause anew", values)
    yield from signed_now(record.reviews[-1], "review", circumstances)
    if record.reviews[-1].result != "not_effective":
        yield from _reviewed_in_time(record)


def _reviewed_in_time(record: Finding) -> Iterator[Reason]:
    review, criterion, earliest = record.review, record.criterion, record.review_from
    if review is None or criterion is None or earliest is None:
        return
    if review.at.date() < earliest:
        yield Reason("too-early", "the effect may not be reviewed before {day}", {"day": earliest})
    if review.cases < (criterion.after_cases or 0):
        values = {"wanted": criterion.after_cases, "found": review.cases}
        yield Reason("too-few-cases", "the review needs {wanted} cases; it has {found}", values)


def is_effective(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a nonconformity without a review, in time and by an outsider, or with one that found no effect."""
    if not record.grade.is_nonconformity:
        return
    review, verification = record.review, record.verification
    against = next((each.result for each in record.reviews if each.result != "effective"), None)
    if review is None or against:
        values = {"found": against or "not reviewed"}
        yield Reason("not-effective", "every review has to find it effective; it is {found}", values)
        return
    if review.by in _involved(record, circumstances):
        yield Reason(
            "reviewed-by-owner", "whoever reviewed the effect owns it or one of its actions, or finished one", {}
        )
    if verification is not None and review.at < verification.at:
        yield Reason("too-early", "the effect may not be reviewed before {day}", {"day": verification.at.date()})
    yield from _reviewed_in_time(record)


def rests_on_evidence(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse to close a nonconformity on evidence that did not count when it was relied on.

    What shows the nonconformity itself may be expired or speak for another time: that may be what was found.
    """
    before = circumstances.before
    if not record.grade.is_nonconformity or (isinstance(before, Finding) and before.status == "closed"):
        return
    held = {each.id: each for each in circumstances.of(Evidence)}
    against = [
        (held[link.target], reason)
        for link in record.evidence
        if link.target in held
        if held[link.target].status in ("rejected", "cancelled")
        for reason in counts_for(held[link.target], circumstances.today).reasons
        if reason.code == "not-accepted"
    ]
    for signed, since in _relied_on(record):
        for link in signed.evidence:
            if link.target in held:
                standing = counts_for(held[link.target], signed.at.date(), since=since)
                against += [(held[link.target], reason) for reason in standing.reasons]
    for evidence, reason in against:
        values = {"ref": evidence.ref or evidence.id, "reason": str(reason)}
        yield Reason("evidence-does-not-count", "evidence {ref} does not count: {reason}", values)


def _relied_on(record: Finding) -> Iterator[tuple[Verification | Review, date | None]]:
    """Yield what the closing rests on, with the day since when its evidence has to speak."""
    began = [each.at for past in record.earlier for each in past.reviews]
    began += [record.issued.at] if record.issued else []
    if record.verification:
        yield record.verification, max(began).date() if began else None
    if record.review:
        yield record.review, record.verification.at.date() if record.verification else None


def has_corrected(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a nonconformity without a verified corrective action of this round."""
    if not record.grade.is_nonconformity:
        return
    if not any(
        each.purpose == "corrective" and each.is_settled and of_this_round(record, each)
        for each in answers(record, circumstances)
    ):
        values = {"round": record.round}
        yield Reason("without-corrective-action", "no corrective action of round {round} is verified", values)
    yield from has_correction(record, circumstances)


def closed_by_other(record: Finding, circumstances: Circumstances) -> Iterator[Reason]:
    """Refuse a finding that nobody closed, or somebody who owns it or did."""
    if record.closure is None:
        yield Reason("not-signed", "nobody is named who closed it", {})
    elif record.closure.by in record.owners:
        yield Reason("closed-by-owner", "whoever owns it, or did, may not close it; somebody else has to", {})
