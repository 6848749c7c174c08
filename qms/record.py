"""What every record has: a stable id, a human reference, times, a version and texts in several languages.

A record is a frozen pydantic model; a change makes a new one (`Record.revised`). References to other records are
their ids and nothing else is 26 letters long in that alphabet, so that `mentioned` finds them all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import rfc8785
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, RootModel, model_validator
from ulid import ULID

LANGUAGES = {
    "en": "English",
    "sq": "shqip",
    "sr-Latn": "srpski",
    "sr-Cyrl": "српски",
    "bs": "bosanski",
    "mk": "македонски",
    "cnr": "crnogorski",
}
"""Languages of records and documents, by BCP 47 tag, with their own names."""

ID_PATTERN = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
_ID = re.compile(ID_PATTERN)
_CURRENCY = re.compile(r"[A-Z]{3}")


def new_id() -> str:
    """Return a new ULID: 26 letters and digits that sort by the time they were made."""
    return str(ULID())


def _in_utc(moment: datetime) -> datetime:
    moment = moment.astimezone(UTC)
    beyond = moment.microsecond % 1000
    return moment.replace(microsecond=moment.microsecond - beyond) if beyond else moment


def _known_language(tag: str) -> str:
    if tag not in LANGUAGES:
        known = ", ".join(f"{each} ({name})" for each, name in LANGUAGES.items())
        raise ValueError(f"there is no language {tag!r} here; known are {known}")
    return tag


Id = Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with its zone, kept in UTC to the millisecond."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Language = Annotated[str, AfterValidator(_known_language)]
MOST_SIGNS = 20_000
"""Of a text in one language."""
Words = Annotated[str, Field(min_length=1, max_length=MOST_SIGNS)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]
"""A day that a unit can mean: what lies further off is a slip of the pen."""


def _currency(code: str) -> str:
    if not _CURRENCY.fullmatch(code):
        raise ValueError(f"a currency is three capital letters, such as EUR; found {code!r}")
    return code


Currency = Annotated[str, AfterValidator(_currency)]


class Part(BaseModel):
    """Anything that is part of a record: frozen, and with no field that is not expected."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, revalidate_instances="always"
    )


class Text(RootModel[dict[Language, Words]]):
    """One text in one language or several.

    Examples
    --------
    >>> title = Text.of("Swabs are not sealed", "en").also("Brisevi nisu zapečaćeni", "bs")
    >>> title.best("sr-Latn"), title.best("sq")
    ('Brisevi nisu zapečaćeni', 'Swabs are not sealed')
    """

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.root:
            raise ValueError("a text needs words in at least one language")
        return self

    @classmethod
    def of(cls, words: str, language: str) -> Text:
        """Return a text in one language."""
        return cls.model_validate({language: words})

    @classmethod
    def joined(cls, texts: Sequence[Text]) -> Text | None:
        """Return several texts as one, in each language that any of them has, or None if there are none.

        Examples
        --------
        >>> Text.joined([Text.of("no numbers", "en"), Text.of("no seal", "en").also("pa vulë", "sq")]).root
        {'en': 'no numbers; no seal', 'sq': 'no numbers; pa vulë'}
        """
        tags = dict.fromkeys(tag for each in texts for tag in each.root)
        together = {tag: "; ".join(dict.fromkeys(each.best(tag) for each in texts))[:MOST_SIGNS] for tag in tags}
        return cls.model_validate(together) if together else None

    def also(self, words: str, language: str) -> Text:
        """Return the same text with, or with another wording in, one more language."""
        return type(self).model_validate({**self.root, language: words})

    def best(self, *languages: str) -> str:
        """Return the words in the first of these languages that there is, else in English, else in any.

        Serbian, Bosnian and Montenegrin in Latin letters stand in for each other before English does.
        """
        close = ("sr-Latn", "bs", "cnr") if {"sr-Latn", "bs", "cnr"} & set(languages) else ()
        for language in (*languages, *close, "en"):
            if language in self.root:
                return self.root[language]
        return next(iter(self.root.values()))


