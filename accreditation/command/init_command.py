"""The commands that begin: a unit with its first assessment, and a demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from accreditation.command.choice import spoken
from qms.command.desk import By, Files, LanguageTag, Place, UnitCode, check_language, open_desk

if TYPE_CHECKING:
    from datetime import date

    from accreditation.assessments.profile import Profile
    from accreditation.standards import Standard
    from qms.command.desk import Desk
    from qms.record import Text

DEFAULT = ("iso17020-2012", "sop-elements")
EXAMPLE = (
    "Example: accreditation init --unit AL-TIR --name 'Njësia e Tiranës' --jurisdiction AL --language sq "
    "--by a.hoxha --person-name 'Arta Hoxha'"
)


def init(
    unit: UnitCode = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of a new unit, in its language.")] = None,
    jurisdiction: Annotated[
        str | None, typer.Option("--jurisdiction", metavar="CODE", help="Of a new unit, such as AL.")
    ] = None,
    person_name: Annotated[
        str | None, typer.Option("--person-name", help="Your full name, if you are not known here yet.")
    ] = None,
    standards: Annotated[
        list[str] | None,
        typer.Option(
            "--standard", metavar="KEY|FILE", help="Such as iso17020-2012, or a catalogue of your own; repeat."
        ),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE.toml", help="Standards, exclusions, weights, own ones."),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Of the assessment.")] = None,
    purpose: Annotated[
        str, typer.Option("--purpose", help="self, gap, internal_audit, accreditation_body, mock or transition.")
    ] = "self",
    follows: Annotated[
        str | None,
        typer.Option("--follows", metavar="REF", help="The assessment before it, such as AS-2026-001."),
    ] = None,
    carry: Annotated[
        bool, typer.Option("--carry", help="Begin with what was judged in the one that it follows.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE.xlsx", help="Put the questions in a workbook too.")
    ] = None,
    store: Place = "records.qms",
    files: Files = None,
    language: LanguageTag = None,
    by: By = "",
) -> None:
    """Begin an assessment; make the store, the unit and you in it first, if they are not there yet."""
    from accreditation.assessments.assessment import Assessment, Purpose
    from accreditation.assessments.judging import asked, begin, begin_after, checklist_of
    from accreditation.command.exchange_commands import write_workbook
    from accreditation.errors import UnknownError
    from accreditation.language import words
    from qms.command.output import check_output
    from qms.command.terminal import put
    from qms.command.terminal import say as tell
    from qms.record import Text

    check_language(language)
    if purpose not in get_args(Purpose):
        raise UnknownError(f"There is no purpose {purpose!r}. There is {', '.join(get_args(Purpose))}.")
    if export is not None:
        check_output(export, overwrite=False)
    if carry and follows is None:
        raise UnknownError("There is nothing to carry over. Say --follows AS-... too.")
    wanted, own = _profile(profile, standards or [])
    asked(wanted, own)
    known: dict[str, Any] = {"store": store, "files": files, "language": language, "by": by}
    if _is_new(store, files):
        _found(known, unit, name, jurisdiction, person_name)
    with open_desk(unit=unit, **known) as desk:
        person, home, today = desk.person(), desk.home(), desk.store.now().date()
        say = spoken(desk)
        before = desk.store.get(Assessment, follows, unit=home.ref) if follows else None
        if before is None:
            _check_first(desk, home.ref, wanted)
        elif profile is None and not standards:
            wanted = before.profile
        called = Text.of(title, desk.tongue()) if title else _title(purpose, today)
        told: dict[str, Any] = {"title": called, "lead": person, "purpose": purpose, "begins": today, "own": own}
        with desk.store.change(by=person, why="the assessment begins") as change:
            kept = (
                begin_after(change, before, profile=wanted, carry=carry, **told)
                if before
                else begin(change, home.ref, wanted, **told)
            )
        checklist = checklist_of(desk.store, kept)
        put(kept.ref)
        tell(f"{kept.ref}: {len(checklist.items)} requirements of {wanted.name}.")
        for warning in checklist.warnings(on=today):
            tell(f"Note: {words('en').reason(warning)}.")
        if export is not None:
            write_workbook(desk, kept, export, say=say, on=today)
        tell("Next: 'accreditation assess' asks question by question; 'accreditation export checklist.xlsx' puts")
        tell("all of them in a workbook, and 'accreditation import checklist.xlsx' takes over what was filled in.")


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to put the store.")] = Path("demo"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another number gives other hours and days.")] = 2026,
    today: Annotated[
        str | None, typer.Option("--today", metavar="DATE", help="Last day of the year; today if left out.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier demonstration.")] = False,
) -> None:
    """Make an invented unit with a year of records and its assessments, and say what to try on it."""
    from accreditation.demonstration import assessment_steps
    from qms.command.demo_command import make_store
    from qms.command.terminal import put
    from qms.command.terminal import say as tell

    place = make_store(folder, seed=seed, today=today, force=force, also=assessment_steps)
    tell("Everybody and everything in it is invented. Try:")
    for each in ("status", "gaps", "show 7.2.1", "report needs-assessment demo.pdf", "export demo.xlsx"):
        put(f"accreditation {each} --store {place}")


def add_commands(root: typer.Typer) -> None:
    """Add the commands to the command line."""
    root.command(epilog=EXAMPLE)(init)
    root.command(epilog="Example: accreditation demo try-out")(demo)


def _check_first(desk: Desk, unit: str, wanted: Profile) -> None:
    """Refuse a second assessment of a standard that does not say which one it follows."""
    from accreditation.errors import UnknownError
    from accreditation.readiness import latest

    held = latest(desk.store, unit)
    if held is not None and set(held.profile.standards) & set(wanted.standards):
        raise UnknownError(
            f"{unit} has {held.ref}, which is {held.status}; another one would begin at nothing. Go on with it, "
            f"or say --follows {held.ref}, and --carry to begin with what was judged there."
        )


def _is_new(store: str, files: Path | None) -> bool:
    from qms.database import database_url

    url = database_url(store)
    if url.get_backend_name() == "sqlite":
        return not Path(str(url.database)).exists()
    with open_desk(store=store, files=files) as desk:
        return desk.store.head().seq == 0


def _found(
    known: dict[str, Any], unit: str | None, name: str | None, jurisdiction: str | None, person_name: str | None
) -> None:
    """Make a store with its first unit and person."""
    from accreditation.errors import UnknownError
    from qms.command.organisation_commands import init as make_store

    needed = {"--unit": unit, "--name": name, "--jurisdiction": jurisdiction, "--person-name": person_name}
    missing = [option for option, value in {**needed, "--by": known["by"]}.items() if not value]
    if missing:
        raise UnknownError(
            f"There is no store at {known['store']} yet. To make it, say {', '.join(missing)} too; "
            "or name the store with --store."
        )
    make_store(
        unit=str(unit),
        name=str(name),
        jurisdiction=str(jurisdiction),
        person=str(known["by"]),
        person_name=str(person_name),
        store=known["store"],
        files=known["files"],
        language=known["language"],
    )


def _profile(place: Path | None, named: list[str]) -> tuple[Profile, dict[str, Standard]]:
    """Return the profile that was asked for, and the standards of the user's own in it."""
    from accreditation.assessments.profile import Profile, read_profile
    from accreditation.catalogue_files import ENDINGS, read_catalogue
    from accreditation.standards import standard

    own: dict[str, Standard] = {}
    keys = []
    for each in named:
        if each.endswith(ENDINGS):
            read = read_catalogue(each)
            own[read.key] = read
            keys.append(read.key)
        else:
            keys.append(each)
    if place is not None:
        return read_profile(place), own
    keys = keys or list(DEFAULT)
    sources = [(own[key] if key in own else standard(key)).source for key in keys]
    return Profile(name=", ".join(sources), standards=tuple(keys)), own


def _title(purpose: str, today: date) -> Text:
    """Return what an assessment is called, in every language."""
    from accreditation.language import offered, words
    from accreditation.wording import assessment_purposes
    from qms.record import Text

    said = {tag: words(tag) for tag in offered()}
    return Text({tag: f"{assessment_purposes(say)[purpose]}, {say.day(today)}" for tag, say in said.items()})
