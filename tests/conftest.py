"""Where tests find the real scans."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def _data_folder() -> Path:
    named = os.environ.get("BALLISTICS_DATA")
    return Path(named) if named else Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    folder = _data_folder()
    if not (folder / "MANIFEST.csv").is_file():
        pytest.skip(f"no real scans at {folder}; name their folder in BALLISTICS_DATA")
    return folder