class Attachment(Part):
    """A file that a record cites: what it was called and what its bytes were."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    sha256: Sha256
    size: Annotated[int, Field(ge=0)]


class Deadline(NamedTuple):
    """A day by which something of a record must have happened.

    Attributes
    ----------
    what : str
        Such as ``"response"`` or ``"review"``.
    on : date
    owner : str
        Id of the person who has to see to it, or empty.
    """

    what: str
    on: date
    owner: str = ""


class Record(Part):
    """What all kinds of record have in common.

    Attributes
    ----------
    id : str
        ULID; never changes, in no copy and no export.
    ref : str
        Human reference such as ``NC-2026-014``; the store gives the next free one of the unit's series.
    unit, jurisdiction : str
        Code of the unit, such as ``AL-TIR``, and of its jurisdiction; the store fills in the latter.
    status : str
        State of the life cycle; only a step of it changes the status.
    version : int
        How often the record was written; 0 before the first time.
    created, updated : datetime
        Set by the store, UTC.
    labels : tuple of str

    Notes
    -----
    Subclasses say what `kind` they are, which fields are `BOOKKEEPING` (not part of what is said, so that changing
    them leaves links to the record unsuspected), which `STEP_FIELDS` only a step of the life cycle may set, and in
    which lists a merge keeps what each copy of a store added: those of the steps, and `UNITED`.
    """

    kind: ClassVar[str]
    BOOKKEEPING: ClassVar[frozenset[str]] = frozenset()
    STEP_FIELDS: ClassVar[frozenset[str]] = frozenset()
    UNITED: ClassVar[frozenset[str]] = frozenset()

    id: Id = Field(default_factory=new_id)
    ref: Annotated[str, Field(max_length=60, pattern=r"^[\w.@-]*$")] = ""
    unit: Annotated[str, Field(min_length=2, max_length=30, pattern=r"^[\w.-]+$")]
    jurisdiction: Annotated[str, Field(max_length=30)] = ""
    status: Annotated[str, Field(max_length=60)] = ""
    version: Annotated[int, Field(ge=0)] = 0
    created: Moment | None = None
    updated: Moment | None = None
    labels: tuple[str, ...] = ()

    def revised(self, **changes: Any) -> Self:
        """Return a copy with some fields changed and all of it checked again.

        Raises
        ------
        pydantic.ValidationError
            If the result is not a valid record.
        """
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate({**fields, **changes})

    def series(self, year: int) -> str:
        """Return what stands before the number in a new reference, such as ``"NC-2026-"``."""
        return f"{self.kind.upper()}-{year}-"

    def deadlines(self) -> tuple[Deadline, ...]:
        """Return the days by which something has to happen while the record is as it is."""
        return ()

    def headline(self) -> Text:
        """Return what the record is called in a list."""
        return Text.of(self.ref or self.kind, "en")

    def content(self) -> dict[str, Any]:
        """Return what the record says, as JSON values, without how it is kept.

        Of a `Link` it says what it points at, not which version was seen: confirming one changes nothing that
        others rely on.
        """
        bookkeeping = _KEEPING | self.BOOKKEEPING
        return {name: unseen(value) for name, value in plain(self).items() if name not in bookkeeping}

    def content_sha256(self) -> str:
        """Return the hash over what the record says; a link keeps it, to notice a change."""
        return sha256(canonical(self.content()))


_KEEPING = frozenset(Record.model_fields) - {"id"}


class Link(Part):
    """That one record relies on another, and what the other one said when it did.

    Attributes
    ----------
    target : str
        Id of the other record.
    seen : str
        Hash of what it said (`Record.content_sha256`) when the link was made or confirmed.
    version : int
        Its version then.
    note : str
    """

    target: Id
    seen: Sha256
    version: Annotated[int, Field(ge=1)]
    note: Annotated[str, Field(max_length=2000)] = ""


class Requirement(Part):
    """A requirement by source and clause; its text lives with the standards, not here.

    Attributes
    ----------
    source : str
        Such as ``"ISO/IEC 17020:2012"``.
    clause : str
        Always a text: ``"7.10"`` is not 7.1.
    seen : str
        Hash of the requirement's words when it was cited, or empty.
    """

    source: Annotated[str, Field(min_length=1, max_length=120)]
    clause: Annotated[str, Field(min_length=1, max_length=60, strict=True)]
    seen: Sha256 | Literal[""] = ""

    def __str__(self) -> str:
        return f"{self.source} {self.clause}"


def plain(record: BaseModel) -> dict[str, Any]:
    """Return a record as JSON values."""
    return record.model_dump(mode="json")


def unseen(value: Any) -> Any:
    """Return a JSON value whose links say what they point at and not which version of it was seen."""
    if isinstance(value, dict):
        link = value.keys() == Link.model_fields.keys()
        return {name: unseen(each) for name, each in value.items() if not (link and name in ("seen", "version"))}
    return [unseen(each) for each in value] if isinstance(value, list) else value


def canonical(value: Any) -> bytes:
    """Return the one way to write a JSON value (RFC 8785).

    Examples
    --------
    >>> canonical({"b": 1, "a": "č"}).decode()
    '{"a":"č","b":1}'
    """
    return rfc8785.dumps(value)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def is_id(value: object) -> bool:
    """Return whether a value is the id of a record."""
    return isinstance(value, str) and len(value) == 26 and _ID.fullmatch(value) is not None


def mentioned(value: Any) -> Iterator[str]:
    """Yield every id of a record that stands anywhere in a JSON value."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            if len(each) == 26 and is_id(each):
                yield each
        elif isinstance(each, dict):
            left += reversed(each.values())
        elif isinstance(each, list):
            left += reversed(each)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text that stands anywhere in a JSON value, names of fields left out."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from texts_in(each)
    elif isinstance(value, str):
        yield value


def attachments_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every attached file that is cited anywhere in a JSON value."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            if each.keys() == Attachment.model_fields.keys():
                yield each
            else:
                left += reversed(each.values())
        elif isinstance(each, list):
            left += reversed(each)
