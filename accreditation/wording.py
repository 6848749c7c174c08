"""The words of results, levels, states and purposes, as people say and choose them everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from accreditation.language import Words

if TYPE_CHECKING:
    from accreditation.assessments.profile import Item
    from accreditation.clauses import Clause


def results(say: Words) -> Mapping[str, str]:
    """Return the results of a judgement."""
    return {
        "conforms": say("Conforms"),
        "minor": say("Minor nonconformity"),
        "major": say("Major nonconformity"),
        "not_applicable": say("Not applicable"),
        "not_assessed": say("Not assessed"),
    }


def levels(say: Words) -> Mapping[str, str]:
    """Return what the levels of maturity mean."""
    return {
        "0": say("none"),
        "1": say("informal"),
        "2": say("written or begun"),
        "3": say("in use"),
        "4": say("evidenced and monitored"),
        "5": say("improved from data"),
    }


def action_purposes(say: Words) -> Mapping[str, str]:
    """Return what an action is for; most of those that an assessment leads to improve something."""
    return {
        "improvement": say("Improvement"),
        "corrective": say("Corrective action"),
        "correction": say("Correction"),
        "risk_treatment": say("Treatment of a risk"),
        "milestone": say("Milestone"),
    }


def issue_levels(say: Words) -> Mapping[str, str]:
    """Return the levels of issues."""
    return {"blocker": say("Blocker"), "warning": say("Warning"), "note": say("Note")}


def states(say: Words) -> Mapping[str, str]:
    """Return the states of assessments, actions and evidence."""
    return {
        "planned": say("planned"),
        "running": say("under way"),
        "in_review": say("in review"),
        "frozen": say("frozen"),
        "superseded": say("superseded"),
        "cancelled": say("cancelled"),
        "proposed": say("proposed"),
        "approved": say("approved"),
        "in_progress": say("in progress"),
        "blocked": say("blocked"),
        "done": say("done, to be verified"),
        "verified": say("verified"),
        "effective": say("effective"),
        "not_effective": say("not effective"),
        "reopened": say("reopened"),
        "requested": say("requested"),
        "received": say("received"),
        "accepted": say("accepted"),
        "rejected": say("rejected"),
        "expiring": say("expiring"),
        "expired": say("expired"),
    }


def assessment_purposes(say: Words) -> Mapping[str, str]:
    """Return what an assessment is for."""
    return {
        "self": say("Self-assessment"),
        "gap": say("Gap analysis"),
        "internal_audit": say("Internal audit"),
        "accreditation_body": say("Assessment by the accreditation body"),
        "mock": say("Mock assessment"),
        "transition": say("Transition to another edition"),
    }


def cited(item: Item, say: Words) -> str:
    """Return how a requirement is cited; documents that are no standard have a name in each language."""
    return f"{say(item.standard.source)} {item.clause.id}"


def titled(clause: Clause, say: Words) -> str:
    """Return the number and title of a clause; an annex has its letter in its title."""
    title = say(clause.title)
    return title if clause.title.startswith(f"Annex {clause.id}") else f"{clause.id} {title}"


def cited_clause(clause: str, say: Words) -> str:
    """Return a citation such as ``"SOP elements SOP-01"`` in the language."""
    source, _, number = clause.rpartition(" ")
    return f"{say(source)} {number}" if source else clause
