"""Reports as documents: written once, put out as a page, as PDF and as a Word file."""
