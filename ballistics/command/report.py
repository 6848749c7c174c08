"""The page of a comparison, of whatever was compared."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballistics.compare import Comparison, NotComparable
    from ballistics.photographs.pair import NoPictureComparison, PictureComparison

    Compared = Comparison | NotComparable | PictureComparison | NoPictureComparison


def write_comparison(result: Compared, page: Path, *, made: datetime, overwrite: bool) -> None:
    """Write the page for two marks by cells, or for two pictures by keypoints.

    Raises
    ------
    OutputError
        If the page cannot be written.
    """
    from ballistics import report
    from ballistics.compare import Comparison, NotComparable
    from ballistics.photographs.report import write_picture_report

    if isinstance(result, Comparison | NotComparable):
        report.write_report(result, page, made=made, overwrite=overwrite)
    else:
        write_picture_report(result, page, made=made, overwrite=overwrite)
