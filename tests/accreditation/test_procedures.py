"""Candidates: how often they are right, that scripts make no difference, and what they rest on."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accreditation.cyrillic import in_cyrillic
from accreditation.errors import UnknownError
from accreditation.language import Words, words
from accreditation.procedures.candidates import Candidate, candidates, suggestions
from accreditation.procedures.elements import Element, elements, words_near
from accreditation.procedures.glossary import glossary
from accreditation.procedures.procedure import Procedure, read_procedure
from accreditation.procedures.spelling import spelled, spellings
from accreditation.procedures.tongue import tongue_of
from accreditation.standards import standard
from benchmarks.procedures import LANGUAGES, labelled, ranking
from qms.sections import Section

SOP = standard("sop-elements")
SERBIAN = elements(SOP, "sr-Latn", say=Words(("sr-Latn",)))
VOCABULARY = sorted({each for one in labelled("sr-Latn").procedures[:4] for each in one.sections[0].text.split()})


@pytest.mark.parametrize(
    ("language", "asked_in", "with_glossary", "recall", "any_of_them", "precision"),
    [
        ("en", "en", True, 0.92, 0.97, 0.35),
        ("sq", "sq", True, 0.90, 0.95, 0.35),
        ("sr-Latn", "sr-Latn", True, 0.90, 0.94, 0.34),
        ("sq", "en", True, 0.90, 0.95, 0.34),
        ("sr-Latn", "en", True, 0.84, 0.90, 0.31),
    ],
)
def test_right_elements_are_among_the_first_three(
    language: str, asked_in: str, with_glossary: bool, recall: float, any_of_them: float, precision: float
) -> None:
    found = ranking(language, asked_in=asked_in, with_glossary=with_glossary)
    assert len(found.labels) >= 60
    assert found.recall(3) >= recall
    assert found.any(3) >= any_of_them
    assert found.precision(3) >= precision


def test_glossary_is_what_bridges_languages() -> None:
    with_it, without = (ranking("sq", asked_in="en", with_glossary=each).recall(3) for each in (True, False))
    assert with_it > without + 0.3


def procedure(language: str, *texts: str, title: str = "") -> Procedure:
    sections = tuple(Section(number=str(n), text=each) for n, each in enumerate(texts, start=1))
    return Procedure(title=title, language=language, sections=sections)


def told(found: tuple[Candidate, ...]) -> list[tuple[str, str, int, float]]:
    return [(each.section.number, each.element.clause.id, each.rank, each.score) for each in found]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=25), min_size=1, max_size=3))
def test_script_makes_no_difference(texts: list[list[str]]) -> None:
    latin = procedure("sr-Latn", *map(" ".join, texts))
    cyrillic = procedure("sr-Cyrl", *(in_cyrillic(" ".join(each)) for each in texts))
    ours, theirs = candidates([latin], SERBIAN[:9]), candidates([cyrillic], SERBIAN[:9])
    assert told(ours) == told(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert [(spelled(each.said), each.share) for each in one.matches] == [
            (spelled(each.said), each.share) for each in other.matches
        ]


def test_labelled_procedures_have_the_same_candidates_in_cyrillic() -> None:
    latin = labelled("sr-Latn").procedures[:3]
    cyrillic = [
        Procedure(
            title=in_cyrillic(each.title),
            language="sr-Cyrl",
            sections=tuple(
                Section(number=s.number, heading=in_cyrillic(s.heading), text=in_cyrillic(s.text))
                for s in each.sections
            ),
        )
        for each in latin
    ]
    among = [
        Element(
            clause=each.clause,
            title=in_cyrillic(each.title),
            text=in_cyrillic(each.text),
            pivot=in_cyrillic(each.pivot),
        )
        for each in SERBIAN
    ]
    assert told(candidates(latin, SERBIAN)) == told(candidates(cyrillic, among))


@given(st.text(max_size=40))
def test_spelling_is_stable(text: str) -> None:
    assert spelled(text.upper().lower()) == spelled(text.upper().lower().casefold())
    assert spellings(text)[0] == spelled(text)
    assert len(spellings(text)) in (1, 2)


def test_composed_and_decomposed_letters_are_one() -> None:
    assert spelled("z\u030crtva") == spelled("\u017ertva")
    assert spellings("z\u030crtva")[1] == "zrtva"


def test_text_without_diacritics_finds_the_same_first_element() -> None:
    with_them = procedure("sq", "Kontaminimi: veshje mbrojtëse dhe doreza njëpërdorimshe, mostra eliminimi")
    without = procedure("sq", "Kontaminimi: veshje mbrojtese dhe doreza njeperdorimshe, mostra eliminimi")
    among = elements(SOP, "sq", say=Words(("sq",)))
    firsts = [candidates([each], among, top=1)[0].element.clause.id for each in (with_them, without)]
    assert firsts == ["SOP-05", "SOP-05"]


def test_candidates_show_the_words_they_rest_on() -> None:
    sop = procedure("en", "Gloves are changed between items and decontamination is recorded.", "Office hours.")
    first, *_ = candidates([sop], elements(SOP, "en"))
    assert (first.element.clause.id, first.rank) == ("SOP-05", 1)
    assert {"Gloves", "decontamination"} <= {each.said for each in first.matches}
    shares = [each.share for each in first.matches]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1.001
    assert "Gloves ~ gloves" in str(first)


def test_ranks_scores_and_numbers_are_in_order() -> None:
    found = candidates(labelled("en").procedures[:2], elements(SOP, "en"), top=4)
    for before, after in pairwise(found):
        assert after.rank == 1 or (after.rank == before.rank + 1 and after.score <= before.score)
    assert all(0 < each.score <= 1 for each in found)


def test_nothing_to_compare_gives_no_candidates() -> None:
    among = elements(SOP, "en")
    assert candidates([], among) == ()
    assert candidates([procedure("en")], among) == ()
    assert candidates([procedure("en", "Seal")], ()) == ()
    assert candidates([procedure("en", "42"), procedure("en")], among) == ()


def test_documents_of_several_languages_are_compared_each_in_its_own() -> None:
    found = suggestions(
        [
            procedure("sq", "Zinxhiri i ruajtjes, dorëzohet dhe merr në dorëzim"),
            procedure("en", "Chain of custody"),
        ],
        SOP,
        top=1,
    )
    assert [(each.procedure.language, each.element.clause.id) for each in found] == [
        ("en", "SOP-15"),
        ("sq", "SOP-15"),
    ]


def test_language_that_is_not_offered_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accreditation.procedures.elements.offered", lambda: ())
    assert words_near("sq").tag == "en"
    assert elements(SOP, "cnr")[0].pivot == elements(SOP, "bs")[0].pivot
    assert elements(SOP, "cnr")[0].title == words("en")("Call-out and tasking")


def test_every_entry_of_the_glossary_is_of_an_element_and_has_every_language() -> None:
    for entry in glossary():
        assert any(entry.is_of(clause) for clause in SOP.leaves()), entry.term
        for language in ("en", "sq", "sr-Latn", "sr-Cyrl", "bs", "cnr", "mk"):
            assert entry.words(language), (entry.term, language)
    assert all(any(entry.is_of(clause) for entry in glossary()) for clause in SOP.leaves())


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_of_a_procedure_is_told(language: str) -> None:
    guesses = [
        getattr(tongue_of(" ".join(s.text for s in each.sections)), "language", "")
        for each in labelled(language).procedures
    ]
    assert set(guesses) <= {language, ""}
    assert guesses.count(language) >= 0.9 * len(guesses)


def test_macedonian_and_cyrillic_serbian_are_told_apart() -> None:
    clauses = SOP.leaves()
    for language in ("mk", "sr-Cyrl"):
        say = Words((language,))
        guess = tongue_of(" ".join(say(each.asks) for each in clauses))
        assert guess
        assert getattr(guess, "language", "") == language


def test_bosnian_is_told_by_its_words() -> None:
    text = "Izvještaj se piše prije nego što se napusti mjesto, a naljepnica je na vrećici i da se ne ošteti."
    assert getattr(tongue_of(text), "language", "") == "bs"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "few-words"),
        ("Seal 4.2", "few-words"),
        (
            "the bag is in the room and it is on the shelf " + "të tij është në dhomë dhe një për të që nga me",
            "two",
        ),
        ("Kada je sve gotovo i da se ne zaboravi, treba da se potpisuje na kraju", "serbian-or-bosnian"),
    ],
)
def test_language_that_cannot_be_told_is_a_falsy_value_with_reasons(text: str, code: str) -> None:
    guess = tongue_of(text)
    assert not guess
    assert [each.code.startswith(code) for each in getattr(guess, "reasons", ())] == [True]


def test_file_is_read_with_its_language(tmp_path: Path) -> None:
    place = tmp_path / "SOP-007.md"
    place.write_text("# 1 Sealing\n\nThe bag is sealed at the scene and it is signed by the examiner.\n", "utf-8")
    read = read_procedure(place)
    assert (read.title, read.language, [each.heading for each in read.sections]) == ("SOP-007", "en", ["Sealing"])
    assert suggestions([read], SOP, top=1)[0].element.clause.id == "SOP-14"
    place.write_text("# 1 X\n\n4.2 kg\n", "utf-8")
    with pytest.raises(UnknownError, match=r"language of SOP-007\.md cannot be told"):
        read_procedure(place)
    assert read_procedure(place, language="mk").language == "mk"
