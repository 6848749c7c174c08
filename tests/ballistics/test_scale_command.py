"""The command that measures the size of a pixel: bars, rulers, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ballistics.cli import app
from imaging.render import encode_png


@pytest.fixture
def barred(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(1).integers(60, 120, (400, 600), dtype=np.uint8)
    pixels[360:368, 80:280] = 255
    path = tmp_path / "bar.png"
    path.write_bytes(encode_png(pixels))
    return path


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["scale", *words])
    return result.exit_code, result.stdout, result.stderr


def test_a_bar_is_found_and_measured(barred: Path) -> None:
    code, out, _ = run(str(barred), "--bar-um", "500", "--json")
    assert code == 0
    assert json.loads(out)["pixel_um"] == pytest.approx(2.5, rel=0.01)
    code, out, err = run(str(barred), "--bar-um", "500", "--line", "80,364,280,364")
    assert code == 0
    assert "2.5 µm" in out
    assert "--pixel-um 2.5" in err


def test_a_ruler_is_measured_along_a_line(tmp_path: Path) -> None:
    ticks = np.where(np.arange(500) % 20 < 5, 30, 220).astype(np.uint8)
    path = tmp_path / "ruler.png"
    path.write_bytes(encode_png(np.tile(ticks, (350, 1))))
    code, out, _ = run(str(path), "--tick-um", "100", "--line", "10,50,480,50", "--json")
    assert code == 0
    assert json.loads(out)["pixel_um"] == pytest.approx(5.0, rel=0.005)


def test_what_cannot_be_measured_is_told(barred: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.png"
    plain.write_bytes(encode_png(np.random.default_rng(2).integers(0, 250, (400, 400), dtype=np.uint8)))
    code, _, err = run(str(plain), "--bar-um", "500")
    assert code == 1
    assert "--line" in err
    for words in (
        (),
        ("--bar-um", "5", "--tick-um", "5"),
        ("--tick-um", "5"),
        ("--bar-um", "5", "--line", "1,2,x"),
    ):
        assert run(str(barred), *words)[0] == 2
    assert run(str(barred), "--bar-um", "-3", "--line", "1,2,30,2")[0] == 1
