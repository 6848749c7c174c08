"""New actions that were written at the end of the sheet of actions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from accreditation.assessments.profile import Checklist
from accreditation.errors import UnknownError
from accreditation.language import Words
from accreditation.wording import action_purposes
from accreditation.workbook.cells import Cell
from accreditation.workbook.problems import CellError, CellProblem, not_understood, plain
from accreditation.workbook.reading import Row
from accreditation.workbook.tongues import meant
from qms.actions.action import Cost, Purpose
from qms.lifecycle import Reason
from qms.organisation import Person
from qms.record import Day

_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\.?")
_AMOUNT = re.compile(r"\d{1,12}([.,]\d{1,2})?", re.ASCII)
_DAY: TypeAdapter[date] = TypeAdapter(Day)
_LONGEST_TITLE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAction:
    """An action that the workbook plans.

    Attributes
    ----------
    at : str
        Such as ``"Actions!B12"``.
    key : str
        Of the requirement.
    title, owner : str
        Words in the language of the workbook, and id of the person.
    due : date
    start : date or None
    cost : Cost or None
    purpose : str
    """

    at: str
    key: str
    title: str
    owner: str
    due: date
    start: date | None
    cost: Cost | None
    purpose: Purpose

    def said(self, say: Words) -> str:
        """Return it in a language."""
        return say(
            "{where}: new action for {key}, due {day}: {title}",
            where=self.at,
            key=self.key,
            day=self.due,
            title=self.title,
        )


def new_action(
    row: Row, *, checklist: Checklist, people: Mapping[str, Person], tags: tuple[str, ...]
) -> NewAction | list[CellProblem]:
    """Return the action that a row plans, or all that is wrong with it.

    Parameters
    ----------
    row : Row
    checklist : Checklist
    people : mapping of str to Person
        Those who may own it, by handle in lower case.
    tags : tuple of str
        Languages of the workbook.
    """
    problems: list[CellProblem] = []

    def of(read: Any, *cells: Cell) -> Any:
        try:
            return read(*(plain(each) for each in cells))
        except CellError as error:
            problems.append(error.problem)
            return None

    fields = {
        "key": of(lambda cell: _key(cell, checklist), row["requirement"]),
        "title": of(_title, row["title"]),
        "owner": of(lambda cell: _owner(cell, people), row["owner"]),
        "start": of(_day, row["start"]),
        "due": of(_due, row["due"]),
        "cost": of(_cost, row["cost"], row["currency"]),
        "purpose": of(lambda cell: _purpose(cell, tags), row["purpose"]),
    }
    start, due = fields["start"], fields["due"]
    if start and due and due < start:
        values = {"due": due, "start": start}
        what = Reason("due-before-start", "it is due on {due}, before its start on {start}", values)
        to_do = Reason("correct-days", "Correct one of the two days", {})
        problems.append(CellProblem(at=row["due"].at, what=what, to_do=to_do))
    return problems or NewAction(at=row["title"].at, **fields)


def _key(cell: Cell, checklist: Checklist) -> str:
    if isinstance(cell.value, float) and not cell.value.is_integer():
        what = Reason("clause-number", "the clause {found} is a number and may have been {found}0", _found(cell))
        raise CellError(cell, what, Reason("choose-id", "Choose the id of the requirement from the list", {}))
    try:
        return checklist.item(cell.text).key
    except UnknownError as error:
        raise not_understood(cell, Reason("expects-id", "the id of a requirement, from the list", {})) from error


def _title(cell: Cell) -> str:
    if not 0 < len(cell.text) <= _LONGEST_TITLE:
        raise not_understood(cell, Reason("expects-title", "in a few words what is to be done", {}))
    return cell.text


def _owner(cell: Cell, people: Mapping[str, Person]) -> str:
    found = people.get(cell.text.casefold())
    if found is None:
        raise not_understood(
            cell, Reason("expects-owner", "the handle of somebody in the unit, from the list", {})
        )
    return found.id


def _due(cell: Cell) -> date:
    day = _day(cell)
    if day is None:
        raise not_understood(cell, Reason("expects-due", "the day by which it is done, such as 2027-03-01", {}))
    return day


def _day(cell: Cell) -> date | None:
    found = cell.value
    if not cell.text:
        return None
    dotted = _DOTTED.fullmatch(cell.text)
    try:
        if isinstance(found, datetime):
            found = found.date()
        elif dotted:
            found = date(int(dotted[3]), int(dotted[2]), int(dotted[1]))
        elif isinstance(found, str):
            found = date.fromisoformat(cell.text)
        return _DAY.validate_python(found, strict=True)
    except (ValueError, ValidationError) as error:
        raise not_understood(cell, Reason("expects-day", "a day such as 2027-03-01", {})) from error


def _cost(amount: Cell, currency: Cell) -> Cost | None:
    if not amount.text and not currency.text:
        return None
    if not re.fullmatch("[A-Za-z]{3}", currency.text):
        raise not_understood(currency, Reason("expects-currency", "a currency by three letters, such as EUR", {}))
    if not _AMOUNT.fullmatch(amount.text):
        raise not_understood(amount, Reason("expects-amount", "an amount such as 1200.50", {}))
    return Cost(amount=Decimal(amount.text.replace(",", ".")), currency=currency.text.upper())


def _purpose(cell: Cell, tags: tuple[str, ...]) -> str:
    if not cell.text:
        return "improvement"
    found = meant(cell.text, action_purposes, tags)
    if found is None:
        raise not_understood(cell, Reason("expects-purpose", "a purpose from the list", {}))
    return found


def _found(cell: Cell) -> dict[str, object]:
    return {"found": cell.text}
