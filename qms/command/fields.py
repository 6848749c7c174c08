"""The fields of a kind of record: which a person may set, and how each is typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from qms.command.entry import bare, hints_of
from qms.command.wording import with_article
from qms.errors import RecordError
from qms.record import Attachment, Link, Part, Record, Requirement

SET_BY_STORE = ("id", "status", "version", "created", "updated")
SET_ONCE = ("ref", "unit", "jurisdiction")
FILLED_IN = frozenset({"previous_owners", "previous_dues", "former_dates", "regrades", "earlier"})
"""Fields of history that the commands keep by themselves."""
SIGNED = ("by", "at")


def check_fields(model: type[Record], said: Mapping[str, Any], *, new: bool = False) -> None:
    """Refuse fields that a kind of record does not have, or that nobody sets, or only on a new record.

    Raises
    ------
    RecordError
        With the fields that there are.
    """
    fixed = SET_BY_STORE if new else (*SET_BY_STORE, *SET_ONCE)
    known = [name for name in model.model_fields if name not in fixed]
    unknown = [name for name in said if name not in known]
    if unknown:
        when = "" if new else ", or it stays as it was given"
        raise RecordError(
            f"{' and '.join(unknown)} cannot be set: {with_article(model.kind)} has no such field{when}. "
            f"What can be set: {', '.join(known)}."
        )


def ways_to_say(model: type[Record], names: tuple[str, ...]) -> list[str]:
    """Return how the fields that an act records are typed after ``--set``; none for one that ends a round.

    Examples
    --------
    >>> from qms.actions.ownership import Verified
    >>> ways_to_say(Verified, ("verifications",))
    ['verifications.how=...', 'verifications.result=passed|failed']
    """
    if "earlier" in names:
        return []
    hints = hints_of(model)
    return [way for name in names if name not in FILLED_IN for way in _ways(name, hints[name])]


def _ways(name: str, hint: Any) -> Iterator[str]:
    part = bare(hint, None)
    if get_origin(part) is tuple:
        part = bare(get_args(part)[0], None)
    whole = (
        isinstance(part, type) and issubclass(part, Part) and not issubclass(part, Link | Requirement | Attachment)
    )
    if not whole:
        yield f"{name}={_choices(hint)}"
        return
    for inner, field in part.model_fields.items():
        if field.is_required() and inner not in SIGNED:
            yield from _ways(f"{name}.{inner}", hints_of(part)[inner])


def _choices(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "|".join(str(each) for each in get_args(hint) if each)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "|".join(str(each.value) for each in hint)
    inner = [each for each in map(_choices, get_args(hint)) if each != "..."]
    return inner[0] if inner else "..."
