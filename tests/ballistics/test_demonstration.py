"""Truth: the invented cases and bullets are the same every time and compare as they were made."""

from __future__ import annotations

from pathlib import Path

import pytest

from ballistics.command.demonstration import make_bullets, make_cases
from ballistics.errors import OutputError
from ballistics.parameters import default_striated_set
from ballistics.striated.bullet_pair import compare_land_sets
from ballistics.striated.bullets import BulletComparison
from ballistics.striated.landset import open_bullet


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_bullets(tmp_path_factory.mktemp("bullets"))


def compared(reference: Path, questioned: Path) -> BulletComparison:
    chosen = default_striated_set("bullet land")
    first, second = (open_bullet(place, chosen) for place in (reference, questioned))
    result = compare_land_sets(first, second, chosen).result
    assert isinstance(result, BulletComparison)
    return result


def test_bullets_of_one_barrel_agree_at_the_planted_phase(made: list[Path]) -> None:
    result = compared(made[0], made[1])
    assert (result.phase + 1, result.direction) == (5, "same")
    assert result.sequence_average > 0.7
    assert result.warnings == ()


def test_the_bullet_of_another_barrel_does_not_agree(made: list[Path]) -> None:
    for bullet in made[:2]:
        result = compared(bullet, made[2])
        assert result.sequence_average < 0.5
        assert result.warnings == ()


def test_bullets_are_the_same_every_time_and_not_overwritten_unasked(made: list[Path], tmp_path: Path) -> None:
    again = make_bullets(tmp_path)
    assert [place.name for place in again] == [place.name for place in made]
    for first, second in zip(made, again, strict=True):
        files = sorted(path.name for path in first.iterdir())
        assert files == [f"land_{number}.x3p" for number in range(1, 7)]
        assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)
    (again[0] / "land_1.x3p").unlink()
    with pytest.raises(OutputError, match="exists"):
        make_bullets(tmp_path)
    assert not (again[0] / "land_1.x3p").exists()
    make_bullets(tmp_path, overwrite=True)
    assert (again[0] / "land_1.x3p").exists()


@pytest.mark.parametrize("make", [make_bullets, make_cases])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, make: object) -> None:
    assert callable(make)
    with pytest.raises(OutputError, match="nowhere"):
        make(tmp_path / "nowhere")
