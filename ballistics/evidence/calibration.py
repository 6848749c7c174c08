"""Calibrators: from a score to the log10 of a likelihood ratio.

A calibrator is fitted by a function to the scores of pairs whose truth is known, and is then a handful of numbers
that can be written as JSON and read back to the same bits.

============================  ==================================  ==============================  =========
function                      scores                              prior                           monotone
============================  ==================================  ==============================  =========
`fit_logistic`                one                                 hypotheses weighted alike       yes
`fit_combination`             several                             hypotheses weighted alike       in each
`fit_isotonic`                one                                 hypotheses weighted alike       yes
`fit_kernel_density`          one                                 one density for each            no
`fit_binomial`                count and number of cells           one model for each              yes
`fit_beta_binomial`           count and number of cells           one model for each              usually
============================  ==================================  ==============================  =========

In every one of them the log10 LR speaks of the score given the propositions, never of the propositions themselves,
and the numbers of known matches and non-matches do not enter as prior odds. Beyond the scores that were seen it is
extrapolation: see `ballistics.evidence.bounds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from numpy.typing import ArrayLike
from pydantic import Field, TypeAdapter, ValidationError

from ballistics.errors import EvidenceError
from ballistics.evidence.cell_counts import BetaBinomial, Binomial, fit_beta_binomial, fit_binomial
from ballistics.evidence.density import KernelDensity, fit_kernel_density
from ballistics.evidence.isotonic import Isotonic, fit_isotonic
from ballistics.evidence.logistic import Logistic, fit_combination, fit_logistic

__all__ = [
    "BetaBinomial",
    "Binomial",
    "Calibrator",
    "Fit",
    "Isotonic",
    "KernelDensity",
    "Logistic",
    "fit_beta_binomial",
    "fit_binomial",
    "fit_combination",
    "fit_isotonic",
    "fit_kernel_density",
    "fit_logistic",
    "from_record",
    "to_record",
]

Calibrator = Annotated[Logistic | KernelDensity | Isotonic | Binomial | BetaBinomial, Field(discriminator="kind")]
_READER: TypeAdapter[Calibrator] = TypeAdapter(Calibrator)


class Fit(Protocol):
    """What every fitting function is; `functools.partial` gives it its options beforehand."""

    def __call__(self, scores: ArrayLike, same: ArrayLike, /, *, weights: ArrayLike | None = None) -> Calibrator:
        """Fit a calibrator to scores of known truth."""


def to_record(calibrator: Calibrator) -> dict[str, Any]:
    """Return a calibrator as plain numbers, lists and names, ready for JSON.

    Examples
    --------
    >>> fitted = fit_binomial([[18, 24], [1, 24]], [True, False])
    >>> to_record(fitted)
    {'kind': 'binomial', 'same': 0.74, 'different': 0.06}
    """
    return calibrator.model_dump(mode="json")


def from_record(record: Mapping[str, Any]) -> Calibrator:
    """Read a calibrator from what `to_record` returned.

    Raises
    ------
    EvidenceError
        If the kind is unknown, a number is missing, out of range or not finite, or something is there that does
        not belong there.

    Examples
    --------
    >>> from_record({"kind": "binomial", "same": 0.74, "different": 0.06}).log10_lr([12, 24]).round(2).item()
    6.4
    """
    try:
        return _READER.validate_python(dict(record))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "kind"
        raise EvidenceError(f"the record of a calibrator does not fit at {where}: {first['msg']}") from error
