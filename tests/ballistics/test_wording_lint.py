"""The check of report sentences: what turns the conditional round is found, what does not is left alone."""

from __future__ import annotations

import ast
import time
from importlib.resources import files
from pathlib import Path

import pytest

from ballistics.errors import SetError
from ballistics.evidence.scales import verbal_scales, words
from ballistics.evidence.wording_lint import transposed_conditionals

ROOT = Path(__file__).parents[2]

BAD = [
    "The probability that the gun fired the cartridge is 99 %.",
    "The probability that the gun fired the cartridge is very high.",
    "The probability that the seized pistol fired the bullet given these findings is 0.999.",
    "Given these findings the probability that the gun fired the cartridge case is 99 %.",
    "In view of the score, the chance that the same firearm made both marks is 1,000 to 1.",
    "I am 99.9 % certain that the pistol fired both bullets.",
    "We are 99 percent sure.",
    "The marks were likely made by the same firearm.",
    "It is likely the same firearm.",
    "Most likely the same gun was used.",
    "It is 320 times more likely that the same firearm made both marks than that two different ones did.",
    "It is 320 times more probable that\nthe bullets were fired\nfrom the same barrel.",
    "The cartridge case is 320 times more likely to have been fired in the seized pistol than in another one.",
    "The bullet was probably fired from the Glock.",
    "The seized pistol is most probably the source of the bullet.",
    "The same-source proposition is 320 times more likely than the other.",
    "H1 is 320 times more probable than H2.",
    "The proposition that one firearm made both marks is very probable.",
    "The posterior odds are 1,000 to 1.",
    "With even prior odds, the posterior probability is 0.999.",
    "There is only a 1 in 1,000 chance that another firearm made the mark.",
    "It is unlikely that a different pistol fired this case.",
    "The odds are 1,000 to 1 that the same gun fired both.",
    "The likelihood of a common source is high.",
    "It is certain to a reasonable degree of scientific certainty that both match.",
    "The bullet was fired by this gun to the exclusion of all other firearms.",
    "No other firearm could have made these marks.",
    "The exhibits match with practical certainty.",
    "The likelihood ratio of 320 means that the probability of the same source is 99.7 %.",
    "A score this high means it is almost certain that one gun fired both cartridge cases.",
    "The chance of the same firearm having made both marks is large.",
    "The LR shows a high probability that the questioned bullet came from the suspect's rifle.",
    "There is a 99 % chance the same gun was used.",
    "It is more likely than not that this pistol was used.",
    "We conclude with high confidence that both cases were fired in one pistol.",
    "The two bullets almost certainly share a source.",
    "The evidence makes it probable that the barrel is the same.",
    "Both were, in all likelihood, fired by the same pistol.",
    "There is a probability of 0.99 that they match.",
    "The pistol likely fired the shot.",
]

GOOD = [
    "The likelihood ratio is 320 (90 % interval 150 to 610).",
    "The score is about 320 times more probable if the same firearm made both marks than if two different "
    "firearms made them, both of the kind in the population (Glock pistols).",
    "The findings are far more probable if the same firearm made both marks than if two different firearms did.",
    "The findings provide strong support for the proposition that the same firearm made both marks rather than "
    "the proposition that two different firearms made them.",
    "The probability of a score this high is 0.9 if one firearm made both marks.",
    "The probability of the findings given that the same firearm fired both is larger than the probability of "
    "the findings given that different firearms did.",
    "Under the proposition that the same gun fired both cartridge cases, a count of 18 or more is likely.",
    "If the proposition H1 is true, the score is 320 times more probable than if H2 is true.",
    "The score is more probable under H1 than under H2.",
    "The chance that a different firearm would give so high a score is 1 in 1,000.",
    "The 90 % confidence interval is 150 to 610.",
    "The posterior odds are a matter for the court.",
    "This is not the probability that the same firearm made both marks.",
    "It says neither how probable it is that one firearm fired both nor who fired it.",
    "Identification: the examiner holds the marks to be of one firearm.",
    "The cartridge cases were fired from the seized pistol for comparison.",
    "Most known matches scored above 10, and no known non-match did.",
    "The pistol was recovered on 3 May; two test shots were fired.",
    "The likelihood ratio says how much more probable the findings are under one proposition than the other.",
    "It is possible that the marks were damaged by cleaning.",
    "The marks were probably damaged by corrosion.",
    "The reference population holds pairs of marks made by the same firearm and by different firearms.",
    "A firearm was probably present.",
    "The score was likely lowered by damage to the mark made by the ejector.",
    "Automated ballistic identification needs an instrument.",
    "The probability of a coincidental score of 0.9 is low if two different firearms made the marks.",
]


