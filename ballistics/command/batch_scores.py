"""Scores that a command needs first: those of a file, or of pairs that it compares, going on where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ballistics.command.batch_choice import BatchChoice, BatchMark, choose_batch
from ballistics.command.exits import ExitCode
from ballistics.command.options import LengthUnit

if TYPE_CHECKING:
    from ballistics.evidence.labelled_scores import LabelledScores
    from ballistics.evidence.truth import Truth
    from ballistics.pair_list import PairOfPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class HowCompared:
    """Options by which a folder or list is compared, as they were given."""

    jobs: int | None
    params: str | None
    mark: BatchMark | None
    exhaustive: bool
    pixel_um: float | None
    units: LengthUnit
    accept: list[str] | None

    def choose(self, source: Path) -> BatchChoice:
        """Return the parameter set and the kind of exhibits.

        Raises
        ------
        typer.BadParameter
            If options do not go together.
        """
        chosen = choose_batch(source, self.params, self.mark, exhaustive=self.exhaustive, units=self.units.value)
        if self.pixel_um is not None and not chosen.photographs:
            raise typer.BadParameter("scans have their own scale", param_hint="--pixel-um")
        return chosen

    def refuse_all(self) -> None:
        """Refuse every one of these options, which mean nothing for scores that were compared before.

        Raises
        ------
        typer.BadParameter
            If one was given.
        """
        given = {
            "--params": self.params,
            "--mark": self.mark,
            "--jobs": self.jobs,
            "--exhaustive": self.exhaustive,
            "--pixel-um": self.pixel_um,
            "--units": self.units is not LengthUnit.AUTO,
            "--accept": self.accept,
        }
        for option, value in given.items():
            if value:
                raise typer.BadParameter("these scores are compared already", param_hint=option)


def holds_scores(source: Path) -> bool:
    """Whether a file is one that compare-all wrote, and no list of scans.

    Raises
    ------
    typer.BadParameter
        If it is a JSON file.
    FileError
        If it cannot be read.
    """
    from ballistics.delimited import read_head

    if not source.is_file():
        return False
    if source.suffix.lower() == ".json":
        raise typer.BadParameter(
            f"{source} is a JSON file; give the CSV file of scores, a folder or a list",
            param_hint="SCORES.csv|FOLDER|LIST",
        )
    return {"reference", "questioned", "comparable"} <= set(read_head(source))


def expected_pairs(pairs: Sequence[PairOfPaths], truth: Truth) -> LabelledScores:
    """Join pairs that are still to be compared with the truth, so that what does not fit is found at once.

    Returns
    -------
    LabelledScores
        Of all pairs, each with the score 0.

    Raises
    ------
    EvidenceError
        If a file is not in the manifest, two fit one line, a pair is there twice, or the pairs are too few even if
        every one can be compared.
    """
    from ballistics.evidence.labelled_scores import labelled_scores
    from ballistics.score_table import ScoreRow

    rows = [ScoreRow(reference=one, questioned=other, comparable=True, score=0) for one, other in pairs]
    found = labelled_scores(rows, truth, columns=("score",))
    found.pairs.check_size()
    return found


def compare_pairs(
    pairs: Sequence[PairOfPaths], scores: Path, chosen: BatchChoice, how: HowCompared, *, force: bool
) -> Path:
    """Compare pairs into a file of scores, going on with one that is there.

    One that cannot be gone on with, such as one from other conditions or with pairs that are not asked for now, is
    replaced if ``force`` says so, and refused if not.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    typer.Exit
        If the person stops it; the finished pairs stay.
    OutputError
        If the file cannot be written, another run is writing it, or it cannot be gone on with and ``force`` is
        false.
    """
    from ballistics.batch import BatchSummary, compare_all
    from ballistics.command.terminal import counting, say
    from ballistics.errors import ConditionsError

    def run(*, overwrite: bool) -> BatchSummary:
        with counting("Pairs") as show_progress:
            return compare_all(
                pairs,
                scores,
                chosen.parameters,
                bullets=chosen.bullets,
                jobs=how.jobs,
                accept=how.accept or (),
                units=how.units.value,
                pixel_um=how.pixel_um,
                overwrite=overwrite,
                only=True,
                progress=show_progress,
            )

    try:
        try:
            done = run(overwrite=False)
        except ConditionsError:
            if not force:
                raise
            say(f"{scores} cannot be gone on with and is compared anew.")
            done = run(overwrite=True)
    except KeyboardInterrupt:
        say(f"Stopped. The pairs that were finished stand in {scores}; the same command goes on from there.")
        raise typer.Exit(ExitCode.STOPPED) from None
    say(f"{done.pairs} pairs, {done.not_comparable} of those compared now are not comparable. Scores: {scores}")
    return scores
