"""The command that lists standards and checks a catalogue before anything is assessed against it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Licensed = Annotated[
    Path | None,
    typer.Option("--licensed", metavar="FILE", help="The standard's own text that you hold, as TOML or CSV."),
]

EXAMPLE = (
    "Example: accreditation catalogue law.xlsx, or: accreditation catalogue iso17020-2012 --licensed mine.toml"
)


def catalogue(
    name: Annotated[
        str, typer.Argument(metavar="[KEY|FILE]", help="A standard, or a file of your own; all if left out.")
    ] = "",
    licensed: Licensed = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the standards, or check one: complete, of a sane length, and without words of the licensed text."""
    from accreditation.catalogue_files import ENDINGS, read_catalogue
    from accreditation.catalogue_lint import lint
    from accreditation.errors import CatalogueError, UnknownError
    from accreditation.overlay import read_overlay
    from accreditation.standards import standard, standards
    from qms.command.terminal import put_json, put_table
    from qms.command.terminal import say as tell

    if licensed and not name:
        raise UnknownError("Nothing says of which standard the licensed text is. Name its key, or your catalogue.")
    known = standards()
    own = name.endswith(ENDINGS)
    found = list(known.values()) if not name else [read_catalogue(name) if own else standard(name)]
    text = read_overlay(licensed, found[0]) if licensed else None
    if name:
        problems = list(
            lint(found[0], licensed=text.texts if text else None, known={**known, found[0].key: found[0]})
        )
        if problems:
            raise CatalogueError(f"{name} is not as a catalogue should be", problems)
    told = [
        {
            "key": each.key,
            "source": each.source,
            "requirements": sum(1 for _ in each.leaves()),
            "gates": sum(leaf.gate for leaf in each.leaves()),
            "comes_round": ", ".join(sorted({one.comes_round for one in each.requirements} - {""})),
            "title": each.title,
        }
        for each in found
    ]
    if as_json:
        put_json([{**each, **({"licensed": text.exported()} if text else {})} for each in told])
        return
    heads = ("Key", "Source", "Requirements", "Gates", "Comes round", "Title")
    put_table(heads, [tuple(each.values()) for each in told])
    if name:
        tell("Nothing is wrong with it.")
    if text:
        for what, clauses in (("Without licensed text", text.missing), ("In the licensed text only", text.extra)):
            if clauses:
                tell(f"{what}: {len(clauses)}, such as {', '.join(clauses[:5])}.")
    if own and not told[0]["gates"]:
        tell("Note: no requirement is a gate. Mark those without which nobody is accredited.")
    if own and not told[0]["comes_round"]:
        tell("Note: no clause comes round, so that no audit and no management review is asked for.")