@pytest.mark.parametrize("sentence", BAD)
def test_finds_a_turned_conditional(sentence: str) -> None:
    assert transposed_conditionals(sentence)


@pytest.mark.parametrize("sentence", GOOD)
def test_leaves_findings_given_propositions_alone(sentence: str) -> None:
    assert transposed_conditionals(sentence) == ()


def texts(path: Path) -> list[str]:
    """Every text in a module, docstrings too; one in parts as the reader sees it."""
    return [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
    ]


def project_wording() -> list[Path]:
    folder = ROOT / "ballistics"
    found = sorted(folder.rglob("*wording.py"))
    assert len(found) >= 3
    return [*found, *sorted(folder.rglob("*report*.py")), folder / "evidence" / "weight.py"]


@pytest.mark.parametrize("path", project_wording(), ids=lambda path: path.stem)
def test_no_false_alarm_on_the_projects_own_wording(path: Path) -> None:
    assert [found for text in texts(path) for found in transposed_conditionals(text)] == []


@pytest.mark.parametrize("path", ["docs/guide.md", "docs/numbers.md", "README.md"])
def test_no_false_alarm_on_the_guides(path: str) -> None:
    assert transposed_conditionals((ROOT / path).read_text(encoding="utf-8")) == ()


@pytest.mark.parametrize("name", list(verbal_scales()))
@pytest.mark.parametrize("log10_lr", [-7.0, -2.5, -0.5, 0.0, 0.1, 1.5, 3.5, 5.0, 8.0])
def test_no_verbal_scale_turns_the_conditional(name: str, log10_lr: float) -> None:
    assert transposed_conditionals(words(log10_lr, name).sentence) == ()


def test_says_where_and_why() -> None:
    text = "Two marks were compared. The bullet was probably fired from the Glock. That is all."
    (found,) = transposed_conditionals(text)
    assert text[found.start :].startswith(found.words)
    assert found.sentence == "The bullet was probably fired from the Glock."
    assert found.why
    assert found.instead


def test_one_bad_sentence_among_good_ones_is_found_and_no_other() -> None:
    text = " ".join([*GOOD[:8], BAD[10], *GOOD[8:]])
    assert {found.sentence for found in transposed_conditionals(text)} == {BAD[10]}


def test_a_language_without_patterns_is_refused() -> None:
    with pytest.raises(SetError, match="There are: en"):
        transposed_conditionals("text", language="xx")


def test_patterns_are_data() -> None:
    assert files("ballistics.evidence").joinpath("wording_lint.toml").is_file()
    assert transposed_conditionals("") == ()


@pytest.mark.parametrize(
    "words",
    [
        "the score of the pair ",
        "given the probability that under one likely pistol ",
        "if the marks ",
        "if the same gun fired ",
        "the probability of ",
        "the marks and cases of two pistols made by ",
        "given the gun the probability is likely that a finding is ",
        "likely that ",
        "the gun is ",
        "not how the ",
        "a",
    ],
)
def test_the_time_grows_with_the_length_and_not_with_its_square(words: str) -> None:
    """A hundred thousand characters without a full stop; a search from every word to the end takes minutes."""
    text = words * (100_000 // len(words))
    began = time.process_time()
    transposed_conditionals(text)
    assert time.process_time() - began < 3


def test_what_lies_far_apart_in_a_long_sentence_is_found() -> None:
    filler = "as it was seen on a day in May " * 300
    (found,) = transposed_conditionals(f"The probability {filler}that the pistol fired the bullet is high.")
    assert found.name == "probability of a proposition"
    assert len(found.words) > len(filler)
    for between in ("if ", "; "):
        assert not transposed_conditionals(f"The probability of it {filler}{between}one pistol fired the bullet.")


def test_what_is_allowed_is_taken_out_as_often_as_it_stands() -> None:
    given = "the score is probable if the same firearm made both marks, "
    assert transposed_conditionals(given * 50 + "and that is all.") == ()
    (found,) = transposed_conditionals(given * 50 + "so the same gun is likely.")
    assert found.start > 50 * len(given)
