"""The commands of a regional programme: the signed summary of a unit, and the roll-up of many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accreditation.command.choice import On, Which, situation
from qms.command.desk import Desk, reads
from qms.command.listing import Force

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from accreditation.rollup import Distribution, Period
    from accreditation.summary import Summary


@reads
def summary(
    desk: Desk,
    out: Annotated[Path, typer.Argument(metavar="FILE.json", help="Where the summary goes.")],
    key: Annotated[
        Path, typer.Option("--key", metavar="KEY.pem", help="The unit's key; 'qms ledger key' makes one.")
    ],
    passphrase: Annotated[
        str, typer.Option("--passphrase", envvar="QMS_PASSPHRASE", help="Of the key, if it has one.")
    ] = "",
    assessment: Which = None,
    on: On = None,
    force: Force = False,
) -> None:
    """Write what the unit tells a programme: signed counts and shares, no names, no cases, no texts."""
    from accreditation.errors import UnknownError
    from accreditation.readiness import readiness
    from accreditation.summary import summary_of
    from qms.command.output import write_output
    from qms.command.terminal import say as tell
    from qms.exchange.checkpoint import read_key

    here = situation(desk, assessment, on)
    if here.on > desk.store.now().date():
        raise UnknownError(f"{here.on} is still to come; nobody signs for it. Leave --on out.")
    told = summary_of(here, readiness(here)).signed(read_key(key, passphrase=passphrase))
    write_output(out, (told.model_dump_json(indent=1) + "\n").encode(), overwrite=force)
    tell(f"{out}: {told.unit} on {told.on}, signed with {told.key[:16]}...")


def rollup(
    places: Annotated[
        list[Path], typer.Argument(metavar="SUMMARY.json...", help="Summaries, or folders of them.")
    ],
    keys: Annotated[
        list[str] | None,
        typer.Option("--trust", metavar="UNIT=KEY", help="Public key of a unit; then all must be known. Repeat."),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Leave out single units and what fewer than 5 tell.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show how the units of a programme stand, year by year, from their signed summaries."""
    import dataclasses

    from accreditation.errors import UnknownError
    from accreditation.rollup import roll_up
    from qms.command.output import check_input
    from qms.command.terminal import put_json
    from qms.command.terminal import say as tell

    wrong = [each for each in keys or () if "=" not in each]
    if wrong:
        raise UnknownError(f"--trust {wrong[0]!r} is not UNIT=KEY.")
    trusted = dict(each.split("=", 1) for each in keys) if keys else None
    files = [
        file
        for place in places
        for file in (sorted(check_input(place).glob("*.json")) if place.is_dir() else [check_input(place)])
    ]
    if not files:
        raise UnknownError("There is no summary there. Each unit writes one with 'accreditation summary'.")
    read = list(_read(files, trusted))
    if not read:
        raise UnknownError("None of these files is a summary that can be used.")
    if trusted is None:
        tell("Note: no key was named (--trust UNIT=KEY), so nobody has checked who signed.")
    found = roll_up(read, public=public)
    if as_json:
        put_json([_plain(dataclasses.asdict(each)) for each in found])
        return
    for period in found:
        _put_period(period)


def indicators(
    framework: Annotated[
        str, typer.Argument(metavar="[FRAMEWORK]", help="Such as wb-salw-roadmap-2018-2024; all if left out.")
    ] = "",
    number: Annotated[str | None, typer.Argument(metavar="[NUMBER]", help="Print one of its indicators.")] = None,
    texts: Annotated[
        Path | None, typer.Option("--texts", metavar="FILE.toml", help="Official wording from your document.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """List the indicators that a programme reports; none is printed without its official wording."""
    from accreditation.errors import UnknownError
    from accreditation.indicators import frameworks, with_texts
    from qms.command.terminal import put, put_json, put_table

    known = frameworks()
    if not framework:
        if as_json:
            put_json([{"key": e.key, "title": e.title, "indicators": list(e.indicators)} for e in known.values()])
            return
        rows = [(each.key, len(each.indicators) or "not known", each.title) for each in known.values()]
        put_table(("Framework", "Indicators", "Title"), rows)
        return
    if framework not in known:
        raise UnknownError(f"There is no framework {framework!r}. There is {', '.join(known)}.")
    chosen = with_texts(known[framework], texts) if texts else known[framework]
    said = {each: chosen.text(each) for each in ([number] if number else chosen.indicators)}
    if as_json:
        put_json(said)
        return
    for each, text in said.items():
        put(f"{each}  {text}")


def add_commands(root: typer.Typer) -> None:
    """Add the commands to the command line."""
    root.command(epilog="Example: accreditation summary AL-TIR-2026.json --key unit.pem")(summary)
    root.command(epilog="Example: accreditation indicators wb-salw-roadmap-2018-2024 3 --texts mine.toml")(
        indicators
    )
    root.command(epilog="Example: accreditation rollup summaries/ --public")(rollup)


def _read(files: Iterable[Path], trusted: Mapping[str, str] | None) -> Iterator[Summary]:
    """Yield the summaries that can be used, and say of the others why they cannot."""
    from accreditation.errors import AccreditationError
    from accreditation.summary import read_summary
    from qms.command.terminal import say as tell

    for each in files:
        try:
            yield read_summary(each, trusted=trusted)
        except AccreditationError as error:
            tell(f"Left out: {error}")


def _put_period(period: Period) -> None:
    from qms.command.terminal import put, put_table

    told = f"{period.score.units} with enough assessed, {period.score.insufficient} insufficient"
    put(f"{period.year}, {', '.join(period.standards)}: {told}")
    parts = {"all": period.score, **period.sections}
    rows = [(name.removesuffix(":"), *_shares(each)) for name, each in parts.items()]
    put_table(("", "units", "insufficient", "min", "25 %", "median", "75 %", "max"), rows, right=range(1, 8))
    if period.lines:
        lines = [
            (
                each.unit,
                each.on,
                _share(each.score) if each.is_sufficient else "insufficient",
                _share(each.coverage),
                _share(each.evidence),
                each.blockers,
                each.overdue,
            )
            for each in period.lines
        ]
        put_table(
            ("unit", "on", "score", "coverage", "evidence", "blockers", "overdue"), lines, right=(2, 3, 4, 5, 6)
        )
    put()


def _shares(each: Distribution) -> tuple[object, ...]:
    values = (each.least, each.lower, each.median, each.upper, each.most)
    return (each.units, each.insufficient, *map(_share, values))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
