"""An assessment as an Excel workbook, both ways: written, read back, compared cell by cell, taken over."""
