"""The commands for cases, ranges of conclusions and verbal scales."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ballistics.command.options import AsJson, Force

app = typer.Typer(help="The case that a report belongs to.", no_args_is_help=True)


@app.command("new")
def new(
    out: Annotated[Path, typer.Argument(metavar="CASE.toml", help="The file to fill in.")], force: Force = False
) -> None:
    """Write an empty case file, with explanations."""
    from ballistics.case import TEMPLATE
    from ballistics.command.terminal import say
    from ballistics.output import write_output

    write_output(out, TEMPLATE.encode(), overwrite=force)
    say(f"Fill in {out}, then: ballistics compare A B --case {out}")


def conclusions(as_json: AsJson = False) -> None:
    """List the ranges of conclusions that an examiner chooses from; no score leads to one of them."""
    from ballistics.command.terminal import put, put_json, put_table
    from ballistics.evidence.conclusions import vocabularies

    known = vocabularies()
    if as_json:
        put_json(json.dumps([each.model_dump(mode="json") for each in known.values()], indent=1))
        return
    put("A conclusion is the examiner's own, with reasons; no score and no likelihood ratio leads to one.")
    for name, each in known.items():
        put("")
        put(f"{name}: {each.title} ({each.certainty})")
        put(f"Source: {each.source}")
        put_table(
            ("Code", "Conclusion", "Meaning"), [(one.code, one.label, one.meaning) for one in each.conclusions]
        )


def scales(as_json: AsJson = False) -> None:
    """List the verbal scales whose words may stand beside a likelihood ratio, never in its place."""
    from ballistics.command.terminal import put, put_json, put_table
    from ballistics.evidence.scales import verbal_scales

    known = verbal_scales()
    if as_json:
        put_json(json.dumps([each.model_dump(mode="json") for each in known.values()], indent=1))
        return
    put("Number first: the words of a scale are added with --scale NAME. Scales contradict each other.")
    for name, each in known.items():
        put("")
        put(f"{name}: {each.title} ({each.certainty})")
        put(f"Source: {each.source}")
        put(f"Boundaries: {each.boundary}")
        rows = [(f"{band.lr:,g}", band.words) for band in each.bands]
        put_table(("LR from" if each.includes == "lower" else "LR above", "Words"), rows, right=(0,))


def add_commands(root: typer.Typer) -> None:
    """Add the commands to the command line."""
    root.add_typer(app, name="case")
    root.command()(conclusions)
    root.command()(scales)
