"""Reports: needs assessment with action plan, progress, transition and procedures, as HTML, Word and PDF."""
