"""Records that a crime scene unit keeps. Nothing is built yet."""
