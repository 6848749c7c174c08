"""What a person says of a requirement: given with the command, or asked question by question in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import typer

from accreditation.command.choice import spoken

if TYPE_CHECKING:
    from accreditation.assessments.assessment import Assessment
    from accreditation.assessments.profile import Checklist, Item
    from accreditation.language import Words
    from qms.command.desk import Desk

LETTERS = {"c": "conforms", "m": "minor", "M": "major", "n": "not_applicable", "s": "not_assessed", "q": "quit"}
LEVELS = ("0", "1", "2", "3", "4", "5")


def judge_one(
    desk: Desk,
    kept: Assessment,
    checklist: Checklist,
    item: Item,
    said: Mapping[str, Any],
    *,
    because: str = "",
    evidence: Iterable[str] = (),
) -> Assessment:
    """Keep what is said of one requirement, with words in the language of the unit and references of evidence."""
    from accreditation.assessments.judging import judge
    from qms.record import Text

    before, said = kept.judgement(item.key), dict(said)
    if because:
        tongue, words = desk.tongue(kept.unit), before.justification
        same = said.get("result", before.result) == before.result
        said["justification"] = words.also(because, tongue) if words and same else Text.of(because, tongue)
    cited = [desk.record(each) for each in evidence]
    with desk.change() as change:
        if cited:
            said["evidence"] = (*before.evidence, *map(change.link, cited))
        return judge(change, kept, {item.key: said}, checklist=checklist)


def ask(desk: Desk, kept: Assessment, checklist: Checklist) -> None:
    """Ask one question after the other; each answer is kept at once, so that one can stop at any time.

    Raises
    ------
    UnknownError
        If nobody sits at a terminal.
    """
    from accreditation.errors import UnknownError
    from qms.command.terminal import say as tell

    if not sys.stdin.isatty():
        raise UnknownError(
            "Questions are asked in a terminal only. Say which: accreditation assess 7.2.1 conforms."
        )
    say = spoken(desk)
    left = [item for item in checklist.items if not kept.judgement(item.key).is_assessed]
    tell(
        say(
            "{left} of {all} are not assessed. What is answered is kept at once; q stops.",
            left=len(left),
            all=len(checklist.items),
        )
    )
    for n, item in enumerate(left, 1):
        tell("")
        tell(f"[{n}/{len(left)}]")
        put_item(item, say)
        result = _result(say)
        if result == "quit":
            return
        if result != "not_assessed":
            because = _because(say, needed=result != "conforms")
            said = {"result": result, **_levels(say, result)}
            kept = judge_one(desk, kept, checklist, item, said, because=because)


def put_item(item: Item, say: Words) -> None:
    """Put a requirement on the screen: what it asks, and what is typical evidence."""
    from accreditation.wording import cited
    from qms.command.terminal import put

    put(f"{cited(item, say)}  {say(item.clause.title)}")
    for words in (item.clause.question, item.clause.asks):
        if words:
            put(say(words))
    if item.clause.evidence:
        put_said(say("Typical evidence"), "; ".join(map(say, item.clause.evidence)))


def put_said(name: str, words: str) -> None:
    """Put a name with what is said under it on the screen."""
    from qms.command.terminal import put

    put(f"{name}: {words}")


def _result(say: Words) -> str:
    """Ask until a letter, or the word of a result in any language, is typed."""
    from accreditation.wording import results
    from accreditation.workbook.tongues import meant
    from qms.command.terminal import say as tell

    while True:
        answer = typer.prompt(say("c conforms, m minor, M major, n not applicable, s skip, q quit"), default="s")
        answer = answer.strip()
        key = answer.lower().replace(" ", "_")
        found = LETTERS.get(answer) or LETTERS.get(key) or (key if key in results(say) else None)
        found = found or meant(answer, results, say.tags)
        if found is not None:
            return found
        tell(say("{found} is not understood; type a letter or the result", found=answer))


def _because(say: Words, *, needed: bool) -> str:
    while True:
        question = say("Because (needed)") if needed else say("Because")
        words: str = typer.prompt(question, default="", show_default=False).strip()
        if words or not needed:
            return words


def _levels(say: Words, result: str) -> dict[str, int | None]:
    """Ask for both levels of maturity of what applies; nothing typed means that nobody said one."""
    if result == "not_applicable":
        return {}
    axes = {"documented": say("Documented"), "implemented": say("Implemented")}
    return {axis: _level(say("{axis}, 0 to 5 or nothing", axis=name)) for axis, name in axes.items()}


def _level(question: str) -> int | None:
    while True:
        level = typer.prompt(question, default="", show_default=False).strip()
        if level in ("", *LEVELS):
            return int(level) if level else None
