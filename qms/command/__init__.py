"""The commands of ``qms``, one module for each noun; nothing here knows more than the library does."""
