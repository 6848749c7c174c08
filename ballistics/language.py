"""The one catalogue of everything that a report says in words, so that a translation can be added as one file.

English is the source: a text is looked up by its English wording. A translation is a gettext file
``ballistics/languages/<tag>.po``, or one in the folder that the environment variable ``BALLISTICS_LANGUAGES``
names; texts that it lacks stay English. Results, records and the talk of the terminal are English in any case.

Text that is made while a report is written goes through `gettext`. Text that is made earlier, such as a reason or
a warning, is a `Message`: English wherever it goes, and in the reader's language once `translated` puts it on a
page.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from ballistics.errors import OptionError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

SOURCE = "en"
OWN_FOLDER = "BALLISTICS_LANGUAGES"
TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?", re.IGNORECASE)

_active: ContextVar[tuple[str, Mapping[str, str]]] = ContextVar("language", default=(SOURCE, {}))


class Message(str):
    """An English text that remembers how it was made, so that a page can say it in its own language.

    Parameters
    ----------
    template : str
        English text with ``{name}`` fields, as the catalogue has it.
    **values
        What stands in the fields; a `Message` among them is translated with the whole.

    Examples
    --------
    >>> Message("{count} of {cells} cells", count=12, cells=30)
    '12 of 30 cells'
    """

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Message:
        """Write the English text."""
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template, made.values = template, values
        return made

    def filled(self, **values: object) -> Message:
        """Return the same text with values in its fields, for one that was kept in a table without them."""
        return Message(self.template, **values)


def gettext(text: str, /, **values: object) -> str:
    """Return a text in the active language, with ``{name}`` replaced by the values.

    Examples
    --------
    >>> gettext("{count} of {cells} cells", count=12, cells=30)
    '12 of 30 cells'
    """
    found = _active.get()[1].get(text, text)
    spoken = {name: translated(value) if isinstance(value, str) else value for name, value in values.items()}
    return found.format(**spoken) if values else found


def translated(text: str) -> str:
    """Return a `Message` in the active language; any other text comes back as it is."""
    return gettext(text.template, **text.values) if isinstance(text, Message) else text


def told(error: Exception) -> str:
    """Return what an error says: the `Message` that it was raised with, or its text."""
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Message) else str(error)


def joined(parts: Iterable[str], between: str = "; ") -> Message:
    """Return several texts as one, so that those of them that are messages can still be translated.

    Examples
    --------
    >>> joined(["no scan of land 2", "no scan of land 4"])
    'no scan of land 2; no scan of land 4'
    """
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Message(between.join(f"{{{name}}}" for name in values), **values)


def language() -> str:
    """Return the tag of the active language."""
    return _active.get()[0]


def languages() -> tuple[str, ...]:
    """Return the tags of all languages that reports can be written in.

    Raises
    ------
    OptionError
        If ``BALLISTICS_LANGUAGES`` names no folder that can be read.
    """
    return (SOURCE, *sorted(_translations()))


@contextmanager
def in_language(tag: str) -> Iterator[None]:
    """Write everything within in a language.

    Raises
    ------
    OptionError
        If there is no translation for the tag, or its file is broken.
    """
    token = _active.set((tag, _read(tag)))
    try:
        yield
    finally:
        _active.reset(token)


def _translations() -> dict[str, Traversable | Path]:
    """The files of the translations by their tags; one of a laboratory goes before a shipped one.

    A file whose name is no tag of a language is none.
    """
    from importlib.resources import files

    folders: list[Traversable | Path] = [files("ballistics").joinpath("languages")]
    if own := os.environ.get(OWN_FOLDER):
        folders.append(Path(own))
    found: dict[str, Traversable | Path] = {}
    for folder in folders:
        try:
            names = [each for each in folder.iterdir() if each.name.endswith(".po")]
        except OSError as error:
            raise OptionError(
                f"{OWN_FOLDER} names {folder}, which cannot be read ({error.strerror or error}); name a folder "
                "of translations such as sq.po, or unset it."
            ) from error
        tags = {each.name.removesuffix(".po"): each for each in names}
        found |= {tag: each for tag, each in tags.items() if TAG.fullmatch(tag)}
    found.pop(SOURCE, None)
    return found


def _read(tag: str) -> Mapping[str, str]:
    if tag == SOURCE:
        return {}
    if not TAG.fullmatch(tag):
        raise OptionError(
            f"{tag!r} is no tag of a language; give one such as en or sr-Cyrl, and name the file of a translation "
            "by it: sr-Cyrl.po."
        )
    known = _translations()
    if tag not in known:
        listed = ", ".join((SOURCE, *sorted(known)))
        raise OptionError(
            f"There is no translation for {tag!r}; reports can be written in: {listed}. "
            f"A folder of further ones can be named by {OWN_FOLDER}."
        )
    from ballistics.catalogue import read_translation

    return read_translation(known[tag])
