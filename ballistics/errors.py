"""Errors of the ballistics package.

::

    BallisticsError
    ├── MarkError        (ValueError)     no usable mark in the scan, or the mark asked for is not there
    ├── LandsError       (ValueError)     a folder or list does not say which scan is which land of a bullet
    ├── SetError         (KeyError)       no parameter set of that name
    ├── OptionError      (ValueError)     an option or a mask does not fit
    ├── EvidenceError    (ValueError)     scores from which no weight of evidence can be had
    ├── CaseError        (ValueError)     a case file that is not complete or not understood
    └── OutputError      (OSError)        a result cannot be written
        └── ConditionsError               a file of scores was begun under other conditions

Errors about files and heights come from `imaging.errors`.
"""


class BallisticsError(Exception):
    """Base of every error that the ballistics package raises on purpose."""


class MarkError(BallisticsError, ValueError):
    """The scan holds no mark that can be compared."""


class LandsError(BallisticsError, ValueError):
    """A folder or a list does not say which scan shows which land of a bullet."""


class SetError(BallisticsError, KeyError):
    """No parameter set has the name that was asked for."""

    def __str__(self) -> str:
        """Return the message without the quotes that KeyError adds."""
        return str(self.args[0])


class OptionError(BallisticsError, ValueError):
    """An option, or a file given with it, does not fit."""


class EvidenceError(BallisticsError, ValueError):
    """Scores, truth or a record from which no weight of evidence can be had."""


class CaseError(BallisticsError, ValueError):
    """What a report says of its case is not complete or not understood."""


class OutputError(BallisticsError, OSError):
    """A result cannot be written where it should go."""


class ConditionsError(OutputError):
    """A file of scores was begun under other conditions, so nothing can be added to it."""
