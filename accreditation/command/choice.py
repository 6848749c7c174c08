"""Which assessment a command is about, and in which language it speaks of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from qms.command.desk import Desk

if TYPE_CHECKING:
    from accreditation.assessments.assessment import Assessment
    from accreditation.gaps import Situation
    from accreditation.language import Words

Which = Annotated[
    str | None,
    typer.Option("--assessment", metavar="REF", help="Such as AS-2026-001; the unit's latest if left out."),
]
On = Annotated[
    str | None, typer.Option("--on", metavar="DATE", help="Day for which it is asked; today if left out.")
]


def chosen(desk: Desk, ref: str | None) -> Assessment:
    """Return the assessment that was asked for, or the latest one of the unit.

    Raises
    ------
    UnknownError
        If there is none.
    """
    from accreditation.assessments.assessment import Assessment
    from accreditation.errors import UnknownError
    from accreditation.readiness import latest

    if ref is not None:
        return desk.store.get(Assessment, ref, unit=desk.unit)
    unit = desk.home().ref
    found = latest(desk.store, unit)
    if found is None:
        ended = [f"{each.ref} is {each.status}" for each in desk.store.find(Assessment, unit=unit)]
        if ended:
            raise UnknownError(
                f"No assessment of {unit} goes on: {', '.join(ended)}. Name one with --assessment, or begin the "
                "next with 'accreditation init'."
            )
        raise UnknownError(f"There is no assessment of {unit} yet. Begin one with 'accreditation init'.")
    return found


def situation(desk: Desk, ref: str | None, on: str | None) -> Situation:
    """Return how the unit stood on a day."""
    from accreditation.readiness import situation_on

    return situation_on(desk.store, chosen(desk, ref), day(desk, on))


def day(desk: Desk, on: str | None) -> date:
    """Return a day that was typed, or today."""
    from qms.command.showing import read_day

    return read_day(on) if on else desk.store.now().date()


def spoken(desk: Desk, *also: str) -> Words:
    """Return the words of the language that was asked for, or that of the unit, or English if none is offered."""
    from accreditation.language import offered, words

    if desk.language is not None:
        return words(desk.language, *also)
    tongue = desk.tongue()
    return words(tongue if tongue in offered() else "en", *also)
