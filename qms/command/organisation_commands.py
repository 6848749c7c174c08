"""The commands for a new store, its units and its persons."""

from __future__ import annotations

from typing import Annotated

import typer

from qms.command.desk import Desk, Files, LanguageTag, Place, check_language, writes
from qms.command.listing import add_list
from qms.command.showing import add_show
from qms.command.steps import Settings, Source, add_edit

unit_app = typer.Typer(help="Units that keep records here.", no_args_is_help=True)
person_app = typer.Typer(help="Persons who work for a unit or audit it.", no_args_is_help=True)

Email = Annotated[str | None, typer.Option("--email", help="Address for messages.")]
Duty = Annotated[str | None, typer.Option("--duty", help="Such as 'quality manager'.")]


def init(
    unit: Annotated[str, typer.Option("--unit", metavar="CODE", help="Code of the unit, such as AL-TIR.")],
    name: Annotated[str, typer.Option("--name", help="Name of the unit, in its language.")],
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", metavar="CODE", help="Such as AL.")],
    person: Annotated[str, typer.Option("--person", metavar="HANDLE", help="You, such as a.hoxha.")],
    person_name: Annotated[str, typer.Option("--person-name", help="Your full name.")],
    store: Place = "records.qms",
    files: Files = None,
    language: LanguageTag = None,
) -> None:
    """Make a store with its first unit and the first person, who is the one to begin."""
    from qms.command.terminal import say
    from qms.errors import StoreError
    from qms.organisation import Person, Unit
    from qms.record import Text
    from qms.store import open_store

    tongue = language or "en"
    check_language(tongue)
    first = Unit(unit=unit, ref=unit, jurisdiction=jurisdiction, name=Text.of(name, tongue), language=tongue)
    beginner = Person(unit=unit, ref=person, name=person_name)
    with open_store(store, create=True, files=files) as opened:
        if opened.head().seq:
            raise StoreError(f"There is a store at {store} already. Add a unit to it with 'qms unit add'.")
        with opened.change(by=beginner.id, why="the store is set up") as change:
            change.add(first)
            change.add(beginner)
        head = opened.head()
    say(f"Store: {store}. Head of the ledger: {head}")
    say(f"Set QMS_PERSON={person}, or say --by {person} with every change.")


@unit_app.command("add", epilog="Example: qms unit add XK-PRI --name 'Njësia Prishtinë' --jurisdiction XK")
@writes
def add_unit(
    desk: Desk,
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as AL-TIR.")],
    name: Annotated[str, typer.Option("--name", help="Name of the unit.")],
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", metavar="CODE", help="Such as AL.")],
    tongue: Annotated[
        str | None, typer.Option("--speaks", metavar="TAG", help="Language of the unit; --language if left out.")
    ] = None,
) -> None:
    """Add a unit to the store."""
    from qms.command.terminal import put
    from qms.organisation import Unit
    from qms.record import Text

    spoken = tongue or desk.tongue()
    check_language(spoken)
    with desk.change() as change:
        kept = change.add(
            Unit(
                unit=code,
                ref=code,
                jurisdiction=jurisdiction,
                name=Text.of(name, desk.language or spoken),
                language=spoken,
            )
        )
    put(kept.ref)


@person_app.command("add", epilog="Example: qms person add b.leka --name 'Besa Leka' --duty 'lead auditor'")
@writes
def add_person(
    desk: Desk,
    handle: Annotated[str, typer.Argument(metavar="HANDLE", help="Short name, such as b.leka.")],
    name: Annotated[str, typer.Option("--name", help="Full name.")],
    duty: Duty = None,
    email: Email = None,
    settings: Settings = None,
    source: Source = None,
) -> None:
    """Add a person to a unit."""
    from qms.command.entry import gathered
    from qms.command.steps import add_record

    add_record(desk, "person", gathered(settings, source, ref=handle, name=name, duty=duty, email=email))


add_list(unit_app, "unit", ("jurisdiction", "language", "active"))
add_show(unit_app, "unit", "AL-TIR")
add_edit(unit_app, "unit", "AL-TIR --set name='Njësia e Tiranës' --language sq")
add_list(person_app, "person", ("duty", "email", "active"))
add_show(person_app, "person", "b.leka")
add_edit(person_app, "person", "b.leka --set duty='quality manager' --why 'new appointment'")


def add_commands(root: typer.Typer) -> None:
    """Add the commands to the command line."""
    root.command(
        epilog="Example: qms init --unit AL-TIR --name 'Njësia Tiranë' --jurisdiction AL --language sq "
        "--person a.hoxha --person-name 'Arta Hoxha'"
    )(init)
    root.add_typer(unit_app, name="unit")
    root.add_typer(person_app, name="person")
