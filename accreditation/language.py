"""Languages of checklists, drop-downs, reports and messages: what is translated, how well, and who reviewed it.

The English words are the keys. A language is a file ``locale/<tag>.po`` and is offered only when it has all of
them; Serbian in Cyrillic letters is written from the Latin one. Dates, numbers and plurals follow Babel.
"""

from __future__ import annotations

import io
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent

from accreditation.cyrillic import in_cyrillic
from accreditation.errors import UnknownError
from qms.lifecycle import Reason
from qms.record import LANGUAGES, Text

SOURCE = "en"
LOCALES = {"en": "en_GB", "sq": "sq", "sr-Latn": "sr_Latn", "sr-Cyrl": "sr_Cyrl", "bs": "bs_Latn", "mk": "mk"}
"""Babel's names of the languages that reports may have."""
WRITTEN_FROM = {"sr-Cyrl": "sr-Latn"}
NOT_REVIEWED = "machine draft, not reviewed by a native quality manager"
BETWEEN = " / "
"""What stands between two languages of one text."""


@dataclass(frozen=True, slots=True)
class LanguageState:
    """How far a language is.

    Attributes
    ----------
    tag, name : str
    keys, translated : int
        How many texts there are, and how many of them the language has.
    review : str
        Who reviewed it, or that nobody did.
    """

    tag: str
    name: str
    keys: int
    translated: int
    review: str

    @property
    def is_offered(self) -> bool:
        """Whether every text is translated."""
        return self.translated == self.keys

    def __str__(self) -> str:
        return f"{self.name} ({self.tag}): {100 * self.translated // max(self.keys, 1)} %, {self.review}"


class Words:
    """The words of one language, or of two beside each other; `words` makes one.

    Examples
    --------
    >>> say = words("en")
    >>> say("{done} of {all} requirements", done=3, all=9), say.day(date(2027, 3, 1))
    ('3 of 9 requirements', '1 Mar 2027')
    """

    def __init__(self, tags: tuple[str, ...]) -> None:
        self.tags = tags
        self._locale = Locale.parse(LOCALES[tags[0]])

    @property
    def tag(self) -> str:
        """The first, or only, language."""
        return self.tags[0]

    def __call__(self, source: str, /, **values: Any) -> str:
        """Return a text in the language, with its fields filled in.

        Values that are a `Text`, a date, a share of 1 (a float) or a `Reason` are written in the language too; a
        function is asked what it says in that language. Whatever else is put in is the same in both of two.
        """
        return self._beside(lambda one: one._single(source, values)) if source else ""

    def plural(self, one: str, many: str, n: int, **values: Any) -> str:
        """Return one of the forms of a text that counts something; ``{n}`` is the number.

        Examples
        --------
        >>> words("en").plural("{n} day left", "{n} days left", 1)
        '1 day left'
        """
        return self._beside(lambda each: each._counted(one, many, n, values))

    def reason(self, reason: Reason) -> str:
        """Return what a reason says."""
        return self(reason.template, **reason.values)

    def text(self, text: Text | None) -> str:
        """Return a text that people wrote, in the language or the nearest that there is."""
        return BETWEEN.join(dict.fromkeys(_in_tongue(text, tag) for tag in self.tags)) if text else ""

    def day(self, day: date | None) -> str:
        """Return a date as it is written in the language; a dash for none."""
        return format_date(day, format="medium", locale=self._locale) if day else "-"

    def percent(self, share: float | None) -> str:
        """Return a share of 1 in percent; a dash for none."""
        return format_percent(round(share, 2), locale=self._locale) if share is not None else "-"

    def number(self, value: float | Decimal | None, *, digits: int = 0) -> str:
        """Return a number with so many digits after the point; a dash for none."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, format=pattern, locale=self._locale) if value is not None else "-"

    def language(self, tag: str) -> str:
        """Return what a language is called in this one."""
        return str(Locale.parse(LOCALES[tag]).get_display_name(self._locale))

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount of money."""
        return format_currency(amount, currency, locale=self._locale)

    def _beside(self, write: Callable[[Words], str]) -> str:
        if len(self.tags) == 1:
            return write(self)
        return BETWEEN.join(dict.fromkeys(write(words(tag)) for tag in self.tags))

    def _single(self, source: str, values: Mapping[str, Any]) -> str:
        said = self._written(_translations(self.tag).gettext(source))
        return self._filled(said, values) if values else said

    def _counted(self, one: str, many: str, n: int, values: Mapping[str, Any]) -> str:
        said = self._written(_translations(self.tag).ngettext(one, many, n))
        return self._filled(said, {"n": self.number(n), **values})

    def _filled(self, said: str, values: Mapping[str, Any]) -> str:
        """Return a text with its fields filled in; a value that ends in a full stop needs no other."""
        told = {name: self._value(each) for name, each in values.items()}
        for name, value in told.items():
            if str(value).endswith("."):
                said = said.replace(f"{{{name}}}.", f"{{{name}}}")
        return said.format(**told)

    def _written(self, said: str) -> str:
        return in_cyrillic(said) if self.tag in WRITTEN_FROM else said

    def _value(self, value: Any) -> Any:
        if isinstance(value, Text):
            return _in_tongue(value, self.tag)
        if isinstance(value, Reason):
            return self._single(value.template, value.values)
        if isinstance(value, float):
            return self.percent(value)
        if callable(value):
            return value(self)
        return self.day(value) if isinstance(value, date) else value


