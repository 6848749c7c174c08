"""Controlled documents, their revisions, approval and the people who have read them."""
