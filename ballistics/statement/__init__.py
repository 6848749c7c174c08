"""A comparison as a document for court: what was found, on what, how far it goes, and how to repeat it."""
