"""Languages: every text is there or the language is not offered, fields and plurals hold, letters are right."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from hypothesis import given
from hypothesis import strategies as st

from accreditation import language
from accreditation.cyrillic import in_cyrillic, in_latin
from accreditation.errors import UnknownError
from accreditation.language import LOCALES, WRITTEN_FROM, Words, languages, source_texts, state, words
from accreditation.translations import gathered
from qms.record import Text

TRANSLATED = [tag for tag in LOCALES if tag not in ("en", *WRITTEN_FROM)]
LETTERS = {"sq": "ëç", "sr-Latn": "čćšžđ", "bs": "čćšžđ", "mk": "ѓќљњџ"}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def messages(tag: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    told = []
    for each in language._catalog(tag):
        if each.id:
            keys = each.id if isinstance(each.id, tuple) else (each.id,)
            said = each.string if isinstance(each.string, tuple) else (each.string,)
            told.append((keys, tuple(said)))
    return told


def test_list_of_texts_is_what_the_standards_and_the_code_say() -> None:
    listed = {str(each) for each in source_texts()}
    assert listed == {str(each.id) for each in gathered() if each.id}, "run python -m accreditation.translations"


def test_no_text_stands_inside_another_string() -> None:
    package = Path(language.__file__).parent
    hidden = re.compile(r"\{say(?:\.plural)?\(['\"]")
    assert not [each.name for each in package.rglob("*.py") if hidden.search(each.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("tag", TRANSLATED)
def test_language_has_every_text(tag: str) -> None:
    told = state(tag)
    empty = [keys[0] for keys, said in messages(tag) if not all(said)]
    assert told.is_offered, f"{len(empty)} texts are missing, such as {empty[:3]}"


@pytest.mark.parametrize("tag", TRANSLATED)
def test_fields_of_a_text_are_those_of_the_english_one(tag: str) -> None:
    wrong = [
        keys[0]
        for keys, said in messages(tag)
        for each in said
        if each and fields(each) - {"n"} != fields(keys[-1]) - {"n"}
    ]
    assert not wrong


@pytest.mark.parametrize("tag", TRANSLATED)
def test_letters_are_those_of_the_language(tag: str) -> None:
    text = " ".join(each for _, said in messages(tag) for each in said)
    assert all(letter in text for letter in LETTERS[tag])
    if tag == "mk":
        assert not re.search("[ЂЋЙЪЬЮЯђћйъьюя]", text)
    else:
        assert not re.search("[Ѐ-ӿ]", text)


def test_language_that_is_not_complete_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_catalog", lambda tag: Catalog(locale=LOCALES[tag]))
    monkeypatch.setattr(language, "source_texts", lambda: ("Scope", "Clause"))
    told = state("sq")
    assert (told.keys, told.translated, told.is_offered) == (2, 0, False)
    assert str(told) == "shqip (sq): 0 %, machine draft, not reviewed by a native quality manager"


def test_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownError, match=r"'de' is not offered here\. There is en \(English\)"):
        words("de")


@pytest.mark.parametrize(
    ("tag", "day", "share"),
    [
        ("en", "1 Mar 2027", "62%"),
        ("sq", "1 mar 2027", "62%"),
        ("sr-Latn", "1. 3. 2027.", "62%"),
        ("sr-Cyrl", "1. 3. 2027.", "62%"),
        ("mk", "1.3.2027 г.", "62 %"),
    ],
)
def test_dates_and_shares_follow_the_language(tag: str, day: str, share: str) -> None:
    say = Words((tag,))
    assert say.day(date(2027, 3, 1)).replace("\u202f", " ") == day
    assert say.percent(0.62).replace("\u00a0", " ") == share
    assert (say.day(None), say.percent(None), say.number(None)) == ("-", "-", "-")


@pytest.mark.parametrize("tag", [each.tag for each in languages() if each.is_offered])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 11, 21, 22, 101, 1000])
def test_plural_has_a_form_for_every_number(tag: str, n: int) -> None:
    told = Words((tag,)).plural("{n} day is left for {source}.", "{n} days are left for {source}.", n, source="X")
    assert "X" in told
    assert str(n)[0] in told
    assert "{" not in told


def test_serbian_plural_has_three_forms() -> None:
    say = Words(("sr-Latn",))
    one, many = "{n} day is left for {source}.", "{n} days are left for {source}."
    told = {re.sub(r"\d", "", say.plural(one, many, n, source="")) for n in (1, 2, 5)}
    assert len(told) >= 2


def test_texts_of_people_come_in_the_nearest_language() -> None:
    text = Text.of("No numbers", "en").also("Bez brojeva na kesama", "sr-Latn")
    assert Words(("sr-Cyrl",)).text(text) == "Без бројева на кесама"
    assert Words(("bs",)).text(text) == "Bez brojeva na kesama"
    assert Words(("sq",)).text(text) == "No numbers"
    assert Words(("en", "sr-Latn")).text(text) == "No numbers / Bez brojeva na kesama"
    assert Words(("en", "sq")).text(text) == "No numbers", "the same words are not said twice"
    assert Words(("en",)).text(None) == ""
    assert Words(("sq",))("") == ""


LATIN = "abcčćdđefghijklmnoprsštuvzž"


@given(st.text(alphabet=LATIN + LATIN.upper() + " .,", max_size=60))
def test_cyrillic_reads_back(latin: str) -> None:
    once = in_cyrillic(latin)
    assert in_cyrillic(in_latin(once)) == once


@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [
        ("Ljubav, Njegoš, DŽEP", "Љубав, Његош, DŽEP"),
        ("nadživeti injekciju", "надживети инјекцију"),
        ("Tip A, B i C", "Тип A, B и C"),
        ("A da li je?", "А да ли је?"),
        ("{count} nalaza po ISO/IEC 17020:2012, tačka 7.2.1", "{count} налаза по ISO/IEC 17020:2012, тачка 7.2.1"),
        ("uzorci DNK i 3D snimci", "узорци ДНК и 3D снимци"),
    ],
)
def test_what_stays_latin_stays(latin: str, cyrillic: str) -> None:
    assert in_cyrillic(latin) == cyrillic
