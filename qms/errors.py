"""Errors of the qms package.

::

    QmsError
    ├── RecordError        (ValueError)    a record is not complete or contradicts itself
    │   └── RefusedError                   a step or an edit that a life cycle does not allow, with every reason
    ├── UnknownError       (LookupError)   no such record, unit, person, file or kind of record
    ├── ConflictError      (RuntimeError)  somebody else changed the record since it was read
    ├── AttachmentError    (ValueError)    a file that may not be kept, or is not what was kept
    ├── DocumentError      (ValueError)    a document whose sections cannot be read
    ├── ExchangeError      (ValueError)    a backup, text folder or checkpoint that is not what it should be
    └── StoreError         (OSError)       the store cannot be opened, read or written

Records themselves are pydantic models and raise its `ValidationError`; `described` says one in plain words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


class QmsError(Exception):
    """Base of every error that the qms package raises on purpose."""


class RecordError(QmsError, ValueError):
    """A record is not complete or contradicts itself."""


class RefusedError(RecordError):
    """A step or an edit that a life cycle does not allow.

    Parameters
    ----------
    what : str
        What was refused, such as ``"NC-2026-014 cannot be closed"``.
    reasons : iterable
        Every reason for it; each is printed by ``str``.

    Attributes
    ----------
    reasons : tuple
        The reasons as data.
    """

    def __init__(self, what: str, reasons: Iterable[object]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join([f"{what}:", *(f"  - {reason}" for reason in self.reasons)]))


class UnknownError(QmsError, LookupError):
    """There is no such record, unit, person, file or kind of record."""


class ConflictError(QmsError, RuntimeError):
    """Somebody else changed the record since it was read; nothing was overwritten."""


class AttachmentError(QmsError, ValueError):
    """A file that may not be kept, or that is not what was kept."""


class DocumentError(QmsError, ValueError):
    """A document whose sections cannot be read."""


class ExchangeError(QmsError, ValueError):
    """A backup, a text folder or a checkpoint that is not what it should be."""


class StoreError(QmsError, OSError):
    """The store cannot be opened, read or written."""


PLAINER = {
    "bool_parsing": "is neither true nor false",
    "date_from_datetime_parsing": "is not a day; write it as 2026-03-01",
    "date_parsing": "is not a day; write it as 2026-03-01",
    "decimal_parsing": "is not a number; write it as 120.50",
}
"""What is said in the place of pydantic's words, by its code of the error."""
SPELLINGS = {
    r"^[\w.@-]*$": "may hold letters, figures and the signs . _ - @, and no spaces",
    r"^[\w.-]+$": "may hold letters, figures and the signs . _ -, and no spaces",
    r"^(https?://\S+)?$": "is not an address; write it as https://...",
}
"""What is said of a text that is not written as it has to be, by the pattern that it should match."""


def described(error: ValidationError) -> str:
    """Say in plain words what pydantic found wrong with a record.

    Examples
    --------
    >>> from pydantic import BaseModel, ValidationError
    >>> class Sample(BaseModel):
    ...     size: int
    >>> try:
    ...     Sample(size="many")
    ... except ValidationError as error:
    ...     print(described(error))
    Sample: size: Input should be a valid integer, unable to parse string as an integer; found 'many'
    """
    return f"{error.title}: " + "; ".join(
        ": ".join(filter(None, (".".join(map(str, each["loc"])), _plain(each))))
        for each in error.errors(include_url=False)
    )


def _plain(error: Mapping[str, Any]) -> str:
    message, code, found = error["msg"], error["type"], error["input"]
    spelling = SPELLINGS.get(error.get("ctx", {}).get("pattern", ""))
    if code == "missing":
        return "is needed and not given"
    if code == "extra_forbidden":
        return "there is no such field"
    if code == "timezone_aware":
        return f"a time needs its time zone, such as 2026-03-01T09:00+01:00; found {found}"
    if spelling or code in PLAINER:
        return f"{spelling or PLAINER[code]}; found {found!r}"
    message = message.removeprefix("Value error, ").replace("String should have at least", "needs at least")
    shown = repr(found)
    return message if code == "value_error" or len(shown) > 60 else f"{message}; found {shown}"
