"""Ranges of conclusions: an examiner chooses, nothing derives."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import typing
from pathlib import Path

import pytest

import ballistics.evidence
from ballistics.errors import OptionError, SetError
from ballistics.evidence import conclusions
from ballistics.evidence.conclusions import (
    Conclusion,
    ExaminersConclusion,
    Vocabulary,
    choose,
    vocabularies,
    vocabulary,
)

SEEN = {"examiner": "A. Bee", "reasons": "class characteristics agree; see plates 3 and 4"}


def test_the_afte_range() -> None:
    afte = vocabulary("afte-1992")
    assert [each.code for each in afte.conclusions] == ["ID", "INC-A", "INC-B", "INC-C", "ELIM", "UNS"]
    assert afte.certainty == "certain"
    assert vocabulary("doj-ultr").certainty == "general knowledge"
    assert all(each.meaning for range_of in vocabularies().values() for each in range_of.conclusions)
    with pytest.raises(SetError, match="There are: afte-1992"):
        vocabulary("afte")


def test_an_examiner_chooses_with_reasons() -> None:
    found = choose("INC-C", **SEEN)
    assert (found.label, found.vocabulary, found.basis) == ("Inconclusive C", "afte-1992", None)
    assert ExaminersConclusion.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("field", ["examiner", "reasons"])
def test_no_conclusion_without_a_person_and_reasons(field: str) -> None:
    with pytest.raises(OptionError, match=f"{field} is empty"):
        choose("ID", **(SEEN | {field: "  "}))


def test_elimination_needs_a_basis_and_the_policy_decides_on_individual_characteristics() -> None:
    with pytest.raises(OptionError, match="needs a basis"):
        choose("ELIM", **SEEN)
    assert choose("ELIM", basis="class", **SEEN).basis == "class"
    with pytest.raises(OptionError, match="policy"):
        choose("ELIM", basis="individual", **SEEN)
    assert choose("ELIM", basis="individual", individual_eliminates=True, **SEEN).basis == "individual"
    with pytest.raises(OptionError, match="takes no basis"):
        choose("ID", basis="class", **SEEN)
    with pytest.raises(OptionError, match="has no conclusion 'id'; it has ID, INC-A"):
        choose("id", **SEEN)


def modules() -> list[str]:
    found = [each.name for each in pkgutil.iter_modules(ballistics.evidence.__path__, "ballistics.evidence.")]
    assert "ballistics.evidence.conclusions" in found
    return found


def imported(path: Path) -> set[str]:
    return {
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    }


def test_conclusions_and_likelihood_ratios_know_nothing_of_each_other() -> None:
    own = {name for name in imported(Path(conclusions.__file__)) if name.startswith("ballistics")}
    assert own == {"ballistics.errors"}
    for name in modules():
        if name != conclusions.__name__:
            path = Path(str(importlib.import_module(name).__file__))
            assert not {each for each in imported(path) if "conclusions" in each}, name


def test_no_function_takes_a_number_and_gives_a_conclusion() -> None:
    """No public function whose result is a conclusion takes anything but words and the policy."""
    allowed = {str, bool, conclusions.Basis | None}
    makers = []
    for name in modules():
        for function in vars(importlib.import_module(name)).values():
            if inspect.isfunction(function) and function.__module__ == name:
                types = typing.get_type_hints(function)
                if types.pop("return", None) in (Conclusion, ExaminersConclusion, Vocabulary):
                    makers.append(function.__name__)
                    assert set(types.values()) <= allowed, function.__name__
    assert sorted(makers) == ["choose", "vocabulary"]
    assert not {"log10_lr", "lr", "score"} & set(ExaminersConclusion.model_fields)
