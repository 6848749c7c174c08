"""The command that makes a store of invented records to try things on."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qms.command.listing import Force

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qms.demonstration.story import Step, Story
    from qms.store import Store

EXAMPLE = "Example: qms demo try-out --seed 7"


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to put the store.")] = Path("demo"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another number gives other hours and days.")] = 2026,
    today: Annotated[
        str | None, typer.Option("--today", metavar="DATE", help="Last day of the year; today if left out.")
    ] = None,
    force: Force = False,
) -> None:
    """Make a store of one invented unit with a year of invented records, and say what to try on it."""
    from qms.command.terminal import put, say
    from qms.store import open_store

    place = make_store(folder, seed=seed, today=today, force=force)
    with open_store(place) as store:
        say(f"Store: {place}. Head of the ledger: {store.head()}. Everybody and everything in it is invented.")
        say("Try:")
        for each in suggestions(store):
            put(f"qms {each} --store {shlex.quote(str(place))}")


def make_store(
    folder: Path,
    *,
    seed: int,
    today: str | None,
    force: bool,
    also: Callable[[Story], Iterable[Step]] = lambda story: (),
) -> Path:
    """Make the demonstration in a folder, with the steps of a package on top, and return where its store is."""
    from datetime import UTC, datetime

    from qms.command.showing import check_year, read_day
    from qms.command.terminal import counting
    from qms.demonstration import StoryClock, make_demonstration
    from qms.kinds import known_kinds
    from qms.store import open_store

    now = datetime.now(UTC).date()
    last = read_day(today, now) if today else now
    check_year(last)
    place = folder / "records.qms"
    _make_room(place, force=force)
    with (
        open_store(place, create=True, clock=StoryClock(), kinds=known_kinds()) as store,
        counting("Telling the story") as progress,
    ):
        make_demonstration(store, seed=seed, today=last, also=also, progress=progress)
    return place


def suggestions(store: Store) -> tuple[str, ...]:
    """Return what to try on the demonstration, with references that are in it."""
    from qms.audits.audit import Audit
    from qms.documents.control import translation_lag
    from qms.documents.document import Document
    from qms.findings.finding import Finding
    from qms.suspicion import suspects

    again = next(each for each in store.find(Finding) if each.earlier)
    behind = next(each for each in store.find(Document) if any(translation_lag(store, each)))
    reporting = store.find(Audit, status="reporting")[0]
    return (
        "due --days 30",
        f"finding show {again.ref}",
        f"document show {behind.ref}",
        f"evidence suspect {suspects(store)[0].source.ref}",
        f"audit report {reporting.ref}",
    )


def _make_room(place: Path, *, force: bool) -> None:
    """Make the folder, and take away an earlier demonstration in it; the store of anybody else is left alone."""
    from qms.errors import StoreError

    files = place.with_name(f"{place.name}.files")
    if place.exists() or files.exists():
        if not force:
            raise StoreError(
                f"There is a store at {place} already. Choose another folder or allow it with --force."
            )
        if not _is_demonstration(place):
            raise StoreError(
                f"{place} is no demonstration, and --force replaces nothing else. Choose another folder."
            )
        for each in (place, *place.parent.glob(f"{place.name}-*")):
            each.unlink(missing_ok=True)
        shutil.rmtree(files, ignore_errors=True)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The folder {place.parent} cannot be made ({error.strerror or error}).") from error


def _is_demonstration(place: Path) -> bool:
    from qms.demonstration import UNIT
    from qms.organisation import Unit
    from qms.store import open_store

    with open_store(place) as store:
        return all(each.ref == UNIT for each in store.find(Unit))
