"""Parameter sets: named, checked, hashed."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ballistics.errors import SetError
from ballistics.parameters import ParameterSet, default_set, parameter_set, parameter_sets

RELEASED = {
    "breech-face-2026": "5dd16329a561",
    "firing-pin-2026": "2cdc98e52386",
}


def test_every_shipped_set_loads_and_names_its_source() -> None:
    for name, chosen in parameter_sets().items():
        assert chosen.name == name
        assert len(chosen.source) > 20
        assert len(chosen.hash) == 64


def test_sets_that_differ_have_different_hashes() -> None:
    hashes = [chosen.hash for chosen in parameter_sets().values()]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(("name", "start"), RELEASED.items())
def test_a_released_set_never_changes(name: str, start: str) -> None:
    assert parameter_set(name).hash.startswith(start)


def test_the_hash_is_of_the_values_alone() -> None:
    chosen = default_set("breech face")
    assert chosen.model_copy(update={"name": "x", "source": "y"}).hash == chosen.hash
    assert chosen.exhaustive().hash != chosen.hash


@pytest.mark.parametrize(
    ("name", "shift_um", "angle_deg", "correlation"),
    [
        ("song2014", 20 * 6.25, 6.0, 0.60),
        ("tong2014", 30 * 6.25, 3.0, 0.25),
        ("tong2015", 15 * 6.25, 3.0, 0.55),
        ("chen2017", 20 * 6.25, 3.0, 0.40),
        ("song2018", 20 * 6.25, 6.0, 0.50),
    ],
)
def test_thresholds_of_the_literature(name: str, shift_um: float, angle_deg: float, correlation: float) -> None:
    chosen = parameter_set(name)
    rule = chosen.rules[chosen.score]
    assert (rule.shift_um, rule.angle_deg, rule.correlation) == (shift_um, angle_deg, correlation)
    assert chosen.search.method == "exhaustive"


def test_an_unknown_set_or_mark_is_named_with_those_that_exist() -> None:
    with pytest.raises(SetError, match="song2018"):
        parameter_set("song1918")
    with pytest.raises(SetError, match="firing pin"):
        default_set("headstamp")


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("preparation", {"short_um": 500.0}),
        ("preparation", {"pixel_um": 20.0}),
        ("preparation", {"form": "polynomial"}),
        ("preparation", {"clip": -1.0}),
        ("cells", {"min_fill": 1.5}),
        ("pose", {"candidates": 0}),
        ("search", {"method": "guess"}),
    ],
)
def test_values_out_of_range_are_refused(part: str, change: dict[str, object]) -> None:
    values = default_set("breech face").model_dump()
    values[part] |= change
    with pytest.raises(ValidationError):
        ParameterSet.model_validate(values)


def test_the_score_must_be_one_of_the_rules() -> None:
    values = default_set("breech face").model_dump() | {"score": "verdict"}
    with pytest.raises(ValidationError, match="verdict"):
        ParameterSet.model_validate(values)
