"""Verbal scales: bands, their ends, the mirror below 1, and figures that never say more than the number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballistics.assessment_wording import scale_text
from ballistics.errors import EvidenceError, SetError
from ballistics.evidence.scales import VerbalScale, figure, verbal_scale, verbal_scales, words

ENFSI = [
    (1.0, "do not support"),
    (1.9, "do not support"),
    (2.0, "weak"),
    (9.99, "weak"),
    (10.0, "moderate"),
    (99.9, "moderate"),
    (100.0, "moderately strong"),
    (999.0, "moderately strong"),
    (1000.0, "strong"),
    (9999.0, "strong"),
    (10_000.0, "very strong"),
    (999_999.0, "very strong"),
    (1_000_000.0, "extremely strong"),
    (1e12, "extremely strong"),
]


@pytest.mark.parametrize(("lr", "start"), ENFSI)
def test_enfsi_bands_include_their_lower_end(lr: float, start: str) -> None:
    assert words(math.log10(lr), "enfsi-2015").words.startswith(start)


@pytest.mark.parametrize(
    ("scale", "lr", "expected"),
    [
        ("afsp-2009", 1.0, "do not support one proposition"),
        ("afsp-2009", 1.5, "weak or limited support"),
        ("afsp-2009", 10.0, "weak or limited support"),
        ("afsp-2009", 10.1, "moderate support"),
        ("swgdam-2018", 1.5, "uninformative"),
        ("swgdam-2018", 99.0, "limited support"),
        ("swgdam-2018", 100.0, "moderate support"),
        ("nfi", 2.0, "about equally probable"),
        ("nfi", 1e6, "far more probable"),
        ("nfi", 1.1e6, "extremely more probable"),
        ("nfc", 5.9, "level 0"),
        ("nfc", 6.0, "level 1 of 4"),
        ("nfc", 6000.0, "level 3 of 4"),
    ],
)
def test_other_scales_keep_their_own_convention(scale: str, lr: float, expected: str) -> None:
    assert words(math.log10(lr), scale).words == expected


@given(st.floats(-12, 12), st.sampled_from(sorted(verbal_scales())))
def test_below_one_everything_is_mirrored(log10_lr: float, scale: str) -> None:
    one, other = words(log10_lr, scale), words(-log10_lr, scale)
    assert one.words == other.words
    assert {one.favours, other.favours} in ({"same", "different"}, {"neither"})
    turned = words(-log10_lr, scale, same="B", different="A").sentence.partition(". ")[2]
    if one.favours != "neither":
        assert words(log10_lr, scale, same="A", different="B").sentence.partition(". ")[2] == turned


@given(st.floats(0, 12), st.floats(0, 12), st.sampled_from(sorted(verbal_scales())))
def test_a_larger_likelihood_ratio_never_has_weaker_words(one: float, two: float, scale: str) -> None:
    low, high = sorted((one, two))
    assert verbal_scale(scale).band(low) <= verbal_scale(scale).band(high)


def value(text: str) -> float:
    top, _, bottom = text.replace(",", "").partition("/")
    return float(top) / float(bottom or 1)


@given(st.floats(-12, 12))
def test_a_figure_never_overstates_and_keeps_its_band(log10_lr: float) -> None:
    shown = abs(math.log10(value(figure(log10_lr))))
    assert shown <= abs(log10_lr) + 1e-9
    assert shown > abs(log10_lr) - math.log10(1.1) - 1e-9
    assert verbal_scale("enfsi-2015").band(shown) == verbal_scale("enfsi-2015").band(log10_lr)


def test_the_number_stands_first_and_both_propositions_follow() -> None:
    said = words(-2.51, "enfsi-2015")
    assert said.sentence == (
        "The likelihood ratio is 1/320. The findings provide moderately strong support for the proposition that "
        "two different firearms made the marks rather than the proposition that the same firearm made both marks."
    )
    assert said.number == "1/320"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_no_words_for_what_is_no_finite_number(bad: float) -> None:
    with pytest.raises(EvidenceError, match="expected a finite number"):
        words(bad, "enfsi-2015")


def test_scales_name_their_source_certainty_and_convention() -> None:
    assert not any(scale.certainty == "certain" for scale in verbal_scales().values())
    for scale in verbal_scales().values():
        assert scale.source
        assert scale.boundary
    enfsi = verbal_scale("enfsi-2015")
    assert "not read" in enfsi.source
    assert words(1.0, enfsi).certainty == "secondary source"
    assert "from a secondary source, not checked" in scale_text(enfsi)
    with pytest.raises(SetError, match="There are: enfsi-2015"):
        verbal_scale("enfsi")


def test_bands_that_do_not_rise_are_refused() -> None:
    whole = verbal_scale("enfsi-2015").model_dump()
    for bands in (whole["bands"][1:], whole["bands"][::-1], [whole["bands"][0], whole["bands"][0]]):
        with pytest.raises(ValueError, match="expected rising numbers from 1"):
            VerbalScale.model_validate(whole | {"bands": bands})