def _in_tongue(text: Text, tag: str) -> str:
    latin = WRITTEN_FROM.get(tag)
    if latin in text.root and tag not in text.root:
        return in_cyrillic(text.root[str(latin)])
    return text.best(tag)


def offered() -> tuple[str, ...]:
    """Return the tags of the languages that are offered: those in which every text is there."""
    return tuple(each.tag for each in languages() if each.is_offered)


@cache
def words(*tags: str) -> Words:
    """Return the words of a language, or of two beside each other.

    Raises
    ------
    UnknownError
        If a language is not offered, with those that are.
    """
    for tag in tags:
        if tag not in offered():
            known = ", ".join(f"{each} ({LANGUAGES[each]})" for each in offered())
            why = f" It is only {state(tag)}." if tag in LOCALES else ""
            raise UnknownError(f"The language {tag!r} is not offered here.{why} There is {known}.")
    return Words(tags)


@cache
def languages() -> tuple[LanguageState, ...]:
    """Return how far each language is, English first."""
    return tuple(state(tag) for tag in LOCALES)


def state(tag: str) -> LanguageState:
    """Return how far one language is."""
    keys, name = source_texts(), LANGUAGES[tag]
    if tag == SOURCE:
        return LanguageState(tag, name, len(keys), len(keys), "the language that the texts are written in")
    catalog = _catalog(tag)
    review = _reviews().get(WRITTEN_FROM.get(tag, tag), NOT_REVIEWED)
    if tag in WRITTEN_FROM:
        review = f"{review}; letters by rule from {WRITTEN_FROM[tag]}"
    return LanguageState(tag, name, len(keys), sum(_is_translated(catalog, key) for key in keys), review)


@cache
def source_texts() -> tuple[Any, ...]:
    """Return every English text that is to be translated; a pair of forms where something is counted."""
    return tuple(each.id for each in _catalog(SOURCE) if each.id)


@cache
def _reviews() -> Mapping[str, str]:
    content = files("accreditation") / "locale" / "reviews.toml"
    return {tag: f"reviewed by {each}" for tag, each in tomllib.loads(content.read_text(encoding="utf-8")).items()}


def _is_translated(catalog: Catalog, key: Any) -> bool:
    message = catalog.get(key[0] if isinstance(key, tuple) else key)
    if message is None or message.fuzzy:
        return False
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


@cache
def _catalog(tag: str) -> Catalog:
    """Return the catalogue of a language, an empty one where there is no file."""
    tag = WRITTEN_FROM.get(tag, tag)
    place = files("accreditation") / "locale" / f"{tag}.po"
    if not place.is_file():
        return Catalog(locale=LOCALES[tag])
    with place.open("rb") as stream:
        return read_po(stream, locale=LOCALES[tag])


@cache
def _translations(tag: str) -> GNUTranslations:
    content = io.BytesIO()
    write_mo(content, Catalog(locale="en") if tag == SOURCE else _catalog(tag))
    content.seek(0)
    return GNUTranslations(content)
