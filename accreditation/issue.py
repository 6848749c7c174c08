"""Issues: what stands in the way of a unit, as values with a level, a clause, a reason and what to do.

Their kinds are data, in ``data/issues.toml``. A blocker means "not ready", whatever the score; a warning is what
an assessor will ask about; a note is worth knowing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from accreditation.assessments.profile import Item
from accreditation.clauses import Line
from accreditation.language import Words
from qms.lifecycle import Reason
from qms.record import Part

Level = Literal["blocker", "warning", "note"]
LEVELS: tuple[Level, ...] = ("blocker", "warning", "note")


class IssueKind(Part):
    """A kind of issue: its level, and what it says and asks for as templates."""

    level: Level
    why: Line
    what_to_do: Line


@cache
def issue_kinds() -> Mapping[str, IssueKind]:
    """Return every kind of issue by its code.

    Examples
    --------
    >>> issue_kinds()["audit-missing"].level
    'blocker'
    """
    content = files("accreditation") / "data" / "issues.toml"
    table = tomllib.loads(content.read_text(encoding="utf-8"))
    return {code: IssueKind.model_validate(each) for code, each in table.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing that stands in the way.

    Attributes
    ----------
    level : str
        ``"blocker"``, ``"warning"`` or ``"note"``.
    why : Reason
        Its code is that of the issue.
    what_to_do : Reason
    key, clause : str
        Requirement, and how it is cited; both empty where it is about the unit as a whole.
    ref : str
        Reference of the record that it is about, or empty.
    """

    level: Level
    why: Reason
    what_to_do: Reason
    key: str = ""
    clause: str = ""
    ref: str = ""

    @property
    def code(self) -> str:
        """Stable name of the kind of issue, such as ``"conforms-without-evidence"``."""
        return self.why.code

    def __str__(self) -> str:
        where = f"{self.clause}: " if self.clause else ""
        return f"{self.level}: {where}{self.why}. To do: {self.what_to_do}."


@dataclass(frozen=True, slots=True)
class Sources:
    """Source texts that stand in a template, each said in the language in which the issue is told."""

    texts: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.texts)

    def __call__(self, say: Words) -> str:
        """Return the texts in a language."""
        return "; ".join(map(say, self.texts))


def issue_of(code: str, *, item: Item | None = None, ref: str = "", **values: object) -> Issue:
    """Return an issue of a kind; `values` fill its templates."""
    kind = issue_kinds()[code]
    return Issue(
        level=kind.level,
        why=Reason(code, kind.why, {"ref": ref, **values}),
        what_to_do=Reason(f"{code}.to-do", kind.what_to_do, {"ref": ref, **values}),
        key=item.key if item else "",
        clause=str(item) if item else "",
        ref=ref,
    )
