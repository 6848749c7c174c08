"""Profiles: what belongs to a checklist, and what is refused in plain words."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from accreditation.assessments.profile import Checklist, Profile
from accreditation.clauses import Clause
from accreditation.errors import CatalogueError, UnknownError
from accreditation.standards import Standard
from qms.record import Attachment


def made(**fields: object) -> Checklist:
    return Checklist.of(Profile.model_validate({"name": "Baseline", "standards": ("iso17020-2012",), **fields}))


def test_every_requirement_is_there_once() -> None:
    keys = [each.key for each in made(standards=("iso17020-2012", "sop-elements")).items]
    assert len(keys) == len(set(keys)) == 116 + 35


def test_sections_hold_every_item_once() -> None:
    checklist = made(standards=("iso17020-2012", "sop-elements"))
    told = [item.key for _, _, items in checklist.sections() for item in items]
    assert sorted(told) == sorted(item.key for item in checklist.items)
    tops = [clause.id if clause else None for _, clause, _ in checklist.sections()]
    assert tops[:5] == ["4", "5", "6", "7", "8"]


def test_exclusion_takes_all_below() -> None:
    checklist = made(excluded=({"standard": "iso17020-2012", "clause": "6.3", "why": "nothing is subcontracted"},))
    assert len(checklist.items) == 112
    with pytest.raises(UnknownError, match=r"no requirement '6\.3\.1'"):
        checklist.item("6.3.1")


def test_weights_and_questions_of_its_own() -> None:
    own = Clause(id="Q1", order=1, title="Night duty", question="Is the night duty staffed?", weight=2)
    checklist = made(weights={"iso17020-2012:6.1.5": 1}, added=(own,))
    assert checklist.item("6.1.5").weight == 1
    assert checklist.item("Q1").key == "added:Q1"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"weights": {"iso17020-2012:9.9": 1}}, "weighs iso17020-2012:9.9"),
        (
            {"excluded": ({"standard": "iso17020-2012", "clause": "9.9", "why": "-"},)},
            "excludes iso17020-2012 9.9",
        ),
        ({"independence": ({"activity": "scenes", "type": "D"},)}, "claims type D; these editions know A, B, C"),
    ],
)
def test_what_does_not_fit_the_standards_is_named(fields: dict[str, object], words: str) -> None:
    with pytest.raises(CatalogueError, match=words):
        made(**fields)


def test_two_independence_types_for_one_activity_are_refused() -> None:
    claims = ({"activity": "Scene examination", "type": "A"}, {"activity": "scene examination", "type": "C"})
    with pytest.raises(ValidationError, match="claims type A and type C"):
        made(independence=claims)
    different = ({"activity": "Scene examination", "type": "A"}, {"activity": "Bullet recovery", "type": "C"})
    assert len(made(independence=different).profile.independence) == 2


def test_clause_as_a_number_is_refused() -> None:
    with pytest.raises(UnknownError, match=r"'7\.10' is not 7\.1"):
        made().item(7.1)  # type: ignore[arg-type]


def test_heading_and_ambiguous_clause_are_explained() -> None:
    with pytest.raises(UnknownError, match=r"It is a heading; judge iso17020-2012:6\.1\.1"):
        made().item("6.1")
    twin = Standard(
        key="law",
        source="Law",
        title="Law",
        requirements=(Clause(id="4.1.1", order=1, title="Same number", question="Is it so?"),),
    )
    profile = Profile(name="Both", standards=("iso17020-2012", "law"))
    checklist = Checklist.of(profile, {"law": twin})
    with pytest.raises(UnknownError, match=r"iso17020-2012:4\.1\.1 or law:4\.1\.1"):
        checklist.item("4.1.1")
    with pytest.raises(UnknownError, match="There is no standard 'law'"):
        Checklist.of(profile)


def test_a_catalogue_without_gates_is_warned_of() -> None:
    def warned(*, gate: bool) -> set[str]:
        clause = Clause(id="1", order=1, title="Number", question="Is it so?", gate=gate)
        law = Standard(key="law", source="Law", title="Law", requirements=(clause,))
        kept = Attachment(name="law.json", sha256="0" * 64, size=1)
        profile = Profile(name="Law", standards=("law",), catalogues={"law": kept})
        return {each.code for each in Checklist.of(profile, {"law": law}).warnings(on=date(2027, 1, 1))}

    assert warned(gate=False) == {"catalogue-without-gates"}
    assert warned(gate=True) == set()


def test_edition_is_warned_of() -> None:
    codes = {each.code for each in made().warnings(on=date(2029, 3, 28))}
    assert codes == {"edition-not-recognised"}
    assert not list(made().warnings(on=date(2029, 3, 27)))
    themes = made(standards=("iso17020-2026",))
    assert {each.code for each in themes.warnings(on=date(2027, 1, 1))} == {"edition-without-clauses"}
