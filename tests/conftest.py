"""Where tests find the real scans, and which examples the property tests try.

The examples are the same in every run, so that a change that lands is a change that was tested. To look for
new ones: `pytest --hypothesis-profile=explore`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("repeatable")


def _data_folder() -> Path:
    named = os.environ.get("BALLISTICS_DATA")
    return Path(named) if named else Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    folder = _data_folder()
    if not (folder / "MANIFEST.csv").is_file():
        pytest.skip(f"no real scans at {folder}; name their folder in BALLISTICS_DATA")
    return folder
